"""Constructive solid geometry with two readings: a manifold in Python, modules in OpenSCAD.

A `Section` is flat, a `Solid` has volume. Each constructor states both readings side by side. Round things are polygons
with the facet count written out, so that both programs cut the same polygon; spheres are revolved half circles, because
OpenSCAD's own `sphere()` has no vertex at its poles.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeVar

import manifold3d
import numpy as np
from numpy.typing import NDArray

from pipelines.parametric.expressions import Expression, Number, Scope, cos, lift, sin, variable

Source = tuple[str, ...]
_INDENT: Final = "  "


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A run of points: `source` is its text inside an OpenSCAD list, `points(scope)` gives [n, 2] mm."""

    source: str
    points: Callable[[Scope], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A flat shape, mm."""

    source: Source
    build: Callable[[Scope], Any]  # -> manifold3d.CrossSection

    def __add__(self, other: "Section") -> "Section":
        return Section(_block("union()", self, other), lambda scope: self.build(scope) + other.build(scope))

    def __sub__(self, other: "Section") -> "Section":
        return Section(_block("difference()", self, other), lambda scope: self.build(scope) - other.build(scope))

    def __and__(self, other: "Section") -> "Section":
        return Section(_block("intersection()", self, other), lambda scope: self.build(scope) ^ other.build(scope))

    def move(self, x: Number, y: Number) -> "Section":
        return _placed(self, "translate", "translate", (x, y))

    def stretch(self, x: Number, y: Number) -> "Section":
        return _placed(self, "scale", "scale", (x, y))

    def turn(self, degrees: Number) -> "Section":
        angle = lift(degrees)
        return Section(
            _block(f"rotate({angle.source})", self),
            lambda scope: self.build(scope).rotate(float(angle.value(scope))),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A solid, mm."""

    source: Source
    build: Callable[[Scope], Any]  # -> manifold3d.Manifold

    def __add__(self, other: "Solid") -> "Solid":
        return Solid(_block("union()", self, other), lambda scope: self.build(scope) + other.build(scope))

    def __sub__(self, other: "Solid") -> "Solid":
        return Solid(_block("difference()", self, other), lambda scope: self.build(scope) - other.build(scope))

    def __and__(self, other: "Solid") -> "Solid":
        return Solid(_block("intersection()", self, other), lambda scope: self.build(scope) ^ other.build(scope))

    def move(self, x: Number, y: Number, z: Number) -> "Solid":
        return _placed(self, "translate", "translate", (x, y, z))

    def turn(self, x: Number, y: Number, z: Number) -> "Solid":
        """Rotated by degrees about x, then y, then z."""
        return _placed(self, "rotate", "rotate", (x, y, z))

    def stretch(self, x: Number, y: Number, z: Number) -> "Solid":
        return _placed(self, "scale", "scale", (x, y, z))

    def flip(self) -> "Solid":
        """Mirrored left to right."""
        return Solid(_block("mirror([1, 0, 0])", self), lambda scope: self.build(scope).mirror((1.0, 0.0, 0.0)))


ShapeT = TypeVar("ShapeT", Section, Solid)


def _placed(shape: ShapeT, word: str, method: str, by: tuple[Number, ...]) -> ShapeT:
    vector = [lift(part) for part in by]
    text = f"{word}([{', '.join(part.source for part in vector)}])"
    return type(shape)(
        _block(text, shape),
        lambda scope: getattr(shape.build(scope), method)(tuple(float(part.value(scope)) for part in vector)),
    )


def _block(head: str, *children: Section | Solid) -> Source:
    if len(children) == 1:
        first, *rest = children[0].source
        return (f"{head} {first}", *rest) if len(children[0].source) > 1 else (head, _INDENT + first)
    return (f"{head} {{", *(_INDENT + line for child in children for line in child.source), "}")


# --- points


def point(x: Number, y: Number) -> Path:
    """One point."""
    first, second = lift(x), lift(y)
    return Path(
        f"[{first.source}, {second.source}]",
        lambda scope: np.array([[float(first.value(scope)), float(second.value(scope))]]),
    )


def sweep(index: str, last: Number, trace: Callable[[Expression], tuple[Number, Number]], first: int = 0) -> Path:
    """The points `trace(i)` for i = first ... last: a list comprehension in OpenSCAD, one array expression here."""
    end = lift(last)
    x, y = (lift(part) for part in trace(variable(index)))

    def points(scope: Scope) -> NDArray[np.float64]:
        running = {**scope, index: np.arange(first, int(end.value(scope)) + 1, dtype=np.float64)}
        columns = np.broadcast_arrays(x.value(running), y.value(running), running[index])
        return np.stack(columns[:2], axis=-1)  # [n, 2]

    return Path(f"for ({index} = [{first} : {end.source}]) [{x.source}, {y.source}]", points)


def arc(
    center: tuple[Number, Number], radii: tuple[Number, Number], angles: tuple[Number, Number], steps: Number
) -> Path:
    """Points on an elliptic arc from the first to the second angle (degrees), both ends included."""
    start, end = (lift(angle) for angle in angles)
    (cx, cy), (rx, ry) = (tuple(lift(part) for part in pair) for pair in (center, radii))

    def trace(i: Expression) -> tuple[Number, Number]:
        angle = start + (end - start) * i / steps
        return cx + rx * cos(angle), cy + ry * sin(angle)

    return sweep("i", steps, trace)


# --- flat shapes


def polygon(*paths: Path) -> Section:
    """The area inside the closed line through all points. It may not cross itself."""

    def build(scope: Scope) -> Any:
        points = np.concatenate([path.points(scope) for path in paths])
        return manifold3d.CrossSection([np.ascontiguousarray(points)], manifold3d.FillRule.NonZero)

    inner = [_INDENT + path.source + ("," if path is not paths[-1] else "") for path in paths]
    return Section(("polygon([", *inner, "]);"), build)


def circle(radius: Number, facets: Number) -> Section:
    """A regular polygon with a corner at angle 0; `facets` a multiple of 4 makes its width exactly 2 * radius."""
    size, count = lift(radius), lift(facets)

    def build(scope: Scope) -> Any:
        angles = {"i": np.arange(int(count.value(scope)), dtype=np.float64)}
        turn = variable("i") * 360 / float(count.value(scope))
        points = float(size.value(scope)) * np.stack([cos(turn).value(angles), sin(turn).value(angles)], axis=-1)
        return manifold3d.CrossSection([np.ascontiguousarray(points)], manifold3d.FillRule.NonZero)

    return Section((f"circle(r = {size.source}, $fn = {count.source});",), build)


def rectangle(width: Number, depth: Number) -> Section:
    """A rectangle centred on the origin."""
    x, y = lift(width), lift(depth)
    return Section(
        (f"square([{x.source}, {y.source}], center = true);",),
        lambda scope: manifold3d.CrossSection.square((float(x.value(scope)), float(y.value(scope))), True),
    )


def outline(contours: list[list[tuple[float, float]]]) -> Section:
    """A fixed outline: contours of which every second, seen from outside, is a hole."""
    points = [corner for contour in contours for corner in contour]
    starts = np.cumsum([0, *(len(contour) for contour in contours)])
    paths = [list(range(int(a), int(b))) for a, b in pairwise(starts)]
    corners = ", ".join(f"[{x:g}, {y:g}]" for x, y in points)
    arrays = [np.array(contour, dtype=np.float64) for contour in contours]
    return Section(
        (f"polygon([{corners}], {paths});",),
        lambda _: manifold3d.CrossSection(arrays, manifold3d.FillRule.EvenOdd),
    )


def union_sections(*sections: Section) -> Section:
    """Everything that is in any of them."""
    return Section(_block("union()", *sections), lambda scope: _add([section.build(scope) for section in sections]))


def hull_sections(*sections: Section) -> Section:
    """The convex shape around all sections."""
    return Section(
        _block("hull()", _group(*sections)),
        lambda scope: manifold3d.CrossSection.batch_hull([section.build(scope) for section in sections]),
    )


# --- solids


def block(width: Number, depth: Number, height: Number) -> Solid:
    """A box centred on x = y = 0 that stands on z = 0."""
    return extrude(rectangle(width, depth), height)


def extrude(section: Section, height: Number, *, twist: Number = 0, slices: Number = 1, top: Number = 1) -> Solid:
    """The section drawn up from z = 0, turned counter-clockwise by `twist` degrees and scaled to `top` on the way."""
    rise, turn, count, end = (lift(number) for number in (height, twist, slices, top))
    # OpenSCAD twists clockwise and counts layers; manifold twists counter-clockwise and counts the cuts between them.
    words = [f"height = {rise.source}"]
    words += [f"twist = {(-turn).source}", f"slices = {count.source}"] if turn.source != "0" else []
    words += [f"scale = {end.source}"] if end.source != "1" else []

    def build(scope: Scope) -> Any:
        height_mm, twist_deg, layers, factor = (float(number.value(scope)) for number in (rise, turn, count, end))
        flat = section.build(scope)
        if flat.is_empty():  # such as the dividers of a single compartment; manifold calls it an error
            return manifold3d.Manifold()
        return flat.extrude(height_mm, int(layers) - 1, twist_deg, (factor, factor))

    return Solid(_block(f"linear_extrude({', '.join(words)})", section), build)


def revolve(section: Section, facets: Number, degrees: Number = 360) -> Solid:
    """The section (x >= 0) turned about its y axis, which becomes z."""
    count, sector = lift(facets), lift(degrees)
    angle = f"angle = {sector.source}, " if sector.source != "360" else ""

    def build(scope: Scope) -> Any:
        sector_deg = float(sector.value(scope))
        # OpenSCAD counts the facets of the full turn, manifold those of the sector.
        return section.build(scope).revolve(math.ceil(count.value(scope) * sector_deg / 360), sector_deg)

    return Solid(_block(f"rotate_extrude({angle}$fn = {count.source})", section), build)


def union(*solids: Solid) -> Solid:
    """Everything that is in any of them."""
    if len(solids) == 1:
        return solids[0]
    return Solid(_block("union()", *solids), lambda scope: _add([solid.build(scope) for solid in solids]))


def difference(solid: Solid, *cuts: Solid) -> Solid:
    """The first without all the others."""

    def build(scope: Scope) -> Any:
        parts = [part.build(scope) for part in (solid, *cuts)]
        return manifold3d.Manifold.batch_boolean(parts, manifold3d.OpType.Subtract)

    return Solid(_block("difference()", solid, *cuts), build)


def hull(*solids: Solid) -> Solid:
    """The convex solid around all of them."""
    return Solid(
        _block("hull()", _group(*solids)),
        lambda scope: manifold3d.Manifold.batch_hull([solid.build(scope) for solid in solids]),
    )


def repeat(index: str, count: Number, make: Callable[[Expression], ShapeT]) -> ShapeT:
    """The union of `make(i)` for i = 0 ... count - 1."""
    number, shape = lift(count), make(variable(index))

    def build(scope: Scope) -> Any:
        parts = [shape.build({**scope, index: float(i)}) for i in range(int(number.value(scope)))]
        return _add(parts) if parts else _EMPTY[type(shape)]()

    # The step is written out: OpenSCAD runs [0 : -1] backwards, and [0 : 1 : -1] not at all.
    return type(shape)(_block(f"for ({index} = [0 : 1 : {(number - 1).source}])", shape), build)


def named(name: str, shape: ShapeT) -> ShapeT:
    """A call of the OpenSCAD module `name` that stands for the shape."""
    return type(shape)((f"{name}();",), shape.build)


_EMPTY: Final = {Section: manifold3d.CrossSection, Solid: manifold3d.Manifold}


def _add(parts: list[Any]) -> Any:
    return type(parts[0]).batch_boolean(parts, manifold3d.OpType.Add)


def _group(*shapes: Section | Solid) -> Solid:
    """Several children of one OpenSCAD block; only its text is used."""
    return Solid(("{", *(_INDENT + line for shape in shapes for line in shape.source), "}"), lambda _: None)
