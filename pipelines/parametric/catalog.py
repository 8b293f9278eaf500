"""Every family by its name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pipelines.errors import InvalidInput
from pipelines.parametric.families import containers, furniture, gears, hardware, personal, primitives, vessels
from pipelines.parametric.families.combination import COMBINABLE, STACKED, combination
from pipelines.parametric.types import Design, Family

_ROOMS: Final = (vessels, containers, hardware, gears, personal, furniture, primitives)

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {family.name: family for room in _ROOMS for family in room.FAMILIES}
)


def family_of(design: Design) -> Family:
    """The family that draws a design.

    Raises:
        InvalidInput: There is no such family.
    """
    if design.parts and all(part in COMBINABLE for part in design.parts):
        return combination(design.parts, stacked=STACKED in design.features)
    if design.family not in FAMILIES:
        raise InvalidInput(f"There is no parametric family {design.family!r}; there are {', '.join(FAMILIES)}.")
    return FAMILIES[design.family]
