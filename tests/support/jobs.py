"""Jobs run with the real stages, stores and foreman in one process: the application without Ray around it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

from jobs.lifecycle import Stage
from jobs.model import Converted, FilePayload, Generated, Job, JobId, JobRequest, NewJob
from jobs.ports import Progress
from jobs.work import convert, draft, parametric, relief
from pipelines.geometry import TriangleMesh
from pipelines.pricing import Quote, QuoteRequest, default_price_book, material_named, quote
from pipelines.printability import PrintReport, inspect
from pipelines.prompt import analyse
from pipelines.routing import Plan, PlanStep

_numbers = count()
ISSUED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def new_job(prompt: str = "a washer 20 mm outside diameter", **fields: object) -> NewJob:
    """A job as the gateway would write it."""
    number = next(_numbers)
    values: dict[str, object] = {
        "id": JobId(f"gen_{number:032x}"),
        "caller": "local",
        "request": JobRequest(prompt=prompt, formats=("stl",)),
        "analysis": analyse(prompt),
        "plan": Plan((PlanStep("parametric", "chosen", "exact"),)),
        "created_at": 1000.0 + number,
    }
    return NewJob(**{**values, **fields})  # type: ignore[arg-type]


class DirectStages:
    """The real stage functions on threads, as a worker would run them; counts how often each was begun."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, Stage]] = []
        self.made = count()

    async def generate(self, job: Job, images: Sequence[bytes], progress: Progress) -> Generated:
        self.begun.append((job.id, Stage.GENERATION))
        if job.plan.chosen == "relief":
            return await asyncio.to_thread(relief, job, images[0])
        return await asyncio.to_thread(parametric, job)

    async def draft(self, job: Job, shape: Generated) -> FilePayload:
        return await asyncio.to_thread(draft, job, shape)

    async def convert(self, job: Job, shape: Generated) -> Converted:
        self.begun.append((job.id, Stage.CONVERSION))
        return await asyncio.to_thread(convert, job, shape)

    async def inspect(self, mesh: TriangleMesh, material: str) -> PrintReport:
        self.begun.append(("", Stage.PRINTABILITY))
        return await asyncio.to_thread(inspect, mesh, material_named(material).process)

    async def quote(self, mesh: TriangleMesh, report: PrintReport, request: QuoteRequest) -> Quote:
        self.begun.append(("", Stage.QUOTE))
        book, quote_id = default_price_book(), f"quo_{next(self.made)}"
        return await asyncio.to_thread(quote, mesh, report, request, book, ISSUED_AT, quote_id)


class SilentObserver:
    """Remembers how jobs ended."""

    def __init__(self) -> None:
        self.endings: list[tuple[str, str]] = []

    def stage(self, stage: Stage, backend: str, outcome: str, seconds: float) -> None: ...

    def started(self, job: Job, waited_s: float) -> None: ...

    def inspected(self, job: Job, report: PrintReport) -> None: ...

    def ended(self, job: Job, outcome: str, seconds: float) -> None:
        self.endings.append((job.id, outcome))
