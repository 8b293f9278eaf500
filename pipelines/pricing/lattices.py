"""How the infill patterns differ from plain parallel lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pipelines.pricing.printers import InfillPattern


@dataclass(frozen=True, slots=True)
class Lattice:
    """One infill pattern."""

    density: float  # share of the asked density that is laid
    anchor_share: float  # share of the free edge of the lattice along which lines run on to the next one
    pace: float  # share of the set speed that its curves let the printer keep


PLAIN: Final = Lattice(1.0, 0.43, 1.0)

LATTICES: Final[Mapping[InfillPattern, Lattice]] = MappingProxyType(
    {
        "rectilinear": Lattice(1.0, 0.43, 1.0),
        "grid": Lattice(1.0, 0.43, 1.0),
        "gyroid": Lattice(1.0, 0.14, 0.67),
    }
)


def lattice_of(pattern: InfillPattern, infill: float) -> Lattice:
    """The lattice that is laid: a full inside is laid in parallel lines, whatever the pattern."""
    return PLAIN if infill >= 1.0 else LATTICES[pattern]
