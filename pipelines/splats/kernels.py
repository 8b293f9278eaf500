"""The compiled loops of the CPU rasterizer: one thread each, without Python's lock, so that threads run them together.

Compiled on first use (some seconds) and kept on disk. No parallel loops of numba's own: their threading layer cannot
be entered by two threads at once and would start as many threads in every replica as the machine has cores.
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Columns of a splat's record, one cache line long.
U, V, A, B, C, OPACITY, RED, GREEN, BLUE, DEPTH, CUTOFF, LOW, HIGH = range(13)
RECORD: Final = 16
TILE: Final = 16  # pixels per side; a row of a tile is one or two vector registers
_PIXELS: Final = TILE * TILE
_PLANES: Final = 5  # of a tile: clear, red, green, blue, depth

# Source: 3DGS, forward.cu, as stated in the specification of the model.
_NEAR: Final = 0.2
_DILATION: Final = 0.3  # px^2: a splat covers at least about a pixel
_WIDEST: Final = 1.3  # times the view's tangent, beyond which the local affine projection is not followed
_DIGIT_BITS: Final = 11

_ZERO: Final = np.float32(0)
_ONE: Final = np.float32(1)
_MOST_ALPHA: Final = np.float32(0.99)
_LEAST_CLEAR: Final = np.float32(1e-4)
# exp(-x) on [0, ln(255) / 8] by least squares towards the least largest relative error, 8e-8. Its eighth power serves
# all powers that are seen, within 2e-6 in 32 bits, without the table or the branch that keep exp() out of vectors.
_EIGHTH: Final = np.float32(0.125)
_E0: Final = np.float32(0.9999999253087822)
_E1: Final = np.float32(-0.9999929133048221)
_E2: Final = np.float32(0.4998872401653341)
_E3: Final = np.float32(-0.16599419283876374)
_E4: Final = np.float32(0.039808298789389754)
_E5: Final = np.float32(-0.005868786963698498)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def prepare(
    scaling: NDArray[np.float32],
    rotation: NDArray[np.float32],
    opacity: NDArray[np.float32],
    shape: NDArray[np.float32],
) -> None:
    """What every camera shares: covariance xx xy xz yy yz zz, and the power beyond which alpha is below 1/255.

    `shape` [N, 7] is filled; quaternions are used as they are given.
    """
    for k in range(len(opacity)):
        w, x, y, z = float(rotation[k, 0]), float(rotation[k, 1]), float(rotation[k, 2]), float(rotation[k, 3])
        sx = float(scaling[k, 0]) ** 2
        sy = float(scaling[k, 1]) ** 2
        sz = float(scaling[k, 2]) ** 2
        xx, xy, xz = 1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)
        yx, yy, yz = 2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)
        zx, zy, zz = 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)
        shape[k, 0] = sx * xx * xx + sy * xy * xy + sz * xz * xz
        shape[k, 1] = sx * xx * yx + sy * xy * yy + sz * xz * yz
        shape[k, 2] = sx * xx * zx + sy * xy * zy + sz * xz * zz
        shape[k, 3] = sx * yx * yx + sy * yy * yy + sz * yz * yz
        shape[k, 4] = sx * yx * zx + sy * yy * zy + sz * yz * zz
        shape[k, 5] = sx * zx * zx + sy * zy * zy + sz * zz * zz
        shape[k, 6] = math.log(255.0 * opacity[k]) if opacity[k] > 0 else -1.0


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def project(  # noqa: PLR0913, PLR0915, PLR0917 - compiled code takes arrays, and its scalars stay in registers
    means: NDArray[np.float32],
    shape: NDArray[np.float32],
    opacity: NDArray[np.float32],
    rgb: NDArray[np.float32],
    turn: NDArray[np.float64],
    shift: NDArray[np.float64],
    tangent: float,
    size: int,
    first: int,
    last: int,
    records: NDArray[np.float32],
    tiles: NDArray[np.int16],
) -> None:
    """Fill records [N, 16] and tiles [N, 4] (left, right, top, bottom; right and bottom excluded) of [first, last).

    A splat that is not seen has no tiles. The tiles are those of the square of three standard deviations, as 3DGS
    counts them, and of these the ones where alpha can reach 1/255.
    """
    focal = size / (2 * tangent)
    widest = _WIDEST * tangent
    across = (size + TILE - 1) // TILE
    for k in range(first, last):
        tiles[k, :] = 0
        mx, my, mz = float(means[k, 0]), float(means[k, 1]), float(means[k, 2])
        z = turn[2, 0] * mx + turn[2, 1] * my + turn[2, 2] * mz + shift[2]
        cutoff = shape[k, 6]
        if not (z > _NEAR and cutoff >= 0):
            continue
        px = (turn[0, 0] * mx + turn[0, 1] * my + turn[0, 2] * mz + shift[0]) / z
        py = (turn[1, 0] * mx + turn[1, 1] * my + turn[1, 2] * mz + shift[1]) / z
        u, v = focal * px + 0.5 * (size - 1), focal * py + 0.5 * (size - 1)
        fz = focal / z
        gx = -fz * min(max(px, -widest), widest)
        gy = -fz * min(max(py, -widest), widest)
        # Rows of the Jacobian times the turn: how the picture moves with the world.
        ux = fz * turn[0, 0] + gx * turn[2, 0]
        uy = fz * turn[0, 1] + gx * turn[2, 1]
        uz = fz * turn[0, 2] + gx * turn[2, 2]
        vx = fz * turn[1, 0] + gy * turn[2, 0]
        vy = fz * turn[1, 1] + gy * turn[2, 1]
        vz = fz * turn[1, 2] + gy * turn[2, 2]
        xx, xy, xz = float(shape[k, 0]), float(shape[k, 1]), float(shape[k, 2])
        yy, yz, zz = float(shape[k, 3]), float(shape[k, 4]), float(shape[k, 5])
        tx, ty, tz = xx * ux + xy * uy + xz * uz, xy * ux + yy * uy + yz * uz, xz * ux + yz * uy + zz * uz
        a = ux * tx + uy * ty + uz * tz + _DILATION
        b = vx * tx + vy * ty + vz * tz
        tx, ty, tz = xx * vx + xy * vy + xz * vz, xy * vx + yy * vy + yz * vz, xz * vx + yz * vy + zz * vz
        c = vx * tx + vy * ty + vz * tz + _DILATION
        determinant = a * c - b * b
        if not (determinant > 0 and math.isfinite(determinant)):
            continue
        middle = 0.5 * (a + c)
        radius = math.ceil(3 * math.sqrt(middle + math.sqrt(max(0.1, middle * middle - determinant))))
        spread = math.sqrt(2 * cutoff)
        reach_u, reach_v = spread * math.sqrt(a), spread * math.sqrt(c)
        low_u, high_u = math.ceil(u - reach_u), math.floor(u + reach_u)
        low_v, high_v = math.ceil(v - reach_v), math.floor(v + reach_v)
        left = max(_tile(u - radius, across), _tile(low_u, across))
        right = min(_tile(u + radius + (TILE - 1), across), _tile(high_u + TILE, across))
        top = max(_tile(v - radius, across), _tile(low_v, across))
        bottom = min(_tile(v + radius + (TILE - 1), across), _tile(high_v + TILE, across))
        if left >= right or top >= bottom:
            continue
        tiles[k, 0], tiles[k, 1], tiles[k, 2], tiles[k, 3] = left, right, top, bottom
        records[k, U], records[k, V] = u, v
        records[k, A], records[k, B], records[k, C] = 0.5 * c / determinant, -b / determinant, 0.5 * a / determinant
        records[k, OPACITY], records[k, DEPTH] = opacity[k], z
        records[k, RED], records[k, GREEN], records[k, BLUE] = rgb[k, 0], rgb[k, 1], rgb[k, 2]
        records[k, CUTOFF] = cutoff
        records[k, LOW], records[k, HIGH] = max(low_v, 0.0), min(high_v, size - 1.0)


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _tile(pixel: float, across: int) -> int:
    # Rounded towards zero as 3DGS does it: of a square that ends within a tile's first pixel the tile is left out.
    return int(min(max(pixel, 0.0), float(across * TILE)) / TILE)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def by_depth(depth_bits: NDArray[np.uint32], tiles: NDArray[np.int16]) -> NDArray[np.int32]:
    """The indices of the splats that are seen, nearest first; those equally far keep their order.

    `depth_bits` [N, RECORD] are the records' bits: of positive floats these sort as the numbers do. A radix sort.
    """
    seen = 0
    low, high = np.uint32(0xFFFFFFFF), np.uint32(0)
    order = np.empty(len(tiles), np.int32)
    for k in range(len(tiles)):
        if tiles[k, 1] > tiles[k, 0]:
            order[seen] = k
            seen += 1
            low, high = min(low, depth_bits[k, DEPTH]), max(high, depth_bits[k, DEPTH])
    keys = np.empty(seen, np.uint32)
    for at in range(seen):
        keys[at] = depth_bits[order[at], DEPTH] - low
    other_keys, other = np.empty(seen, np.uint32), np.empty(seen, np.int32)
    order = order[:seen].copy()
    starts = np.empty(1 << _DIGIT_BITS, np.int64)
    span, shift = np.int64(high) - np.int64(low), 0
    while seen and span >> shift:
        starts[:] = 0
        for at in range(seen):
            starts[(keys[at] >> np.uint32(shift)) & np.uint32((1 << _DIGIT_BITS) - 1)] += 1
        total = 0
        for digit in range(1 << _DIGIT_BITS):
            starts[digit], total = total, total + starts[digit]
        for at in range(seen):
            digit = (keys[at] >> np.uint32(shift)) & np.uint32((1 << _DIGIT_BITS) - 1)
            to = starts[digit]
            starts[digit] += 1
            other_keys[to], other[to] = keys[at], order[at]
        keys, other_keys, order, other = other_keys, keys, other, order
        shift += _DIGIT_BITS
    return order


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def draw_rows(  # noqa: PLR0913, PLR0917 - as above
    records: NDArray[np.float32],
    order: NDArray[np.int32],
    tiles: NDArray[np.int16],
    first_row: int,
    last_row: int,
    background: NDArray[np.float32],
    image: NDArray[np.float32],
    alpha: NDArray[np.float32],
    depth: NDArray[np.float32],
) -> None:
    """Draw the rows of tiles [first_row, last_row) whole: `order` and `tiles` [M, 4] nearest first."""
    across = (len(image) + TILE - 1) // TILE
    starts, lists = _per_tile(order, tiles, first_row, last_row, across)
    for row in range(first_row, last_row):
        for column in range(across):
            at = (row - first_row) * across + column
            _draw_tile(
                records, lists[starts[at] : starts[at + 1]], row * TILE, column * TILE, background, image, alpha, depth
            )


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _per_tile(
    order: NDArray[np.int32], tiles: NDArray[np.int16], first_row: int, last_row: int, across: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The splats of each tile, nearest first, all lists end to end, and where each starts. A counting sort."""
    starts = np.zeros((last_row - first_row) * across + 1, np.int64)
    for at in range(len(order)):
        for row in range(max(tiles[at, 2], first_row), min(tiles[at, 3], last_row)):
            for column in range(tiles[at, 0], tiles[at, 1]):
                starts[(row - first_row) * across + column + 1] += 1
    for tile in range(1, len(starts)):
        starts[tile] += starts[tile - 1]
    cursor = starts[:-1].copy()
    lists = np.empty(starts[-1], np.int32)
    for at in range(len(order)):
        for row in range(max(tiles[at, 2], first_row), min(tiles[at, 3], last_row)):
            for column in range(tiles[at, 0], tiles[at, 1]):
                tile = (row - first_row) * across + column
                lists[cursor[tile]] = order[at]
                cursor[tile] += 1
    return starts, lists


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _draw_tile(
    records: NDArray[np.float32],
    splats: NDArray[np.int32],
    top: int,
    left: int,
    background: NDArray[np.float32],
    image: NDArray[np.float32],
    alpha: NDArray[np.float32],
    depth: NDArray[np.float32],
) -> None:
    """Blend one tile's splats front to back until nothing shows through any more."""
    planes = np.zeros(_PLANES * _PIXELS, np.float32)
    height, width = min(TILE, len(image) - top), min(TILE, len(image) - left)
    for at in range(_PIXELS):  # pixels outside the picture are done from the start
        planes[at] = _ONE if at // TILE < height and at % TILE < width else -_ONE
    is_open = np.ones(TILE, np.bool_)
    still_open = height
    for k in splats:
        v = records[k, V] - np.float32(top)
        low, high = max(int(records[k, LOW]) - top, 0), min(int(records[k, HIGH]) - top, height - 1)
        for row in range(low, high + 1):
            if is_open[row] and not _blend(planes, row, np.float32(row) - v, np.float32(left), records, k):
                is_open[row] = False
                still_open -= 1
        if still_open == 0:
            break
    _close(planes, top, left, height, width, background, image, alpha, depth)


@njit(cache=True, nogil=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _blend(
    planes: NDArray[np.float32], row: int, dy: np.float32, left: np.float32, records: NDArray[np.float32], k: int
) -> bool:
    """Put a splat over one row of a tile; whether any of its pixels still lets light through.

    `clear` is the light a pixel still lets through, negative once the pixel is done. One loop without a branch, over
    parts of one array that are known not to overlap: so the compiler makes vectors of it.
    """
    a, constant, slope = records[k, A], records[k, C] * dy * dy, records[k, B] * dy
    start = left - records[k, U]
    cutoff, opacity, z = records[k, CUTOFF], records[k, OPACITY], records[k, DEPTH]
    red, green, blue = records[k, RED], records[k, GREEN], records[k, BLUE]
    base = np.uint64(row) * np.uint64(TILE)
    light = _ZERO
    for column in range(np.uint64(TILE)):
        at = base + column
        dx = start + np.float32(column)
        power = max((a * dx + slope) * dx + constant, _ZERO)
        x = min(power, cutoff) * _EIGHTH
        e = ((((_E5 * x + _E4) * x + _E3) * x + _E2) * x + _E1) * x + _E0
        e *= e
        e *= e
        e *= e
        share = min(opacity * e, _MOST_ALPHA)
        share = share if power <= cutoff else _ZERO
        clear = planes[at]
        before = max(clear, _ZERO)
        after = before * (_ONE - share)
        done = after < _LEAST_CLEAR
        weight = _ZERO if done else before * share
        after = -abs(clear) if done else after
        planes[at] = after
        planes[at + np.uint64(_PIXELS)] += weight * red
        planes[at + np.uint64(2 * _PIXELS)] += weight * green
        planes[at + np.uint64(3 * _PIXELS)] += weight * blue
        planes[at + np.uint64(4 * _PIXELS)] += weight * z
        light += max(after, _ZERO)
    return bool(light > _ZERO)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _close(  # noqa: PLR0913, PLR0917 - as above
    planes: NDArray[np.float32],
    top: int,
    left: int,
    height: int,
    width: int,
    background: NDArray[np.float32],
    image: NDArray[np.float32],
    alpha: NDArray[np.float32],
    depth: NDArray[np.float32],
) -> None:
    """Put the finished tile on the background and into the picture."""
    for row in range(height):
        for column in range(width):
            at = row * TILE + column
            clear = abs(planes[at])
            for band in range(3):
                color = planes[(band + 1) * _PIXELS + at] + clear * background[band]
                image[top + row, left + column, band] = min(max(color, _ZERO), _ONE)
            alpha[top + row, left + column] = _ONE - clear
            depth[top + row, left + column] = planes[4 * _PIXELS + at]
