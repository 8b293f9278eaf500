"""Whether the corners of a flat bottom will lift while the layers above shrink."""

from dataclasses import dataclass
from typing import Any, Final

import manifold3d
import numpy as np

from pipelines.printability.surface import Floats

SHARP_DEG: Final = 120.0  # corners of the bottom's hull up to this angle gather the pull
ROUNDING_MM: Final = 0.5  # a corner rounded by less is sharp
ROUND_SHARE: Final = 0.5  # what a bottom without sharp corners lifts, of one with them. Our own choice.


@dataclass(frozen=True, slots=True, eq=False)
class Warping:
    """How far the farthest corner of the bottom would lift from a bed that did not hold it."""

    lift_mm: float
    length_mm: float  # across the bottom, from corner to corner
    outline: Floats  # hull of the piece of the bottom that lifts most, [P, 2] mm


def warping(bottom: Any, height_mm: float, shrinkage: float) -> Warping:
    """Lift of the bottom's corners.

    Layers that shrink by a strain on layers that cannot bend the part like a bimetal strip. A strip of height h that
    shrinks by e at its top and not at its bottom has the curvature e / h, and a chord of length L then lifts by
    e L^2 / (8 h) at each end. Real beds hold the first layer and real parts creep, so this orders parts by risk; it
    is not what a ruler will show.

    Args:
        bottom: `manifold3d.CrossSection` of the first layer, mm.
        height_mm: Of the part, > 0.
        shrinkage: Strain of the material from setting to room temperature.

    Returns:
        For the piece of the bottom that lifts most; zero lift for no bottom.

    Source:
        The curvature of a bilayer strip: S. Timoshenko, "Analysis of Bi-Metal Thermostats", 1925.
    """
    hulls = [np.asarray(p, np.float64) for part in bottom.decompose() for p in _hull(part)]
    found = [_lift(hull, height_mm, shrinkage) for hull in hulls]
    return max(found, key=lambda one: one.lift_mm, default=Warping(0.0, 0.0, np.zeros((0, 2))))


def _hull(part: Any) -> list[Floats]:
    outline: list[Floats] = manifold3d.CrossSection.hull(part).simplify(ROUNDING_MM).to_polygons()
    return outline


def _lift(hull: Floats, height_mm: float, shrinkage: float) -> Warping:
    apart = np.linalg.norm(hull[:, None] - hull[None], axis=2)  # [P, P]
    length = float(apart.max())
    far = apart.max(axis=1) > 0.7 * length
    share = 1.0 if (far & (_angles_deg(hull) <= SHARP_DEG)).any() else ROUND_SHARE
    return Warping(share * shrinkage * length**2 / (8 * max(height_mm, 1e-3)), length, hull)


def _angles_deg(hull: Floats) -> Floats:
    """Inner angle at each corner. [P]"""
    before, after = np.roll(hull, 1, axis=0) - hull, np.roll(hull, -1, axis=0) - hull
    dots = np.einsum("pi,pi->p", before, after)
    sizes = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return np.asarray(np.rad2deg(np.arccos(np.clip(dots / np.maximum(sizes, 1e-12), -1.0, 1.0))))
