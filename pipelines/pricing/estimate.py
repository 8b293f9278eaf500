"""How much material and time a print takes: a model of the slicer's own layers, weighed by a printer's calibration.

`bench/quote_accuracy.py` compares it with PrusaSlicer. Resin is a prior with wide bands, not a fit.

Not counted: heating, skirt and brim.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from math import ceil
from typing import Any, Final, Literal

import numpy as np

from pipelines.errors import EmptyGeometry, GeometryTooLarge, InvalidInput, NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.pricing.calibration import Calibration, default_calibration
from pipelines.pricing.materials import Material
from pipelines.pricing.print_time import layer_costs, print_features
from pipelines.pricing.printers import RESIN_PRINTER, ResinPrinter
from pipelines.pricing.supports import NO_SUPPORTS, SupportFeatures, support_features
from pipelines.pricing.toolpaths import Filling, Toolpaths, toolpaths
from pipelines.pricing.weights import Bands
from pipelines.printability.surface import signed_volume, surface_of, topology_of

LEAST_VOLUME_MM3: Final = 1e-3  # a cube of a tenth of a millimetre: less is no object
MOST_HEIGHT_MM: Final = 2000.0  # 10,000 layers

# Layers walked of each part: with 90, masses are as near to the slicer's as with all of them; 40 are for comparing.
MOST_LAYERS: Final = 90
COARSE_LAYERS: Final = 40

# Time for each mm^3 of support: 0.51-0.64 s on the supported slices of tests/golden/slicer_truth.json.
SUPPORT_S_PER_MM3: Final = 0.55

# A prior: supports by the spread of six parts that a slicer held up, the rest by the makers' own words on drops,
# drainage and lifting. No print was weighed or timed.
RESIN_BANDS: Final = Bands(Decimal("0.10"), Decimal("0.25"), Decimal("0.50"))

EstimateSource = Literal["geometry", "slicer"]
"""Computed from the solid by this package's model, or said by a slicer."""


@dataclass(frozen=True, slots=True)
class PrintEstimate:
    """One part in one material, apart from and with its supports."""

    part_g: float
    support_g: float
    part_s: float
    support_s: float
    support_mm3: float
    layers: int
    power_w: float
    bands: Bands
    source: EstimateSource = "geometry"

    @property
    def mass_g(self) -> float:
        """Part and supports."""
        return self.part_g + self.support_g

    @property
    def time_s(self) -> float:
        """Part and supports."""
        return self.part_s + self.support_s


class SlicedPart:
    """A solid whose layers are walked once for each filling, then priced in any density and material."""

    def __init__(
        self,
        solid: Any,
        support_mm3: float,
        calibration: Calibration,
        resin: ResinPrinter,
        most_layers: int = MOST_LAYERS,
    ) -> None:
        self._solid, self._support_mm3, self._calibration, self._resin = solid, support_mm3, calibration, resin
        self._most_layers = most_layers
        self.volume_mm3 = float(solid.volume())
        self.height_mm = float(solid.bounding_box()[5])

    def scaled(self, factor: float) -> "SlicedPart":
        """The part in another size, walked more coarsely: it is for comparing, not for charging.

        Supports are taken to shrink with the area below them and to grow with their volume, which errs upwards.
        """
        supports = self._support_mm3 * factor ** (2 if factor < 1 else 3)
        solid = self._solid.scale((factor, factor, factor))
        return SlicedPart(solid, supports, self._calibration, self._resin, COARSE_LAYERS)

    def turned(self, rotation: Sequence[Sequence[float]], support_mm3: float) -> "SlicedPart":
        """The part laid another way, on z = 0, with the supports that it takes there.

        Args:
            rotation: 3 x 3, row by row: turned = rotation @ vertex.
            support_mm3: Extruded support, of the turn that the report gives.
        """
        solid = self._solid.transform(np.hstack([np.array(rotation, np.float64), np.zeros((3, 1))]))
        solid = solid.translate((0.0, 0.0, -solid.bounding_box()[2]))
        return SlicedPart(solid, support_mm3, self._calibration, self._resin, self._most_layers)

    @property
    def size_mm(self) -> tuple[float, float, float]:
        """Extents along x, y and z."""
        x0, y0, z0, x1, y1, z1 = self._solid.bounding_box()
        return x1 - x0, y1 - y0, z1 - z0

    @cached_property
    def _hollow(self) -> Toolpaths:
        return toolpaths(self._solid, self._calibration.printer, "hollow", self._most_layers)

    @cached_property
    def _sparse(self) -> Toolpaths:
        return toolpaths(self._solid, self._calibration.printer, "sparse", self._most_layers)

    @cached_property
    def _supports(self) -> SupportFeatures:
        if self._support_mm3 <= 0.0:
            return NO_SUPPORTS
        return support_features(self._solid, self._calibration.printer, self._most_layers)

    def estimate(self, material: Material, infill: float) -> PrintEstimate:
        """Mass and time.

        Args:
            material: Density and flow; its process chooses the printer.
            infill: Filled share of the inside, in [0, 1]. Resin is always cast full.

        Returns:
            Grams and seconds of one part.

        Raises:
            InvalidInput: `infill` is outside [0, 1] or not a number.
        """
        if not 0.0 <= infill <= 1.0:
            raise InvalidInput(f"Infill is a share between 0 and 1, got {infill!r}.")
        return self._cast(material) if material.process.name == "resin" else self._extruded(material, infill)

    def _extruded(self, material: Material, infill: float) -> PrintEstimate:
        printer, weights = self._calibration.printer, self._calibration.weights
        filling: Filling = "hollow" if infill == 0.0 else "sparse"
        paths = self._hollow if filling == "hollow" else self._sparse
        costs = layer_costs(print_features(paths, printer, infill, material.max_flow_mm3_s), weights)
        supports = self._supports.weighed(weights.supports, printer, material.max_flow_mm3_s)
        return PrintEstimate(
            part_g=float(costs.volume_mm3.sum()) * material.density_g_cm3 / 1000,
            support_g=supports.volume_mm3 * material.density_g_cm3 / 1000,
            part_s=float(costs.time_s.sum()) + weights.start_s,
            support_s=supports.time_s,
            support_mm3=supports.volume_mm3,
            layers=len(costs.time_s),
            power_w=printer.power_w,
            bands=self._calibration.bands,
        )

    def _cast(self, material: Material) -> PrintEstimate:
        printer, held = self._resin, self._support_mm3 > 0.0
        layers = max(1, ceil(self.height_mm / printer.layer_height_mm - 1e-6))
        bottom = min(layers, printer.bottom_layers)
        exposed_s = bottom * printer.bottom_exposure_s + (layers - bottom) * printer.exposure_s
        below = round(printer.elevation_mm / printer.layer_height_mm) if held else 0
        support_mm3 = printer.support_mm * float(self._solid.project().hull().area()) if held else 0.0
        grams = material.density_g_cm3 * (1 + printer.waste) / 1000
        return PrintEstimate(
            part_g=self.volume_mm3 * grams,
            support_g=support_mm3 * grams,
            part_s=exposed_s + layers * printer.lift_s,
            support_s=below * (printer.exposure_s + printer.lift_s),
            support_mm3=support_mm3,
            layers=layers + below,
            power_w=printer.power_w,
            bands=RESIN_BANDS,
        )


def slice_part(
    mesh: TriangleMesh,
    support_mm3: float = 0.0,
    calibration: Calibration | None = None,
    resin: ResinPrinter = RESIN_PRINTER,
) -> SlicedPart:
    """The part of a mesh, ready to be estimated.

    Args:
        mesh: Closed, object frame, mm, z up.
        support_mm3: Support volume of the part, from its report. Where it is not 0 the model finds the supports
            itself, by the printer's own rules.
        calibration: The filament printer with its weights; None for the shipped generic one.
        resin: Resin printer and its settings.

    Returns:
        Layers are walked when first needed.

    Raises:
        EmptyGeometry: There is no surface, or it encloses nothing.
        NotSolid: The surface is open, not manifold, or inside out.
        InvalidInput: A vertex is not finite, or a face points nowhere.
        GeometryTooLarge: More than 5 million faces, or more than 2 m tall.
    """
    return SlicedPart(solid_of(mesh), support_mm3, calibration or default_calibration(), resin)


def solid_of(mesh: TriangleMesh) -> Any:
    """The `manifold3d.Manifold` of a mesh, resting on z = 0. Raises as `slice_part` does."""
    surface = surface_of(mesh)
    topology = topology_of(surface)
    volume = signed_volume(surface)
    if topology.watertight and abs(volume) < LEAST_VOLUME_MM3:
        raise EmptyGeometry("The mesh encloses no volume.")
    if topology.solid is None or volume < 0 or topology.solid.volume() < LEAST_VOLUME_MM3:
        raise NotSolid("Only a closed solid can be priced: this surface is open, crosses itself or is inside out.")
    if np.ptp(surface.corners[..., 2]) > MOST_HEIGHT_MM:
        raise GeometryTooLarge(f"The part is more than {MOST_HEIGHT_MM:g} mm tall.")
    return topology.solid


def in_whole_units(estimate: PrintEstimate) -> PrintEstimate:
    """The figures that a quote states and charges: milligrams and whole seconds."""
    return replace(
        estimate,
        part_g=round(estimate.part_g, 3),
        support_g=round(estimate.support_g, 3),
        part_s=float(round(estimate.part_s)),
        support_s=float(round(estimate.support_s)),
        support_mm3=round(estimate.support_mm3, 1),
    )
