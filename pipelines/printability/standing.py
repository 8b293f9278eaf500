"""How the part stands: what touches the bed, whether it tips, whether it fits."""

from dataclasses import dataclass

import manifold3d
import numpy as np
from numpy.typing import NDArray

from pipelines.printability.process import BuildVolume
from pipelines.printability.surface import Floats, Surface


@dataclass(frozen=True, slots=True)
class Footing:
    """What holds the part to the bed."""

    contact_mm2: float  # undersides within the first layer
    tipping_deg: float  # tilt at which it falls; 0 or less where it does not stand at all


def footing(surface: Surface, centre: Floats, first_layer_mm: float) -> Footing:
    """Contact with the bed, and the tilt at which the centre of mass leaves the hull of that contact.

    Args:
        surface: Resting on z = 0, mm.
        centre: Centre of mass, [3] mm.
        first_layer_mm: Everything below this height touches the bed.
    """
    low = surface.corners[surface.corners[..., 2].min(axis=1) <= first_layer_mm]  # [L, 3, 3]
    hull = manifold3d.CrossSection.hull_points(np.ascontiguousarray(_below(low, first_layer_mm)))
    within = touching(surface, first_layer_mm)
    contact = float((np.maximum(-surface.normals[within, 2], 0.0) * surface.areas[within]).sum())
    polygons = hull.to_polygons()
    if not polygons:
        return Footing(contact, 0.0)
    margin = _inside_by(np.asarray(polygons[0]), centre[:2])
    return Footing(contact, float(np.rad2deg(np.arctan2(margin, max(centre[2], 1e-9)))))


def touching(surface: Surface, first_layer_mm: float) -> NDArray[np.bool_]:
    """Which faces lie within the first layer. [F]"""
    heights = surface.vertices[:, 2][surface.faces]  # [F, 3]
    return np.asarray(heights.max(axis=1) <= first_layer_mm)


def _below(corners: Floats, height_mm: float) -> Floats:
    """Points in the plane of what lies at or below a height: corners there, and where edges cross it. [P, 2]"""
    ends = np.roll(corners, -1, axis=1)
    rises = ends[..., 2] - corners[..., 2]  # [L, 3]
    crosses = (corners[..., 2] - height_mm) * (ends[..., 2] - height_mm) < 0
    share = (height_mm - corners[crosses][:, 2]) / rises[crosses]
    crossings = corners[crosses] + share[:, None] * (ends[crosses] - corners[crosses])
    low = corners[corners[..., 2] <= height_mm]
    return np.asarray(np.concatenate([low, crossings])[:, :2])


def _inside_by(polygon: Floats, point: Floats) -> float:
    """Distance of a point to the nearest side of a convex counter-clockwise polygon, negative outside."""
    sides = np.roll(polygon, -1, axis=0) - polygon  # [P, 2]
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    # A hull of nearly equal points has sides too short to have a direction.
    sound = lengths > 1e-6 * lengths.sum()
    sides, lengths, offsets = sides[sound], lengths[sound], (point - polygon)[sound]
    distances = (sides[:, 0] * offsets[:, 1] - sides[:, 1] * offsets[:, 0]) / lengths
    return float(distances.min())


def fits(size_mm: Floats, build_volume_mm: BuildVolume) -> bool:
    """Whether the part fits standing as it is, or turned by 90 degrees about z. A micrometre is forgiven."""
    x, y, z = (float(s) - 1e-3 for s in size_mm)
    wide, deep, high = build_volume_mm
    return z <= high and ((x <= wide and y <= deep) or (x <= deep and y <= wide))
