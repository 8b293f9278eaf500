"""Outward normals for points that come without, or with unsigned ones."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import Gaussians
from pipelines.meshing.neighbours import THREADS, Neighbours, in_parts

NEIGHBOURS: Final = 16
_GRID: Final = 96  # voxels along the longest side, for telling inside from outside; 1 % of the size is fine enough
_MOST_CELLS: Final = 2_000_000  # of that grid, whatever its shape
_MARGIN: Final = 4.0  # voxels of air about the points
_OPAQUE: Final = 0.35  # share of the opacity found at a typical point at which a voxel blocks the view
_TELLS_APART: Final = (
    0.35  # median difference of the two sides: .42 to .55 where the flood stays out, .2 where it leaks
)
_WIDER: Final = 1.5  # times the points' distance: wider still, the insides of narrow cups are lost
_SLOPES: Final = np.array([-0.75, 0.0, 0.75])  # 9 directions per side of the cube, 54 in all
_SURE: Final = 0.2  # of the strongest evidence: points with less follow their neighbours
_FACING_AWAY: Final = -0.5  # cosine: normals of one bent surface stay above it, even across an edge of 90 degrees
_TOLD: Final = 0.5  # mean square cosine: .36 to .42 of random directions, .7 to .99 of splats that lie on a surface
_SIDED_ROUNDS: Final = 3  # of normals 25 degrees off, one leaves 13, three leave 9
_VOTES: Final = 3  # rounds in which they do


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhoods:
    """The nearest other points of each point."""

    index: NDArray[np.int32]  # [N, K]
    distance: NDArray[np.float64]  # [N, K] ascending


def neighbourhoods(neighbours: Neighbours) -> Neighbourhoods:
    """The `NEIGHBOURS` nearest neighbours of each point, itself left out."""
    index, distance = neighbours.nearest(neighbours.points, NEIGHBOURS + 1)
    return Neighbourhoods(np.ascontiguousarray(index[:, 1:]), distance[:, 1:])


def smallest_axes(gaussians: Gaussians) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Direction [N, 3] in which each splat is thinnest, and how flat it is, [N] from 0 (round) to 1 (a disc).

    Splats without a rotation (zero quaternions) or without width count as round.
    """
    thinnest = gaussians.scaling.argmin(axis=1)
    ordered = np.sort(gaussians.scaling.astype(np.float64), axis=1)
    norm = np.linalg.norm(gaussians.rotation.astype(np.float64), axis=1)
    is_shaped = (ordered[:, 1] > 0) & (norm > 0)
    flatness = np.where(is_shaped, 1.0 - ordered[:, 0] / np.where(is_shaped, ordered[:, 1], 1.0), 0.0)
    matrices = rotation_matrices(gaussians.rotation / np.where(norm > 0, norm, 1.0)[:, None])
    return matrices[np.arange(len(gaussians)), :, thinnest], flatness


def rotation_matrices(quaternions: NDArray[np.floating]) -> NDArray[np.float64]:
    """Matrices [N, 3, 3] of unit quaternions wxyz."""
    w, x, y, z = quaternions.astype(np.float64).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def unsigned_normals(
    positions: NDArray[np.float64],
    near: Neighbourhoods,
    axes: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Surface normals up to sign, and the thickness of the layer of points.

    Args:
        positions: [N, 3].
        near: Their neighbourhoods.
        axes: Direction [N, 3] that each point itself proposes, sign free.
        weights: How much each proposal counts, [N] >= 0; zero leaves the plane through the neighbours.

    Returns:
        Unit normals [N, 3]; standard deviation [N] of the neighbours across the surface.
    """
    from pipelines.meshing.point_kernels import layer_normals  # noqa: PLC0415 - numba, as in `neighbours`

    normals, thickness = np.empty_like(positions), np.empty(len(positions))

    def part(first: int, last: int) -> None:
        layer_normals(positions, near.index, axes, weights, first, last, normals, thickness)

    in_parts(part, len(positions))
    return normals, thickness


def is_told(axes: NDArray[np.float64], normals: NDArray[np.float64], weights: NDArray[np.float64]) -> bool:
    """Whether the direction [N, 3] that each point proposes says anything of the normals [N, 3] that came of them."""
    total = float(weights.sum())
    return total > 0 and float(weights @ np.einsum("ij,ij->i", axes, normals) ** 2) / total > _TOLD


def one_sided(
    positions: NDArray[np.float64], normals: NDArray[np.float64], near: Neighbourhoods
) -> NDArray[np.float64]:
    """The normals [N, 3] from each point's own side of a wall alone: for points that propose none themselves.

    A plane through all neighbours of a point on a thin wall lies across it.
    """
    from pipelines.meshing.point_kernels import one_sided_normals  # noqa: PLC0415 - as above

    for _ in range(_SIDED_ROUNDS):
        before, normals = normals, np.empty_like(normals)

        def part(first: int, last: int, old: NDArray[np.float64] = before, new: NDArray[np.float64] = normals) -> None:
            one_sided_normals(positions, near.index, old, first, last, new)

        in_parts(part, len(positions))
    return normals


def facing(
    positions: NDArray[np.float64],
    normals: NDArray[np.float64],
    near: Neighbourhoods,
    viewpoints: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The normals [N, 3], each turned towards the place [N, 3] from which its point was seen.

    Those seen edge on follow their neighbours.
    """
    ray = viewpoints - positions
    along = np.einsum("ij,ij->i", normals, ray) / np.maximum(np.linalg.norm(ray, axis=1), 1e-300)
    return _signed(normals, along, near)


def outward(
    positions: NDArray[np.float64],
    normals: NDArray[np.float64],
    opacity: NDArray[np.float64],
    near: Neighbourhoods,
    pitch: float,
) -> NDArray[np.float64]:
    """The normals [N, 3], each turned to the side from which more of the open air is seen.

    Two witnesses are added: the share of 54 directions that leave the grid unblocked, which survives holes in the
    surface, and a flood from outside, which reaches into deep cavities. A flood that leaks inside is the same on both
    sides of the surface and so says nothing; where both say little, the neighbours decide. `pitch` is the typical
    distance between neighbouring points.
    """
    along = _openings(positions, normals, opacity, pitch)
    if np.median(np.abs(along)) < _TELLS_APART:
        # The flood leaks. Where that was by chance, a few points too far apart, it does not on a wider grid; where it
        # does through real holes, the finer grid's directions say more.
        wider = _openings(positions, normals, opacity, _WIDER * pitch)
        along = wider if np.median(np.abs(wider)) >= _TELLS_APART else along
    return _signed(normals, along, near)


def _openings(
    positions: NDArray[np.float64], normals: NDArray[np.float64], opacity: NDArray[np.float64], least_voxel: float
) -> NDArray[np.float64]:
    """How much more of the open air is seen before each point than behind it, [N]."""
    from pipelines.meshing.grid_kernels import add_points, blur, trilinear  # noqa: PLC0415 - as above

    low, extent = positions.min(axis=0), np.ptp(positions, axis=0)
    voxel = max(float(extent.max()) / _GRID, least_voxel)  # finer than the points, a shell would leak like a sieve
    voxel = max(voxel, (float(np.prod(np.maximum(extent, voxel))) / _MOST_CELLS) ** (1 / 3))
    at = (positions - low) / voxel + _MARGIN
    density = np.zeros(np.ceil(extent / voxel).astype(np.int64) + 2 * int(_MARGIN) + 1, np.float32)
    add_points(at, opacity, density)
    blur(density, 2)
    openness = _openness(density, float(np.median(trilinear(density, at))))
    blur(openness, 4)
    return np.asarray(trilinear(openness, at + normals) - trilinear(openness, at - normals))


def wall_thickness(
    positions: NDArray[np.float64], normals: NDArray[np.float64], near: Neighbourhoods
) -> NDArray[np.float64]:
    """How thick the wall behind each point is, [N], where it is as thin as the neighbourhood is wide; else infinite."""
    from pipelines.meshing.point_kernels import wall_behind  # noqa: PLC0415 - as above

    return np.asarray(wall_behind(positions, normals, near.index, _FACING_AWAY))


def _signed(normals: NDArray[np.float64], along: NDArray[np.float64], near: Neighbourhoods) -> NDArray[np.float64]:
    """The normals turned so that `along` is positive, where it is weak as the neighbours are turned."""
    evidence = np.clip(along / max(float(np.quantile(np.abs(along), 0.9)), 1e-12), -1.0, 1.0)
    unsure = np.flatnonzero(np.abs(evidence) < _SURE)
    for _ in range(_VOTES):
        around = near.index[unsure]  # [U, K]
        alike = np.einsum("nki,ni->nk", normals[around], normals[unsure])
        evidence[unsure] += (alike * evidence[around]).mean(axis=1)
    return normals * np.where(evidence < 0, -1.0, 1.0)[:, None]


def _openness(density: NDArray[np.float32], typical: float) -> NDArray[np.float32]:
    """Share of directions in which each voxel sees the border of the grid, plus one where a flood reaches it."""
    from scipy.ndimage import label  # noqa: PLC0415 - scipy is loaded by those replicas that make solids

    from pipelines.meshing.grid_kernels import grown, lit  # noqa: PLC0415 - as above

    free = grown(~grown(density > _OPAQUE * typical))  # closed by one voxel
    turned = [np.ascontiguousarray(np.moveaxis(free, axis, 0)) for axis in range(3)]
    with ThreadPoolExecutor(THREADS) as pool:
        seen = list(pool.map(lit, turned, [_SLOPES] * 3))
    regions, _ = label(free)
    total: NDArray[np.float32] = (regions == regions[0, 0, 0]).astype(np.float32)
    for axis, part in enumerate(seen):
        total += np.moveaxis(part, 0, axis) / np.float32(6 * len(_SLOPES) ** 2)
    return total
