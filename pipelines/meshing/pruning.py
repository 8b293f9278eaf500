"""Which Gaussians lie on the surface."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, NotSolid
from pipelines.geometry import Gaussians
from pipelines.meshing.neighbours import Neighbours
from pipelines.meshing.orientation import NEIGHBOURS, Neighbourhoods, neighbourhoods

_MIN_OPACITY: Final = 0.3  # below it lie the floaters of every optimiser
_FEWEST: Final = 64  # Gaussians that can outline a solid at all
_MOST: Final = 262_144  # beyond it splats are finer than any voxel, and neighbour search takes the time
_ISOLATED: Final = 4.0  # times the median distance to the 8th neighbour
_FLAT: Final = 1e-5  # of the longest axis: a cloud no thicker is a plane or a line, up to the rounding of 32 bits


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceSplats:
    """Opaque Gaussians in good company, in the order of `neighbours`."""

    gaussians: Gaussians
    chosen: NDArray[np.int64]  # [N] which of those given they are
    neighbours: Neighbours
    near: Neighbourhoods
    isolated: int  # opaque ones that were left out because they stand alone


def surface_splats(gaussians: Gaussians) -> SurfaceSplats:
    """The Gaussians that outline the object.

    Raises:
        EmptyGeometry: fewer than are needed, or without extent in some direction.
        NotSolid: values that are not finite.
    """
    for array in (gaussians.means, gaussians.opacity, gaussians.scaling, gaussians.rotation, gaussians.rgb):
        if not np.isfinite(array).all():
            raise NotSolid("The Gaussians hold values that are not finite.")
    opaque = _opaque(gaussians)
    neighbours = Neighbours(gaussians.means[opaque])
    near = neighbourhoods(neighbours)
    if not near.distance[:, 0].all():  # what lies on one spot counts once: else it would have no area of its own
        _, first = np.unique(gaussians.means[opaque], axis=0, return_index=True)
        opaque = opaque[np.sort(first)]
        _check_count(len(opaque), len(gaussians))
        neighbours = Neighbours(gaussians.means[opaque])
        near = neighbourhoods(neighbours)
    reach = near.distance[:, NEIGHBOURS // 2 - 1]
    kept = reach <= _ISOLATED * np.median(reach)
    isolated = len(kept) - int(kept.sum())
    chosen = opaque[neighbours.order[kept]]
    if isolated:
        neighbours, near = neighbours.only(kept), _only(near, kept)
    if len(chosen) < _FEWEST or _is_flat(neighbours.points):
        raise EmptyGeometry("The Gaussians do not outline a solid: they lie in one plane, line or point.")
    return SurfaceSplats(_taken(gaussians, chosen), chosen, neighbours, near, isolated)


def _opaque(gaussians: Gaussians) -> NDArray[np.int64]:
    peak = float(gaussians.opacity.max(initial=0.0))
    opaque = np.flatnonzero(gaussians.opacity > min(_MIN_OPACITY, 0.5 * peak))
    _check_count(len(opaque) if peak >= 1 / 255 else 0, len(gaussians))  # 1/255: what no 8-bit picture would show
    if len(opaque) > _MOST:
        opaque = np.sort(np.random.default_rng(0).choice(opaque, _MOST, replace=False))
    return opaque


def _check_count(count: int, given: int) -> None:
    if count < _FEWEST:
        raise EmptyGeometry(
            f"Only {count} of {given} Gaussians are opaque and in places of their own; "
            f"at least {_FEWEST} are needed to outline a solid."
        )


def _is_flat(points: NDArray[np.float64]) -> bool:
    """Whether the points lie in one plane, line or point, however that is turned."""
    size = float(np.ptp(points, axis=0).max())
    if not size > 0:
        return True
    spread = np.linalg.eigvalsh(np.cov((points - points.mean(axis=0)).T / size))
    return not spread[0] > _FLAT**2 * spread[2]


def _only(near: Neighbourhoods, kept: NDArray[np.bool_]) -> Neighbourhoods:
    """The neighbourhoods of those kept, who themselves stand in for neighbours that are not."""
    new = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
    index = new[near.index[kept]]  # [M, K]
    return Neighbourhoods(
        np.where(index < 0, np.arange(len(index), dtype=np.int32)[:, None], index), near.distance[kept]
    )


def _taken(gaussians: Gaussians, index: NDArray[np.int64]) -> Gaussians:
    return Gaussians(
        gaussians.means[index],
        gaussians.opacity[index],
        gaussians.scaling[index],
        gaussians.rotation[index],
        gaussians.rgb[index],
    )
