"""From what is asked and what is configured to an ordered plan, each backend with its decision and reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipelines.errors import NoBackend
from pipelines.parametric import design, serves
from pipelines.prompt.types import PromptAnalysis
from pipelines.routing.request import Licence, Method, Request, is_admitted
from pipelines.routing.ways import SAYS, Way, way_for

BackendName = Literal["parametric", "relief", "lgm", "openlrm", "replicate", "huggingface"]
Decision = Literal["chosen", "fallback", "skipped"]

# Which backends a method admits, in order of preference. Exact solids come first: they are free, instant and right.
ADMITTED: Final[dict[Method, tuple[BackendName, ...]]] = {
    "auto": ("parametric", "relief", "lgm", "openlrm", "replicate", "huggingface"),
    "local": ("lgm", "openlrm"),
    "replicate": ("replicate",),
    "huggingface": ("huggingface",),
    "parametric": ("parametric",),
    "relief": ("relief",),
}


@dataclass(frozen=True, slots=True)
class BackendState:
    """What the router knows of one backend."""

    name: BackendName
    available: bool
    reason: str  # why it is not available, or what it does
    remedy: str  # the setting or command that would make it available, "" when it is
    licence: Licence = "commercial"
    capacity: int = 0
    in_flight: int = 0
    queue_depth: int = 0
    ways: tuple[Way, ...] = ()  # of a backend of models: what it can start from, as far as its weights are here


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One backend, what was decided about it, and why."""

    backend: BackendName
    decision: Decision
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Every admitted backend in order; `chosen` is the first that can serve."""

    steps: tuple[PlanStep, ...]

    @property
    def chosen(self) -> BackendName:
        return next(step.backend for step in self.steps if step.decision == "chosen")


def choose(request: Request, analysis: PromptAnalysis, backends: Sequence[BackendState]) -> Plan:
    """The plan for one request.

    Raises:
        NoBackend: nothing configured can serve it; the sentence names what would.
        ContradictoryPrompt, InvalidInput: an exact solid was asked for that cannot be.
    """
    known = {state.name: state for state in backends}
    steps: list[PlanStep] = []
    exact = False
    for name in ADMITTED[request.method]:
        way, objection = _judged(known[name], request, analysis)
        taken = any(step.decision == "chosen" for step in steps)
        decision: Decision = "skipped" if objection else ("fallback" if taken else "chosen")
        exact = exact or (decision == "chosen" and (name == "parametric" or (way is not None and way.name == "design")))
        steps.append(PlanStep(name, decision, objection or (SAYS[way.name] if way else known[name].reason)))
    if not any(step.decision == "chosen" for step in steps):
        raise NoBackend(_nobody(steps, [known[step.backend] for step in steps], analysis, request))
    if exact:
        design(analysis, request.size_mm)  # says now, before anything is accepted, what cannot be met together
    return Plan(tuple(steps))


def _judged(state: BackendState, request: Request, analysis: PromptAnalysis) -> tuple[Way | None, str]:
    """How this backend would go about it where it has several ways, and why it cannot serve: "" when it can."""
    if state.available and state.ways:
        return way_for(request, analysis, state.ways)
    return None, _objection(state, request, analysis)


def _objection(state: BackendState, request: Request, analysis: PromptAnalysis) -> str:
    if unfit := _unfit(state.name, request, analysis):
        return unfit
    if not state.available:
        return state.reason
    if request.model not in ("auto", state.name):
        return f"model {request.model!r} was asked for"
    if request.best_of > 1:
        return "best_of needs a model that samples; what this makes is the same for every seed"
    if not is_admitted(state.licence, request.licence):
        return f"its licence is {state.licence}, and licence={request.licence} was asked for"
    return ""


def _unfit(name: BackendName, request: Request, analysis: PromptAnalysis) -> str:
    if name == "parametric":
        if request.images:
            return "exact solids are made from a sentence, not from pictures"
        return "" if serves(analysis) else "no exact family fits this prompt"
    if name == "relief":
        named = [family.value for family in analysis.families if family.value != "plate"]
        if named:
            return f"a {named[0]} cannot be made of a picture"
        if request.cameras:
            return "a relief is made of one picture's outline; cameras say nothing about it"
        return "" if request.images == 1 else "a relief needs exactly one picture"
    return ""


def _nobody(steps: list[PlanStep], states: list[BackendState], analysis: PromptAnalysis, request: Request) -> str:
    asked = f"a generation of {analysis.subject!r}" if analysis.subject and not request.images else "this request"
    mends = [state.remedy for step, state in zip(steps, states, strict=True) if state.remedy and not state.available]
    why = "; ".join(f"{step.backend}: {step.reason}" for step in steps)
    would = f" What could serve it: {'; '.join(mends)}." if mends else ""
    return f"No configured backend can serve {asked} ({why}).{would}"
