"""One claimed job from where it stands to its end. Whoever holds the lease is the only writer.

The runner does not claim, renew or sweep: the studio does. It does not know Ray: the stages are a Protocol.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from jobs.checkpoints import (
    PLACEMENT,
    PROVENANCE,
    QUOTE,
    REPORT,
    Placement,
    converted_files,
    generated_files,
    load_generated,
    load_solid,
    report_of,
    store,
)
from jobs.lifecycle import Stage, following, within
from jobs.model import (
    Checkpoint,
    Converted,
    Failure,
    FilePayload,
    FileRecord,
    Generated,
    Job,
    JobId,
    Lease,
    Note,
)
from jobs.options import priced, print_options
from jobs.ports import ArtifactStore, Clock, JobStore, LeaseLost, Observer, Stages
from pipelines.errors import BackendFailed, DeadlineExceeded, MoldarError, SlicerFailed, StorageFailed, UpstreamError
from pipelines.geometry import TriangleMesh
from pipelines.printability import PrintReport

Output = TypeVar("Output")


@dataclass(frozen=True, slots=True)
class Policy:
    """How often work is tried again before its owner is told that it failed."""

    max_claims: int = 5  # holders that may die with one job before the job is taken to be what kills them
    # Tries of one free stage when something behind it fails: with the back-off 7.5 s, within which Serve finds a sick
    # replica unhealthy three times and routes around it.
    stage_tries: int = 5
    backoff_s: float = 0.5  # before the second try; doubles
    draft_s: float = 5.0  # for a draft of the solid: one that waits longer for its worker comes hardly before the solid
    note_s: float = 0.25  # between two words about a stage's progress: enough for a bar, nothing to the database


@dataclass(frozen=True, slots=True)
class Tools:
    """What a job is run with."""

    jobs: JobStore
    artifacts: ArtifactStore
    stages: Stages
    observer: Observer
    clock: Clock
    policy: Policy = Policy()


class Runner:
    """Runs claimed jobs, stage by stage. One instance serves many jobs at once."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def run(self, job: Job) -> str:
        """Run to the end and return the outcome: succeeded, failed, canceled or lost (to another holder).

        Cancelling this coroutine stops the work and writes nothing: the caller then says `stop` or releases the lease.

        Raises:
            StorageFailed: a store is away or full; the job is to be released and taken up again later.
        """
        token = _lease(job).token
        began = self._tools.clock()
        self._tools.observer.started(job, began - job.created_at)
        try:
            outcome = await self._run(job, token)
        except StorageFailed:
            self._tools.observer.ended(job, "lost", self._tools.clock() - began)
            raise
        self._tools.observer.ended(job, outcome, self._tools.clock() - began)
        return outcome

    async def stop(self, job: Job) -> None:
        """Write down that the work of a job its owner cancelled has stopped."""
        outcome = "canceled"
        try:
            await self._tools.jobs.cancel(job.id, _lease(job).token, self._tools.clock())
        except LeaseLost:
            outcome = "lost"
        self._tools.observer.ended(job, outcome, self._tools.clock() - (job.started_at or job.created_at))

    async def _run(self, job: Job, token: int) -> str:
        try:
            if job.cancel_requested:
                await self._tools.jobs.cancel(job.id, token, self._tools.clock())
                return "canceled"
            self._refuse_killer(job)
            async with asyncio.timeout(self._remaining(job)):
                await _Run(self._tools, job, token).to_the_end()
            await self._tools.jobs.succeed(job.id, token, self._tools.clock())
        except LeaseLost:
            return "lost"
        except TimeoutError:
            return await self._fail(job.id, token, DeadlineExceeded(job.request.deadline_s or 0.0))
        except StorageFailed as error:
            if job.claims < self._tools.policy.max_claims:
                raise
            return await self._fail(job.id, token, error)
        except MoldarError as error:
            return await self._fail(job.id, token, error)
        return "succeeded"

    def _refuse_killer(self, job: Job) -> None:
        if job.claims > self._tools.policy.max_claims:
            raise BackendFailed(f"The workers that held this job died {job.claims - 1} times in a row.")

    def _remaining(self, job: Job) -> float | None:
        if job.request.deadline_s is None:
            return None
        return job.created_at + job.request.deadline_s - self._tools.clock()

    async def _fail(self, job_id: JobId, token: int, error: MoldarError) -> str:
        failure = Failure(error.code, str(error), error.retryable)
        try:
            await self._tools.jobs.fail(job_id, token, failure, self._tools.clock())
        except LeaseLost:
            return "lost"
        return "failed"


_FIRST: Final = Stage.GENERATION  # the analysis is done, and stored with the row, before a job is accepted


class _Run:
    """One job under one token: the outputs in hand, so that live stages need not read them back."""

    def __init__(self, tools: Tools, job: Job, token: int) -> None:
        self._tools = tools
        self._job = job
        self._token = token
        self._shape: Generated | None = None
        self._mesh: TriangleMesh | None = None
        self._report: PrintReport | None = None
        self._noted_at = 0.0
        self._noted = 0.0

    async def to_the_end(self) -> None:
        """Every stage that has no checkpoint yet, in order."""
        stage = next((s for s in _stages() if self._job.checkpoint(s) is None), None)
        if stage is None:
            return
        await self._tools.jobs.begin(self._job.id, self._token, stage, self._tools.clock())
        while stage is not None:
            stage = await self._step(stage)

    async def _step(self, stage: Stage) -> Stage | None:
        work = {
            Stage.GENERATION: self._generate,
            Stage.CONVERSION: self._convert,
            Stage.PRINTABILITY: self._inspect,
            Stage.QUOTE: self._quote,
        }[stage]
        (payloads, document), seconds = await self._timed(stage, work)
        files = await self._store(stage, payloads)
        then = following(stage)
        done = Checkpoint(stage, self._token, files, document, self._tools.clock(), seconds)
        await self._tools.jobs.finish_stage(self._job.id, self._token, done, then)
        return then

    async def _timed(self, stage: Stage, work: Callable[[], Awaitable[Output]]) -> tuple[Output, float]:
        """The output of one stage and how long it took; failures behind a free stage are tried again."""
        backend = self._job.plan.chosen
        for attempt in range(1, self._tools.policy.stage_tries + 1):
            began = self._tools.clock()
            try:
                output = await work()
            except UpstreamError as error:
                self._tools.observer.stage(stage, backend, "failed", self._tools.clock() - began)
                # A slicer says the same of the same part: trying again would only take its time again.
                if attempt == self._tools.policy.stage_tries or isinstance(error, SlicerFailed):
                    raise
                await self._note(Note("retried", stage, attempt=attempt + 1, reason=str(error)))
                await asyncio.sleep(self._tools.policy.backoff_s * 2 ** (attempt - 1))
            except MoldarError:
                self._tools.observer.stage(stage, backend, "refused", self._tools.clock() - began)
                raise
            else:
                seconds = self._tools.clock() - began
                self._tools.observer.stage(stage, backend, "succeeded", seconds)
                return output, seconds
        raise AssertionError("unreachable: the loop returns or raises")

    async def _note(self, note: Note) -> None:
        await self._tools.jobs.note(self._job.id, self._token, note, self._tools.clock())

    async def _progress(self, share: float) -> None:
        """Log how far the generation is: now and then, and never backwards, as a second try would have it."""
        progress, now = within(Stage.GENERATION, share), self._tools.clock()
        if progress > self._noted and now - self._noted_at >= self._tools.policy.note_s:
            self._noted, self._noted_at = progress, now
            await self._note(Note("progress", Stage.GENERATION, progress=round(progress, 4)))

    async def _store(self, stage: Stage, payloads: tuple[FilePayload, ...]) -> tuple[FileRecord, ...]:
        # The token is in the key, so that a holder that was fenced off cannot overwrite its successor's files.
        return await store(self._tools.artifacts, f"jobs/{self._job.id}/{stage}-{self._token}", payloads)

    async def _generate(self) -> tuple[tuple[FilePayload, ...], str]:
        images = [await self._tools.artifacts.get(key) for key in self._job.request.images]
        self._shape = await self._tools.stages.generate(self._job, images, self._progress)
        files = (*generated_files(self._shape), *await self._drafts(self._shape))
        return files, PROVENANCE.dump_json(self._shape.provenance).decode()

    async def _drafts(self, shape: Generated) -> tuple[FilePayload, ...]:
        """A solid to look at while the final one is made, of splats alone; the job goes on without one that fails."""
        if shape.gaussians is None:
            return ()
        try:
            async with asyncio.timeout(self._tools.policy.draft_s):
                return (await self._tools.stages.draft(self._job, shape),)
        except (MoldarError, TimeoutError):
            return ()

    async def _convert(self) -> tuple[tuple[FilePayload, ...], str]:
        solid: Converted = await self._tools.stages.convert(self._job, await self._current_shape())
        self._mesh = solid.mesh
        return converted_files(solid), PLACEMENT.dump_json(Placement(solid.transform, solid.repairs)).decode()

    async def _inspect(self) -> tuple[tuple[FilePayload, ...], str]:
        material = print_options(self._job).material
        self._report = await self._tools.stages.inspect(await self._current_mesh(), material)
        self._tools.observer.inspected(self._job, self._report)
        document = REPORT.dump_json(self._report, indent=2)
        return (FilePayload("printability.json", "application/json", document),), document.decode()

    async def _quote(self) -> tuple[tuple[FilePayload, ...], str]:
        report = self._report or report_of(self._job)
        assert report is not None, "the report is stored before the quote begins"
        request = priced(print_options(self._job))
        quote = await self._tools.stages.quote(await self._current_mesh(), report, request)
        document = QUOTE.dump_json(quote, indent=2)
        return (FilePayload("quote.json", "application/json", document),), document.decode()

    async def _current_shape(self) -> Generated:
        if self._shape is None:
            done = self._job.checkpoint(Stage.GENERATION)
            assert done is not None, "the shape is stored before its conversion begins"
            self._shape = await load_generated(self._tools.artifacts, done)
        return self._shape

    async def _current_mesh(self) -> TriangleMesh:
        if self._mesh is None:
            self._mesh = await load_solid(self._tools.artifacts, self._job)
        assert self._mesh is not None, "the solid is stored before it is inspected"
        return self._mesh


def _stages() -> list[Stage]:
    order = list(Stage)
    return order[order.index(_FIRST) :]


def _lease(job: Job) -> Lease:
    assert job.lease is not None, "only claimed jobs are run"
    return job.lease
