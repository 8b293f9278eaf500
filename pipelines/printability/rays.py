"""Even samples of a surface and rays from them: walls are as thick as the way through."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.printability.surface import Floats, Surface

# The R2 sequence: the plane's most even additive recurrence (M. Roberts, "The Unreasonable Effectiveness of
# Quasirandom Sequences", 2018). The steps are powers of the inverse of the plastic number.
_R2: Final = np.array([0.7548776662466927, 0.5698402909980532])

_LIFT_MM: Final = 1e-3  # rays start this far off the surface; Embree computes in float32
WALL_TAPER_DEG: Final = 25.0
FEWEST_SAMPLES: Final = 4096
MOST_SAMPLES: Final = 40_000


class Caster:
    """First hits of rays on one surface."""

    def __init__(self, surface: Surface) -> None:
        # Embree loads 46 MB of native code, which only a report needs.
        from embreex.mesh_construction import TriangleMesh as EmbreeMesh  # noqa: PLC0415
        from embreex.rtcore_scene import EmbreeScene  # noqa: PLC0415

        self._surface = surface
        self._centre = surface.vertices.mean(axis=0)
        self._scene = EmbreeScene()
        vertices = np.ascontiguousarray(surface.vertices - self._centre, np.float32)
        self._mesh = EmbreeMesh(self._scene, vertices, np.ascontiguousarray(surface.faces, np.int32))

    def cast(self, origins: Floats, directions: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Face that each ray meets first, -1 for none, and the distance to its plane in mm.

        Args:
            origins: [N, 3] mm.
            directions: [N, 3], unit.

        Returns:
            Hit faces [N] and distances [N], in float64 from the plane of the hit face; infinite for none.
        """
        hits = np.asarray(
            self._scene.run((origins - self._centre).astype(np.float32), directions.astype(np.float32)), np.int64
        )
        normals = self._surface.normals[hits]
        to_plane = np.einsum("ni,ni->n", self._surface.vertices[self._surface.faces[hits, 0]] - origins, normals)
        slant = np.einsum("ni,ni->n", directions, normals)
        sound = (hits >= 0) & (np.abs(slant) > 1e-6)
        distances = np.divide(to_plane, slant, out=np.full(len(hits), np.inf), where=sound)
        return np.where(sound, hits, -1), distances


def sample_surface(surface: Surface, weights: Floats, count: int) -> tuple[Floats, NDArray[np.int64]]:
    """Points spread evenly over the faces.

    Args:
        surface: Where to sample.
        weights: Share of the samples of each face, [F], not all zero; the areas for an even spread.
        count: How many points.

    Returns:
        Points [count, 3] in mm and the face of each, [count]. The same input gives the same points.
    """
    cumulated = np.cumsum(weights)
    ticks = (np.arange(count) + 0.5) / count * cumulated[-1]
    faces = np.minimum(np.searchsorted(cumulated, ticks), len(cumulated) - 1)
    u, v = np.modf(0.5 + np.arange(1, count + 1)[:, None] * _R2)[0].T
    outside = u + v > 1.0
    u, v = np.where(outside, 1 - u, u), np.where(outside, 1 - v, v)
    a, b, c = (surface.vertices[surface.faces[faces, k]] for k in range(3))
    return a + u[:, None] * (b - a) + v[:, None] * (c - a), faces.astype(np.int64)


def wall_thicknesses(surface: Surface, caster: Caster) -> tuple[Floats, Floats]:
    """Ways through the material, square to the surface, from evenly spread points.

    A way counts as a wall where the two sides are within 25 degrees of parallel. Without that, rays that start beside
    a sharp edge would call every edge thin, and the flanks of a screw thread too (30 degrees off its end faces).

    Returns:
        Thicknesses of walls [W] and of all ways through [A], in mm.
    """
    count = int(np.clip(2 * len(surface.faces), FEWEST_SAMPLES, MOST_SAMPLES))
    points, faces = sample_surface(surface, surface.areas, count)
    inward = -surface.normals[faces]
    hits, distances = caster.cast(points + _LIFT_MM * inward, inward)
    slant = np.einsum("ni,ni->n", inward, surface.normals[hits])
    leaves = (hits >= 0) & (distances > 0) & (slant > 0)
    ways = distances + _LIFT_MM
    return ways[leaves & (slant > np.cos(np.deg2rad(WALL_TAPER_DEG)))], ways[leaves]


def least_wall_mm(surface: Surface, caster: Caster) -> float | None:
    """Thickness of the thinnest walls: at least 0.5 % of the sampled surface is no thicker.

    A shape without facing sides, such as a tetrahedron, has no wall; its typical way through is given instead.

    Returns:
        mm, or None where no ray leaves the material, as for a lone sheet.
    """
    walls, ways = wall_thicknesses(surface, caster)
    if not len(ways):
        return None
    if len(walls) < 0.01 * len(ways):
        return float(np.median(ways))
    return float(np.quantile(walls, 0.005))


def drops_mm(surface: Surface, caster: Caster, points: Floats) -> Floats:
    """Free height below each point: down to the surface, or to the bed at z = 0. [N] mm."""
    down = np.broadcast_to([0.0, 0.0, -1.0], points.shape)
    _, distances = caster.cast(points + _LIFT_MM * down, down)
    return np.clip(np.minimum(distances + _LIFT_MM, points[:, 2]), 0.0, None)
