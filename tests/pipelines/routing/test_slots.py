"""Who may use a pool, who waits, and who goes elsewhere."""

import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipelines.routing import Durations, Slots, Ticket, Turn

TEN_S = Durations(10.0)


def asked(slots: Slots, *names: str, at: float = 0.0, start_by: float = math.inf) -> list[str]:
    return [slots.ask(Ticket(name, at, start_by)).decision for name in names]


def test_what_is_free_is_granted_and_what_is_not_waits_up_to_the_bound() -> None:
    slots = Slots(2, 3, TEN_S)
    assert asked(slots, *"abcdef") == ["granted", "granted", "waiting", "waiting", "waiting", "saturated"]
    assert (slots.running, slots.waiting) == (2, 3)


def test_the_wait_is_what_is_before_over_the_slots() -> None:
    slots = Slots(2, 9, TEN_S)
    waits = [slots.ask(Ticket(name, 0.0)).predicted_wait_s for name in "abcd"]
    assert waits == [0, 0, 5, 10]
    assert slots.predicted_wait_s() == 15
    assert slots.predicted_wait_s(also=4) == 35
    assert slots.ask(Ticket("d", 3.0)).predicted_wait_s == 10


def test_a_ticket_that_would_begin_too_late_goes_elsewhere_at_once() -> None:
    slots = Slots(1, 9, TEN_S)
    assert asked(slots, "a") == ["granted"]
    assert asked(slots, "b", start_by=9.9) == ["saturated"]
    assert asked(slots, "b", start_by=10.0) == ["waiting"]
    assert asked(Slots(1, 9, TEN_S), "late", at=5, start_by=4) == ["saturated"]


def test_slots_go_to_those_who_wait_in_the_order_in_which_they_came() -> None:
    slots = Slots(1, 9, TEN_S)
    asked(slots, *"abc")
    slots.done("a", 4.0)
    assert asked(slots, "d") == ["waiting"]  # not past those that wait already
    assert slots.turn(4.0) == Turn(granted=("b",))
    slots.done("b", 6.0)
    assert slots.turn(6.0).granted == ("c",)


def test_who_waited_beyond_its_time_is_told_so_and_is_not_granted() -> None:
    slots = Slots(1, 9, TEN_S)
    asked(slots, "a")
    asked(slots, "b", start_by=12)
    asked(slots, "c")
    slots.done("a", 13)
    assert slots.turn(13) == Turn(granted=("c",), late=("b",))


def test_a_holder_that_falls_silent_gives_its_slot_back() -> None:
    slots = Slots(1, 9, TEN_S, lease_s=2)
    asked(slots, *"abc")
    slots.heard(["a", "c"], 1.5)
    assert slots.turn(3.0) == Turn(lost=("b",))
    slots.heard(["c"], 3.0)
    assert slots.turn(4.0) == Turn(granted=("c",), lost=("a",))


def test_what_holders_report_after_the_queue_was_lost_is_counted_even_beyond_the_capacity() -> None:
    slots = Slots(2, 9, TEN_S)
    for name in "abc":
        slots.take_over(name, 0)
    slots.take_over("a", 1)
    assert (slots.running, asked(slots, "d"), slots.predicted_wait_s()) == (3, ["waiting"], 15)
    slots.done("a", 1)
    assert slots.turn(1).granted == ()
    slots.done("b", 1)
    assert slots.turn(1).granted == ("d",)


def test_work_that_failed_does_not_say_how_long_work_takes() -> None:
    slots = Slots(1, 1, Durations(10.0, ((0.0, 10.0),) * 20))
    asked(slots, "a")
    slots.done("a", 1.0, learn=False)
    asked(slots, "b")
    assert slots.durations.seen == ((0.0, 10.0),) * 20
    slots.done("b", 3.0)
    assert slots.durations.seen[-1] == (3.0, 3.0)


def test_a_pool_without_slots_never_begins() -> None:
    slots = Slots(0, 9, TEN_S)
    assert slots.predicted_wait_s() == math.inf
    assert asked(slots, "a", start_by=1e9) == ["saturated"]


@settings(max_examples=200, deadline=None)
@given(
    capacity=st.integers(0, 8),
    more=st.integers(0, 8),
    before=st.integers(0, 16),
    typical_s=st.floats(0.1, 100),
    start_by=st.floats(0, 200),
)
def test_more_capacity_never_makes_a_request_slower_to_admit(
    capacity: int, more: int, before: int, typical_s: float, start_by: float
) -> None:
    rank = {"granted": 0, "waiting": 1, "saturated": 2}
    small, large = (Slots(count, 12, Durations(typical_s)) for count in (capacity, capacity + more))
    for number in range(before):
        for slots in (small, large):
            slots.ask(Ticket(f"before-{number}", 0.0))
    # What is compared is one request behind the same others: not where the larger pool let more of them in.
    assume(large.running + large.waiting == small.running + small.waiting)
    less, greater = (slots.ask(Ticket("one", 0.0, start_by)) for slots in (small, large))
    assert greater.predicted_wait_s <= less.predicted_wait_s
    assert rank[greater.decision] <= rank[less.decision]


class Queue(RuleBasedStateMachine):
    """Every ticket ends exactly once, in order, and never more run than may."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = Slots(2, 4, TEN_S, lease_s=30)
        self.now = 0.0
        self.count = 0
        self.line: list[str] = []  # our own idea of who waits
        self.held: list[str] = []
        self.ended: list[str] = []

    @rule(patience_s=st.sampled_from([5.0, 20.0, 60.0, math.inf]))
    def ask(self, patience_s: float) -> None:
        self.count += 1
        name = f"t{self.count}"
        decision = self.slots.ask(Ticket(name, self.now, self.now + patience_s)).decision
        {"granted": self.held, "waiting": self.line, "saturated": self.ended}[decision].append(name)

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, 9), learn=st.booleans())
    def finish(self, which: int, learn: bool) -> None:
        name = self.held.pop(which % len(self.held))
        self.ended.append(name)
        self.slots.done(name, self.now, learn=learn)
        self.slots.done(name, self.now)  # said twice

    @precondition(lambda self: self.line)
    @rule(which=st.integers(0, 9))
    def give_up(self, which: int) -> None:
        name = self.line.pop(which % len(self.line))
        self.ended.append(name)
        self.slots.done(name, self.now)

    @rule(seconds=st.floats(0, 40), alive=st.booleans())
    def turn(self, seconds: float, alive: bool) -> None:
        if alive:
            self.slots.heard([*self.held, *self.line], self.now + seconds)
        self.now += seconds
        moved = self.slots.turn(self.now)
        gone = {*moved.late, *moved.lost}
        assert not alive or not moved.lost
        assert gone <= {*self.held, *self.line}
        self.ended += gone
        self.held = [name for name in self.held if name not in gone]
        self.line = [name for name in self.line if name not in gone]
        assert list(moved.granted) == self.line[: len(moved.granted)]  # first come, first served
        self.held += moved.granted
        self.line = self.line[len(moved.granted) :]
        assert not self.line or len(self.held) >= 2  # nothing waits beside a free slot

    @invariant()
    def agrees(self) -> None:
        assert (self.slots.running, self.slots.waiting) == (len(self.held), len(self.line))
        assert self.slots.running <= 2
        assert self.slots.waiting <= 4
        assert sorted(self.ended + self.held + self.line) == sorted(f"t{n}" for n in range(1, self.count + 1))


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
