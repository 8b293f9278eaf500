"""Short ways to write the parameters of a family."""

from typing import Final

from pipelines.parametric.lettering import LONGEST_INSCRIPTION
from pipelines.parametric.types import Parameter
from pipelines.prompt.types import CountName, DimensionName

INSCRIPTION: Final = Parameter(
    "inscription", "text", "", 0, LONGEST_INSCRIPTION, "the text on it, in Latin letters; say it in quotes"
)

Said = tuple[DimensionName | CountName, ...]

# FDM walls: two 0.45 mm lines make 0.9 mm, the thinnest that holds; 1.2 mm survives use (Prusa, "Modeling with 3D
# printing in mind"). Above 3 mm a wall only costs material.
THINNEST_DEFAULT_MM: Final = 1.2
THICKEST_DEFAULT_MM: Final = 3.0
_LARGEST_MM: Final = 2000.0


def length(  # noqa: PLR0913  one argument per field of a Parameter
    name: str,
    default: float,
    description: str,
    said_as: Said = (),
    follows: tuple[str, ...] = (),
    *,
    low: float = 1.0,
    high: float = _LARGEST_MM,
    derived: tuple[float, float] | None = None,
    feature: str = "",
) -> Parameter:
    """A dimension that keeps its proportion to the others."""
    return Parameter(name, "mm", default, low, high, description, said_as, follows, 1.0, derived, feature)


def wall(
    name: str,
    default: float,
    description: str,
    said_as: Said,
    follows: tuple[str, ...],
    *,
    derived: tuple[float, float] = (THINNEST_DEFAULT_MM, THICKEST_DEFAULT_MM),
    feature: str = "",
) -> Parameter:
    """A thickness that grows slowly with the object and stays printable."""
    return Parameter(name, "mm", default, 0.4, 100.0, description, said_as, follows, 0.5, derived, feature)


def fixed(
    name: str,
    default: float,
    description: str,
    said_as: Said = (),
    *,
    low: float = 0.5,
    high: float = 500.0,
    feature: str = "",
) -> Parameter:
    """A dimension that something outside decides, such as a screw."""
    return Parameter(name, "mm", default, low, high, description, said_as, (), 0.0, None, feature)


def number(
    name: str, default: int, description: str, said_as: Said, *, low: int, high: int, feature: str = ""
) -> Parameter:
    """A count."""
    return Parameter(name, "count", default, low, high, description, said_as, (), 0.0, None, feature)
