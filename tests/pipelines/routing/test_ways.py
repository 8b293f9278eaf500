"""Who serves what, for every set of weights that a machine may have."""

import pytest

from pipelines.errors import ContradictoryPrompt, InvalidInput, NoBackend
from pipelines.prompt import analyse
from pipelines.routing import BackendState, Plan, Request, Way, choose

LAPTOP = (Way("views", ("lgm-nano",)), Way("design", ("lgm-nano",)))
CLUSTER = (
    Way("views", ("lgm-big", "lgm-nano")),
    Way("design", ("lgm-nano", "lgm-big")),
    Way("text", ("lgm-big", "lgm-nano"), "restricted"),
    Way("picture", ("lgm-big", "lgm-nano"), "restricted"),
)
VASE, DRAGON, NOTHING = "a vase 120 mm tall", "a dragon", ""


def plan(ways: tuple[Way, ...], prompt: str = NOTHING, **asked: object) -> Plan:
    backends = (
        BackendState("parametric", True, "exact", ""),
        BackendState("relief", True, "relief", ""),
        BackendState("lgm", bool(ways), "models", "" if ways else "lgm: fetch it", "restricted", ways=ways),
        BackendState("openlrm", False, "no OpenLRM", "openlrm: fetch it"),
        BackendState("replicate", False, "no token", "REPLICATE_API_TOKEN"),
        BackendState("huggingface", False, "no token", "HF_TOKEN"),
    )
    return choose(Request(**asked), analyse(prompt), backends)  # type: ignore[arg-type]


def refusal(ways: tuple[Way, ...], prompt: str = NOTHING, **asked: object) -> str:
    with pytest.raises(NoBackend) as refused:
        plan(ways, prompt, **asked)
    return str(refused.value)


@pytest.mark.parametrize("ways", [LAPTOP, CLUSTER])
def test_an_exact_request_is_made_exactly(ways: tuple[Way, ...]) -> None:
    assert plan(ways, VASE).chosen == "parametric"
    fallbacks = [step.backend for step in plan(ways, VASE).steps if step.decision == "fallback"]
    assert fallbacks == ["lgm"]


@pytest.mark.parametrize(
    ("ways", "prompt", "asked", "says"),
    [
        (LAPTOP, VASE, {"method": "local"}, "exact design photographed"),
        (LAPTOP, VASE, {"model": "lgm-nano"}, "exact design photographed"),
        (LAPTOP, VASE, {"model": "lgm"}, "exact design photographed"),
        (LAPTOP, NOTHING, {"images": 4}, "your four views"),
        (LAPTOP, DRAGON, {"images": 4}, "your four views"),
        (LAPTOP, NOTHING, {"images": 4, "cameras": 4}, "your four views"),
        (LAPTOP, VASE, {"images": 4, "licence": "permissive"}, "your four views"),
        (CLUSTER, DRAGON, {}, "by MVDream"),
        (CLUSTER, VASE, {"method": "local"}, "by MVDream"),
        (CLUSTER, DRAGON, {"licence": "commercial"}, "by MVDream"),
        (CLUSTER, VASE, {"method": "local", "licence": "permissive"}, "exact design photographed"),
        (CLUSTER, DRAGON, {"best_of": 8}, "by MVDream"),
        (CLUSTER, VASE, {"best_of": 2}, "by MVDream"),
        (CLUSTER, DRAGON, {"images": 1, "method": "local"}, "by ImageDream"),
        (CLUSTER, DRAGON, {"images": 1, "model": "lgm-nano"}, "by ImageDream"),
        (CLUSTER, NOTHING, {"images": 4}, "your four views"),
    ],
)
def test_the_pool_goes_about_it_by(ways: tuple[Way, ...], prompt: str, asked: dict[str, object], says: str) -> None:
    made = plan(ways, prompt, **asked)
    assert made.chosen == "lgm"
    assert says in next(step.reason for step in made.steps if step.backend == "lgm")


def test_one_picture_stays_a_relief_where_nothing_else_is_said() -> None:
    assert plan(LAPTOP, images=1).chosen == "relief"
    assert plan(CLUSTER, images=1).chosen == "relief"


@pytest.mark.parametrize(
    ("ways", "prompt", "asked", "why"),
    [
        (LAPTOP, DRAGON, {}, "weights fetch mvdream"),
        (LAPTOP, DRAGON, {"method": "local"}, "weights fetch mvdream"),
        (LAPTOP, NOTHING, {"images": 1, "method": "local"}, "four views would do"),
        (LAPTOP, NOTHING, {"images": 2}, "not 2"),
        (LAPTOP, NOTHING, {"images": 3, "method": "local"}, "four views"),
        (LAPTOP, NOTHING, {"images": 1, "cameras": 1}, "cameras are for four views"),
        (LAPTOP, VASE, {"model": "lgm-big"}, "'lgm-big' was asked for, and this has lgm-nano"),
        (LAPTOP, VASE, {"best_of": 2}, "best_of needs a model that samples"),
        (LAPTOP, NOTHING, {"images": 4, "best_of": 2}, "best_of needs a model that samples"),
        (CLUSTER, NOTHING, {"images": 4, "best_of": 2}, "best_of needs a model that samples"),
        (CLUSTER, DRAGON, {"licence": "permissive"}, "its licence is restricted"),
        ((), DRAGON, {}, "lgm: fetch it"),
        ((), NOTHING, {"images": 4}, "lgm: fetch it"),
    ],
)
def test_what_cannot_be_served_is_refused_with_what_would_help(
    ways: tuple[Way, ...], prompt: str, asked: dict[str, object], why: str
) -> None:
    assert why in refusal(ways, prompt, **asked)


@pytest.mark.parametrize("asked", [{}, {"method": "local"}, {"method": "parametric"}])
def test_a_design_that_cannot_be_is_refused_before_anything_is_accepted(asked: dict[str, object]) -> None:
    with pytest.raises((ContradictoryPrompt, InvalidInput)):
        plan(LAPTOP, "a washer 20 mm outside diameter with a 30 mm hole", **asked)


def test_a_sampler_is_not_held_to_a_design_that_cannot_be() -> None:
    assert plan(CLUSTER, "a washer 20 mm outside diameter with a 30 mm hole", method="local").chosen == "lgm"
