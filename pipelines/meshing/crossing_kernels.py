"""How two triangles lie to each other, and all pairs of a hierarchy that meet; see `point_kernels` for compilation.

Source: Moeller, "A Fast Triangle-Triangle Intersection Test" (1997). What is nearer to a plane than the tolerance lies
on it: so do corners that two triangles share, whatever rounding says.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

APART, PIERCES, TOUCHES, OVERLAPS, FACES = 0, 1, 2, 3, 4


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def unit_normals(corners: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Normal of each face, [F, 3]; zero where the face is narrower than the tolerance and so has none."""
    normals = np.zeros((len(corners), 3))
    for f in range(len(corners)):
        a, b, c = corners[f]
        cross = np.cross(b - a, c - a)
        longest = np.sqrt(max(((b - a) ** 2).sum(), ((c - a) ** 2).sum(), ((c - b) ** 2).sum()))
        length = np.sqrt((cross**2).sum())
        if length > longest * tolerance:
            normals[f] = cross / length
    return normals


@njit(cache=True, nogil=True)
def _heights(plane, normal, corners, tolerance):  # type: ignore[no-untyped-def]
    """Of the other triangle's corners over a plane: 0 within the tolerance, as where corners are shared."""
    found = [0.0, 0.0, 0.0]
    for k in range(3):
        height = 0.0
        for axis in range(3):
            height += normal[axis] * (corners[k, axis] - plane[0, axis])
        found[k] = height if abs(height) > tolerance else 0.0
    return found[0], found[1], found[2]


@njit(cache=True, nogil=True)
def _span(corners, heights, along):  # type: ignore[no-untyped-def]
    """Where the line in which the planes meet enters and leaves a triangle."""
    low, high = np.inf, -np.inf
    for k in range(3):
        here = 0.0
        for axis in range(3):
            here += along[axis] * corners[k, axis]
        if heights[k] == 0.0:
            low, high = min(low, here), max(high, here)
        after = (k + 1) % 3
        if heights[k] * heights[after] < 0.0:
            there = 0.0
            for axis in range(3):
                there += along[axis] * corners[after, axis]
            at = here + (there - here) * heights[k] / (heights[k] - heights[after])
            low, high = min(low, at), max(high, at)
    return low, high


@njit(cache=True, nogil=True)
def _parted(one, two, u, v, tolerance):  # type: ignore[no-untyped-def]
    """Whether an edge of triangle `one`, seen along the axis that is neither u nor v, has all of `two` outside."""
    turn = (one[1, u] - one[0, u]) * (one[2, v] - one[0, v]) - (one[1, v] - one[0, v]) * (one[2, u] - one[0, u])
    for k in range(3):
        after = (k + 1) % 3
        x, y = one[after, u] - one[k, u], one[after, v] - one[k, v]
        length = np.sqrt(x * x + y * y)
        outside = length > 0.0
        for other in range(3):
            inward = x * (two[other, v] - one[k, v]) - y * (two[other, u] - one[k, u])
            if (inward if turn > 0.0 else -inward) > tolerance * length:
                outside = False
        if outside:
            return True
    return False


@njit(cache=True, nogil=True)
def _in_one_plane(one, two, normal, way, tolerance):  # type: ignore[no-untyped-def]
    size = np.abs(normal)
    drop = 0 if size[0] >= size[1] and size[0] >= size[2] else (1 if size[1] >= size[2] else 2)
    u, v = (drop + 1) % 3, (drop + 2) % 3
    if _parted(one, two, u, v, tolerance) or _parted(two, one, u, v, tolerance):
        return APART
    return OVERLAPS if way > 0.0 else FACES


@njit(cache=True, nogil=True)
def relation(  # type: ignore[no-untyped-def]  # noqa: PLR0911 - the test leaves as early as it can
    one, two, normal_one, normal_two, tolerance
):
    """How two triangles, neither of them a line, lie to each other.

    Args:
        one: Corners, [3, 3].
        two: Corners, [3, 3].
        normal_one: Unit, [3].
        normal_two: Unit, [3].
        tolerance: Lengths up to it are none.

    Returns:
        PIERCES where they meet in a line that runs through both; TOUCHES where that line is an edge of one of them;
        OVERLAPS and FACES where they lie in one plane and share some of it, looking the same way or at each other;
        else APART, also where they meet in points, or edge to edge.
    """
    of_two = _heights(one, normal_one, two, tolerance)
    if (of_two[0] > 0 and of_two[1] > 0 and of_two[2] > 0) or (of_two[0] < 0 and of_two[1] < 0 and of_two[2] < 0):
        return APART
    of_one = _heights(two, normal_two, one, tolerance)
    if (of_one[0] > 0 and of_one[1] > 0 and of_one[2] > 0) or (of_one[0] < 0 and of_one[1] < 0 and of_one[2] < 0):
        return APART
    flat_one = (of_one[0] == 0) + (of_one[1] == 0) + (of_one[2] == 0)
    flat_two = (of_two[0] == 0) + (of_two[1] == 0) + (of_two[2] == 0)
    if flat_one == 3 or flat_two == 3:
        normal = normal_one if flat_two == 3 else normal_two
        return _in_one_plane(one, two, normal, (normal_one * normal_two).sum(), tolerance)
    if flat_one == 2 and flat_two == 2:
        return APART
    along = np.cross(normal_one, normal_two)
    length = np.sqrt((along**2).sum())
    if not length > 0.0:
        return APART
    along /= length
    low_one, high_one = _span(one, of_one, along)
    low_two, high_two = _span(two, of_two, along)
    if min(high_one, high_two) - max(low_one, low_two) <= tolerance:
        return APART
    return TOUCHES if flat_one == 2 or flat_two == 2 else PIERCES


@njit(cache=True, nogil=True)
def _apart(a, b, tolerance):  # type: ignore[no-untyped-def]
    apart = False
    for axis in range(3):
        apart |= a[0, axis] > b[1, axis] + tolerance or b[0, axis] > a[1, axis] + tolerance
    return apart


@njit(cache=True, nogil=True)
def _corners_apart(one, two, tolerance):  # type: ignore[no-untyped-def]
    for axis in range(3):
        a, b, c = one[0, axis], one[1, axis], one[2, axis]
        d, e, f = two[0, axis], two[1, axis], two[2, axis]
        if min(a, b, c) > max(d, e, f) + tolerance or min(d, e, f) > max(a, b, c) + tolerance:
            return True
    return False


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def meeting_pairs(  # noqa: PLR0913, PLR0917 - compiled code takes arrays, and its scalars stay in registers
    corners: NDArray[np.float64],
    normals: NDArray[np.float64],
    starts: NDArray[np.int64],
    boxes: NDArray[np.float64],
    first: int,
    last: int,
    tolerance: float,
    most_tests: int,
    pairs: NDArray[np.int32],
    marks: NDArray[np.uint8],
    counts: NDArray[np.int64],
) -> bool:
    """All pairs that are not apart of which one face is in the leaves [first, last) and the other in these or later.

    Args:
        corners: [F, 3, 3] in the order of the hierarchy, as all that follows.
        normals: [F, 3]; faces without one are passed over.
        starts: Of the leaves.
        boxes: Of the nodes.
        first: First leaf.
        last: One beyond the last.
        tolerance: Lengths up to it are none.
        most_tests: Pairs that are looked at, at most.
        pairs: Filled with two faces and their relation, [P, 3]; more than P are counted only.
        marks: Bit k is set where a face is in a pair of relation k. [F]
        counts: Of pairs by relation, [5], counted up.

    Returns:
        Whether `most_tests` was enough.
    """
    leaves, kept, tests = len(starts) - 1, 0, 0
    # Nodes to visit, one past the last leaf below each, and how many leaves are below it.
    stack, ends, sizes = np.empty(128, np.int64), np.empty(128, np.int64), np.empty(128, np.int64)
    for leaf in range(first, last):
        own = boxes[leaves - 1 + leaf]
        stack[0], ends[0], sizes[0], top = 0, leaves, leaves, 1
        while top:
            top -= 1
            node, end = stack[top], ends[top]
            # What lies wholly before this leaf has asked for the pair itself.
            if end <= leaf or _apart(own, boxes[node], tolerance):
                continue
            if node < leaves - 1:
                half = sizes[top] // 2
                stack[top], ends[top], sizes[top] = 2 * node + 1, end - half, half
                stack[top + 1], ends[top + 1], sizes[top + 1] = 2 * node + 2, end, half
                top += 2
                continue
            other = node - leaves + 1
            for i in range(starts[leaf], starts[leaf + 1]):
                for j in range(max(i + 1, starts[other]), starts[other + 1]):
                    if _corners_apart(corners[i], corners[j], tolerance):
                        continue
                    tests += 1
                    if not normals[i].any() or not normals[j].any():
                        continue
                    found = relation(corners[i], corners[j], normals[i], normals[j], tolerance)
                    if found == APART:
                        continue
                    counts[found] += 1
                    marks[i] |= np.uint8(1 << found)
                    marks[j] |= np.uint8(1 << found)
                    if kept < len(pairs):
                        pairs[kept, 0], pairs[kept, 1], pairs[kept, 2] = i, j, found
                        kept += 1
            if tests > most_tests:
                return False
    return True
