"""The compiled loop that closes holes; see `point_kernels` for how it is compiled and run."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def smallest_patch(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Triangles [L - 2, 3] between the points of a closed loop [L, 3], whose areas add up to the least.

    Source: Barequet and Sharir, "Filling Gaps in the Boundary of a Polyhedron" (1995); O(L^3) in time.
    """
    count = len(points)
    cost, middle = np.zeros((count, count)), np.zeros((count, count), np.int64)
    for width in range(2, count):
        for first in range(count - width):
            last = first + width
            least, at = np.inf, first + 1
            bx, by, bz = points[last] - points[first]
            for k in range(first + 1, last):
                total = cost[first, k] + cost[k, last]
                if total >= least:
                    continue
                ax, ay, az = (
                    points[k, 0] - points[first, 0],
                    points[k, 1] - points[first, 1],
                    points[k, 2] - points[first, 2],
                )
                x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
                total += np.sqrt(x * x + y * y + z * z)
                if total < least:
                    least, at = total, k
            cost[first, last], middle[first, last] = least, at
    triangles = np.empty((count - 2, 3), np.int64)
    stack = np.empty((2 * count, 2), np.int64)
    stack[0, 0], stack[0, 1] = 0, count - 1
    top, found = 1, 0
    while top:
        top -= 1
        first, last = stack[top]
        if last - first < 2:
            continue
        k = middle[first, last]
        triangles[found, 0], triangles[found, 1], triangles[found, 2] = first, k, last
        found += 1
        stack[top, 0], stack[top, 1] = first, k
        stack[top + 1, 0], stack[top + 1, 1] = k, last
        top += 2
    return triangles
