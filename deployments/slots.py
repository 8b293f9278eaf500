"""A holder's side of the router's slots: asks for them, says that they are in use, and gives them back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from deployments.calls import Handle, call
from deployments.router import ANNOUNCE_S, Held, Word
from jobs.model import Job
from pipelines.errors import BackendFailed, DeadlineExceeded, MoldarError, UpstreamError
from pipelines.routing import BackendName, Ending, Memory

AGAIN_S: Final = 0.25  # between asking a router that has just died and asking its successor
TRIES: Final = 120  # half a minute; Serve brings the successor within seconds


class SlotHolder:
    """The slots that the jobs of one studio hold or wait for."""

    def __init__(self, router: Handle, owner: str, concurrency: int) -> None:
        self._router, self._owner, self._concurrency = router, owner, concurrency
        self._tickets: dict[str, tuple[BackendName, bool]] = {}  # and whether the slot is granted
        self._memories: tuple[Memory, ...] = ()

    @contextlib.asynccontextmanager
    async def slot(self, job: Job) -> AsyncIterator[None]:
        """A slot of the backend that the job's plan has chosen, for as long as the block runs.

        Raises:
            DeadlineExceeded: the slot would come, or came, after the job's deadline.
            BackendFailed: no router answers.
        """
        assert job.lease is not None, "only claimed jobs are run"
        ticket, backend = f"{job.id}#{job.lease.token}", job.plan.chosen
        ending: Ending = "silent"
        self._tickets[ticket] = (backend, False)
        try:
            await self._acquire(ticket, backend, job)
            self._tickets[ticket] = (backend, True)
            yield
            ending = "succeeded"
        except UpstreamError:
            ending = "failed"
            raise
        finally:
            del self._tickets[ticket]
            # Not awaited: the work is not to wait for the word that it is over, and a lost word ends with its lease.
            self._router.release.remote(ticket, backend, ending)

    async def announce_forever(self) -> None:
        """Say now and then what is held. A router that is away is told by the next word."""
        while True:
            with contextlib.suppress(MoldarError):
                self._memories = await call(self._router, "announce", self._word()) or self._memories
            await asyncio.sleep(ANNOUNCE_S)

    def _word(self) -> Word:
        held = tuple(
            Held(
                backend,
                tuple(name for name, (of, granted) in self._tickets.items() if of == backend and granted),
                tuple(name for name, (of, granted) in self._tickets.items() if of == backend and not granted),
            )
            for backend in {backend for backend, _ in self._tickets.values()}
        )
        return Word(self._owner, self._concurrency, held, self._memories)

    async def _acquire(self, ticket: str, backend: BackendName, job: Job) -> None:
        start_by = float("inf") if job.request.deadline_s is None else job.created_at + job.request.deadline_s
        for attempt in range(1, TRIES + 1):
            try:
                decision = await call(self._router, "acquire", ticket, backend, start_by)
            except BackendFailed:
                if attempt == TRIES:
                    raise
                decision = "lost"
            if decision == "granted":
                return
            if decision == "late":
                raise DeadlineExceeded(job.request.deadline_s or 0.0)
            await asyncio.sleep(AGAIN_S)
        raise BackendFailed("The router gave this job's place away again and again.")
