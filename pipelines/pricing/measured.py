"""A slicer's word on one print as an estimate, in the material that is quoted."""

from decimal import Decimal
from typing import Final

from pipelines.errors import InvalidInput
from pipelines.pricing.estimate import SUPPORT_S_PER_MM3, PrintEstimate
from pipelines.pricing.materials import Material
from pipelines.pricing.slicing import Sliced
from pipelines.pricing.weights import Bands

# How far a slicer's own word moves when the same part comes with another tessellation (2k or 159k faces of one sphere:
# 1.2 % of mass, 1.7 % of time) or turned about z (an L bracket: 1.8 % of mass). What a real printer makes of its
# G-code is another matter: nothing here was weighed or timed.
BANDS: Final = Bands(mass=Decimal("0.02"), time=Decimal("0.02"), supports=Decimal("0.02"))
MOST_SUPPORT_SHARE: Final = 0.5  # of the time: a print that is mostly supports is still split in two


def measured(sliced: Sliced, material: Material, model: PrintEstimate) -> PrintEstimate:
    """The estimate that a slicer's figures make.

    Args:
        sliced: One print of the same part; the slicer was given the printer's profile.
        material: What is quoted; its density turns volumes into grams.
        model: The model's own estimate, for what a slicer does not say: mean power.

    Returns:
        Grams and seconds of one part, `source` "slicer". The slicer gives one time: supports take of it what the
        model says for their volume.

    Raises:
        InvalidInput: The material is not extruded, or the figures are not those of a print.
    """
    if material.process.name != "fdm":
        raise InvalidInput(f"A slicer of filament says nothing about {material.title}.")
    if not (sliced.part_mm3 > 0 and sliced.support_mm3 >= 0 and sliced.time_s > 0):
        raise InvalidInput(f"{sliced.slicer} found nothing to print in this part.")
    pace = model.support_s / model.support_mm3 if model.support_mm3 else SUPPORT_S_PER_MM3
    support_s = min(sliced.support_mm3 * pace, sliced.time_s * MOST_SUPPORT_SHARE)
    return PrintEstimate(
        part_g=sliced.part_mm3 * material.density_g_cm3 / 1000,
        support_g=sliced.support_mm3 * material.density_g_cm3 / 1000,
        part_s=sliced.time_s - support_s,
        support_s=support_s,
        support_mm3=sliced.support_mm3,
        layers=sliced.layers,
        power_w=model.power_w,
        bands=BANDS,
        source="slicer",
    )
