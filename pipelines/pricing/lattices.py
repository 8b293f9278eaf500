"""How the infill patterns differ from plain parallel lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Final

from pipelines.pricing.printers import InfillPattern


@dataclass(frozen=True, slots=True)
class Lattice:
    """One infill pattern."""

    density: float  # share of the asked density that is laid
    anchor_share: float  # share of the free edge of the lattice along which lines run on to the next one
    leg_pitches: float = inf  # from corner to corner of a line, in distances between its lines


# Fitted to PrusaSlicer 2.5: blocks of 24 and 50 mm, 10, 20 and 40 %, generic profile. Volumes are met within 2 %
# (triangles, hilbertcurve 4 %; 3dhoneycomb 6 %), whole times within 6 % (octagramspiral 17 %). The last three adapt
# to the part: their figures hold for such blocks only.
PLAIN: Final = Lattice(1.023, 0.371)
LATTICES: Final[Mapping[InfillPattern, Lattice]] = MappingProxyType(
    {
        "rectilinear": PLAIN,
        "alignedrectilinear": PLAIN,
        "line": Lattice(1.021, 0.213),
        "grid": Lattice(1.023, 0.295),
        "triangles": Lattice(1.033, 0.264, 20.0),
        "stars": Lattice(0.994, 0.275),
        "cubic": Lattice(1.012, 0.251, 20.0),
        "concentric": Lattice(0.992, 0.537),
        "honeycomb": Lattice(1.357, 0.259, 1.4),
        "3dhoneycomb": Lattice(1.501, 0.0, 1.6),
        "gyroid": Lattice(0.924, 0.367, 2.2),
        "hilbertcurve": Lattice(0.996, 0.477, 1.6),
        "archimedeanchords": Lattice(0.993, 0.551, 20.0),
        "octagramspiral": Lattice(0.991, 0.561, 4.0),
        "adaptivecubic": Lattice(0.665, 0.431, 20.0),
        "supportcubic": Lattice(0.405, 0.731, 20.0),
        "lightning": Lattice(0.132, 0.117, 8.0),
    }
)


def lattice_of(pattern: InfillPattern, infill: float) -> Lattice:
    """The lattice that is laid: a full inside is laid in parallel lines, whatever the pattern."""
    return PLAIN if infill >= 1.0 else LATTICES[pattern]
