"""Splats as people look at them: a picture, and a film of the camera going round."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import Camera, Gaussians
from pipelines.pictures.png import encode_png
from pipelines.splats.raster import render, render_many
from pipelines.splats.rasterizers import Rasterizer

FILM_FRAMES: Final = 180  # LGM's own film: one turn in steps of 2 degrees at 30 frames a second, hence six seconds
_FILM_MS: Final = 6000
_FRAMES_MAX: Final = 720
_SIZE_MAX: Final = 1024  # a film is encoded whole: 180 frames of this size are 570 MB
_QUALITY: Final = 80  # of WebP: 42 dB against the frames, 1 MB for a turn of 180 frames at 512 px
_EFFORT: Final = 2  # of WebP, 0..6: the next step takes twice the time and saves a twentieth of the bytes


def preview_png(gaussians: Gaussians, camera: Camera | None = None, size: int = 512) -> bytes:
    """A PNG of the splats on white, from slightly above and beside the front unless `camera` says otherwise.

    Raises:
        EmptyGeometry: no Gaussians.
        InvalidInput: as `render`.
    """
    _check_some(gaussians)
    image, _ = render(gaussians, camera or Camera(elevation_deg=20.0, azimuth_deg=30.0), size)
    return encode_png(_as_bytes(image))


def orbit_video(
    gaussians: Gaussians,
    frames: int = FILM_FRAMES,
    size: int = 512,
    elevation_deg: float = 0.0,
    *,
    azimuth_deg: float = 0.0,
    fancy: bool = False,
    rasterizer: Rasterizer = "auto",
    threads: int | None = None,
) -> bytes:
    """An animated WebP of one turn about the splats on white, six seconds long, without end.

    Args:
        gaussians: In the model frame.
        frames: 2..720, spread evenly over the turn.
        size: Pixels per side, at most 1024.
        elevation_deg: How far above the camera flies.
        azimuth_deg: Where the turn begins; 0 sees the front.
        fancy: Two turns in the same time, and the splats grow from points in the first.
        rasterizer, threads: As in `render`.

    Raises:
        EmptyGeometry: no Gaussians.
        InvalidInput: too few or too many frames, too large a size, and as `render`.

    Source:
        LGM, infer.py: 180 frames, radius 1.5; "fancy" is its name for the film of growing splats.
    """
    check_film(frames, size)
    _check_some(gaussians)
    turn_deg = 720 if fancy else 360
    cameras = [Camera(elevation_deg, azimuth_deg + turn_deg * k / frames) for k in range(frames)]
    # In the first turn of a fancy film every frame has splats of its own size.
    alone = (frames + 1) // 2 if fancy else 0

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for k, camera in enumerate(cameras[:alone]):
            grown = replace(gaussians, scaling=gaussians.scaling * np.float32(2 * k / frames))
            yield _as_bytes(render(grown, camera, size, rasterizer=rasterizer, threads=threads)[0])
        for drawn in render_many(gaussians, cameras[alone:], size, rasterizer=rasterizer, threads=threads):
            yield _as_bytes(drawn.image)

    return encode_film(pictures())


def check_film(frames: int, size: int) -> None:
    """Refuse a film of too few or too many frames, or too large."""
    if not 2 <= frames <= _FRAMES_MAX:
        raise InvalidInput(f"A film has 2 to {_FRAMES_MAX} frames, not {frames}.")
    if not 1 <= size <= _SIZE_MAX:
        raise InvalidInput(f"A film's size must be in [1, {_SIZE_MAX}], not {size}.")


def encode_film(pictures: Iterable[NDArray[np.uint8]]) -> bytes:
    """An endless animated WebP of sRGB pictures [H, W, 3] shown evenly over six seconds.

    Raises:
        InvalidInput: no pictures.
    """
    from PIL import Image  # noqa: PLC0415 - loaded by those replicas that draw

    frames = [Image.fromarray(picture) for picture in pictures]
    if not frames:
        raise InvalidInput("A film needs pictures.")
    out = io.BytesIO()
    frames[0].save(
        out, "WEBP", save_all=True, append_images=frames[1:], duration=_durations_ms(len(frames)), loop=0,
        quality=_QUALITY, method=_EFFORT,
    )  # fmt: skip
    return out.getvalue()


def _durations_ms(frames: int) -> Sequence[int]:
    """Whole milliseconds that add up to the film's length."""
    ends = [_FILM_MS * k // frames for k in range(frames + 1)]
    return [last - first for first, last in pairwise(ends)]


def _as_bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(image * 255).astype(np.uint8)


def _check_some(gaussians: Gaussians) -> None:
    if not len(gaussians):
        raise EmptyGeometry("There are no splats to draw.")
