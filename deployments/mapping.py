"""Wire models to value objects and back. Nothing is decided here."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final, Literal

from jobs import work
from jobs.checkpoints import QUOTE, REPORT, placement_of, provenance_of
from jobs.lifecycle import PROGRESS, TERMINAL, Stage, Status
from jobs.model import CameraPose, FileRecord, Job, JobEvent, JobRequest, PrintOptions
from jobs.options import print_options
from jobs.requote import Change
from moldar import wire
from pipelines.cameras import RADIUS
from pipelines.errors import InvalidInput, MoldarError
from pipelines.pricing import Material, PriceBook, Quote, QuoteRequest, Range, minor_digits
from pipelines.printability import PrintReport
from pipelines.prompt.types import Number, PromptAnalysis, Span, Word
from pipelines.routing import BackendState, Plan

NO_PROMPT: Final = PromptAnalysis(text="", language="en", subject="")
MEDIA_TYPES: Final[dict[str, str]] = {**dict(work.MEDIA_TYPES.items()), "splats.ply": "application/x-ply"}
FILES_URL: Final = "/v1/generations/{job_id}/files/{name}"


def job_request(asked: wire.GenerationRequest, images: tuple[str, ...]) -> JobRequest:
    """The request as `jobs` knows it; `images` are the keys that its pictures were stored under."""
    return JobRequest(
        prompt=asked.prompt or "",
        images=images,
        method=asked.method,
        model=asked.model,
        negative_prompt=asked.negative_prompt or "",
        seed=asked.seed,
        steps=asked.steps,
        guidance_scale=asked.guidance_scale,
        elevation_deg=asked.elevation_deg,
        size_mm=asked.size_mm,
        options=PrintOptions(
            material=asked.material,
            quantity=asked.quantity,
            infill=asked.infill,
            currency=asked.currency,
            source=asked.source,
            ship_to=asked.ship_to,
            budget_minor=asked.budget_minor,
        ),
        formats=asked.formats,
        texture=asked.texture,
        deadline_s=asked.deadline_s,
        webhook_url=asked.webhook_url,
        licence=asked.licence,
        metadata=tuple(asked.metadata.items()),
        cameras=tuple(
            CameraPose(pose.elevation_deg, pose.azimuth_deg, pose.radius or RADIUS, pose.c2w) for pose in asked.cameras
        ),
        best_of=asked.best_of,
    )


def fingerprint(asked: wire.GenerationRequest | wire.BatchRequest) -> str:
    """What two requests with one idempotency key must share."""
    return hashlib.sha256(asked.model_dump_json().encode()).hexdigest()


def generation(job: Job, place: int | None = None, eta_s: float | None = None) -> wire.Generation:
    """The generation object of a job, as far as it has come."""
    return wire.Generation(
        id=job.id,
        status=job.status.value,
        stage=job.stage.value if job.stage and job.status is Status.RUNNING else None,
        progress=_progress(job),
        queue_position=place,
        eta_s=eta_s,
        created_at=when(job.created_at),
        started_at=when(job.started_at) if job.started_at else None,
        finished_at=when(job.finished_at) if job.finished_at else None,
        request=_accepted(job.request),
        analysis=analysis(job.analysis) if job.request.prompt else None,
        provenance=_provenance(job),
        files=files(job.id, job.files()),
        printability=_report(job),
        quote=_quote(job),
        cost=_cost(job),
        error=wire.JobError(**_fields(job.failure)) if job.failure else None,
    )


def analysis(found: PromptAnalysis) -> wire.Analysis:
    """What a prompt is understood to ask, each finding with the words it came from."""
    text = found.text

    def at(span: Span) -> dict[str, object]:
        return {"text": text[span.start : span.end], "start": span.start, "end": span.end}

    def word(finding: Word | None) -> wire.Finding | None:
        return wire.Finding.model_validate({"value": finding.value, **at(finding.span)}) if finding else None

    def words(findings: tuple[Word, ...]) -> tuple[wire.Finding, ...]:
        return tuple(wire.Finding.model_validate({"value": w.value, **at(w.span)}) for w in findings)

    def number(finding: Number | None) -> wire.NumberFinding | None:
        return wire.NumberFinding.model_validate({"value": finding.value, **at(finding.span)}) if finding else None

    families = words(found.families)
    return wire.Analysis(
        language=found.language,
        subject=found.subject,
        family=families[0] if families else None,
        combined_with=families[1:],
        dimensions=tuple(
            wire.DimensionFinding.model_validate({"name": d.name, "value_mm": d.value_mm, "unit": d.unit, **at(d.span)})
            for d in found.dimensions
        ),
        counts=tuple(
            wire.CountFinding.model_validate({"name": c.name, "value": c.value, **at(c.span)}) for c in found.counts
        ),
        thread=word(found.thread),
        inscription=word(found.inscription),
        material=word(found.material),
        color=word(found.color),
        quantity=number(found.quantity),
        uses=words(found.uses),
        features=words(found.features),
        problems=tuple(
            wire.PromptProblem(code=p.code, message=p.message, start=p.span.start, end=p.span.end)
            for p in found.problems
        ),
    )


def plan_steps(plan: Plan) -> tuple[wire.PlanStep, ...]:
    """Every backend considered, in order."""
    return tuple(wire.PlanStep(backend=s.backend, decision=s.decision, reason=s.reason) for s in plan.steps)


def backends(states: tuple[BackendState, ...], queued: dict[str, int], running: dict[str, int]) -> wire.BackendList:
    """Every backend with its load."""
    return wire.BackendList(
        items=tuple(
            wire.BackendState(
                name=s.name,
                available=s.available,
                reason=s.reason if s.available else f"{s.reason}. {s.remedy}".rstrip(". ") + ".",
                capacity=s.capacity,
                in_flight=running.get(s.name, 0),
                queue_depth=queued.get(s.name, 0),
                licence=s.licence,
            )
            for s in states
        )
    )


def event(logged: JobEvent) -> wire.Event:
    """One line of a job's log."""
    return wire.Event(
        id=logged.id,
        generation_id=logged.job_id,
        kind=logged.kind,
        at=when(logged.at),
        data=json.loads(logged.data),
    )


def batch(batch_id: str, jobs: Sequence[Job]) -> wire.Batch:
    """A batch: finished when every generation is final."""
    status: Literal["running", "finished"] = "finished" if all(job.is_terminal for job in jobs) else "running"
    items = tuple(generation(job) for job in jobs)
    return wire.Batch(id=batch_id, created_at=when(jobs[0].created_at), status=status, items=items)


def cursor(sequence: int) -> str:
    """Where a page ends, as a word that says nothing."""
    return base64.urlsafe_b64encode(f"v1:{sequence}".encode()).decode().rstrip("=")


def read_cursor(word: str) -> int:
    """The inverse of `cursor`. Raises InvalidInput."""
    try:
        version, _, sequence = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode().partition(":")
        if version == "v1" and sequence.isascii() and sequence.isdigit():
            return min(int(sequence), 2**62)
    except ValueError:
        pass
    raise InvalidInput("The cursor is not one that this service gave out.")


def is_final(logged: JobEvent) -> bool:
    """Whether nothing follows this event in its job's log."""
    return logged.kind in TERMINAL


def quote_change(asked: wire.QuoteRequest) -> Change:
    """What a new quote shall change."""
    return Change(
        material=asked.material,
        size_mm=asked.size_mm,
        infill=asked.infill,
        quantity=asked.quantity,
        currency=asked.currency,
        source=asked.source,
        ship_to=asked.ship_to,
        budget_minor=asked.budget_minor,
    )


def file_quote(asked: wire.FileQuoteRequest) -> QuoteRequest:
    """The form beside an uploaded file."""
    return QuoteRequest(
        material=asked.material,
        quantity=asked.quantity,
        infill=asked.infill,
        currency=asked.currency,
        source=asked.source,
        ship_to=asked.ship_to,
        budget_minor=asked.budget_minor,
    )


def quote(value: Quote) -> wire.Quote:
    """A quote as it crosses HTTP."""
    return wire.Quote.model_validate_json(QUOTE.dump_json(value))


def report(value: PrintReport) -> wire.Printability:
    """A print report as it crosses HTTP."""
    return wire.Printability.model_validate_json(REPORT.dump_json(value))


def health(checks: tuple[wire.Check, ...]) -> wire.Health:
    """Ready when every check passed."""
    status: Literal["ok", "unavailable"] = "ok" if all(check.ok for check in checks) else "unavailable"
    return wire.Health(status=status, version=version("moldar"), checks=checks)


def refused(reason: MoldarError) -> tuple[wire.PlanStep, ...]:
    """The plan of a request that would not be accepted."""
    return (wire.PlanStep(backend="none", decision="refused", reason=str(reason)),)


def _accepted(request: JobRequest) -> wire.AcceptedRequest:
    options = request.options
    return wire.AcceptedRequest(
        prompt=request.prompt or None,
        images=tuple(f"sha256:{key.rsplit('/', 1)[-1].removesuffix('.png')}" for key in request.images),
        method=request.method,
        model=request.model,
        negative_prompt=request.negative_prompt or None,
        seed=request.seed,
        steps=request.steps,
        guidance_scale=request.guidance_scale,
        elevation_deg=request.elevation_deg,
        size_mm=request.size_mm,
        material=options.material,
        quantity=options.quantity,
        infill=options.infill,
        currency=options.currency,
        formats=request.formats,
        texture=request.texture,
        deadline_s=request.deadline_s,
        webhook_url=request.webhook_url,
        licence=request.licence,
        metadata=dict(request.metadata),
        cameras=tuple(
            wire.AcceptedCamera(
                elevation_deg=pose.elevation_deg,
                azimuth_deg=pose.azimuth_deg,
                radius=pose.radius if pose.c2w is None else None,
                c2w=pose.c2w,
            )
            for pose in request.cameras
        ),
        best_of=request.best_of,
        source=options.source,
        ship_to=options.ship_to,
        budget_minor=options.budget_minor,
    )


def _provenance(job: Job) -> wire.Provenance | None:
    made = provenance_of(job)
    if made is None:
        return None
    placed = placement_of(job)
    rows = tuple(placed.transform[i : i + 4] for i in range(0, 16, 4)) if placed else None
    return wire.Provenance.model_validate(
        {
            **_fields(made),
            "parameters": dict(made.parameters),
            "notes": (*made.notes, *(placed.repairs if placed else ())),
            "splat_to_object": rows,
            "plan": plan_steps(job.plan),
        }
    )


def files(job_id: str, records: Sequence[FileRecord]) -> tuple[wire.FileEntry, ...]:
    """Stored files as they are listed."""
    return tuple(
        wire.FileEntry(
            name=f.name,
            bytes=f.bytes,
            sha256=f.sha256,
            media_type=f.media_type,
            url=FILES_URL.format(job_id=job_id, name=f.name),
        )
        for f in records
    )


def _report(job: Job) -> wire.Printability | None:
    done = job.checkpoint(Stage.PRINTABILITY)
    return without_faces(wire.Printability.model_validate_json(done.document)) if done else None


def without_faces(found: wire.Printability) -> wire.Printability:
    """The report without lists of faces, which printability.json keeps: lists of generations would carry megabytes."""

    def bare(finding: wire.PrintFinding) -> wire.PrintFinding:
        places = tuple(place.model_copy(update={"faces": (), "complete": False}) for place in finding.places)
        return finding.model_copy(update={"places": places})

    return found.model_copy(update={"findings": tuple(bare(finding) for finding in found.findings)})


def _quote(job: Job) -> wire.Quote | None:
    done = job.checkpoint(Stage.QUOTE)
    if done is None:
        return None
    options = print_options(job)
    advice = {"material_reasons": options.reasons, "material_warnings": options.warnings}
    return wire.Quote.model_validate_json(done.document).model_copy(update=advice)


def _cost(job: Job) -> wire.Cost | None:
    if not job.is_terminal:
        return None
    # Every backend of this build runs on the operator's own processors: what is counted is time.
    seconds = sum(done.seconds for done in job.checkpoints)
    return wire.Cost(amount_minor=0, currency="USD", seconds=round(seconds, 4))


def _progress(job: Job) -> float:
    if job.status is Status.SUCCEEDED:
        return 1.0
    done = [PROGRESS[checkpoint.stage] for checkpoint in job.checkpoints]
    return max(*done, PROGRESS[Stage.ANALYSIS], job.progress or 0.0)


def material_list(book: PriceBook) -> wire.MaterialList:
    """Every material with the shop's price, and what else its book leaves to choose."""
    return wire.MaterialList(
        items=tuple(_material(book.material(name), book) for name in sorted(book.materials)),
        currencies=book.currencies,
        zones=tuple(wire.Zone(name=zone.name, label=zone.label) for zone in book.zones),
        price_book=wire.PriceBookName(name=book.name, dated=book.dated, rates_dated=book.rates.dated),
    )


def _material(material: Material, book: PriceBook) -> wire.Material:
    def bounds(celsius: Range | None) -> tuple[int, int] | None:
        return (celsius.low, celsius.high) if celsius else None

    return wire.Material(
        name=material.name,
        label=material.title,
        process=material.process.name,
        density_g_cm3=material.density_g_cm3,
        price_per_kg_minor=round(book.price_per_kg(material.name).scaleb(minor_digits(book.currency))),
        currency=book.currency,
        nozzle_c=bounds(material.nozzle_c),
        bed_c=bounds(material.bed_c),
        uses=material.uses,
        not_for=material.not_for,
        food_contact=material.food_contact,
        sources=tuple(f"{source.title} ({source.read_on.isoformat()})" for source in material.sources),
    )


def when(at: float) -> datetime:
    """Seconds since the epoch as a time of day."""
    return datetime.fromtimestamp(at, UTC)


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}  # type: ignore[attr-defined]
