"""Choice of a backend: pure decisions over what is asked and what is configured."""

from pipelines.routing.plan import BackendName, BackendState, Plan, PlanStep, choose
from pipelines.routing.request import AdmittedLicence, Licence, Method, Request
from pipelines.routing.ways import SAYS, Way, WayName, way_for

__all__ = [
    "SAYS", "AdmittedLicence", "BackendName", "BackendState", "Licence", "Method", "Plan", "PlanStep", "Request", "Way",
    "WayName", "choose", "way_for",
]  # fmt: skip
