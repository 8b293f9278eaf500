"""The two streams of a command, kept apart from what libraries write to file descriptors 1 and 2."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from rich.console import Console


class _Console(Console):
    """A console that says so when its reader has gone, where rich ends the process with code 1."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


class Terminal:
    """Results to stdout, progress to stderr, on descriptors of their own: they stay open while 1 and 2 are diverted."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
        self._err = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
        # Not a terminal: no colours, and lines as wide as they are.
        wide = None if self._out.isatty() else 120
        self.out: Console = _Console(file=self._out, highlight=False, width=wide)
        self.err: Console = _Console(file=self._err, highlight=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self._out, self._err):
            with suppress(BrokenPipeError):  # whoever read it has enough, and was told so by the write before
                stream.close()

    def print_json(self, text: str) -> None:
        """One JSON object, as it is."""
        self._out.write(text + "\n")
        self._out.flush()

    @contextmanager
    def silencing_others(self, log: Path) -> Iterator[None]:
        """Divert descriptors 1 and 2, which child processes inherit, to the end of a file."""
        log.parent.mkdir(parents=True, exist_ok=True)
        kept = os.dup(1), os.dup(2)
        with log.open("ab") as diverted:
            os.dup2(diverted.fileno(), 1)
            os.dup2(diverted.fileno(), 2)
        try:
            yield
        finally:
            for number, descriptor in enumerate(kept, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)


def size_of(count: int) -> str:
    """Bytes as people write them."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
