"""A file that somebody hands in, mesh or splats, as a mesh in the object frame or as another file."""

from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from pipelines.errors import InvalidInput, Unreadable
from pipelines.geometry import Gaussians, TriangleMesh
from pipelines.meshing import (
    LengthUnit,
    MeshFormat,
    ReadableFormat,
    Repair,
    export_mesh,
    export_textured,
    make_solid,
    place,
    read_mesh,
    solidified,
    solidify,
    textured,
)
from pipelines.meshing.color import ColorOf, moved_colors
from pipelines.meshing.limits import LARGEST_MM, check_extent, guessed_unit
from pipelines.meshing.topology import without_unused
from pipelines.splats import is_splat_ply, read_splats, write_splats

SplatTarget = Literal["splats.ply", "splat", "spz"]
SPLAT_SIZE_MM: Final = 100.0  # splats have no unit: the longest side they get when none is asked for
_SPLATS: Final[dict[str, Literal["ply", "splat", "spz"]]] = {"splats.ply": "ply", "splat": "splat", "spz": "spz"}
_UNITLESS: Final = ("stl", "obj", "ply", "off")


@dataclass(frozen=True, slots=True)
class FileConversion:
    """From which extension to which format, how long the longest side shall be, and in which unit the numbers are.

    A texture, which only GLB has, holds the colours in a picture instead of on vertices.
    """

    extension: str  # of the file, without the dot
    target: MeshFormat | SplatTarget
    size_mm: float | None = None
    unit: LengthUnit | None = None
    texture: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Mended:
    """An upload as a solid, and what it took."""

    mesh: TriangleMesh  # closed manifold in the object frame
    repairs: tuple[Repair, ...]
    original: TriangleMesh | None  # as it stood in the file, in the same frame; None for splats


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """An upload as it stands in its file, and whether its unit had to be guessed."""

    mesh: TriangleMesh  # object frame
    repairs: tuple[Repair, ...] = ()


def read_any(data: bytes, extension: str, unit: LengthUnit | None = None) -> TriangleMesh | Gaussians:
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
    return read_mesh(data, extension, unit)


def read_upload(
    data: bytes, extension: str, size_mm: float | None = None, unit: LengthUnit | None = None
) -> TriangleMesh:
    """The file as a mesh in the object frame, not mended: a report shall say what is wrong with it.

    For the arguments and what is raised see `mended_upload`, which makes a solid of it.
    """
    check_size(size_mm)
    shape = read_any(data, extension, unit)
    if isinstance(shape, Gaussians):
        return place(solidify(shape, None), size_mm or SPLAT_SIZE_MM, up="y").mesh
    return _placed(shape, extension, size_mm, unit).mesh


def mended_upload(data: bytes, extension: str, size_mm: float | None = None, unit: LengthUnit | None = None) -> Mended:
    """The file as a closed solid in the object frame, with everything that was done to it.

    Args:
        data: The whole file; the caller bounds its length.
        extension: Of the file, with or without the dot, in any case.
        size_mm: Longest side in mm, > 0; None keeps the file's own size, and gives splats `SPLAT_SIZE_MM`.
        unit: What the file's numbers mean. None takes the file's word; STL, OBJ, PLY and OFF have none and are taken
            for millimetres, or for inches or metres where millimetres would leave less than 3 mm, which the repairs
            then say.

    Raises:
        InvalidInput: a size that is no length, or beyond 5 m.
        Unreadable, TooLarge: see `read_any`.
        GeometryTooLarge: more faces than are accepted, or a part longer than 5 m.
        EmptyGeometry, NotSolid: see `make_solid` and `solidify`.
    """
    return _mended(data, FileConversion(extension, "stl", size_mm, unit))[0]


def mended_file(data: bytes, wanted: FileConversion) -> tuple[Mended, bytes]:
    """The file as a closed solid, and that in the format that is wanted.

    Raises:
        InvalidInput: a texture for a format that has none.
        GeometryTooLarge: too intricate for a texture.
        Unreadable, TooLarge, GeometryError: see `mended_upload`.
    """
    if wanted.texture and wanted.target != "glb":
        raise InvalidInput(f"Only GLB files carry a texture, not {wanted.target!r}.")
    mended, colors = _mended(data, wanted)
    if wanted.texture:
        return mended, export_textured(textured(mended.mesh, colors))
    return mended, export_mesh(mended.mesh, cast("MeshFormat", wanted.target))


def _mended(data: bytes, wanted: FileConversion) -> tuple[Mended, ColorOf | None]:
    """The upload as a solid and, where more is known than its vertices' colours, those of its surface."""
    check_size(wanted.size_mm)
    shape = read_any(data, wanted.extension, wanted.unit)
    if isinstance(shape, Gaussians):
        made = solidified(shape, None)
        notes = tuple(Repair("redrawn", note) for note in made.notes)
        placed = place(made.mesh, wanted.size_mm or SPLAT_SIZE_MM, up="y")
        return Mended(placed.mesh, notes, None), moved_colors(made.colors, placed.transform)
    upload = _placed(shape, wanted.extension, wanted.size_mm, wanted.unit)
    solid = make_solid(upload.mesh)
    placed = place(solid.mesh, wanted.size_mm, up="z")
    return Mended(placed.mesh, upload.repairs + solid.repairs, upload.mesh), None


def convert_file(data: bytes, wanted: FileConversion) -> bytes:
    """The file in another format: splats stay splats where the target is one, else everything becomes a closed solid.

    Raises:
        InvalidInput: a mesh cannot be written as splats, which have no texture.
        Unreadable, TooLarge, GeometryError: see `mended_file`.
    """
    if wanted.target in _SPLATS:
        if wanted.texture:
            raise InvalidInput(f"Only GLB files carry a texture, not {wanted.target!r}.")
        shape = read_any(data, wanted.extension)
        if not isinstance(shape, Gaussians):
            raise InvalidInput(f"A mesh cannot be written as {wanted.target}; only splats can.")
        return write_splats(shape, _SPLATS[wanted.target])
    if wanted.target not in get_args(MeshFormat):
        raise Unreadable(f"{wanted.target!r} is no format that can be written.")
    return mended_file(data, wanted)[1]


def check_size(size_mm: float | None) -> None:
    """Refuse a longest side that is no length, or beyond what any printer builds."""
    if size_mm is not None and not 0 < size_mm <= LARGEST_MM:
        raise InvalidInput(f"The size must be above 0 and at most {LARGEST_MM:,.0f} mm, not {size_mm:g}.")


def _placed(mesh: TriangleMesh, extension: str, size_mm: float | None, unit: LengthUnit | None) -> Upload:
    """The mesh in the object frame, its unit guessed where neither the file nor the caller says any."""
    mesh = without_unused(mesh)  # a lone point far off would be taken for the part's size
    if size_mm is not None:
        return Upload(place(mesh, size_mm, up="z").mesh)
    longest = float(mesh.size.max())
    if unit is not None or extension.lower().lstrip(".") not in _UNITLESS:
        check_extent(longest)
        return Upload(place(mesh, None, up="z").mesh)
    guess = guessed_unit(longest)
    if guess.repair is None:
        return Upload(place(mesh, None, up="z").mesh)
    return Upload(place(mesh, longest * guess.factor, up="z").mesh, (guess.repair,))
