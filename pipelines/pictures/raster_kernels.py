"""The compiled loops that put triangles into grids of samples: what a camera sees first, and how deep a body is.

Compiled on first use (some seconds) and kept on disk; one thread each, without Python's lock. Every triangle is
drawn from both sides. Corners are snapped to 1/256 of a sample, so that the edge functions are whole numbers which 64
bits hold exactly: with the top-left rule each sample of a shared edge belongs to one of its faces, never to both or
none.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

_ROUNDING: Final = 2.0**-31
BAND: Final = 128  # rows of samples that are drawn together
_FACE_BITS: Final = 24
FACE: Final = (1 << _FACE_BITS) - 1  # of what a sample holds, those bits
_DEEPEST: Final = 2.0**37  # of a sample's inverse depth; one bit is room for rounding
STEPS: Final = 256  # of a sample's side
_HALF: Final = STEPS // 2  # a sample of a map lies in the middle of its square

# A picture has four samples per pixel, each in a row of its own and no two in one column: so steep and flat edges get
# five tones, where a grid of two by two gives three. Source: the rotated grid of 3dfx's T-buffer (2000).
PER_PIXEL: Final = 4
ASIDE: Final = (0.375, 0.875, 0.125, 0.625)  # of a pixel, from its left border
_BETWEEN: Final = STEPS // PER_PIXEL  # steps from one such column to the next


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def project(
    vertices: NDArray[np.float32],
    eye: NDArray[np.float64],
    axes: NDArray[np.float64],
    half_width: float,
    size: int,
    screen: NDArray[np.int32],
    inverse_depth: NDArray[np.float32],
) -> None:
    """Fill `screen` [V, 2], steps to the right and down, and the inverse of the depth [V], of a pinhole camera.

    `axes` rows are right, up and forward; all vertices lie before the eye and within the picture of `size` pixels.
    Downwards a pixel has the steps of its four rows.
    """
    scale = 0.5 * size * STEPS
    for k in range(len(vertices)):
        x, y, z = vertices[k, 0] - eye[0], vertices[k, 1] - eye[1], vertices[k, 2] - eye[2]
        inverse = 1.0 / (axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z)
        aside = (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z) * inverse / half_width
        above = (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z) * inverse / half_width
        screen[k, 0] = np.rint(scale * (1.0 + aside))
        screen[k, 1] = np.rint(PER_PIXEL * scale * (1.0 - above))
        inverse_depth[k] = inverse


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def project_along(
    vertices: NDArray[np.float32],
    direction: NDArray[np.float32],
    screen: NDArray[np.int32],
    depths: NDArray[np.float32],
) -> None:
    """Fill `screen` [V, 2], steps aside and down, and the depths [V] of vertices in the map of a direction [4, 4].

    Rows of the direction: samples aside, samples down and the depth, each three factors and an offset.
    """
    for k in range(len(vertices)):
        x, y, z = vertices[k, 0], vertices[k, 1], vertices[k, 2]
        for j in range(2):
            where = direction[j, 0] * x + direction[j, 1] * y + direction[j, 2] * z + direction[j, 3]
            screen[k, j] = np.rint(STEPS * where)
        depths[k] = direction[2, 0] * x + direction[2, 1] * y + direction[2, 2] * z + direction[2, 3]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def by_band(
    screen: NDArray[np.int32], faces: NDArray[np.int32], height: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The faces of each band of `height` rows in their own order, all lists end to end, and where each starts.

    A counting sort.
    """
    bands = (height + BAND - 1) // BAND
    rows = np.empty((len(faces), 2), np.int16)  # first band and past the last
    starts = np.zeros(bands + 1, np.int64)
    for k in range(len(faces)):
        top, bottom = _rows(screen, faces, k, height, _BETWEEN)
        rows[k, 0], rows[k, 1] = (top // BAND, (bottom - 1) // BAND + 1) if bottom > top else (0, 0)
        for band in range(rows[k, 0], rows[k, 1]):
            starts[band + 1] += 1
    for band in range(bands):
        starts[band + 1] += starts[band]
    cursor = np.empty(bands, np.int64)
    for band in range(bands):
        cursor[band] = starts[band]
    lists = np.empty(starts[-1], np.int32)
    for k in range(len(faces)):
        for band in range(rows[k, 0], rows[k, 1]):
            lists[cursor[band]] = k
            cursor[band] += 1
    return starts, lists


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _rows(screen: NDArray[np.int32], faces: NDArray[np.int32], k: int, height: int, gap: int) -> tuple[int, int]:
    """The rows whose samples a face can cover, first and past the last; none where it passes between the samples.

    Their columns lie `gap` steps apart.
    """
    a, b, c = faces[k, 0], faces[k, 1], faces[k, 2]
    left = min(screen[a, 0], screen[b, 0], screen[c, 0])
    right = max(screen[a, 0], screen[b, 0], screen[c, 0])
    if _sample(left, gap) >= _sample(right, gap):
        return 0, 0
    high = min(screen[a, 1], screen[b, 1], screen[c, 1])
    low = max(screen[a, 1], screen[b, 1], screen[c, 1])
    return max(_sample(high, STEPS), 0), min(_sample(low, STEPS), height)


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _sample(step: int, gap: int) -> int:
    """The first sample at or past a step, of those in the middles of gaps."""
    return (step + (gap // 2 - 1)) // gap


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def draw_first(
    screen: NDArray[np.int32],
    inverse_depth: NDArray[np.float32],
    faces: NDArray[np.int32],
    chosen: NDArray[np.int32],
    most: float,
    first_row: int,
    last_row: int,
    seen: NDArray[np.int64],
) -> None:
    """Draw the `chosen` faces into rows [first_row, last_row) of `seen` [4 S, S].

    A sample holds its inverse depth, as a whole number, and in its lowest bits, `FACE`, the face. Along a row of a face
    it grows by one addition, and the nearer of two samples is the larger: so the compiler gets a loop without a branch.
    `most` is the largest inverse depth; of faces equally near the one of the larger index is seen.
    """
    height, width = seen.shape
    scale = _DEEPEST / most
    for k in chosen:
        ax, ay, az, bx, by, bz, cx, cy, cz = _turned(screen, inverse_depth, faces, k)
        doubled = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if doubled <= 0.0:
            continue
        across, down = _slopes(bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az, doubled)
        step = np.int64(across * scale) << _FACE_BITS
        top, bottom = _rows(screen, faces, k, height, _BETWEEN)
        pa, qa, ra = _edge(ax, ay, bx, by)
        pb, qb, rb = _edge(bx, by, cx, cy)
        pc, qc, rc = _edge(cx, cy, ax, ay)
        for row in range(max(top, first_row), min(bottom, last_row)):
            aside = ASIDE[row % PER_PIXEL]
            first, last = _cut(pa, qa, ra, row, aside, 0, width)
            first, last = _cut(pb, qb, rb, row, aside, first, last)
            first, last = _cut(pc, qc, rc, row, aside, first, last)
            if first >= last:
                continue
            inverse = az + across * (first + aside - ax / STEPS) + down * (row + 0.5 - ay / STEPS)
            key = (np.int64(inverse * scale) << _FACE_BITS) + k
            line = seen[row, first:last]
            for column in range(len(line)):
                line[column] = max(line[column], key + column * step)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def draw_reach(
    screen: NDArray[np.int32], depths: NDArray[np.float32], faces: NDArray[np.int32], reach: NDArray[np.float32]
) -> None:
    """Raise `reach` [1 or 2, S, S] to the greatest depths of the faces, and to the least ones, negated."""
    samples = reach.shape[2]
    for k in range(len(faces)):
        top, bottom = _rows(screen, faces, k, samples, STEPS)
        if top >= bottom:
            continue
        ax, ay, az, bx, by, bz, cx, cy, cz = _turned(screen, depths, faces, k)
        doubled = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if doubled <= 0.0:
            continue
        across, down = _slopes(bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az, doubled)
        pa, qa, ra = _edge(ax, ay, bx, by)
        pb, qb, rb = _edge(bx, by, cx, cy)
        pc, qc, rc = _edge(cx, cy, ax, ay)
        for row in range(top, bottom):
            first, last = _cut(pa, qa, ra, row, 0.5, 0, samples)
            first, last = _cut(pb, qb, rb, row, 0.5, first, last)
            first, last = _cut(pc, qc, rc, row, 0.5, first, last)
            if first >= last:
                continue
            depth = np.float32(az + across * (first + 0.5 - ax / STEPS) + down * (row + 0.5 - ay / STEPS))
            step = np.float32(across)
            for side in range(len(reach)):
                for column in range(np.uint64(last - first)):
                    at = np.uint64(first) + column
                    reach[side, row, at] = max(reach[side, row, at], depth + np.float32(column) * step)
                depth, step = -depth, -step


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _turned(
    screen: NDArray[np.int32], depths: NDArray[np.float32], faces: NDArray[np.int32], k: int
) -> tuple[float, ...]:
    """A face's corners and depths, turned so that its inside is on one side of all its edges."""
    a, b, c = faces[k, 0], faces[k, 1], faces[k, 2]
    ax, ay = float(screen[a, 0]), float(screen[a, 1])
    if (screen[b, 0] - ax) * (screen[c, 1] - ay) - (screen[b, 1] - ay) * (screen[c, 0] - ax) < 0:
        b, c = c, b
    return (
        ax, ay, float(depths[a]),
        float(screen[b, 0]), float(screen[b, 1]), float(depths[b]),
        float(screen[c, 0]), float(screen[c, 1]), float(depths[c]),
    )  # fmt: skip


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _slopes(bx: float, by: float, bz: float, cx: float, cy: float, cz: float, doubled: float) -> tuple[float, float]:
    """How the third coordinate changes from one sample to the next, to the right and down; corners about the first."""
    scale = STEPS / doubled
    return scale * (bz * cy - by * cz), scale * (bx * cz - bz * cx)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator]
def _edge(px: float, py: float, qx: float, qy: float) -> tuple[float, float, float]:
    """Where an edge from p to q crosses the rows: at (first + row * second) * third, in samples.

    The first two are whole and exact; the third is null for a level edge, which cuts no row.
    """
    dx, dy = qx - px, qy - py
    third = 1.0 / (STEPS * dy) if dy != 0.0 else 0.0
    return dx * (_HALF - py) + px * dy, STEPS * dx, third


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _cut(start: float, step: float, scale: float, row: int, aside: float, first: int, last: int) -> tuple[int, int]:
    """What an edge leaves of a row: a left edge takes the samples on it in, a right one leaves them out.

    The row's samples lie `aside` from the left borders of their squares.

    Within the grid a crossing that is no whole number is at least 2^-29 away from one, and the product is wrong by
    less than 2^-37: so `_ROUNDING` lets whole numbers through and keeps all others on their side.
    """
    if scale == 0.0:
        return first, last
    crossing = (start + row * step) * scale - (aside + _ROUNDING)
    after = int(crossing) + (crossing > 0.0)  # rounded up; what is below zero is cut off anyway
    return (max(first, after), last) if scale < 0.0 else (first, min(last, after))
