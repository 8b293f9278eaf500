"""Gaussians drawn on the CPU as 3DGS draws them: depth-sorted, in tiles, on several threads.

Source: Kerbl et al., "3D Gaussian Splatting" (2023); the constants and the rules for tiles, near plane and early stop
are those of section A.8 of the models' specification.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.cameras import world_to_opencv
from pipelines.geometry import Gaussians
from pipelines.splats.scene import Rendering, Shot

_BANDS_PER_THREAD: Final = 8  # so that a thread which drew the empty margins helps with the middle
_THREADS_MAX: Final = 8  # a picture of 65,536 splats is 30 ms of work: more threads cost more to start than they save


class CpuScene:
    """Gaussians with what every camera shares."""

    def __init__(self, gaussians: Gaussians, threads: int | None = None) -> None:
        from pipelines.splats import kernels  # noqa: PLC0415 - numba loads in 0.4 s, which not every replica should pay

        self._kernels = kernels
        self._threads = threads or min(_usable_cores(), _THREADS_MAX)
        parts = (gaussians.means, gaussians.opacity, gaussians.rgb, gaussians.scaling, gaussians.rotation)
        self._means, self._opacity, self._rgb, scaling, rotation = (np.ascontiguousarray(p, np.float32) for p in parts)
        self._shape = np.empty((len(gaussians), 7), np.float32)
        kernels.prepare(scaling, rotation, self._opacity, self._shape)

    def draw(self, shot: Shot) -> Rendering:
        """One picture, to the bit the same whatever the number of threads."""
        if self._threads == 1:
            return self._draw(shot, _in_turn)
        with ThreadPoolExecutor(self._threads) as pool:  # the kernels release the interpreter lock

            def together(work: _Work, count: int, parts: int) -> None:
                cuts = _cuts(count, parts)
                list(pool.map(work, cuts[:-1], cuts[1:]))

            return self._draw(shot, together)

    def draw_all(self, shots: Iterable[Shot]) -> Iterator[Rendering]:
        """Pictures in order, one thread to each, no more of them ahead than there are threads."""
        with ThreadPoolExecutor(self._threads) as pool:
            ahead: deque[Future[Rendering]] = deque()
            for shot in shots:
                ahead.append(pool.submit(self._draw, shot, _in_turn))
                if len(ahead) > self._threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _draw(self, shot: Shot, spread: "_Spread") -> Rendering:
        draw_rows, size = self._kernels.draw_rows, shot.size
        records, tiles = self._projected(shot, spread)
        order = self._kernels.by_depth(records.view(np.uint32), tiles)
        spans, paper = tiles[order], np.asarray(shot.background, np.float32)
        image, alpha, depth = (np.empty(shape, np.float32) for shape in ((size, size, 3), (size, size), (size, size)))

        def band(first: int, last: int) -> None:
            draw_rows(records, order, spans, first, last, paper, image, alpha, depth)

        spread(band, -(-size // self._kernels.TILE), _BANDS_PER_THREAD * self._threads)
        return Rendering(image, alpha, depth)

    def _projected(self, shot: Shot, spread: "_Spread") -> tuple[NDArray[np.float32], NDArray[np.int16]]:
        """Records and tiles of all Gaussians, in their own order."""
        records = np.empty((len(self._means), self._kernels.RECORD), np.float32)
        tiles = np.empty((len(self._means), 4), np.int16)
        turn, shift = world_to_opencv(shot.c2w)
        view = (np.ascontiguousarray(turn), shift, float(np.tan(np.deg2rad(shot.fovy_deg) / 2)), shot.size)
        splats = (self._means, self._shape, self._opacity, self._rgb)

        def part(first: int, last: int) -> None:
            self._kernels.project(*splats, *view, first, last, records, tiles)

        spread(part, len(records), self._threads)
        return records, tiles


_Work = Callable[[int, int], None]  # on what lies between two cuts
_Spread = Callable[[_Work, int, int], None]  # does so much work in so many parts


def _in_turn(work: _Work, count: int, parts: int) -> None:
    for first, last in pairwise(_cuts(count, parts)):
        work(first, last)


def _cuts(count: int, parts: int) -> list[int]:
    """Where to cut `count` things into at most `parts` parts, none of them empty; [0] where there is nothing."""
    return sorted({count * part // parts for part in range(parts + 1)})


def _usable_cores() -> int:
    """Those that this process may run on, which in a container are often fewer than there are."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
