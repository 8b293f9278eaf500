"""The supports of a part, layer by layer: where it hangs, what stands below, and what that takes.

The slicer's rules are followed where they change the sums: an overhang is grown, its columns go down to the bed or
to the part, dense layers end them, and a wide foot holds them to the bed. What spans between two places that hold it
is left to bridge where the profile says so. Not known here: the grid that the slicer snaps columns to.

Source:
    PrusaSlicer 2.5: `PrintObjectSupportMaterial::top_contact_layers`, `generate_base_layers`, `generate_toolpaths`,
    `remove_bridges_from_contacts`.
"""

from collections import deque
from dataclasses import dataclass
from math import ceil, pi, radians, tan
from typing import Any, Final

import numpy as np

from pipelines.pricing.moves import move_s, retraction_s, start_s
from pipelines.pricing.printers import FdmPrinter
from pipelines.pricing.sections import NOTHING, Section, edge_mm, offset, opened, union
from pipelines.pricing.weights import SupportWeights

MARGIN_MM: Final = 1.5  # an overhang is grown by this (SUPPORT_MATERIAL_MARGIN)
GRID_GROWTH_MM: Final = 1.0  # columns fill whole cells of a grid; 1.2 mm fits MK3S slices, 0.5 to 1.2 generic ones
XY_GAP_MM: Final = 0.25  # between columns and part
LIMIT_MARGIN_DEG: Final = 1.0  # the slicer's threshold includes its own angle
FOOT_GROWTH_MM: Final = 3.0  # raft_first_layer_expansion
FOOT_DENSITY: Final = 0.9  # raft_first_layer_density
THICKEST_NOZZLES: Final = 0.75  # columns are laid in layers as thick as the nozzle allows (max_layer_height)
ANCHOR_MM: Final = 0.5  # an overhang this near to the layer below is held by it
BRIDGE_ANGLES: Final = 12  # the slicer tries every 5 degrees; legs of furniture stand at far coarser ones
FINEST_MM: Final = 0.05


@dataclass(frozen=True, slots=True)
class Supports:
    """Extruded volume and time."""

    volume_mm3: float
    time_s: float


@dataclass(frozen=True, slots=True)
class SupportFeatures:
    """What supports take by the rules alone."""

    columns_mm3: float
    interfaces_mm3: float
    columns_s: float
    interfaces_s: float

    def weighed(self, weights: SupportWeights, printer: FdmPrinter, max_flow_mm3_s: float) -> Supports:
        """Volume and time on a printer, with a material that flows no faster than that."""
        line_mm2 = printer.spaced(printer.support_width_mm) * printer.layer_height_mm
        slowed = max(1.0, printer.support_speed_mm_s * line_mm2 / min(max_flow_mm3_s, printer.max_flow_mm3_s))
        seconds = weights.columns_time * self.columns_s + weights.interfaces_time * self.interfaces_s
        return Supports(weights.columns * self.columns_mm3 + weights.interfaces * self.interfaces_mm3, slowed * seconds)


NO_SUPPORTS: Final = SupportFeatures(0.0, 0.0, 0.0, 0.0)


def support_features(solid: Any, printer: FdmPrinter, most_layers: int) -> SupportFeatures:
    """The supports of a solid that rests on z = 0.

    Args:
        solid: A `manifold3d.Manifold` in mm.
        printer: Whose supports are printed.
        most_layers: About how many layers are looked at, at least 2.

    Returns:
        Extruded volumes and times; zeros where nothing hangs.
    """
    layers = printer.layers(solid.bounding_box()[5])
    step = max(1, ceil(layers / most_layers))
    tally, columns, above = _Tally(printer, step), NOTHING, NOTHING
    for layer in range((layers - 1) // step * step, -1, -step):
        section = solid.slice(printer.middle_mm(layer)).simplify(FINEST_MM)
        contact = offset(_hanging(above, section, printer, step), MARGIN_MM) - offset(section, XY_GAP_MM)
        landed = columns ^ section
        columns = (columns + contact) - offset(section, XY_GAP_MM)
        tally.add(layer, columns, contact, landed)
        above = section
    return tally.features()


def _hanging(above: Section, section: Section, printer: FdmPrinter, step: int) -> Section:
    """What of the layer above is held by nothing."""
    reach = step * printer.layer_height_mm / tan(radians(printer.support_limit_deg + LIMIT_MARGIN_DEG))
    bare = opened(above - offset(section, reach), 0.1 * printer.line_width_mm)
    if printer.support_bridges or bare.is_empty() or section.is_empty():
        return bare
    return union([_unbridged(part, section, reach) for part in bare.decompose()])


def _unbridged(part: Section, section: Section, reach_mm: float) -> Section:
    """An overhang, or what juts out beyond the places that hold it, where there are two or more of them.

    Two hold lines from one to the other. Between more of them, as under a seat on four legs, some lines end on none:
    those ends are supported, and the slicer bridges the way that leaves the fewest.
    """
    held = section ^ offset(part, reach_mm + ANCHOR_MM)
    places = len(held.decompose())
    if places < 2:
        return part
    spanned = held.hull()
    if places > 2:
        whole = part + held
        ends = [part - (spanned ^ _drawn_in(whole, angle)) for angle in np.arange(BRIDGE_ANGLES) * pi / BRIDGE_ANGLES]
        return min(ends, key=lambda left: left.area())
    return part - spanned


def _drawn_in(area: Section, angle: float) -> Section:
    """The area without what lies within the margin of its edge, looked at along one direction."""
    x, y = MARGIN_MM * np.cos(angle), MARGIN_MM * np.sin(angle)
    return area ^ area.translate((x, y)) ^ area.translate((-x, -y))


class _Tally:
    """Sums over the layers looked at; each stands for `step` of them."""

    def __init__(self, printer: FdmPrinter, step: int) -> None:
        self._printer = printer
        self._thick_mm = max(THICKEST_NOZZLES * printer.nozzle_mm, printer.layer_height_mm)
        self._layers = step * printer.layer_height_mm / self._thick_mm  # of supports, for each one looked at
        self._spacing_mm = printer.support_width_mm - self._thick_mm * (1 - pi / 4)
        self._contacts: deque[Section] = deque(maxlen=max(1, round(printer.support_interface_layers / self._layers)))
        self._columns_mm3 = self._interfaces_mm3 = self._columns_s = self._interfaces_s = 0.0

    def add(self, layer: int, columns: Section, contact: Section, landed: Section) -> None:
        """One layer's columns, what hangs above it, and the columns of the layer above that end on it."""
        printer = self._printer
        self._contacts.append(contact)
        if not columns.is_empty():
            dense = union(list(self._contacts)) ^ columns if printer.support_interface_layers else NOTHING
            self._add_interface(dense, self._layers)
            self._add_columns(offset(columns, GRID_GROWTH_MM) - dense)
            if layer == 0:
                self._add_foot(columns)
        self._add_interface(landed, printer.support_base_interface_layers)

    def _add_columns(self, columns: Section) -> None:
        if columns.is_empty():
            return
        printer = self._printer
        edge, speed = edge_mm(columns), printer.support_speed_mm_s
        pitch = printer.support_spacing_mm + self._spacing_mm
        length = columns.area() / pitch + (edge if printer.support_sheath else 0.0)
        x0, y0, x1, y1 = columns.bounds()
        reach = 0.25 * float(np.hypot(x1 - x0, y1 - y0))
        travel = move_s(reach, printer.travel_speed_mm_s, printer.acceleration_mm_s2, printer.jerk_mm_s)
        parts_s = columns.num_contour() * (float(travel) + retraction_s(printer))
        self._columns_s += self._layers * (length / speed + edge / (pi * pitch) * self._turn_s(pitch, speed) + parts_s)
        self._columns_mm3 += self._layers * length * self._spacing_mm * self._thick_mm

    def _add_foot(self, columns: Section) -> None:
        printer, area = self._printer, FOOT_DENSITY * offset(columns, FOOT_GROWTH_MM).area()
        self._columns_mm3 += area * printer.first_layer_mm
        self._columns_s += area / printer.first_layer_width_mm / printer.first_layer_speed_mm_s

    def _add_interface(self, area: Section, count: float) -> None:
        if not count or area.is_empty():
            return
        printer, speed = self._printer, self._printer.interface_speed_mm_s
        pitch = printer.support_interface_spacing_mm + self._spacing_mm
        length, lines = count * area.area() / pitch, count * edge_mm(area) / (pi * pitch)
        self._interfaces_mm3 += length * self._spacing_mm * self._thick_mm
        self._interfaces_s += length / speed + lines * self._turn_s(pitch, speed)

    def _turn_s(self, hop_mm: float, speed_mm_s: float) -> float:
        acceleration, jerk = self._printer.acceleration_mm_s2, self._printer.jerk_mm_s
        hop = float(move_s(hop_mm, speed_mm_s, acceleration, jerk))
        return float(start_s(speed_mm_s, acceleration, jerk)) + hop

    def features(self) -> SupportFeatures:
        flow = self._printer.flow
        return SupportFeatures(
            self._columns_mm3 * flow, self._interfaces_mm3 * flow, self._columns_s, self._interfaces_s
        )
