"""How often a surface winds around a point: the test of inside and outside that also holds for broken surfaces."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.bvh import Bvh, hierarchy
from pipelines.meshing.neighbours import in_parts

_LINES: Final = 384  # along the longest side: volumes are good to 0.1 %
_OFF_NODES: Final = np.array([0.31830989, 0.14159265, 0.41421356])  # of a step: lines that meet no vertex of a CAD part


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Where the lines of a grid along one axis meet a surface; see `winding_kernels.lines_through`."""

    axis: int
    starts: NDArray[np.int64]
    heights: NDArray[np.float64]
    signs: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Enclosed:
    """What a closed surface encloses, in cubed units of its vertices."""

    volume: float  # where the winding number is not 0: what a union keeps
    misfit: float  # how much the winding numbers differ from 0 and 1 in all: 0 for a surface that crosses nowhere


def lines_through(vertices: NDArray[np.float64], mesh: TriangleMesh, axis: int, shape: tuple[int, int, int]) -> Lines:
    """The grid's lines along an axis, and where they meet the mesh, whose vertices [V, 3] are given in grid units."""
    from pipelines.meshing import winding_kernels  # noqa: PLC0415 - numba loads in 0.4 s, not for every replica

    return Lines(axis, *winding_kernels.lines_through(vertices, mesh.faces, axis, np.array(shape)))


def enclosed(mesh: TriangleMesh) -> Enclosed:
    """Volume and misfit of a closed surface, good to 0.1 % of what a box around it holds."""
    from pipelines.meshing.winding_kernels import lengths_inside  # noqa: PLC0415 - as above

    low = mesh.vertices.min(axis=0)
    step = float(mesh.size.max()) / _LINES
    vertices = np.ascontiguousarray((mesh.vertices - low) / step + _OFF_NODES)
    nodes = np.ceil(vertices.max(axis=0)).astype(int) + 1
    lines = lines_through(vertices, mesh, int(np.argmax(mesh.size)), (int(nodes[0]), int(nodes[1]), int(nodes[2])))
    inside, misfit = lengths_inside(lines.starts, lines.heights, lines.signs)
    return Enclosed(inside * step**3, misfit * step**3)


def windings(mesh: TriangleMesh, points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Generalised winding number of points [N, 3]: 1 inside of a closed surface, 0 outside, between where it is open.

    Source: Barill et al. 2018; errs by about 0.02.
    """
    return WindingField(mesh).at(points)


class WindingField:
    """The winding number of one mesh anywhere."""

    def __init__(self, mesh: TriangleMesh) -> None:
        from pipelines.meshing import winding_kernels as kernels  # noqa: PLC0415 - as above

        self._kernels = kernels
        self._tree: Bvh = hierarchy(mesh)
        self._middle, self._flow, self._radius = kernels.dipoles(self._tree.corners, self._tree.starts)
        kernels.reaches(self._middle, self._tree.boxes, self._radius)

    def at(self, points: NDArray[np.float64]) -> NDArray[np.float32]:
        """Of points [N, 3] in the mesh's frame."""
        found, asked = np.empty(len(points), np.float32), self._tree.local(points)

        def part(first: int, last: int) -> None:
            self._kernels.windings_at(
                self._tree.corners, self._tree.starts, self._middle, self._flow, self._radius, asked, first, last, found
            )

        in_parts(part, len(points))
        return found
