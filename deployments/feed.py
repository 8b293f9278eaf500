"""The event table, tailed once per replica and fanned out to its listeners. `Last-Event-ID` is the table's own id."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from jobs.model import JobEvent
from jobs.ports import JobStore
from pipelines.errors import MoldarError

POLL_S: Final = 0.02  # while somebody listens: a fifth of what a person notices
PAGE: Final = 500
KEPT: Final = 5000  # events kept in memory; a listener further behind reads the table


class EventFeed:
    """One tail of the log, any number of listeners."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._recent: deque[JobEvent] = deque(maxlen=KEPT)
        self._newest: int | None = None  # None until the tail has begun
        self._floor = 0  # everything after this id that was read is in `_recent`
        self._listeners = 0
        self._news = asyncio.Event()
        self._tail: asyncio.Task[None] | None = None

    async def follow(
        self, last: int | None, wanted: Callable[[JobEvent], bool], idle_s: float
    ) -> AsyncIterator[JobEvent | None]:
        """Every wanted event after `last` (None: from now on), and None after each `idle_s` without one."""
        self._listeners += 1
        try:
            cursor = await self._begin() if last is None else last
            await self._begin()
            while True:
                news = self._news
                events = await self._after(cursor)
                for event in events:
                    cursor = event.id
                    if wanted(event):
                        yield event
                if not events and not await _set_within(news, idle_s):
                    yield None
        finally:
            self._listeners -= 1

    async def _begin(self) -> int:
        if self._newest is None:
            newest = await self._jobs.last_event()
            if self._newest is None:
                self._newest = self._floor = newest
        if self._tail is None or self._tail.done():
            self._tail = asyncio.get_running_loop().create_task(self._follow_table())
        return self._newest

    async def _after(self, cursor: int) -> list[JobEvent]:
        if cursor < self._floor:
            return await self._jobs.events_after(cursor, PAGE)
        return [event for event in self._recent if event.id > cursor]

    async def _follow_table(self) -> None:
        """Read the table while somebody listens; end when nobody does."""
        assert self._newest is not None, "begun before it is followed"
        while self._listeners:
            with contextlib.suppress(MoldarError):  # a database that is away for a while only delays
                for event in await self._jobs.events_after(self._newest, PAGE):
                    if len(self._recent) == KEPT:
                        self._floor = self._recent[0].id
                    self._recent.append(event)
                    self._newest = event.id
                    self._wake()
            await asyncio.sleep(POLL_S)
        # The next listener begins anew: what happens in between is not read.
        self._newest = None
        self._recent.clear()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):  # not wait_for: see `jobs.foreman`
            await event.wait()
    except TimeoutError:
        return False
    return True
