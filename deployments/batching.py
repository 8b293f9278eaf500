"""Requests of one replica that share a pass of its models. Ray-free.

Not `serve.batch`: it closes a batch `batch_wait_timeout_s` after its first item even while an earlier batch is at work
(ray 2.60, `_BatchQueue._process_batches`), so that what arrives one by one behind a long batch is worked off one by
one. Here whatever waits when the models come free goes in together.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Output = TypeVar("Output")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Item, Output]):
    item: Item
    answer: asyncio.Future[Output]
    came_at: float


class Batcher(Generic[Item, Output]):
    """One batch at a time: of the oldest item and whatever waits beside it and may share its batch."""

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Output | Exception]]],
        kind: Callable[[Item], Hashable],
        max_size: int,
        wait_s: float,
    ) -> None:
        self._work = work
        self._kind = kind
        self._max_size = max_size
        self._wait_s = wait_s
        self._queue: list[_Waiting[Item, Output]] = []
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Output:
        """The item's own output, or its own error. Cancelling it while it waits takes it out of the queue."""
        loop = asyncio.get_running_loop()
        waiting: _Waiting[Item, Output] = _Waiting(item, loop.create_future(), loop.time())
        self._queue.append(waiting)
        self._news.set()
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._work_off())
        return await waiting.answer

    async def _work_off(self) -> None:
        while True:
            batch = await self._next()
            try:
                answers = await self._work([one.item for one in batch])
            except Exception as error:  # noqa: BLE001 - the callers' edge: whatever it is, each of them must hear of it
                answers = [error] * len(batch)
            for one, answer in zip(batch, answers, strict=True):
                _tell(one.answer, answer)

    async def _next(self) -> list[_Waiting[Item, Output]]:
        """The next batch: full, or as large as it is when its oldest item has waited long enough."""
        loop = asyncio.get_running_loop()
        while True:
            self._queue = [one for one in self._queue if not one.answer.done()]
            left: float | None = None
            if self._queue:
                kind, left = self._kind(self._queue[0].item), self._queue[0].came_at + self._wait_s - loop.time()
                batch = [one for one in self._queue if self._kind(one.item) == kind][: self._max_size]
                if left <= 0 or len(batch) == self._max_size:
                    self._queue = [one for one in self._queue if one not in batch]
                    return batch
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):  # not wait_for: see `jobs.foreman`
                    await self._news.wait()


def _tell(answer: asyncio.Future[Output], given: Output | Exception) -> None:
    if answer.done():  # cancelled meanwhile
        return
    if isinstance(given, Exception):
        answer.set_exception(given)
    else:
        answer.set_result(given)
