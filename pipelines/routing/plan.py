"""From what is asked and what is configured to an ordered plan, each backend with its decision and reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

from pipelines.errors import CircuitOpen, DeadlineExceeded, NoBackend, Saturated
from pipelines.parametric import design, serves
from pipelines.prompt.types import PromptAnalysis
from pipelines.routing.admission import FOREVER, Offer, Refusal, offered, preference
from pipelines.routing.request import Licence, Method, Request, is_admitted
from pipelines.routing.standing import Policy, Standing
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
_RANK: Final[dict[BackendName, int]] = {"parametric": 0, "relief": 1}  # before any model, however idle that one is
_MODELS: Final = 2
_POLICY: Final = Policy()
_IDLE: Final = Standing()


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
    standing: Standing = _IDLE


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One backend, what was decided about it, and why."""

    backend: BackendName
    decision: Decision
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Every admitted backend in the order in which they are tried; `chosen` is the first that can serve."""

    steps: tuple[PlanStep, ...]

    @property
    def chosen(self) -> BackendName:
        return next(step.backend for step in self.steps if step.decision == "chosen")


@dataclass(frozen=True, slots=True)
class _Judged:
    """One backend and what came of asking it."""

    state: BackendState
    way: Way | None  # how it would go about it, where it has several ways
    objection: str  # why it can never serve the request, "" where it can
    terms: Offer | Refusal  # of now; of no meaning where there is an objection

    @property
    def serves(self) -> bool:
        return not self.objection and isinstance(self.terms, Offer)

    @property
    def reason(self) -> str:
        if self.objection:
            return self.objection
        if isinstance(self.terms, Refusal):
            return self.terms.reason
        return SAYS[self.way.name] if self.way else self.state.reason


def choose(
    request: Request, analysis: PromptAnalysis, backends: Sequence[BackendState], policy: Policy = _POLICY
) -> Plan:
    """The plan for one request: who can serve it at all, and of those who may take it now, the cheapest in time.

    Args:
        request: What is asked.
        analysis: Of its prompt.
        backends: Every backend that the method admits, as it stands now.
        policy: What the shop has decided.

    Raises:
        NoBackend: nothing configured can serve it, or not for its budget; the sentence names what would.
        ContradictoryPrompt, InvalidInput: an exact solid was asked for that cannot be.
        Saturated: what could serve it cannot in time, and may when it is asked again after `retry_after_s`.
        CircuitOpen: likewise, because what could serve it is failing.
        DeadlineExceeded: what could serve it takes longer than the deadline allows, however idle it is.
    """
    known = {state.name: state for state in backends}
    judged = [_judged(known[name], request, analysis, policy) for name in ADMITTED[request.method]]
    if not any(one.serves for one in judged):
        _refuse(judged, request, analysis)
    judged.sort(key=lambda one: _place(one, policy))
    chosen = next(one for one in judged if one.serves)
    if chosen.state.name == "parametric" or (chosen.way is not None and chosen.way.name == "design"):
        design(analysis, request.size_mm)  # says now, before anything is accepted, what cannot be met together
    return Plan(tuple(PlanStep(one.state.name, _decision(one, chosen), one.reason) for one in judged))


def _place(one: _Judged, policy: Policy) -> tuple[int, float, float]:
    """Sort key; equals, and those that do not serve, stay in the order in which the method names them."""
    worth = preference(one.terms, policy) if one.serves and isinstance(one.terms, Offer) else (FOREVER, FOREVER)
    return (_RANK.get(one.state.name, _MODELS), *worth)


def _decision(one: _Judged, chosen: _Judged) -> Decision:
    return "chosen" if one is chosen else "fallback" if one.serves else "skipped"


def _judged(state: BackendState, request: Request, analysis: PromptAnalysis, policy: Policy) -> _Judged:
    way, objection = _fitness(state, request, analysis)
    return _Judged(state, way, objection, offered(state.standing, request, policy))


def _refuse(judged: Sequence[_Judged], request: Request, analysis: PromptAnalysis) -> NoReturn:
    """Say why nobody serves it: what passes soonest, else what never passes."""
    refused = [(one.state.name, one.terms) for one in judged if not one.objection and isinstance(one.terms, Refusal)]
    passing = [(name, refusal) for name, refusal in refused if refusal.retry_after_s < FOREVER]
    if passing:
        name, soonest = min(passing, key=lambda one: one[1].retry_after_s)
        cause = CircuitOpen if soonest.kind == "breaker_open" else Saturated
        raise cause(name, soonest.retry_after_s)
    if any(refusal.kind == "deadline" for _, refusal in refused):
        raise DeadlineExceeded(request.finish_in_s or 0.0)
    raise NoBackend(_nobody(judged, analysis, request))


def _fitness(state: BackendState, request: Request, analysis: PromptAnalysis) -> tuple[Way | None, str]:
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


def _nobody(judged: Sequence[_Judged], analysis: PromptAnalysis, request: Request) -> str:
    asked = f"a generation of {analysis.subject!r}" if analysis.subject and not request.images else "this request"
    mends = [one.state.remedy for one in judged if one.state.remedy and not one.state.available]
    why = "; ".join(f"{one.state.name}: {one.reason}" for one in judged)
    would = f" What could serve it: {'; '.join(mends)}." if mends else ""
    return f"No configured backend can serve {asked} ({why}).{would}"
