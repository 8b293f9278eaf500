"""A file that somebody hands in, drawn: one picture, or a turn around it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import Camera, Gaussians, TriangleMesh
from pipelines.pictures import THREE_QUARTER, encode_png, natural_view, render_mesh
from pipelines.uploads import read_any

if TYPE_CHECKING:
    from numpy.typing import NDArray

TURN_FRAMES: Final = 36  # ten degrees apart: the eye joins them, and each costs time and bytes


PictureFormat = Literal["png", "webp"]


@dataclass(frozen=True, slots=True)
class FilePicture:
    """How a file is to be drawn."""

    extension: str  # of the file, without the dot
    camera: Camera  # where it is seen from; a turn begins there
    target: PictureFormat = "png"
    size: int = 512  # pixels per side
    frames: int | None = None  # of a webp; None takes `TURN_FRAMES`


def draw_file(data: bytes, wanted: FilePicture) -> bytes:
    """A PNG of the file, or an animated WebP of one turn about it.

    Args:
        data: The whole file; the caller bounds its length.
        wanted: What to draw. Splats are seen in their own light on white, meshes on a table.

    Raises:
        InvalidInput: a size, number of frames or camera out of range.
        Unreadable, TooLarge: the file is not what its extension says, or more than is accepted.
        EmptyGeometry: there is nothing to see.
    """
    if wanted.target == "png" and wanted.frames is not None:
        raise InvalidInput("A PNG is one picture: frames are of a WebP.")
    shape = read_any(data, wanted.extension)
    return _picture(shape, wanted) if wanted.target == "png" else _film(shape, wanted)


def _picture(shape: Gaussians | TriangleMesh, wanted: FilePicture) -> bytes:
    if isinstance(shape, TriangleMesh):
        return encode_png(_of_mesh(shape, wanted.camera, wanted.size))
    from pipelines.splats import preview_png  # noqa: PLC0415 - numba, for splats only

    return preview_png(_in_view(shape), wanted.camera, wanted.size)


def _film(shape: Gaussians | TriangleMesh, wanted: FilePicture) -> bytes:
    from pipelines.splats import orbit_video  # noqa: PLC0415 - as above

    count, camera = TURN_FRAMES if wanted.frames is None else wanted.frames, wanted.camera
    if isinstance(shape, Gaussians):
        return orbit_video(_in_view(shape), count, wanted.size, camera.elevation_deg, azimuth_deg=camera.azimuth_deg)
    return _turn(shape, camera, wanted.size, count)


def film_of_mesh(mesh: TriangleMesh, size: int = 512, frames: int = TURN_FRAMES) -> bytes:
    """An animated WebP of one turn about a mesh, seen from where a person would stand.

    Args:
        mesh: In the object frame.
        size: Pixels per side, 16..1024.
        frames: 2..720, spread evenly over the turn.

    Raises:
        InvalidInput: a size or number of frames out of range.
        EmptyGeometry: there is nothing to see.
    """
    return _turn(mesh, natural_view(mesh), size, frames)


def _turn(mesh: TriangleMesh, camera: Camera, size: int, count: int) -> bytes:
    from pipelines.splats import check_film, encode_film  # noqa: PLC0415 - as above

    check_film(count, size)
    turns = (replace(camera, azimuth_deg=camera.azimuth_deg + 360 * k / count) for k in range(count))
    return encode_film(_of_mesh(mesh, turn, size) for turn in turns)


def _of_mesh(mesh: TriangleMesh, camera: Camera, size: int) -> "NDArray[np.uint8]":
    seen = replace(THREE_QUARTER, elevation_deg=camera.elevation_deg, azimuth_deg=camera.azimuth_deg)
    return render_mesh(mesh, seen, size)


def _in_view(gaussians: Gaussians) -> Gaussians:
    """The Gaussians as they are if they lie in the model frame's cube; a scan of another scale is brought into it."""
    if not len(gaussians):
        raise EmptyGeometry("There are no splats to draw.")
    if np.abs(gaussians.means).max() <= 1.0:
        return gaussians
    # Percentiles: every scan has strays far out.
    low, high = np.percentile(gaussians.means, [1, 99], axis=0)
    scale = np.float32(1.0 / max(float((high - low).max()), 1e-9))
    means = (gaussians.means - (low + high).astype(np.float32) / 2) * scale
    return replace(gaussians, means=means.astype(np.float32), scaling=gaussians.scaling * scale)
