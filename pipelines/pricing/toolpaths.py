"""What each layer asks of the printer: wall lengths, filled areas, turns and travels, from slices of the solid.

The slicer's own rules are followed where they change the sums: how walls are offset, which inner areas become solid
and which bridge. Speeds enter only through the turns; densities not at all, so that one walk over the layers prices
every infill between 0 and 1 and every material.

Not known here: seams, wipes, the slicer's choice of line angles, and supports (see `estimate`).

Source:
    PrusaSlicer 2.5: `PerimeterGenerator::process`, `PrintObject::discover_horizontal_shells`,
    `PrintObject::bridge_over_infill`, `LayerRegion::process_external_surfaces`. The comparison with its output is
    `bench/quote_accuracy.py`.
"""

from dataclasses import dataclass, fields
from math import ceil
from typing import Any, Final, Literal, TypeAlias

import manifold3d
import numpy as np
from numpy.typing import NDArray

from pipelines.pricing.printers import FdmPrinter

Section: TypeAlias = Any  # manifold3d.CrossSection carries no types
Floats: TypeAlias = NDArray[np.float64]
Layers: TypeAlias = NDArray[np.int64]

Filling = Literal["hollow", "sparse"]
"""What the inside gets: nothing (infill 0), or a lattice of any density up to solid."""

INSET_TOLERANCE: Final = 0.6  # a wall is laid where at least this share of its spacing is free (PrusaSlicer: 1 - 0.4)
INFILL_OVERLAP: Final = 0.25  # share of the spacing by which infill enters the walls (`infill_overlap`)
SHELL_MARGIN_WIDTHS: Final = 3.0  # solid inner areas narrower than twice this many lines grow by as much
EXTERNAL_MARGIN_MM: Final = 3.0  # tops and bridges grow into the part by this (EXTERNAL_INFILL_MARGIN)
ISLET_MM2: Final = 70.0  # smaller lattices become solid (`solid_infill_below_area`)
SMALL_LOOP_MM: Final = 2 * np.pi * 6.5  # loops this short take the small-perimeter speed (SMALL_PERIMETER_LENGTH)
MITER: Final = 3.0  # PrusaSlicer's DefaultMiterLimit
FINEST_MM: Final = 0.0125  # the slicer's own `resolution` for G-code


@dataclass(frozen=True, slots=True, eq=False)
class Toolpaths:
    """One value per layer, [L]; lengths in mm, areas in mm^2."""

    external_mm: Floats
    inner_mm: Floats
    small_mm: Floats  # loops of either kind that are short; not counted in the two above
    turn_s: Floats  # what the corners of all loops add to length / speed
    gap_mm2: Floats  # slivers between walls, and walls thinner than one line
    solid_mm2: Floats
    solid_edge_mm: Floats
    top_mm2: Floats
    bridge_mm2: Floats
    over_mm2: Floats  # bridges over the lattice; over a solid inside they are solid
    sparse_mm2: Floats
    sparse_edge_mm: Floats
    regions: Floats  # separate things to travel to: contours and filled areas
    reach_mm: Floats  # half the diagonal of the layer

    def rows(self, layers: slice) -> "Toolpaths":
        """The same for some of the layers."""
        return Toolpaths(*(getattr(self, field.name)[layers] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class _Loops:
    long_mm: float
    small_mm: float
    turn_s: float
    count: int


def toolpaths(solid: Any, printer: FdmPrinter, filling: Filling, most_layers: int) -> Toolpaths:
    """The tally of every layer of a solid that rests on z = 0.

    Layers near flat faces are all walked; of the others only as many as `most_layers` allows, and those between are
    interpolated.

    Args:
        solid: A `manifold3d.Manifold` in mm.
        printer: Whose layers and lines are used.
        filling: What the inside gets.
        most_layers: About how many layers may be walked, at least 2.

    Returns:
        One value per layer and column.
    """
    layers = printer.layers(solid.bounding_box()[5])
    steps, events = _chosen_layers(solid, printer, layers, most_layers)
    chosen = np.union1d(steps, events)
    walk = _Walk(solid, printer, filling, frozenset(events.tolist()))
    rows = np.array([walk.tally(int(layer)) for layer in chosen])  # [chosen, columns]
    every = np.arange(layers)
    columns = [np.interp(every, chosen, rows[:, column]) for column in range(rows.shape[1])]
    return Toolpaths(*columns)


def _chosen_layers(solid: Any, printer: FdmPrinter, layers: int, most: int) -> tuple[Layers, Layers]:
    """Layers at even steps, and those near level faces."""
    below, above = printer.bottom_layers + 3, printer.top_layers + 2
    levels = [printer.layers(z) for z in _flat_heights(solid)]
    spans = [np.arange(max(0, level - above), min(layers, level + below)) for level in levels]
    events = np.unique(np.concatenate([*spans, np.zeros(0, np.int64)]).astype(np.int64))
    if len(events) > most:  # steps everywhere: an even walk sees them on average
        return np.linspace(0, layers - 1, min(layers, most)).round().astype(np.int64), np.zeros(0, np.int64)
    return np.linspace(0, layers - 1, max(2, min(layers, most // 3))).round().astype(np.int64), events


def _flat_heights(solid: Any) -> Floats:
    """Heights of level faces of at least 1 mm^2: there the layers change at once, not little by little."""
    mesh = solid.to_mesh64()
    corners = np.asarray(mesh.vert_properties)[:, :3][np.asarray(mesh.tri_verts)]  # [F, 3, 3]
    level = np.ptp(corners[..., 2], axis=1) < 1e-6
    a, b, c = corners[level][:, 0, :2], corners[level][:, 1, :2], corners[level][:, 2, :2]
    areas = 0.5 * np.abs((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))
    heights, where = np.unique(corners[level][:, 0, 2].round(4), return_inverse=True)
    return heights[np.bincount(where, areas, len(heights)) >= 1.0]


class _Walk:
    """Slices of one solid, made when first asked for. Layers near events are looked at one by one."""

    def __init__(self, solid: Any, printer: FdmPrinter, filling: Filling, events: frozenset[int]) -> None:
        self._solid, self._printer, self._filling, self._events = solid, printer, filling, events
        self.layers = printer.layers(solid.bounding_box()[5])
        self._sections: dict[int, Section] = {}
        self._none = manifold3d.CrossSection()

    def section(self, layer: int) -> Section:
        if not 0 <= layer < self.layers:
            return self._none
        if layer not in self._sections:
            self._sections[layer] = self._solid.slice(self._printer.middle_mm(layer)).simplify(FINEST_MM)
        return self._sections[layer]

    def common(self, first: int, end: int) -> Section:
        """What all layers of [first, end) cover. Away from events the first and last of them cover no more."""
        span = range(first, end)
        layers = span if not self._events.isdisjoint(span) else sorted({first, end - 1})
        sections = [self.section(layer) for layer in layers]
        return manifold3d.CrossSection.batch_boolean(sections, manifold3d.OpType.Intersect)

    def tally(self, layer: int) -> list[float]:
        section = self.section(layer)
        if section.is_empty():
            return [0.0] * len(fields(Toolpaths))
        external, inner, gap_mm2, inside = _walls(section, self._printer)
        fills = self._fills(layer, inside)
        solid, top, bridge, over, sparse = fills
        x0, y0, x1, y1 = section.bounds()
        return [
            external.long_mm,
            inner.long_mm,
            external.small_mm + inner.small_mm,
            external.turn_s + inner.turn_s,
            gap_mm2,
            solid.area(),
            sum(map(_edge_mm, (solid, top, bridge, over))),
            top.area(),
            bridge.area(),
            over.area(),
            sparse.area(),
            _edge_mm(sparse),
            section.num_contour() + sum(not part.is_empty() for part in fills),
            0.5 * float(np.hypot(x1 - x0, y1 - y0)),
        ]

    def _fills(self, layer: int, inside: Section) -> tuple[Section, ...]:
        """Solid, top, bridging, bridging over lattice, and sparse areas of one layer; together they are `inside`."""
        bridge = _grown(_opened(inside - self.section(layer - 1), 0.05), EXTERNAL_MARGIN_MM, inside)
        bridge = bridge if layer else self._none
        top = _grown(inside - self.section(layer + 1), EXTERNAL_MARGIN_MM, inside) - bridge
        shell = self._shell(layer, inside) - bridge - top
        over = self._over_lattice(layer, inside) ^ shell
        solid, sparse = shell - over, inside - shell - bridge - top
        if self._filling == "hollow":
            return solid, top, bridge, over, self._none
        islets = [part for part in sparse.decompose() if part.area() < ISLET_MM2]
        if islets:
            small = manifold3d.CrossSection.batch_boolean(islets, manifold3d.OpType.Add)
            solid, sparse = solid + small, sparse - small
        return solid, top, bridge, over, sparse

    def _shell(self, layer: int, inside: Section) -> Section:
        """Inside that is not covered by all of the layers above and below that make a closed top or bottom."""
        if self._filling == "hollow":
            return inside ^ self._exposed(layer)
        printer = self._printer
        bare = inside - (
            self.common(layer + 1, layer + printer.top_layers + 1) ^ self.common(layer - printer.bottom_layers, layer)
        )
        margin = SHELL_MARGIN_WIDTHS * printer.line_width_mm
        return bare + _grown(bare - _opened(bare, margin), margin, inside)

    def _exposed(self, layer: int) -> Section:
        """Wide steps of the layers near by: a hollow print closes holes, and leaves slopes to their walls."""
        top, bottom = self._printer.top_layers, self._printer.bottom_layers
        width = self._printer.line_width_mm / 2
        steps = [_opened(self.section(k) - self.section(k + 1), width) for k in range(layer, layer + top)]
        steps += [_opened(self.section(k) - self.section(k - 1), width) for k in range(layer - bottom + 1, layer + 1)]
        return manifold3d.CrossSection.batch_boolean(steps, manifold3d.OpType.Add)

    def _over_lattice(self, layer: int, inside: Section) -> Section:
        """The lowest layer of a top shell, where at least a nozzle's height of lattice lies below it."""
        printer = self._printer
        depth = ceil(printer.nozzle_mm / printer.layer_height_mm - 1e-9)
        covered = self.common(layer - printer.bottom_layers - depth, layer) ^ self.common(
            layer + 1, layer + printer.top_layers
        )
        first = (inside ^ covered) - self.section(layer + printer.top_layers)
        return _opened(first, 3 * printer.nozzle_mm)  # narrower strips are not bridged


def _walls(section: Section, printer: FdmPrinter) -> tuple[_Loops, _Loops, float, Section]:
    """External and inner loops, area of gaps, and what is left inside the walls."""
    spacing, width = printer.spacing_mm, printer.line_width_mm
    least = INSET_TOLERANCE * spacing
    line = _inset(section, width / 2, least / 2)
    thin = _opened(section - _offset(line, width / 2 + 0.01), printer.nozzle_mm / 3)
    external = _loops(line, printer.external_speed_mm_s, printer)
    inner, gaps = _Loops(0.0, 0.0, 0.0, 0), manifold3d.CrossSection()
    for _ in range(printer.perimeters - 1):
        following = _inset(line, spacing, least / 2)
        gaps = gaps + (_offset(line, -spacing / 2) - _offset(following, spacing / 2 + 1e-3))
        inner = _sum(inner, _loops(following, printer.inner_speed_mm_s, printer))
        line = following
    narrowest = 0.2 * width * INSET_TOLERANCE
    gap = _opened(gaps, narrowest / 2) - _opened(gaps, spacing)
    inside = _inset(line, spacing / 2 - INFILL_OVERLAP * spacing, least / 2)
    return external, inner, float(gap.area() + thin.area()), inside


def _loops(lines: Section, speed_mm_s: float, printer: FdmPrinter) -> _Loops:
    total = _Loops(0.0, 0.0, 0.0, 0)
    for polygon in lines.to_polygons():
        steps = np.roll(polygon, -1, axis=0) - polygon  # [P, 2] mm
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        length = float(lengths.sum())
        small = length <= SMALL_LOOP_MM
        speed = min(speed_mm_s, printer.small_perimeter_speed_mm_s) if small else speed_mm_s
        turn_s = _turn_s(steps / np.maximum(lengths, 1e-9)[:, None], speed, printer)
        total = _sum(total, _Loops(0.0 if small else length, length if small else 0.0, turn_s, 1))
    return total


def _turn_s(directions: Floats, speed_mm_s: float, printer: FdmPrinter) -> float:
    """Time lost by slowing for corners and speeding up again.

    Marlin lets each axis jump by the jerk; a sharper corner is taken at the speed whose jump is the jerk.
    """
    jumps = np.abs(directions - np.roll(directions, 1, axis=0)).max(axis=1)  # [P]
    corner_speed = np.minimum(speed_mm_s, printer.jerk_mm_s / np.maximum(jumps, 1e-9))
    lost = (speed_mm_s - corner_speed) ** 2 / (printer.acceleration_mm_s2 * speed_mm_s)
    return float(lost.sum())


def _sum(one: _Loops, other: _Loops) -> _Loops:
    return _Loops(
        one.long_mm + other.long_mm,
        one.small_mm + other.small_mm,
        one.turn_s + other.turn_s,
        one.count + other.count,
    )


def _offset(section: Section, distance_mm: float) -> Section:
    return section.offset(distance_mm, manifold3d.JoinType.Miter, MITER)


def _inset(section: Section, distance_mm: float, half_mm: float) -> Section:
    """Inset that vanishes where less than `half_mm` would be left on each side."""
    return _offset(_offset(section, -distance_mm - half_mm), half_mm)


def _opened(section: Section, radius_mm: float) -> Section:
    """Morphological opening: parts narrower than twice the radius are dropped."""
    return section if section.is_empty() else _offset(_offset(section, -radius_mm), radius_mm)


def _grown(section: Section, margin_mm: float, within: Section) -> Section:
    return section if section.is_empty() else _offset(section, margin_mm) ^ within


def _edge_mm(section: Section) -> float:
    if section.is_empty():
        return 0.0
    return float(sum(np.linalg.norm(p - np.roll(p, 1, axis=0), axis=1).sum() for p in section.to_polygons()))
