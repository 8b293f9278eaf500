"""How far a printer's slicer departs from plain physics: one factor for each term of the print model, 1 for none."""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class MassWeights:
    """Factors on extruded volumes. Each >= 0."""

    walls: float = 1.0  # and the gaps between them
    solid: float = 1.0  # bottoms, tops, bridges
    sparse: float = 1.0  # the lattice itself
    anchors: float = 1.0  # where its lines run along the walls


@dataclass(frozen=True, slots=True)
class TimeWeights:
    """Factors on times. Each >= 0. The first eight are moves at speed, which a layer that must cool slows down."""

    external: float = 1.0
    inner: float = 1.0
    small: float = 1.0
    gaps: float = 1.0
    top: float = 1.0
    bridges: float = 1.0
    solid: float = 1.0
    sparse: float = 1.0
    cooling: float = 1.0  # on the time that a small layer is slowed to
    corners: float = 1.0  # slowing down and speeding up along the walls
    solid_turns: float = 1.0  # from one line to the next
    sparse_turns: float = 1.0
    travels: float = 1.0
    layers: float = 1.0  # moving up


@dataclass(frozen=True, slots=True)
class SupportWeights:
    """Factors on the extruded volume of supports, and on the time that they take. Each >= 0."""

    columns: float = 1.0
    interfaces: float = 1.0
    columns_time: float = 1.0
    interfaces_time: float = 1.0


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything that a calibration fits."""

    mass: MassWeights = MassWeights()
    time: TimeWeights = TimeWeights()
    supports: SupportWeights = SupportWeights()
    start_s: float = 0.0  # of each print: moves before and after the part


MASS_TERMS: Final = tuple(field.name for field in fields(MassWeights))
TIME_TERMS: Final = tuple(field.name for field in fields(TimeWeights))
MOVES: Final = TIME_TERMS.index("cooling")  # so many terms are moves at speed


@dataclass(frozen=True, slots=True)
class Bands:
    """Nine in ten estimates are this near, as a share."""

    mass: Decimal
    time: Decimal
    supports: Decimal
