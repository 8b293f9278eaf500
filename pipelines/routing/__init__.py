"""Choice of a backend: pure decisions over what is asked and what is configured."""

from pipelines.routing.plan import BackendName, BackendState, Licence, Method, Plan, PlanStep, Request, choose

__all__ = ["BackendName", "BackendState", "Licence", "Method", "Plan", "PlanStep", "Request", "choose"]
