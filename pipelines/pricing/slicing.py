"""What a real slicer is asked and what it says: values only, the process that runs it is an adapter."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, Protocol

from pipelines.errors import InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.pricing.estimate import Bands, PrintEstimate
from pipelines.pricing.materials import Material

Feature = Literal["walls", "gaps", "solid", "sparse", "bridges", "supports", "other"]
"""What a line of plastic is for, coarsely enough that slicers agree on it."""


@dataclass(frozen=True, slots=True)
class SliceRequest:
    """One run of a slicer. None leaves a setting to the printer's profile."""

    infill: float = 0.2  # filled share of the inside, [0, 1]
    supports: bool = False  # where the slicer finds them needed
    layer_height_mm: float | None = None
    perimeters: int | None = None
    max_flow_mm3_s: float | None = None  # what the material can be melted at; the profile's own limit still holds


@dataclass(frozen=True, slots=True)
class Sliced:
    """What a slicer says of one print of one part."""

    slicer: str  # name and version, such as "PrusaSlicer 2.5.0"
    part_mm3: float  # extruded into the part, without supports, skirt and brim
    support_mm3: float
    time_s: float
    layers: int
    features_mm3: tuple[tuple[Feature, float], ...]  # extruded volume of each feature that occurs

    @property
    def extruded_mm3(self) -> float:
        """Part and supports."""
        return self.part_mm3 + self.support_mm3


class Slicer(Protocol):
    """A slicer with a printer's profile."""

    def slice(self, mesh: TriangleMesh, asked: SliceRequest) -> Sliced:
        """Slice a closed mesh: object frame, mm, z up, as it stands.

        Raises:
            SlicerFailed: it could not be run, or did not slice the mesh.
            GeometryTooLarge: the part is larger than the printer of the profile.
        """
        ...


# How far a slicer's own word moves when the same part comes with another tessellation (2k or 159k faces of one sphere:
# 1.2 % of mass, 1.7 % of time) or turned about z (an L bracket: 1.8 % of mass). What a real printer makes of its
# g-code is another matter, and nothing here was weighed or timed.
SLICER_BANDS: Final = Bands(Decimal("0.02"), Decimal("0.02"), Decimal("0.02"))


def sliced_estimate(sliced: Sliced, material: Material, power_w: float) -> PrintEstimate:
    """A slicer's word as an estimate of one part.

    A slicer says one time for all: the supports' share of it is taken to be their share of the plastic.

    Args:
        sliced: What the slicer said, asked with this material's flow.
        material: Its density turns mm^3 into grams.
        power_w: Mean draw of the printer.

    Returns:
        The estimate, with `source` slicer and `SLICER_BANDS`.

    Raises:
        InvalidInput: The material is not melted, so that no slicer of filament printers speaks of it.
    """
    check_sliceable(material)
    grams = material.density_g_cm3 / 1000  # of 1 mm^3
    support_s = sliced.time_s * sliced.support_mm3 / sliced.extruded_mm3 if sliced.extruded_mm3 else 0.0
    return PrintEstimate(
        part_g=sliced.part_mm3 * grams,
        support_g=sliced.support_mm3 * grams,
        part_s=sliced.time_s - support_s,
        support_s=support_s,
        support_mm3=sliced.support_mm3,
        layers=sliced.layers,
        power_w=power_w,
        bands=SLICER_BANDS,
        source="slicer",
    )


def check_sliceable(material: Material) -> None:
    """Refuse a material that no slicer of filament printers knows. Raises InvalidInput."""
    if material.process.name != "fdm":
        raise InvalidInput(f"{material.title} is not extruded, so the slicer has no word on it: ask for the model's.")
