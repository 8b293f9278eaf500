"""What PrusaSlicer's g-code says of a print, read in one pass: features, layers, time."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import isfinite, pi
from pathlib import Path
from typing import Final

from pipelines.errors import SlicerFailed
from pipelines.pricing.slicing import Feature

# PrusaSlicer's own words, of 2.3 to 2.9 (ExtrusionEntity.cpp, `role_to_string`). A word that is not here is `other`.
FEATURES: Final[dict[bytes, Feature]] = {
    b"Perimeter": "walls",
    b"External perimeter": "walls",
    b"Overhang perimeter": "walls",
    b"Gap fill": "gaps",
    b"Internal infill": "sparse",
    b"Solid infill": "solid",
    b"Top solid infill": "solid",
    b"Bridge infill": "bridges",
    b"Support material": "supports",
    b"Support material interface": "supports",
}
# Beside the part: laid once for the plate, or written by the profile rather than sliced.
BESIDE: Final = (b"Skirt", b"Skirt/Brim", b"Custom")
AGREEMENT: Final = 0.01  # between our sum of the moves and the slicer's own; they differ by rounding alone
_LOOK_LINES: Final = 20_000  # between looks whether anybody still waits
_LINE_BYTES: Final = (
    2**20
)  # a custom g-code may stand in one long line of the summary; the rest of it is no line of ours

_E: Final = re.compile(rb"E(-?\d*\.?\d+)")
_XY: Final = re.compile(rb"[XYIJ]-?\.?\d")
_SUMMARY: Final = re.compile(rb"; ([a-z_ ]+(?:\[mm\]|\(normal mode\))?) = (.*?)\s*$")
_TIME: Final = re.compile(rb"(?:(\d{1,6})d)?\s*(?:(\d{1,6})h)?\s*(?:(\d{1,6})m)?\s*(?:(\d{1,6})s)?")
_UNIT_S: Final = (86_400, 3600, 60, 1)


@dataclass(slots=True)
class Printed:
    """What a g-code file extrudes. Lengths are of filament, whatever the moves are."""

    time_s: float
    layers: int
    mm3: dict[Feature, float] = field(default_factory=dict)  # of each feature that occurs, without what is beside


def read_gcode(path: Path, check: Callable[[], None]) -> Printed:
    """Read a file that PrusaSlicer wrote.

    Args:
        path: The file; it is read line by line, so that its size takes no memory.
        check: Called now and then; it may raise.

    Raises:
        SlicerFailed: It is not whole, extrudes nothing, or does not add up.
    """
    reader = _Reader()
    with path.open("rb") as file:
        reader.read(iter(lambda: file.readline(_LINE_BYTES), b""), check)
    return reader.printed()


class _Reader:
    """The state of a printer's extruder while it follows the file."""

    def __init__(self) -> None:
        self._relative = False  # M83; PrusaSlicer and Marlin begin absolute
        self._e = 0.0
        self._feature = b"Custom"
        self._mm: dict[bytes, float] = {}
        self._layers = 0
        self._summary: dict[bytes, bytes] = {}

    def read(self, lines: Iterable[bytes], check: Callable[[], None]) -> None:
        for number, line in enumerate(lines):
            if number % _LOOK_LINES == 0:
                check()
            if line.startswith((b"G1 ", b"G2 ", b"G3 ")):
                self._move(line)
            elif line.startswith(b";"):
                self._comment(line)
            elif line.startswith((b"M82", b"M83")):
                self._relative = line.startswith(b"M83")
            elif line.startswith(b"G92"):
                set_to = _E.search(line)
                self._e = float(set_to[1]) if set_to else self._e

    def _move(self, line: bytes) -> None:
        found = _E.search(line.partition(b";")[0])
        if found is None:
            return
        e = float(found[1])
        extruded = e if self._relative else e - self._e
        self._e = e
        # What moves only the filament retracts and primes; what retracts while moving wipes.
        if extruded > 0 and _XY.search(line):
            self._mm[self._feature] = self._mm.get(self._feature, 0.0) + extruded

    def _comment(self, line: bytes) -> None:
        if line.startswith(b";TYPE:"):
            self._feature = line[6:].strip()
        elif line.startswith(b";LAYER_CHANGE"):
            self._layers += 1
        elif found := _SUMMARY.match(line):
            self._summary[found[1]] = found[2]

    def printed(self) -> Printed:
        """The sums, in mm^3, once the file is read."""
        time_s = _seconds(self._summary.get(b"estimated printing time (normal mode)", b""))
        said_mm = sum(_numbers(self._summary.get(b"filament used [mm]", b"")))
        diameter_mm = next(iter(_numbers(self._summary.get(b"filament_diameter", b""))), 0.0)
        if time_s <= 0 or not self._layers or b"filament used [mm]" not in self._summary or diameter_mm <= 0:
            raise SlicerFailed("The slicer's g-code ends before its summary: it is not whole.")
        area_mm2 = pi / 4 * diameter_mm**2
        per_e = 1.0 if self._summary.get(b"use_volumetric_e") == b"1" else area_mm2  # mm^3 for one unit of E
        sliced = {name: length * per_e for name, length in self._mm.items() if name != b"Custom"}
        off_mm3 = abs(sum(sliced.values()) - said_mm * area_mm2)
        if not (isfinite(off_mm3) and off_mm3 <= AGREEMENT * said_mm * area_mm2 + 1.0):
            raise SlicerFailed("The slicer's g-code does not extrude what its summary says.")
        printed = Printed(time_s, self._layers)
        for name, mm3 in sliced.items():
            if name not in BESIDE:
                feature = FEATURES.get(name, "other")
                printed.mm3[feature] = printed.mm3.get(feature, 0.0) + mm3
        if not any(printed.mm3.values()):
            raise SlicerFailed("The slicer's g-code extrudes nothing.")
        return printed


def _numbers(text: bytes) -> list[float]:
    """A number, or one for each extruder; none where it is not one."""
    try:
        return [float(part) for part in text.split(b",") if part.strip()]
    except ValueError:
        return []


def _seconds(text: bytes) -> float:
    """`1d 2h 3m 4s` in seconds, 0 where nothing is said."""
    found = _TIME.fullmatch(text.strip())
    parts = found.groups() if found else ()
    return float(sum(int(part) * unit for part, unit in zip(parts, _UNIT_S, strict=False) if part))
