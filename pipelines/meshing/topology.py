"""Edges, winding and holes of triangle surfaces."""

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.normals import shared_edges


def weld(mesh: TriangleMesh) -> TriangleMesh:
    """Equal vertices made one; faces that lose a corner, doubled faces and unused vertices dropped."""
    key = mesh.vertices.astype(np.float32) + np.float32(0.0)  # what an STL can tell apart; -0.0 is 0.0
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return compact(
        TriangleMesh(key[first].astype(np.float64), inverse.reshape(-1)[mesh.faces], _at(mesh.colors, first))
    )


def compact(mesh: TriangleMesh) -> TriangleMesh:
    """Faces with two equal corners, repeated faces and unused vertices dropped."""
    a, b, c = mesh.faces.T
    faces = mesh.faces[(a != b) & (b != c) & (c != a)]
    turned = np.take_along_axis(faces, (faces.argmin(axis=1)[:, None] + np.arange(3)) % 3, axis=1)
    _, first = np.unique(turned, axis=0, return_index=True)
    faces = faces[np.sort(first)]
    used, inverse = np.unique(faces, return_inverse=True)
    return TriangleMesh(mesh.vertices[used], inverse.reshape(-1, 3).astype(np.int64), _at(mesh.colors, used))


def _at(colors: NDArray[np.uint8] | None, index: NDArray[np.int64]) -> NDArray[np.uint8] | None:
    return None if colors is None else colors[index]


def single_sided(mesh: TriangleMesh) -> TriangleMesh:
    """One face where several join the same three vertices, however they are wound."""
    _, first = np.unique(np.sort(mesh.faces, axis=1), axis=0, return_index=True)
    return TriangleMesh(mesh.vertices, mesh.faces[np.sort(first)], mesh.colors)


def wound_consistently(mesh: TriangleMesh) -> tuple[TriangleMesh, int]:
    """The mesh with neighbouring faces wound alike, and how many were turned; one-sided surfaces stay as they are.

    Every face is two nodes, as it is and turned over; an edge links those that agree. The two nodes of a face end in
    different components exactly when its surface has two sides.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415 - loaded by those replicas that repair meshes
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - as above

    count = len(mesh.faces)
    one, two = shared_edges(mesh.faces).T
    flat = mesh.faces.ravel()
    agree = flat[one] != flat[two]
    one, two = one // 3, two // 3
    left = np.concatenate([one, one + count])
    right = np.concatenate([np.where(agree, two, two + count), np.where(agree, two + count, two)])
    links = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(2 * count, 2 * count))
    total, component = connected_components(links, directed=False)
    as_is, turned = component[:count], component[count:]
    votes = np.bincount(as_is, minlength=total)  # how many faces each way of winding leaves alone
    flip = (votes[turned] > votes[as_is]) | ((votes[turned] == votes[as_is]) & (turned < as_is))
    flip &= as_is != turned
    faces = np.where(flip[:, None], mesh.faces[:, ::-1], mesh.faces)
    return TriangleMesh(mesh.vertices, faces, mesh.colors), int(flip.sum())


def open_edges(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Half edges [E, 2], start and end, that no face runs along in the other direction."""
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    span = int(faces.max(initial=0)) + 1
    alone = ~np.isin(end * span + start, start * span + end)
    return np.stack([start[alone], end[alone]], axis=1)


def boundary_loops(faces: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Closed walks along open edges, each in the direction in which a patch must be wound."""
    onward: dict[int, list[int]] = {}
    for a, b in open_edges(faces).tolist():
        onward.setdefault(b, []).append(a)
    loops = []
    while onward:
        loop = _walk(onward)
        if len(loop) >= 3:
            loops.append(np.array(loop, np.int64))
    return loops


def _walk(onward: dict[int, list[int]]) -> list[int]:
    """One walk, used up from `onward`; empty when it does not close."""
    first = next(iter(onward))
    loop, at = [], first
    while at in onward:
        loop.append(at)
        following = onward[at].pop()
        if not onward[at]:
            del onward[at]
        at = following
        if at == first:
            return loop
    return []


def patch(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Triangles [T, 3] that close the loop of points [L, 3], found in the loop's mean plane."""
    from manifold3d import triangulate  # noqa: PLC0415 - as above

    ahead = np.roll(points, -1, axis=0)
    normal = np.cross(points, ahead).sum(axis=0)  # Newell: twice the area vector
    length = np.linalg.norm(normal)
    if not length > 0:
        return np.zeros((0, 3), np.int64)
    normal /= length
    across = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
    across /= np.linalg.norm(across)
    plane = np.stack([across, np.cross(normal, across)], axis=1)
    return np.asarray(triangulate([(points - points[0]) @ plane]), np.int64).reshape(-1, 3)


def areas(mesh: TriangleMesh) -> NDArray[np.float64]:
    """Area of each face, [F]."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2)
