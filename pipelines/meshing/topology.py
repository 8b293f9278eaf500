"""Edges, winding and holes of triangle surfaces."""

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.normals import shared_edges


def distinct(points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One point of each place, [U], and for each point of [N, 3] which of those is its own, [N].

    Sorted by a hash of the coordinates: sorting the rows themselves takes ten times as long, and is done only where
    two places share a hash.
    """
    bits = (np.ascontiguousarray(points, np.float64) + 0.0).view(np.uint64)  # -0.0 is 0.0
    hashed = np.zeros(len(points), np.uint64)
    for column in bits.T:
        hashed = (hashed ^ column) * np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth, TAOCP 3, 6.4)
        hashed ^= hashed >> np.uint64(29)
    _, first, index = np.unique(hashed, return_index=True, return_inverse=True)
    if not np.array_equal(points[first][index], points):
        _, first, index = np.unique(points, axis=0, return_index=True, return_inverse=True)
    return first.astype(np.int64), index.reshape(-1).astype(np.int64)


def weld(mesh: TriangleMesh) -> tuple[TriangleMesh, int]:
    """Vertices that 32 bits cannot tell apart made one, and how many of these were not the same to the last bit.

    Faces that lose a corner, repeated faces and unused vertices are dropped.
    """
    first, index = distinct(mesh.vertices.astype(np.float32).astype(np.float64))  # what an STL can tell apart
    moved = int((mesh.vertices[first][index] != mesh.vertices).any(axis=1).sum())
    colors = None if mesh.colors is None else mesh.colors[first]
    return compact(TriangleMesh(mesh.vertices[first], index[mesh.faces], colors)), moved


def without_unused(mesh: TriangleMesh) -> TriangleMesh:
    """The mesh without vertices that no face names."""
    used = marked(mesh.faces, len(mesh.vertices))
    number = np.cumsum(used) - 1
    return TriangleMesh(mesh.vertices[used], number[mesh.faces], None if mesh.colors is None else mesh.colors[used])


def compact(mesh: TriangleMesh) -> TriangleMesh:
    """Faces with two equal corners, repeated faces and unused vertices dropped."""
    a, b, c = mesh.faces.T
    faces = mesh.faces[(a != b) & (b != c) & (c != a)]
    turned = np.take_along_axis(faces, (faces.argmin(axis=1)[:, None] + np.arange(3)) % 3, axis=1)
    return without_unused(TriangleMesh(mesh.vertices, faces[_first_of_each(turned)], mesh.colors))


def _first_of_each(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first of all equal rows [N, 3], in order."""
    return np.sort(distinct(rows.astype(np.float64))[0])


def marked(index: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """Which of `count` things an index of any shape names."""
    found = np.zeros(count, np.bool_)
    found[index] = True
    return found


def single_sided(mesh: TriangleMesh) -> TriangleMesh:
    """One face where several join the same three vertices, however they are wound."""
    return TriangleMesh(mesh.vertices, mesh.faces[_first_of_each(np.sort(mesh.faces, axis=1))], mesh.colors)


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


def linked(pairs: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Number of the component that each of `count` things is part of, where pairs [P, 2] of them hang together."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - loaded by those replicas that repair meshes
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - as above

    graph = coo_array((np.ones(len(pairs), np.int8), tuple(pairs.T)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def pieces(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the connected piece of surface that each face is part of, without gaps. [F]"""
    vertex = linked(np.concatenate([faces[:, :2], faces[:, 1:]]), int(faces.max(initial=-1)) + 1)
    of_face = vertex[faces[:, 0]]
    used = np.zeros(len(vertex) + 1, np.bool_)
    used[of_face] = True
    return np.asarray((np.cumsum(used) - 1)[of_face], np.int64)


def subset(mesh: TriangleMesh, kept: NDArray[np.bool_]) -> TriangleMesh:
    """The faces for which `kept` [F] holds, and their vertices."""
    return without_unused(TriangleMesh(mesh.vertices, mesh.faces[kept], mesh.colors))


def open_edges(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Half edges [E, 2], start and end, that no face runs along in the other direction."""
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    span = int(faces.max(initial=0)) + 1
    there, back = np.sort(start * span + end), end * span + start
    alone = there[np.minimum(np.searchsorted(there, back), len(there) - 1)] != back
    return np.stack([start[alone], end[alone]], axis=1)


def boundary_loops(faces: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Closed walks along open edges, each in the direction in which a patch must be wound."""
    onward: dict[int, list[int]] = {}
    for a, b in open_edges(faces).tolist():
        onward.setdefault(b, []).append(a)
    loops: list[NDArray[np.int64]] = []
    while onward:
        loops += [np.array(loop, np.int64) for loop in _walk(onward) if len(loop) >= 3]
    return loops


def _walk(onward: dict[int, list[int]]) -> list[list[int]]:
    """The loops of one walk, used up from `onward`, none of which passes a vertex twice; a dead end is dropped."""
    path, place, loops = [at := next(iter(onward))], {at: 0}, []
    while at in onward:
        following = onward[at].pop()
        if not onward[at]:
            del onward[at]
        at = following
        if at in place:
            loops.append(path[place[at] :])
            for passed in path[place[at] + 1 :]:
                del place[passed]
            del path[place[at] + 1 :]
        else:
            place[at] = len(path)
            path.append(at)
    return loops


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
