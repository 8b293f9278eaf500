"""Pictures as LGM sees them: where the object stands in them, its colours, its edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.cameras import FOVY_DEG, orbit, orbit_c2w, world_to_opencv
from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.pictures import photograph, to_model_frame

_CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float64)
_FACES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4],
     [1, 5, 7], [1, 7, 3]]
)  # fmt: skip


def box(low: tuple[float, float, float], high: tuple[float, float, float], color: int = 200) -> TriangleMesh:
    vertices = np.array(low) + _CORNERS * (np.array(high) - np.array(low))
    return TriangleMesh(vertices, _FACES, np.full((8, 3), color, np.uint8))


def inked(image: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray((image < 0.999).any(axis=-1))


def test_a_box_covers_the_pixels_that_its_projection_covers() -> None:
    # Its front face is 1.3 before the camera; the pinhole scales it by focal length over distance.
    views = photograph(box((-0.2, -0.1, -0.2), (0.2, 0.1, 0.2)), orbit([0.0], [0.0]), FOVY_DEG, 128)
    focal_px = 64 / np.tan(np.deg2rad(FOVY_DEG / 2))  # 140.1
    rows, columns = np.nonzero(inked(views.images[0]))
    assert columns.max() - columns.min() + 1 == pytest.approx(focal_px * 0.4 / 1.3, abs=1.5)  # 43.1
    assert rows.max() - rows.min() + 1 == pytest.approx(focal_px * 0.2 / 1.3, abs=1.5)  # 21.6


@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg", "place", "where"),
    [
        (0.0, 0.0, (0.3, 0.0, 0.0), "right"),
        (180.0, 0.0, (0.3, 0.0, 0.0), "left"),
        (90.0, 0.0, (0.0, 0.0, 0.3), "left"),
        (0.0, 0.0, (0.0, 0.3, 0.0), "above"),
        (0.0, 60.0, (0.0, 0.0, 0.3), "below"),  # from above, what is near the camera is low in the picture
        (0.0, -60.0, (0.0, 0.0, 0.3), "above"),
    ],
)
def test_what_lies_on_a_side_is_seen_on_that_side(
    azimuth_deg: float, elevation_deg: float, place: tuple[float, float, float], where: str
) -> None:
    at = np.array(place)
    mesh = box(tuple(at - 0.05), tuple(at + 0.05))
    image = photograph(mesh, orbit([elevation_deg], [azimuth_deg]), FOVY_DEG, 64).images[0]
    row, column = (axis.mean() - 31.5 for axis in np.nonzero(inked(image)))
    beside = {"right": column, "left": -column, "above": -row, "below": row}
    assert max(beside, key=lambda side: beside[side]) == where


@settings(max_examples=15, deadline=None)
@given(elevation=st.floats(-80, 80), azimuth=st.floats(0, 360), x=st.floats(-0.3, 0.3), y=st.floats(-0.3, 0.3))
def test_the_middle_of_a_small_thing_is_where_its_camera_projects_it(
    elevation: float, azimuth: float, x: float, y: float
) -> None:
    center, c2w = np.array([x, y, 0.1]), orbit_c2w(elevation, azimuth)
    image = photograph(box(tuple(center - 0.03), tuple(center + 0.03)), c2w[None], FOVY_DEG, 96).images[0]
    rotation, translation = world_to_opencv(c2w)
    seen = rotation @ center + translation
    expected = 48 / np.tan(np.deg2rad(FOVY_DEG / 2)) * seen[:2] / seen[2] + 47.5
    rows, columns = np.nonzero(inked(image))
    assert [columns.mean(), rows.mean()] == pytest.approx(expected, abs=1.0)


def test_the_background_is_white_and_the_edge_is_between() -> None:
    image = photograph(box((-0.3, -0.3, -0.3), (0.3, 0.3, 0.3), 10), orbit([17.0], [31.0]), FOVY_DEG, 64).images[0]
    assert image[0].min() == image[-1].min() == 1.0
    assert image[32, 32].max() < 0.1
    between = (image[..., 0] > 0.2) & (image[..., 0] < 0.9)
    assert 20 < between.sum() < 200  # a rim, about a pixel wide


def test_the_lamp_stands_still_while_the_camera_moves() -> None:
    mesh = box((-0.3, -0.3, -0.3), (0.3, 0.3, 0.3))
    front, back, below = photograph(mesh, orbit([0.0, 0.0, -89.0], [0.0, 180.0, 0.0]), FOVY_DEG, 33).images[:, 16, 16]
    slightly = photograph(mesh, orbit([8.0], [12.0]), FOVY_DEG, 33).images[0, 16, 16]
    assert slightly == pytest.approx(front)  # the same face, the same light
    assert front.mean() > back.mean() > below.mean()


def test_colours_are_those_of_the_mesh_under_grey_light() -> None:
    red = TriangleMesh(_CORNERS - 0.5, _FACES, np.tile(np.array([180, 0, 0], np.uint8), (8, 1)))
    image = photograph(TriangleMesh(red.vertices * 0.6, red.faces, red.colors), orbit([20.0], [40.0]), FOVY_DEG, 32)
    covered = image.images[0, 14:18, 14:18]
    assert covered[..., 1:].max() == 0.0
    assert 0.2 < covered[..., 0].min() <= covered[..., 0].max() <= 180 / 255


def test_a_printable_object_turns_its_front_to_azimuth_0_and_stays_upright() -> None:
    # In the object frame the front is -y and up is z: a thin nose in front, high above the middle.
    nose = box((-2, -50, 30), (2, -40, 34))
    body = box((-40, -40, 0), (40, 40, 40))
    mesh = to_model_frame(
        TriangleMesh(np.concatenate([body.vertices, nose.vertices]), np.concatenate([_FACES, _FACES + 8]))
    )
    nearest = mesh.vertices[mesh.vertices[:, 2].argmax()]
    assert nearest[1] > 0
    assert abs(nearest[0]) < 0.05
    assert np.linalg.norm(mesh.vertices, axis=1).max() == pytest.approx(0.6)
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    assert low + high == pytest.approx(np.zeros(3), abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(size=st.tuples(*[st.floats(50, 500)] * 3), elevation=st.floats(-90, 90), azimuth=st.floats(0, 360))
def test_an_object_brought_to_the_model_frame_is_seen_whole(
    size: tuple[float, float, float], elevation: float, azimuth: float
) -> None:
    mesh = to_model_frame(box((0, 0, 0), size))
    image = photograph(mesh, orbit([elevation], [azimuth]), FOVY_DEG, 64).images[0]
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert rim.min() == 1.0
    assert inked(image).any()


def test_the_same_mesh_gives_the_same_pixels() -> None:
    poses = orbit([30.0, -30.0], [0.0, 90.0])
    first, second = (photograph(box((-0.2, -0.3, -0.1), (0.3, 0.2, 0.2)), poses, 40.0, 48) for _ in range(2))
    assert np.array_equal(first.images, second.images)
    assert first.fovy_deg == 40.0
    assert np.array_equal(first.c2w, poses)


def test_bad_input_is_refused() -> None:
    mesh, poses = box((-0.2, -0.2, -0.2), (0.2, 0.2, 0.2)), orbit([0.0], [0.0])
    for size in (0, 2000):
        with pytest.raises(InvalidInput, match="size"):
            photograph(mesh, poses, FOVY_DEG, size)
    for fovy_deg in (0.0, 180.0, float("nan")):
        with pytest.raises(InvalidInput, match="field of view"):
            photograph(mesh, poses, fovy_deg, 32)
    with pytest.raises(InvalidInput, match="not a rotation"):
        photograph(mesh, poses * np.float32(2), FOVY_DEG, 32)
    nothing = TriangleMesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64))
    with pytest.raises(EmptyGeometry):
        photograph(nothing, poses, FOVY_DEG, 32)
    with pytest.raises(EmptyGeometry):
        to_model_frame(nothing)
    with pytest.raises(EmptyGeometry):
        photograph(TriangleMesh(np.full((3, 3), np.nan), np.array([[0, 1, 2]])), poses, FOVY_DEG, 32)
