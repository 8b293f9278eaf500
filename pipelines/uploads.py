"""A file that somebody hands in, mesh or splats, as a mesh in the object frame or as another file."""

from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from pipelines.errors import InvalidInput, Unreadable
from pipelines.geometry import Gaussians, TriangleMesh
from pipelines.meshing import MeshFormat, ReadableFormat, export_mesh, make_solid, place, read_mesh, solidify
from pipelines.splats import is_splat_ply, read_splats, write_splats

SplatTarget = Literal["splats.ply", "splat", "spz"]
SPLAT_SIZE_MM: Final = 100.0  # splats have no unit: the longest side they get when none is asked for
_SPLATS: Final[dict[str, Literal["ply", "splat", "spz"]]] = {"splats.ply": "ply", "splat": "splat", "spz": "spz"}


@dataclass(frozen=True, slots=True)
class FileConversion:
    """From which extension to which format, and how long the longest side shall be."""

    extension: str  # of the file, without the dot
    target: MeshFormat | SplatTarget
    size_mm: float | None = None


def read_any(data: bytes, extension: str) -> TriangleMesh | Gaussians:
    """Gaussians for splat files (`.splat`, `.spz`, a 3DGS `.ply`), else the mesh as it stands in the file.

    Raises:
        Unreadable, TooLarge: the file is not what its extension says, or more than is accepted.
    """
    extension = extension.lower().lstrip(".")
    if extension in ("splat", "spz"):
        return read_splats(data, cast("Literal['splat', 'spz']", extension))
    if extension == "ply" and is_splat_ply(data):
        return read_splats(data, "ply")
    if extension not in get_args(ReadableFormat):
        raise Unreadable(f"Files of type {extension!r} are not read; {', '.join(get_args(ReadableFormat))} are.")
    return read_mesh(data, extension)


def read_upload(data: bytes, extension: str, size_mm: float | None = None) -> TriangleMesh:
    """The file as a mesh in the object frame. A mesh is not mended: a report shall say what is wrong with it."""
    shape = read_any(data, extension)
    if isinstance(shape, Gaussians):
        return place(solidify(shape), size_mm or SPLAT_SIZE_MM, up="y").mesh
    return place(shape, size_mm, up="z").mesh


def convert_file(data: bytes, wanted: FileConversion) -> bytes:
    """The file in another format: splats stay splats where the target is one, else everything becomes a closed solid.

    Raises:
        InvalidInput: a mesh cannot be written as splats.
        Unreadable, TooLarge, GeometryError: see `read_any`, `make_solid` and `solidify`.
    """
    shape = read_any(data, wanted.extension)
    if wanted.target in _SPLATS:
        if not isinstance(shape, Gaussians):
            raise InvalidInput(f"A mesh cannot be written as {wanted.target}; only splats can.")
        return write_splats(shape, _SPLATS[wanted.target])
    if wanted.target not in get_args(MeshFormat):
        raise Unreadable(f"{wanted.target!r} is no format that can be written.")
    if isinstance(shape, Gaussians):
        mesh = place(solidify(shape), wanted.size_mm or SPLAT_SIZE_MM, up="y").mesh
    else:
        mesh = place(make_solid(shape).mesh, wanted.size_mm, up="z").mesh
    return export_mesh(mesh, cast("MeshFormat", wanted.target))
