"""Miniatures: table, chair, house."""

from typing import Final

from pipelines.parametric.expressions import Expression, cos, larger, sin, smaller
from pipelines.parametric.families.measures import length, number
from pipelines.parametric.shapes import clamp, rounded
from pipelines.parametric.sketch import Sketch
from pipelines.parametric.solids import (
    Solid,
    block,
    difference,
    extrude,
    point,
    polygon,
    rectangle,
    repeat,
    union,
)
from pipelines.parametric.types import Family

_UPRIGHT: Final = "it stands as it is used; printed with its top on the bed it needs no supports"


def _leg(s: Sketch, size: Expression, height: Expression) -> Solid:
    """A square leg on z = 0 that widens upwards."""
    return extrude(rectangle(size * 0.7, size * 0.7), height, top=1 / 0.7)


def _table(s: Sketch) -> Solid:
    width, depth, thick, leg, count = s["width"], s["depth"], s["thickness"], s["leg_thickness"], s["legs"]
    under = s.let("under", s["height"] - thick, "mm, length of the legs")
    inset = s.let("inset", leg * 0.9, "mm, from the edge to the middle of a leg")
    s.require(thick, s["height"], "nothing would be left for the legs")
    s.require(2 * inset + leg, smaller(width, depth), "the legs would meet")
    radius = s.let("corner_radius", smaller(width, depth) * 0.08, "mm")
    top = extrude(rounded(s, width, depth, radius), thick).move(0, 0, under)
    apron = rounded(s, width - 2 * inset, depth - 2 * inset, radius)
    apron_in = rounded(s, width - 2 * inset - leg, depth - 2 * inset - leg, radius)
    # The legs stand where rays from the middle meet the edge: in the corners when there are four.
    start = 180 / count

    def place(i: Expression) -> Solid:
        angle = start + i * 360 / count
        x = clamp(1.4142135624 * cos(angle), -1, 1) * (width / 2 - inset)
        y = clamp(1.4142135624 * sin(angle), -1, 1) * (depth / 2 - inset)
        return leg_module.move(x, y, 0)

    # It reaches a little into the top, so that leg and top are one.
    leg_module = s.module("leg", _leg(s, leg, under + thick * 0.3))
    skirt = s.let("skirt", smaller(under * 0.15, leg * 1.2), "mm, height of the frame below the top")
    frame = extrude(apron - apron_in, skirt + thick * 0.3).move(0, 0, under - skirt)
    return union(top, frame, repeat("i", count, place))


TABLE: Final = Family(
    "table",
    "a table",
    (
        length("width", 100, "left to right", ("width", "length", "size"), ("depth", "height"), low=12),
        length("depth", 64, "front to back", ("depth", "width", "length", "size"), ("width", "height"), low=10),
        length("height", 60, "from the floor to the top", ("height", "depth"), ("width", "depth"), low=8),
        length("thickness", 4, "of the top", ("thickness",), ("width", "height"), low=0.6),
        length("leg_thickness", 7, "of each leg at the top", ("leg_thickness",), ("width", "height"), low=1),
        number("legs", 4, "legs", ("legs",), low=3, high=12),
    ),
    "a table 10 cm wide with 4 legs",
    _table,
    color="#a9713f",
    remark=_UPRIGHT,
)


def _chair(s: Sketch) -> Solid:
    width, depth, height, seat, leg, thick = (
        s[name] for name in ("width", "depth", "height", "seat_height", "leg_thickness", "thickness")
    )
    s.require(seat, height - 2 * leg, "no back would be left above the seat")
    s.require(thick, seat, "nothing would be left for the legs")
    s.require(3 * leg, smaller(width, depth), "the legs would meet")
    x, y = s.let("leg_x", width / 2 - leg / 2), s.let("leg_y", depth / 2 - leg / 2)
    sit = extrude(rounded(s, width, depth, s.let("corner_radius", leg * 0.5)), thick).move(0, 0, seat - thick)
    front = union(*(block(leg, leg, seat - thick / 2).move(side * x, -y, 0) for side in (-1, 1)))
    posts = union(*(block(leg, leg, height).move(side * x, y, 0) for side in (-1, 1)))
    rail = s.let("rail", larger((height - seat) * 0.2, leg), "mm, height of the top rail")
    slat = s.let("slat", leg * 0.6)
    top_rail = block(width, slat, rail).move(0, y, height - rail)
    room = s.let("room", (width - 2 * leg) / 4, "mm between the middles of the slats")
    slats = repeat("i", 3, lambda i: block(slat, slat, height - seat).move((i - 1) * room, y, seat - thick / 2))
    stretch = s.let("stretcher", smaller(leg * 0.7, seat * 0.2), "mm, bars between the legs")
    sides = union(*(block(stretch, depth - leg, stretch).move(side * x, 0, seat * 0.35) for side in (-1, 1)))
    return union(sit, front, posts, top_rail, slats, sides)


CHAIR: Final = Family(
    "chair",
    "a chair",
    (
        length(
            "height",
            85,
            "from the floor to the top of the back",
            ("height", "size"),
            ("width", "depth", "seat_height"),
            low=12,
        ),
        length("width", 42, "left to right", ("width", "length"), ("height", "depth"), low=8),
        length("depth", 42, "front to back", ("depth", "width", "length"), ("width", "height"), low=8),
        length("seat_height", 42, "from the floor to the seat", ("seat_height",), ("height",), low=4),
        length("thickness", 4, "of the seat", ("thickness",), ("height",), low=0.6),
        length("leg_thickness", 5, "of each leg", ("leg_thickness",), ("height",), low=1),
        number("legs", 4, "legs", ("legs",), low=4, high=4),
    ),
    "a chair 85 mm tall",
    _chair,
    color="#8f5a3c",
    remark=_UPRIGHT,
)


def _house(s: Sketch) -> Solid:
    width, depth, height, floors = s["width"], s["depth"], s["height"], s["floors"]
    wall_top = s.let("wall_top", height * (0.5 + 0.25 * (1 - 1 / floors)), "mm, where the roof begins")
    eave = s.let("eave", smaller(smaller(width, depth), height) * 0.06, "mm, how far the roof stands out")
    # `width` and `depth` are measured over the roof, which is the widest part.
    body = block(width - 2 * eave, depth - 2 * eave, wall_top)
    gable = polygon(
        point(-width / 2, 0),
        point(width / 2, 0),
        point(width / 2, eave * 0.4),
        point(0, height - wall_top),
        point(-width / 2, eave * 0.4),
    )
    roof = extrude(s.module("gable", gable), depth).turn(90, 0, 0).move(0, depth / 2, wall_top)
    stack = width * 0.11
    chimney = block(stack, stack, (height - wall_top) * 0.8).move(width * 0.22, depth * 0.18, wall_top + eave * 0.4)
    front_y = s.let("front_y", eave - depth / 2, "mm, face of the front wall")
    cuts = _openings(s, width - 2 * eave, depth - 2 * eave, wall_top, front_y)
    return difference(union(body, roof, chimney), *cuts)


def _openings(
    s: Sketch, width: Expression, depth: Expression, wall_top: Expression, front_y: Expression
) -> list[Solid]:
    """Engraved door and windows. The front looks along -y."""
    storey = s.let("storey", wall_top / s["floors"], "mm, height of one floor")
    relief = s.let("relief", smaller(width * 0.04, 2), "mm, depth of the engraving")
    wide, tall = s.let("window_width", smaller(width * 0.16, storey * 0.4)), s.let("window_height", storey * 0.36)
    pane = s.module("window", _window(wide, tall, relief))
    door = block(smaller(width * 0.18, storey * 0.4), 2 * relief, storey * 0.66).move(0, front_y, 0)

    def row(i: Expression) -> Solid:
        left = pane.move(-width * 0.3, front_y, storey * (i + 0.42))
        return union(left, pane.move(width * 0.3, front_y, storey * (i + 0.42)))

    def flank(i: Expression) -> Solid:
        level = storey * (i + 0.42)
        spots = [pane.turn(0, 0, 90).move(x * width / 2, y * depth, level) for x in (-1, 1) for y in (-0.22, 0.22)]
        return union(*spots)

    above = repeat("i", s["floors"] - 1, lambda i: pane.move(0, front_y, storey * (i + 1.42)))
    back = repeat("i", s["floors"], lambda i: row(i).move(0, depth, 0))
    return [door, above, repeat("i", s["floors"], row), back, repeat("i", s["floors"], flank)]


def _window(wide: Expression, tall: Expression, relief: Expression) -> Solid:
    """Two panes with a bar between them."""
    half = block(wide * 0.44, 2 * relief, tall)
    return union(half.move(-wide * 0.28, 0, 0), half.move(wide * 0.28, 0, 0))


HOUSE: Final = Family(
    "house",
    "a house",
    (
        length("width", 60, "left to right, over the roof", ("width", "length"), ("height", "depth"), low=10),
        length("depth", 70, "front to back, over the roof", ("depth", "length", "width"), ("width", "height"), low=10),
        length("height", 64, "from the ground to the ridge", ("height", "size"), ("width", "depth"), low=10),
        number("floors", 1, "storeys, each with its row of windows", ("floors",), low=1, high=8),
    ),
    "a house 64 mm tall with 2 floors",
    _house,
    color="#c96f4a",
)

FAMILIES: Final = (TABLE, CHAIR, HOUSE)
