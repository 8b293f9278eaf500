import io

import manifold3d
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import Camera, TriangleMesh
from pipelines.pictures import encode_png, render_mesh
from tests.support.solids import as_mesh, brick

SIZE = 96
FRONT = Camera(elevation_deg=15, azimuth_deg=0, fovy_deg=26)


def hue(picture: NDArray[np.uint8], channel: int) -> NDArray[np.bool_]:
    """Pixels where one channel stands well above the others."""
    rest = np.delete(picture.astype(int), channel, axis=2).max(axis=2)
    return np.asarray(picture[:, :, channel].astype(int) > rest + 40)


def beside(left: TriangleMesh, right: TriangleMesh, shift: tuple[float, float, float]) -> TriangleMesh:
    assert left.colors is not None
    assert right.colors is not None
    return TriangleMesh(
        np.concatenate([left.vertices, right.vertices + shift]),
        np.concatenate([left.faces, right.faces + len(left.vertices)]),
        np.concatenate([left.colors, right.colors]),
    )


def cube(color: tuple[int, int, int]) -> TriangleMesh:
    return as_mesh(manifold3d.Manifold.cube([10, 10, 10]), color)


def test_the_same_mesh_gives_the_same_picture() -> None:
    assert (render_mesh(brick(), size=SIZE) == render_mesh(brick(), size=SIZE)).all()


def test_size_and_place_do_not_change_the_picture() -> None:
    red = brick((200, 30, 30))
    moved = TriangleMesh(red.vertices * 7 + [100, -30, 4], red.faces, red.colors)
    difference = np.abs(render_mesh(red, size=SIZE).astype(int) - render_mesh(moved, size=SIZE))
    assert difference.mean() < 0.5


def test_the_object_fills_the_picture_without_touching_its_border() -> None:
    seen = hue(render_mesh(cube((220, 20, 20)), size=SIZE), 0)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert rows[0] > 2
    assert columns[0] > 2
    assert rows[-1] < SIZE - 3
    assert columns[-1] < SIZE - 3
    assert max(np.ptp(rows), np.ptp(columns)) > 0.7 * SIZE


def test_azimuth_zero_sees_the_front_with_plus_x_to_the_right() -> None:
    # Red in front (-y), blue behind (+y) hidden by it; green to the right (+x).
    row = beside(beside(cube((220, 20, 20)), cube((20, 20, 220)), (0, 20, 0)), cube((20, 200, 20)), (20, 0, 0))
    picture = render_mesh(row, Camera(elevation_deg=0, azimuth_deg=0, fovy_deg=10), SIZE)
    red, green = np.argwhere(hue(picture, 0))[:, 1], np.argwhere(hue(picture, 1))[:, 1]
    assert red.mean() < green.mean()
    assert hue(picture, 2).sum() < 0.1 * len(red)  # a strip of it is seen past the red one's side
    behind = render_mesh(row, Camera(elevation_deg=0, azimuth_deg=180, fovy_deg=10), SIZE)
    assert hue(behind, 2).sum() > 0.5 * len(red)


def test_azimuth_ninety_sees_the_right_side() -> None:
    pair = beside(cube((220, 20, 20)), cube((20, 200, 20)), (20, 0, 0))
    picture = render_mesh(pair, Camera(elevation_deg=0, azimuth_deg=90, fovy_deg=10), SIZE)
    assert hue(picture, 1).sum() > 20 * max(int(hue(picture, 0).sum()), 1)


def test_a_high_camera_sees_the_top() -> None:
    stack = beside(cube((220, 20, 20)), cube((20, 200, 20)), (0, 0, 10))
    above = render_mesh(stack, Camera(elevation_deg=89, azimuth_deg=0, fovy_deg=10), SIZE)
    assert hue(above, 1).sum() > 20 * max(int(hue(above, 0).sum()), 1)


def test_the_ground_beside_the_object_is_in_its_shadow() -> None:
    tall = as_mesh(manifold3d.Manifold.cube([10, 10, 30]), (220, 20, 20))
    picture = render_mesh(tall, FRONT, SIZE).astype(int)
    ground = ~hue(picture.astype(np.uint8), 0)
    base = np.flatnonzero(hue(picture.astype(np.uint8), 0).any(axis=1))[-1]
    row = picture[base - 2].mean(axis=1)
    left, right = row[:20][ground[base - 2, :20]], row[-38:][ground[base - 2, -38:]]
    assert right.min() < left.min() - 8  # the lamp stands to the left


def test_a_mug_is_darker_inside_than_its_rim() -> None:
    mug = manifold3d.Manifold.cylinder(20, 10, 10, 96) - manifold3d.Manifold.cylinder(20, 8, 8, 96).translate([0, 0, 1])
    picture = render_mesh(as_mesh(mug, (230, 230, 230)), Camera(elevation_deg=80, azimuth_deg=0, fovy_deg=20), 128)
    assert picture[64, 64].mean() < 0.75 * picture.max()


def test_an_open_surface_is_drawn_from_behind_too() -> None:
    square = TriangleMesh(
        np.array([[0.0, 0, 0], [10, 0, 0], [10, 0, 10], [0, 0, 10]]),
        np.array([[0, 1, 2], [0, 2, 3]]),
        np.full((4, 3), (20, 200, 20), np.uint8),
    )
    for azimuth_deg in (0.0, 180.0):
        picture = render_mesh(square, Camera(elevation_deg=0, azimuth_deg=azimuth_deg, fovy_deg=20), SIZE)
        assert hue(picture, 1).mean() > 0.4


def test_png_round_trips_with_and_without_alpha() -> None:
    rng = np.random.default_rng(0)
    for channels in (3, 4):
        picture = rng.integers(0, 256, (5, 7, channels)).astype(np.uint8)
        data = encode_png(picture)
        assert data == encode_png(picture)
        assert (np.asarray(Image.open(io.BytesIO(data))) == picture).all()


def test_what_cannot_be_drawn_is_refused() -> None:
    none = TriangleMesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64))
    for mesh in (none, TriangleMesh(np.full((3, 3), np.nan), np.array([[0, 1, 2]]))):
        with pytest.raises(EmptyGeometry):
            render_mesh(mesh)
    for size in (0, 15, 5000):
        with pytest.raises(InvalidInput):
            render_mesh(brick(), size=size)
    with pytest.raises(InvalidInput):
        render_mesh(brick(), Camera(elevation_deg=float("nan")))
    with pytest.raises(InvalidInput):
        encode_png(np.zeros((4, 4), np.uint8))
