"""Plain solids, whole or hollow, with or without holes."""

import math
from typing import Final

from pipelines.errors import ContradictoryPrompt
from pipelines.parametric.expressions import Expression, cos, either, larger, smaller, sqrt
from pipelines.parametric.families.measures import length, number, wall
from pipelines.parametric.shapes import ball, bore, disc
from pipelines.parametric.sketch import Sketch
from pipelines.parametric.solids import Solid, block, circle, difference, extrude, point, polygon, repeat, revolve
from pipelines.parametric.types import Family, Parameter

_FEATURES: Final = frozenset({"hole", "hollow"})


def _options(*follows: str) -> tuple[Parameter, ...]:
    return (
        length("hole_diameter", 10, "each through hole", ("hole_diameter",), follows, low=0.5, feature="hole"),
        number("holes", 1, "through holes", ("holes",), low=1, high=64, feature="hole"),
        wall("wall", 2.0, "thickness of the wall", ("wall", "thickness"), follows, feature="hollow"),
    )


def _drilled(s: Sketch, solid: Solid, width: Expression, height: Expression) -> Solid:
    """Upright holes: one through the middle, or a row along the width with equal webs."""
    if "hole" not in s.features:
        return solid
    count, size = s["holes"], s["hole_diameter"]
    s.require(count * size, width, "the holes would be wider than the solid")
    pitch = s.let("hole_pitch", size + (width - count * size) / (count + 1), "mm from hole to hole")
    drill = bore(s, size / 2, height)
    return difference(solid, repeat("i", count, lambda i: drill.move((i - (count - 1) / 2) * pitch, 0, 0)))


def _ringed(s: Sketch, solid: Solid, radius: Expression, height: Expression) -> Solid:
    """Upright holes: one through the axis, or several on a circle about it."""
    if "hole" not in s.features:
        return solid
    count, size = s["holes"], s["hole_diameter"]
    s.require(size, 2 * radius, "the hole would be wider than the solid")
    ring = s.let("hole_circle", either(count < 2, 0, radius * 0.6), "mm, radius of the circle of holes")
    s.require(ring + size / 2, radius, "the holes would cut the edge")
    s.require(count * size, either(count < 2, 2 * radius, 6 * ring), "the holes would meet")
    drill = bore(s, size / 2, height).move(ring, 0, 0)
    return difference(solid, repeat("i", count, lambda i: drill.turn(0, 0, i * 360 / count)))


def _cube(s: Sketch) -> Solid:
    width, depth, height = s["width"], s["depth"], s["height"]
    body = block(width, depth, height)
    if "hollow" in s.features:
        wall_mm = s["wall"]
        s.require(2 * wall_mm, smaller(smaller(width, depth), height), "the walls would meet")
        body = body - block(width - 2 * wall_mm, depth - 2 * wall_mm, height - 2 * wall_mm).move(0, 0, wall_mm)
    if "hole" in s.features:
        s.require(s["hole_diameter"], depth, "the hole would be wider than the cube")
    return _drilled(s, body, width, height)


CUBE: Final = Family(
    "cube",
    "a cube",
    (
        length("width", 40, "left to right", ("size", "width", "length", "diameter"), ("depth", "height"), low=1),
        length("depth", 40, "front to back", ("depth", "width", "length", "size"), ("width", "height"), low=1),
        length("height", 40, "from bed to top", ("height", "depth"), ("width", "depth"), low=1),
        *_options("width", "depth", "height"),
    ),
    "a cube of 40 mm with a 10 mm hole",
    _cube,
    color="#6f7fbf",
    features=_FEATURES,
)


def _sphere(s: Sketch) -> Solid:
    radius = s.let("radius", s["diameter"] / 2)
    body = ball(s, radius)
    if "hollow" in s.features:
        s.require(s["wall"], radius, "the walls would meet")
        body = body - ball(s, radius - s["wall"])
    if "hole" in s.features:
        # A hole through the axis takes the lowest point away: what is left stands on the rim of the hole.
        rim = either(
            s["holes"] < 2, radius - sqrt(larger(radius * radius - s["hole_diameter"] * s["hole_diameter"] / 4, 0)), 0
        )
        drilled = _ringed(s, body.move(0, 0, radius), radius, s["diameter"])
        return drilled.move(0, 0, -s.let("rim", rim, "mm, how much lower it stands"))
    return body.move(0, 0, radius)


SPHERE: Final = Family(
    "sphere",
    "a sphere",
    (
        length("diameter", 40, "through the middle", ("diameter", "size", "width", "height", "length", "depth"), low=1),
        *_options("diameter"),
    ),
    "a sphere 40 mm in diameter",
    _sphere,
    color="#c45a6a",
    features=_FEATURES,
    remark="it touches the bed in one point: print it with a brim or supports",
)


def _cylinder(s: Sketch) -> Solid:
    radius, sides = s.let("radius", s["diameter"] / 2), s["sides"]
    corners = s.let("corners", either(sides < 3, s.facets(radius), sides))
    section = circle(radius, corners)
    if "hollow" in s.features:
        # A hollow cylinder is a tube, open at both ends.
        s.require(s["wall"], radius, "the walls would meet")
        section = section - disc(s, radius - s["wall"])
    inside = s.let("inside", radius * cos(180 / corners), "mm, radius that fits into the outline")
    return _ringed(s, extrude(section, s["height"]), inside, s["height"])


def _settle_tube(said: dict[str, float], _: str) -> dict[str, float]:
    """A tube is said by two of its outer diameter, its inner diameter and its wall."""
    added = dict(said)
    inner = added.pop("inner_diameter", None)
    if inner is None:
        return added
    added.setdefault("diameter", inner + 2 * added.get("wall", 2.0))
    wall_mm = (added["diameter"] - inner) / 2
    if not math.isclose(added.setdefault("wall", wall_mm), wall_mm):
        raise ContradictoryPrompt(
            f"A cylinder {added['diameter']:g} mm across with an opening of {inner:g} mm has walls of {wall_mm:g} mm, "
            f"but {added['wall']:g} mm is said too."
        )
    return added


CYLINDER: Final = Family(
    "cylinder",
    "a cylinder",
    (
        length(
            "diameter", 40, "across, over the corners of a prism", ("diameter", "width", "depth"), ("height",), low=1
        ),
        length("height", 40, "from bed to top", ("height", "size", "length"), ("diameter",), low=0.5),
        number("sides", 0, "corners of a prism, 0 for a round one", ("sides",), low=0, high=64),
        *_options("diameter"),
    ),
    "a cylinder 40 mm in diameter and 60 mm tall",
    _cylinder,
    color="#5f9ea0",
    features=_FEATURES,
    settle=_settle_tube,
    hints=(length("inner_diameter", 30, "of a tube", ("inner_diameter",), low=0.5, feature="hollow"),),
)


def _cone(s: Sketch) -> Solid:
    foot, tip, height = s.let("foot", s["diameter"] / 2), s.let("tip", s["top_diameter"] / 2), s["height"]
    s.require(tip, foot + 0.001, "it would be wider above than on the bed")
    outside = (point(0, 0), point(foot, 0), point(tip, height))
    if "hollow" in s.features:
        # Measured across the slant; open below, so that nothing is locked in.
        wall_mm = s["wall"]
        drop = s.let(
            "roof", wall_mm * sqrt(1 + height * height / ((foot - tip) * (foot - tip) + 0.0001)), "mm of wall, upright"
        )
        reach = s.let("inner_height", smaller(height - wall_mm, height * (foot / (foot - tip + 0.0001)) - drop))
        narrow = foot - (foot - tip) * (reach + drop) / height
        wide = foot - (foot - tip) * drop / height
        s.require(wall_mm, wide, "the walls would meet")
        path = (point(0, height), point(0, reach), point(larger(narrow, 0), reach), point(wide, 0))
        return _ringed(s, revolve(polygon(*path, *outside[1:]), s.facets(foot)), foot, height)
    return _ringed(s, revolve(polygon(*outside, point(0, height)), s.facets(foot)), foot, height)


CONE: Final = Family(
    "cone",
    "a cone",
    (
        length("height", 50, "from bed to tip", ("height", "size", "length"), ("diameter",), low=1),
        length("diameter", 40, "on the bed", ("diameter", "bottom_diameter", "width", "depth"), ("height",), low=1),
        length("top_diameter", 0, "at the tip, 0 for a point", ("top_diameter",), low=0),
        *_options("diameter"),
    ),
    "a cone 50 mm tall",
    _cone,
    color="#d98c4a",
    features=_FEATURES,
)


def _torus(s: Sketch) -> Solid:
    tube = s.let("tube", s["thickness"] / 2, "mm, radius of the tube")
    ring = s.let("ring", s["diameter"] / 2 - tube, "mm, radius of the tube's middle line")
    s.require(tube, ring, "the tube would close its own hole")
    section = disc(s, tube)
    if "hollow" in s.features:
        s.require(s["wall"], tube, "the walls would meet")
        section = section - disc(s, tube - s["wall"])
    return revolve(section.move(ring, 0), s.facets(s["diameter"] / 2)).move(0, 0, tube)


def _settle_torus(said: dict[str, float], _: str) -> dict[str, float]:
    """The three measures of a torus are two."""
    added = dict(said)
    inner = added.pop("inner_diameter", None)
    if inner is None:
        return added
    if "thickness" in added:
        added.setdefault("diameter", inner + 2 * added["thickness"])
    added.setdefault("diameter", inner * 2)
    added["thickness"] = (added["diameter"] - inner) / 2
    return added


TORUS: Final = Family(
    "torus",
    "a torus",
    (
        length("diameter", 60, "outside", ("diameter", "size", "width", "length", "depth"), ("thickness",), low=3),
        length("thickness", 16, "of the tube", ("thickness", "height"), ("diameter",), low=0.8),
        wall("wall", 2.0, "thickness of the wall of a hollow tube", ("wall",), ("thickness",), feature="hollow"),
    ),
    "a torus 60 mm in diameter",
    _torus,
    color="#9a6fb0",
    features=_FEATURES,
    settle=_settle_torus,
    hints=(length("inner_diameter", 28, "of the opening", ("inner_diameter", "hole_diameter"), low=0.5),),
)


FAMILIES: Final = (CUBE, SPHERE, CYLINDER, CONE, TORUS)
