"""The router's memory, told the time: queues, breakers and what survives it. Its life under Ray is in tests/service."""

import pytest

from pipelines.routing import BackendState, Desk, Line, Ticket
from pipelines.routing.breaker import POLICY

KNOWN = BackendState("parametric", True, "exact", "", capacity=2)
NOBODY = Line(workers=4)


def desk(capacity: int = 2, bound: int = 10) -> Desk:
    return Desk([("parametric", capacity)], queue_bound=bound, lease_s=2.0)


def work(at: Desk, ticket: str, began: float, until: float, *, well: bool = True) -> None:
    assert at.ask("parametric", Ticket(ticket, began)).decision == "granted"
    at.done("parametric", ticket, "succeeded" if well else "failed", until)


def opened() -> Desk:
    """A desk whose backend has failed as often as may be, at 5 s."""
    at = desk()
    for number in range(POLICY.least_calls):
        work(at, f"bad-{number}", number, number + 1, well=False)
    return at


def test_the_wait_is_the_longer_of_the_backends_line_and_the_holders_line() -> None:
    at = desk(capacity=1)
    for number in range(8):
        work(at, f"t{number}", 0, 3)
    queued = (("parametric", 4), ("lgm", 2))
    assert at.seen(KNOWN, Line(queued, running=0, workers=100, usual_s=1), 3).standing.wait_s == 12  # 4 jobs of 3 s
    assert at.seen(KNOWN, Line(queued, running=2, workers=1, usual_s=5), 3).standing.wait_s == 40  # 8 jobs of 5 s
    assert at.seen(KNOWN, Line((), workers=1), 3).standing.wait_s == 0


def test_jobs_of_the_record_count_against_the_bound() -> None:
    at = desk(bound=5)
    assert not at.seen(KNOWN, Line((("parametric", 4),)), 0).standing.queue_full
    assert at.seen(KNOWN, Line((("parametric", 5),)), 0).standing.queue_full


def test_a_backend_that_is_not_configured_is_left_as_it_is() -> None:
    absent = BackendState("openlrm", False, "no weights", "fetch them")
    assert desk().seen(absent, NOBODY, 0) is absent


def test_while_a_breaker_is_open_accepted_jobs_wait_and_then_probe() -> None:
    at = opened()
    assert at.state("parametric", 5) == "open"
    standing = at.seen(KNOWN, NOBODY, 5).standing
    assert (standing.breaker, standing.breaker_wait_s) == ("open", POLICY.rest_s)
    assert [at.ask("parametric", Ticket(name, 5)).decision for name in "abc"] == ["waiting"] * 3
    at.heard("parametric", (), "abc", 19.9)
    assert at.turn("parametric", 19.9).granted == ()
    assert at.turn("parametric", 20).granted == ("a", "b")  # as many as probes
    at.done("parametric", "a", "succeeded", 21)
    at.heard("parametric", "b", "c", 21)
    assert at.turn("parametric", 21).granted == ("c",)
    at.done("parametric", "b", "succeeded", 22)
    assert at.state("parametric", 22) == "closed"


def test_a_probe_that_was_cancelled_makes_room_for_another() -> None:
    at = opened()
    assert [at.ask("parametric", Ticket(name, 20)).decision for name in "abc"] == ["granted", "granted", "waiting"]
    at.done("parametric", "a", "silent", 21)
    assert at.turn("parametric", 21).granted == ("c",)


@pytest.mark.parametrize("ending", ["silent", "failed"])
def test_only_what_succeeded_says_how_long_it_takes(ending: str) -> None:
    at = desk()
    before = at.seen(KNOWN, NOBODY, 0).standing.durations
    at.ask("parametric", Ticket("a", 0))
    at.done("parametric", "a", ending, 50)  # type: ignore[arg-type]
    assert at.seen(KNOWN, NOBODY, 50).standing.durations == before


def test_the_next_router_knows_the_breaker_and_is_told_who_holds_what() -> None:
    memories = opened().memories()
    after = desk()
    after.recall(memories)
    assert after.state("parametric", 6) == "open"
    assert after.seen(KNOWN, NOBODY, 6).standing.breaker_wait_s == 14
    after.heard("parametric", ("x", "y", "z"), (), 6)
    assert after.seen(KNOWN, NOBODY, 6).in_flight == 3
    after.turn("parametric", 8.5)  # nobody spoke for them again
    assert after.seen(KNOWN, NOBODY, 8.5).in_flight == 0


def test_a_slot_said_to_be_free_twice_is_free_once() -> None:
    at = desk(capacity=1)
    at.ask("parametric", Ticket("a", 0))
    at.ask("parametric", Ticket("b", 0))
    for _ in range(2):
        at.done("parametric", "a", "succeeded", 1)
    assert at.turn("parametric", 1).granted == ("b",)
    assert at.turn("parametric", 1).granted == ()
