"""Volume and time of each layer, from its toolpaths, a density and a material's flow.

Each move costs its length over its speed, plus what starting and stopping costs at a limited acceleration. All
weights are physics: nothing here was fitted to the slicer's times, save the two shares of `LATTICES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from types import MappingProxyType
from typing import Final

import numpy as np

from pipelines.pricing.printers import FdmPrinter, InfillPattern
from pipelines.pricing.toolpaths import Floats, Toolpaths


@dataclass(frozen=True, slots=True)
class Lattice:
    """How an infill pattern differs from plain parallel lines."""

    anchor_share: float  # share of the free edge of the lattice along which lines run on to the next one
    pace: float  # share of the set speed that its curves let the printer keep


# Read from cubes of tests/golden/slicer_truth.json: 20 % grid gives anchor shares of 0.38 (20 mm) and 0.48 (40 mm);
# 15 % gyroid gives 0.14, and its lines take half as long again as their speed says.
LATTICES: Final[Mapping[InfillPattern, Lattice]] = MappingProxyType(
    {"grid": Lattice(anchor_share=0.43, pace=1.0), "gyroid": Lattice(anchor_share=0.14, pace=0.67)}
)


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
    starts: Floats  # lines that begin and end at the jerk speed
    hops: Floats  # short links between such lines, of `hop_mm` each; their length is in `length_mm`
    hop_mm: Floats | float


def layer_costs(paths: Toolpaths, printer: FdmPrinter, infill: float, max_flow_mm3_s: float) -> LayerCosts:
    """Volume and time of every layer.

    Args:
        paths: Toolpaths of the same printer, walked with the filling that `infill` asks for.
        printer: Speeds, accelerations and line sizes.
        infill: Filled share of the inside, in [0, 1].
        max_flow_mm3_s: What the material can be melted at; below the printer's own limit it slows the print.

    Returns:
        Volume and time per layer, without skirt and supports.
    """
    heights = np.full(len(paths.external_mm), printer.layer_height_mm)
    heights[0] = printer.first_layer_mm
    bridge_mm2 = paths.bridge_mm2 + _bridged_mm2(paths, infill)
    solid_mm2 = paths.solid_mm2 + paths.over_mm2 - _bridged_mm2(paths, infill)
    lines_mm2 = (paths.external_mm + paths.inner_mm + paths.small_mm) * printer.spacing_mm
    flat_mm2 = lines_mm2 + paths.gap_mm2 + solid_mm2 + paths.top_mm2 + _lattice_mm2(paths, printer, infill)
    volume = flat_mm2 * heights + bridge_mm2 * printer.bridge_mm2 / printer.line_width_mm
    moves = _moves(paths, printer, infill, min(max_flow_mm3_s, printer.max_flow_mm3_s))
    return LayerCosts(volume, _layers_s(paths, moves, printer))


def _bridged_mm2(paths: Toolpaths, infill: float) -> Floats:
    """Area bridged over the lattice: all of it up to half full, none over a full inside.

    The slicer bridges at any density below 1. The fade between keeps a denser print from being a lighter one.
    """
    return paths.over_mm2 * min(1.0, 2.0 * (1.0 - infill))


def _lattice_mm2(paths: Toolpaths, printer: FdmPrinter, infill: float) -> Floats:
    """Area that the lattice covers: lines, and anchors along the part of the wall between them."""
    share = LATTICES[printer.pattern].anchor_share
    anchors = np.minimum(share * paths.sparse_edge_mm * printer.spacing_mm, paths.sparse_mm2)
    return paths.sparse_mm2 * infill + anchors * (1.0 - infill)


def _moves(paths: Toolpaths, printer: FdmPrinter, infill: float, flow_mm3_s: float) -> list[_Moves]:
    spacing, lattice = printer.spacing_mm, LATTICES[printer.pattern]
    fastest = flow_mm3_s / printer.line_mm2  # mm/s
    bridged = _bridged_mm2(paths, infill)
    solid_mm = (paths.solid_mm2 + paths.over_mm2 - bridged) / spacing
    # Cauchy-Crofton: parallel lines d apart meet an edge of length P in 2 P / (pi d) points, two for each line.
    solid_lines = paths.solid_edge_mm / (pi * spacing)
    sparse_lines = paths.sparse_edge_mm * infill / (pi * spacing)
    anchor_mm = lattice.anchor_share * pi * spacing / max(infill, 1e-3)
    none = np.zeros_like(solid_mm)

    def loops(length: Floats, speed: float) -> _Moves:
        return _Moves(length, min(speed, fastest), none, none, 0.0)

    return [
        loops(paths.external_mm, printer.external_speed_mm_s),
        loops(paths.inner_mm, printer.inner_speed_mm_s),
        loops(paths.small_mm, printer.small_perimeter_speed_mm_s),
        loops(paths.gap_mm2 / spacing, printer.gap_speed_mm_s),
        loops(paths.top_mm2 / printer.top_line_width_mm, min(printer.top_speed_mm_s, fastest)),
        _Moves(
            (paths.bridge_mm2 + bridged) / printer.line_width_mm,
            min(printer.bridge_speed_mm_s, flow_mm3_s / printer.bridge_mm2),
            none,
            none,
            0.0,
        ),
        _Moves(solid_mm, min(printer.solid_speed_mm_s, fastest), solid_lines, solid_lines, spacing),
        _Moves(
            _lattice_mm2(paths, printer, infill) / spacing,
            min(printer.sparse_speed_mm_s * lattice.pace, fastest),
            sparse_lines,
            sparse_lines,
            anchor_mm,
        ),
    ]


def _layers_s(paths: Toolpaths, moves: list[_Moves], printer: FdmPrinter) -> Floats:
    """Time per layer: moves at speed, slowed where the layer would not cool, plus starts, stops and travels.

    Like the slicer, cooling looks at lengths over speeds alone: acceleration comes on top of the time it aims at.
    """
    length = sum((m.length_mm for m in moves), np.zeros_like(paths.regions))
    at_speed = sum((m.length_mm / m.speed_mm_s for m in moves), np.zeros_like(length))
    at_speed[0] = np.maximum(at_speed[0], length[0] / printer.first_layer_speed_mm_s)
    travels = paths.regions * paths.reach_mm / 2 / printer.travel_speed_mm_s
    target = np.minimum(printer.min_layer_s - travels, length / printer.min_speed_mm_s)
    extruding = np.maximum(at_speed, target)
    slowed = at_speed / np.maximum(extruding, 1e-9)  # [L] share of the set speeds that is kept
    turns = (
        paths.turn_s
        * _start_s(slowed * printer.external_speed_mm_s, printer)
        / _start_s(printer.external_speed_mm_s, printer)
    )
    for m in moves:
        speed = m.speed_mm_s * slowed
        turns = turns + m.starts * _start_s(speed, printer) + m.hops * _hop_extra_s(m.hop_mm, speed, printer)
    each = _retraction_s(printer) + _move_s(paths.reach_mm / 2, printer.travel_speed_mm_s, printer)
    return extruding + turns + paths.regions * each + _lift_s(printer)


def _start_s(speed_mm_s: Floats | float, printer: FdmPrinter) -> Floats:
    """Time that a line loses by starting and ending at the jerk speed."""
    speed = np.maximum(speed_mm_s, 1e-6)
    return np.maximum(speed - printer.jerk_mm_s, 0.0) ** 2 / (printer.acceleration_mm_s2 * speed)


def _move_s(length_mm: Floats | float, speed_mm_s: Floats | float, printer: FdmPrinter) -> Floats:
    """Time of a move that begins and ends at the jerk speed."""
    jerk, acceleration = printer.jerk_mm_s, printer.acceleration_mm_s2
    speed = np.maximum(speed_mm_s, jerk)
    peak = np.minimum(speed, np.sqrt(acceleration * np.asarray(length_mm) + jerk**2))
    ramps = (peak**2 - jerk**2) / acceleration
    return 2 * (peak - jerk) / acceleration + np.maximum(length_mm - ramps, 0.0) / peak


def _hop_extra_s(length_mm: Floats | float, speed_mm_s: Floats, printer: FdmPrinter) -> Floats:
    """What a short link takes beyond its length over the speed."""
    return np.maximum(_move_s(length_mm, speed_mm_s, printer) - length_mm / np.maximum(speed_mm_s, 1e-6), 0.0)


def _lift_s(printer: FdmPrinter) -> float:
    """Time of a small move along z, which never reaches its speed."""
    return 2 * sqrt(printer.z_lift_mm / printer.z_acceleration_mm_s2)


def _retraction_s(printer: FdmPrinter) -> float:
    """Retract, lift, lower and prime."""
    return 4 * sqrt(printer.retract_mm / printer.acceleration_mm_s2) + 2 * _lift_s(printer)
