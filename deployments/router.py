"""Serve shell around `pipelines.routing`: one async replica that decides, and grants the slots of the backends."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final, Literal

from adapters.clock import wall_clock
from adapters.database import Database
from deployments.calls import Handle, call
from deployments.settings import RouterSettings
from deployments.telemetry import Reporter
from pipelines.errors import MoldarError
from pipelines.prompt.types import PromptAnalysis
from pipelines.routing import BackendName, BackendState, Desk, Ending, Line, Memory, Plan, Request, Ticket, choose

Decision = Literal["granted", "late", "lost"]
BREAKER_LEVEL: Final = {"closed": 0.0, "half_open": 1.0, "open": 2.0}
LOOK_S: Final = 1.0  # between looks at the record; what was planned meanwhile is counted on top
TURN_S: Final = 0.25  # between looks for holders that fell silent, waits that are over and breakers that have rested
ANNOUNCE_S: Final = 0.5  # between words of one holder
LEASE_S: Final = 2.0  # three of them may be lost


@dataclass(frozen=True, slots=True)
class Held:
    """What one holder has of one backend: tickets with a slot, and tickets that wait for one."""

    backend: BackendName
    granted: tuple[str, ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """What a holder says of itself now and then: its jobs, and what the last router told it to remember."""

    owner: str
    concurrency: int
    held: tuple[Held, ...]
    memories: tuple[Memory, ...]


class Router:
    """Holds the state of the backends; what follows from it is `pipelines.routing`'s."""

    def __init__(
        self,
        backends: tuple[BackendState, ...],
        telemetry: Handle,
        database_url: str,
        settings: RouterSettings,
    ) -> None:
        self._backends = backends
        slots = [(state.name, state.capacity * (1 + settings.prefetch)) for state in backends if state.available]
        self._desk = Desk(slots, settings.queue_bound, LEASE_S)
        self._names = [name for name, _ in slots]
        self._jobs = Database(database_url)
        self._line = Line()
        self._planned: dict[str, int] = {}
        self._holders: dict[str, tuple[float, int]] = {}
        self._remembers = False
        self._waiting: dict[str, asyncio.Future[Decision]] = {}
        self._reporter = Reporter(lambda batch: call(telemetry, "record", batch))
        for state in backends:
            self._reporter.level("moldar_backend_up", float(state.available), state.name)
            self._reporter.level("moldar_capacity", float(state.capacity), state.name)
        loop = asyncio.get_running_loop()
        self._duties = [loop.create_task(duty) for duty in (self._look_forever(), self._turn_forever())]

    async def plan(self, request: Request, analysis: PromptAnalysis) -> Plan:
        """Who serves the request, and why. Raises what `pipelines.routing.choose` raises."""
        plan = choose(request, analysis, await self.backends())
        self._planned[plan.chosen] = self._planned.get(plan.chosen, 0) + 1
        return plan

    async def backends(self) -> tuple[BackendState, ...]:
        """Every backend as it stands, the configured and the absent."""
        now, line = wall_clock(), self._ahead()
        return tuple(self._desk.seen(state, line, now) for state in self._backends)

    async def acquire(self, ticket_id: str, backend: BackendName, start_by: float) -> Decision:
        """Wait for a slot, first come, first served; cancelling the call gives up the place in the queue.

        Late is one that would come after `start_by`; lost is the place of a holder that fell silent.
        """
        decision = self._desk.ask(backend, Ticket(ticket_id, wall_clock(), start_by)).decision
        if decision != "waiting":
            return "granted" if decision == "granted" else "late"
        place = self._waiting[ticket_id] = asyncio.get_running_loop().create_future()
        try:
            told: Decision = await place
            return told
        finally:
            if self._waiting.get(ticket_id) is place:
                del self._waiting[ticket_id]
                if not place.done() or place.cancelled():
                    await self.release(ticket_id, backend, "silent")

    async def release(self, ticket_id: str, backend: BackendName, ending: Ending) -> None:
        """The slot is free again; of a ticket that has none this says nothing."""
        self._desk.done(backend, ticket_id, ending, wall_clock())
        self._turn(backend)

    async def announce(self, word: Word) -> tuple[Memory, ...]:
        """A holder is alive and has these tickets. Answers what it is to remember for the router after this one."""
        now = wall_clock()
        if not self._remembers and word.memories:
            self._desk.recall(word.memories)
        self._remembers = True
        self._holders[word.owner] = (now, word.concurrency)
        for held in word.held:
            self._desk.heard(held.backend, held.granted, held.waiting, now)
        return self._desk.memories()

    def _turn(self, backend: BackendName) -> None:
        now = wall_clock()
        moved = self._desk.turn(backend, now)
        endings: dict[Decision, tuple[str, ...]] = {"granted": moved.granted, "late": moved.late, "lost": moved.lost}
        for decision, names in endings.items():
            for name in names:
                place = self._waiting.get(name)
                if place is not None and not place.done():
                    place.set_result(decision)
        self._reporter.level("moldar_breaker_state", BREAKER_LEVEL[self._desk.state(backend, now)], backend)

    def _ahead(self) -> Line:
        queued = dict(self._line.queued)
        for name, count in self._planned.items():
            queued[name] = queued.get(name, 0) + count
        workers = sum(concurrency for _, concurrency in self._holders.values())
        return Line(tuple(queued.items()), self._line.running, max(workers, 1), self._line.usual_s)

    async def _look_forever(self) -> None:
        while True:
            with contextlib.suppress(MoldarError):  # a database that is away for a while leaves the last look
                await self._look()
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        now = wall_clock()
        self._holders = {owner: word for owner, word in self._holders.items() if now - word[0] <= LEASE_S}
        planned, self._planned = self._planned, {}
        try:
            load, usual_s = await self._jobs.load(), await self._jobs.recent_seconds()
        except MoldarError:
            self._planned = planned
            raise
        running = sum(count for _, count in load.running)
        self._line = Line(load.queued, running, usual_s=usual_s or Line().usual_s)

    async def _turn_forever(self) -> None:
        while True:
            for backend in self._names:
                self._turn(backend)
            await asyncio.sleep(TURN_S)
