import io

import manifold3d
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from pipelines.errors import EmptyGeometry, GeometryTooLarge, InvalidInput
from pipelines.geometry import Camera, TriangleMesh
from pipelines.meshing.color import linear_from_srgb
from pipelines.pictures import THREE_QUARTER, encode_png, render_mesh
from pipelines.pictures.body import Body
from pipelines.pictures.threads import Crew
from tests.support.solids import as_mesh, brick, painted_brick

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
    point = TriangleMesh(np.full((3, 3), 7.0), np.array([[0, 1, 2]]))
    with pytest.raises(EmptyGeometry):
        render_mesh(point)
    with pytest.raises(GeometryTooLarge):
        render_mesh(TriangleMesh(brick().vertices * 1e200, brick().faces))
    for corner in (-1, 8):
        with pytest.raises(InvalidInput):
            render_mesh(TriangleMesh(brick().vertices, np.array([[0, 1, corner]])))
    for size in (0, 15, 5000):
        with pytest.raises(InvalidInput):
            render_mesh(brick(), size=size)
    with pytest.raises(InvalidInput):
        render_mesh(brick(), Camera(elevation_deg=float("nan")))
    with pytest.raises(InvalidInput):
        encode_png(np.zeros((4, 4), np.uint8))


def test_the_number_of_threads_does_not_change_the_picture() -> None:
    mesh = cube((200, 120, 40))
    with Crew(1) as alone, Crew(3) as several:
        one, many = (Body(mesh, None, crew).picture(THREE_QUARTER, 130) for crew in (alone, several))
    assert (one == many).all()


def test_turning_the_object_is_turning_the_camera_the_other_way() -> None:
    mesh = painted_brick()
    angle = np.deg2rad(50)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    turned = TriangleMesh(mesh.vertices @ turn.T, mesh.faces, mesh.colors)
    one = render_mesh(turned, Camera(20, 65, fovy_deg=26), 192).astype(int)
    other = render_mesh(mesh, Camera(20, 15, fovy_deg=26), 192).astype(int)
    # The sky is asked in the same directions, so that the object meets others than before.
    assert np.abs(one - other).mean() < 1.5
    assert np.median(np.abs(one - render_mesh(mesh, Camera(20, 65, fovy_deg=26), 192))) < 30
    assert np.abs(one - render_mesh(mesh, Camera(20, 65, fovy_deg=26), 192)).mean() > 10


def test_a_mesh_that_is_wound_inside_out_looks_the_same() -> None:
    mesh = painted_brick()
    inside_out = TriangleMesh(mesh.vertices, mesh.faces[:, ::-1], mesh.colors)
    difference = np.abs(render_mesh(mesh, size=SIZE).astype(int) - render_mesh(inside_out, size=SIZE))
    assert difference.mean() < 0.05


@pytest.mark.parametrize("color", [(200, 80, 40), (40, 90, 160), (120, 120, 30), (128, 128, 128)])
def test_in_white_light_the_proportions_of_a_colour_stay(color: tuple[int, int, int]) -> None:
    ball = as_mesh(manifold3d.Manifold.sphere(10, 64), color)
    middle = linear_from_srgb(render_mesh(ball, FRONT, SIZE)[54:64, 42:62]).mean(axis=(0, 1))  # below the gloss
    expected = linear_from_srgb(np.array(color, np.uint8))
    assert middle / middle.sum() == pytest.approx(expected / expected.sum(), abs=0.03)
    assert 0.5 < middle.sum() / expected.sum() < 1.4


def test_black_and_white_things_show_their_shape() -> None:
    for level in (0, 255):
        picture = render_mesh(cube((level, level, level)), THREE_QUARTER, 128)
        top, left, right = picture[26, 64], picture[70, 40], picture[70, 95]
        lightness = sorted(int(side.mean()) for side in (top, left, right))
        assert min(lightness[1] - lightness[0], lightness[2] - lightness[1]) >= 3
        assert lightness[0] > 20
        assert np.abs(lightness[2] - int(picture[8, 8].mean())) > 8  # and stand out from the backdrop


def test_the_bottom_of_a_mug_is_dim_and_not_black() -> None:
    mug = manifold3d.Manifold.cylinder(24, 10, 10, 96) - manifold3d.Manifold.cylinder(24, 8, 8, 96).translate([0, 0, 1])
    picture = render_mesh(as_mesh(mug, (230, 230, 230)), Camera(elevation_deg=80, azimuth_deg=0, fovy_deg=20), 128)
    assert 60 < picture[64, 64].mean() < 190


def test_a_lit_flat_side_is_even() -> None:
    # Where a side shades itself by mistake it gets spots or stripes.
    plate = as_mesh(manifold3d.Manifold.cube([60, 60, 3]), (150, 150, 150))
    for elevation_deg in (25.0, 52.0, 85.0):
        picture = render_mesh(plate, Camera(elevation_deg=elevation_deg, azimuth_deg=20, fovy_deg=26), 160).astype(
            float
        )
        middle = picture[72:88, 60:100].mean(axis=-1)
        assert np.abs(np.diff(middle, axis=0)).max() <= 1.5
        assert np.abs(np.diff(middle, axis=1)).max() <= 1.5


def test_no_light_leaks_in_where_the_object_stands() -> None:
    picture = render_mesh(as_mesh(manifold3d.Manifold.cube([20, 20, 20]), (220, 20, 20)), FRONT, 256).astype(int)
    seen = hue(picture.astype(np.uint8), 0)
    base = np.flatnonzero(seen.any(axis=1))[-1]
    far, beside_it = picture[base - 4, 4].mean(), picture[base + 2 : base + 5, 118:138].mean()
    assert beside_it < far - 4


def test_faces_can_be_given_colours_of_their_own() -> None:
    colors = np.tile(np.array([[20, 200, 20]], np.uint8), (12, 1))
    picture = render_mesh(cube((220, 20, 20)), size=SIZE, face_colors=colors)
    assert hue(picture, 1).mean() > 0.2
    assert not hue(picture, 0).any()
    with pytest.raises(InvalidInput):
        render_mesh(brick(), size=SIZE, face_colors=colors[:5])


def test_a_needle_that_points_at_the_camera_is_drawn() -> None:
    needle = as_mesh(manifold3d.Manifold.cube([1, 100, 1]), (220, 20, 20))
    picture = render_mesh(needle, Camera(elevation_deg=0, azimuth_deg=0, fovy_deg=26), SIZE)
    assert hue(picture, 0).any()
    wide = render_mesh(needle, Camera(elevation_deg=5, azimuth_deg=3, fovy_deg=100), SIZE)
    assert hue(wide, 0).any()


def test_faces_without_area_and_corners_that_nothing_uses_leave_no_trace() -> None:
    mesh = brick((200, 30, 30))
    flat = np.array([[0, 0, 1], [2, 2, 2]])
    spoiled = TriangleMesh(mesh.vertices, np.concatenate([mesh.faces, flat]), mesh.colors)
    assert (render_mesh(spoiled, size=SIZE) == render_mesh(mesh, size=SIZE)).all()


@pytest.mark.parametrize("size", [16, 17, 63, 64, 65, 129])
def test_every_size_is_drawn_to_its_last_row(size: int) -> None:
    picture = render_mesh(brick((200, 30, 30)), size=size)
    assert picture.shape == (size, size, 3)
    assert picture[-1].min() > 100  # the backdrop's lower end
    assert hue(picture, 0).any()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(3, 30),
    faces=st.integers(1, 60),
    stretch=st.tuples(*[st.sampled_from([0.0, 1e-9, 1.0, 300.0])] * 3),
    camera=st.builds(Camera, st.floats(-90, 90), st.floats(-720, 720), st.just(1.5), st.floats(0.1, 179)),
)
def test_any_soup_from_anywhere_is_drawn_or_refused_as_empty(
    seed: int, count: int, faces: int, stretch: tuple[float, float, float], camera: Camera
) -> None:
    rng = np.random.default_rng(seed)
    vertices = rng.integers(-3, 4, (count, 3)) * np.array(stretch) + 1e3 * rng.normal(size=3)
    soup = TriangleMesh(vertices, rng.integers(0, count, (faces, 3)), rng.integers(0, 256, (count, 3)).astype(np.uint8))
    try:
        picture = render_mesh(soup, camera, 48)
    except EmptyGeometry:
        assert max(stretch) < 1.0 or np.ptp(vertices, axis=0).max() == 0
        return
    assert picture.shape == (48, 48, 3)
    assert picture[0, 0].min() > 150  # a corner of the backdrop, which no object reaches


def test_faces_whose_corners_lie_on_a_line_are_drawn_as_hairs_or_not_at_all() -> None:
    # Snapped to the grid some of them get an area, and no normal.
    rng = np.random.default_rng(5)
    ends = rng.uniform(-1, 1, (300, 2, 3))
    along = rng.uniform(0, 1, (300, 1, 1))
    corners = np.concatenate([ends, ends[:, :1] + along * (ends[:, 1:] - ends[:, :1])], axis=1)
    picture = render_mesh(TriangleMesh(corners.reshape(-1, 3), np.arange(900).reshape(-1, 3)), size=256)
    assert picture.shape == (256, 256, 3)
    assert picture[0, 0].min() > 150
