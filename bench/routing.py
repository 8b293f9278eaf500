"""The routing policy against simpler ones, on days that never were: bursts, outages, slow backends.

    python -m bench routing

A discrete-event simulation of 10,000 requests a day. Every policy sees the same arrivals, the same work and the same
outages. Nothing waits in real time; the decisions of "ours" are the service's own code (`pipelines.routing`).
"""

import heapq
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.routing import Breaker, Bucket, Durations, Offer, Policy, Request, Standing, offered, preference
from pipelines.routing.breaker import admits, begun, ended, waits_s

REQUESTS: Final = 10_000
DEADLINE_S: Final = 60.0
DAY_S: Final = 10_000.0
NOTICED_S: Final = 0.5  # a call during an outage fails after this
SEEDS: Final = (0, 1, 2)
SHOP: Final = Policy(patience_s=6.0)
MANY: Final = 20  # backends that one decision is timed among

Rival = Literal["ours", "always local", "always hosted", "random", "least in flight", "fall back on error"]
RIVALS: Final[tuple[Rival, ...]] = (
    "ours", "always local", "always hosted", "random", "least in flight", "fall back on error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """A backend as it really is; policies see only what its calls tell them."""

    name: str
    servers: int
    median_s: float
    spread: float  # of the logarithm
    price_micros: int
    per_s: float  # calls that it lets through; more of them wait at its door
    failing: float  # share of calls that fail, after a third of their time
    outages: tuple[tuple[float, float], ...] = ()
    slow: tuple[tuple[float, float, float], ...] = ()  # from, to, times as long


# The pool's times are LGM's with MVDream on a GPU; price and times of the hosted one are camenduru/lgm's on an L40S,
# with its cold starts in the spread; the space is free, slow, single and often asleep.
WORLDS: Final = (
    World("pool", 4, 3.0, 0.35, 0, 1e9, 0.005, ((2_000, 2_240), (6_000, 6_030)), ((4_000, 4_400, 4.0),)),
    World("hosted", 60, 14.0, 0.4, 30_000, 10.0, 0.02, ((5_000, 5_300),), ((3_000, 3_300, 2.0),)),
    World("space", 1, 25.0, 0.5, 0, 1.0, 0.10, ((0, 600), (7_000, 9_000))),
)
LOCAL: Final = 0
HOSTED: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What happens, whoever decides."""

    arrivals_s: NDArray[np.float64]  # [N]
    work: NDArray[np.float64]  # [N, 3] standard normal
    luck: NDArray[np.float64]  # [N, 3] uniform
    dice: NDArray[np.float64]  # [N] uniform, for the policy that throws them


@dataclass(slots=True)
class Station:
    """One backend in one run: its queue, and what its calls have told."""

    world: World
    bucket: Bucket
    waiting: deque[int] = field(default_factory=deque)
    running: int = 0
    wakes_at: float = 0.0  # when its rate lets the next call through, where one waits for that
    breaker: Breaker = field(default_factory=Breaker)
    durations: Durations = field(default_factory=lambda: Durations(10.0))

    def standing(self, now: float) -> Standing:
        """What the policy is told."""
        self.durations = self.durations.as_of(now)
        over = self.running + len(self.waiting) + 1 - self.world.servers
        return Standing(
            wait_s=0.0 if over <= 0 else self.durations.typical_s * over / self.world.servers,
            durations=self.durations,
            queue_full=len(self.waiting) >= 8 * self.world.servers,
            breaker="closed" if admits(self.breaker, now) else "open",
            breaker_wait_s=waits_s(self.breaker, now),
            rate_wait_s=self.bucket.waits_s(now, 1.0 + len(self.waiting)) if self.world.per_s < 1e6 else 0.0,
            price_micros=self.world.price_micros,
            bound_micros=4 * self.world.price_micros,
        )


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """A call ends, or, without a number, a backend's rate limit lets the next one through."""

    at: float
    order: int
    place: int
    number: int = -1
    began: float = 0.0
    well: bool = True


@dataclass(slots=True)
class Outcome:
    """What became of the requests."""

    waits_s: list[float] = field(default_factory=list)  # until the work that succeeded began
    totals_s: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0
    micros: int = 0
    decisions: int = 0
    deciding_s: float = 0.0

    def add(self, other: "Outcome") -> None:
        """Count another day in."""
        self.waits_s += other.waits_s
        self.totals_s += other.totals_s
        for name in ("refused", "failed", "micros", "decisions", "deciding_s"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def late(self) -> int:
        return sum(total_s > DEADLINE_S for total_s in self.totals_s)

    @property
    def in_time(self) -> int:
        return len(self.totals_s) - self.late


def a_day(seed: int) -> Day:
    """10,000 requests, one a second on average: three in ten of them in thirty bursts of 20 s."""
    rng = np.random.default_rng(seed)
    in_bursts = int(REQUESTS * 0.3)
    calm = rng.uniform(0, DAY_S, REQUESTS - in_bursts)
    burst = np.repeat(rng.uniform(0, DAY_S, 30), in_bursts // 30) + rng.uniform(0, 20, in_bursts)
    shape = (REQUESTS, len(WORLDS))
    arrivals = np.sort(np.concatenate([calm, burst]))
    return Day(arrivals, rng.standard_normal(shape), rng.uniform(size=shape), rng.uniform(size=REQUESTS))


class Run:
    """One policy through one day."""

    def __init__(self, rival: Rival, day: Day) -> None:
        self._rival, self._day = rival, day
        self._stations = [Station(w, Bucket.full(w.per_s, max(2 * w.per_s, 1.0), 0.0)) for w in WORLDS]
        self._events: list[Event] = []
        self._order = itertools.count()
        self._tried: dict[int, set[int]] = {}
        self.outcome = Outcome()

    def to_the_end(self) -> Outcome:
        """Every request until it has ended."""
        arrivals = iter([*enumerate(self._day.arrivals_s.tolist()), (-1, float("inf"))])
        number, at = next(arrivals)
        while number >= 0 or self._events:
            if self._events and self._events[0].at < at:
                self._happens(heapq.heappop(self._events))
            else:
                self._send(number, at)
                number, at = next(arrivals)
        return self.outcome

    def _happens(self, event: Event) -> None:
        if event.number >= 0:
            self._ended(event)
        self._start(event.place, event.at)

    def _send(self, number: int, now: float) -> None:
        began = perf_counter()
        chosen = self._choose(number, now)
        self.outcome.deciding_s += perf_counter() - began
        self.outcome.decisions += 1
        if chosen is not None:
            self._tried.setdefault(number, set()).add(chosen)
            self._stations[chosen].waiting.append(number)
            self._start(chosen, now)
        elif number in self._tried:
            self.outcome.failed += 1
        else:
            self.outcome.refused += 1

    def _start(self, place: int, now: float) -> None:
        station = self._stations[place]
        while station.waiting and station.running < station.world.servers:
            if (paced_s := station.bucket.waits_s(now)) > 0:
                if station.wakes_at <= now:
                    station.wakes_at = now + paced_s + 1e-6
                    heapq.heappush(self._events, Event(station.wakes_at, next(self._order), place))
                return
            number = station.waiting.popleft()
            if self._rival == "ours" and self._left_s(number, now) < station.durations.typical_s:
                self._send(number, now)  # its slot came too late: it would not be done in time here
            else:
                self._work(place, number, now)

    def _work(self, place: int, number: int, now: float) -> None:
        station, world = self._stations[place], WORLDS[place]
        station.running += 1
        station.bucket = station.bucket.taken(now)
        station.breaker = begun(station.breaker, now)
        seconds = world.median_s * float(np.exp(world.spread * self._day.work[number, place]))
        seconds *= next((times for a, b, times in world.slow if a <= now < b), 1.0)
        is_out = any(a <= now < b for a, b in world.outages)
        is_bad = is_out or bool(self._day.luck[number, place] < world.failing)
        share = 1.0 if not is_bad else 0.0 if is_out else 1 / 3
        self.outcome.micros += int(world.price_micros * share)
        until = now + (NOTICED_S if is_out else seconds * share)
        heapq.heappush(self._events, Event(until, next(self._order), place, number, now, not is_bad))

    def _ended(self, call: Event) -> None:
        station = self._stations[call.place]
        station.running -= 1
        station.breaker = ended(station.breaker, call.began, call.at, well=call.well)
        if not call.well:
            self._send(call.number, call.at)
            return
        station.durations = station.durations.with_one(call.at - call.began, call.at)
        arrived = float(self._day.arrivals_s[call.number])
        self.outcome.waits_s.append(call.began - arrived)
        self.outcome.totals_s.append(call.at - arrived)

    def _left_s(self, number: int, now: float) -> float:
        return float(self._day.arrivals_s[number]) + DEADLINE_S - now

    def _choose(self, number: int, now: float) -> int | None:
        tried = self._tried.get(number, set())
        free = [place for place in range(len(WORLDS)) if place not in tried]
        match self._rival:
            case "ours":
                return self._ours(self._left_s(number, now), now, free)
            case "always local":
                return None if tried else LOCAL
            case "always hosted":
                return None if tried else HOSTED
            case "fall back on error":
                return free[0] if free else None
            case "random":
                return free[int(self._day.dice[number] * len(free))] if free else None
            case "least in flight":
                return min(free, key=self._load, default=None)

    def _load(self, place: int) -> int:
        return self._stations[place].running + len(self._stations[place].waiting)

    def _ours(self, left_s: float, now: float, free: list[int]) -> int | None:
        request = Request(finish_in_s=left_s)
        best = best_among([self._stations[place].standing(now) for place in free], request, SHOP)
        return None if best is None else free[best]


def best_among(standings: Sequence[Standing], request: Request, shop: Policy) -> int | None:
    """The place of the backend that the service's policy prefers, None where none may take it in time."""
    offers = [
        (preference(offer, shop), place)
        for place, standing in enumerate(standings)
        if isinstance(offer := offered(standing, request, shop), Offer)
    ]
    return min(offers)[1] if offers else None


def decision_s(backends: int = MANY, rounds: int = 2000) -> float:
    """Seconds that one decision takes, the median; one backend in four is refused, each for another reason."""
    seen = Durations(3.0, tuple((0.0, float(second)) for second in range(1, 65)))
    kinds = (
        {"breaker": "open", "breaker_wait_s": 3.0}, {"queue_full": True}, {"wait_s": 50.0}, {"bound_micros": 10**7},
        *({"price_micros": 100 * k, "wait_s": k / 10} for k in range(12)),
    )  # fmt: skip
    standings = [Standing(durations=seen, **kinds[k % len(kinds)]) for k in range(backends)]  # type: ignore[arg-type]
    request = Request(finish_in_s=100.0, budget_micros=10**6)
    took = []
    for _ in range(rounds):
        began = perf_counter()
        best_among(standings, request, SHOP)
        took.append(perf_counter() - began)
    return float(np.median(took))


def main() -> None:
    """Print a table for each day and one of all, and what a decision takes."""
    everything = {rival: Outcome() for rival in RIVALS}
    for seed in SEEDS:
        day = a_day(seed)
        outcomes = {rival: Run(rival, day).to_the_end() for rival in RIVALS}
        _print(f"day {seed}: {REQUESTS} requests in {DAY_S:.0f} s, each to be done within {DEADLINE_S:.0f} s", outcomes)
        for rival, found in outcomes.items():
            everything[rival].add(found)
    _print(f"all {len(SEEDS)} days", everything)
    ours = everything["ours"]
    each_us = 1e6 * ours.deciding_s / ours.decisions
    print(
        f"\na decision among {len(WORLDS)} backends, with gathering how they stand: {each_us:.0f} microseconds (mean)"
    )
    print(f"a decision among {MANY} backends: {1e6 * decision_s():.0f} microseconds (median; goal 50)")


def _print(title: str, outcomes: dict[Rival, Outcome]) -> None:
    print(f"\n{title}")
    print(f"{'policy':<20}{'cost USD':>9}{'in time':>9}{'late':>7}{'failed':>8}{'refused':>9}"
          f"{'wait p50':>10}{'p99 s':>9}{'total p50':>11}{'p99 s':>9}")  # fmt: skip
    for rival, found in outcomes.items():
        print(_line(rival, found))


def _line(rival: Rival, found: Outcome) -> str:
    waits, totals = np.array(found.waits_s), np.array(found.totals_s)
    return (
        f"{rival:<20}{found.micros / 1e6:9.2f}{found.in_time:9d}{found.late:7d}{found.failed:8d}{found.refused:9d}"
        f"{np.median(waits):10.2f}{np.percentile(waits, 99):9.1f}"
        f"{np.median(totals):11.1f}{np.percentile(totals, 99):9.1f}"
    )


if __name__ == "__main__":
    main()
