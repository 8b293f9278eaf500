"""Undersides that need supports, and how much support they take."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.printability.bridges import Bridge, inside
from pipelines.printability.rays import Caster, drops_mm, sample_surface
from pipelines.printability.surface import BED_TOLERANCE_MM, Floats, Surface

SLOPE_TOLERANCE_DEG: Final = 0.005  # a chamfer drawn at the limit is not below it by its last digit

# Fitted to 7 shapes sliced by PrusaSlicer 2.5 with rectilinear supports 2.5 mm apart and a 45 degree threshold;
# leave-one-out mean error 10 %. The slicer supports undersides a little steeper than its threshold.
SUPPORT_CONE_DEG: Final = 55.0
SUPPORT_DENSITY: Final = 0.095  # extruded share of a supported column
SUPPORT_INTERFACE_MM: Final = 1.02  # height of solid layers at its ends
LEAST_COLUMN_MM: Final = 0.4  # the profile's contact distance and one layer: lower gaps have no room for support

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
    return float(surface.areas[hangs(surface, slope_limit_deg)].sum())


def hangs(surface: Surface, slope_limit_deg: float) -> NDArray[np.bool_]:
    """Which faces overhang, by the rule of `overhang_area`. [F]"""
    looks_down = -surface.normals[:, 2] > np.cos(np.deg2rad(slope_limit_deg - SLOPE_TOLERANCE_DEG))
    return np.asarray(looks_down & ~on_bed(surface))


def support_volume(surface: Surface, caster: Caster, bridges: Sequence[Bridge] = (), pitch_mm: float = 0.0) -> float:
    """Volume of extruded support, from the columns below the undersides down to whatever is there.

    Args:
        surface: Resting on z = 0, mm.
        caster: Of the same surface.
        bridges: Undersides that are drawn through the air, and so take none.
        pitch_mm: Height of the layers that the bridges were found in.

    Returns:
        mm^3.
    """
    weights = shadows_mm2(surface, surface.normals[:, 2], ~on_bed(surface))
    shadow = float(weights.sum())
    if shadow < 1e-9:
        return 0.0
    points, _ = sample_surface(surface, weights, _DROP_SAMPLES)
    carried = ~_bridged(points, bridges, pitch_mm)
    return shadow * float(np.where(carried, columns_mm(drops_mm(caster, points)), 0.0).mean())


def columns_mm(drops: Floats) -> Floats:
    """Extruded height of support in columns of a given free height: their volume on 1 mm^2. Same shape, mm."""
    return np.where(drops < LEAST_COLUMN_MM, 0.0, SUPPORT_DENSITY * drops + SUPPORT_INTERFACE_MM)


def shadows_mm2(surface: Surface, uprightness: Floats, off_bed: NDArray[np.bool_]) -> Floats:
    """Area of each face as seen from below, zero for faces that hold themselves.

    Args:
        surface: Whose faces.
        uprightness: Cosine between each normal and the build direction, [F].
        off_bed: Which faces do not lie on the bed, [F].

    Returns:
        mm^2, [F].
    """
    held = (-uprightness > np.cos(np.deg2rad(SUPPORT_CONE_DEG))) & off_bed
    return np.where(held, -uprightness * surface.areas, 0.0)


def on_bed(surface: Surface) -> NDArray[np.bool_]:
    """Which faces lie on z = 0. [F]"""
    heights = surface.vertices[:, 2][surface.faces]  # [F, 3]
    return np.asarray(heights.max(axis=1) <= BED_TOLERANCE_MM)


def _bridged(points: Floats, bridges: Sequence[Bridge], pitch_mm: float) -> NDArray[np.bool_]:
    """Which points of undersides are part of a bridge. [N]"""
    found = np.zeros(len(points), np.bool_)
    for bridge in bridges:
        level = np.flatnonzero(np.abs(points[:, 2] - bridge.z_mm) <= pitch_mm)
        if len(level):
            found[level] |= inside(points[level, :2], bridge.outlines)
    return found
