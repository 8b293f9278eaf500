"""Shading normals that are smooth on curved surfaces and sharp at creases."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh

CREASE_DEG = 35.0  # between a 16-sided cylinder's 22.5 (smooth) and a chamfer's 45 (sharp)


@dataclass(frozen=True, slots=True, eq=False)
class CornerNormals:
    """One group per (vertex, smooth fan of faces around it); each face corner belongs to one."""

    group: NDArray[np.int64]  # [F, 3] index into normals
    normals: NDArray[np.float64]  # [G, 3] unit
    vertex: NDArray[np.int64]  # [G] the vertex each group sits on


def face_normals(mesh: TriangleMesh) -> NDArray[np.float64]:
    """Normals [F, 3] whose length is twice the face's area."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors [N, 3] of length one; null vectors stay null."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)


def shared_edges(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs [E, 2] of half edges (index into the flat [F * 3]) that are the two sides of an edge of two faces.

    Half edge 3 f + k runs from corner k to corner k + 1 of face f.
    """
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    key = np.minimum(start, end) * (int(faces.max(initial=0)) + 1) + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    key = key[order]
    same = key[1:] == key[:-1]
    lonely_pair = same & ~np.append(same[1:], False) & ~np.insert(same[:-1], 0, False)
    at = np.flatnonzero(lonely_pair)
    return np.stack([order[at], order[at + 1]], axis=1)


def corner_normals(mesh: TriangleMesh, crease_deg: float = CREASE_DEG) -> CornerNormals:
    """Normals per corner: averaged, weighted by corner angle, over faces reached without crossing a crease.

    Args:
        mesh: Any triangles; edges of more or fewer than two faces count as creases.
        crease_deg: Largest angle between two faces that still shade as one surface, in degrees.

    Source:
        Thuermer and Wuethrich, "Computing Vertex Normals from Polygonal Facets" (1998), for the weights.
    """
    # Imported here: 80 ms that only pictures and GLB files need.
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    direction = unit(face_normals(mesh))
    pairs = shared_edges(mesh.faces)
    cosine = np.einsum("ij,ij->i", direction[pairs[:, 0] // 3], direction[pairs[:, 1] // 3])
    one, two = pairs[cosine >= np.cos(np.deg2rad(crease_deg))].T
    flat = mesh.faces.ravel()
    ends = [one, _next(one)], [two, _next(two)]
    # Two windings meet in opposite directions; a badly wound pair meets in the same one.
    turned = flat[one] == flat[two]
    left = np.concatenate(ends[0])
    right = np.concatenate([np.where(turned, ends[1][0], ends[1][1]), np.where(turned, ends[1][1], ends[1][0])])
    links = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(flat.size, flat.size))
    count, group = connected_components(links, directed=False)
    weighted = np.repeat(direction, 3, axis=0) * corner_angles(mesh).reshape(-1, 1)
    summed = np.stack([np.bincount(group, weighted[:, k], count) for k in range(3)], axis=1).astype(np.float64)
    vertex = np.zeros(count, np.int64)
    vertex[group] = flat
    return CornerNormals(group.astype(np.int64).reshape(-1, 3), unit(summed), vertex)


def corner_angles(mesh: TriangleMesh) -> NDArray[np.float64]:
    """Inner angles [F, 3] in radians."""
    corner = mesh.vertices[mesh.faces]  # [F, 3, 3]
    ahead = np.roll(corner, -1, axis=1) - corner
    behind = np.roll(corner, 1, axis=1) - corner
    length = np.linalg.norm(ahead, axis=2) * np.linalg.norm(behind, axis=2)
    cosine = np.einsum("ijk,ijk->ij", ahead, behind) / np.where(length > 0, length, 1.0)
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _next(half_edge: NDArray[np.int64]) -> NDArray[np.int64]:
    return half_edge - half_edge % 3 + (half_edge + 1) % 3
