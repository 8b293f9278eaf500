"""Repairs between the wire and the pipelines. Nothing is decided here."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from deployments import mapping
from jobs.model import FileRecord, StoredRepair
from jobs.repair import REPAIR, RepairedPart, RepairRecord
from jobs.work import MEDIA_TYPES
from moldar import wire
from pipelines.meshing import MeshFormat, Repair
from pipelines.pricing import Quote
from pipelines.printability import FDM, RESIN, PrintReport, Process
from pipelines.printability.repairs import Applied, Declined, RepairStep
from pipelines.workbench import RepairedFile, RepairOrder, Survey

PROCESSES: Final[dict[wire.Process, Process]] = {"fdm": FDM, "resin": RESIN}


def surface_repairs(done: Sequence[Repair]) -> tuple[wire.SurfaceRepair, ...]:
    """What was done to make a solid of a file."""
    return tuple(
        wire.SurfaceRepair(code=one.code, message=one.message, count=one.count, share=one.share) for one in done
    )


def surveyed(report: PrintReport, survey: Survey) -> wire.Printability:
    """The report of a file as it is, and what would make it a solid."""
    found = {"repairs": surface_repairs(survey.repairs), "beyond_repair": survey.refusal}
    return mapping.report(report).model_copy(update=found)


def quoted(quote: Quote, done: Sequence[Repair]) -> wire.Quote:
    """The price of an uploaded file, and what was done to make it the solid that is priced."""
    return mapping.quote(quote).model_copy(update={"repairs": surface_repairs(done)})


def repair_steps(asked: Sequence[wire.RepairStep]) -> tuple[RepairStep, ...]:
    """The repairs that are asked for; both sides call their figures alike."""
    return tuple(RepairStep(**step.model_dump()) for step in asked)


def repair_order(extension: str, asked: wire.FileRepairRequest) -> RepairOrder:
    """The form beside an uploaded file."""
    return RepairOrder(
        extension,
        repair_steps(asked.repairs),
        asked.offered,
        PROCESSES[asked.process],
        asked.size_mm,
        asked.unit,
        asked.format,
    )


def repaired_file(made: RepairedFile, form: MeshFormat) -> wire.RepairedFile:
    """A repaired upload with its files in the answer."""
    outcome = made.outcome
    parts, contents = [], []
    for part, data in zip(outcome.parts, made.files, strict=True):
        name = f"{part.name}.{form}"
        report = mapping.report(part.report)
        parts.append(wire.RepairedPart(name=part.name, pieces=part.pieces, printability=report, files=(name,)))
        contents.append(_content(name, form, data))
    return wire.RepairedFile(
        applied=_applied(outcome.applied),
        declined=_declined(outcome.declined),
        before=mapping.report(outcome.before),
        parts=tuple(parts),
        gone=outcome.gone,
        raised=outcome.raised,
        mended=surface_repairs(made.repairs),
        files=tuple(contents),
    )


def generation_repair(job_id: str, kept: RepairRecord, files: Sequence[FileRecord]) -> wire.GenerationRepair:
    """A repair of a generation, with every face that a finding is about."""
    return wire.GenerationRepair(
        applied=_applied(kept.applied),
        declined=_declined(kept.declined),
        before=mapping.report(kept.before),
        parts=tuple(_kept_part(part) for part in kept.parts),
        gone=kept.gone,
        raised=kept.raised,
        generation_id=job_id,
        number=kept.number,
        created_at=mapping.when(kept.made_at),
        files=mapping.files(job_id, files),
    )


def repair_list(job_id: str, stored: Sequence[StoredRepair]) -> wire.RepairList:
    """Every repair of a generation, without lists of faces, which would be megabytes."""
    records = (REPAIR.validate_json(one.document) for one in stored)
    told = (generation_repair(job_id, kept, one.files) for kept, one in zip(records, stored, strict=True))
    return wire.RepairList(items=tuple(_bare(one) for one in told))


def _bare(told: wire.GenerationRepair) -> wire.GenerationRepair:
    parts = tuple(
        part.model_copy(update={"printability": mapping.without_faces(part.printability)}) for part in told.parts
    )
    return told.model_copy(update={"before": mapping.without_faces(told.before), "parts": parts})


def _kept_part(part: RepairedPart) -> wire.RepairedPart:
    return wire.RepairedPart(
        name=part.name,
        pieces=part.pieces,
        printability=mapping.report(part.report),
        quote=None if part.quote is None else mapping.quote(part.quote),
        files=part.files,
    )


def _applied(done: Sequence[Applied]) -> tuple[wire.AppliedRepair, ...]:
    return tuple(wire.AppliedRepair(kind=one.kind, changes=one.changes) for one in done)


def _declined(left: Sequence[Declined]) -> tuple[wire.DeclinedRepair, ...]:
    return tuple(wire.DeclinedRepair(kind=one.kind, reason=one.reason) for one in left)


def _content(name: str, form: MeshFormat, data: bytes) -> wire.FileContent:
    return wire.FileContent(
        name=name,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=MEDIA_TYPES[form],
        data=base64.b64encode(data),
    )
