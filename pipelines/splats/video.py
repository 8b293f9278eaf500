"""Splats as people look at them: a picture, and a film of the camera going round."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry
from pipelines.geometry import Camera, Gaussians
from pipelines.pictures.film import check_film, encode_film
from pipelines.pictures.png import encode_png
from pipelines.splats.raster import render, render_many
from pipelines.splats.rasterizers import Rasterizer

FILM_FRAMES: Final = 180  # LGM's own film: one turn in steps of 2 degrees at 30 frames a second, hence six seconds


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


def _as_bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(image * 255).astype(np.uint8)


def _check_some(gaussians: Gaussians) -> None:
    if not len(gaussians):
        raise EmptyGeometry("There are no splats to draw.")
