"""The printers that quotes are computed for: what a slicer profile would hold, typed."""

from dataclasses import dataclass
from math import pi
from typing import Final, Literal

InfillPattern = Literal["grid", "gyroid"]
"""`grid`: two sets of straight lines in each layer. `gyroid`: waves, which the printer follows more slowly."""


@dataclass(frozen=True, slots=True)
class FdmPrinter:
    """A filament printer with its print settings. The defaults are a plain 220 mm bed-slinger with a 0.4 mm nozzle.

    Source:
        The profile that `tests/golden/slicer_truth.json` was sliced with (its `meta.profile`), so that this model and
        that slicer are asked for the same print.
    """

    layer_height_mm: float = 0.2
    first_layer_mm: float = 0.2
    nozzle_mm: float = 0.4
    line_width_mm: float = 0.45
    top_line_width_mm: float = 0.42
    perimeters: int = 2
    top_layers: int = 5
    bottom_layers: int = 4
    pattern: InfillPattern = "grid"
    external_speed_mm_s: float = 30.0
    inner_speed_mm_s: float = 50.0
    small_perimeter_speed_mm_s: float = 25.0  # loops of radius <= 6.5 mm, PrusaSlicer `small_perimeter_speed`
    gap_speed_mm_s: float = 30.0
    solid_speed_mm_s: float = 60.0
    top_speed_mm_s: float = 40.0
    bridge_speed_mm_s: float = 30.0
    sparse_speed_mm_s: float = 70.0
    first_layer_speed_mm_s: float = 20.0
    support_speed_mm_s: float = 50.0
    travel_speed_mm_s: float = 150.0
    acceleration_mm_s2: float = 1000.0
    jerk_mm_s: float = 8.0
    z_acceleration_mm_s2: float = 200.0
    z_lift_mm: float = 0.2
    retract_mm: float = 1.0
    retract_speed_mm_s: float = 40.0
    max_flow_mm3_s: float = 12.0
    min_layer_s: float = 10.0
    min_speed_mm_s: float = 15.0
    power_w: float = 120.0  # mean draw while printing; makers state 80 (PLA) to 120 (ABS) W for this class

    def middle_mm(self, layer: int) -> float:
        """Height of the middle of a layer."""
        return self.first_layer_mm / 2 if layer == 0 else self.first_layer_mm + (layer - 0.5) * self.layer_height_mm

    def layers(self, height_mm: float) -> int:
        """How many layers an object takes."""
        return max(1, 1 + round((height_mm - self.first_layer_mm) / self.layer_height_mm))

    @property
    def spacing_mm(self) -> float:
        """Distance between neighbouring lines: a line is a rectangle with round ends, and lines overlap by the ends.

        Source: PrusaSlicer manual, "Flow math": spacing = width - layer_height * (1 - pi / 4).
        """
        return self.line_width_mm - self.layer_height_mm * (1 - pi / 4)

    @property
    def line_mm2(self) -> float:
        """Cross-section of a line, so that volume = length * line_mm2."""
        return self.spacing_mm * self.layer_height_mm

    @property
    def bridge_mm2(self) -> float:
        """Cross-section of a bridging line: a free cylinder as wide as the nozzle."""
        return pi / 4 * self.nozzle_mm**2


@dataclass(frozen=True, slots=True)
class ResinPrinter:
    """A masked-stereolithography printer: a layer takes the same time whatever its area."""

    layer_height_mm: float = 0.05
    exposure_s: float = 2.5
    bottom_layers: int = 5
    bottom_exposure_s: float = 30.0
    lift_s: float = 6.5  # peel, retract and rest between exposures
    waste: float = 0.08  # share of the part's resin that stays on part, plate and filter
    power_w: float = 60.0


FDM_PRINTER: Final = FdmPrinter()
RESIN_PRINTER: Final = ResinPrinter()
