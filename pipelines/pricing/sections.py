"""Plane geometry on the layers of a solid: offsets and what is built from them. Lengths in mm."""

from typing import Any, Final, TypeAlias

import manifold3d
import numpy as np

Section: TypeAlias = Any  # manifold3d.CrossSection carries no types

NOTHING: Final[Section] = manifold3d.CrossSection()
MITER: Final = 3.0  # PrusaSlicer's DefaultMiterLimit


def offset(section: Section, distance_mm: float) -> Section:
    """The section grown, or shrunk by a negative distance."""
    return section if section.is_empty() else section.offset(distance_mm, manifold3d.JoinType.Miter, MITER)


def inset(section: Section, distance_mm: float, half_mm: float) -> Section:
    """The section shrunk; it vanishes where less than `half_mm` would be left on each side."""
    return offset(offset(section, -distance_mm - half_mm), half_mm)


def opened(section: Section, radius_mm: float) -> Section:
    """Morphological opening: parts narrower than twice the radius are dropped."""
    return offset(offset(section, -radius_mm), radius_mm)


def grown(section: Section, margin_mm: float, within: Section) -> Section:
    """The section grown, as far as another one goes."""
    return section if section.is_empty() else offset(section, margin_mm) ^ within


def union(sections: list[Section]) -> Section:
    """What any of the sections covers."""
    return manifold3d.CrossSection.batch_boolean(sections, manifold3d.OpType.Add)


def common(sections: list[Section]) -> Section:
    """What all of the sections cover."""
    return manifold3d.CrossSection.batch_boolean(sections, manifold3d.OpType.Intersect)


def edge_mm(section: Section) -> float:
    """Length of the outline, holes included."""
    if section.is_empty():
        return 0.0
    return float(sum(np.linalg.norm(p - np.roll(p, 1, axis=0), axis=1).sum() for p in section.to_polygons()))
