"""Serve shell around `pipelines.routing`: one async replica that only decides, from what is configured."""

from deployments.calls import Handle, call
from deployments.telemetry import Reporter
from pipelines.prompt.types import PromptAnalysis
from pipelines.routing import BackendState, Plan, Request, choose


class Router:
    """Holds the state of the backends; computes nothing itself."""

    def __init__(self, backends: tuple[BackendState, ...], telemetry: Handle) -> None:
        self._backends = backends
        self._reporter = Reporter(lambda batch: call(telemetry, "record", batch))
        for state in backends:
            self._reporter.level("moldar_backend_up", float(state.available), state.name)
            self._reporter.level("moldar_capacity", float(state.capacity), state.name)

    async def plan(self, request: Request, analysis: PromptAnalysis) -> Plan:
        """Who serves the request, and why. Raises NoBackend, ContradictoryPrompt, InvalidInput."""
        return choose(request, analysis, self._backends)

    async def backends(self) -> tuple[BackendState, ...]:
        """Every backend, the configured and the absent."""
        return self._backends
