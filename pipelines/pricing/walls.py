"""The walls of one layer: loops along the outline, and single lines where no pair of loops fits.

Walls fill their whole width: lines grow wider where less than another line is left between them, so that a wall's
volume is an area, while its time is the length of its lines.

Source:
    PrusaSlicer 2.5: `PerimeterGenerator::process_arachne`, `Arachne::LimitedBeadingStrategy`; `min_bead_width` 85 %.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.pricing.printers import FdmPrinter
from pipelines.pricing.sections import Section, inset, offset, opened

NARROWEST_LINE: Final = 0.85  # of the nozzle: another line is laid where it can be this wide (min_bead_width)
BREAKS_PER_CELL: Final = 8  # corners and joints where a line ends, for each cell that walls part: sliced crates
SMALL_LOOP_MM: Final = 2 * np.pi * 6.5  # loops this short take the small-perimeter speed (SMALL_PERIMETER_LENGTH)


@dataclass(frozen=True, slots=True)
class Loops:
    """Lengths of loops, short ones apart, and what their corners add to length / speed."""

    long_mm: float = 0.0
    small_mm: float = 0.0
    turn_s: float = 0.0

    def __add__(self, other: "Loops") -> "Loops":
        return Loops(self.long_mm + other.long_mm, self.small_mm + other.small_mm, self.turn_s + other.turn_s)


@dataclass(frozen=True, slots=True, eq=False)
class Walls:
    """The walls of one layer, and what they leave."""

    external: Loops
    inner: Loops
    single_mm: float  # lines that have no partner on the other side
    singles: int  # how many of them: each is travelled to
    area_mm2: float
    inside: Section  # to be filled; it reaches into the walls by the overlap


def lay_walls(section: Section, printer: FdmPrinter) -> Walls:
    """The walls of a layer.

    Args:
        section: The layer, mm.
        printer: Whose lines are laid.

    Returns:
        Lengths in mm, areas in mm^2.
    """
    outer, spacing = printer.spaced(printer.external_width_mm), printer.spacing_mm
    least = NARROWEST_LINE * printer.nozzle_mm
    filled = offset(section, (outer - printer.external_width_mm) / 2)
    line = inset(filled, outer / 2, least / 2)
    external = loops(line, printer.external_speed_mm_s, printer)
    single = filled - offset(line, outer / 2)
    inner, rim = Loops(), outer / 2
    for _ in range(printer.perimeters - 1):
        following = inset(line, rim + spacing / 2, least / 2)
        single = single + (offset(line, -rim) - offset(following, spacing / 2))
        inner = inner + loops(following, printer.inner_speed_mm_s, printer)
        line, rim = following, spacing / 2
    left = opened(offset(line, -rim), spacing / 2)
    single = single + (offset(line, -rim) - left)
    lines = opened(single, least / 2)
    return Walls(
        external=external,
        inner=inner,
        single_mm=lines.area() / spacing,
        singles=_pieces(lines),
        area_mm2=filled.area() - left.area(),
        inside=offset(left, printer.infill_overlap * spacing),
    )


def _pieces(lines: Section) -> int:
    """How many lines a network of walls is drawn in: one for a strip or a ring, more where walls meet."""
    networks = len(lines.decompose())
    cells = int(lines.num_contour()) - networks
    return networks + BREAKS_PER_CELL * max(0, cells - networks)


def loops(lines: Section, speed_mm_s: float, printer: FdmPrinter) -> Loops:
    """The loops along an outline."""
    total = Loops()
    for polygon in lines.to_polygons():
        steps = np.roll(polygon, -1, axis=0) - polygon  # [P, 2] mm
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        length = float(lengths.sum())
        small = length <= SMALL_LOOP_MM
        speed = min(speed_mm_s, printer.small_perimeter_speed_mm_s) if small else speed_mm_s
        turn_s = _turn_s(steps / np.maximum(lengths, 1e-9)[:, None], speed, printer)
        total = total + Loops(0.0 if small else length, length if small else 0.0, turn_s)
    return total


def _turn_s(directions: NDArray[np.float64], speed_mm_s: float, printer: FdmPrinter) -> float:
    """Time lost by slowing for corners and speeding up again.

    Marlin lets each axis jump by the jerk; a sharper corner is taken at the speed whose jump is the jerk.
    """
    jumps = np.abs(directions - np.roll(directions, 1, axis=0)).max(axis=1)  # [P]
    corner_speed = np.minimum(speed_mm_s, printer.jerk_mm_s / np.maximum(jumps, 1e-9))
    lost = (speed_mm_s - corner_speed) ** 2 / (printer.wall_acceleration_mm_s2 * speed_mm_s)
    return float(lost.sum())
