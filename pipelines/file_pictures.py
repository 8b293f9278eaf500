"""A file that somebody hands in, drawn: one picture, or a turn around it."""

from dataclasses import dataclass, replace
from typing import Literal

from pipelines.errors import InvalidInput
from pipelines.geometry import Camera, TriangleMesh
from pipelines.pictures import THREE_QUARTER, TURN_FRAMES, encode_png, in_view, render_mesh, turntable
from pipelines.uploads import read_any

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
    camera = wanted.camera
    if isinstance(shape, TriangleMesh):
        camera = replace(THREE_QUARTER, elevation_deg=camera.elevation_deg, azimuth_deg=camera.azimuth_deg)
    if wanted.target == "webp":
        return turntable(shape, TURN_FRAMES if wanted.frames is None else wanted.frames, wanted.size, camera)
    if isinstance(shape, TriangleMesh):
        return encode_png(render_mesh(shape, camera, wanted.size))
    from pipelines.splats import preview_png  # noqa: PLC0415 - numba, for splats only

    return preview_png(in_view(shape), camera, wanted.size)
