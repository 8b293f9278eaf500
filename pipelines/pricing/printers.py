"""The printers that quotes are computed for: what a slicer profile would hold, typed."""

from dataclasses import dataclass, replace
from math import ceil, pi, sqrt
from typing import Final, Literal

InfillPattern = Literal[
    "rectilinear",
    "alignedrectilinear",
    "line",
    "grid",
    "triangles",
    "stars",
    "cubic",
    "adaptivecubic",
    "supportcubic",
    "lightning",
    "concentric",
    "honeycomb",
    "3dhoneycomb",
    "gyroid",
    "hilbertcurve",
    "archimedeanchords",
    "octagramspiral",
]
"""PrusaSlicer's `fill_pattern`. How each one differs is measured in `lattices`."""


@dataclass(frozen=True, slots=True)
class FdmPrinter:
    """A filament printer with its print settings. The defaults are a plain 220 mm bed-slinger with a 0.4 mm nozzle.

    Source:
        `profiles/generic_i3.ini`, the profile that `tests/golden/slicer_truth.json` was sliced with, as
        `profile.read_profile` reads it, so that this model and that slicer are asked for the same print. Names in
        comments are PrusaSlicer's.
    """

    layer_height_mm: float = 0.2
    first_layer_mm: float = 0.2
    nozzle_mm: float = 0.4
    line_width_mm: float = 0.45  # of inner walls
    external_width_mm: float = 0.45
    sparse_width_mm: float = 0.45
    solid_width_mm: float = 0.45
    top_line_width_mm: float = 0.42
    first_layer_width_mm: float = 0.45
    support_width_mm: float = 0.38
    flow: float = 1.0  # extrusion_multiplier
    perimeters: int = 2
    top_layers: int = 5
    bottom_layers: int = 4
    top_shell_mm: float = 0.0  # top_solid_min_thickness: thinner layers add to `top_layers`
    bottom_shell_mm: float = 0.0
    vertical_shells: bool = False  # ensure_vertical_shell_thickness
    pattern: InfillPattern = "grid"
    infill_overlap: float = 0.25  # share of the spacing by which infill enters the walls
    islet_mm2: float = 70.0  # solid_infill_below_area: smaller lattices become solid
    thick_bridges: bool = True  # bridging lines are free cylinders, as wide as the nozzle
    bridge_flow: float = 1.0
    external_speed_mm_s: float = 30.0
    inner_speed_mm_s: float = 50.0
    small_perimeter_speed_mm_s: float = 25.0  # loops of radius <= 6.5 mm, PrusaSlicer `small_perimeter_speed`
    solid_speed_mm_s: float = 60.0
    top_speed_mm_s: float = 40.0
    bridge_speed_mm_s: float = 30.0
    sparse_speed_mm_s: float = 70.0
    first_layer_speed_mm_s: float = 20.0
    support_speed_mm_s: float = 50.0
    interface_speed_mm_s: float = 50.0
    travel_speed_mm_s: float = 150.0
    acceleration_mm_s2: float = 1000.0  # of what is not named below, and of travels
    wall_acceleration_mm_s2: float = 1000.0
    infill_acceleration_mm_s2: float = 1000.0
    bridge_acceleration_mm_s2: float = 1000.0
    first_layer_acceleration_mm_s2: float = 1000.0
    jerk_mm_s: float = 8.0
    z_acceleration_mm_s2: float = 200.0
    z_speed_mm_s: float = 12.0
    z_jerk_mm_s: float = 0.4
    z_lift_mm: float = 0.2
    retract_mm: float = 1.0
    retract_speed_mm_s: float = 40.0
    prime_speed_mm_s: float = 40.0  # deretract_speed
    retract_acceleration_mm_s2: float = 1000.0
    retract_each_layer: bool = False
    max_flow_mm3_s: float = 12.0
    min_layer_s: float = 10.0  # slowdown_below_layer_time; 0 where the slicer does not cool
    min_speed_mm_s: float = 15.0
    support_spacing_mm: float = 2.5
    support_interface_layers: int = 2
    support_base_interface_layers: int = 2  # support_material_bottom_interface_layers
    support_interface_spacing_mm: float = 0.2
    support_gap_mm: float = 0.2  # support_material_contact_distance
    support_limit_deg: float = 45.0  # support_material_threshold, from the horizontal
    support_sheath: bool = True
    support_bridges: bool = False  # not dont_support_bridges
    power_w: float = 120.0  # mean draw while printing; makers state 80 (PLA) to 120 (ABS) W for this class

    def middle_mm(self, layer: int) -> float:
        """Height of the middle of a layer."""
        return self.first_layer_mm / 2 if layer == 0 else self.first_layer_mm + (layer - 0.5) * self.layer_height_mm

    def height_mm(self, layer: int) -> float:
        """Thickness of a layer."""
        return self.layer_height_mm if layer else self.first_layer_mm

    def layers(self, height_mm: float) -> int:
        """How many layers an object takes."""
        return max(1, 1 + round((height_mm - self.first_layer_mm) / self.layer_height_mm))

    @property
    def first_layer(self) -> "FdmPrinter":
        """The printer as it lays its first layer: one width, one speed, one acceleration."""
        width, speed = self.first_layer_width_mm, self.first_layer_speed_mm_s
        acceleration = self.first_layer_acceleration_mm_s2
        return replace(
            self,
            layer_height_mm=self.first_layer_mm,
            line_width_mm=width,
            external_width_mm=width,
            sparse_width_mm=width,
            solid_width_mm=width,
            top_line_width_mm=width,
            external_speed_mm_s=speed,
            inner_speed_mm_s=speed,
            small_perimeter_speed_mm_s=speed,
            solid_speed_mm_s=speed,
            top_speed_mm_s=speed,
            bridge_speed_mm_s=speed,
            sparse_speed_mm_s=speed,
            wall_acceleration_mm_s2=acceleration,
            infill_acceleration_mm_s2=acceleration,
            bridge_acceleration_mm_s2=acceleration,
        )

    @property
    def tops(self) -> int:
        """Solid layers below a top face."""
        return _shell_layers(self.top_layers, self.top_shell_mm, self.layer_height_mm)

    @property
    def bottoms(self) -> int:
        """Solid layers above an underside."""
        return _shell_layers(self.bottom_layers, self.bottom_shell_mm, self.layer_height_mm)

    @property
    def spacing_mm(self) -> float:
        """Distance between neighbouring lines of the inner walls."""
        return self.spaced(self.line_width_mm)

    def spaced(self, width_mm: float) -> float:
        """Distance between neighbouring lines of a width: they have round ends, and overlap by the ends.

        Source: PrusaSlicer manual, "Flow math": spacing = width - layer_height * (1 - pi / 4).
        """
        return width_mm - self.layer_height_mm * (1 - pi / 4)

    @property
    def line_mm2(self) -> float:
        """Cross-section of a line, so that volume = length * line_mm2."""
        return self.spacing_mm * self.layer_height_mm

    @property
    def bridge_mm2(self) -> float:
        """Cross-section of a bridging line."""
        if self.thick_bridges:
            return pi / 4 * self.nozzle_mm**2 * self.bridge_flow
        return self.spaced(self.solid_width_mm) * self.layer_height_mm * self.bridge_flow

    @property
    def bridge_pitch_mm(self) -> float:
        """Distance between bridging lines."""
        # Thick: nozzle plus BRIDGE_EXTRA_SPACING (0.05 mm), Flow::bridging_flow; thin: as other solid lines.
        if self.thick_bridges:
            return self.nozzle_mm * sqrt(self.bridge_flow) + 0.05
        return self.spaced(self.solid_width_mm)


def _shell_layers(count: int, least_mm: float, layer_height_mm: float) -> int:
    return max(count, ceil(least_mm / layer_height_mm - 1e-6)) if count else 0


@dataclass(frozen=True, slots=True)
class ResinPrinter:
    """A masked-stereolithography printer: a layer takes the same time whatever its area.

    Source:
        Exposure and lift: settings that makers of this class ship for standard resin. Supports: six parts sliced by
        PrusaSlicer 2.5 for resin with its own defaults (pillars of 1 mm, a pad of 2 mm, 5 mm of lift): pillars and
        pad took 2.4 to 5.3 mm times the area of the part's outline from above.
    """

    layer_height_mm: float = 0.05
    exposure_s: float = 2.5
    bottom_layers: int = 5
    bottom_exposure_s: float = 30.0
    lift_s: float = 6.5  # peel, retract and rest between exposures
    waste: float = 0.08  # share of the part's resin that stays on part, plate and filter
    support_mm: float = 3.9  # volume of pillars and pad over the area of the outline's hull
    elevation_mm: float = 7.0  # what pad and pillars lift a supported part by
    power_w: float = 60.0


FDM_PRINTER: Final = FdmPrinter()
RESIN_PRINTER: Final = ResinPrinter()
