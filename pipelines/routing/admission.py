"""Whether one backend may take a request now, and in which order those that may are tried."""

from dataclasses import dataclass
from typing import Final, Literal

from pipelines.routing.request import Request
from pipelines.routing.standing import Policy, Standing

RefusalKind = Literal["breaker_open", "budget", "saturated", "deadline"]
FOREVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a backend does not take a request now, and when it may: infinite where waiting does not help."""

    kind: RefusalKind
    reason: str
    retry_after_s: float = FOREVER


@dataclass(frozen=True, slots=True)
class Offer:
    """A backend that may take it: when it would begin and, typically, be done, and for how much."""

    starts_in_s: float
    done_in_s: float
    price_micros: int


def offered(standing: Standing, request: Request, policy: Policy) -> Offer | Refusal:
    """What a backend offers a request. A breaker, a cap or a budget is never stretched, whatever the deadline."""
    refusal = (
        _breaker(standing)
        or _money(standing, request.budget_micros)
        or _room(standing, policy.gpu_memory_threshold)
        or _time(standing, request.finish_in_s)
    )
    if refusal is not None:
        return refusal
    starts_in_s = max(standing.wait_s, standing.rate_wait_s)
    return Offer(starts_in_s, starts_in_s + standing.durations.typical_s, standing.price_micros)


def preference(offer: Offer, policy: Policy) -> tuple[float, float]:
    """Sort key, the best first: what is free and starts soon enough, then what costs least, then what is done first."""
    impatient = offer.price_micros == 0 and offer.starts_in_s > policy.patience_s
    return (FOREVER if impatient else offer.price_micros, offer.done_in_s)


def _breaker(standing: Standing) -> Refusal | None:
    if standing.breaker != "open":
        return None
    return Refusal("breaker_open", standing.breaker_why or "its last calls failed", standing.breaker_wait_s)


def _money(standing: Standing, budget_micros: int | None) -> Refusal | None:
    if budget_micros is not None and standing.bound_micros > budget_micros:
        return Refusal("budget", f"it may cost {_usd(standing.bound_micros)}, more than the request allows")
    if standing.left_micros is not None and standing.bound_micros > standing.left_micros:
        return Refusal("budget", "its spend cap is reached")
    return None


def _room(standing: Standing, gpu_memory_threshold: float) -> Refusal | None:
    typical_s = standing.durations.typical_s
    if standing.wait_s == FOREVER:
        return Refusal("saturated", "nothing of it runs", typical_s)
    if standing.queue_full:
        return Refusal("saturated", "as many wait for it as may", max(standing.wait_s, typical_s))
    ratio = standing.gpu_memory_ratio
    if ratio is not None and ratio > gpu_memory_threshold:
        return Refusal("saturated", f"{ratio:.0%} of its GPU memory is in use", max(standing.wait_s, typical_s))
    return None


def _time(standing: Standing, finish_in_s: float | None) -> Refusal | None:
    # By the slow end of what it took, not by the median: half of what is promised by a median is late.
    slow_s = standing.durations.slow_s
    if finish_in_s is None or max(standing.wait_s, standing.rate_wait_s) + slow_s <= finish_in_s:
        return None
    if slow_s > finish_in_s:
        return Refusal("deadline", f"it takes up to {slow_s:.0f} s, longer than the deadline allows")
    late_s = max(standing.wait_s, standing.rate_wait_s) + slow_s - finish_in_s
    return Refusal("saturated", f"others are before: it would be {late_s:.0f} s late", late_s)


def _usd(micros: int) -> str:
    return f"{micros / 1e6:.2f} USD"
