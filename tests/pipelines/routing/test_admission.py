"""Who may take a request now, who is preferred, and what is said when nobody may."""

import math
import pickle
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import CapacityError, CircuitOpen, DeadlineExceeded, NoBackend, Saturated
from pipelines.prompt import analyse
from pipelines.routing import (
    BackendState,
    Durations,
    Offer,
    Plan,
    Policy,
    Request,
    Standing,
    Way,
    choose,
    offered,
    preference,
)
from pipelines.routing.request import is_admitted

IDLE = Standing(durations=Durations(10.0))
PAID = replace(IDLE, durations=Durations(20.0), price_micros=30_000, bound_micros=100_000)
BUSY_S = 50.0
SHOP = Policy(gpu_memory_threshold=0.8, patience_s=15)
DRAGON = analyse("a dragon")
TEXT = (Way("text", ("lgm-big",)),)


def plan(lgm: Standing = IDLE, replicate: Standing = PAID, space: Standing | None = None, **asked: object) -> Plan:
    backends = (
        BackendState("parametric", True, "exact", ""),
        BackendState("relief", True, "relief", ""),
        BackendState("lgm", True, "models", "", ways=TEXT, standing=lgm),
        BackendState("openlrm", False, "no OpenLRM", "openlrm: fetch it"),
        BackendState("replicate", True, "hosted", "", "restricted", standing=replicate),
        BackendState("huggingface", space is not None, "a space", "HF_TOKEN", standing=space or IDLE),
    )
    return choose(Request(**asked), DRAGON, backends, SHOP)  # type: ignore[arg-type]


def decisions(made: Plan) -> dict[str, str]:
    return {step.backend: step.decision for step in made.steps if step.backend in ("lgm", "replicate", "huggingface")}


def test_what_is_free_and_idle_comes_first_and_what_is_paid_is_the_fallback() -> None:
    assert decisions(plan()) == {"lgm": "chosen", "replicate": "fallback", "huggingface": "skipped"}


def test_a_short_wait_for_what_is_free_is_waited_and_a_long_one_is_paid_for() -> None:
    assert plan(replace(IDLE, wait_s=15.0)).chosen == "lgm"
    made = plan(replace(IDLE, wait_s=15.1))
    assert [step.backend for step in made.steps if step.decision != "skipped"] == ["replicate", "lgm"]
    assert made.steps[0].backend == "parametric"  # what never serves stays where its method names it


def test_of_two_paid_ones_the_cheaper_and_of_two_free_ones_the_sooner_is_taken() -> None:
    dear = replace(PAID, price_micros=30_001)
    assert decisions(plan(space=replace(IDLE, durations=Durations(9.0))))["huggingface"] == "chosen"
    assert decisions(plan(space=replace(IDLE, wait_s=0.1)))["huggingface"] == "fallback"
    gone = replace(IDLE, breaker="open", breaker_wait_s=5.0)
    assert plan(gone, dear, PAID).chosen == "huggingface"


@pytest.mark.parametrize(
    ("lgm", "reason"),
    [
        (replace(IDLE, breaker="open", breaker_wait_s=7.0, breaker_why="2 failed"), "2 failed"),
        (replace(IDLE, gpu_memory_ratio=0.81), "81% of its GPU memory is in use"),
        (replace(IDLE, queue_full=True, wait_s=40.0), "as many wait for it as may"),
        (replace(IDLE, wait_s=BUSY_S + 0.5), "others are before: it would be 0 s late"),
        (replace(IDLE, durations=Durations(61.0)), "it takes up to 61 s, longer than the deadline allows"),
        (replace(IDLE, wait_s=math.inf), "nothing of it runs"),
    ],
)
def test_what_cannot_take_it_now_is_passed_over_with_the_reason(lgm: Standing, reason: str) -> None:
    made = plan(lgm, finish_in_s=60.0)
    assert made.chosen == "replicate"
    assert next(step.reason for step in made.steps if step.backend == "lgm") == reason


def test_at_the_threshold_the_gpu_still_takes_work() -> None:
    assert plan(replace(IDLE, gpu_memory_ratio=0.8)).chosen == "lgm"


FULL = replace(IDLE, queue_full=True, wait_s=40.0)
BROKEN = replace(IDLE, breaker="open", breaker_wait_s=7.0)
SLOW = replace(IDLE, durations=Durations(100.0))
SPENT = replace(PAID, left_micros=99_999)


@pytest.mark.parametrize(
    ("lgm", "replicate", "error"),
    [
        (FULL, SPENT, Saturated("lgm", 40.0)),
        (BROKEN, SPENT, CircuitOpen("lgm", 7.0)),
        (FULL, replace(PAID, breaker="open", breaker_wait_s=50.0), Saturated("lgm", 40.0)),
        (FULL, replace(PAID, breaker="open", breaker_wait_s=5.0), CircuitOpen("replicate", 5.0)),
        (replace(IDLE, wait_s=60.0), SPENT, Saturated("lgm", 10.0)),
        (SLOW, SPENT, DeadlineExceeded(60.0)),
        (SLOW, replace(PAID, rate_wait_s=45.0), Saturated("replicate", 5.0)),
    ],
)
def test_a_request_that_nobody_serves_in_time_is_refused_at_once_with_when_to_ask_again(
    lgm: Standing, replicate: Standing, error: CapacityError
) -> None:
    with pytest.raises(type(error)) as refused:
        plan(lgm, replicate, finish_in_s=60.0)
    assert refused.value.args == error.args
    assert pickle.loads(pickle.dumps(refused.value)).args == error.args


def test_a_budget_that_nothing_meets_is_the_requests_own_fault() -> None:
    with pytest.raises(NoBackend, match=r"replicate: it may cost 0\.10 USD, more than the request allows"):
        plan(budget_micros=99_999, method="replicate")
    assert plan(budget_micros=100_000, method="replicate").chosen == "replicate"


def test_what_never_serves_is_said_before_how_busy_the_rest_is() -> None:
    with pytest.raises(NoBackend, match="its licence is restricted"):
        plan(FULL, FULL, method="replicate", licence="permissive")


STANDINGS = st.builds(
    Standing,
    wait_s=st.floats(0, 100) | st.just(math.inf),
    durations=st.builds(Durations, st.floats(0.1, 100)),
    queue_full=st.booleans(),
    breaker=st.sampled_from(["closed", "half_open", "open"]),
    breaker_wait_s=st.floats(0, 60),
    rate_wait_s=st.floats(0, 60),
    gpu_memory_ratio=st.none() | st.floats(0, 1),
    price_micros=st.integers(0, 10**6),
    bound_micros=st.integers(0, 10**6),
    left_micros=st.none() | st.integers(0, 10**6),
)
DEADLINES = st.none() | st.floats(0, 200)
BUDGETS = st.none() | st.integers(0, 10**6)


@settings(max_examples=300, deadline=None)
@given(
    standings=st.tuples(STANDINGS, STANDINGS, STANDINGS),
    finish_in_s=DEADLINES,
    budget_micros=BUDGETS,
    licence=st.sampled_from(["any", "commercial", "permissive"]),
)
def test_no_plan_breaks_a_licence_a_budget_a_breaker_or_a_deadline(
    standings: tuple[Standing, Standing, Standing],
    finish_in_s: float | None,
    budget_micros: int | None,
    licence: str,
) -> None:
    asked = Request(finish_in_s=finish_in_s, budget_micros=budget_micros, licence=licence)  # type: ignore[arg-type]
    by_name = dict(zip(("lgm", "replicate", "huggingface"), standings, strict=True))
    comes_under = {"lgm": "commercial", "replicate": "restricted", "huggingface": "commercial"}
    made, told_s = None, list[float]()
    try:
        made = plan(*standings, finish_in_s=finish_in_s, budget_micros=budget_micros, licence=licence)
    except (Saturated, CircuitOpen) as refusal:
        told_s.append(refusal.retry_after_s)
    except (DeadlineExceeded, NoBackend):
        pass
    assert all(0 <= wait_s < math.inf for wait_s in told_s)
    if made is None:
        return
    for step in made.steps:
        if step.decision == "skipped":
            continue
        standing = by_name[step.backend]
        assert is_admitted(comes_under[step.backend], asked.licence)  # type: ignore[arg-type]
        assert standing.breaker != "open"
        assert budget_micros is None or standing.bound_micros <= budget_micros
        assert standing.left_micros is None or standing.bound_micros <= standing.left_micros
        assert not standing.queue_full
        assert standing.gpu_memory_ratio is None or standing.gpu_memory_ratio <= SHOP.gpu_memory_threshold
        soonest_s = max(standing.wait_s, standing.rate_wait_s) + standing.durations.slow_s
        assert finish_in_s is None or soonest_s <= finish_in_s
    assert [step.decision for step in made.steps].count("chosen") == 1
    order = [step.decision for step in made.steps if step.decision != "skipped"]
    assert order[0] == "chosen"


@settings(max_examples=200, deadline=None)
@given(standing=STANDINGS, sooner_s=st.floats(0, 100), finish_in_s=DEADLINES)
def test_a_shorter_wait_never_loses_an_offer_nor_its_place(
    standing: Standing, sooner_s: float, finish_in_s: float | None
) -> None:
    asked = Request(finish_in_s=finish_in_s)
    before, after = (
        offered(one, asked, SHOP) for one in (standing, replace(standing, wait_s=min(standing.wait_s, sooner_s)))
    )
    if isinstance(before, Offer):
        assert isinstance(after, Offer)
        assert preference(after, SHOP) <= preference(before, SHOP)
