"""Films and small pictures of meshes and splats."""

import io

import manifold3d
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import Camera, Gaussians, TriangleMesh
from pipelines.pictures import in_view, natural_view, render_mesh, thumbnail, turntable
from pipelines.splats import render
from tests.support.solids import as_mesh, brick, random_gaussians

NOTHING = TriangleMesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64))
NO_SPLATS = Gaussians(*(np.zeros(shape, np.float32) for shape in ((0, 3), (0,), (0, 3), (0, 4), (0, 3))))


def frames(film: bytes) -> list[NDArray[np.int64]]:
    with Image.open(io.BytesIO(film)) as opened:
        assert opened.format == "WEBP"
        assert opened.info["loop"] == 0
        pictures = []
        for k in range(opened.n_frames):  # type: ignore[attr-defined]
            opened.seek(k)
            pictures.append(np.asarray(opened.convert("RGB")).astype(int))
        return pictures


def picture(data: bytes) -> NDArray[np.int64]:
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.format == "WEBP"
        return np.asarray(opened.convert("RGB")).astype(int)


def reddish(image: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(image[..., 0] > image[..., 1:].max(axis=-1) + 40)


def leaning(color: tuple[int, int, int]) -> TriangleMesh:
    """A red post beside the axis of a plate: every side of it looks different."""
    plate = manifold3d.Manifold.cylinder(4, 30, 30, 64)
    return as_mesh(plate + manifold3d.Manifold.cube([8, 8, 40]).translate([12, 3, 0]), color)


def test_a_turn_has_36_frames_that_go_around_once() -> None:
    mesh = leaning((210, 30, 30))
    seen = frames(turntable(mesh, size=96))
    assert len(seen) == 36
    post = [np.argwhere(reddish(image[: len(image) // 2]))[:, 1].mean() for image in seen]
    # The post goes across and back once: its sine has one period.
    spectrum = np.abs(np.fft.rfft(np.array(post) - np.mean(post)))
    assert spectrum.argmax() == 1
    assert np.abs(np.diff([*post, post[0]])).max() < 8


def test_the_object_neither_grows_nor_jumps_while_it_turns() -> None:
    plank = as_mesh(manifold3d.Manifold.cube([60, 8, 20], True), (210, 30, 30))
    tops = [np.flatnonzero(reddish(image).any(axis=1))[0] for image in frames(turntable(plank, 12, 128, Camera(0.0)))]
    # The eye stands 84 mm from the axis in all of them: the long side's upper edge, 10 mm up and 4 mm nearer, is
    # 64 * 10 / (80 * tan(24.55 deg)) = 17.5 pixels above the middle, the short side's 25.9.
    assert [tops[0], tops[3]] == pytest.approx([46, 38], abs=1)
    assert tops[:6] == tops[6:]


def test_a_film_stays_small() -> None:
    mesh = leaning((90, 140, 60))
    assert len(turntable(mesh, 36, 256)) < 200_000


def test_a_turn_begins_where_its_camera_stands() -> None:
    ball = as_mesh(manifold3d.Manifold.cylinder(40, 30, 20, 64), (200, 40, 40))
    camera = Camera(elevation_deg=35, azimuth_deg=70, fovy_deg=26)
    first = frames(turntable(ball, 2, 96, camera))[0]
    assert np.abs(first - render_mesh(ball, camera, 96)).mean() < 6  # but for the room that turning takes


def test_splats_turn_too() -> None:
    gaussians = random_gaussians(12, 5)
    seen = frames(turntable(gaussians, 4, 64, Camera(10, 40)))
    for k, image in enumerate(seen):
        expected = 255 * render(gaussians, Camera(10, 40 + 90 * k), 64)[0]
        assert np.abs(image - expected).mean() < 6


def test_a_thumbnail_is_a_small_picture_from_where_a_person_stands() -> None:
    mesh = brick((200, 60, 40))
    data = thumbnail(mesh)
    assert picture(data).shape == (256, 256, 3)
    assert len(data) < 8_000
    assert np.abs(picture(data) - render_mesh(mesh, natural_view(mesh), 256)).mean() < 3
    assert thumbnail(mesh) == data


def test_a_thumbnail_of_a_scan_in_metres_shows_it_whole() -> None:
    small = random_gaussians(40, 2)
    scan = Gaussians(small.means * 30 + 7, small.opacity, small.scaling * 30, small.rotation, small.rgb)
    image = picture(thumbnail(scan, 64))
    assert 0.02 < (image.min(axis=-1) < 240).mean() < 0.95
    assert np.abs(in_view(scan).means).max() < 1.5
    assert in_view(small) is small


def test_what_cannot_be_turned_is_refused() -> None:
    for nothing in (NOTHING, NO_SPLATS):
        with pytest.raises(EmptyGeometry):
            turntable(nothing, 4, 64)
        with pytest.raises(EmptyGeometry):
            thumbnail(nothing, 64)
    for count, size in ((1, 64), (721, 64), (4, 8), (4, 2000)):
        with pytest.raises(InvalidInput):
            turntable(brick(), count, size)
    with pytest.raises(InvalidInput):
        turntable(brick(), 4, 64, Camera(elevation_deg=float("nan")))
    with pytest.raises(InvalidInput):
        thumbnail(brick(), 5)
