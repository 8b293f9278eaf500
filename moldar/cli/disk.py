"""Files that commands read and write: bounded, whole or not at all, and told apart by their endings."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from uuid import uuid4

from moldar.cli.outcome import INPUT, Failure

if TYPE_CHECKING:
    from pipelines.meshing import MeshFormat
    from pipelines.uploads import SplatTarget

_MESHES: Final = ("stl", "obj", "ply", "glb", "3mf")
_WRITTEN: Final = (*_MESHES, "splat", "spz")
_BYTES_MAX: Final = 2**30  # the largest scans in circulation are a few hundred MB


def read_file(source: Path) -> bytes:
    """The whole file; Failure where it is none, or too large."""
    if not source.is_file():
        raise Failure(INPUT, f"{source.name!r} is not a file.")
    if source.stat().st_size > _BYTES_MAX:
        raise Failure(INPUT, f"{source.name!r} is larger than {_BYTES_MAX // 2**20} MiB.")
    return source.read_bytes()


def write_file(target: Path, data: bytes) -> None:
    """Write all of it or nothing, also where source and target are one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".moldar-{uuid4().hex}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def extension(path: Path) -> str:
    """What the name ends in, without the dot."""
    return path.suffix.lower().lstrip(".")


def file_format(target: Path, data: bytes, source_extension: str) -> "MeshFormat | SplatTarget":
    """What the ending of the target means. Splats stay splats in a .ply; every other mesh format makes them solid."""
    from pipelines.splats import is_splat_ply  # noqa: PLC0415 - numba, for the commands that need it

    ending = _known(target, _WRITTEN)
    is_splats = source_extension in {"splat", "spz"} or (source_extension == "ply" and is_splat_ply(data))
    return cast("MeshFormat | SplatTarget", "splats.ply" if ending == "ply" and is_splats else ending)


def mesh_format(target: Path) -> "MeshFormat":
    """The mesh format that the ending of the target means."""
    return cast("MeshFormat", _known(target, _MESHES))


def _known(target: Path, endings: tuple[str, ...]) -> str:
    ending = extension(target)
    if ending not in endings:
        known = ", ".join(f".{name}" for name in endings)
        raise Failure(INPUT, f"Files are written as {known}, not as {target.name!r}.")
    return ending
