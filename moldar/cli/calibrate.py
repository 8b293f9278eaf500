"""`moldar calibrate`: a slicer slices the calibration parts, and the model is fitted to what it says of them."""

import json
import os
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from threading import Event
from time import monotonic
from typing import Final
from uuid import uuid4

from adapters.slicer import PrusaSlicer
from deployments.settings import PREFIX, Settings
from moldar.cli.outcome import FAILED, INPUT, UNAVAILABLE, Failure
from moldar.cli.progress import Bar
from moldar.cli.terminal import Terminal
from pipelines.errors import GeometryTooLarge, InvalidInput, SlicerFailed
from pipelines.pricing.calibration_fit import Fit
from pipelines.pricing.calibration_fit import calibrate as fitted
from pipelines.pricing.calibration_parts import CalibrationPart, calibration_parts
from pipelines.pricing.profile import UNNAMED, PrinterProfile, read_profile
from pipelines.pricing.slicing import Sliced

PROCESSES: Final = 2  # at a time; each uses more than one core in parts of its work
MOST_BYTES: Final = 4_000_000  # of a profile; the longest in circulation have 100 kB

Pair = tuple[CalibrationPart, Sliced]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one calibration."""

    fit: Fit
    path: Path
    skipped: tuple[str, ...]  # parts that the slicer did not slice, each with its reason
    slicing_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class _Row:
    """How near one figure came, as shares."""

    what: str
    slices: int
    median: float
    p90: float
    band: float


def calibrate(profile: Path, out: Path | None, *, quick: bool, as_json: bool) -> None:
    """Slice, fit, write the calibration and show it.

    Raises:
        Failure: there is no slicer, or too little could be sliced.
        InvalidInput: the file is no profile.
    """
    settings, began = Settings(), monotonic()
    text = _read(profile)
    printer = read_profile(text)
    if printer.name == UNNAMED:
        printer = replace(printer, name=profile.stem)
    asked = settings.slicer
    slicer = PrusaSlicer(asked.executable, text, asked.timeout_s, asked.memory_mib * 2**20)
    try:
        slicer.version()
    except SlicerFailed as error:
        raise Failure(UNAVAILABLE, str(error)) from error
    path = out or settings.data_dir / "calibrations" / f"{profile.stem}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)  # where that cannot be, it is known before the long work
    with Terminal() as terminal, Bar(terminal, measured=True) as bar:
        pairs, skipped = _sliced(slicer, _parts(printer, quick=quick), bar)
        slicing_s = monotonic() - began
        bar.say("Fitting the model")
        fit = _fitted(printer, pairs, skipped)
        _write(path, fit.calibration.to_toml())
        bar.end()
        run = Run(fit, path, skipped, slicing_s, monotonic() - began)
        if as_json:
            terminal.print_json(json.dumps(_document(run)))
        else:
            _show(terminal, run, printer)


def _read(profile: Path) -> str:
    if profile.stat().st_size > MOST_BYTES:
        raise Failure(INPUT, f"{profile.name!r} is too long for a profile.")
    try:
        return profile.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Failure(INPUT, f"{profile.name!r} is not a text, so it is no profile.") from error


def _parts(printer: PrinterProfile, *, quick: bool) -> tuple[CalibrationPart, ...]:
    """All parts, or the first of every second shape and those with supports."""
    parts = calibration_parts(printer.printer)
    firsts = {part.name: part for part in reversed(parts)}
    few = list(reversed(firsts.values()))[::2]
    return tuple(part for part in parts if not quick or part in few or part.request.supports)


def _sliced(
    slicer: PrusaSlicer, parts: Sequence[CalibrationPart], bar: Bar
) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """What the slicer says of each part, in order, and why it says nothing of some. Ctrl-C kills what is under way."""
    stop = Event()
    with ThreadPoolExecutor(PROCESSES) as pool:
        runs = [pool.submit(slicer.slice, part.mesh, part.request, stop) for part in parts]
        try:
            _follow(runs, bar)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    said, skipped = [], []
    for part, run in zip(parts, runs, strict=True):
        try:
            said.append((part, run.result()))
        except (SlicerFailed, GeometryTooLarge) as error:
            skipped.append(f"{part.name}: {error}")
    return tuple(said), tuple(skipped)


def _follow(runs: Sequence[Future[Sliced]], bar: Bar) -> None:
    left = set(runs)
    while left:
        bar.say(f"Slicing {len(runs) - len(left) + 1} of {len(runs)}")
        bar.reach((len(runs) - len(left)) / len(runs))
        left = wait(left, return_when=FIRST_COMPLETED).not_done


def _fitted(printer: PrinterProfile, pairs: Sequence[Pair], skipped: Sequence[str]) -> Fit:
    try:
        return fitted(printer, pairs, datetime.now(UTC).date())
    except InvalidInput as error:
        why = f" {len(skipped)} parts could not be sliced, the first being {skipped[0]}" if skipped else ""
        raise Failure(FAILED, f"{error}{why}") from error


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    part = path.with_name(f".{path.name}-{uuid4().hex}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _rows(fit: Fit) -> tuple[_Row, ...]:
    bands = fit.calibration.bands
    return (
        _row("mass", fit.left_out.mass, bands.mass),
        _row("time", fit.left_out.time, bands.time),
        _row("supports", fit.left_out.supports, bands.supports),
    )


def _row(what: str, missed: Sequence[float], band: Decimal) -> _Row:
    sizes = sorted(abs(share) for share in missed) or [float(band)]  # nothing was sliced that could say
    ninth = sizes[min(round(0.9 * len(sizes)), len(sizes) - 1)]
    return _Row(what, len(missed), round(median(sizes), 4), round(ninth, 4), float(band))


def _document(run: Run) -> dict[str, object]:
    made = run.fit.calibration
    return {
        "file": str(run.path),
        "setting": _setting(run),
        "name": made.name,
        "slicer": made.slicer,
        "profile_sha256": made.profile_sha256,
        "made_on": made.made_on.isoformat(),
        "slices": made.slices,
        "skipped": list(run.skipped),
        "left_out": {
            row.what: {"slices": row.slices, "median": row.median, "p90": row.p90, "band": row.band}
            for row in _rows(run.fit)
        },
        "seconds": round(run.seconds, 2),
    }


def _show(terminal: Terminal, run: Run, printer: PrinterProfile) -> None:
    from rich.table import Table  # noqa: PLC0415 - not for --json

    out, made = terminal.out, run.fit.calibration
    out.print(f"{made.slices} slices by {made.slicer} for {made.name}", markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("shapes left out of the fit", "slices", "median", "90 %", "band of quotes"):
        table.add_column(heading, justify="left" if heading.startswith("shapes") else "right")
    for row in _rows(run.fit):
        table.add_row(row.what, str(row.slices), f"{row.median:.1%}", f"{row.p90:.1%}", f"± {row.band:.1%}")
    out.print(table)
    for line in (*printer.notes, *(f"Not sliced: {reason}" for reason in run.skipped)):
        out.print(line, markup=False, style="dim")
    out.print(f"Took {run.seconds:.0f} s, {run.slicing_s:.0f} of them the slicer's. To price by it:", markup=False)
    out.print(f"export {_setting(run)}", markup=False, soft_wrap=True)


def _setting(run: Run) -> str:
    return f"{PREFIX}CALIBRATION={os.path.abspath(run.path)}"  # noqa: PTH100 - links in it stay what they are
