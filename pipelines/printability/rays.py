"""Even samples of a surface, and first hits of rays on it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.printability.surface import Floats, Surface

# The R2 sequence: the plane's most even additive recurrence (M. Roberts, "The Unreasonable Effectiveness of
# Quasirandom Sequences", 2018). The steps are powers of the inverse of the plastic number.
R2: Final = np.array([0.7548776662466927, 0.5698402909980532])

LIFT_MM: Final = 1e-3  # rays start this far off the surface; Embree computes in float32


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
    u, v = np.modf(0.5 + np.arange(1, count + 1)[:, None] * R2)[0].T
    outside = u + v > 1.0
    u, v = np.where(outside, 1 - u, u), np.where(outside, 1 - v, v)
    a, b, c = (surface.vertices[surface.faces[faces, k]] for k in range(3))
    return a + u[:, None] * (b - a) + v[:, None] * (c - a), faces.astype(np.int64)


def drops_mm(caster: Caster, points: Floats) -> Floats:
    """Free height below each point: down to the surface, or to the bed at z = 0. [N] mm."""
    return drops_along_mm(caster, points, np.array([0.0, 0.0, 1.0]), 0.0)


def drops_along_mm(caster: Caster, points: Floats, up: Floats, bed_mm: float) -> Floats:
    """Free height below each point where `up` is the build direction and the bed lies at `bed_mm` along it. [N] mm."""
    down = np.broadcast_to(-up, points.shape)
    _, distances = caster.cast(points + LIFT_MM * down, down)
    return np.clip(np.minimum(distances + LIFT_MM, points @ up - bed_mm), 0.0, None)
