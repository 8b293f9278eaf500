"""Repairs of a solid that is already made: nothing is generated again, and no file of the job changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import TypeAdapter

from jobs.checkpoints import load_solid
from jobs.model import FilePayload, FileRecord, Job
from jobs.options import Resolved, priced
from jobs.ports import ArtifactStore
from jobs.work import MEDIA_TYPES
from pipelines.errors import InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.meshing import MeshFormat, export_mesh
from pipelines.pricing import Quote, QuoteRequest
from pipelines.printability import BuildVolume, FindingCode, PrintReport, Process
from pipelines.printability.repairs import Applied, Declined, Outcome, RepairStep, apply_repairs

MOST_REPAIRS: Final = 50  # of one job: each keeps its files
MOST_QUOTED: Final = 10_000  # pieces: as many as a quote is asked for
WHOLE: Final = "part"  # what the one part is called that was not cut up


@dataclass(frozen=True, slots=True)
class RepairWish:
    """What is to be done to a finished solid, and for which process and printer."""

    steps: tuple[RepairStep, ...]
    offered: bool  # also what the report offers
    process: Process
    formats: tuple[MeshFormat, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RepairedSolid:
    """What came of it, with the files of each part."""

    outcome: Outcome
    files: tuple[tuple[FilePayload, ...], ...]  # for each part, under names without a number


@dataclass(frozen=True, slots=True)
class RepairedPart:
    """One solid to print, as the record keeps it."""

    name: str
    pieces: int
    report: PrintReport
    quote: Quote | None  # None where it does not fit the printer
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepairRecord:
    """One repair of a job, as the record keeps it."""

    number: int  # from 1
    made_at: float
    before: PrintReport
    parts: tuple[RepairedPart, ...]
    applied: tuple[Applied, ...]
    declined: tuple[Declined, ...]
    gone: tuple[FindingCode, ...]
    raised: tuple[FindingCode, ...]


REPAIR: Final = TypeAdapter(RepairRecord)


async def solid_to_repair(artifacts: ArtifactStore, job: Job) -> TriangleMesh:
    """The job's solid. Raises InvalidInput before there is one."""
    mesh = await load_solid(artifacts, job)
    if mesh is None:
        raise InvalidInput(f"Generation {job.id} has no solid to repair yet; it is {job.status}.")
    return mesh


def repair_solid(mesh: TriangleMesh, wish: RepairWish, build_volume_mm: BuildVolume) -> RepairedSolid:
    """The solid with its repairs, and its files.

    Raises:
        InvalidInput, GeometryError: see `apply_repairs`.
    """
    outcome = apply_repairs(mesh, wish.steps, wish.process, build_volume_mm, offered=wish.offered)
    files = tuple(
        tuple(
            FilePayload(f"{part.name}.{form}", MEDIA_TYPES[form], export_mesh(part.mesh, form)) for form in wish.formats
        )
        for part in outcome.parts
    )
    return RepairedSolid(outcome, files)


def priced_pieces(options: Resolved, pieces: int) -> QuoteRequest:
    """The job's print options for a part of which one object takes several."""
    request = priced(options)
    return replace(request, quantity=min(request.quantity * pieces, MOST_QUOTED))


def numbered(name: str, number: int) -> str:
    """A part's file name among the files of its job: repaired-2.stl, or repaired-2-part-1.stl where it was cut up."""
    stem, _, form = name.partition(".")
    return f"repaired-{number}.{form}" if stem == WHOLE else f"repaired-{number}-{name}"


def renamed(files: Sequence[FileRecord], number: int) -> tuple[FileRecord, ...]:
    """Stored files under the names that their job lists them by."""
    return tuple(replace(record, name=numbered(record.name, number)) for record in files)


def recorded(solid: RepairedSolid, quotes: Sequence[Quote | None], number: int, made_at: float) -> RepairRecord:
    """What the record keeps of a repair. The quotes are for the parts, in their order."""
    outcome = solid.outcome
    parts = tuple(
        RepairedPart(part.name, part.pieces, part.report, quote, tuple(numbered(file.name, number) for file in files))
        for part, quote, files in zip(outcome.parts, quotes, solid.files, strict=True)
    )
    return RepairRecord(
        number, made_at, outcome.before, parts, outcome.applied, outcome.declined, outcome.gone, outcome.raised
    )
