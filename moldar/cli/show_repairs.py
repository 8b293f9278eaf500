"""Repairs as a person reads them."""

from collections.abc import Sequence

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from moldar.cli.show import marked, section
from moldar.cli.terminal import size_of
from moldar.wire import Printability, RepairedFile


def show_repairs(console: Console, made: RepairedFile, written: Sequence[str]) -> None:
    """What was done, what came of it, and where it is."""
    if made.mended:
        section(console, "Made a closed solid", Group(*(marked("ok", one.message) for one in made.mended)))
    applied = [marked("ok", change) for one in made.applied for change in one.changes]
    declined = [marked("info", f"{one.kind.replace('_', ' ')}: {one.reason}") for one in made.declined]
    lines = applied + declined
    section(console, "Repaired for printing", Group(*(lines or [Text(_idle(made))])))
    section(console, _scores(made), Group(*_changes(made)))
    files = Table.grid(padding=(0, 2))
    for path, part, file in zip(written, made.parts, made.files, strict=True):
        x, y, z = part.printability.size_mm
        pieces = f", {part.pieces} pieces" if part.pieces > 1 else ""
        files.add_row(path, size_of(file.bytes), f"{x:.1f} × {y:.1f} × {z:.1f} mm{pieces}")
    section(console, "Written", files)


def _idle(made: RepairedFile) -> str:
    offered = {finding.repair for finding in made.parts[0].printability.findings if finding.repair}
    if not offered:
        return "Nothing is to be done."
    return f"Nothing was asked for; --all would do what is offered: {', '.join(sorted(offered))}."


def _scores(made: RepairedFile) -> str:
    now = " and ".join(f"{part.printability.score:.1f}" for part in made.parts if part.name != "dowel")
    return f"Print report: {made.before.score:.1f} of 10 before, {now} after"


def _changes(made: RepairedFile) -> list[Text]:
    """Findings that are gone, then those that are new, then those that stay."""
    before = _messages([made.before])
    after = _messages([part.printability for part in made.parts if part.name != "dowel"])
    gone = [marked("ok", f"gone: {before[code][1]}") for code in made.gone]
    new = [marked(after[code][0], f"new: {after[code][1]}") for code in made.raised]
    stays = [marked(*found) for code, found in after.items() if code not in made.raised]
    return [*gone, *new, *stays] or [Text("Nothing to say against it.")]


def _messages(reports: Sequence[Printability]) -> dict[str, tuple[str, str]]:
    """Severity and sentence of each code, the first of it."""
    found: dict[str, tuple[str, str]] = {}
    for report in reports:
        for finding in report.findings:
            found.setdefault(finding.code, (finding.severity, finding.message))
    return found
