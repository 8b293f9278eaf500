"""Serve shell around `jobs`: runs the jobs of one holder, calling the stage deployments through their handles."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import structlog

from adapters.artifacts import Artifacts
from adapters.clock import wall_clock
from adapters.database import Database
from deployments.calls import Handle, call, running_replicas, stream
from deployments.logs import configure
from deployments.settings import StudioSettings
from deployments.slots import SlotHolder
from deployments.telemetry import JobObserver, Reporter
from jobs.foreman import Foreman, Shift
from jobs.model import Converted, FilePayload, Generated, Job
from jobs.ports import Progress
from jobs.runner import Policy, Runner, Tools
from pipelines.errors import BackendFailed, Saturated
from pipelines.geometry import TriangleMesh
from pipelines.pricing import Quote, QuoteRequest
from pipelines.printability import PrintReport

LOOK_S: Final = 5.0  # between looks whether the pool has any replica, while a job waits for its first word


@dataclass(frozen=True, slots=True)
class StageHandles:
    """The deployments that compute the stages."""

    embedded: Handle
    lgm: Handle
    conversion: Handle
    quoting: Handle
    router: Handle


class HandleStages:
    """`jobs.ports.Stages` on deployment handles."""

    def __init__(self, handles: StageHandles, slots: SlotHolder, start_s: float) -> None:
        self._to = handles
        self._slots = slots
        self._start_s = start_s

    async def generate(self, job: Job, images: Sequence[bytes], progress: Progress) -> Generated:
        async with self._slots.slot(job):
            return await self._generate(job, images, progress)

    async def _generate(self, job: Job, images: Sequence[bytes], progress: Progress) -> Generated:
        if job.plan.chosen != "lgm":
            return cast("Generated", await call(self._to.embedded, "generate", job, tuple(images)))
        # Closed at once when a word of progress finds the lease lost: nobody wants what the models go on to make.
        async with contextlib.aclosing(stream(self._to.lgm, "generate", job, tuple(images))) as words:
            word = await self._first(words)
            while isinstance(word, float):
                await progress(word)
                word = await anext(words, None)
        if not isinstance(word, Generated):
            raise BackendFailed("The lgm worker ended without a shape.")
        return word

    async def _first(self, words: AsyncGenerator[Any, None]) -> Any:
        """The first word of the pool. Raises Saturated when no replica comes up to say it.

        Serve itself would wait for ever: for a GPU that the cluster has not, or behind a constructor that fails.
        """
        first = asyncio.ensure_future(anext(words, None))
        loop = asyncio.get_running_loop()
        alone_since = loop.time()
        try:
            while not (await asyncio.wait({first}, timeout=LOOK_S))[0]:
                if await running_replicas(self._to.lgm):
                    alone_since = loop.time()
                elif loop.time() - alone_since > self._start_s:
                    raise Saturated("lgm", self._start_s)
        finally:
            if not first.done():
                first.cancel()
                await asyncio.wait({first})
        return first.result()

    async def draft(self, job: Job, shape: Generated) -> FilePayload:
        return cast("FilePayload", await call(self._to.conversion, "draft", job, shape))

    async def convert(self, job: Job, shape: Generated) -> Converted:
        return cast("Converted", await call(self._to.conversion, "convert", job, shape))

    async def inspect(self, mesh: TriangleMesh, material: str) -> PrintReport:
        return cast("PrintReport", await call(self._to.quoting, "inspect", mesh, material))

    async def quote(self, mesh: TriangleMesh, report: PrintReport, request: QuoteRequest) -> Quote:
        return cast("Quote", await call(self._to.quoting, "quote", mesh, report, request))


class Studio:
    """One holder of jobs. Which jobs, in what order and what becomes of them is decided in `jobs`."""

    def __init__(
        self,
        stages: StageHandles,
        telemetry: Handle,
        stores: tuple[str, str],
        settings: StudioSettings,
        log_level: str,
    ) -> None:
        database_url, artifacts_url = stores
        configure(log_level)
        jobs, artifacts = Database(database_url), Artifacts(artifacts_url)
        self._reporter = Reporter(lambda batch: call(telemetry, "record", batch))
        observer = JobObserver(self._reporter)
        policy = Policy(max_claims=settings.max_claims)
        shift = Shift(f"studio-{uuid.uuid4().hex[:12]}", settings.concurrency, settings.lease_s, settings.poll_s)
        slots = SlotHolder(stages.router, shift.owner, shift.concurrency)
        runner = Runner(
            Tools(jobs, artifacts, HandleStages(stages, slots, settings.pool_start_s), observer, wall_clock, policy)
        )
        self._foreman = Foreman(jobs, artifacts, runner, wall_clock, shift)
        loop = asyncio.get_running_loop()
        self._work = loop.create_task(self._foreman.work())
        self._announcing = loop.create_task(slots.announce_forever())
        structlog.get_logger().info("studio.started", owner=shift.owner, concurrency=shift.concurrency)

    async def wake(self) -> None:
        """There is a new job."""
        self._foreman.wake()

    async def stop(self, job_id: str) -> None:
        """A job was cancelled by its owner; whoever does not hold it does nothing."""
        await self._foreman.stop(job_id)

    async def check_health(self) -> None:
        """Unhealthy once the work loop has ended: Serve then replaces this replica."""
        for duty in (self._work, self._announcing):
            if duty.done():
                raise RuntimeError("the studio's work loop has ended") from duty.exception()

    async def __del__(self) -> None:
        self._announcing.cancel()
        self._work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._work
        await self._foreman.hand_back()
