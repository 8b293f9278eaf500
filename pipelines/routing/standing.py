"""What the router knows of one backend at one moment: the numbers that a choice is made of."""

from dataclasses import dataclass
from typing import Final

from pipelines.routing.breaker import BreakerState
from pipelines.routing.durations import Durations

UNKNOWN: Final = Durations(10.0)  # before anything was measured


@dataclass(frozen=True, slots=True)
class Standing:
    """One backend now. Times in seconds from now, money in millionths of a US dollar."""

    wait_s: float = 0.0  # predicted until it begins; infinite where nothing of it runs
    durations: Durations = UNKNOWN
    queue_full: bool = False
    breaker: BreakerState = "closed"  # "open" too while as many probes are out as may be
    breaker_wait_s: float = 0.0
    breaker_why: str = ""
    rate_wait_s: float = 0.0  # until its rate limit lets another call through
    gpu_memory_ratio: float | None = None  # of the least used replica, 0..1; None where there is no GPU
    price_micros: int = 0  # expected, of one generation
    bound_micros: int = 0  # at the most
    left_micros: int | None = None  # of the spend caps; None: no cap


@dataclass(frozen=True, slots=True)
class Policy:
    """What the shop has decided, whatever is asked."""

    gpu_memory_threshold: float = 0.8  # share in use above which a GPU takes nothing more
    patience_s: float = 30.0  # wait for what is free rather than pay, up to this long
