"""Where a surface crosses itself."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.bvh import hierarchy
from pipelines.meshing.neighbours import THREADS, in_parts

TOLERANCE: Final = 2e-7  # of the longest side: what 32 bits cannot tell apart
_MOST_PAIRS: Final = 1_000_000  # that are kept
_MOST_TESTS: Final = 8_000_000  # and a hundred a face: sound surfaces need twenty, soups of large triangles millions


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Pairs of faces that meet otherwise than as neighbours do.

    Faces pierce each other where they meet in a line that runs through both. They touch where that line is an edge of
    one of them, which may or may not go on through the other. In one plane they overlap, looking the same way, or
    face each other, as two bodies do that stand one on the other. Faces that meet in a point or edge to edge do
    neither, and faces narrower than the tolerance are passed over.
    """

    pairs: NDArray[np.int64]  # [P, 2] faces of the mesh, the lower first; some million at most
    piercing: int  # pairs, those not kept included
    touching: int
    overlapping: int
    facing: int
    crossed: NDArray[np.bool_]  # [F] faces that pierce or overlap another
    touched: NDArray[np.bool_]  # [F] faces that meet another in any of the four ways
    complete: bool  # whether all pairs were looked at

    @property
    def count(self) -> int:
        """Pairs that pierce or overlap."""
        return self.piercing + self.overlapping


def find_crossings(mesh: TriangleMesh) -> Crossings:
    """All pairs of faces that cross, touch or lie on each other.

    Args:
        mesh: Any triangles; connected or not. Lengths up to 2e-7 of the longest side are none.

    Returns:
        Faces are those of the mesh, in its order. Time and memory are bounded: a soup of which most triangles cross
        is not looked at to its end, and says so.

    Source:
        Moeller 1997 for the test, in float64; compared pair by pair with rational arithmetic in the tests.
    """
    from pipelines.meshing import crossing_kernels as kernels  # noqa: PLC0415 - numba loads in 0.4 s

    count = len(mesh.faces)
    if not count:
        none = np.zeros(0, np.bool_)
        return Crossings(np.zeros((0, 2), np.int64), 0, 0, 0, 0, none, none, True)
    tree = hierarchy(mesh)
    normals = kernels.unit_normals(tree.corners, TOLERANCE)
    found = [_Found(count) for _ in range(THREADS)]
    leaves = len(tree.starts) - 1

    def part(first: int, last: int) -> None:
        mine = found[first * THREADS // leaves]
        whole = kernels.meeting_pairs(
            tree.corners, normals, tree.starts, tree.boxes, first, last,
            TOLERANCE, (_MOST_TESTS + 100 * count) // THREADS, mine.pairs, mine.marks, mine.counts,
        )  # fmt: skip
        mine.complete &= whole

    in_parts(part, leaves)
    return _gathered(found, tree.order)


class _Found:
    """What one thread finds, in the order of the hierarchy."""

    def __init__(self, count: int) -> None:
        self.pairs = np.full((min(_MOST_PAIRS // THREADS, 50 * count), 3), -1, np.int32)
        self.marks = np.zeros(count, np.uint8)
        self.counts = np.zeros(5, np.int64)
        self.complete = True


def _gathered(found: list[_Found], order: NDArray[np.int64]) -> Crossings:
    from pipelines.meshing.crossing_kernels import OVERLAPS, PIERCES  # noqa: PLC0415 - as above

    rows = np.concatenate([one.pairs[one.pairs[:, 2] >= 0] for one in found])
    marks = np.zeros(len(order), np.uint8)
    marks[order] = np.bitwise_or.reduce([one.marks for one in found])
    _, piercing, touching, overlapping, facing = np.sum([one.counts for one in found], axis=0).tolist()
    return Crossings(
        pairs=np.sort(order[rows[:, :2]], axis=1),
        piercing=piercing,
        touching=touching,
        overlapping=overlapping,
        facing=facing,
        crossed=(marks & (1 << PIERCES | 1 << OVERLAPS)) > 0,
        touched=marks > 0,
        complete=all(one.complete for one in found),
    )
