"""How long a backend takes, learned from what it took."""

from dataclasses import dataclass, field
from typing import Final

_KEPT: Final = 64  # enough for a 95th percentile, few enough to forget a slow hour within a busy quarter of one
_ENOUGH: Final = 8  # durations that speak for themselves, without the prior


@dataclass(frozen=True, slots=True)
class Durations:
    """The last durations in seconds, the newest last, over a prior that counts until there are some.

    Attributes:
        prior_s: What is taken for granted before anything was seen, > 0.
        seen: At most 64 durations.
        typical_s: The median.
        slow_s: What nineteen in twenty stay under.
    """

    prior_s: float
    seen: tuple[float, ...] = ()
    # Computed once when a job ends rather than for each of the many decisions until the next one does.
    typical_s: float = field(init=False, compare=False)
    slow_s: float = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # The prior stands for two jobs: one lucky run does not make a promise.
        known = sorted(self.seen if len(self.seen) >= _ENOUGH else (*self.seen, self.prior_s, self.prior_s))
        object.__setattr__(self, "typical_s", _quantile(known, 0.5))
        object.__setattr__(self, "slow_s", _quantile(known, 0.95))

    def with_one(self, seconds: float) -> "Durations":
        """These and one more; a clock that went back says nothing."""
        return Durations(self.prior_s, (*self.seen, seconds)[-_KEPT:]) if seconds >= 0 else self


def _quantile(known: list[float], share: float) -> float:
    return known[min(int(share * len(known)), len(known) - 1)]
