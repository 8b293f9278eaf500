"""Constructions that several families share."""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from pipelines.parametric.expressions import Expression, Number, larger, lift, lowest, smaller, sqrt
from pipelines.parametric.lettering import Glyph, Lettering
from pipelines.parametric.sketch import Sketch
from pipelines.parametric.solids import (
    Path,
    Section,
    Solid,
    arc,
    circle,
    extrude,
    hull_sections,
    outline,
    point,
    polygon,
    revolve,
    sweep,
    union_sections,
)

# Chords between two knots of a curved outline: those of a 120 mm vase then stray less than 0.05 mm.
SMOOTH: Final = 14
STRAIGHT: Final = 1
_LIP_STEPS: Final = 6
_LEAST_ROOM_MM: Final = 0.5

Curve = Callable[..., Expression]


def clamp(number: Number, low: Number, high: Number) -> Expression:
    """The number, kept between two others."""
    return smaller(larger(number, low), high)


def rounded(s: Sketch, width: Expression, depth: Expression, radius: Expression) -> Section:
    """A rectangle centred on the origin with round corners."""
    corners: list[Path] = []
    for turn, (x, y) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        center = (x * (width / 2 - radius), y * (depth / 2 - radius))
        corners.append(arc(center, (radius, radius), (90.0 * turn, 90.0 * turn + 90), s.steps(radius, 90)))
    return polygon(*corners)


def disc(s: Sketch, radius: Number) -> Section:
    """A circle fine enough for its size."""
    return circle(radius, s.facets(radius))


def cylinder(s: Sketch, radius: Number, height: Number) -> Solid:
    """A cylinder on z = 0."""
    return extrude(disc(s, radius), height)


def bore(s: Sketch, radius: Number, height: Number) -> Solid:
    """A cylinder to cut with: from 1 mm below z = 0 to 1 mm above `height`."""
    return cylinder(s, radius, lift(height) + 2).move(0, 0, -1)


def ball(s: Sketch, radius: Expression) -> Solid:
    """A sphere about the origin, with a vertex at each pole."""
    steps = s.facets(radius) / 2
    return revolve(polygon(arc((0, 0), (radius, radius), (-90, 90), steps)), s.facets(radius))


def stroke(s: Sketch, start: tuple[Number, Number], end: tuple[Number, Number], thickness: Expression) -> Section:
    """A bar with round ends from one point to another."""
    tip = disc(s, thickness / 2)
    return hull_sections(tip.move(*start), tip.move(*end))


def shell(s: Sketch, radius: Curve, knots: tuple[Number, ...], widest: Expression, samples: int = SMOOTH) -> Solid:
    """A vessel as one revolved wall: its outside is `radius(z)`, its wall and floor are the sketch's own.

    `knots` are heights, from 0 to where the rounded lip begins, between which the outside is smooth; a corner or a
    widest place must be a knot to be met exactly. The wall is measured across the surface, so that slanting parts are
    as thick as upright ones.
    """
    wall, base, height = s["wall"], s["base_thickness"], s["height"]
    slope = s.function("slope", "z", lambda z: (radius(z + 0.01) - radius(z - 0.01)) / 0.02)
    inside = s.function("inside", "z", lambda z: radius(z) - wall * sqrt(1 + slope(z) * slope(z)))
    levels = [lift(knot) for knot in knots]
    top = levels[-1]
    # Each stretch leaves out the end that its neighbour brings.
    up = [_along(radius, (a, b), samples, 0, samples - 1) for a, b in _pairs(levels)]
    center = ((radius(top) + inside(top)) / 2, top)
    lip = arc(center, ((radius(top) - inside(top)) / 2, height - top), (0, 180), _LIP_STEPS)
    floors = [larger(level, base) for level in levels]
    down = [_along(inside, (b, a), samples, 1, samples) for a, b in reversed(_pairs(floors))]
    s.require(base, top, "the floor would fill the whole height")
    for a, b in _pairs(levels):
        s.require(a, b, "the wall would be too thick for the height")
    for span in _pairs(floors):
        s.require(_LEAST_ROOM_MM, _narrowest(inside, span, samples), "no room would be left inside")
    return revolve(polygon(point(0, 0), *up, lip, *down, point(0, base)), s.facets(widest))


def _pairs(levels: list[Expression]) -> list[tuple[Expression, Expression]]:
    return list(pairwise(levels))


def _narrowest(curve: Curve, span: tuple[Expression, Expression], samples: int) -> Expression:
    start, end = span
    return lowest("i", samples, lambda i: curve(start + (end - start) * i / samples))


def _along(curve: Curve, span: tuple[Expression, Expression], samples: int, first: int, last: int) -> Path:
    start, end = span

    def trace(i: Expression) -> tuple[Expression, Expression]:
        z = start + (end - start) * i / samples
        return curve(z), z

    if samples == STRAIGHT:
        z = end if first else start
        return point(curve(z), z)
    return sweep("i", last, trace, first)


def lettered(s: Sketch, text_height: Expression) -> Section:
    """The sketch's inscription, centred, its capitals `text_height` tall."""
    lettering = _inscribed(s)
    glyphs = [s.module(f"letter_{n}", _glyph(glyph)) for n, glyph in enumerate(lettering.glyphs)]
    return s.module("lettering", union_sections(*glyphs)).stretch(text_height, text_height)


def text_width(s: Sketch) -> Expression:
    """Width of the inscription in heights of a capital, as a variable."""
    return s.let("text_aspect", _inscribed(s).width, "width of the lettering per mm of text_height")


def text_rise(s: Sketch) -> Expression:
    """Height of the inscription, accents and descenders included, in heights of a capital, as a variable."""
    return s.let("text_rise", _inscribed(s).height, "full height of the lettering per mm of text_height")


def _inscribed(s: Sketch) -> Lettering:
    assert s.lettering is not None, "only families with an inscription draw letters"
    return s.lettering


def _glyph(glyph: Glyph) -> Section:
    return outline(glyph.contours)
