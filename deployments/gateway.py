"""The door of the service: accepts, answers, and hands out results. Both HTTP (`deployments.api`) and Ray handles
(`moldar.connect`) call these methods; the rules of a job's life are in `jobs`."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import structlog
from fastapi import FastAPI

from adapters.artifacts import Artifacts
from adapters.clock import wall_clock
from adapters.database import Database
from deployments import mapping
from deployments.api import create_api
from deployments.calls import Handle, call
from deployments.feed import EventFeed
from deployments.finished import Finished
from deployments.logs import configure
from deployments.settings import LimitSettings
from deployments.telemetry import BACKENDS, Reporter
from deployments.uploads import Uploads
from jobs.local import poses, routed
from jobs.model import FileRecord, Job, JobEvent, JobId, NewJob
from jobs.options import priced, resolved
from moldar import wire
from pipelines.errors import (
    CapacityError,
    IdempotencyConflict,
    InputError,
    InvalidInput,
    JobNotFound,
    ModeratedPrompt,
    Saturated,
)
from pipelines.pricing import PriceBook, QuoteRequest, check_order
from pipelines.prompt.types import PromptAnalysis
from pipelines.routing import BackendState, Plan, Request

LOCAL_CALLER: Final = "local"  # until keys say who calls
IDLE_S: Final = 15.0  # browsers and proxies drop streams that are silent for longer


@dataclass(frozen=True, slots=True)
class Handles:
    """The deployments that the gateway calls."""

    prompt_analysis: Handle
    router: Handle
    studio: Handle
    conversion: Handle
    quoting: Handle
    telemetry: Handle


@dataclass(frozen=True, slots=True)
class Membership:
    """The batch that a request is part of, and what identifies the whole of it."""

    id: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A job that may be written, and the pictures that it names, by their keys."""

    job: NewJob
    pictures: tuple[tuple[str, bytes], ...]


class Gateway:
    """One ingress replica. Holds no job: every answer comes from the record."""

    def __init__(
        self, handles: Handles, stores: tuple[str, str], limits: LimitSettings, book: PriceBook, log_level: str
    ) -> None:
        configure(log_level)
        database_url, artifacts_url = stores
        self.limits = limits
        self._book = book
        self.materials = mapping.material_list(book).model_dump_json().encode()
        self._handles = handles
        self._jobs = Database(database_url)
        self._artifacts = Artifacts(artifacts_url)
        self._feed = EventFeed(self._jobs)
        self.finished = Finished(handles, self._jobs, self._artifacts, book)
        self.uploads = Uploads(handles.conversion, handles.quoting)
        self.reporter = Reporter(lambda batch: call(handles.telemetry, "record", batch))
        self.log = structlog.get_logger()

    def __serve_build_asgi_app__(self) -> FastAPI:
        """The HTTP interface; Ray Serve asks for it once this replica is made."""
        return create_api(self)

    async def submit(self, request: wire.GenerationRequest, idempotency_key: str | None = None) -> wire.Generation:
        """Accept one generation: when this returns it is in the record and will end. Raises errors of the tree."""
        return mapping.generation((await self._record([await self._prepare(request, idempotency_key)]))[0])

    async def accept_batch(self, request: wire.BatchRequest, idempotency_key: str | None = None) -> wire.Batch:
        """Accept many generations, all or none."""
        batch = Membership(f"bat_{uuid.uuid4().hex}", mapping.fingerprint(request))
        new = []
        for number, one in enumerate(request.generations):
            # One after the other: a batch must not crowd out single requests. They are written together, so that
            # their keys are known together or not at all.
            key = f"{idempotency_key}#{number}" if idempotency_key else None
            new.append(await self._prepare(one, key, batch))
        jobs = await self._record(new)
        return mapping.batch(jobs[0].batch_id or batch.id, jobs)

    async def get(self, generation_id: str) -> wire.Generation:
        """One generation. Raises JobNotFound."""
        return await self._described(await self._jobs.get(generation_id))

    async def get_batch(self, batch_id: str) -> wire.Batch:
        """One batch. Raises JobNotFound."""
        return mapping.batch(batch_id, await self._jobs.batch(LOCAL_CALLER, batch_id))

    async def page(self, cursor: str | None, limit: int) -> wire.GenerationPage:
        """Some generations, the newest first. Raises InvalidInput for a cursor that was not ours."""
        before = mapping.read_cursor(cursor) if cursor else None
        jobs = await self._jobs.page(LOCAL_CALLER, before, limit + 1)
        following = mapping.cursor(jobs[limit - 1].sequence) if len(jobs) > limit else None
        return wire.GenerationPage(items=tuple(mapping.generation(job) for job in jobs[:limit]), next_cursor=following)

    async def wait(self, generation_id: str, timeout_s: float) -> wire.Generation:
        """The generation once it has ended, or as it stands after `timeout_s`. Raises JobNotFound."""
        if not (await self._jobs.get(generation_id)).is_terminal:
            try:
                async with asyncio.timeout(timeout_s):
                    async for _ in self.events_of(generation_id, None):
                        pass
            except TimeoutError:
                pass
        return await self.get(generation_id)

    async def cancel(self, generation_id: str) -> wire.Generation:
        """Cancel: at once where it waits, by telling its holder where it runs, without effect where it has ended."""
        job = await self._jobs.request_cancel(generation_id, wall_clock())
        if not job.is_terminal:
            # The holder also reads the wish when it renews its lease; this only makes it soon.
            self._handles.studio.broadcast("stop", job.id)
        return await self._described(job)

    async def erase(self, generation_id: str) -> None:
        """Cancel it, hide it for ever, and have its files removed. Raises JobNotFound."""
        await self._jobs.erase(generation_id, wall_clock())
        self._handles.studio.broadcast("stop", generation_id)

    async def record_of(self, generation_id: str, name: str) -> FileRecord:
        """One file of the result by its listed name. Raises JobNotFound, InvalidInput."""
        job = await self._jobs.get(generation_id)
        found = next((record for record in job.files() if record.name == name), None)
        if found is None:
            raise JobNotFound(f"{generation_id}/files/{name}")
        return found

    async def content(self, record: FileRecord, start: int, end: int) -> bytes:
        """Bytes start..end of a stored file."""
        if (start, end) == (0, record.bytes):
            return await self._artifacts.get(record.key)
        return await self._artifacts.slice(record.key, start, end)

    async def file(self, generation_id: str, name: str) -> bytes:
        """One whole file of the result."""
        record = await self.record_of(generation_id, name)
        return await self.content(record, 0, record.bytes)

    async def requote(self, generation_id: str, request: wire.QuoteRequest) -> wire.Quote:
        """Another price of a finished solid, without generating it again. Raises JobNotFound, InvalidInput."""
        return await self.finished.requote(generation_id, request)

    async def repair(self, generation_id: str, request: wire.RepairRequest) -> wire.GenerationRepair:
        """Repairs of a finished solid. Raises JobNotFound, InvalidInput, GeometryError."""
        return await self.finished.repair(generation_id, request)

    async def repairs(self, generation_id: str) -> wire.RepairList:
        """The repairs of a generation. Raises JobNotFound."""
        return await self.finished.repairs(generation_id)

    async def analyse(self, request: wire.AnalysisRequest) -> wire.AnalysisResponse:
        """What would happen if the request were made now; nothing is accepted or spent. Refusals are in the answer."""
        found = mapping.NO_PROMPT
        try:
            if request.prompt:
                found = cast("PromptAnalysis", await call(self._handles.prompt_analysis, "read", request.prompt))
        except ModeratedPrompt as refusal:
            moderation = wire.Moderation(category=refusal.category, reason=refusal.reason)
            return wire.AnalysisResponse(plan=(), moderation=moderation)
        shown = mapping.analysis(found) if request.prompt else None
        try:
            _check_cameras(request)
            self._checked_order(request, found)
            plan = cast("Plan", await call(self._handles.router, "plan", _routing(request), found))
        except (InputError, CapacityError) as refusal:
            return wire.AnalysisResponse(analysis=shown, plan=mapping.refused(refusal))
        usual = await self._jobs.recent_seconds()  # None before the first job: then nothing is known, and nothing said
        cost = None if usual is None else wire.Cost(amount_minor=0, currency="USD", seconds=usual)
        return wire.AnalysisResponse(analysis=shown, plan=mapping.plan_steps(plan), cost=cost)

    async def backends(self) -> wire.BackendList:
        """Who can serve, and why not."""
        states = cast("tuple[BackendState, ...]", await call(self._handles.router, "backends"))
        load = await self._jobs.load()
        return mapping.backends(states, dict(load.queued), dict(load.running))

    async def metrics(self) -> bytes:
        """The text exposition of all metrics."""
        load = await self._jobs.load()
        # From the record, where every studio's jobs are, rather than summed over reports that may be lost.
        queued, running = dict(load.queued), dict(load.running)
        for backend in BACKENDS:
            self.reporter.level("moldar_queue_depth", queued.get(backend, 0), backend)
            self.reporter.level("moldar_in_flight", running.get(backend, 0), backend)
        await self.reporter.flush()
        return cast("bytes", await call(self._handles.telemetry, "render"))

    async def ready(self) -> wire.Health:
        """Whether the record can be written to and every deployment answers."""
        checks = [await _check("database", self._jobs.last_event())]
        checks.append(await _check("router", call(self._handles.router, "backends")))
        checks.append(await _check("studio", call(self._handles.studio, "wake")))
        return mapping.health(tuple(checks))

    async def events_of(self, generation_id: str, last: int | None) -> AsyncIterator[JobEvent | None]:
        """One job's log after `last`, ending with the job; None now and then while nothing happens."""
        cursor = last or 0
        job = await self._jobs.get(generation_id)
        newest = await self._jobs.last_event()
        for event in await self._jobs.events_of(generation_id, cursor, 10_000):
            cursor = event.id
            yield event
            if mapping.is_final(event):
                return
        if job.is_terminal:
            return  # its last event was seen before
        async for live in self._feed.follow(max(cursor, newest), lambda e: e.job_id == generation_id, IDLE_S):
            yield live
            if live is not None and mapping.is_final(live):
                return

    async def all_events(self, last: int | None) -> AsyncIterator[JobEvent | None]:
        """The log of all of a caller's jobs after `last`, or from now on; it never ends."""
        async for event in self._feed.follow(last, lambda e: e.caller == LOCAL_CALLER, IDLE_S):
            yield event

    async def _prepare(
        self, request: wire.GenerationRequest, idempotency_key: str | None, batch: Membership | None = None
    ) -> Prepared:
        if request.webhook_url is not None:
            raise InvalidInput("webhook_url: this version sends no webhooks; follow the generation's events instead.")
        _check_cameras(request)
        analysis = mapping.NO_PROMPT
        if request.prompt:
            analysis = cast("PromptAnalysis", await call(self._handles.prompt_analysis, "understand", request.prompt))
        order = self._checked_order(request, analysis)
        if request.source is not None:
            await call(self._handles.quoting, "check_source", order)
        plan = cast("Plan", await call(self._handles.router, "plan", _routing(request), analysis))
        job_id = JobId(f"gen_{uuid.uuid4().hex}")
        pictures = tuple([await self._picture(job_id, image) for image in request.images])
        new = NewJob(
            id=job_id,
            caller=LOCAL_CALLER,
            request=mapping.job_request(request, tuple(key for key, _ in pictures)),
            analysis=analysis,
            plan=plan,
            created_at=wall_clock(),
            batch_id=batch.id if batch else None,
            idempotency_key=idempotency_key,
            fingerprint=batch.fingerprint if batch else mapping.fingerprint(request),
        )
        return Prepared(new, pictures)

    def _checked_order(self, request: wire.GenerationRequest, analysis: PromptAnalysis) -> QuoteRequest:
        """What the quote will be asked, once the price book is known to have it. Raises InvalidInput."""
        order = priced(resolved(mapping.job_request(request, ()).options, analysis))
        check_order(order, self._book)
        return order

    async def _picture(self, job_id: JobId, image: str) -> tuple[str, bytes]:
        data = wire.image_bytes(image)
        if data is None:
            raise InvalidInput(f"There is no {image}; send the picture itself.")
        png = cast("bytes", await call(self._handles.prompt_analysis, "sanitise", data))
        return f"jobs/{job_id}/input/{hashlib.sha256(png).hexdigest()}.png", png

    async def _record(self, prepared: Sequence[Prepared]) -> list[Job]:
        new = [one.job for one in prepared]
        waiting = await self._jobs.waiting()
        if waiting + len(new) > self.limits.queued_jobs:
            raise Saturated(new[0].plan.chosen, (await self._jobs.recent_seconds() or 1.0) * len(new))
        # Pictures before the row that names them, and after everything that may refuse it.
        for key, png in (picture for one in prepared for picture in one.pictures):
            await self._artifacts.put(key, png)
        try:
            jobs = await self._jobs.accept(new)
        except IdempotencyConflict:
            await self._forget_pictures(prepared, kept=())
            raise
        await self._forget_pictures(prepared, kept=[job.id for job in jobs])
        self._handles.studio.wake.remote()
        return jobs

    async def _forget_pictures(self, prepared: Sequence[Prepared], kept: Sequence[JobId]) -> None:
        """Remove what was stored for jobs that an idempotency key answered with an earlier one."""
        for one in prepared:
            if one.pictures and one.job.id not in kept:
                await self._artifacts.delete_prefix(f"jobs/{one.job.id}")

    async def _described(self, job: Job) -> wire.Generation:
        if job.is_terminal:
            return mapping.generation(job)
        ahead = await self._jobs.waiting(job.sequence) if job.started_at is None else None
        usual = await self._jobs.recent_seconds()
        eta_s = usual * ((ahead or 0) + 1) if usual is not None else None
        return mapping.generation(job, ahead, eta_s)


def _check_cameras(request: wire.GenerationRequest) -> None:
    """Refuse poses that are none before anything is accepted. Raises InvalidInput."""
    if request.cameras:
        poses(mapping.job_request(request, ()).cameras)


def _routing(request: wire.GenerationRequest) -> Request:
    return routed(mapping.job_request(request, request.images))


async def _check(name: str, work: Any) -> wire.Check:
    try:
        await asyncio.wait_for(work, 5.0)
    except Exception as error:  # noqa: BLE001 - a probe reports every failure, it does not pass it on
        return wire.Check(name=name, ok=False, detail=str(error).splitlines()[0] if str(error) else repr(error))
    return wire.Check(name=name, ok=True)
