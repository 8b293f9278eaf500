"""How often something may be asked for."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.routing import Bucket


def test_a_burst_goes_at_once_and_the_next_waits_for_its_token() -> None:
    bucket = Bucket.full(rate_per_s=0.5, burst=3, now=100)
    assert bucket.waits_s(100, 3) == 0
    empty = bucket.taken(100, 3)
    assert empty.waits_s(100) == 2
    assert empty.waits_s(101) == 1
    assert empty.waits_s(102) == 0
    assert empty.left(200) == 3


def test_debts_are_waited_for_and_what_is_more_than_the_burst_never_comes() -> None:
    bucket = Bucket.full(2, 4, 0).taken(0, 6)
    assert bucket.left(0) == -2
    assert bucket.waits_s(0) == 1.5
    assert bucket.waits_s(0, 5) == math.inf
    assert Bucket(0, 4, 0, 0).waits_s(0) == math.inf


def test_other_limits_keep_what_is_left_of_the_old_ones() -> None:
    bucket = Bucket.full(10, 20, 0).taken(0, 15)
    assert bucket.limited(0.1, 6, 0).left(0) == 5  # six a minute, as on low credit
    assert bucket.limited(0.1, 2, 0).left(0) == 2


def test_a_clock_that_goes_back_gives_no_tokens_twice() -> None:
    bucket = Bucket.full(1, 10, 100).taken(100, 10)
    assert bucket.left(50) == 0
    assert bucket.taken(50, 0).left(100) == 0


@settings(max_examples=200, deadline=None)
@given(
    rate=st.floats(0.01, 100),
    burst=st.floats(1, 50),
    steps=st.lists(st.tuples(st.floats(-5, 20), st.floats(0.1, 5)), max_size=40),
)
def test_no_more_goes_out_than_the_burst_and_the_rate_since(
    rate: float, burst: float, steps: list[tuple[float, float]]
) -> None:
    bucket, now, latest, spent = Bucket.full(rate, burst, 0), 0.0, 0.0, 0.0
    for wait_s, count in steps:
        now += wait_s
        latest = max(latest, now)
        if bucket.waits_s(now, count) == 0:
            bucket, spent = bucket.taken(now, count), spent + count
        assert bucket.left(now) <= burst
        assert spent <= burst + rate * latest + 1e-6


@settings(max_examples=100, deadline=None)
@given(rate=st.floats(0.01, 100), burst=st.floats(1, 50), taken=st.floats(0, 80), count=st.floats(0.1, 1))
def test_what_was_promised_is_there_when_it_was_promised(rate: float, burst: float, taken: float, count: float) -> None:
    bucket = Bucket.full(rate, burst, 0).taken(0, taken)
    assert bucket.left(bucket.waits_s(0, count)) == pytest.approx(max(count, bucket.left(0)), rel=1e-6)
