"""The compiled loops over grids that make splats solid; see `point_kernels` for how they are compiled and run."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def add_points(at: NDArray[np.float64], weights: NDArray[np.float64], grid: NDArray[np.float32]) -> None:
    """Spread each weight [N] over the 8 nodes about its voxel coordinate [N, 3], all of them inside the grid."""
    for p in range(len(at)):
        i, j, k = int(at[p, 0]), int(at[p, 1]), int(at[p, 2])
        x, y, z = at[p, 0] - i, at[p, 1] - j, at[p, 2] - k
        for a in range(2):
            wx = weights[p] * (x if a else 1.0 - x)
            for b in range(2):
                wy = wx * (y if b else 1.0 - y)
                grid[i + a, j + b, k] += wy * (1.0 - z)
                grid[i + a, j + b, k + 1] += wy * z


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def add_divergence(at: NDArray[np.float64], flow: NDArray[np.float64], grid: NDArray[np.float32]) -> None:
    """Add the divergence of vectors [N, 3] at voxel coordinates [N, 3], each component spread on its staggered grid."""
    offset, step = np.zeros(3), np.zeros(3, np.int64)
    for axis in range(3):
        offset[:] = 0.0
        offset[axis] = 0.5  # this component lives half a voxel further along its own axis
        step[:] = 0
        step[axis] = 1
        for p in range(len(at)):
            x, y, z = at[p, 0] - offset[0], at[p, 1] - offset[1], at[p, 2] - offset[2]
            i, j, k = math.floor(x), math.floor(y), math.floor(z)
            x, y, z = x - i, y - j, z - k
            for a in range(2):
                wx = flow[p, axis] * (x if a else 1.0 - x)
                for b in range(2):
                    wy = wx * (y if b else 1.0 - y)
                    for c in range(2):
                        value = wy * (z if c else 1.0 - z)
                        grid[i + a, j + b, k + c] += value
                        grid[i + a + step[0], j + b + step[1], k + c + step[2]] -= value


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def trilinear(grid: NDArray[np.float32], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values [N] at voxel coordinates [N, 3]; those outside are moved to the border."""
    found = np.empty(len(at))
    for p in range(len(at)):
        x = min(max(at[p, 0], 0.0), grid.shape[0] - 1.001)
        y = min(max(at[p, 1], 0.0), grid.shape[1] - 1.001)
        z = min(max(at[p, 2], 0.0), grid.shape[2] - 1.001)
        i, j, k = int(x), int(y), int(z)
        x, y, z = x - i, y - j, z - k
        total = 0.0
        for a in range(2):
            wx = x if a else 1.0 - x
            for b in range(2):
                wy = wx * (y if b else 1.0 - y)
                total += wy * (grid[i + a, j + b, k] * (1.0 - z) + grid[i + a, j + b, k + 1] * z)
        found[p] = total
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def solve_rows(  # noqa: PLR0913, PLR0917 - compiled code takes arrays, and its scalars stay in registers
    spectrum: NDArray[np.complex64],
    stiffness_x: NDArray[np.float32],
    stiffness_y: NDArray[np.float32],
    stiffness_z: NDArray[np.float32],
    damping_x: NDArray[np.float32],
    damping_y: NDArray[np.float32],
    damping_z: NDArray[np.float32],
    first: int,
    last: int,
) -> None:
    """Divide the rows [first, last) of a spectrum by the Laplacian and damp them; the free constant becomes zero."""
    for i in range(first, last):
        for j in range(spectrum.shape[1]):
            base, damping = stiffness_x[i] + stiffness_y[j], damping_x[i] * damping_y[j]
            for k in range(spectrum.shape[2]):
                laplacian = base + stiffness_z[k]
                share = damping * damping_z[k] / laplacian if laplacian > 0 else np.float32(0)
                spectrum[i, j, k] *= share


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def blur(grid: NDArray[np.float32], passes: int) -> None:
    """Average each value with its neighbours, 1 2 1 along each axis, in place: each pass adds a variance of 1/2."""
    quarter, half = np.float32(0.25), np.float32(0.5)
    before, row = np.empty(grid.shape[1:], np.float32), np.empty(grid.shape[1:], np.float32)
    for _ in range(passes):
        before[:] = grid[0]
        for i in range(1, grid.shape[0] - 1):
            row[:] = grid[i]
            for j in range(grid.shape[1]):
                for k in range(grid.shape[2]):
                    grid[i, j, k] = quarter * (before[j, k] + grid[i + 1, j, k]) + half * row[j, k]
            before, row = row, before
        for i in range(grid.shape[0]):
            before[:] = grid[i]
            for j in range(1, grid.shape[1] - 1):
                for k in range(grid.shape[2]):
                    row[j, k] = quarter * (before[j - 1, k] + before[j + 1, k]) + half * before[j, k]
            row[0], row[-1] = before[0], before[-1]
            for j in range(grid.shape[1]):
                grid[i, j, 0], grid[i, j, -1] = row[j, 0], row[j, -1]
                for k in range(1, grid.shape[2] - 1):
                    grid[i, j, k] = quarter * (row[j, k - 1] + row[j, k + 1]) + half * row[j, k]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask with all 26 neighbours of its voxels, except on the border, which stays as it is."""
    along = mask.copy()
    for i in range(1, mask.shape[0] - 1):
        for j in range(mask.shape[1]):
            for k in range(mask.shape[2]):
                along[i, j, k] = mask[i - 1, j, k] | mask[i, j, k] | mask[i + 1, j, k]
    found = mask.copy()
    row = np.empty(mask.shape[2], np.bool_)
    for i in range(1, mask.shape[0] - 1):
        for j in range(1, mask.shape[1] - 1):
            for k in range(mask.shape[2]):
                row[k] = along[i, j - 1, k] | along[i, j, k] | along[i, j + 1, k]
            for k in range(1, mask.shape[2] - 1):
                found[i, j, k] = row[k - 1] | row[k] | row[k + 1]
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def lit(free: NDArray[np.bool_], slopes: NDArray[np.float64]) -> NDArray[np.uint8]:
    """From how many of 2 * S^2 directions along the first axis, both ways, light reaches each voxel.

    `slopes` [S] is how far a ray moves along the second and third axis per voxel of the first, within [-1, 1].
    """
    depth, rows, columns = free.shape
    seen = np.zeros(free.shape, np.uint8)
    # A frame of light about each slice: what moves in from the border has seen the open air.
    light, moved = np.ones((rows + 2, columns + 2), np.uint8), np.ones((rows + 2, columns + 2), np.uint8)
    for is_reverse in range(2):
        for slope_a in slopes:
            for slope_b in slopes:
                light[:] = 1
                for step in range(depth):
                    k = depth - 1 - step if is_reverse else step
                    da = int(np.rint(slope_a * (step + 1)) - np.rint(slope_a * step))
                    db = int(np.rint(slope_b * (step + 1)) - np.rint(slope_b * step))
                    for a in range(rows):
                        for b in range(columns):
                            moved[a + 1, b + 1] = light[a + 1 - da, b + 1 - db] & free[k, a, b]
                            seen[k, a, b] += moved[a + 1, b + 1]
                    light, moved = moved, light
    return seen


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def refine_crossings(vertices: NDArray[np.float32], field: NDArray[np.float32], level: float) -> None:
    """Move vertices [V, 3] found on every second node of a field to where the whole field crosses the level.

    A vertex stays on its edge, two voxels long, and so the surface stays what it was but for its shape.
    """
    node, step = np.empty(3, np.int64), np.empty(3, np.int64)
    for v in range(len(vertices)):
        axis, between = -1, 0
        for a in range(3):
            node[a] = 2 * int(vertices[v, a] / 2)
            if vertices[v, a] != node[a]:
                axis, between = a, between + 1
        if between != 1 or node[axis] + 2 >= field.shape[axis]:
            continue
        step[:] = 0
        step[axis] = 1
        i, j, k = node
        low = field[i, j, k] - level
        middle = field[i + step[0], j + step[1], k + step[2]] - level
        high = field[i + 2 * step[0], j + 2 * step[1], k + 2 * step[2]] - level
        if (low > 0) != (middle > 0):
            vertices[v, axis] = node[axis] + low / (low - middle)
        elif (middle > 0) != (high > 0):
            vertices[v, axis] = node[axis] + 1 + middle / (middle - high)
