import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import Camera, Gaussians
from pipelines.splats import encode_film, orbit_video, preview_png, render
from tests.support.solids import random_gaussians


def film(data: bytes) -> tuple[list[NDArray[np.float64]], list[int]]:
    """The frames in [0, 1] and how long each is shown, in ms."""
    pictures, durations = [], []
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.format == "WEBP"
        assert opened.info["loop"] == 0
        for k in range(opened.n_frames):  # type: ignore[attr-defined]
            opened.seek(k)
            opened.load()
            pictures.append(np.asarray(opened.convert("RGB")) / 255.0)
            durations.append(int(opened.info["duration"]))
    return pictures, durations


def nearest(picture: NDArray[np.float64], candidates: list[NDArray[np.float32]]) -> int:
    """Which of the candidates the picture is, however it was compressed."""
    errors = [float(np.mean((picture - candidate) ** 2)) for candidate in candidates]
    assert min(errors) < 1e-3
    return int(np.argmin(errors))


def few() -> Gaussians:
    """Splats in general position, so that no two sides look alike."""
    return random_gaussians(12, 5)


def test_a_film_goes_once_around_from_its_azimuth_at_its_elevation() -> None:
    pictures, durations = film(orbit_video(few(), 7, 96, 20, azimuth_deg=30))
    sides = [render(few(), Camera(20, 30 + 360 * k / 7), 96)[0] for k in range(7)]
    assert [nearest(picture, sides) for picture in pictures] == list(range(7))
    assert sum(durations) == 6000
    assert max(durations) - min(durations) <= 1


def test_the_fancy_film_turns_twice_and_its_splats_grow_to_their_size() -> None:
    pictures, _ = film(orbit_video(few(), 8, 96, fancy=True))
    ink = [float((1 - picture).sum()) for picture in pictures]
    assert ink[0] < ink[1] < ink[2] < ink[3]
    sides = [render(few(), Camera(0, 90 * k), 96)[0] for k in range(4)]
    assert [nearest(picture, sides) for picture in pictures[4:]] == [0, 1, 2, 3]


def test_a_preview_is_a_png_of_what_the_camera_sees() -> None:
    camera = Camera(-10, 200)
    with Image.open(io.BytesIO(preview_png(few(), camera, 50))) as picture:
        assert picture.format == "PNG"
        assert np.asarray(picture) / 255.0 == pytest.approx(render(few(), camera, 50)[0], abs=0.51 / 255)


def none() -> Gaussians:
    return Gaussians(*(np.zeros(shape, np.float32) for shape in ((0, 3), 0, (0, 3), (0, 4), (0, 3))))


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(EmptyGeometry):
        preview_png(none())
    with pytest.raises(EmptyGeometry):
        orbit_video(none())
    with pytest.raises(InvalidInput):
        encode_film([])


@pytest.mark.parametrize(("frames", "size"), [(1, 64), (0, 64), (721, 64), (4, 0), (4, 1025)])
def test_a_film_that_cannot_be_is_refused(frames: int, size: int) -> None:
    with pytest.raises(InvalidInput):
        orbit_video(few(), frames, size)
