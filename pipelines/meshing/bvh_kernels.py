"""The compiled loops over hierarchies of boxes; see `point_kernels` for how they are compiled and run."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _spread(value: int) -> int:
    """The low 21 bits with two zeros before each."""
    value &= 0x1FFFFF
    value = (value | value << 32) & 0x1F00000000FFFF
    value = (value | value << 16) & 0x1F0000FF0000FF
    value = (value | value << 8) & 0x100F00F00F00F00F
    value = (value | value << 4) & 0x10C30C30C30C30C3
    return (value | value << 2) & 0x1249249249249249


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def morton_codes(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place of each face's middle on Morton's curve through [-0.5, 0.5]^3. [F]"""
    codes = np.empty(len(faces), np.int64)
    for f in range(len(faces)):
        code = 0
        for axis in range(3):
            middle = (vertices[faces[f, 0], axis] + vertices[faces[f, 1], axis] + vertices[faces[f, 2], axis]) / 3.0
            cell = min(max(int((middle + 0.5) * 2097152.0), 0), 2097151)
            code |= _spread(cell) << axis
        codes[f] = code
    return codes


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def boxes(corners: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Low and high corner of every node's faces, [2 L - 1, 2, 3]; an empty leaf's box is inside out."""
    leaves = len(starts) - 1
    found = np.empty((2 * leaves - 1, 2, 3))
    for leaf in range(leaves):
        node = leaves - 1 + leaf
        found[node, 0], found[node, 1] = np.inf, -np.inf
        for f in range(starts[leaf], starts[leaf + 1]):
            for corner in range(3):
                for axis in range(3):
                    found[node, 0, axis] = min(found[node, 0, axis], corners[f, corner, axis])
                    found[node, 1, axis] = max(found[node, 1, axis], corners[f, corner, axis])
    for node in range(leaves - 2, -1, -1):
        for axis in range(3):
            found[node, 0, axis] = min(found[2 * node + 1, 0, axis], found[2 * node + 2, 0, axis])
            found[node, 1, axis] = max(found[2 * node + 1, 1, axis], found[2 * node + 2, 1, axis])
    return found
