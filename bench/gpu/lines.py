"""What was found, one line each: shown at once, kept as JSON, and drawn as tables at the end."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

Outcome = Literal["measured", "agrees", "differs", "skipped", "failed"]
_BAD: Final = frozenset({"differs", "failed"})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was compared or measured. What does not apply is None."""

    part: str
    name: str
    outcome: Outcome
    how: str = ""  # the acceleration
    batch: int | None = None  # objects
    median_ms: float | None = None
    objects_per_s: float | None = None
    peak_gib: float | None = None  # of device memory, the weights of all loaded networks included
    tflop: float | None = None  # of one call
    share: float | None = None  # of the measured matrix product rate, 0..1
    error: float | None = None  # norm of the difference over the norm of the reference
    tolerance: float | None = None
    note: str = ""

    def __str__(self) -> str:
        return "  ".join([f"{self.outcome:9}", f"{self.name:44}", *self.cells()]).rstrip()

    def cells(self) -> list[str]:
        """The figures that there are, each with its unit."""
        shown = [
            ("{}", self.how or None), ("batch {}", self.batch), ("{:.2f} ms", self.median_ms),
            ("{:.2f} objects/s", self.objects_per_s), ("{:.2f} GiB", self.peak_gib), ("{:.3f} TFLOP", self.tflop),
            ("{:.1%} of the rate", self.share), ("error {:.1e}", self.error), ("allowed {:.0e}", self.tolerance),
            ("{}", self.note or None),
        ]  # fmt: skip
        return [form.format(value) for form, value in shown if value is not None]


class Log:
    """Lines as they come: on the screen and, where a folder is given, in `gpu.jsonl` there."""

    def __init__(self, folder: Path | None) -> None:
        self.lines: list[Line] = []
        self._file = folder / "gpu.jsonl" if folder else None
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text("")

    def add(self, line: Line) -> None:
        self.lines.append(line)
        print(line, flush=True)
        if self._file:  # at once: what is stopped at a time limit keeps what it found
            known = {name: value for name, value in asdict(line).items() if value not in (None, "")}
            with self._file.open("a") as file:
                file.write(json.dumps(known) + "\n")


def table(lines: Iterable[Line]) -> str:
    """A Markdown table of what was measured."""
    rows = ["| what | how | batch | median ms | objects/s | peak GiB | TFLOP | of matmul rate |", "| --- " * 8 + "|"]
    for line in lines:
        if line.outcome == "measured" and line.median_ms is not None:
            figures = [
                _cell("{:.2f}", line.median_ms), _cell("{:.2f}", line.objects_per_s), _cell("{:.2f}", line.peak_gib),
                _cell("{:.3f}", line.tflop), _cell("{:.1%}", line.share),
            ]  # fmt: skip
            rows.append(f"| {line.name} | {line.how} | {_cell('{}', line.batch)} | {' | '.join(figures)} |")
    return "\n".join(rows)


def summary(lines: Iterable[Line]) -> str:
    """How many lines of each outcome, and every bad or skipped one again."""
    kept = list(lines)
    counts: dict[str, int] = {}
    for line in kept:
        counts[line.outcome] = counts.get(line.outcome, 0) + 1
    told = [str(line) for line in kept if line.outcome in _BAD | {"skipped"}]
    return "\n".join([", ".join(f"{count} {outcome}" for outcome, count in counts.items()), *told])


def exit_code(lines: Iterable[Line]) -> int:
    """1 where a comparison differs or a part broke; what is skipped is no fault."""
    return int(any(line.outcome in _BAD for line in lines))


def _cell(form: str, value: float | None) -> str:
    return "" if value is None else form.format(value)
