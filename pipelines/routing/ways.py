"""What a model backend can start from: words, one picture, four views, or a design that is photographed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipelines.parametric import serves
from pipelines.prompt.types import PromptAnalysis
from pipelines.routing.request import Licence, Request, is_admitted

WayName = Literal["text", "picture", "views", "design"]

VIEWS: Final = 4  # pictures of one object that LGM takes
SAYS: Final[dict[WayName, str]] = {
    "text": "views of the prompt by MVDream, made Gaussians by LGM",
    "picture": "views of the picture's object by ImageDream, made Gaussians by LGM",
    "views": "your four views, made Gaussians by LGM",
    "design": "the exact design photographed from four sides, made Gaussians by LGM",
}
_NEEDS: Final[dict[WayName, str]] = {
    "text": "no exact family fits this prompt, so it needs MVDream: the extra moldar[multiview] and "
    "'moldar weights fetch mvdream'",
    "picture": "one picture needs ImageDream: the extra moldar[multiview] and 'moldar weights fetch imagedream'; "
    "four views would do",
    "views": "it needs LGM's weights for four views",
    "design": "it needs LGM's weights",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One thing that a backend can start from, the models that can take it, and the licence of what comes out."""

    name: WayName
    models: tuple[str, ...]  # as requests name them; the first is what "auto" means
    licence: Licence = "commercial"

    @property
    def samples(self) -> bool:
        """Whether another seed gives another shape."""
        return self.name in ("text", "picture")


def way_for(request: Request, analysis: PromptAnalysis, ways: Sequence[Way]) -> tuple[Way | None, str]:
    """The first way that serves the request, and None with the objection where none does."""
    starts, objection = _starts(request, analysis)
    known = {way.name: way for way in ways}
    for name in starts:
        if name not in known:
            objection = objection or _NEEDS[name]
        elif fault := _fault(known[name], request):
            objection = fault
        else:
            return known[name], ""
    return None, objection


def _starts(request: Request, analysis: PromptAnalysis) -> tuple[tuple[WayName, ...], str]:
    """What the request gives to start from, the best first."""
    if request.images == VIEWS:
        return ("views",), ""
    if request.images > 1:
        return (), f"it takes one picture, or four views of the object, not {request.images}"
    if request.images:
        return (("picture",), "") if not request.cameras else ((), "cameras are for four views, not for one picture")
    return ("text", "design") if serves(analysis) else ("text",), ""


def _fault(way: Way, request: Request) -> str:
    if request.model not in ("auto", "lgm", *way.models):
        return f"model {request.model!r} was asked for, and this has {' and '.join(way.models)}"
    if request.best_of > 1 and not way.samples:
        return f"best_of needs a model that samples; {SAYS[way.name]}, comes out the same for every seed"
    if not is_admitted(way.licence, request.licence):
        return f"its licence is {way.licence}, and licence={request.licence} was asked for"
    return ""
