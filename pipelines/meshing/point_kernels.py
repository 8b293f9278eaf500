"""The compiled loops over points that make splats solid.

Each is one thread without Python's lock, so that threads run them together. Compiled on first use (some seconds) and
kept on disk; see `pipelines.splats.kernels` for why none is parallel itself.
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

_RINGS: Final = (1, 3)  # cells around its own in which a point's neighbours are sought before a tree is asked
_PLANE_SHARE: Final = 0.15  # weight of the neighbours' plane beside the splats' own flatness, the better witness
_LEAST_PIVOT: Final = 1e-24
_LEAST_BREADTH: Final = 1e-6  # of the length, squared: narrower neighbours are a line, through which any plane goes


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def sorted_by_cell(cells: NDArray[np.int64], count: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Order [N] of the points by their cell, and where each of the `count` cells starts in it, [count + 1]."""
    starts = np.zeros(count + 1, np.int64)
    for cell in cells:
        starts[cell + 1] += 1
    for cell in range(count):
        starts[cell + 1] += starts[cell]
    cursor = starts[:-1].copy()
    order = np.empty(len(cells), np.int32)
    for point in range(len(cells)):
        order[cursor[cells[point]]] = point
        cursor[cells[point]] += 1
    return order, starts


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def nearest(  # noqa: PLR0913, PLR0917 - compiled code takes arrays, and its scalars stay in registers
    points: NDArray[np.float32],
    starts: NDArray[np.int64],
    shape: NDArray[np.int64],
    is_whole: bool,
    queries: NDArray[np.float32],
    first: int,
    last: int,
    index: NDArray[np.int32],
    squared: NDArray[np.float32],
) -> None:
    """The nearest points of queries [first, last), ascending; index -1 where the cells around do not prove them.

    Args:
        points: [N, 3] in the order of `sorted_by_cell`, in units of a cell, from the grid's low corner.
        starts: Of each cell, z fastest.
        shape: Cells along x, y, z.
        is_whole: Whether every point there is lies in the grid.
        queries: [M, 3] like the points.
        first: First query.
        last: One beyond the last.
        index: Filled, [M, K].
        squared: Filled, [M, K].
    """
    wanted = index.shape[1]
    home = np.empty(3, np.int64)
    for q in range(first, last):
        index[q, :] = -1
        is_inside = True
        for axis in range(3):
            home[axis] = math.floor(queries[q, axis])
            is_inside &= 0 <= home[axis] < shape[axis]
        if not is_inside:
            continue
        for ring in _RINGS:
            squared[q, :] = np.inf
            _scan(points, starts, shape, queries[q], home, ring, index[q], squared[q])
            margin = np.float32(np.inf)
            for axis in range(3):
                below = queries[q, axis] - np.float32(max(home[axis] - ring, 0))
                above = np.float32(min(home[axis] + ring + 1, shape[axis])) - queries[q, axis]
                if home[axis] - ring > 0 or not is_whole:
                    margin = min(margin, below)
                if home[axis] + ring + 1 < shape[axis] or not is_whole:
                    margin = min(margin, above)
            if squared[q, wanted - 1] <= margin * margin and index[q, wanted - 1] >= 0:
                break
            index[q, :] = -1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _scan(
    points: NDArray[np.float32],
    starts: NDArray[np.int64],
    shape: NDArray[np.int64],
    query: NDArray[np.float32],
    home: NDArray[np.int64],
    ring: int,
    index: NDArray[np.int32],
    squared: NDArray[np.float32],
) -> None:
    """The nearest points among the cells within `ring` of `home`, by insertion."""
    wanted = len(index)
    x, y, z = query[0], query[1], query[2]
    low, high = max(home[2] - ring, 0), min(home[2] + ring, shape[2] - 1)
    for a in range(2 * ring + 1):  # 0, -1, 1, -2, ...: the nearest cells first, so that most others can be left out
        i = home[0] + ((a + 1) // 2 if a % 2 == 0 else -((a + 1) // 2))
        beside = max(np.float32(i) - x, x - np.float32(i + 1), np.float32(0))
        if i < 0 or i >= shape[0] or beside * beside > squared[wanted - 1]:
            continue
        for b in range(2 * ring + 1):
            j = home[1] + ((b + 1) // 2 if b % 2 == 0 else -((b + 1) // 2))
            above = max(np.float32(j) - y, y - np.float32(j + 1), np.float32(0))
            if j < 0 or j >= shape[1] or beside * beside + above * above > squared[wanted - 1]:
                continue
            row = (i * shape[1] + j) * shape[2]
            for k in range(starts[row + low], starts[row + high + 1]):
                dx, dy, dz = points[k, 0] - x, points[k, 1] - y, points[k, 2] - z
                distance = dx * dx + dy * dy + dz * dz
                if distance < squared[wanted - 1]:
                    at = wanted - 1
                    while at > 0 and squared[at - 1] > distance:
                        squared[at] = squared[at - 1]
                        index[at] = index[at - 1]
                        at -= 1
                    squared[at] = distance
                    index[at] = k


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def layer_normals(
    positions: NDArray[np.float64],
    near: NDArray[np.int32],
    axes: NDArray[np.float64],
    weights: NDArray[np.float64],
    first: int,
    last: int,
    normals: NDArray[np.float64],
    thickness: NDArray[np.float64],
) -> None:
    """Fill the sign-free normals [N, 3] and thickness [N] of points [first, last); see `unsigned_normals`."""
    count = near.shape[1]
    spread = np.empty(6)
    tensor = np.empty(6)
    plane = np.empty(3)
    for i in range(first, last):
        mx, my, mz = 0.0, 0.0, 0.0
        for k in range(count):
            j = near[i, k]
            mx, my, mz = mx + positions[j, 0], my + positions[j, 1], mz + positions[j, 2]
        mx, my, mz = mx / count, my / count, mz / count
        spread[:] = 0.0
        tensor[:] = 0.0
        for k in range(count):
            j = near[i, k]
            _add_outer(spread, positions[j, 0] - mx, positions[j, 1] - my, positions[j, 2] - mz, 1.0 / count)
            _add_outer(tensor, axes[j, 0], axes[j, 1], axes[j, 2], weights[j] / count)
        thickness[i] = math.sqrt(max(_eigen(spread, False, plane), 0.0))
        _add_outer(tensor, plane[0], plane[1], plane[2], _PLANE_SHARE)
        _add_outer(tensor, axes[i, 0], axes[i, 1], axes[i, 2], weights[i] / count)
        _eigen(tensor, True, normals[i])


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def one_sided_normals(
    positions: NDArray[np.float64],
    near: NDArray[np.int32],
    normals: NDArray[np.float64],
    first: int,
    last: int,
    found: NDArray[np.float64],
) -> None:
    """Fill the normals [N, 3] of points [first, last) anew from those neighbours whose own look the same way.

    Half is their mean, half the plane through them, as far as they lie in one.
    """
    spread, plane, widest = np.empty(6), np.empty(3), np.empty(3)
    for i in range(first, last):
        total, x, y, z = 1.0, positions[i, 0], positions[i, 1], positions[i, 2]
        found[i] = normals[i]
        for j in near[i]:
            weight = max(_dot(normals[i], normals[j]), 0.0)
            total += weight
            x, y, z = x + weight * positions[j, 0], y + weight * positions[j, 1], z + weight * positions[j, 2]
            for axis in range(3):
                found[i, axis] += weight * normals[j, axis]
        x, y, z = x / total, y / total, z / total
        spread[:] = 0.0
        _add_outer(spread, positions[i, 0] - x, positions[i, 1] - y, positions[i, 2] - z, 1.0 / total)
        for j in near[i]:
            weight = max(_dot(normals[i], normals[j]), 0.0) / total
            _add_outer(spread, positions[j, 0] - x, positions[j, 1] - y, positions[j, 2] - z, weight)
        largest, smallest = _eigen(spread, True, widest), _eigen(spread, False, plane)
        middle = spread[0] + spread[3] + spread[5] - largest - smallest
        flatness = 1.0 - max(smallest, 0.0) / middle if middle > _LEAST_BREADTH * largest else 0.0
        share = flatness / math.sqrt(_dot(plane, plane)) * (1.0 if _dot(plane, found[i]) > 0.0 else -1.0)
        length = math.sqrt(_dot(found[i], found[i]))
        for axis in range(3):
            found[i, axis] = found[i, axis] / length + share * plane[axis]
        length = math.sqrt(_dot(found[i], found[i]))
        for axis in range(3):
            found[i, axis] /= length


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _dot(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(one[0] * other[0] + one[1] * other[1] + one[2] * other[2])


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _add_outer(matrix: NDArray[np.float64], x: float, y: float, z: float, weight: float) -> None:
    """Add a vector's outer product to a symmetric matrix xx xy xz yy yz zz."""
    matrix[0] += weight * x * x
    matrix[1] += weight * x * y
    matrix[2] += weight * x * z
    matrix[3] += weight * y * y
    matrix[4] += weight * y * z
    matrix[5] += weight * z * z


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _eigen(matrix: NDArray[np.float64], is_largest: bool, vector: NDArray[np.float64]) -> float:
    """The largest or smallest eigenvalue of a symmetric matrix xx xy xz yy yz zz; its unit vector is filled in.

    Source: Smith, "Eigenvalues of a symmetric 3 x 3 matrix" (1961). Where two eigenvalues agree the vector is any one
    of those there are.
    """
    scale = 0.0
    for k in range(6):
        scale = max(scale, abs(matrix[k]))
    vector[0], vector[1], vector[2] = 0.0, 0.0, 1.0
    if not scale > 0.0:
        return 0.0
    a, b, c = matrix[0] / scale, matrix[1] / scale, matrix[2] / scale
    d, e, f = matrix[3] / scale, matrix[4] / scale, matrix[5] / scale
    mean = (a + d + f) / 3.0
    size = math.sqrt(((a - mean) ** 2 + (d - mean) ** 2 + (f - mean) ** 2 + 2.0 * (b * b + c * c + e * e)) / 6.0)
    if not size > 1e-12:
        return float(mean * scale)
    p, q, r = (a - mean) / size, (d - mean) / size, (f - mean) / size
    u, v, w = b / size, c / size, e / size
    half = 0.5 * (p * (q * r - w * w) - u * (u * r - w * v) + v * (u * w - q * v))
    angle = math.acos(min(max(half, -1.0), 1.0)) / 3.0
    value = 2.0 * math.cos(angle if is_largest else angle + 2.0 * math.pi / 3.0)
    _null_vector(p - value, u, v, q - value, w, r - value, vector)
    return float((mean + size * value) * scale)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _null_vector(a: float, b: float, c: float, d: float, e: float, f: float, vector: NDArray[np.float64]) -> None:
    """A unit vector that the singular symmetric matrix takes to zero: the longest cross product of two rows."""
    best = _LEAST_PIVOT
    for pair in range(3):
        if pair == 0:
            x, y, z = b * e - c * d, c * b - a * e, a * d - b * b
        elif pair == 1:
            x, y, z = b * f - c * e, c * c - a * f, a * e - b * c
        else:
            x, y, z = d * f - e * e, e * c - b * f, b * e - d * c
        squared = x * x + y * y + z * z
        if squared > best:
            best = squared
            length = math.sqrt(squared)
            vector[0], vector[1], vector[2] = x / length, y / length, z / length
    if best > _LEAST_PIVOT:
        return
    # Rank one: any vector across the only row there is.
    x, y, z = a, b, c
    if b * b + d * d + e * e > x * x + y * y + z * z:
        x, y, z = b, d, e
    if c * c + e * e + f * f > x * x + y * y + z * z:
        x, y, z = c, e, f
    if abs(x) > abs(y):
        x, y, z = z, 0.0, -x
    else:
        x, y, z = 0.0, z, -y
    length = math.sqrt(x * x + y * y + z * z)
    if length > 0.0:
        vector[0], vector[1], vector[2] = x / length, y / length, z / length


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def wall_behind(
    positions: NDArray[np.float64], normals: NDArray[np.float64], near: NDArray[np.int32], facing_away: float
) -> NDArray[np.float64]:
    """How deep below each point [N] its neighbours on the other side of a wall lie on average; infinite without any.

    Such neighbours have normals whose cosine with the point's own is below `facing_away`.
    """
    depth = np.full(len(positions), np.inf)
    for i in range(len(positions)):
        total, count = 0.0, 0
        for j in near[i]:
            along, below = 0.0, 0.0
            for axis in range(3):
                along += normals[i, axis] * normals[j, axis]
                below += normals[i, axis] * (positions[i, axis] - positions[j, axis])
            if along < facing_away:
                total, count = total + max(below, 0.0), count + 1
        if count:
            depth[i] = total / count
    return depth
