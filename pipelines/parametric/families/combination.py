"""Two or more plain solids as one: stacked on each other, or side by side."""

from dataclasses import replace
from typing import Final

from pipelines.parametric.expressions import Expression, highest, larger, lift, smaller, sqrt
from pipelines.parametric.families.primitives import CONE, CUBE, CYLINDER, SPHERE, TORUS
from pipelines.parametric.sketch import Sketch
from pipelines.parametric.solids import Solid, union
from pipelines.parametric.types import Family, Parameter

STACKED: Final = "on_top"
"""The feature of an analysis that stands parts on each other."""
COMBINABLE: Final = {family.name: family for family in (CUBE, SPHERE, CYLINDER, CONE, TORUS)}
MOST_PARTS: Final = 6

# Round solids touch in a point; they are sunk into each other until they share a disc of this share of the smaller
# radius, wide enough to hold.
_CONTACT: Final = 0.4
_LEAST_OVERLAP_MM: Final = 0.01  # flat faces overlap by less than a layer, so that they fuse whatever is rounded
_SIDE_OVERLAP: Final = 0.04  # of the narrower neighbour's width
_TORUS_SHARE: Final = 0.7  # a torus is drawn smaller than alone, so that what stands on it does not fall through
_LEVELS: Final = 48  # heights at which neighbours are compared


def prefixes(parts: tuple[str, ...]) -> tuple[str, ...]:
    """What the parameters of each part begin with: "sphere_", or "sphere_2_" for a second one."""
    return tuple(
        f"{name}_" if parts[:place].count(name) == 0 else f"{name}_{parts[:place].count(name) + 1}_"
        for place, name in enumerate(parts)
    )


def combination(parts: tuple[str, ...], *, stacked: bool) -> Family:
    """The family of these parts, from the bed up or from left to right."""
    leaders = tuple(_leader(name, prefix) for name, prefix in zip(parts, prefixes(parts), strict=True))
    parameters = tuple(
        _renamed(
            parameter, prefix, () if prefix + parameter.name != leader else _but(leaders, leader), torus=name == "torus"
        )
        for name, prefix, leader in zip(parts, prefixes(parts), leaders, strict=True)
        for parameter in COMBINABLE[name].parameters
        if not parameter.feature
    )
    arrange = _stack if stacked else _row
    order = " under ".join(parts) if stacked else " beside ".join(parts)
    return Family(
        "combination",
        f"a combination of {order}",
        parameters,
        "a sphere on top of a cylinder",
        lambda s: arrange(s, parts),
        color="#7d8fb3",
        features=frozenset({STACKED}),
    )


def _but(names: tuple[str, ...], one: str) -> tuple[str, ...]:
    return tuple(name for name in names if name != one)


def _renamed(parameter: Parameter, prefix: str, others: tuple[str, ...], *, torus: bool) -> Parameter:
    follows = tuple(prefix + name for name in parameter.follows)
    default = parameter.number * _TORUS_SHARE if torus and parameter.unit == "mm" else parameter.default
    return replace(parameter, name=prefix + parameter.name, default=default, follows=(*follows, *others))


def _leader(name: str, prefix: str) -> str:
    """The parameter that says how wide a part is."""
    return prefix + ("width" if name == "cube" else "diameter")


def _stack(s: Sketch, parts: tuple[str, ...]) -> Solid:
    level: Expression = lift(0)
    solids: list[Solid] = []
    below: tuple[str, Sketch] | None = None
    for name, prefix in zip(parts, prefixes(parts), strict=True):
        part = s.part(prefix)
        solid = part.module("part", COMBINABLE[name].draw(part))
        if below is not None:
            _hold_above_ring(s, below, (name, part))
            sink = part.let("sink", _sink(below, (name, part)), "mm, how deep it sits in the part below")
            level = part.let("level", level + _height(*below) - sink, "mm, where it begins")
        solids.append(solid.move(0, 0, level))
        below = (name, part)
    return union(*solids)


def _hold_above_ring(s: Sketch, below: tuple[str, Sketch], above: tuple[str, Sketch]) -> None:
    """What stands on a torus must reach over its opening."""
    name, lower = below
    if name != "torus":
        return
    tube = lower["thickness"] / 2
    ring = lower["diameter"] / 2 - tube
    why = "the upper part would fall through the ring"
    if above[0] == "sphere":
        s.require(ring, above[1]["diameter"] / 2, why)
        s.require(_nested(lower, above[1]), lower["thickness"], "the sphere would reach through to the bed")
    else:
        s.require(ring, _flat_foot(*above), why)


def _flat_foot(name: str, part: Sketch) -> Expression:
    return smaller(part["width"], part["depth"]) / 2 if name == "cube" else part["diameter"] / 2


def _nested(torus: Sketch, sphere: Sketch) -> Expression:
    """How far a sphere that rests in the opening of a torus reaches below the torus' top, and a little more."""
    tube, radius = torus["thickness"] / 2, sphere["diameter"] / 2
    ring = torus["diameter"] / 2 - tube
    rise = sqrt(larger((radius + tube) * (radius + tube) - ring * ring, 0))
    return tube + radius - rise + torus["thickness"] * 0.1


def _sink(below: tuple[str, Sketch], above: tuple[str, Sketch]) -> Expression:
    if below[0] == "torus" and above[0] == "sphere":
        return _nested(below[1], above[1])
    contact = _CONTACT * smaller(_half_width(*below), _half_width(*above))
    return larger(_dip(*below, contact, top=True) + _dip(*above, contact, top=False), _LEAST_OVERLAP_MM)


def _dip(name: str, part: Sketch, contact: Expression, *, top: bool) -> Expression:
    """How far below its top (or above its foot) the part is as wide as the contact."""
    if name == "sphere":
        radius = part["diameter"] / 2
        return radius - sqrt(radius * radius - contact * contact)
    if name == "torus":
        return part["thickness"] * 0.12
    if name == "cone" and top:
        foot, tip = part["diameter"] / 2, part["top_diameter"] / 2
        return part["height"] * larger(contact - tip, 0) / (foot - tip)
    return lift(0)


def _height(name: str, part: Sketch) -> Expression:
    if name == "torus":
        return part["thickness"]
    return part["diameter"] if name == "sphere" else part["height"]


def _half_width(name: str, part: Sketch) -> Expression:
    return part["width"] / 2 if name == "cube" else part["diameter"] / 2


def _row(s: Sketch, parts: tuple[str, ...]) -> Solid:
    place: Expression = lift(0)
    solids: list[Solid] = []
    left: tuple[str, Sketch] | None = None
    start = end = lift(0)
    for name, prefix in zip(parts, prefixes(parts), strict=True):
        part = s.part(prefix)
        solid = part.module("part", COMBINABLE[name].draw(part))
        if left is not None:
            step = part.let("step", _touching(left, (name, part)), "mm from the middle of the part to its left")
            place = part.let("place", place + step, "mm, its middle")
        start = smaller(start, place - _half_width(name, part))
        end = larger(end, place + _half_width(name, part))
        solids.append(solid.move(place, 0, 0))
        left = (name, part)
    middle = s.let("middle", (start + end) / 2, "mm, centres the row")
    return union(*solids).move(-middle, 0, 0)


def _touching(left: tuple[str, Sketch], right: tuple[str, Sketch]) -> Expression:
    """Distance of the middles at which both, standing on the bed, touch and overlap a little."""
    shared = smaller(_height(*left), _height(*right))
    apart = highest("i", _LEVELS, lambda i: _reach(*left, shared * i / _LEVELS) + _reach(*right, shared * i / _LEVELS))
    return apart - 2 * _SIDE_OVERLAP * smaller(_half_width(*left), _half_width(*right))


def _reach(name: str, part: Sketch, z: Expression) -> Expression:
    """Half the width at a height."""
    half = _half_width(name, part)
    if name in {"sphere", "torus"}:
        radius = _height(name, part) / 2
        round_part = sqrt(larger(radius * radius - (z - radius) * (z - radius), 0))
        return round_part if name == "sphere" else half - radius + round_part
    if name == "cone":
        return half + (part["top_diameter"] / 2 - half) * z / part["height"]
    return half + 0 * z
