"""A hierarchy of boxes over triangles: what a box cannot meet need not be asked.

Faces are sorted along Morton's curve and cut into 2^k leaves of nearly equal count, so that the tree needs no pointers:
the children of node n are 2n + 1 and 2n + 2, and the leaves follow the inner nodes in order.

Source: Lauterbach et al., "Fast BVH Construction on GPUs" (2009), for the order; the implicit tree is a heap.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh

_IN_LEAF: Final = 4  # faces; 2 and 8 take a fifth longer on 100,000 faces


@dataclass(frozen=True, slots=True, eq=False)
class Bvh:
    """Triangles in a unit box, in an order in which neighbours in space are neighbours in memory."""

    order: NDArray[np.int64]  # [F] which face of the mesh each is
    corners: NDArray[np.float64]  # [F, 3, 3]
    starts: NDArray[np.int64]  # [L + 1] first face of each leaf
    boxes: NDArray[np.float64]  # [2 L - 1, 2, 3] low and high corner
    centre: NDArray[np.float64]  # [3] what was the middle of the mesh's box
    scale: float  # by which the mesh was multiplied

    def local(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points [N, 3] of the mesh's frame in that of the corners."""
        return (points - self.centre) * self.scale


def hierarchy(mesh: TriangleMesh) -> Bvh:
    """The boxes of a mesh of at least one face; about 100 bytes a face.

    Corners are brought into [-0.5, 0.5]^3, which makes tolerances lengths in shares of the longest side.
    """
    from pipelines.meshing import bvh_kernels  # noqa: PLC0415 - numba loads in 0.4 s, not for every replica

    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    longest = float((high - low).max())
    centre, scale = (low + high) / 2, 1.0 / longest if longest > 0 else 1.0
    vertices = np.ascontiguousarray((mesh.vertices - centre) * scale)
    faces = np.ascontiguousarray(mesh.faces)
    order = np.argsort(bvh_kernels.morton_codes(vertices, faces), kind="stable")
    leaves = 1 << max(0, int(np.ceil(np.log2(max(1, len(faces)) / _IN_LEAF))))
    starts = np.linspace(0, len(faces), leaves + 1).astype(np.int64)
    corners = vertices[faces[order]]
    return Bvh(order, corners, starts, bvh_kernels.boxes(corners, starts), centre, scale)
