"""Volume and time of each layer, from its toolpaths, a density, a material's flow and a printer's weights.

Each move costs its length over its speed, plus what starting and stopping costs at a limited acceleration. That is
physics; `Weights` say how far a slicer departs from it.
"""

from dataclasses import astuple, dataclass
from math import inf, pi
from typing import Final

import numpy as np

from pipelines.pricing.lattices import Lattice, lattice_of
from pipelines.pricing.moves import move_s, next_layer_s, retraction_s, start_s
from pipelines.pricing.printers import FdmPrinter
from pipelines.pricing.toolpaths import Floats, Toolpaths
from pipelines.pricing.weights import MOVES, Weights

_COOLING: Final = MOVES
BROKEN_LINES: Final = 0.05  # share of the lattice's lines that do not run on to the next: read from 24 sliced shapes


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What each layer takes by physics alone, term by term."""

    volumes_mm3: Floats  # [M, L] rows as in MASS_TERMS
    times_s: Floats  # [T, L] rows as in TIME_TERMS; "cooling" is what a layer is slowed to, 0 where it is not


@dataclass(frozen=True, slots=True, eq=False)
class LayerCosts:
    """Extruded volume in mm^3 and time in s of each layer, [L]."""

    volume_mm3: Floats
    time_s: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """One kind of move: how long, how fast, and how often it starts and stops. Arrays are [L]."""

    length_mm: Floats
    speed_mm_s: float
    starts: Floats | float = 0.0  # lines that begin and end at the jerk speed
    hops: Floats | float = 0.0  # short links between such lines, of `hop_mm` each; their length is in `length_mm`
    hop_mm: Floats | float = 0.0
    leg_mm: float = inf  # from one corner of a line to its next


def layer_costs(features: Features, weights: Weights) -> LayerCosts:
    """Volume and time of every layer, without skirt, supports and `start_s`.

    Args:
        features: Of one part at one density and flow.
        weights: Of its printer.

    Returns:
        mm^3 and s per layer.
    """
    by_mass, by_time = np.array(astuple(weights.mass)), np.array(astuple(weights.time))
    volumes = by_mass[:, None] * features.volumes_mm3
    volumes[3] = np.minimum(volumes[3], by_mass[2] * features.volumes_mm3[3])  # keeps denser prints from being lighter
    times = by_time[:, None] * features.times_s
    extruding = np.maximum(times[:MOVES].sum(axis=0), times[_COOLING])
    return LayerCosts(volumes.sum(axis=0), extruding + times[_COOLING + 1 :].sum(axis=0))


def print_features(paths: Toolpaths, printer: FdmPrinter, infill: float, max_flow_mm3_s: float) -> Features:
    """The terms of every layer.

    Args:
        paths: Toolpaths of the same printer, walked with the filling that `infill` asks for.
        printer: Speeds, accelerations and line sizes.
        infill: Filled share of the inside, in [0, 1].
        max_flow_mm3_s: What the material can be melted at; below the printer's own limit it slows the print.

    Returns:
        Volumes and times per term and layer.
    """
    lattice = lattice_of(printer.pattern, infill)
    flow = min(max_flow_mm3_s, printer.max_flow_mm3_s)
    groups = [
        _Group(paths.rows(rows), laid, infill, lattice, flow)
        for rows, laid in ((slice(0, 1), printer.first_layer), (slice(1, None), printer))
    ]
    return Features(
        np.concatenate([_volumes(group) for group in groups], axis=1),
        np.concatenate([_times(group) for group in groups], axis=1),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Layers that are laid alike: the first one, or all others."""

    paths: Toolpaths
    printer: FdmPrinter
    infill: float
    lattice: Lattice
    flow_mm3_s: float

    @property
    def bridged_mm2(self) -> Floats:
        """Area bridged over the lattice: all of it up to half full, none over a full inside.

        The slicer bridges at any density below 1. The fade between keeps a denser print from being a lighter one.
        """
        return self.paths.over_mm2 * min(1.0, 2.0 * (1.0 - self.infill))

    @property
    def solid_mm2(self) -> Floats:
        return self.paths.solid_mm2 + self.paths.over_mm2 - self.bridged_mm2

    @property
    def share(self) -> float:
        """Filled share of the lattice. Patterns that lay more than asked lay it less and less towards full."""
        return self.infill * (self.lattice.density + (1.0 - self.lattice.density) * self.infill)

    @property
    def lattice_mm2(self) -> Floats:
        return self.paths.sparse_mm2 * self.share

    @property
    def anchors_mm2(self) -> Floats:
        """Area of the lines that run along the walls from one line of the lattice to the next."""
        spacing = self.printer.spaced(self.printer.sparse_width_mm)
        most = np.minimum(self.lattice.anchor_share * self.paths.sparse_edge_mm * spacing, self.paths.sparse_mm2)
        return most * (1.0 - self.infill)


def _volumes(group: _Group) -> Floats:
    paths, printer = group.paths, group.printer
    flat_mm2 = group.solid_mm2 + paths.top_mm2
    bridge_mm = (paths.bridge_mm2 + group.bridged_mm2) / printer.bridge_pitch_mm
    height = printer.layer_height_mm
    solid_mm3 = flat_mm2 * height + bridge_mm * printer.bridge_mm2
    return printer.flow * np.stack(
        [paths.walls_mm2 * height, solid_mm3, group.lattice_mm2 * height, group.anchors_mm2 * height]
    )


def _moves(group: _Group) -> list[_Moves]:
    """The moves at speed, in the order of TIME_TERMS."""
    paths, printer = group.paths, group.printer
    solid, sparse = printer.spaced(printer.solid_width_mm), printer.spaced(printer.sparse_width_mm)

    def limited(speed_mm_s: float, spacing_mm: float) -> float:
        return min(speed_mm_s, group.flow_mm3_s / (spacing_mm * printer.layer_height_mm))

    external = printer.spaced(printer.external_width_mm)
    # Cauchy-Crofton: parallel lines d apart meet an edge of length P in 2 P / (pi d) points, two for each line.
    solid_lines = paths.solid_edge_mm / (pi * solid)
    sparse_lines = paths.sparse_edge_mm * group.share / (pi * sparse)
    anchor_mm = group.lattice.anchor_share * pi * sparse / max(group.infill, 1e-3)
    small = min(printer.small_perimeter_speed_mm_s, printer.inner_speed_mm_s)
    return [
        _Moves(paths.external_mm, limited(printer.external_speed_mm_s, external)),
        _Moves(paths.inner_mm, limited(printer.inner_speed_mm_s, printer.spacing_mm)),
        _Moves(paths.small_mm, limited(small, printer.spacing_mm)),
        _Moves(paths.single_mm, limited(printer.inner_speed_mm_s, printer.spacing_mm)),
        _Moves(paths.top_mm2 / printer.top_line_width_mm, limited(printer.top_speed_mm_s, printer.top_line_width_mm)),
        _Moves(
            (paths.bridge_mm2 + group.bridged_mm2) / printer.bridge_pitch_mm,
            min(printer.bridge_speed_mm_s, group.flow_mm3_s / printer.bridge_mm2),
        ),
        _Moves(group.solid_mm2 / solid, limited(printer.solid_speed_mm_s, solid), solid_lines, solid_lines, solid),
        _Moves(
            (group.lattice_mm2 + group.anchors_mm2) / sparse,
            limited(printer.sparse_speed_mm_s, sparse),
            sparse_lines,
            sparse_lines,
            anchor_mm,
            group.lattice.leg_pitches * sparse / max(group.infill, 1e-3),
        ),
    ]


def _times(group: _Group) -> Floats:
    """Time per term and layer.

    Like the slicer, cooling looks at lengths over speeds alone: acceleration comes on top of the time it aims at.
    """
    paths, printer, moves = group.paths, group.printer, _moves(group)
    lasting = np.stack([m.length_mm / m.speed_mm_s for m in moves])  # [MOVES, L]
    length, at_speed = sum(m.length_mm for m in moves), lasting.sum(axis=0)
    stops = paths.regions + BROKEN_LINES * moves[-1].starts
    travels = stops * paths.hop_mm / printer.travel_speed_mm_s
    cooling = np.minimum(printer.min_layer_s - travels, length / printer.min_speed_mm_s)
    cooling = np.where(cooling > at_speed, cooling, 0.0)
    kept = at_speed / np.maximum(np.maximum(at_speed, cooling), 1e-9)  # [L] share of the set speeds that is kept
    corners = paths.turn_s * _eased(kept, printer)
    each = retraction_s(printer) + move_s(
        paths.hop_mm, printer.travel_speed_mm_s, printer.acceleration_mm_s2, printer.jerk_mm_s
    )
    between = [corners, _turns_s(moves[-2], kept, printer), _turns_s(moves[-1], kept, printer)]
    return np.stack([*lasting, cooling, *between, stops * each, np.full_like(cooling, next_layer_s(printer))])


def _eased(kept: Floats, printer: FdmPrinter) -> Floats:
    """Share of the time lost in corners that is still lost where a layer is slowed to cool."""
    fast, acceleration, jerk = printer.external_speed_mm_s, printer.wall_acceleration_mm_s2, printer.jerk_mm_s
    return start_s(kept * fast, acceleration, jerk) / np.maximum(start_s(fast, acceleration, jerk), 1e-9)


def _turns_s(moves: _Moves, kept: Floats, printer: FdmPrinter) -> Floats:
    """What corners, the ends of lines and the links between them take beyond their length over the speed."""
    speed, acceleration = moves.speed_mm_s * kept, printer.infill_acceleration_mm_s2

    def beyond_s(length_mm: Floats | float) -> Floats:
        free = move_s(length_mm, speed, acceleration, printer.jerk_mm_s) - length_mm / np.maximum(speed, 1e-6)
        return np.maximum(free, 0.0)

    line_mm = moves.length_mm / np.maximum(moves.starts, 1e-9)
    turns = moves.starts * beyond_s(line_mm) + moves.hops * beyond_s(moves.hop_mm)
    return turns if moves.leg_mm == inf else turns + moves.length_mm / moves.leg_mm * beyond_s(moves.leg_mm)
