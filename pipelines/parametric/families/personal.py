"""Things with a name on them, and small things: ring, keychain, name sign, die."""

from typing import Final

from pipelines.parametric.expressions import Expression, acos, cos, larger, sin, smaller
from pipelines.parametric.families.measures import INSCRIPTION, fixed, length, wall
from pipelines.parametric.lettering import letter
from pipelines.parametric.shapes import ball, disc, lettered, rounded, text_rise, text_width
from pipelines.parametric.sketch import Sketch
from pipelines.parametric.solids import (
    Section,
    Solid,
    arc,
    block,
    difference,
    extrude,
    hull_sections,
    point,
    polygon,
    revolve,
    sweep,
    union,
)
from pipelines.parametric.types import Family


def _ring(s: Sketch) -> Solid:
    inner, thick, width = s.let("inner", s["inner_diameter"] / 2), s["thickness"], s["height"]
    # A domed band: half as thick at its edges, which are flat on the bed.
    edge = s.let("edge", thick * 0.5, "mm, thickness at the rims")
    steps = 12

    def dome(i: Expression) -> tuple[Expression, Expression]:
        angle = i * 180 / steps
        return inner + edge + (thick - edge) * sin(angle), width / 2 - width / 2 * cos(angle)

    return revolve(polygon(point(inner, 0), sweep("i", steps, dome), point(inner, width)), s.facets(inner + thick))


RING: Final = Family(
    "ring",
    "a ring",
    (
        length(
            "inner_diameter",
            17.3,
            "the finger, as jewellers measure",
            ("inner_diameter", "size", "diameter", "hole_diameter"),
            low=3,
            high=1000,
        ),
        length(
            "height",
            5,
            "width of the band",
            ("height", "width", "length", "depth"),
            ("inner_diameter",),
            low=0.8,
            derived=(3, 8),
        ),
        wall("thickness", 2.0, "of the band in its middle", ("thickness", "wall"), ("inner_diameter",)),
    ),
    "a ring with an inner diameter of 17.3 mm",
    _ring,
    color="#d4af37",
)


def _lines(s: Sketch, room: Expression) -> Solid:
    """The raised text, centred, refused where it does not fit `room` x the plate."""
    width, rise, tall = text_width(s), text_rise(s), s["text_height"]
    s.require(tall * width, room, "the text would be wider than its plate")
    s.require(tall * rise, s["depth"], "the text would be taller than its plate")
    return extrude(lettered(s, tall), s["thickness"] + s["relief"])


def _keychain(s: Sketch) -> Solid:
    width, depth, hole = s["width"], s["depth"], s["hole_diameter"] / 2
    radius = s.let("corner_radius", depth * 0.25, "mm")
    loop = s.let("loop", hole + larger(2, hole * 0.8), "mm, outer radius of the eye")
    # The eye sits on the left end, inside the asked width.
    eye = disc(s, loop).move(loop - width / 2, 0)
    tag_width = s.let("tag_width", width - 1.5 * loop)
    tag = rounded(s, tag_width, depth, radius).move(0.75 * loop, 0)
    s.require(2 * loop, depth + 2 * loop * 0.4, "the eye would be taller than the tag")
    s.require(depth, tag_width, "the tag would be taller than wide")
    plate = (tag + hull_sections(eye, disc(s, loop * 0.7).move(1.6 * loop - width / 2, 0))) - disc(s, hole).move(
        loop - width / 2, 0
    )
    if s.lettering is None:
        return extrude(plate, s["thickness"])
    clear = s.let("text_room", tag_width - 1.4 * loop)
    text = _lines(s, clear).move(1.1 * loop, 0, 0)
    return union(extrude(plate, s["thickness"]), text)


def _name_sign(s: Sketch) -> Solid:
    width, depth, thick = s["width"], s["depth"], s["thickness"]
    radius = s.let("corner_radius", smaller(width, depth) * 0.16, "mm")
    border = s.let("border", larger(1.2, depth * 0.04), "mm, width of the raised frame")
    outer = rounded(s, width, depth, radius)
    inner = rounded(s, width - 2 * border, depth - 2 * border, radius - border * 0.9)
    s.require(border, radius, "the corners would be sharper than the frame is wide")
    text = _lines(s, s.let("text_room", width - 4 * border))
    plate = outer
    if "hole" in s.features:
        plate = outer - _hangers(s, width, depth, border)
    frame = extrude(outer - inner, thick + s["relief"])
    return union(extrude(plate, thick), frame, text)


def _hangers(s: Sketch, width: Expression, depth: Expression, border: Expression) -> Section:
    """Two holes in the upper corners."""
    hole = s["hole_diameter"] / 2
    x, y = width / 2 - 2.2 * border - hole, depth / 2 - 2.2 * border - hole
    s.require(s["hole_diameter"] + 3 * border, depth / 2, "the holes would reach the text")
    return disc(s, hole).move(-x, y) + disc(s, hole).move(x, y)


def _settle_tag(said: dict[str, float], inscription: str) -> dict[str, float]:
    """The tag is as wide as its text, or the text as large as its tag."""
    if not inscription:
        return said
    text, added = letter(inscription), dict(said)
    hole = added.get("hole_diameter", 5.0) / 2
    loop = hole + max(2.0, hole * 0.8)
    if "text_height" not in added:
        # Without a width, 8 mm capitals; the tag then keeps half of its depth free above and below the text.
        by_width = (added["width"] - 3.1 * loop) / text.width if "width" in added else 8.0
        # A few letters need not fill a wide tag: a quarter of its width keeps it a tag.
        by_depth = 0.72 * added["depth"] / text.height if "depth" in added else added.get("width", 32.0) / 4
        added["text_height"] = max(min(by_width, by_depth), 0.1)
    added.setdefault("depth", max(added["text_height"] * max(text.height, 1.3) * 1.5, 1.7 * loop))
    added.setdefault("width", max(added["text_height"] * text.width + 3.1 * loop, added["depth"] + 3.1 * loop))
    return added


def _settle_sign(said: dict[str, float], inscription: str) -> dict[str, float]:
    """The plate is as wide as its text, or the text as large as its plate."""
    text, added = letter(inscription), dict(said)
    if "text_height" not in added:
        by_width = added["width"] / (text.width + 1.2) if "width" in added else 20.0
        by_depth = added["depth"] / max(text.height, 1.3) * 0.6 if "depth" in added else by_width
        added["text_height"] = min(by_width, by_depth)
    added.setdefault("depth", added["text_height"] * max(text.height, 1.3) / 0.6)
    added.setdefault("width", added["text_height"] * (text.width + 1.2))
    return added


_RELIEF: Final = fixed("relief", 1.0, "how far the letters stand out", low=0.2, high=20)
_CAPITALS: Final = ("text_height",)

KEYCHAIN: Final = Family(
    "keychain",
    "a keychain",
    (
        length("width", 60, "eye included", ("width", "length", "size", "diameter"), _CAPITALS, low=12),
        length("depth", 22, "of the tag", ("depth", "height", "width"), _CAPITALS, low=6),
        wall("thickness", 3.0, "of the tag, without the letters", ("thickness",), (), derived=(2, 5)),
        fixed("hole_diameter", 5, "for the split ring", ("hole_diameter", "inner_diameter"), low=1, high=30),
        length("text_height", 8, "height of a capital", ("text_height",), low=0.5),
        _RELIEF,
        INSCRIPTION,
    ),
    'a keychain that says "Ana"',
    _keychain,
    color="#c2513d",
    features=frozenset({"hole"}),
    settle=_settle_tag,
)

NAME_SIGN: Final = Family(
    "name_sign",
    "a name sign",
    (
        length("width", 120, "left to right", ("width", "length", "size"), _CAPITALS, low=15),
        length("depth", 45, "bottom to top of the plate", ("depth", "height"), _CAPITALS, low=8),
        wall("thickness", 3.0, "of the plate, without the letters", ("thickness",), (), derived=(2, 6)),
        length("text_height", 20, "height of a capital", ("text_height",), low=1),
        fixed("relief", 1.6, "how far letters and frame stand out", low=0.2, high=20),
        fixed("hole_diameter", 4, "two holes to hang it by", ("hole_diameter",), low=1, high=60, feature="hole"),
        INSCRIPTION,
    ),
    'a name sign that says "Café"',
    _name_sign,
    color="#35607a",
    features=frozenset({"hole"}),
    settle=_settle_sign,
    needs_inscription=True,
)

_CAP_STEPS: Final = 4

# Where the pips of a face lie, in quarters of the side, about its middle.
_PIPS: Final = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (-1, 1), (1, -1), (1, 1)),
    5: ((-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)),
    6: ((-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)),
}
# Turns that bring the top face to each side; opposite faces sum to seven.
_FACES: Final = {1: (0, 0, 0), 6: (180, 0, 0), 2: (90, 0, 0), 5: (-90, 0, 0), 3: (0, 90, 0), 4: (0, -90, 0)}


def _die(s: Sketch) -> Solid:
    side, half = s["width"], s.let("half", s["width"] / 2)
    pip = s.let("pip", side * 0.09, "mm, radius of a pip")
    deep = s.let("pip_depth", smaller(pip * 0.6, 1.5), "mm")
    # A pip is the cap of a ball: its radius from chord and depth. The cut rises 1 mm straight out of the face.
    dish = s.let("dish", (pip * pip + deep * deep) / (2 * deep), "mm, radius of that ball")
    reach = s.let("reach", acos((dish - deep) / dish), "deg, half the opening of the cap")
    cap = polygon(arc((0, dish - deep), (dish, dish), (-90, reach - 90), _CAP_STEPS), point(pip, 1), point(0, 1))
    dimple = s.module("pip", revolve(cap, s.facets(pip)))
    quarter = s.let("quarter", side * 0.23, "mm, from the middle of a face to its outer pips")
    corner = s.let("corner", half * 1.42, "mm, radius of the ball that rounds the corners")
    cube = block(side, side, side).move(0, 0, -half) & ball(s, corner)
    pips = [
        dimple.move(x * quarter, y * quarter, half).turn(*_FACES[face])
        for face, spots in _PIPS.items()
        for x, y in spots
    ]
    return difference(cube, *pips).move(0, 0, half)


DIE: Final = Family(
    "die",
    "a die",
    (length("width", 16, "side", ("size", "width", "height", "length", "depth", "diameter"), low=6),),
    "a die of 16 mm",
    _die,
    color="#f0ece2",
    remark="opposite faces sum to seven; the pips are engraved",
)

FAMILIES: Final = (RING, KEYCHAIN, NAME_SIGN, DIE)
