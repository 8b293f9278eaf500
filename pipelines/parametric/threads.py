"""ISO metric coarse threads M2 ... M30 and the parts that go with them, mm."""

import math
import re
from dataclasses import dataclass
from typing import Final

from pipelines.errors import ContradictoryPrompt


@dataclass(frozen=True, slots=True)
class Thread:
    """One row: pitch (ISO 261), hexagon head and nut (ISO 4014, 4017, 4032), washer (ISO 7089), hole (ISO 273)."""

    diameter: float
    pitch: float
    across_flats: float
    head_height: float
    nut_height: float
    washer_inner: float
    washer_outer: float
    washer_thickness: float
    clearance_hole: float

    @property
    def designation(self) -> str:
        """Name as in ISO 965, such as M8 or M2.5."""
        return f"M{self.diameter:g}"


THREADS: Final = tuple(
    Thread(*row)
    for row in (
        (2, 0.4, 4, 1.4, 1.6, 2.2, 5, 0.3, 2.4),
        (2.5, 0.45, 5, 1.7, 2.0, 2.7, 6, 0.5, 2.9),
        (3, 0.5, 5.5, 2.0, 2.4, 3.2, 7, 0.5, 3.4),
        (4, 0.7, 7, 2.8, 3.2, 4.3, 9, 0.8, 4.5),
        (5, 0.8, 8, 3.5, 4.7, 5.3, 10, 1.0, 5.5),
        (6, 1.0, 10, 4.0, 5.2, 6.4, 12, 1.6, 6.6),
        (8, 1.25, 13, 5.3, 6.8, 8.4, 16, 1.6, 9),
        (10, 1.5, 16, 6.4, 8.4, 10.5, 20, 2.0, 11),
        (12, 1.75, 18, 7.5, 10.8, 13, 24, 2.5, 13.5),
        (14, 2.0, 21, 8.8, 12.8, 15, 28, 2.5, 15.5),
        (16, 2.0, 24, 10, 14.8, 17, 30, 3.0, 17.5),
        (18, 2.5, 27, 11.5, 15.8, 19, 34, 3.0, 20),
        (20, 2.5, 30, 12.5, 18, 21, 37, 3.0, 22),
        (22, 2.5, 34, 14, 19.4, 23, 39, 3.0, 24),
        (24, 3.0, 36, 15, 21.5, 25, 44, 4.0, 26),
        (27, 3.0, 41, 17, 23.8, 28, 50, 4.0, 30),
        (30, 3.5, 46, 18.7, 25.6, 31, 56, 4.0, 33),
    )
)
DEFAULT_THREAD: Final = next(row for row in THREADS if row.diameter == 8)

_DESIGNATION: Final = re.compile(r"[Mm]\s*(\d+(?:[.,]\d+)?)(?:\s*[xX\N{MULTIPLICATION SIGN}]\s*\d+(?:[.,]\d+)?)?")


def thread_of_diameter(diameter: float) -> Thread:
    """The coarse thread of a nominal diameter.

    Raises:
        ContradictoryPrompt: The table has no such thread; the sentence names those next to it.
    """
    for row in THREADS:
        if math.isclose(row.diameter, diameter, abs_tol=1e-6):
            return row
    near = sorted(THREADS, key=lambda row: abs(row.diameter - diameter))[:2]
    names = " and ".join(row.designation for row in sorted(near, key=lambda row: row.diameter))
    raise ContradictoryPrompt(
        f"There is no ISO coarse thread M{diameter:g} between M2 and M30; the nearest are {names}."
    )


def thread_named(designation: str) -> Thread:
    """The coarse thread of a designation such as "M8".

    Raises:
        ContradictoryPrompt: It is no metric thread of the table.
    """
    found = _DESIGNATION.fullmatch(designation.strip())
    if found is None:
        raise ContradictoryPrompt(f"{designation!r} is no ISO metric thread; say M2 to M30, such as M8.")
    return thread_of_diameter(float(found[1].replace(",", ".")))
