"""Keeps one holder's jobs moving: claims while there is room, renews leases, stops what was cancelled, sweeps.

Ray-free: `deployments/studio.py` is its thin shell. Time is a clock that is passed in; waiting is asyncio's.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from jobs.model import Job, JobId, Lease
from jobs.ports import ArtifactStore, Clock, JobStore, LeaseLost
from jobs.runner import Runner
from pipelines.errors import MoldarError


@dataclass(frozen=True, slots=True)
class Shift:
    """How one holder works."""

    owner: str  # unique to this process: a restarted holder is another one
    concurrency: int = 4
    lease_s: float = 10.0
    poll_s: float = 1.0


class Foreman:
    """One holder. `work` runs until it is cancelled; `wake` says that there may be something new."""

    def __init__(self, jobs: JobStore, artifacts: ArtifactStore, runner: Runner, clock: Clock, shift: Shift) -> None:
        self._jobs = jobs
        self._artifacts = artifacts
        self._runner = runner
        self._clock = clock
        self._shift = shift
        self._running: dict[JobId, tuple[Job, asyncio.Task[str]]] = {}
        self._stopped_by_owner: set[JobId] = set()
        self._chores: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Look for work now rather than at the next poll."""
        self._news.set()

    @property
    def in_flight(self) -> int:
        """Jobs at work here."""
        return len(self._running)

    async def work(self) -> None:
        """Claim, renew and sweep for ever. A database that is away for a while only delays."""
        async with asyncio.TaskGroup() as duties:
            duties.create_task(self._claim_forever())
            duties.create_task(self._renew_forever())
            duties.create_task(self._sweep_forever())

    async def stop(self, job_id: str) -> None:
        """Stop one job at once if it is held here; its owner cancelled it."""
        held = self._running.get(JobId(job_id))
        if held is not None:
            self._stopped_by_owner.add(held[0].id)
            held[1].cancel()

    async def hand_back(self) -> None:
        """Shut down in good order: stop every job and let another holder have it at once."""
        held = list(self._running.values())
        for _, task in held:
            task.cancel()
        await asyncio.gather(*(task for _, task in held), return_exceptions=True)
        for job, _ in held:
            with contextlib.suppress(LeaseLost, MoldarError):
                await self._jobs.release(job.id, _token(job))

    async def _claim_forever(self) -> None:
        while True:
            self._news.clear()
            with contextlib.suppress(MoldarError):
                while self.in_flight < self._shift.concurrency and await self._claim_one():
                    pass
            # Not wait_for: on Python 3.11 it swallows a cancellation that comes in the same moment as the news.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._shift.poll_s):
                    await self._news.wait()

    async def _claim_one(self) -> bool:
        job = await self._jobs.claim(self._shift.owner, self._clock(), self._shift.lease_s)
        if job is None:
            return False
        task = asyncio.get_running_loop().create_task(self._runner.run(job), name=job.id)
        self._running[job.id] = (job, task)
        task.add_done_callback(lambda done: self._ended(job, done))
        return True

    def _ended(self, job: Job, task: asyncio.Task[str]) -> None:
        # A job that was taken over from this very holder runs here under a higher token: keep that one.
        if self._running.get(job.id, (None, None))[1] is task:
            del self._running[job.id]
        if task.cancelled() and job.id in self._stopped_by_owner:
            self._stopped_by_owner.discard(job.id)
            self._background(self._runner.stop(job))
        elif not task.cancelled() and task.exception() is not None:
            # A store is away or full, or the runner has a bug: the job is taken up again, later each time.
            self._background(self._give_up(job))
        self.wake()

    async def _give_up(self, job: Job) -> None:
        await asyncio.sleep(self._shift.poll_s * job.claims)
        await self._jobs.release(job.id, _token(job))

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _renew_forever(self) -> None:
        while True:
            # Three chances before the lease runs out.
            await asyncio.sleep(self._shift.lease_s / 3)
            with contextlib.suppress(MoldarError):
                # Only what is at work here: the lease of a job that was lost on the way (claimed or given back while
                # the database failed) must run out, or nobody would ever take it up again.
                at_work = tuple(self._running)
                for held in await self._jobs.renew(self._shift.owner, at_work, self._clock(), self._shift.lease_s):
                    if held.stop:
                        await self.stop(held.job_id)

    async def _sweep_forever(self) -> None:
        while True:
            with contextlib.suppress(MoldarError):
                for job_id in await self._jobs.erasable(self._clock()):
                    # Files first: a crash in between leaves the row, and the row is what brings the sweep back.
                    await self._artifacts.delete_prefix(f"jobs/{job_id}")
                    await self._jobs.purge(job_id)
            await asyncio.sleep(self._shift.poll_s * 5)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(LeaseLost, MoldarError):
        await work


def _token(job: Job) -> int:
    lease: Lease | None = job.lease
    assert lease is not None, "only claimed jobs are held"
    return lease.token
