"""Who may use a pool now, who waits, and who is told to go elsewhere: first come, first served, within deadlines.

One `Slots` is the admission queue of one pool. It is plain state: it never waits, and is told the time. Who holds a
slot or waits for one says so now and then; who falls silent for `lease_s` has died, and its place is free again.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipelines.routing.durations import Durations

FOREVER: Final = float("inf")
ANY: Final = 2**31  # more than any pool has slots


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request for a slot."""

    id: str
    asked_at: float
    start_by: float = FOREVER  # granted later, it is of no use: the deadline less what the work takes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a ticket when it is handed in."""

    decision: Literal["granted", "waiting", "saturated"]
    predicted_wait_s: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What moved: ids of tickets, in the order in which they were handed in."""

    granted: tuple[str, ...] = ()
    late: tuple[str, ...] = ()  # waited until their time was over
    lost: tuple[str, ...] = ()  # held or waited, and were not heard of


@dataclass(slots=True)
class _Held:
    since: float
    heard_at: float


class Slots:
    """The slots of one pool.

    Args:
        capacity: How many may be at work or at the replicas' doors at once: replicas x (1 + prefetch).
        queue_bound: How many may wait.
        durations: What one job takes, as far as it is known.
        lease_s: How long a holder may be silent.
    """

    def __init__(self, capacity: int, queue_bound: int, durations: Durations, lease_s: float = FOREVER) -> None:
        self.capacity, self.queue_bound, self.durations = capacity, queue_bound, durations
        self._lease_s = lease_s
        self._running: dict[str, _Held] = {}
        self._waiting: OrderedDict[str, Ticket] = OrderedDict()
        self._heard: dict[str, float] = {}  # of those that wait

    @property
    def running(self) -> int:
        """Slots that are held; above the capacity after it shrank, or after work was taken over."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Tickets in the queue."""
        return len(self._waiting)

    def predicted_wait_s(self, also: int = 0) -> float:
        """Of a ticket handed in now behind `also` others that are yet to ask. More capacity never makes it longer."""
        over = self.running + self.waiting + also + 1 - self.capacity
        if over <= 0:
            return 0.0
        return self.durations.typical_s * over / self.capacity if self.capacity > 0 else FOREVER

    def since(self, ticket_id: str) -> float | None:
        """When a slot was granted, None to those that hold none."""
        held = self._running.get(ticket_id)
        return None if held is None else held.since

    def ask(self, ticket: Ticket, room: int = ANY) -> Answer:
        """Grant, queue or refuse. A ticket that is known already is answered as it stands.

        Args:
            ticket: Who asks.
            room: How many may be granted now for other reasons than slots: the probes that a breaker lets out.
        """
        if ticket.id in self._running:
            return Answer("granted", 0.0)
        if ticket.id in self._waiting:
            return Answer("waiting", self._wait_of(ticket.id))
        wait_s = self.predicted_wait_s()
        if ticket.asked_at + wait_s > ticket.start_by:
            return Answer("saturated", wait_s)
        if room > 0 and self.running < self.capacity and not self._waiting:
            self._running[ticket.id] = _Held(ticket.asked_at, ticket.asked_at)
            return Answer("granted", 0.0)
        if self.waiting >= self.queue_bound:
            return Answer("saturated", wait_s)
        self._waiting[ticket.id] = ticket
        self._heard[ticket.id] = ticket.asked_at
        return Answer("waiting", wait_s)

    def done(self, ticket_id: str, now: float, *, learn: bool = True) -> None:
        """The work is over, or nobody wants it any more. Unknown tickets are ignored: it may be said twice.

        Args:
            ticket_id: Whose.
            now: When.
            learn: Whether how long it took says how long others will: not where it failed or was cancelled.
        """
        held = self._running.pop(ticket_id, None)
        if held is not None and learn:
            self.durations = self.durations.with_one(now - held.since, now)
        self._leave(ticket_id)

    def turn(self, now: float, room: int = ANY) -> Turn:
        """Move on: who is granted now, in order and as far as `room` goes, who has waited too long, who fell silent."""
        self.durations = self.durations.as_of(now)
        lost = [name for name, held in self._running.items() if now - held.heard_at > self._lease_s]
        for name in lost:
            del self._running[name]
        silent = [name for name, heard_at in self._heard.items() if now - heard_at > self._lease_s]
        late = [name for name, ticket in self._waiting.items() if now > ticket.start_by and name not in silent]
        for name in (*silent, *late):
            self._leave(name)
        granted: list[str] = []
        while self._waiting and self.running < self.capacity and len(granted) < room:
            name = next(iter(self._waiting))
            self._running[name] = _Held(now, self._heard[name])
            self._leave(name)
            granted.append(name)
        return Turn(tuple(granted), tuple(late), (*lost, *silent))

    def heard(self, ticket_ids: Sequence[str], now: float) -> None:
        """Those that hold or wait are alive. Unknown ones are ignored."""
        for name in ticket_ids:
            if name in self._running:
                self._running[name].heard_at = now
            elif name in self._waiting:
                self._heard[name] = now

    def take_over(self, ticket_id: str, now: float) -> None:
        """Count work that is known to be under way: what holders report after this queue was lost."""
        if ticket_id not in self._running:
            self._leave(ticket_id)
            self._running[ticket_id] = _Held(now, now)

    def _leave(self, ticket_id: str) -> None:
        self._waiting.pop(ticket_id, None)
        self._heard.pop(ticket_id, None)

    def _wait_of(self, ticket_id: str) -> float:
        ahead = next(place for place, known in enumerate(self._waiting) if known == ticket_id)
        over = self.running + ahead + 1 - self.capacity
        return self.durations.typical_s * max(over, 0) / self.capacity if self.capacity > 0 else FOREVER
