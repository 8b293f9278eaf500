"""Choice of a backend: pure decisions over what is asked and what is configured."""

from pipelines.routing.plan import BackendState, Method, Plan, PlanStep, Request, choose

__all__ = ["BackendState", "Method", "Plan", "PlanStep", "Request", "choose"]
