"""The compiled loop that lays triangles out on a picture; see `point_kernels` for how such loops are run."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def lay_out(
    corners: NDArray[np.float64],
    reach: float,
    face: NDArray[np.int32],
    weight: NDArray[np.float32],
    away: NDArray[np.float32],
) -> None:
    """Find for each texel the triangle that covers its centre, or else the nearest one within `reach` texels.

    Args:
        corners: [F, 3, 2] column and row, in texels, where whole numbers are texels' centres.
        reach: How far beyond its edges a triangle counts; what is asked there is answered by the edge.
        face: [H, W], filled where a triangle is found.
        weight: [H, W, 3] of that triangle's corners, filled likewise.
        away: [H, W] infinite at first; how far the triangle is.
    """
    shares = np.empty(3)
    for f in range(len(corners)):
        low_x = max(math.ceil(min(corners[f, 0, 0], corners[f, 1, 0], corners[f, 2, 0]) - reach), 0)
        low_y = max(math.ceil(min(corners[f, 0, 1], corners[f, 1, 1], corners[f, 2, 1]) - reach), 0)
        high_x = math.floor(max(corners[f, 0, 0], corners[f, 1, 0], corners[f, 2, 0]) + reach)
        high_y = math.floor(max(corners[f, 0, 1], corners[f, 1, 1], corners[f, 2, 1]) + reach)
        for y in range(low_y, min(high_y, face.shape[0] - 1) + 1):
            for x in range(low_x, min(high_x, face.shape[1] - 1) + 1):
                distance = _nearest_share(corners[f], float(x), float(y), shares)
                if distance <= reach and distance < away[y, x]:
                    away[y, x], face[y, x] = distance, f
                    weight[y, x, 0], weight[y, x, 1], weight[y, x, 2] = shares[0], shares[1], shares[2]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _nearest_share(corners: NDArray[np.float64], x: float, y: float, shares: NDArray[np.float64]) -> float:
    """The distance of a point to a triangle [3, 2]; the shares [3] of its corners in the nearest place are filled."""
    ax, ay = corners[1, 0] - corners[0, 0], corners[1, 1] - corners[0, 1]
    bx, by = corners[2, 0] - corners[0, 0], corners[2, 1] - corners[0, 1]
    px, py = x - corners[0, 0], y - corners[0, 1]
    area = ax * by - ay * bx
    if area != 0.0:
        second, third = (px * by - py * bx) / area, (ax * py - ay * px) / area
        if second >= 0.0 and third >= 0.0 and second + third <= 1.0:
            shares[0], shares[1], shares[2] = 1.0 - second - third, second, third
            return 0.0
    best = np.inf
    for k in range(3):
        after = (k + 1) % 3
        ex, ey = corners[after, 0] - corners[k, 0], corners[after, 1] - corners[k, 1]
        dx, dy = x - corners[k, 0], y - corners[k, 1]
        squared = ex * ex + ey * ey
        share = min(max((dx * ex + dy * ey) / squared, 0.0), 1.0) if squared > 0.0 else 0.0
        distance = math.hypot(dx - share * ex, dy - share * ey)
        if distance < best:
            best = distance
            shares[:] = 0.0
            shares[k], shares[after] = 1.0 - share, share
    return best
