"""What is read at most, checked before memory is taken for it, and what lengths can be meant."""

from dataclasses import dataclass
from typing import Final

from pipelines.errors import GeometryTooLarge, InvalidInput
from pipelines.meshing.repair import Repair

# Solids of 2 million faces take about 1 GB in the later stages; slicers become slow well below that.
MAX_FACES: Final = 2_000_000
LARGEST_MM: Final = 5_000.0  # the longest side of anything that is printed in one file, or split to be printed
_LEAST_MM: Final = 3.0  # no longest side of a print is shorter: a smaller number is in another unit
_INCH_MM, _METRE_MM = 25.4, 1000.0
# As inches, what is shorter than this would be a print below 10 mm; as metres it is one of 1 to 400 mm.
_LEAST_INCHES: Final = 10.0 / _INCH_MM
_LEAST_METRES: Final = _LEAST_MM / _METRE_MM


@dataclass(frozen=True, slots=True)
class GuessedUnit:
    """How many millimetres one unit of a file's numbers is taken for, and why where that is not 1."""

    factor: float
    repair: Repair | None = None


def check_faces(count: int) -> None:
    """Refuse a mesh of more than `MAX_FACES` triangles."""
    if count > MAX_FACES:
        raise GeometryTooLarge(f"The mesh has {count:,} triangles; at most {MAX_FACES:,} are accepted.")


def check_extent(longest_mm: float) -> None:
    """Refuse a part longer than `LARGEST_MM`."""
    if longest_mm > LARGEST_MM:
        raise GeometryTooLarge(
            f"The longest side is {longest_mm / 1000:,.3g} m; at most {LARGEST_MM / 1000:g} m are accepted. "
            "Say the unit or the size that is meant."
        )


def guessed_unit(longest: float) -> GuessedUnit:
    """The unit of a file that says none: millimetres, unless its longest side would be shorter than any print.

    Args:
        longest: Longest side of the bounding box in the file's numbers, > 0.

    Raises:
        GeometryTooLarge: longer than `LARGEST_MM` in the smallest unit that is known.
        InvalidInput: shorter than any print even in metres.
    """
    check_extent(longest)
    if longest >= _LEAST_MM or not longest > 0:
        return GuessedUnit(1.0)
    if longest < _LEAST_METRES:
        raise InvalidInput(f"The longest side is {longest:g} of an unknown unit: say the unit or the size.")
    name, factor = ("inches", _INCH_MM) if longest >= _LEAST_INCHES else ("metres", _METRE_MM)
    message = (
        f"guessed {name}, because the longest side would be {longest:.3g} mm in millimetres; "
        f"it is now {longest * factor:.4g} mm"
    )
    return GuessedUnit(factor, Repair("scaled_units", message))
