"""Boxes, trays, pen holders and phone stands."""

import math
from typing import Final

from pipelines.parametric.expressions import Expression, cos, either, larger, smaller
from pipelines.parametric.families.measures import fixed, length, number, wall
from pipelines.parametric.shapes import bore, rounded, stroke
from pipelines.parametric.sketch import Sketch
from pipelines.parametric.solids import (
    Section,
    Solid,
    circle,
    difference,
    extrude,
    rectangle,
    repeat,
    union,
    union_sections,
)
from pipelines.parametric.types import Family


def _cells(s: Sketch, width: Expression, depth: Expression) -> Section:
    """The compartments, side by side along x, with round corners."""
    wall_mm, count = s["wall"], s["compartments"]
    cell = s.let("compartment_width", (width - wall_mm * (count + 1)) / count)
    inner_depth = s.let("compartment_depth", depth - 2 * wall_mm)
    radius = s.let(
        "inner_radius", larger(smaller(s["corner_radius"] - wall_mm, smaller(cell, inner_depth) / 2 - 0.01), 0.2)
    )
    s.require(0.5, smaller(cell, inner_depth), "the walls would meet")
    one = rounded(s, cell, inner_depth, radius)
    return repeat("i", count, lambda i: one.move((i - (count - 1) / 2) * (cell + wall_mm), 0))


def _footprint(s: Sketch) -> Section:
    """The outer outline, of a box and of its lid."""
    return s.module("footprint", rounded(s, s["width"], s["depth"], s["corner_radius"]))


def _open_box(s: Sketch) -> Solid:
    width, depth, height, base = s["width"], s["depth"], s["height"], s["base_thickness"]
    s.require(2 * s["corner_radius"], smaller(width, depth) + 0.001, "the corners would overlap")
    s.require(base, height, "the floor would fill the whole height")
    return extrude(_footprint(s), height) - extrude(s.module("cells", _cells(s, width, depth)), height).move(0, 0, base)


_SQUARE: Final = 4
_CORNERS: Final = number("sides", _SQUARE, "corners of a square outline", ("sides",), low=_SQUARE, high=_SQUARE)


def _settle_square(said: dict[str, float], _: str) -> dict[str, float]:
    """A square outline is as deep as wide, unless both are said."""
    added = dict(said)
    if added.pop("sides", None) is None:
        return added
    if "width" in added:
        added.setdefault("depth", added["width"])
    else:
        added["width"] = added.setdefault("depth", 100.0)
    return added


TRAY: Final = Family(
    "tray",
    "a tray",
    (
        length("width", 180, "left to right", ("width", "length", "diameter", "size"), ("depth",), low=15),
        length("depth", 120, "front to back", ("depth", "width", "length", "size"), ("width",), low=15),
        length(
            "height",
            22,
            "from the bed to the rim",
            ("height", "depth"),
            low=3,
            follows=("width", "depth"),
            derived=(12, 60),
        ),
        length("corner_radius", 14, "outer corners", ("corner_radius",), ("width", "depth"), low=0.3),
        wall("wall", 2.2, "thickness of the walls", ("wall", "thickness"), ("width", "depth")),
        wall("base_thickness", 2.2, "thickness of the floor", ("base_thickness",), ("width", "depth")),
        number("compartments", 1, "side by side", ("compartments",), low=1, high=24),
    ),
    "a tray 18 cm wide with 3 compartments",
    _open_box,
    color="#8a9a5b",
    settle=_settle_square,
    hints=(_CORNERS,),
    features=frozenset({"hollow"}),
)


def _box(s: Sketch) -> Solid:
    body = _open_box(s)
    if "lid" not in s.features:
        return body
    width, wall_mm, plate = s["width"], s["wall"], s["lid_thickness"]
    play = s["clearance"]
    gap = s.let("gap", 8, "mm between box and lid on the bed")
    edge_width = s.let("lid_inner_width", width - 2 * (wall_mm + play))
    edge_depth = s.let("lid_inner_depth", s["depth"] - 2 * (wall_mm + play))
    radius = s.let("lid_inner_radius", larger(s["corner_radius"] - wall_mm - play, 0.2))
    s.require(s["lip"], s["height"] - s["base_thickness"], "the rim of the lid would touch the floor")
    s.require(2 * wall_mm, smaller(edge_width, edge_depth), "the rim of the lid would close")
    rim = rounded(s, edge_width, edge_depth, radius)
    hollow = rounded(s, edge_width - 2 * wall_mm, edge_depth - 2 * wall_mm, larger(radius - wall_mm, 0.2))
    # The lid lies upside down beside the box, its rim standing up: both print flat, without support.
    lid = union(extrude(_footprint(s), plate), extrude(rim - hollow, plate + s["lip"]))
    shift = (width + gap) / 2
    return union(s.module("body", body).move(-shift, 0, 0), s.module("lid", lid).move(shift, 0, 0))


BOX: Final = Family(
    "box",
    "a box",
    (
        length("width", 80, "left to right", ("width", "length", "size"), ("depth", "height"), low=8),
        length("depth", 60, "front to back", ("depth", "width", "length", "size"), ("width", "height"), low=8),
        length(
            "height", 40, "from the bed to the rim, without the lid", ("height", "depth"), ("width", "depth"), low=4
        ),
        length("corner_radius", 5, "outer corners", ("corner_radius",), ("width", "depth"), low=0.3, derived=(0.5, 12)),
        wall("wall", 2.0, "thickness of the walls", ("wall", "thickness"), ("width", "depth")),
        wall("base_thickness", 2.0, "thickness of the floor", ("base_thickness",), ("width", "depth")),
        number("compartments", 1, "side by side", ("compartments",), low=1, high=24),
        wall("lid_thickness", 2.0, "plate of the lid", (), ("width", "depth"), feature="lid"),
        length(
            "lip", 4, "depth of the rim inside the box", ("lip",), ("height",), low=1, derived=(1.5, 6), feature="lid"
        ),
        fixed("clearance", 0.2, "play between rim and wall on each side", low=0.0, high=2.0, feature="lid"),
    ),
    "a box 80x60x40 mm with a lid",
    _box,
    color="#5b7fa3",
    settle=_settle_square,
    hints=(_CORNERS,),
    features=frozenset({"lid", "hollow"}),
)


def _pen_holder(s: Sketch) -> Solid:
    outer, base, count, sides = s.let("radius", s["diameter"] / 2), s["base_thickness"], s["compartments"], s["sides"]
    facets = s.let("corners", either(sides < 3, s.facets(outer), sides))
    inner = s.let("inner", outer - s["wall"] / cos(180 / facets), "mm, leaves the wall on the flats")
    edge = s.let("edge", smaller(outer * 0.03, base * 0.5), "mm, chamfer of the foot")
    s.require(0.5, inner, "the walls would meet")
    s.require(base, s["height"], "the floor would fill the whole height")
    foot = extrude(circle(outer - edge, facets), edge, top=outer / (outer - edge))
    body = union(foot, extrude(circle(outer, facets) - circle(inner, facets), s["height"] - edge).move(0, 0, edge))
    floor_plate = extrude(circle(outer - s["wall"] / 2, facets), base - edge).move(0, 0, edge)
    # Compartments are sectors: as many half walls as compartments, none for one.
    spoke = rectangle(outer - s["wall"] / 2, s["wall"]).move((outer - s["wall"] / 2) / 2, 0)
    spokes = repeat("i", either(count < 2, 0, count), lambda i: spoke.turn(i * 360 / count + 180 / facets))
    dividers = extrude(spokes & circle(outer - s["wall"] / 2, facets), s["height"] * 0.9 - edge).move(0, 0, edge)
    # A square stands with its sides along the bed, not with its corners.
    return union(body, floor_plate, dividers).turn(0, 0, either(sides < _SQUARE, 0, either(sides < _SQUARE + 1, 45, 0)))


def _settle_pen_holder(said: dict[str, float], _: str) -> dict[str, float]:
    """A diameter is that of a circle, unless corners are asked for; a square one is measured from side to side."""
    if "diameter" not in said:
        return said
    across = said["diameter"] * (math.sqrt(2) if said.get("sides") == _SQUARE else 1)
    return {"sides": 0.0, **said, "diameter": across}


PEN_HOLDER: Final = Family(
    "pen_holder",
    "a pen holder",
    (
        length("height", 100, "from the bed to the rim", ("height", "size", "length"), ("diameter",), low=15),
        length("diameter", 80, "outside, across the corners", ("diameter", "width", "depth"), ("height",), low=15),
        wall("wall", 2.4, "thickness of the walls", ("wall", "thickness"), ("height", "diameter")),
        wall("base_thickness", 2.6, "thickness of the floor", ("base_thickness",), ("height", "diameter")),
        number("sides", 6, "corners of the outline, 0 for a round one", ("sides",), low=0, high=64),
        number("compartments", 1, "sectors", ("compartments", "holes"), low=1, high=12),
    ),
    "a pen holder 10 cm tall with 3 compartments",
    _pen_holder,
    color="#44546a",
    features=frozenset({"hollow"}),
    settle=_settle_pen_holder,
)


def _phone_stand(s: Sketch) -> Solid:
    thick, depth, height = s["thickness"], s["depth"], s["height"]
    lip_y = s.let("lip_y", thick / 2 - depth / 2, "mm, middle of the front lip")
    heel_y = s.let("heel_y", lip_y + s["spacing"] + thick, "mm, where the back begins")
    top_y = s.let("top_y", depth / 2 - thick / 2, "mm, where the back ends")
    low, high = thick / 2, height - thick / 2
    s.require(s["lip"] + thick, height, "the lip would be as tall as the back")
    s.require(heel_y + thick, top_y, "no depth would be left for the back to lean; say a deeper stand")
    foot = rectangle(depth, thick / 2).move(0, thick / 4)
    base = union_sections(foot, stroke(s, (lip_y, low), (top_y, low), thick))
    lip = stroke(s, (lip_y, low), (lip_y, low + s["lip"]), thick)
    back = stroke(s, (heel_y, low), (top_y, high), thick)
    # A leg from the middle of the back to the heel makes a triangle of it.
    middle = ((heel_y + top_y) / 2, (low + high) / 2)
    leg = stroke(s, middle, (top_y, low), thick * 1)
    profile = s.module("profile", union_sections(base, lip, back, leg))
    # The profile is drawn in (y, z): stood up and centred on x.
    body = extrude(profile, s["width"]).turn(90, 0, 90).move(-s["width"] / 2, 0, 0)
    if "hole" not in s.features:
        return body
    cable = bore(s, s["hole_diameter"] / 2, thick).move(0, lip_y + (s["spacing"] + thick) / 2, 0)
    s.require(s["hole_diameter"], s["width"] - 2 * thick, "the hole would cut the stand in two")
    return difference(body, cable)


PHONE_STAND: Final = Family(
    "phone_stand",
    "a phone stand",
    (
        length("width", 70, "left to right", ("width", "length"), ("height",), low=15),
        length("depth", 90, "front to back", ("depth", "length"), ("height",), low=25),
        length("height", 95, "from the bed to the top of the back", ("height", "size"), ("width", "depth"), low=20),
        wall("thickness", 5.0, "of base and back", ("thickness", "wall"), ("height", "width"), derived=(3, 8)),
        fixed("spacing", 13, "slot that takes the phone", ("spacing",), low=4, high=80),
        length("lip", 12, "front edge above the base", ("lip",), ("height",), low=2, derived=(6, 20)),
        fixed("hole_diameter", 12, "hole for the cable", ("hole_diameter",), low=1, feature="hole"),
    ),
    "a phone stand 7 cm wide",
    _phone_stand,
    color="#3d3d46",
    features=frozenset({"hole"}),
)

FAMILIES: Final = (BOX, TRAY, PEN_HOLDER, PHONE_STAND)
