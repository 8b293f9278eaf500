"""What an axis and a part make together: the diameter of a hole, the thickness of a base."""

from typing import Final, NamedTuple, TypeAlias

from pipelines.prompt.types import DimensionName
from pipelines.prompt.vocabulary_lengths import AxisName, PartName

_Axes: TypeAlias = frozenset[AxisName | None]
_DIAMETERS: Final[_Axes] = frozenset({None, "diameter", "width", "size", "radius", "hole_diameter"})
_THICKNESSES: Final[_Axes] = frozenset({None, "thickness", "width", "depth"})


class Named(NamedTuple):
    """What a part makes of an axis: the name of the length and whether it is doubled."""

    name: DimensionName
    doubled: bool = False


def resolve(axis: AxisName | None, part: PartName | None, family: str) -> Named | None:
    """The name of a length, `None` where no family has one for it (the height of a leg, the width of a lid)."""
    if part == "side" and axis in (None, "size"):
        return Named("height" if family in ("box", "tray") and axis is None else "size")
    if part is not None and part != "side" and axis not in _OWN_PART:
        return next(
            (named for known, axes, named in _PART_NAMES if known == part and axis in axes), _fallback(axis, part)
        )
    return _axis_name(axis)


_OWN_PART: Final = frozenset(
    {"wall", "base_thickness", "corner_radius", "text_height", "leg_thickness", "seat_height", "lip", "pitch", "module"}
    | {"inner_diameter", "inner_radius", "top_diameter", "bottom_diameter", "hole_diameter", "spacing"}
)
_PART_NAMES: Final[tuple[tuple[PartName, _Axes, Named], ...]] = (
    ("hole", frozenset({"radius"}), Named("hole_diameter", doubled=True)),
    ("hole", _DIAMETERS, Named("hole_diameter")),
    ("wall", _THICKNESSES, Named("wall")),
    ("base", frozenset({"thickness"}), Named("base_thickness")),
    ("base", frozenset({"radius"}), Named("bottom_diameter", doubled=True)),
    ("base", _DIAMETERS, Named("bottom_diameter")),
    ("top", frozenset({"thickness"}), Named("lip")),
    ("top", frozenset({"radius"}), Named("top_diameter", doubled=True)),
    ("top", _DIAMETERS, Named("top_diameter")),
    ("leg", frozenset({"thickness", "width", "diameter"}), Named("leg_thickness")),
    ("seat", frozenset({"height"}), Named("seat_height")),
    ("text", frozenset({None, "height", "size"}), Named("text_height")),
    ("corner", frozenset({None, "radius", "size"}), Named("corner_radius")),
    ("lip", frozenset({None, "height", "thickness", "width", "size"}), Named("lip")),
)


def _fallback(axis: AxisName | None, part: PartName) -> Named | None:
    """An extent that the part cannot have is the object's: "a box with walls, 12 cm tall"."""
    belongs_to_part = part in ("leg", "seat", "text", "other", "corner", "lip") or (part == "hole" and axis == "depth")
    return None if belongs_to_part or axis is None else _axis_name(axis)


def _axis_name(axis: AxisName | None) -> Named:
    if axis is None:
        return Named("size")
    if axis in ("radius", "inner_radius"):
        return Named("diameter" if axis == "radius" else "inner_diameter", doubled=True)
    return Named(axis)  # type: ignore[arg-type]
