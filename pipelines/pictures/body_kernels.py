"""The compiled loops over a body's own faces: smooth normals, and a coarser body for coarse shadows.

Compiled on first use and kept on disk; one thread each, without Python's lock.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def stood(vertices: NDArray[np.float64]) -> tuple[NDArray[np.float32], float, float]:
    """The vertices [V, 3] with the middle of their box at x = y = 0, on z = 0, its longest side 1.

    Beside them the height, and the radius of the sphere about the middle of the box.
    """
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for k in range(len(vertices)):
        for j in range(3):
            low[j], high[j] = min(low[j], vertices[k, j]), max(high[j], vertices[k, j])
    scale = 1.0 / max(high[0] - low[0], high[1] - low[1], high[2] - low[2])
    height, far = (high[2] - low[2]) * scale, 0.0
    standing = np.empty((len(vertices), 3), np.float32)
    for k in range(len(vertices)):
        x = (vertices[k, 0] - 0.5 * (low[0] + high[0])) * scale
        y = (vertices[k, 1] - 0.5 * (low[1] + high[1])) * scale
        z = (vertices[k, 2] - low[2]) * scale
        far = max(far, x * x + y * y + (z - 0.5 * height) ** 2)
        standing[k, 0], standing[k, 1], standing[k, 2] = x, y, z
    return standing, height, math.sqrt(far)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def smooth_normals(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], least_cosine: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit normals of the corners [F, 3, 3] and of the faces [F, 3]; null where a face has no area.

    The corners of a vertex share a normal as far as its faces can be reached over edges of two faces that bend less
    than the cosine says. The fast twin of `pipelines.meshing.normals.corner_normals`.
    """
    flat, angles = _flat(vertices, faces)
    parent = np.empty(3 * len(faces), np.int32)
    for corner in range(len(parent)):
        parent[corner] = corner
    starts, edges, other = _edges(faces, len(vertices))
    for vertex in range(len(vertices)):
        first, last = starts[vertex], starts[vertex + 1]
        _sort(other, edges, first, last)
        at = first
        while at < last:
            end = at + 1
            while end < last and other[end] == other[at]:
                end += 1
            if end == at + 2:
                _join(parent, faces, flat, edges[at], edges[at + 1], least_cosine)
            at = end
    return _averaged(parent, flat, angles), flat


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _flat(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit normals [F, 3] and the inner angles [F, 3] of the corners."""
    flat, angles = np.zeros((len(faces), 3), np.float32), np.zeros((len(faces), 3), np.float32)
    for k in range(len(faces)):
        a, b, c = vertices[faces[k, 0]], vertices[faces[k, 1]], vertices[faces[k, 2]]
        ux, uy, uz = float(b[0]) - a[0], float(b[1]) - a[1], float(b[2]) - a[2]
        vx, vy, vz = float(c[0]) - a[0], float(c[1]) - a[1], float(c[2]) - a[2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        twice_area = math.sqrt(nx * nx + ny * ny + nz * nz)
        if twice_area <= 0.0:
            continue
        flat[k, 0], flat[k, 1], flat[k, 2] = nx / twice_area, ny / twice_area, nz / twice_area
        # The tangent of an angle is the cross product over the dot product: no length is needed, and none is lost.
        at_a = ux * vx + uy * vy + uz * vz
        at_b = ux * ux + uy * uy + uz * uz - at_a
        angles[k, 0], angles[k, 1] = math.atan2(twice_area, at_a), math.atan2(twice_area, at_b)
        angles[k, 2] = math.pi - angles[k, 0] - angles[k, 1]
    return flat, angles


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _edges(faces: NDArray[np.int32], vertices: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Half edges (3 f + k, from corner k to the next) by vertex, where each vertex's begin, and their other ends.

    An edge is kept at its end of fewer faces, so that the hub of a wheel keeps none of its spokes.
    """
    count = np.zeros(vertices, np.int32)
    for k in range(len(faces)):
        for j in range(3):
            count[faces[k, j]] += 1
    starts = np.zeros(vertices + 1, np.int64)
    for k in range(len(faces)):
        for j in range(3):
            starts[_kept_at(count, faces[k, j], faces[k, (j + 1) % 3])[0] + 1] += 1
    for vertex in range(vertices):
        starts[vertex + 1] += starts[vertex]
    cursor = np.empty(vertices, np.int64)
    for vertex in range(vertices):
        cursor[vertex] = starts[vertex]
    edges, other = np.empty(3 * len(faces), np.int32), np.empty(3 * len(faces), np.int32)
    for k in range(len(faces)):
        for j in range(3):
            here, there = _kept_at(count, faces[k, j], faces[k, (j + 1) % 3])
            edges[cursor[here]], other[cursor[here]] = 3 * k + j, there
            cursor[here] += 1
    return starts, edges, other


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _kept_at(count: NDArray[np.int32], one: int, two: int) -> tuple[int, int]:
    return (one, two) if (count[one], one) < (count[two], two) else (two, one)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sort(keys: NDArray[np.int32], values: NDArray[np.int32], first: int, last: int) -> None:
    """Sort both by the keys within [first, last), in place: Shell's sort, and one by insertion where there are few."""
    gap = 1
    while 3 * gap < last - first:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(first + gap, last):
            key, value, to = keys[k], values[k], k
            while to >= first + gap and keys[to - gap] > key:
                keys[to], values[to] = keys[to - gap], values[to - gap]
                to -= gap
            keys[to], values[to] = key, value
        gap //= 3


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _join(
    parent: NDArray[np.int32],
    faces: NDArray[np.int32],
    flat: NDArray[np.float32],
    one: int,
    two: int,
    least_cosine: float,
) -> None:
    """Let the corners on both ends of an edge share their normals if it bends little."""
    f, g = one // 3, two // 3
    if float(flat[f, 0]) * flat[g, 0] + float(flat[f, 1]) * flat[g, 1] + float(flat[f, 2]) * flat[g, 2] < least_cosine:
        return
    after_one, after_two = 3 * f + (one + 1) % 3, 3 * g + (two + 1) % 3
    # Two windings meet in opposite directions; a badly wound pair meets in the same one.
    if faces[f, one % 3] == faces[g, two % 3]:
        _link(parent, one, two)
        _link(parent, after_one, after_two)
    else:
        _link(parent, one, after_two)
        _link(parent, after_one, two)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _link(parent: NDArray[np.int32], one: int, two: int) -> None:
    left, right = _root(parent, one), _root(parent, two)
    parent[max(left, right)] = min(left, right)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _root(parent: NDArray[np.int32], at: int) -> int:
    while parent[at] != at:
        parent[at] = parent[parent[at]]
        at = parent[at]
    return at


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _averaged(parent: NDArray[np.int32], flat: NDArray[np.float32], angles: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean normal of each corner's group, weighted by the angles of its corners, [F, 3, 3]."""
    normals = np.zeros((len(parent), 3), np.float32)
    for corner in range(len(parent)):
        root = _root(parent, corner)
        for j in range(3):
            normals[root, j] += flat[corner // 3, j] * angles[corner // 3, corner % 3]
    for corner in range(len(parent)):  # a root is the least of its group: it is normed before it is copied
        root = parent[corner]
        while parent[root] != root:
            root = parent[root]
        if root != corner:
            for j in range(3):
                normals[corner, j] = normals[root, j]
            continue
        x, y, z = float(normals[root, 0]), float(normals[root, 1]), float(normals[root, 2])
        length = max(math.sqrt(x * x + y * y + z * z), 1e-30)
        normals[root, 0], normals[root, 1], normals[root, 2] = x / length, y / length, z / length
    return normals.reshape(len(flat), 3, 3)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def coarser(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], cells: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The body with all vertices of one cell of a grid of `cells`^3 over [-0.5, 0.5]^2 x [0, 1] made one.

    The first vertex of a cell stays where it is, so flat sides stay flat; faces that collapse are dropped.

    Source: Rossignac and Borrel, "Multi-resolution 3D approximations for rendering complex scenes" (1993).
    """
    first = np.full(cells * cells * cells, -1, np.int32)
    kept = np.empty(len(vertices), np.int32)
    to = np.empty(len(vertices), np.int32)
    count = 0
    for k in range(len(vertices)):
        x = min(max(int((vertices[k, 0] + 0.5) * cells), 0), cells - 1)
        y = min(max(int((vertices[k, 1] + 0.5) * cells), 0), cells - 1)
        z = min(max(int(vertices[k, 2] * cells), 0), cells - 1)
        cell = (z * cells + y) * cells + x
        if first[cell] < 0:
            first[cell] = count
            kept[count] = k
            count += 1
        to[k] = first[cell]
    chosen = np.empty((len(faces), 3), np.int32)
    left = 0
    for k in range(len(faces)):
        a, b, c = to[faces[k, 0]], to[faces[k, 1]], to[faces[k, 2]]
        if a not in (b, c) and b != c:
            chosen[left, 0], chosen[left, 1], chosen[left, 2] = a, b, c
            left += 1
    corners = np.empty((count, 3), np.float32)
    for k in range(count):
        for j in range(3):
            corners[k, j] = vertices[kept[k], j]
    return corners, chosen[:left]
