"""What is being done, on stderr while it is done; nothing where that is no terminal."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from moldar.cli.terminal import Terminal


class Bar:
    """A line that names the step under way, with a bar where the share that is done is known."""

    def __init__(self, terminal: Terminal, *, measured: bool = False) -> None:
        bar = (BarColumn(),) if measured else ()
        columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), *bar, TimeElapsedColumn()
        self._progress = Progress(
            *columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal, redirect_stdout=False
        )
        self._task = self._progress.add_task("", total=1.0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Take it off the screen."""
        self._progress.stop()

    def say(self, what: str) -> None:
        """Name what is being done."""
        self._progress.update(self._task, description=what)

    def reach(self, share: float) -> None:
        """Show how much is done, 0..1."""
        self._progress.update(self._task, completed=share)
