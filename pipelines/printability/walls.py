"""Walls are as thick as the way through: rays square to the surface, from points spread evenly over it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.printability.places import Links, Mask
from pipelines.printability.rays import LIFT_MM, Caster, sample_surface
from pipelines.printability.surface import Floats, Indices, Surface

WALL_TAPER_DEG: Final = 25.0
FEWEST_SAMPLES: Final = 4096
MOST_SAMPLES: Final = 40_000
MOST_CLOSE_RAYS: Final = 250_000  # one from the middle of each face, where a thin wall is to be shown
LEAST_SHARE: Final = 0.005  # of the samples: fewer are corners and facets, not walls
_DEEP_MM: Final = 0.05  # surfaces that merely touch, or round differently in float32, do not cross


@dataclass(frozen=True, slots=True, eq=False)
class Walls:
    """Ways through the material.

    A way counts as a wall where the two sides are within 25 degrees of parallel. Without that, rays that start beside
    a sharp edge would call every edge thin, and the flanks of a screw thread too (30 degrees off its end faces).
    """

    ways_mm: Floats  # [A] of all samples whose ray leaves the material
    walls_mm: Floats  # [W] of those between facing sides
    faces: Indices  # [W] where each wall's ray starts
    opposite: Indices  # [W] where it leaves
    crossed: Indices  # faces that stand inside other material, each once
    crossed_share: float  # of all samples

    @property
    def least_mm(self) -> float | None:
        """Thickness of the thinnest walls: at least 0.5 % of the sampled surface is no thicker.

        A shape without facing sides, such as a tetrahedron, has no wall; its typical way through is given instead.
        None where no ray leaves the material, as for a lone sheet.
        """
        if not len(self.ways_mm):
            return None
        if len(self.walls_mm) < 0.01 * len(self.ways_mm):
            return float(np.median(self.ways_mm))
        return float(np.quantile(self.walls_mm, LEAST_SHARE))


def measure_walls(surface: Surface, caster: Caster) -> Walls:
    """Thickness of the material below evenly spread points of the surface."""
    count = int(np.clip(2 * len(surface.faces), FEWEST_SAMPLES, MOST_SAMPLES))
    points, faces = sample_surface(surface, surface.areas, count)
    return _through(surface, caster, points, faces)


def thin_faces(surface: Surface, caster: Caster, walls: Walls, limit_mm: float) -> tuple[Mask, Links]:
    """Faces of walls thinner than a limit, [F], and which of them are two sides of one wall, [L, 2].

    Every face is asked, not only those that were sampled, where there are not too many of them.
    """
    faces, opposite = (side[walls.walls_mm < limit_mm] for side in (walls.faces, walls.opposite))
    unasked = np.setdiff1d(np.flatnonzero(surface.areas > 0), walls.faces)
    if 0 < len(unasked) <= MOST_CLOSE_RAYS:
        middles = surface.vertices[surface.faces[unasked]].mean(axis=1)
        close = _through(surface, caster, middles, unasked)
        thin = close.walls_mm < limit_mm
        faces = np.concatenate([faces, close.faces[thin]])
        opposite = np.concatenate([opposite, close.opposite[thin]])
    mask = np.zeros(len(surface.faces), np.bool_)
    mask[faces] = mask[opposite] = True
    links = np.unique(np.sort(np.stack([faces, opposite], axis=1), axis=1), axis=0)
    return mask, links


def face_walls_mm(surface: Surface, caster: Caster) -> Floats:
    """Thickness of the wall below the middle of each face, infinite where there is none. [F] mm"""
    every = np.flatnonzero(surface.areas > 0)
    found = _through(surface, caster, surface.vertices[surface.faces[every]].mean(axis=1), every)
    thickness = np.full(len(surface.faces), np.inf)
    thickness[found.faces] = found.walls_mm
    return thickness


def _through(surface: Surface, caster: Caster, points: Floats, faces: Indices) -> Walls:
    inward = -surface.normals[faces]
    hits, distances = caster.cast(points + LIFT_MM * inward, inward)
    slant = np.einsum("ni,ni->n", inward, surface.normals[hits])
    ways = distances + LIFT_MM
    leaves = (hits >= 0) & (distances > 0) & (slant > 0)
    facing = leaves & (slant > np.cos(np.deg2rad(WALL_TAPER_DEG)))
    enters = (hits >= 0) & (distances > _DEEP_MM) & (slant < -1e-3)
    deep = np.flatnonzero(enters)[_leaves_twice(surface, caster, points[enters], inward[enters], ways[enters])]
    return Walls(
        ways_mm=ways[leaves],
        walls_mm=ways[facing],
        faces=faces[facing],
        opposite=hits[facing],
        crossed=np.unique(hits[deep]),
        crossed_share=len(deep) / max(1, len(points)),
    )


def _leaves_twice(
    surface: Surface, caster: Caster, points: Floats, along: Floats, entry_mm: Floats
) -> NDArray[np.bool_]:
    """Whether rays that entered more material while inside some leave twice beyond: then two bodies overlap there.

    Bodies that only touch are left and entered at one height, in whichever order rounding has them, and left once.
    """
    beyond = np.ones(len(points), np.bool_)
    reached = entry_mm + _DEEP_MM
    for _ in range(2):
        hits, distances = caster.cast(points + reached[:, None] * along, along)
        beyond &= (hits >= 0) & (np.einsum("ni,ni->n", along, surface.normals[hits]) > 0)
        reached = np.where(beyond, reached + distances + LIFT_MM, reached)
    return beyond
