"""Points spread over surfaces."""

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry
from pipelines.geometry import TriangleMesh
from pipelines.meshing.poisson import OrientedPoints
from pipelines.meshing.topology import areas


def surface_points(mesh: TriangleMesh, count: int) -> OrientedPoints:
    """`count` points spread evenly over the faces, each face's share by a fixed rule: the same at every call."""
    face = sampled_faces(mesh, count)
    u, v = np.random.default_rng(0).random((2, count))
    over = u + v > 1
    u, v = np.where(over, 1 - u, u)[:, None], np.where(over, 1 - v, v)[:, None]
    a, b, c = (mesh.vertices[mesh.faces[face, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
    return OrientedPoints(a + u * (b - a) + v * (c - a), normals, np.full(count, areas(mesh).sum() / count))


def sampled_faces(mesh: TriangleMesh, count: int) -> NDArray[np.int64]:
    """On which face each of the points [count] of `surface_points` lies. Raises EmptyGeometry if all have no area."""
    size = areas(mesh)
    total = float(size.sum())
    if total <= 0.0:
        raise EmptyGeometry("The surface has no area.")
    ends = np.cumsum(size) * (count / total)
    return np.searchsorted(ends, np.arange(count) + 0.5).clip(0, len(size) - 1)
