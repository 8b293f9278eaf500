"""Work on several threads: the compiled loops release Python's lock."""

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Self, TypeVar

_THREADS_MAX: Final = (
    8  # a picture is some tens of milliseconds of work: more threads cost more to start than they save
)

T = TypeVar("T")


class Crew:
    """Some threads for the length of a `with`; what they make does not depend on how many they are."""

    def __init__(self, threads: int | None = None) -> None:
        threads = threads or min(_usable_cores(), _THREADS_MAX)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pictures")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def soon(self, work: Callable[[], T]) -> Future[T]:
        """Begin a piece of work."""
        return self._pool.submit(work)

    def each(self, work: Callable[[int], object], items: Iterable[int]) -> None:
        """Do the work for all items, and wait until all of it is done."""
        for _ in self._pool.map(work, items):
            pass


def _usable_cores() -> int:
    """Those that this process may run on, which in a container are often fewer than there are."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
