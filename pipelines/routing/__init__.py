"""Choice of a backend: pure decisions over what is asked, what is configured and how it stands."""

from pipelines.routing.admission import Offer, Refusal, RefusalKind, offered, preference
from pipelines.routing.breaker import Breaker, BreakerPolicy, BreakerState
from pipelines.routing.buckets import Bucket
from pipelines.routing.desk import Desk, Ending, Line, Memory
from pipelines.routing.durations import Durations
from pipelines.routing.plan import BackendName, BackendState, Plan, PlanStep, choose
from pipelines.routing.request import AdmittedLicence, Licence, Method, Request
from pipelines.routing.slots import Answer, Slots, Ticket, Turn
from pipelines.routing.standing import Policy, Standing
from pipelines.routing.ways import SAYS, Way, WayName, way_for

__all__ = [
    "SAYS", "AdmittedLicence", "Answer", "BackendName", "BackendState", "Breaker", "BreakerPolicy", "BreakerState",
    "Bucket", "Desk", "Durations", "Ending", "Licence", "Line", "Memory", "Method", "Offer", "Plan", "PlanStep",
    "Policy", "Refusal", "RefusalKind", "Request", "Slots", "Standing", "Ticket", "Turn", "Way", "WayName", "choose",
    "offered", "preference", "way_for",
]  # fmt: skip
