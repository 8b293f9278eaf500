"""What is expected of a backend, from what it took."""

from pipelines.routing import Durations


def test_before_anything_was_seen_the_prior_holds() -> None:
    assert (Durations(7.0).typical_s, Durations(7.0).slow_s) == (7.0, 7.0)


def test_few_durations_are_weighed_with_the_prior_and_enough_are_not() -> None:
    few = Durations(100.0).with_one(1.0, 0)
    assert few.typical_s == 100.0
    enough = Durations(100.0, tuple((0.0, float(second)) for second in range(1, 21)))
    assert (enough.typical_s, enough.slow_s) == (11.0, 20.0)


def test_only_the_last_sixty_four_count() -> None:
    durations = Durations(1.0)
    for number in range(100):
        durations = durations.with_one(float(number), 0.0)
    assert len(durations.seen) == 64
    assert durations.typical_s == 68.0


def test_a_slow_hour_is_forgotten_so_that_the_backend_is_tried_again() -> None:
    slow = Durations(5.0, tuple((float(at), 90.0) for at in range(10)))
    assert slow.as_of(300).slow_s == 90.0
    assert slow.as_of(305).slow_s == 90.0
    assert slow.as_of(310).slow_s == 5.0


def test_a_clock_that_goes_back_says_nothing() -> None:
    assert Durations(5.0).with_one(-1.0, 0) == Durations(5.0)
