"""What is done with a file that somebody hands in, and said of it: converted, looked over, repaired for printing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

from pipelines.errors import EmptyGeometry, InvalidInput, NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.meshing import LengthUnit, MeshFormat, Repair, export_mesh
from pipelines.printability import BUILD_VOLUME_MM, FDM, BuildVolume, Process, inspect
from pipelines.printability.repairs import Outcome, RepairStep, apply_repairs
from pipelines.uploads import FileConversion, convert_file, mended_file, mended_upload, read_upload

Tell = Callable[[str], None]
"""Told what is being done, in a few words, before it is done."""


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """A file in another format."""

    data: bytes
    repairs: tuple[Repair, ...]  # what making it a solid took; none where splats stay splats
    size_mm: tuple[float, float, float] | None  # of the solid along x, y, z


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """A file as it is, and what would make it a solid."""

    mesh: TriangleMesh  # object frame, not mended
    repairs: tuple[Repair, ...]
    refusal: str | None  # why no solid can be made of it


@dataclass(frozen=True, slots=True)
class RepairOrder:
    """What is to be done with a file before it is printed."""

    extension: str  # of the file, without the dot
    steps: tuple[RepairStep, ...] = ()
    offered: bool = False  # also what the report offers
    process: Process = FDM
    size_mm: float | None = None
    unit: LengthUnit | None = None
    target: MeshFormat = "stl"


@dataclass(frozen=True, slots=True, eq=False)
class RepairedFile:
    """A file made solid and repaired."""

    repairs: tuple[Repair, ...]  # what making it a solid took
    outcome: Outcome  # measured before anything was done, and at the end
    files: tuple[bytes, ...]  # one for each part of the outcome


def convert(data: bytes, wanted: FileConversion, tell: Tell | None = None) -> Conversion:
    """The file in another format, with what was done to it on the way.

    Args:
        data: The whole file; the caller bounds its length.
        wanted: From which extension to which format, size and unit.
        tell: Told of each step.

    Raises:
        InvalidInput, Unreadable, TooLarge, GeometryError: see `convert_file`.
    """
    say = tell or _quiet
    if wanted.target not in get_args(MeshFormat):
        say("Converting")
        return Conversion(convert_file(data, wanted), (), None)
    say("Making it a solid")
    mended, written = mended_file(data, wanted)
    x, y, z = (float(side) for side in mended.mesh.size)
    return Conversion(written, mended.repairs, (x, y, z))


def survey(data: bytes, extension: str, size_mm: float | None = None, unit: LengthUnit | None = None) -> Survey:
    """The file as it is, for a report on what is wrong with it, and what mending it takes.

    Args:
        data: The whole file; the caller bounds its length.
        extension: Of the file, without the dot.
        size_mm: Longest side in mm, > 0; None keeps the file's own.
        unit: What the file's numbers mean; None takes the file's word, or a guess that the repairs name.

    Raises:
        InvalidInput, Unreadable, TooLarge, GeometryTooLarge: see `mended_upload`.
        EmptyGeometry: there is no surface to report on.
    """
    try:
        mended = mended_upload(data, extension, size_mm, unit)
    except (EmptyGeometry, NotSolid) as refusal:
        return Survey(read_upload(data, extension, size_mm, unit), (), str(refusal))
    return Survey(mended.mesh if mended.original is None else mended.original, mended.repairs, None)


def repair_file(
    data: bytes, order: RepairOrder, build_volume_mm: BuildVolume = BUILD_VOLUME_MM, tell: Tell | None = None
) -> RepairedFile:
    """The file as a closed solid with the repairs that are asked for, and the reports before and after.

    Args:
        data: The whole file; the caller bounds its length.
        order: What to do.
        build_volume_mm: x, y, z of the printer, each > 0.
        tell: Told of each step.

    Raises:
        InvalidInput, Unreadable, TooLarge, GeometryError: see `mended_upload` and `apply_repairs`.
    """
    say = tell or _quiet
    if order.target not in get_args(MeshFormat):
        raise InvalidInput(f"Repaired meshes are not written as {order.target!r}.")
    say("Making it a solid")
    mended = mended_upload(data, order.extension, order.size_mm, order.unit)
    outcome = apply_repairs(mended.mesh, order.steps, order.process, build_volume_mm, offered=order.offered, tell=tell)
    if mended.repairs and mended.original is not None:
        say("Inspecting the file as it came")
        outcome = replace(outcome, before=inspect(mended.original, order.process, build_volume_mm))
    say("Writing")
    return RepairedFile(mended.repairs, outcome, tuple(export_mesh(part.mesh, order.target) for part in outcome.parts))


def _quiet(_: str) -> None: ...
