"""Requests that share a pass: who goes with whom, and when. Without Ray."""

import asyncio
from collections.abc import Sequence

import pytest

from deployments.batching import Batcher


class Press:
    """Work that takes as long as the test lets it."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, items: Sequence[str]) -> Sequence[str | Exception]:
        self.batches.append(list(items))
        await self.gate.wait()
        return [ValueError(item) if item.endswith("bad") else item.upper() for item in items]


def batcher(press: Press, max_size: int = 3, wait_s: float = 0.02) -> Batcher[str, str]:
    return Batcher[str, str](press, lambda item: item[0], max_size, wait_s)


async def test_what_arrives_together_goes_together() -> None:
    press = Press()
    ask = batcher(press)
    assert await asyncio.gather(*map(ask, ("a1", "a2"))) == ["A1", "A2"]
    assert press.batches == [["a1", "a2"]]


async def test_a_full_batch_does_not_wait() -> None:
    press = Press()
    ask = batcher(press, wait_s=3600)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*(ask(f"a{k}") for k in range(3))) == ["A0", "A1", "A2"]


async def test_one_alone_waits_no_longer_than_it_must() -> None:
    press = Press()
    ask = batcher(press, wait_s=0.2)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await ask("a1")
    assert 0.2 <= loop.time() - began < 2


async def test_what_gathers_behind_a_batch_at_work_goes_in_together() -> None:
    press = Press()
    ask = batcher(press, max_size=8)
    press.gate.clear()
    first = asyncio.create_task(ask("a0"))
    await _until(lambda: bool(press.batches))
    rest = []
    for number in range(1, 6):  # one by one, each further apart than a batch would wait
        rest.append(asyncio.create_task(ask(f"a{number}")))
        await asyncio.sleep(0.03)
    press.gate.set()
    await asyncio.gather(first, *rest)
    assert press.batches == [["a0"], ["a1", "a2", "a3", "a4", "a5"]]


async def test_kinds_do_not_mix_and_the_oldest_goes_first() -> None:
    press = Press()
    ask = batcher(press)
    await asyncio.gather(*(ask(item) for item in ("b1", "a1", "b2", "a2", "b3", "b4")))
    assert press.batches == [["b1", "b2", "b3"], ["a1", "a2"], ["b4"]]


async def test_an_error_is_its_own_items_alone() -> None:
    ask = batcher(Press())
    good, bad = await asyncio.gather(ask("a1"), ask("a bad"), return_exceptions=True)
    assert good == "A1"
    assert isinstance(bad, ValueError)


async def test_work_that_breaks_is_told_to_each_and_the_next_batch_is_served() -> None:
    broken = True

    async def work(items: Sequence[str]) -> Sequence[str]:
        if broken:
            raise ZeroDivisionError
        return items

    ask = Batcher[str, str](work, lambda item: item[0], 3, 0.02)
    told = await asyncio.gather(ask("a1"), ask("a2"), return_exceptions=True)
    assert [type(error) for error in told] == [ZeroDivisionError, ZeroDivisionError]
    broken = False
    assert await ask("a3") == "a3"


async def test_a_cancelled_item_leaves_the_queue() -> None:
    press = Press()
    ask = batcher(press)
    press.gate.clear()
    first = asyncio.create_task(ask("a0"))
    await _until(lambda: bool(press.batches))
    doomed, kept = asyncio.create_task(ask("a1")), asyncio.create_task(ask("a2"))
    await asyncio.sleep(0)
    doomed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doomed
    press.gate.set()
    assert [await first, await kept] == ["A0", "A2"]
    assert press.batches == [["a0"], ["a2"]]


async def test_an_item_cancelled_at_work_does_not_hold_up_its_mates() -> None:
    press = Press()
    ask = batcher(press)
    press.gate.clear()
    doomed, kept = asyncio.create_task(ask("a1")), asyncio.create_task(ask("a2"))
    await _until(lambda: bool(press.batches))
    doomed.cancel()
    press.gate.set()
    assert await kept == "A2"
    assert doomed.cancelled()


async def _until(check: object) -> None:
    async with asyncio.timeout(5):
        while not check():  # type: ignore[operator]
            await asyncio.sleep(0.001)
