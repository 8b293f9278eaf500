"""Meshes and splats by the same names: a small picture for a list, and a film of one turn."""

from dataclasses import replace
from typing import Final

import numpy as np

from pipelines.errors import EmptyGeometry
from pipelines.geometry import Camera, Gaussians, TriangleMesh
from pipelines.pictures.film import check_film, encode_film, encode_webp
from pipelines.pictures.mesh_picture import check_picture, natural_view, render_mesh
from pipelines.splats.raster import render
from pipelines.splats.video import orbit_video

TURN_FRAMES: Final = 36  # ten degrees apart: the eye joins them, and each costs time and bytes
_SPLATS_SEEN: Final = Camera(elevation_deg=20.0, azimuth_deg=30.0)


def turntable(
    shape: TriangleMesh | Gaussians, frames: int = TURN_FRAMES, size: int = 512, camera: Camera | None = None
) -> bytes:
    """An animated WebP of one turn, six seconds long, without end.

    Args:
        shape: A mesh in the object frame, drawn on its table; or splats, drawn on white.
        frames: 2..720, spread evenly over the turn.
        size: Pixels per side, 16..1024.
        camera: Where the turn begins, and how high and wide it sees; None stands where a person would. The distance to
            a mesh is that at which all sides of it are seen whole.

    Raises:
        EmptyGeometry: nothing to see.
        InvalidInput: a number of frames, a size or a camera out of range.
    """
    check_film(frames, size)
    if isinstance(shape, Gaussians):
        seen = camera or _SPLATS_SEEN
        return orbit_video(in_view(shape), frames, size, seen.elevation_deg, azimuth_deg=seen.azimuth_deg)
    seen = camera or natural_view(shape)
    check_picture(shape, seen, size)
    from pipelines.pictures.body import Body  # noqa: PLC0415 - numba, for those replicas that draw
    from pipelines.pictures.threads import Crew  # noqa: PLC0415

    with Crew() as crew:
        return encode_film(Body(shape, None, crew).turn(seen, frames, size))


def thumbnail(shape: TriangleMesh | Gaussians, size: int = 256, camera: Camera | None = None) -> bytes:
    """A WebP of the shape, some kilobytes long. Arguments and errors are those of `turntable`."""
    if isinstance(shape, Gaussians):
        image, _ = render(in_view(shape), camera or _SPLATS_SEEN, size)
        return encode_webp(np.rint(image * 255).astype(np.uint8))
    return encode_webp(render_mesh(shape, camera or natural_view(shape), size))


def in_view(gaussians: Gaussians) -> Gaussians:
    """The Gaussians as they are if they lie in the model frame's cube; a scan of another scale is brought into it.

    Raises:
        EmptyGeometry: there are none.
    """
    if not len(gaussians):
        raise EmptyGeometry("There are no splats to draw.")
    if np.abs(gaussians.means).max() <= 1.0:
        return gaussians
    # Percentiles: every scan has strays far out.
    low, high = np.percentile(gaussians.means, [1, 99], axis=0)
    scale = np.float32(1.0 / max(float((high - low).max()), 1e-9))
    means = (gaussians.means - (low + high).astype(np.float32) / 2) * scale
    return replace(gaussians, means=means.astype(np.float32), scaling=gaussians.scaling * scale)
