"""Circuit breakers as values: when a backend is left alone, and when it is tried again.

| state | what happens | next state |
| --- | --- | --- |
| closed | too large a share of the last calls failed | open for `rest_s` |
| any | the backend itself says that nothing will work: no credit, key refused | open for as long as it is told to |
| open | the rest is over | half open: at most `probes` calls at a time go out |
| half open | `successes` probes ended well | closed, nothing remembered |
| half open | a probe failed | open for twice as long as before, up to `longest_rest_s` |
| half open | a probe was not heard of for `probe_s` | it counts for nothing, and another may go |

Only calls that say something about the backend are told here: an input that it rightly refused does not. Times are of
one clock that the caller keeps.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

BreakerState = Literal["closed", "half_open", "open"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When to stop and when to try again.

    Envoy's outlier ejection rests 30 s times the ejections so far, up to 300 s. Here a probe is a request that falls
    back when it fails, so that trying is cheap, and resting on after an outage is over is not.
    """

    window_s: float = 60.0
    most_calls: int = 100  # of the window that are remembered
    least_calls: int = 5  # fewer say nothing about a share
    most_failed: float = 0.5  # share of the calls in the window
    rest_s: float = 15.0
    longest_rest_s: float = 30.0
    probes: int = 2
    probe_s: float = 120.0
    successes: int = 2


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is remembered of one backend's last calls."""

    calls: tuple[tuple[float, bool], ...] = ()  # when each of the window ended, and whether well
    open_until: float | None = None  # None: closed
    openings: int = 0  # in a row
    probes: tuple[float, ...] = ()  # when each that is out began
    passed: int = 0  # probes that ended well since it was last open
    why: str = ""


POLICY: Final = BreakerPolicy()


def state(breaker: Breaker, now: float) -> BreakerState:
    """Where the breaker stands."""
    if breaker.open_until is None:
        return "closed"
    return "open" if now < breaker.open_until else "half_open"


def admits(breaker: Breaker, now: float, policy: BreakerPolicy = POLICY) -> bool:
    """Whether a call may go out now."""
    if breaker.open_until is None:
        return True
    return now >= breaker.open_until and len(_out(breaker, now, policy)) < policy.probes


def room(breaker: Breaker, now: float, policy: BreakerPolicy = POLICY) -> int | None:
    """How many calls may go out now; None where as many as one likes."""
    if breaker.open_until is None:
        return None
    return 0 if now < breaker.open_until else max(policy.probes - len(_out(breaker, now, policy)), 0)


def waits_s(breaker: Breaker, now: float, policy: BreakerPolicy = POLICY) -> float:
    """How long until a call may go out, 0 where it may now."""
    if admits(breaker, now, policy):
        return 0.0
    if breaker.open_until is not None and now < breaker.open_until:
        return breaker.open_until - now
    return min(_out(breaker, now, policy)) + policy.probe_s - now


def begun(breaker: Breaker, now: float, policy: BreakerPolicy = POLICY) -> Breaker:
    """A call goes out; while half open it is a probe, known by when it began."""
    if state(breaker, now) != "half_open":
        return breaker
    return replace(breaker, probes=(*_out(breaker, now, policy), now))


def ended(breaker: Breaker, began_at: float, now: float, *, well: bool, policy: BreakerPolicy = POLICY) -> Breaker:
    """A call that began at `began_at` is over."""
    if breaker.open_until is not None:
        return _probed(breaker, began_at, now, well, policy)
    recent = (call for call in breaker.calls if now - call[0] <= policy.window_s)
    calls = (*recent, (now, well))[-policy.most_calls :]
    failed = sum(not good for _, good in calls)
    if len(calls) < policy.least_calls or failed < policy.most_failed * len(calls):
        return replace(breaker, calls=calls)
    return Breaker(open_until=now + policy.rest_s, openings=1, why=f"{failed} of its last {len(calls)} calls failed")


def withdrawn(breaker: Breaker, began_at: float) -> Breaker:
    """A call that began at `began_at` ended without a word on the backend: a probe makes room for another."""
    if began_at not in breaker.probes:
        return breaker
    first = breaker.probes.index(began_at)
    return replace(breaker, probes=breaker.probes[:first] + breaker.probes[first + 1 :])


def held(breaker: Breaker, until: float, why: str) -> Breaker:
    """Open whatever the calls were like: the backend has said that none will do."""
    return replace(breaker, calls=(), open_until=max(until, breaker.open_until or until), probes=(), passed=0, why=why)


def _probed(breaker: Breaker, began_at: float, now: float, well: bool, policy: BreakerPolicy) -> Breaker:
    if began_at not in breaker.probes:
        return breaker  # it went out before the breaker opened, or was given up: its word is old
    if not well:
        openings = breaker.openings + 1
        rest_s = min(policy.rest_s * 2 ** (openings - 1), policy.longest_rest_s)
        return Breaker(open_until=now + rest_s, openings=openings, why="the last try failed too")
    if breaker.passed + 1 >= policy.successes:
        return Breaker()
    return replace(withdrawn(breaker, began_at), passed=breaker.passed + 1)


def _out(breaker: Breaker, now: float, policy: BreakerPolicy) -> tuple[float, ...]:
    """Probes that may still report."""
    return tuple(began for began in breaker.probes if now - began < policy.probe_s)
