"""Many at a time, and ever fewer where many fail."""

import gc
import weakref
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.shaping import divided


class Full(Exception):
    """There is no room."""


def test_all_go_in_one_call_where_they_fit() -> None:
    calls: list[list[int]] = []

    def work(items: Sequence[int]) -> list[int]:
        calls.append(list(items))
        return [10 * item for item in items]

    assert divided(work, [1, 2, 3], (Full,)) == [10, 20, 30]
    assert calls == [[1, 2, 3]]
    assert divided(work, [], (Full,)) == []
    assert calls == [[1, 2, 3]]


def test_seven_that_fit_two_at_a_time_take_halves_of_halves() -> None:
    calls: list[list[int]] = []

    def work(items: Sequence[int]) -> list[int]:
        calls.append(list(items))
        if len(items) > 2:
            raise Full
        return list(items)

    assert divided(work, [1, 2, 3, 4, 5, 6, 7], (Full,)) == [1, 2, 3, 4, 5, 6, 7]
    assert calls == [[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4], [1, 2], [3, 4], [5, 6, 7], [5, 6], [7]]


@given(st.lists(st.booleans(), max_size=20), st.integers(1, 20))
@settings(max_examples=100, deadline=None)
def test_each_item_gets_its_own_output_or_its_own_error(good: list[bool], room: int) -> None:
    calls = 0

    def work(items: Sequence[int]) -> list[str]:
        nonlocal calls
        calls += 1
        if len(items) > room:
            raise Full("too many")
        if bad := [item for item in items if not good[item]]:
            raise Full(f"item {bad[0]}")
        return [f"made {item}" for item in items]

    given_back = divided(work, range(len(good)), (Full,))
    for item, answer in enumerate(given_back):
        assert str(answer) == (f"made {item}" if good[item] else f"item {item}")
        assert isinstance(answer, Full) is not good[item]
    assert calls <= max(1, 2 * len(good))


def test_an_error_of_another_kind_is_not_tried_again() -> None:
    def work(items: Sequence[int]) -> list[int]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        divided(work, [1, 2], (Full,))


class Big:
    """Stands for what a failed call had allocated."""


def test_nothing_of_a_failed_call_is_alive_when_memory_is_given_back() -> None:
    held: list[weakref.ref[Big]] = []
    alive: list[int] = []

    def work(items: Sequence[int]) -> list[int]:
        allocated = Big()
        held.append(weakref.ref(allocated))
        if len(items) > 1:
            raise Full
        return list(items)

    def relieve() -> None:
        gc.collect()
        alive.append(sum(one() is not None for one in held))

    assert divided(work, [1, 2, 3], (Full,), relieve) == [1, 2, 3]
    assert alive == [0, 0]
