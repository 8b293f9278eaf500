"""When a backend is left alone, and when it is tried again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.routing.breaker import POLICY, Breaker, BreakerPolicy, admits, begun, ended, held, state, waits_s

SOON = BreakerPolicy(window_s=60, least_calls=4, most_failed=0.5, rest_s=10, longest_rest_s=30, probes=1, successes=2)


def after(*calls: tuple[float, bool], policy: BreakerPolicy = SOON) -> Breaker:
    breaker = Breaker()
    for at, well in calls:
        breaker = ended(breaker, at - 1, at, well=well, policy=policy)
    return breaker


OPEN = after((1, True), (2, True), (3, False), (4, False))


def test_half_of_enough_calls_failing_opens_it_and_fewer_calls_do_not() -> None:
    assert state(after((1, False), (2, False), (3, False)), 3) == "closed"
    assert state(after((1, True), (2, True), (3, True), (4, False), (5, False)), 5) == "closed"
    assert state(OPEN, 4) == "open"
    assert OPEN.why == "2 of its last 4 calls failed"


def test_calls_that_are_older_than_the_window_say_nothing() -> None:
    assert state(after((1, False), (2, False), (100, True), (101, False)), 101) == "closed"
    assert state(after((41, False), (42, False), (100, True), (101, False)), 101) == "open"


def test_it_rests_and_then_lets_one_probe_out() -> None:
    assert (waits_s(OPEN, 4, SOON), waits_s(OPEN, 13, SOON)) == (10, 1)
    assert not admits(OPEN, 13.9, SOON)
    assert admits(OPEN, 14, SOON)
    probing = begun(OPEN, 14, SOON)
    assert state(probing, 15) == "half_open"
    assert not admits(probing, 15, SOON)


def test_two_good_probes_close_it_and_nothing_is_remembered() -> None:
    once = ended(begun(OPEN, 14, SOON), 14, 16, well=True, policy=SOON)
    assert (state(once, 16), admits(once, 16, SOON)) == ("half_open", True)
    assert ended(begun(once, 16, SOON), 16, 18, well=True, policy=SOON) == Breaker()


def test_each_failed_probe_doubles_the_rest_up_to_the_longest() -> None:
    breaker, now, rests = OPEN, 4.0, []
    for _ in range(4):
        assert breaker.open_until is not None
        rests.append(breaker.open_until - now)
        began, now = breaker.open_until, breaker.open_until + 1
        breaker = ended(begun(breaker, began, SOON), began, now, well=False, policy=SOON)
    assert rests == [10, 20, 30, 30]


def test_a_probe_that_is_never_heard_of_makes_room_for_another() -> None:
    probing = begun(OPEN, 14, SOON)
    assert waits_s(probing, 20, SOON) == 14 + SOON.probe_s - 20
    assert admits(probing, 14 + SOON.probe_s, SOON)


def test_a_call_from_before_it_opened_says_nothing_once_it_is_half_open() -> None:
    probing = begun(OPEN, 14, SOON)
    assert ended(probing, 2, 15, well=False, policy=SOON) == probing
    assert ended(probing, 2, 15, well=True, policy=SOON) == probing


def test_a_backend_that_refuses_all_is_left_alone_as_long_as_it_says_and_never_shorter() -> None:
    refused = held(Breaker(), 1000, "no credit")
    assert (state(refused, 999), state(refused, 1000), refused.why) == ("open", "half_open", "no credit")
    assert held(refused, 500, "busy").open_until == 1000


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(st.tuples(st.floats(0, 90), st.booleans(), st.booleans()), max_size=60),
    probes=st.integers(1, 3),
)
def test_half_open_never_has_more_probes_out_than_it_may(steps: list[tuple[float, bool, bool]], probes: int) -> None:
    policy = BreakerPolicy(probes=probes, successes=2, probe_s=100)
    breaker, now = held(Breaker(), 10, "down"), 0.0
    out: list[float] = []
    for wait_s, asks, well in steps:
        now += wait_s
        out = [began for began in out if now - began < policy.probe_s]
        if asks and admits(breaker, now, policy):
            before = state(breaker, now)
            breaker = begun(breaker, now, policy)
            out = [*out, now] if before == "half_open" else out
        elif out:
            breaker = ended(breaker, out.pop(0), now, well=well, policy=policy)
            out = out if state(breaker, now) == "half_open" else []
        assert len(out) <= probes
        assert (waits_s(breaker, now, policy) == 0) == admits(breaker, now, policy)


@settings(max_examples=100, deadline=None)
@given(outcomes=st.lists(st.booleans(), max_size=300))
def test_what_is_remembered_is_bounded_and_it_opens_only_by_a_share_that_is_too_large(outcomes: list[bool]) -> None:
    breaker = Breaker()
    for number, well in enumerate(outcomes):
        breaker = ended(breaker, number / 100, number / 100, well=well)
        if breaker.open_until is not None:
            window = outcomes[max(0, number + 1 - POLICY.most_calls) : number + 1]
            assert window.count(False) >= POLICY.most_failed * len(window)
            return
        assert len(breaker.calls) <= POLICY.most_calls


@pytest.mark.parametrize("now", [3.0, -5.0])
def test_a_clock_that_goes_back_neither_opens_nor_closes(now: float) -> None:
    assert state(OPEN, now) == "open"
    assert not admits(OPEN, now, SOON)
