"""How long a backend takes, learned from what it took."""

from dataclasses import dataclass, field
from typing import Final

_KEPT: Final = 64  # enough for a 95th percentile, few enough to forget a slow hour within a busy quarter of one
_ENOUGH: Final = 8  # durations that speak for themselves, without the prior
_FRESH_S: Final = 300.0  # of the backend's past: without it, one that was slow once is never asked, nor measured, again


@dataclass(frozen=True, slots=True)
class Durations:
    """The last durations in seconds, the newest last, over a prior that counts until there are some.

    Attributes:
        prior_s: What is taken for granted while nothing is known, > 0.
        seen: At most 64 of the last five minutes: when each ended, and how long it took.
        typical_s: The median.
        slow_s: What nineteen in twenty stay under.
    """

    prior_s: float
    seen: tuple[tuple[float, float], ...] = ()
    # Computed once when a job ends rather than for each of the many decisions until the next one does.
    typical_s: float = field(init=False, compare=False)
    slow_s: float = field(init=False, compare=False)

    def __post_init__(self) -> None:
        known = [seconds for _, seconds in self.seen]
        # The prior stands for two jobs: one lucky run does not make a promise.
        known = sorted(known if len(known) >= _ENOUGH else (*known, self.prior_s, self.prior_s))
        object.__setattr__(self, "typical_s", _quantile(known, 0.5))
        object.__setattr__(self, "slow_s", _quantile(known, 0.95))

    def with_one(self, seconds: float, now: float) -> "Durations":
        """These and one more, which ended at `now`; a clock that went back says nothing."""
        return Durations(self.prior_s, (*self.seen, (now, seconds))[-_KEPT:]) if seconds >= 0 else self

    def as_of(self, now: float) -> "Durations":
        """These without what is too long ago to be true still."""
        if not self.seen or now - self.seen[0][0] <= _FRESH_S:
            return self
        return Durations(self.prior_s, tuple(one for one in self.seen if now - one[0] <= _FRESH_S))


def _quantile(known: list[float], share: float) -> float:
    return known[min(int(share * len(known)), len(known) - 1)]
