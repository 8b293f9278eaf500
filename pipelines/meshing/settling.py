"""Oriented points made to agree with the solid that most of them outline."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.meshing.poisson import OrientedPoints, indicator

_RESOLUTION: Final = 96
_SMOOTHING: Final = 1.5  # voxels
_ROUNDS: Final = 3
_AGREED: Final = 1e-3  # share of the points that may turn in a round of an evidence that has settled
_ON_SURFACE: Final = (0.15, 1.7)  # of the surface's value: 0 is the air, 2 the inside, 1.5 an inner edge, 1.75 a corner


def settled(points: OrientedPoints) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Normals [N, 3] turned to agree with a coarse solid, and which points [N] lie on its surface.

    The normals are turned to the solid that they outline, over and over: a few that were wrong are outvoted, and
    points within the solid, which splats that nobody sees can be, are found. Where that does not come to rest, as in
    walls as thin as the noise, nothing is changed.

    Source: Hou et al., "Iterative Poisson Surface Reconstruction (iPSR) for Unoriented Points" (2022), in which the
    first normals are random.
    """
    from pipelines.meshing.grid_kernels import trilinear  # noqa: PLC0415 - numba loads in 0.4 s, not for every replica

    normals, is_kept = points.normals, np.ones(len(points.areas), bool)
    for _ in range(_ROUNDS):
        grid, field = indicator(
            OrientedPoints(points.positions, normals, points.areas * is_kept), _RESOLUTION, _SMOOTHING
        )
        at = grid.coordinates(points.positions)
        value, air = trilinear(field, at), float(field[0, 0, 0])
        level = float(np.average(value[is_kept], weights=points.areas[is_kept]))
        if not level > air:
            break
        inwards = trilinear(field, at - normals) - trilinear(field, at + normals)
        normals = np.where(inwards[:, None] < 0, -normals, normals)
        share = (value - air) / (level - air)
        is_kept = (share > _ON_SURFACE[0]) & (share < _ON_SURFACE[1])
        if not is_kept.any():
            break
        if (inwards < 0).mean() < _AGREED:
            return normals, is_kept
    return points.normals, np.ones(len(points.areas), bool)
