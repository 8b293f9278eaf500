"""What the application needs of the world. `adapters/` and `deployments/` fulfil these; tests may too."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from jobs.lifecycle import Stage
from jobs.model import (
    Checkpoint,
    Converted,
    Failure,
    FilePayload,
    Generated,
    Held,
    Job,
    JobEvent,
    JobId,
    Load,
    NewJob,
    Note,
    StoredQuote,
    StoredRepair,
)
from pipelines.geometry import TriangleMesh
from pipelines.pricing import Quote, QuoteRequest
from pipelines.printability import PrintReport

Clock = Callable[[], float]
"""Seconds since the epoch."""

Progress = Callable[[float], Awaitable[None]]
"""Told the share of a stage that is done, 0..1. It may raise `LeaseLost`: the work is then to stop."""


class LeaseLost(Exception):
    """Somebody else holds the job now, or it was erased. Whoever sees this writes nothing more and stops."""


class JobStore(Protocol):
    """The record. Every method is one transaction; events are appended inside it.

    A method that takes a `token` is fenced: it raises `LeaseLost` unless the job is running under that very token.
    """

    async def accept(self, jobs: Sequence[NewJob]) -> list[Job]:
        """Write new jobs, all or none. A known idempotency key answers with its earlier job instead.

        Raises:
            IdempotencyConflict: the key is known with another fingerprint.
            StorageFailed: nothing was written.
        """

    async def get(self, job_id: str) -> Job:
        """One job. Raises JobNotFound."""

    async def page(self, caller: str, before: int | None, limit: int) -> list[Job]:
        """Newest first, those with a sequence below `before`."""

    async def batch(self, caller: str, batch_id: str) -> list[Job]:
        """The jobs of a batch in the order they were asked. Raises JobNotFound."""

    async def waiting(self, sequence: int | None = None) -> int:
        """How many jobs are queued, or how many of them come before `sequence`."""

    async def load(self) -> Load:
        """How many jobs wait and run, by backend."""

    async def recent_seconds(self) -> float | None:
        """Median running time of the last succeeded jobs, None before the first."""

    async def claim(self, owner: str, now: float, lease_s: float) -> Job | None:
        """Take the oldest job that is queued or whose lease has expired; its token grows by one."""

    async def renew(self, owner: str, held: Collection[JobId], now: float, lease_s: float) -> list[Held]:
        """Push out the leases of those of `held` that are still `owner`'s, and report which of them should stop."""

    async def release(self, job_id: JobId, token: int) -> None:
        """Hand a job back at once: its lease expires now."""

    async def begin(self, job_id: JobId, token: int, stage: Stage, now: float) -> None:
        """A stage starts: its attempt is recorded before the work is."""

    async def note(self, job_id: JobId, token: int, note: Note, now: float) -> None:
        """Log something about the stage that is under way. Fenced, like every other word about a job."""

    async def finish_stage(self, job_id: JobId, token: int, done: Checkpoint, then: Stage | None) -> None:
        """A stage is stored; the next one's attempt begins in the same transaction."""

    async def succeed(self, job_id: JobId, token: int, now: float) -> None:
        """The job is done."""

    async def fail(self, job_id: JobId, token: int, failure: Failure, now: float) -> None:
        """The job failed for good."""

    async def cancel(self, job_id: JobId, token: int, now: float) -> None:
        """The holder has stopped the work its owner cancelled."""

    async def request_cancel(self, job_id: str, now: float) -> Job:
        """Cancel a queued job at once, ask the holder of a running one to stop; no effect on a terminal one."""

    async def erase(self, job_id: str, now: float) -> None:
        """Hide a job for ever and let `sweep` remove what it stored."""

    async def erasable(self, now: float) -> list[JobId]:
        """Erased jobs that nobody holds any more."""

    async def purge(self, job_id: JobId) -> None:
        """Remove the rows of an erased job."""

    async def events_after(self, last: int, limit: int) -> list[JobEvent]:
        """The log from `last` on, in order."""

    async def events_of(self, job_id: str, last: int, limit: int) -> list[JobEvent]:
        """One job's log from `last` on, in order."""

    async def last_event(self) -> int:
        """The newest event's id, 0 before the first."""

    async def keep_quote(self, stored: StoredQuote) -> None:
        """Remember a quote made after the job."""

    async def keep_repair(self, job_id: str, made: Callable[[int], StoredRepair]) -> None:
        """Remember a repair made after the job; `made` is told its number, from 1, and may refuse it.

        Raises:
            JobNotFound: the job was erased meanwhile.
        """

    async def repairs(self, job_id: str) -> list[StoredRepair]:
        """The repairs of a job, in order of their numbers. Raises JobNotFound."""


class ArtifactStore(Protocol):
    """Bytes under keys. `put` is atomic and durable when it returns."""

    async def put(self, key: str, data: bytes) -> None:
        """Raises StorageFailed, for instance when the disk is full."""

    async def get(self, key: str) -> bytes:
        """Raises StorageFailed when there is nothing under the key."""

    async def find(self, key: str) -> bytes | None:
        """What is under the key, None where there is nothing."""

    async def slice(self, key: str, start: int, end: int) -> bytes:
        """Bytes start..end, end exclusive."""

    async def delete_prefix(self, prefix: str) -> None:
        """Remove everything below; nothing there is no error."""


class Stages(Protocol):
    """The stages as the runner calls them. Cancelling a call stops its work where that can be stopped."""

    async def generate(self, job: Job, images: Sequence[bytes], progress: Progress) -> Generated: ...

    async def draft(self, job: Job, shape: Generated) -> FilePayload:
        """A coarse solid of Gaussians to look at until the final one is made."""

    async def convert(self, job: Job, shape: Generated) -> Converted: ...

    async def inspect(self, mesh: TriangleMesh, material: str) -> PrintReport: ...

    async def quote(self, mesh: TriangleMesh, report: PrintReport, request: QuoteRequest) -> Quote: ...


class Observer(Protocol):
    """Where durations and outcomes are counted. Never blocks, never raises."""

    def stage(self, stage: Stage, backend: str, outcome: str, seconds: float) -> None: ...

    def started(self, job: Job, waited_s: float) -> None: ...

    def inspected(self, job: Job, report: PrintReport) -> None: ...

    def ended(self, job: Job, outcome: str, seconds: float) -> None: ...
