"""Files that somebody hands in: which unit they are in, and what becomes of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import EmptyGeometry, GeometryTooLarge, InvalidInput, NotSolid, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing import LengthUnit, MeshFormat, export_mesh, read_mesh
from pipelines.meshing.crossing import find_crossings
from pipelines.printability import examine
from pipelines.splats import write_splats
from pipelines.uploads import FileConversion, convert_file, mended_upload, read_any, read_upload
from tests.support.solids import brick, is_closed, painted_brick, random_gaussians, volume


def scaled(mesh: TriangleMesh, by: float) -> TriangleMesh:
    return TriangleMesh(mesh.vertices * by, mesh.faces, mesh.colors)


def stl(mesh: TriangleMesh) -> bytes:
    return export_mesh(mesh, "stl")


def without_a_face(mesh: TriangleMesh) -> TriangleMesh:
    return TriangleMesh(mesh.vertices, mesh.faces[1:], mesh.colors)


@pytest.mark.parametrize(
    ("longest", "millimetres", "word"),
    [
        (3.0, 3.0, None),
        (10.0, 10.0, None),
        (4999.0, 4999.0, None),
        (2.99, 2.99 * 25.4, "inches"),
        (0.5, 12.7, "inches"),
        (0.25, 250.0, "metres"),
        (0.003001, 3.001, "metres"),
    ],
)
@pytest.mark.parametrize("kind", ["stl", "obj", "ply"])
def test_a_unit_is_guessed_only_where_millimetres_would_leave_nothing_to_print(
    kind: MeshFormat, longest: float, millimetres: float, word: str | None
) -> None:
    data = export_mesh(scaled(brick(), longest / 10), kind)
    mended = mended_upload(data, kind)
    assert mended.mesh.size.max() == pytest.approx(millimetres, rel=1e-4)
    guesses = [repair.message for repair in mended.repairs if repair.code == "scaled_units"]
    assert len(guesses) == (word is not None)
    assert word is None or word in guesses[0]
    assert read_upload(data, kind).size.max() == pytest.approx(millimetres, rel=1e-4)


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1.0), ("cm", 10.0), ("inch", 25.4), ("m", 1000.0)])
def test_a_unit_that_is_said_is_taken(unit: LengthUnit, factor: float) -> None:
    mended = mended_upload(stl(scaled(brick(), 0.1)), "STL", unit=unit)
    assert mended.mesh.size == pytest.approx(np.array([0.4, 0.6, 1.0]) * factor, rel=1e-4)
    assert mended.repairs == ()


def test_files_with_a_unit_of_their_own_are_not_guessed_at() -> None:
    for kind in ("3mf", "glb"):
        mended = mended_upload(export_mesh(scaled(brick(), 0.1), kind), kind)
        assert mended.mesh.size.max() == pytest.approx(1.0, rel=1e-4)
        assert mended.repairs == ()


def test_a_size_that_is_asked_for_makes_units_moot() -> None:
    mended = mended_upload(stl(scaled(brick(), 0.01)), ".stl", 50.0)
    assert mended.mesh.size == pytest.approx([20, 30, 50])
    assert mended.repairs == ()


@pytest.mark.parametrize("size_mm", [0.0, -1.0, float("nan"), float("inf"), 10_000.0])
def test_sizes_that_no_printer_builds_are_refused(size_mm: float) -> None:
    for read in (mended_upload, read_upload):
        with pytest.raises(InvalidInput):
            read(stl(brick()), "stl", size_mm)
    with pytest.raises(InvalidInput):
        convert_file(stl(brick()), FileConversion("stl", "glb", size_mm))


def test_a_part_of_ten_metres_is_refused_whatever_says_so() -> None:
    with pytest.raises(GeometryTooLarge, match="10 m"):
        mended_upload(stl(scaled(brick(), 1000)), "stl")
    with pytest.raises(GeometryTooLarge, match="10 m"):
        mended_upload(stl(brick()), "stl", unit="m")
    with pytest.raises(GeometryTooLarge):
        mended_upload(export_mesh(scaled(brick(), 1000), "glb"), "glb")


def test_a_part_too_small_in_any_unit_asks_for_one() -> None:
    with pytest.raises(InvalidInput, match="say the unit"):
        mended_upload(stl(scaled(brick(), 1e-4)), "stl")


def test_an_upload_is_mended_and_still_known_as_it_was() -> None:
    data = export_mesh(without_a_face(painted_brick()), "ply")
    mended = mended_upload(data, "ply", 20.0)
    assert is_closed(mended.mesh)
    assert volume(mended.mesh) == pytest.approx(8 * 240)
    assert [repair.code for repair in mended.repairs] == ["filled_holes"]
    assert mended.mesh.colors is not None
    assert mended.original is not None
    assert len(mended.original.faces) == 11
    assert mended.original.size == pytest.approx(mended.mesh.size)
    assert len(read_upload(data, "ply", 20.0).faces) == 11


def test_what_encloses_nothing_is_refused_with_the_reason() -> None:
    with pytest.raises(NotSolid):
        mended_upload(stl(TriangleMesh(brick().vertices, brick().faces[:5])), "stl")
    flat = TriangleMesh(brick().vertices * [1, 1, 0], brick().faces)
    with pytest.raises(NotSolid):
        mended_upload(stl(flat), "stl", 20.0)
    point = TriangleMesh(np.ones((3, 3)), np.array([[0, 1, 2]]))
    with pytest.raises(EmptyGeometry):
        mended_upload(stl(point), "stl")
    with pytest.raises(Unreadable):
        mended_upload(b"", "step")


def test_a_conversion_takes_the_unit_too() -> None:
    wanted = FileConversion("stl", "3mf", unit="cm")
    assert read_mesh(convert_file(stl(brick()), wanted), "3mf").size == pytest.approx([40, 60, 100], rel=1e-5)


def test_splats_have_no_original_mesh() -> None:
    rng = np.random.default_rng(0)
    given = random_gaussians(4000)
    directions = rng.normal(size=(4000, 3))
    means = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32)
    ball = type(given)(
        means, np.ones(4000, np.float32), np.full((4000, 3), 0.02, np.float32), given.rotation, given.rgb
    )
    mended = mended_upload(write_splats(ball, "splat"), "splat")
    assert mended.original is None
    assert mended.mesh.size == pytest.approx([100, 100, 100], rel=0.05)
    assert volume(mended.mesh) == pytest.approx(np.pi / 6 * 1e6, rel=0.05)
    assert type(read_any(write_splats(ball, "spz"), "spz")).__name__ == "Gaussians"


@settings(max_examples=20, deadline=None)
@given(st.floats(3.5, 4000), st.sampled_from(["stl", "obj", "ply", "3mf", "glb"]), st.booleans())
def test_whatever_its_size_a_brick_comes_back_a_brick(longest: float, kind: MeshFormat, is_open: bool) -> None:
    made = scaled(brick(), longest / 10)
    mended = mended_upload(export_mesh(without_a_face(made) if is_open else made, kind), kind)
    assert volume(mended.mesh) == pytest.approx(240 * (longest / 10) ** 3, rel=1e-4)
    assert mended.mesh.vertices[:, 2].min() == pytest.approx(0, abs=1e-9 * longest)
    assert bool(mended.repairs) == is_open


def test_a_report_names_the_faces_that_cross_and_mending_leaves_none() -> None:
    beside = TriangleMesh(brick().vertices + np.array([2.0, 1.0, 3.0]), brick().faces)
    both = TriangleMesh(
        np.concatenate([brick().vertices, beside.vertices]), np.concatenate([brick().faces, brick().faces + 8])
    )
    data = stl(both)
    raw = read_upload(data, "stl")
    seen = examine(raw)
    crossing = next(one for one in seen.report.findings if one.code == "surface.crosses_itself")
    assert crossing.measured == find_crossings(raw).count > 0
    assert set(np.flatnonzero(find_crossings(raw).crossed)) <= set(seen.faces_of("surface.crosses_itself").tolist())
    mended = mended_upload(data, "stl")
    assert volume(mended.mesh) == pytest.approx(2 * 240 - 2 * 5 * 7)
    assert [repair.code for repair in mended.repairs] == ["united_bodies"]
    assert "surface.crosses_itself" not in {one.code for one in examine(mended.mesh).report.findings}


def test_a_lone_point_far_off_is_no_part_of_the_size() -> None:
    mesh = TriangleMesh(np.concatenate([brick().vertices, [[0, 0, 9000.0]]]), brick().faces)
    mended = mended_upload(export_mesh(mesh, "obj"), "obj")
    assert mended.mesh.size == pytest.approx([4, 6, 10])
    assert mended.original is not None
    assert mended.original.size == pytest.approx([4, 6, 10])
    assert mended_upload(export_mesh(mesh, "obj"), "obj", 20.0).mesh.size == pytest.approx([8, 12, 20])
