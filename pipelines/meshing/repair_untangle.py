"""One closed surface that overlaps itself into the solid that it winds about.

manifold3d unites solids, not a solid with itself. So the body is cut by planes, around and between the places where it
crosses itself, until no piece does: near the place where two of its branches meet they are two pieces, and pieces can
be united. Where a branch crosses itself on its own, as a tube does in a bend too tight for it, no cut helps; then, and
where the volume is not the one that the winding number finds, the body is drawn anew.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.crossing import Crossings, find_crossings
from pipelines.meshing.repair_redraw import redrawn
from pipelines.meshing.repair_solids import mesh_of, solid_of, turned, union
from pipelines.meshing.topology import linked
from pipelines.meshing.winding import enclosed

SMALL_MISFIT: Final = 1e-4  # of the volume: folds of a scan, which every slicer passes over
_DEEPEST: Final = 24  # cuts, one in another
_MOST_PIECES: Final = 512
_MARGIN: Final = 1e-3  # of the diagonal, around crossing faces
_ERROR: Final = 2e-3  # of the volume: twice what the winding number's lines err by


def untangled(body: TriangleMesh) -> tuple[Any | None, bool]:
    """The solid of what the body winds about, and whether it had to be drawn anew.

    Args:
        body: A closed oriented manifold of positive volume, of a diagonal of about 1 or less.
    """
    wanted = enclosed(body).volume
    solid = solid_of(body)
    found = None if solid is None else _pieces(solid, SMALL_MISFIT * wanted, _DEEPEST)
    if found:
        whole = union([part if part.volume() > 0 else solid_of(turned(mesh_of(part))) for part in found])
        left = enclosed(mesh_of(whole))
        if abs(left.volume - wanted) <= _ERROR * wanted and left.misfit <= SMALL_MISFIT * wanted:
            return whole, False
    return solid_of(redrawn(body).mesh), True


def _pieces(solid: Any, misfit: float, depth: int) -> list[Any] | None:
    """Parts of the solid that cross by no more than `misfit` in volume; None where cuts cannot part them."""
    mesh = mesh_of(solid)
    crossings = find_crossings(mesh)
    if not crossings.crossed.any():
        return [solid]
    spots = _spots(mesh, crossings)
    found, inner = _around(solid, spots[:, 0].min(axis=0) - _MARGIN, spots[:, 1].max(axis=0) + _MARGIN)
    bodies = inner.decompose()
    if not found and len(bodies) == 1:
        bodies = [part for half in _between(inner, spots) for part in half.decompose()]
    if not bodies or not depth:
        return [solid] if enclosed(mesh).misfit <= misfit else None
    for part in bodies:
        parts = _pieces(part, misfit, depth - 1)
        if parts is None or len(found) + len(parts) > _MOST_PIECES:
            return None
        found += parts
    return found


def _spots(mesh: TriangleMesh, crossings: Crossings) -> NDArray[np.float64]:
    """Boxes around the crossing faces that hang together, each a place where branches meet. [S, 2, 3]"""
    faces = np.flatnonzero(crossings.crossed)
    number = np.zeros(len(mesh.faces), np.int64)
    number[faces] = np.arange(len(faces))
    crossing = crossings.crossed[crossings.pairs].all(axis=1)
    corners = mesh.faces[faces]
    _, corner = np.unique(corners, return_inverse=True)
    beside = np.stack([np.repeat(np.arange(len(faces)), 3), corner.reshape(-1) + len(faces)], axis=1)
    links = np.concatenate([number[crossings.pairs[crossing]], beside])
    spot = linked(links, int(links.max()) + 1)[: len(faces)]
    spot = np.unique(spot, return_inverse=True)[1].reshape(-1)
    boxes = np.empty((int(spot.max()) + 1, 2, 3))
    boxes[:, 0], boxes[:, 1] = np.inf, -np.inf
    np.minimum.at(boxes[:, 0], spot, mesh.vertices[corners].min(axis=1))
    np.maximum.at(boxes[:, 1], spot, mesh.vertices[corners].max(axis=1))
    return boxes


def _around(solid: Any, low: Any, high: Any) -> tuple[list[Any], Any]:
    """What lies outside of a box, cut off side by side, and what is in it."""
    outer = []
    for axis in range(3):
        for sign, limit in ((1.0, high[axis]), (-1.0, -low[axis])):
            normal = [0.0, 0.0, 0.0]
            normal[axis] = sign
            box = solid.bounding_box()
            if max(sign * box[axis], sign * box[axis + 3]) <= limit + _MARGIN:
                continue
            off, solid = solid.split_by_plane(normal, limit)
            if not off.is_empty():
                outer.append(off)
    return outer, solid


def _between(solid: Any, spots: NDArray[np.float64]) -> list[Any]:
    """Two parts, cut between spots; none where no plane square to an axis passes between them."""
    gap, axis, at = max(_widest_gap(spots[:, 0, k], spots[:, 1, k], k) for k in range(3))
    if not gap > 0:
        return []
    return [half for half in solid.split_by_plane(np.eye(3)[axis].tolist(), at) if not half.is_empty()]


def _widest_gap(low: NDArray[np.float64], high: NDArray[np.float64], axis: int) -> tuple[float, int, float]:
    """The widest gap between intervals, the axis, and its middle; a gap of 0 where there is none."""
    order = np.argsort(low)
    ends = np.maximum.accumulate(high[order])[:-1]
    gaps = low[order][1:] - ends
    if not len(gaps) or not gaps.max() > 0:
        return 0.0, axis, 0.0
    widest = int(np.argmax(gaps))
    return float(gaps[widest]), axis, float(ends[widest] + gaps[widest] / 2)
