"""The compiled loops that ask how much of lamp and sky a place gets.

Compiled on first use and kept on disk; one thread each, without Python's lock. What is compiled here calls nothing of
another file: numba would not notice that it changed. Light comes from directions, each with a map of how far the body
reaches along it: what lies deeper than the map is in the shade.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_GROUPS: Final = 4  # neighbouring places ask different maps: each asks a quarter of them
_BOUNCE: Final = 0.42  # of the sky's light comes back from the ground
_JITTER: Final = 0.5  # of a texel, so that edges of the maps are not seen as stairs


class Lights(NamedTuple):
    """Where light comes from, and what stands in its way."""

    lamps: NDArray[np.float32]  # [K, 4, 4] rows: texels aside, texels down, along, each with its offset; the lift
    lamp_reach: NDArray[np.float32]  # [K, 1, S, S] how far the body reaches along each
    sky: NDArray[np.float32]  # as the lamps
    sky_reach: NDArray[np.float32]  # [K, 2, S, S] along each and against it


class Surface(NamedTuple):
    """What the pixels of a picture show of a body."""

    places: NDArray[np.float32]  # [H, W, 3]
    normals: NDArray[np.float32]  # [H, W, 3]
    weights: NDArray[np.float32]  # [H, W, 2] of the second and third corner of the face
    shares: NDArray[np.float32]  # [H, W, 2] of the lamp and the sky that get there; the first is -1 where nothing is


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def ask_surface(surface: Surface, lights: Lights, first_row: int, last_row: int) -> None:
    """Fill the shares of those pixels in rows [first_row, last_row) whose first share is not negative."""
    for row in range(first_row, last_row):
        for column in range(surface.shares.shape[1]):
            if surface.shares[row, column, 0] < 0:
                continue
            at, normal = surface.places[row, column], surface.normals[row, column]
            place = (float(at[0]), float(at[1]), float(at[2]))
            turn = (float(normal[0]), float(normal[1]), float(normal[2]))
            surface.shares[row, column, 0] = _lamp(lights.lamps, lights.lamp_reach, place, turn, 1.0, row, column)
            surface.shares[row, column, 1] = _sky(lights.sky, lights.sky_reach, place, turn, 1.0, row, column)[0]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def ask_ground(
    eye: NDArray[np.float64],
    axes: NDArray[np.float64],
    half_width: float,
    reach: float,
    lights: Lights,
    first_row: int,
    last_row: int,
    ground: NDArray[np.float32],
) -> None:
    """Fill rows of `ground` [3, R, R], a picture of the ground z = 0 without the body.

    How much of lamp and sky each place lacks, fading out towards `reach`; and how high above it hangs what shades it.
    """
    size = ground.shape[2]
    for row in range(first_row, last_row):
        down = ((row + 0.5) * (2.0 / size) - 1.0) * half_width
        for column in range(size):
            for part in range(3):
                ground[part, row, column] = 0.0
            aside = ((column + 0.5) * (2.0 / size) - 1.0) * half_width
            fall = -(axes[2, 2] + aside * axes[0, 2] - down * axes[1, 2])
            if fall < 1e-3 or eye[2] <= 0:
                continue
            far = eye[2] / fall
            x = eye[0] + far * (axes[2, 0] + aside * axes[0, 0] - down * axes[1, 0])
            y = eye[1] + far * (axes[2, 1] + aside * axes[0, 1] - down * axes[1, 1])
            fade = min(max(reach - math.sqrt(x * x + y * y), 0.0), 1.0)
            if fade > 0:
                place, up = (x, y, 0.0), (0.0, 0.0, 1.0)
                sky, height = _sky(lights.sky, lights.sky_reach, place, up, 0.0, row, column)
                ground[0, row, column] = fade * (
                    1.0 - _lamp(lights.lamps, lights.lamp_reach, place, up, 0.0, row, column)
                )
                ground[1, row, column], ground[2, row, column] = fade * (1.0 - sky), height


@njit(cache=True, nogil=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator]
def _lamp(
    lamps: NDArray[np.float32],
    reach: NDArray[np.float32],
    place: tuple[float, float, float],
    normal: tuple[float, float, float],
    lift: float,
    row: int,
    column: int,
) -> float:
    """The share of the lamp's disc that a place sees."""
    each, samples = len(lamps) // _GROUPS, reach.shape[3]
    group, aside, down = _asked(row, column)
    free = 0
    for k in range(group * each, (group + 1) * each):
        off = lift * lamps[k, 3, 0]
        x, y, z = place[0] + off * normal[0], place[1] + off * normal[1], place[2] + off * normal[2]
        left = lamps[k, 0, 0] * x + lamps[k, 0, 1] * y + lamps[k, 0, 2] * z + lamps[k, 0, 3] + aside
        top = lamps[k, 1, 0] * x + lamps[k, 1, 1] * y + lamps[k, 1, 2] * z + lamps[k, 1, 3] + down
        depth = lamps[k, 2, 0] * x + lamps[k, 2, 1] * y + lamps[k, 2, 2] * z + lamps[k, 2, 3]
        inside = left >= 0.0 and top >= 0.0 and left < samples and top < samples
        free += not inside or reach[k, 0, int(top), int(left)] <= depth
    return free / each


@njit(cache=True, nogil=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator]
def _sky(
    sky: NDArray[np.float32],
    reach: NDArray[np.float32],
    place: tuple[float, float, float],
    normal: tuple[float, float, float],
    lift: float,
    row: int,
    column: int,
) -> tuple[float, float]:
    """Light from the room at a place, 1 for an open sky, less for what comes back from the ground; height of its shade.

    Each map answers for the one of its axis' two directions that lies before the surface.
    """
    each, samples = len(sky) // _GROUPS, reach.shape[3]
    group, aside, down = _asked(row, column)
    total, most, height = 0.0, 1e-9, 0.0
    for k in range(group * each, (group + 1) * each):
        cosine = sky[k, 2, 0] * normal[0] + sky[k, 2, 1] * normal[1] + sky[k, 2, 2] * normal[2]
        off = lift * sky[k, 3, 0]
        x, y, z = place[0] + off * normal[0], place[1] + off * normal[1], place[2] + off * normal[2]
        left = sky[k, 0, 0] * x + sky[k, 0, 1] * y + sky[k, 0, 2] * z + sky[k, 0, 3] + aside
        top = sky[k, 1, 0] * x + sky[k, 1, 1] * y + sky[k, 1, 2] * z + sky[k, 1, 3] + down
        depth = sky[k, 2, 0] * x + sky[k, 2, 1] * y + sky[k, 2, 2] * z + sky[k, 2, 3]
        inside = left >= 0.0 and top >= 0.0 and left < samples and top < samples
        upwards, weight = cosine >= 0.0, abs(cosine)
        side, depth = (0, depth) if upwards else (1, -depth)
        most += weight
        if not inside or reach[k, side, int(top), int(left)] <= depth:
            total += weight if upwards else weight * _BOUNCE
        elif upwards:
            height += weight * max(-reach[k, 1, int(top), int(left)] - depth, 0.0)
    return total / most, height / most


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _asked(row: int, column: int) -> tuple[int, float, float]:
    """Which maps a pixel asks, and how far from its own texel: over a tile of 4 x 4 all are asked from all around."""
    return (
        row % 2 * 2 + column % 2,
        _JITTER * (column // 2 % 2) - 0.5 * _JITTER,
        _JITTER * (row // 2 % 2) - 0.5 * _JITTER,
    )


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def averaged(plane: NDArray[np.float32], least: int, most: int, step: int) -> NDArray[np.float32]:
    """The mean of a square over offsets from `least` to `most` along both axes; the border goes on beyond itself."""
    size = len(plane)
    scale = np.float32(1.0 / ((most - least) // step + 1))
    rows, both = np.empty((size, size), np.float32), np.empty((size, size), np.float32)
    for row in range(size):
        for column in range(size):
            total = np.float32(0)
            for offset in range(least, most + 1, step):
                total += plane[min(max(row + offset, 0), size - 1), column]
            rows[row, column] = total
        for column in range(size):
            total = np.float32(0)
            for offset in range(least, most + 1, step):
                total += rows[row, min(max(column + offset, 0), size - 1)]
            both[row, column] = total * scale * scale
    return both
