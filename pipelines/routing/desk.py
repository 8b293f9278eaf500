"""All that the router remembers: for each backend who works on it, who waits for it, how long it takes, how it fails.

Plain state, told the time; `deployments/router.py` is the shell that waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from pipelines.routing import breaker as circuit
from pipelines.routing.breaker import Breaker
from pipelines.routing.durations import Durations
from pipelines.routing.plan import BackendName, BackendState
from pipelines.routing.slots import ANY, Answer, Slots, Ticket, Turn
from pipelines.routing.standing import Standing

# What a call says of the backend: an input that was rightly refused, or a call that was cancelled, says nothing.
Ending = Literal["succeeded", "failed", "silent"]
# Of a job before one was measured, short on purpose: what is not known is no reason to refuse a deadline.
PRIOR_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """Jobs that are in the record and not yet at a backend: what a new one stands behind.

    Attributes:
        queued: By backend.
        running: Jobs that holders work on, whatever their stage.
        workers: Jobs that all holders together work on at once.
        usual_s: What a whole job takes.
    """

    queued: tuple[tuple[str, int], ...] = ()
    running: int = 0
    workers: int = 1
    usual_s: float = PRIOR_S

    def wait_s(self) -> float:
        """Until a holder takes up a job that is accepted now."""
        over = sum(count for _, count in self.queued) + self.running + 1 - self.workers
        return max(0.0, self.usual_s * over / self.workers)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is worth keeping of one backend over the router's own death; who works on it, its holders know."""

    backend: BackendName
    breaker: Breaker
    durations: Durations


class Desk:
    """The queue and the breaker of each backend that there is.

    Args:
        capacities: Slots by backend.
        queue_bound: Jobs that may wait for one backend, those of the record included.
        lease_s: How long a holder of a slot, or one who waits, may be silent.
    """

    def __init__(self, capacities: Sequence[tuple[BackendName, int]], queue_bound: int, lease_s: float) -> None:
        self._queue_bound = queue_bound
        # Whoever asks here holds an accepted job: the bound is for those that are yet to be accepted.
        self._slots = {name: Slots(count, ANY, Durations(PRIOR_S), lease_s) for name, count in capacities}
        self._breakers = {name: Breaker() for name, _ in capacities}

    def ask(self, backend: BackendName, ticket: Ticket) -> Answer:
        """Grant or queue; saturated is one that would begin too late. While the breaker is open, all wait."""
        slots, now = self._slots[backend], ticket.asked_at
        is_new = slots.since(ticket.id) is None
        answer = slots.ask(ticket, self._room(backend, now))
        if answer.decision == "granted" and is_new:
            self._breakers[backend] = circuit.begun(self._breakers[backend], now)
        return answer

    def done(self, backend: BackendName, ticket_id: str, ending: Ending, now: float) -> None:
        """The work of a ticket is over, or nobody wants it any more. It may be said twice."""
        slots = self._slots[backend]
        began = slots.since(ticket_id)
        slots.done(ticket_id, now, learn=ending == "succeeded")
        if began is None:
            return
        known = self._breakers[backend]
        self._breakers[backend] = (
            circuit.withdrawn(known, began)
            if ending == "silent"
            else circuit.ended(known, began, now, well=ending == "succeeded")
        )

    def turn(self, backend: BackendName, now: float) -> Turn:
        """Move one backend's queue on."""
        moved = self._slots[backend].turn(now, self._room(backend, now))
        for _ in moved.granted:
            self._breakers[backend] = circuit.begun(self._breakers[backend], now)
        return moved

    def heard(self, backend: BackendName, held: Sequence[str], waiting: Sequence[str], now: float) -> None:
        """A holder is alive: what it holds counts, whether it was known or not."""
        slots = self._slots[backend]
        slots.heard((*held, *waiting), now)
        for ticket_id in held:
            slots.take_over(ticket_id, now)

    def state(self, backend: BackendName, now: float) -> circuit.BreakerState:
        """Where the breaker of a backend stands."""
        return circuit.state(self._breakers[backend], now)

    def seen(self, known: BackendState, line: Line, now: float) -> BackendState:
        """The backend with how it stands now, for `choose`."""
        if known.name not in self._slots:
            return known
        slots, breaker = self._slots[known.name], self._breakers[known.name]
        slots.durations = slots.durations.as_of(now)
        queued = dict(line.queued).get(known.name, 0)
        standing = Standing(
            wait_s=max(slots.predicted_wait_s(also=queued), line.wait_s()),
            durations=slots.durations,
            queue_full=queued + slots.waiting >= self._queue_bound,
            breaker="closed" if circuit.admits(breaker, now) else "open",
            breaker_wait_s=circuit.waits_s(breaker, now),
            breaker_why=breaker.why,
        )
        return replace(known, in_flight=slots.running, queue_depth=queued + slots.waiting, standing=standing)

    def memories(self) -> tuple[Memory, ...]:
        """What a next router is to be told."""
        return tuple(Memory(name, self._breakers[name], slots.durations) for name, slots in self._slots.items())

    def recall(self, memories: Sequence[Memory]) -> None:
        """Take up what an earlier router knew, of the backends that are there still."""
        for memory in memories:
            if memory.backend in self._slots:
                # Its probes are no more: their holders ask again.
                self._breakers[memory.backend] = replace(memory.breaker, probes=())
                self._slots[memory.backend].durations = memory.durations

    def _room(self, backend: BackendName, now: float) -> int:
        room = circuit.room(self._breakers[backend], now)
        return ANY if room is None else room
