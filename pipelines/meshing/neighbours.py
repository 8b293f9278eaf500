"""The nearest points of points, by a grid fitted to their spacing, and by a tree where the grid does not reach."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

THREADS: Final = 2
_PER_CELL: Final = 6.0  # of a surface's points: then 16 neighbours lie within one cell's width, nearly always
_FIRST_CELLS: Final = 64  # along the longest side, for the first guess at the spacing
_MOST_CELLS: Final = 4_000_000
_MOST_IN_CELL: Final = 400  # beyond it, as where points coincide, the tree is asked alone
_TAILS: Final = (0.005, 0.995)  # the grid covers this range of each axis, and half as much again on both sides


def in_parts(work: Callable[[int, int], None], count: int) -> None:
    """Do `work(first, last)` on all of [0, count) in as many threads as are used."""
    cuts = np.linspace(0, count, THREADS + 1).astype(int).tolist()
    with ThreadPoolExecutor(THREADS) as pool:  # the kernels release the interpreter lock
        list(pool.map(work, cuts[:-1], cuts[1:]))


class Neighbours:
    """An index of points [N, 3].

    `order` [N] is the points' order in space: who keeps the points in it touches memory in turn. Answers are indices
    into `points`, which are in that order.
    """

    def __init__(self, points: NDArray[np.floating]) -> None:
        from pipelines.meshing import point_kernels  # noqa: PLC0415 - numba loads in 0.4 s, not for every replica

        self._kernels = point_kernels
        given = np.asarray(points, np.float64)
        self._low, self._cell, self._shape = _fitted_grid(given)
        cells = np.floor(self._local(given)).astype(np.int64)
        inside = ((cells >= 0) & (cells < self._shape)).all(axis=1)
        self._is_whole = bool(inside.all())
        flat = np.ravel_multi_index(tuple(cells[inside].T), tuple(self._shape))
        order, self._starts = point_kernels.sorted_by_cell(flat, int(self._shape.prod()))
        self._is_crowded = bool(np.diff(self._starts).max(initial=0) > _MOST_IN_CELL)
        self.order: NDArray[np.int64] = np.concatenate([np.flatnonzero(inside)[order], np.flatnonzero(~inside)])
        self.points: NDArray[np.float64] = given[self.order]
        self._in_cells = self._local(self.points).astype(np.float32)
        self._tree: Any = None

    def _local(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points [N, 3] in units of a cell; those far outside the grid are drawn near, to numbers that fit."""
        return np.clip((points - self._low) / self._cell, -1.0, self._shape + 1.0)

    def only(self, kept: NDArray[np.bool_]) -> "Neighbours":
        """The index of those points for which `kept` [N] holds, in the same order."""
        subset = copy(self)
        in_grid = self._starts[-1]
        before = np.concatenate([[0], np.cumsum(kept[:in_grid])])
        subset._starts = before[self._starts]
        subset.order, subset.points, subset._in_cells = self.order[kept], self.points[kept], self._in_cells[kept]
        subset._is_whole = bool(kept[in_grid:].sum() == 0)
        subset._tree = None
        return subset

    def nearest(self, queries: NDArray[np.floating], count: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Index and distance [M, K] of the `count` points nearest to each query [M, 3], ascending."""
        count = min(count, len(self.points))
        asked = np.asarray(queries, np.float64)
        index = np.full((len(asked), count), -1, np.int32)
        squared = np.full((len(asked), count), np.inf, np.float32)
        if not self._is_crowded:
            scene = (self._in_cells, self._starts, self._shape, self._is_whole, self._local(asked).astype(np.float32))

            def part(first: int, last: int) -> None:
                self._kernels.nearest(*scene, first, last, index, squared)

            in_parts(part, len(asked))
        distance = self._cell * np.sqrt(squared.astype(np.float64))
        left = np.flatnonzero(index[:, -1] < 0)
        if len(left):
            distance[left], index[left] = self._by_tree(asked[left], count)
        return index, distance

    def _by_tree(self, queries: NDArray[np.float64], count: int) -> tuple[Any, Any]:
        from scipy.spatial import cKDTree  # noqa: PLC0415 - loaded by those replicas that make solids

        if self._tree is None:
            self._tree = cKDTree(self.points, balanced_tree=False)
        distance, index = self._tree.query(queries, k=np.arange(1, count + 1), workers=THREADS)
        return distance, index


def _fitted_grid(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, NDArray[np.int64]]:
    """Low corner, cell edge and shape of a grid over nearly all points; cells with points hold about `_PER_CELL`."""
    few = points[:: max(1, len(points) // 8192)]
    low, high = np.quantile(few, _TAILS, axis=0)
    low, high = low - 0.5 * (high - low), high + 0.5 * (high - low)
    low, high = np.maximum(low, points.min(axis=0)), np.minimum(high, points.max(axis=0))
    extent = high - low
    longest = float(extent.max())
    if not longest > 0:
        return low, 1.0, np.ones(3, np.int64)
    cell = longest / _FIRST_CELLS
    coarse = np.floor((points - low) / cell)
    coarse = coarse[((coarse >= 0) & (coarse <= _FIRST_CELLS)).all(axis=1)].astype(np.int64)
    taken = np.zeros((_FIRST_CELLS + 1) ** 3, bool)
    taken[coarse @ np.array([(_FIRST_CELLS + 1) ** 2, _FIRST_CELLS + 1, 1])] = True
    # Of a surface the cells that are taken grow with the square of their number along a side.
    cell *= float(np.sqrt(_PER_CELL * max(int(taken.sum()), 1) / len(points)))
    cell = max(cell, float(np.prod(np.maximum(extent, longest / 1024)) / _MOST_CELLS) ** (1 / 3))
    # A hair beyond the highest point, which else would lie outside the last cell.
    return low, cell, np.floor(extent / cell + 1e-6).astype(np.int64) + 1
