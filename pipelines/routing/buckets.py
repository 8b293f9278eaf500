"""Token buckets as values: how often something may be asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many a second on average, so many at once. `tokens` are what was left at `at`, in seconds of one clock."""

    rate_per_s: float
    burst: float
    tokens: float
    at: float

    @classmethod
    def full(cls, rate_per_s: float, burst: float, now: float) -> "Bucket":
        """A bucket that nobody has taken from."""
        return cls(rate_per_s, burst, burst, now)

    def left(self, now: float) -> float:
        """Tokens at `now`; a clock that goes back gives none and takes none."""
        return min(self.burst, self.tokens + max(0.0, now - self.at) * self.rate_per_s)

    def waits_s(self, now: float, count: float = 1.0) -> float:
        """How long until `count` tokens are there, 0 where they are, infinite where they never will be."""
        missing = count - self.left(now)
        if missing <= 0:
            return 0.0
        return missing / self.rate_per_s if self.rate_per_s > 0 and count <= self.burst else float("inf")

    def taken(self, now: float, count: float = 1.0) -> "Bucket":
        """The bucket after `count` were taken; below zero where they were not there, so that debts are waited for."""
        return Bucket(self.rate_per_s, self.burst, self.left(now) - count, max(now, self.at))

    def limited(self, rate_per_s: float, burst: float, now: float) -> "Bucket":
        """The bucket under other limits, as a backend that is short of credit sets them."""
        return Bucket(rate_per_s, burst, min(self.left(now), burst), max(now, self.at))
