"""Undersides that need supports, and how much support they take."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.printability.rays import Caster, drops_mm, sample_surface
from pipelines.printability.surface import BED_TOLERANCE_MM, Floats, Surface

SLOPE_TOLERANCE_DEG: Final = 0.005  # a chamfer drawn at the limit is not below it by its last digit

# Fitted to 7 shapes sliced by PrusaSlicer 2.5 with rectilinear supports 2.5 mm apart and a 45 degree threshold;
# leave-one-out mean error 10 %. The slicer supports undersides a little steeper than its threshold.
SUPPORT_CONE_DEG: Final = 55.0
SUPPORT_DENSITY: Final = 0.095  # extruded share of a supported column
SUPPORT_INTERFACE_MM: Final = 1.02  # height of solid layers at its ends

_DROP_SAMPLES: Final = 4000


def overhang_area(surface: Surface, slope_limit_deg: float) -> float:
    """Area that needs support when +z is the build direction.

    A face overhangs when it looks down and its slope, measured from the horizontal, is below the limit. Faces lying
    on the bed are exempt.

    Args:
        surface: Resting on z = 0, mm.
        slope_limit_deg: Flattest slope that prints unsupported, in (0, 90].

    Returns:
        Area in mm^2.

    Source:
        PrusaSlicer `support_material_threshold`, same angle convention. Cura counts from the vertical instead.
    """
    looks_down = -surface.normals[:, 2] > np.cos(np.deg2rad(slope_limit_deg - SLOPE_TOLERANCE_DEG))
    return float(surface.areas[looks_down & ~_on_bed(surface)].sum())


def support_volume(surface: Surface, caster: Caster) -> float:
    """Volume of extruded support in mm^3, from the columns below the undersides down to whatever is there."""
    weights = _supported_mm2(surface, surface.normals[:, 2], ~_on_bed(surface))
    shadow = float(weights.sum())
    if shadow < 1e-9:
        return 0.0
    points, _ = sample_surface(surface, weights, _DROP_SAMPLES)
    return _support_mm3(shadow, shadow * float(drops_mm(surface, caster, points).mean()))


def support_volume_to_bed(surface: Surface, up: NDArray[np.int64]) -> float:
    """The same with `up`, a signed axis, as build direction, and every column going down to the bed.

    Counts too much where parts stand above parts; for comparing orientations only.
    """
    heights = surface.corners @ up  # [F, 3]
    heights -= heights.min()
    off_bed = heights.max(axis=1) > BED_TOLERANCE_MM
    weights = _supported_mm2(surface, surface.normals @ up, off_bed)
    return _support_mm3(float(weights.sum()), float((weights * heights.mean(axis=1)).sum()))


def _supported_mm2(surface: Surface, uprightness: Floats, off_bed: NDArray[np.bool_]) -> Floats:
    """Area of each face as seen from below, zero for faces that hold themselves. [F]"""
    held = (-uprightness > np.cos(np.deg2rad(SUPPORT_CONE_DEG))) & off_bed
    return np.where(held, -uprightness * surface.areas, 0.0)


def _support_mm3(shadow_mm2: float, columns_mm3: float) -> float:
    return SUPPORT_DENSITY * columns_mm3 + SUPPORT_INTERFACE_MM * shadow_mm2


def _on_bed(surface: Surface) -> NDArray[np.bool_]:
    heights = surface.vertices[:, 2][surface.faces]  # [F, 3]
    return np.asarray(heights.max(axis=1) <= BED_TOLERANCE_MM)
