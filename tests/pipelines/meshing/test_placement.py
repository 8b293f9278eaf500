import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.meshing import place
from tests.support.solids import brick, volume


def test_the_front_of_a_model_looks_along_minus_y() -> None:
    # Model frame: y up, front towards +z, right hand of the viewer +x.
    nose, crown, right = [0.0, 0.0, 1.0], [0.0, 3.0, 0.0], [2.0, 0.0, 0.0]
    model = TriangleMesh(np.array([nose, crown, right, [0.0, 0.0, -1.0]]), np.array([[0, 1, 2]]))
    turn = place(model, None, "y").transform[:3, :3]
    assert (turn @ nose).tolist() == [0, -1, 0]
    assert (turn @ crown).tolist() == [0, 0, 3]
    assert (turn @ right).tolist() == [2, 0, 0]


def test_a_brick_is_scaled_centred_and_set_down() -> None:
    placed = place(brick(), 50.0, "z").mesh  # 4 x 6 x 10 becomes 20 x 30 x 50
    assert placed.vertices.min(axis=0) == pytest.approx([-10, -15, 0])
    assert placed.vertices.max(axis=0) == pytest.approx([10, 15, 50])


def test_y_up_swaps_height_and_depth() -> None:
    assert place(brick(), None, "y").mesh.size == pytest.approx([4, 10, 6])


@given(st.floats(0.01, 1e4), st.sampled_from(["y", "z"]))
def test_the_matrix_is_what_was_done_and_keeps_the_solid_right_side_out(size_mm: float, up: str) -> None:
    placed = place(brick(), size_mm, "y" if up == "y" else "z")
    homogeneous = np.hstack([brick().vertices, np.ones((8, 1))])
    assert np.allclose((homogeneous @ placed.transform.T)[:, :3], placed.mesh.vertices, atol=1e-9 * size_mm)
    assert placed.mesh.size.max() == pytest.approx(size_mm)
    assert volume(placed.mesh) == pytest.approx(240 * (size_mm / 10) ** 3)


@pytest.mark.parametrize("size_mm", [0.0, -3.0, float("nan"), float("inf")])
def test_a_size_that_cannot_be_is_refused(size_mm: float) -> None:
    with pytest.raises(InvalidInput):
        place(brick(), size_mm, "z")


def test_a_point_cannot_be_placed() -> None:
    with pytest.raises(EmptyGeometry):
        place(TriangleMesh(np.ones((3, 3)), np.array([[0, 1, 2]])), 10.0, "z")
