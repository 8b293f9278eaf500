"""From what is asked and what is configured to an ordered plan, each backend with its decision and reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipelines.errors import NoBackend
from pipelines.parametric import design, serves
from pipelines.prompt.types import PromptAnalysis

Method = Literal["auto", "local", "replicate", "huggingface", "parametric", "relief"]
BackendName = Literal["parametric", "relief", "lgm", "openlrm", "replicate", "huggingface"]
Licence = Literal["commercial", "restricted", "non_commercial"]
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


@dataclass(frozen=True, slots=True)
class Request:
    """The part of a generation request that decides who serves it."""

    method: Method = "auto"
    model: str = "auto"
    images: int = 0
    licence: Literal["any", "commercial", "permissive"] = "any"
    size_mm: float | None = None


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
    for name in ADMITTED[request.method]:
        objection = _objection(known[name], request, analysis)
        taken = any(step.decision == "chosen" for step in steps)
        decision: Decision = "skipped" if objection else ("fallback" if taken else "chosen")
        steps.append(PlanStep(name, decision, objection or known[name].reason))
    if not any(step.decision == "chosen" for step in steps):
        raise NoBackend(_nobody(steps, [known[step.backend] for step in steps], analysis, request))
    plan = Plan(tuple(steps))
    if plan.chosen == "parametric":
        design(analysis, request.size_mm)  # says now, before anything is accepted, what cannot be met together
    return plan


def _objection(state: BackendState, request: Request, analysis: PromptAnalysis) -> str:
    """Why this backend cannot serve this request; "" when it can."""
    if unfit := _unfit(state.name, request, analysis):
        return unfit
    if not state.available:
        return state.reason
    if request.model not in ("auto", state.name):
        return f"model {request.model!r} was asked for"
    admitted: dict[str, tuple[Licence, ...]] = {
        "any": ("commercial", "restricted", "non_commercial"),
        "commercial": ("commercial", "restricted"),
        "permissive": ("commercial",),
    }
    if state.licence not in admitted[request.licence]:
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
        return "" if request.images == 1 else "a relief needs exactly one picture"
    return ""


def _nobody(steps: list[PlanStep], states: list[BackendState], analysis: PromptAnalysis, request: Request) -> str:
    asked = f"a generation of {analysis.subject!r}" if analysis.subject and not request.images else "this request"
    mends = [state.remedy for step, state in zip(steps, states, strict=True) if state.remedy and not state.available]
    why = "; ".join(f"{step.backend}: {step.reason}" for step in steps)
    would = f" What could serve it: {'; '.join(mends)}." if mends else ""
    return f"No configured backend can serve {asked} ({why}).{would}"
