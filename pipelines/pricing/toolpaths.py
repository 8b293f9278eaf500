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

import numpy as np
from numpy.typing import NDArray

from pipelines.pricing.printers import FdmPrinter
from pipelines.pricing.sections import NOTHING, Section, common, edge_mm, grown, offset, opened, union
from pipelines.pricing.walls import Walls, lay_walls

Floats: TypeAlias = NDArray[np.float64]
Layers: TypeAlias = NDArray[np.int64]

Filling = Literal["hollow", "sparse"]
"""What the inside gets: nothing (infill 0), or a lattice of any density up to solid."""

SHELL_MARGIN_WIDTHS: Final = 3.0  # solid inner areas narrower than twice this many lines grow by as much
EXTERNAL_MARGIN_MM: Final = 3.0  # tops and bridges grow into the part by this (EXTERNAL_INFILL_MARGIN)
SINGLES_APART: Final = 0.5  # share of single lines that do not begin where the loop beside them ends
HOP_SHARE: Final = 1.2
FINEST_MM: Final = 0.0125  # the slicer's own `resolution` for G-code
# PrusaSlicer `discover_vertical_shells`: tops reach so much farther down a slope, and shells narrower than the one
# share of the spacing are dropped and the others grow by the other.
VERTICAL_REACH: Final = 1.05
VERTICAL_LEAST: Final = 0.5
VERTICAL_GROWTH: Final = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Toolpaths:
    """One value per layer, [L]; lengths in mm, areas in mm^2."""

    external_mm: Floats
    inner_mm: Floats
    small_mm: Floats  # loops of either kind that are short; not counted in the two above
    single_mm: Floats  # lines inside walls where no loop fits
    turn_s: Floats  # what the corners of all loops add to length / speed
    walls_mm2: Floats  # all of the walls
    solid_mm2: Floats
    solid_edge_mm: Floats
    top_mm2: Floats
    bridge_mm2: Floats
    over_mm2: Floats  # bridges over the lattice; over a solid inside they are solid
    sparse_mm2: Floats
    sparse_edge_mm: Floats
    regions: Floats  # separate things to travel to: contours, single lines and filled areas
    hop_mm: Floats  # mean distance from one of them to the next

    def rows(self, layers: slice) -> "Toolpaths":
        """The same for some of the layers."""
        return Toolpaths(*(getattr(self, field.name)[layers] for field in fields(self)))


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
    below, above = printer.bottoms + 3, printer.tops + 2
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
        self._walls: dict[int, Walls] = {}

    def section(self, layer: int) -> Section:
        if not 0 <= layer < self.layers:
            return NOTHING
        if layer not in self._sections:
            self._sections[layer] = self._solid.slice(self._printer.middle_mm(layer)).simplify(FINEST_MM)
        return self._sections[layer]

    def walls(self, layer: int) -> Walls:
        if layer not in self._walls:
            self._walls[layer] = lay_walls(self.section(layer), self._printer if layer else self._printer.first_layer)
        return self._walls[layer]

    def common(self, first: int, end: int) -> Section:
        """What all layers of [first, end) cover. Away from events the first and last of them cover no more."""
        span = range(first, end)
        layers = span if not self._events.isdisjoint(span) else sorted({first, end - 1})
        return common([self.section(layer) for layer in layers])

    def top(self, layer: int) -> Section:
        """Inner area that shows from above, with its margin."""
        inside = self.walls(layer).inside
        return grown(inside - self.section(layer + 1), EXTERNAL_MARGIN_MM, inside)

    def bottom(self, layer: int) -> Section:
        """Inner area that shows from below, with its margin."""
        inside = self.walls(layer).inside
        return grown(opened(inside - self.section(layer - 1), 0.05), EXTERNAL_MARGIN_MM, inside)

    def tally(self, layer: int) -> list[float]:
        section = self.section(layer)
        if section.is_empty():
            return [0.0] * len(fields(Toolpaths))
        walls = self.walls(layer)
        fills = self._fills(layer, walls.inside)
        solid, top, bridge, over, sparse = fills
        regions = section.num_contour() + SINGLES_APART * walls.singles + sum(not part.is_empty() for part in fills)
        return [
            walls.external.long_mm,
            walls.inner.long_mm,
            walls.external.small_mm + walls.inner.small_mm,
            walls.single_mm,
            walls.external.turn_s + walls.inner.turn_s,
            walls.area_mm2,
            solid.area(),
            sum(map(edge_mm, (solid, top, bridge, over))),
            top.area(),
            bridge.area(),
            over.area(),
            sparse.area(),
            edge_mm(sparse),
            regions,
            _hop_mm(section, regions),
        ]

    def _fills(self, layer: int, inside: Section) -> tuple[Section, ...]:
        """Solid, top, bridging, bridging over lattice, and sparse areas of one layer; together they are `inside`."""
        bottom = self.bottom(layer)
        bridge = bottom if layer else NOTHING
        top = self.top(layer) - bridge
        shell = self._shell(layer, inside) - bridge - top
        over = self._over_lattice(layer, inside) ^ shell
        solid, sparse = shell - over, inside - shell - bridge - top
        if self._filling == "hollow":
            return solid, top, bridge, over, NOTHING
        islets = [part for part in sparse.decompose() if part.area() < self._printer.islet_mm2]
        if islets:
            small = union(islets)
            solid, sparse = solid + small, sparse - small
        return solid, top, bridge, over, sparse

    def _shell(self, layer: int, inside: Section) -> Section:
        """Inside that closes the part above and below, besides what shows."""
        if self._printer.vertical_shells:
            return self._vertical_shell(layer, inside)
        if self._filling == "hollow":
            return inside ^ self._exposed(layer)
        printer = self._printer
        covered = self.common(layer + 1, layer + printer.tops + 1) ^ self.common(layer - printer.bottoms, layer)
        bare = (inside - covered) + (inside ^ self._faces(layer))
        margin = SHELL_MARGIN_WIDTHS * printer.solid_width_mm
        return bare + grown(bare - opened(bare, margin), margin, inside)

    def _vertical_shell(self, layer: int, inside: Section) -> Section:
        """Shell as thick across a slope as on the level: all that the insides near by do not cover."""
        printer = self._printer
        outer, spacing = printer.external_width_mm, printer.spacing_mm
        walls_mm = (outer + printer.spaced(outer)) / 2 + (printer.perimeters - 1) * spacing
        first, end = layer - max(printer.bottoms, 1) + 1, layer + max(printer.tops, 1)
        holes = offset(self.common(first, end), -walls_mm)
        least = VERTICAL_LEAST * VERTICAL_REACH * printer.spaced(printer.solid_width_mm)
        bare = (inside - holes) + (inside ^ offset(self._faces(layer), 2 * least))
        return grown(opened(bare, least), VERTICAL_GROWTH * 2 * least, inside)

    def _faces(self, layer: int) -> Section:
        """Tops of the layers above and bottoms of those below that this layer is part of the shell of."""
        tops = [k for k in range(layer + 1, layer + self._printer.tops) if k in self._events]
        bottoms = [k for k in range(layer - self._printer.bottoms + 1, layer) if k in self._events]
        return union([*map(self.top, tops), *map(self.bottom, bottoms)])

    def _exposed(self, layer: int) -> Section:
        """Wide steps of the layers near by: a hollow print closes holes, and leaves slopes to their walls."""
        top, bottom = self._printer.tops, self._printer.bottoms
        width = self._printer.line_width_mm / 2
        steps = [opened(self.section(k) - self.section(k + 1), width) for k in range(layer, layer + top)]
        steps += [opened(self.section(k) - self.section(k - 1), width) for k in range(layer - bottom + 1, layer + 1)]
        return union(steps)

    def _over_lattice(self, layer: int, inside: Section) -> Section:
        """The lowest layer of a top shell, where the lattice below is as deep as a bridging line."""
        printer = self._printer
        thick_mm = printer.nozzle_mm if printer.thick_bridges else printer.layer_height_mm
        depth = ceil(thick_mm / printer.layer_height_mm - 1e-9)
        covered = self.common(layer - printer.bottoms - depth, layer) ^ self.common(layer + 1, layer + printer.tops)
        first = (inside ^ covered) - self.section(layer + printer.tops)
        return opened(first, 3 * (printer.nozzle_mm if printer.thick_bridges else printer.solid_width_mm))


def _hop_mm(section: Section, stops: float) -> float:
    """Mean travel when so many places of a layer are visited, each from the nearest one.

    As for the shortest tour through points in a box; the factor is read from the travels of 24 sliced shapes.
    """
    x0, y0, x1, y1 = section.bounds()
    width, depth = x1 - x0, y1 - y0
    return float(
        min(np.hypot(width, depth) / 2, HOP_SHARE * np.sqrt(width * depth / stops) + max(width, depth) / stops)
    )
