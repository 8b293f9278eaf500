"""Outward normals for points that come without, or with unsigned ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import Gaussians

NEIGHBOURS = 16
_GRID = 96  # voxels along the longest side, for telling inside from outside; 1 % of the size is fine enough
_PCA_SHARE = 0.15  # weight of the neighbourhood's plane beside the splats' own flatness, which is the better witness
_OPAQUE = 0.35  # share of the opacity found at a typical point at which a voxel blocks the view
_SLOPES = (-0.75, 0.0, 0.75)  # 9 directions per side of the cube, 54 in all


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhoods:
    """The nearest other points of each point."""

    index: NDArray[np.int64]  # [N, K]
    distance: NDArray[np.float64]  # [N, K] ascending


def neighbourhoods(positions: NDArray[np.float64]) -> Neighbourhoods:
    """The `NEIGHBOURS` nearest neighbours of each point, itself left out."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - loaded by those replicas that make solids

    count = min(NEIGHBOURS, len(positions) - 1)
    distance, index = cKDTree(positions).query(positions, k=count + 1, workers=2)
    return Neighbourhoods(index[:, 1:], distance[:, 1:])


def smallest_axes(gaussians: Gaussians) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Direction [N, 3] in which each splat is thinnest, and how flat it is, [N] from 0 (round) to 1 (a disc)."""
    thinnest = gaussians.scaling.argmin(axis=1)
    ordered = np.sort(gaussians.scaling.astype(np.float64), axis=1)
    flatness = 1.0 - ordered[:, 0] / ordered[:, 1]
    return rotation_matrices(gaussians.rotation)[np.arange(len(gaussians)), :, thinnest], flatness


def rotation_matrices(quaternions: NDArray[np.float32]) -> NDArray[np.float64]:
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
    around = positions[near.index]
    centred = around - around.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", centred, centred) / centred.shape[1])
    plane = vectors[:, :, 0]
    tensor = _PCA_SHARE * np.einsum("ni,nj->nij", plane, plane)
    outer = np.einsum("ni,nj->nij", axes, axes) * weights[:, None, None]
    tensor += outer[near.index].mean(axis=1) + outer / near.index.shape[1]
    _, vectors = np.linalg.eigh(tensor)
    return vectors[:, :, 2], np.sqrt(np.maximum(values[:, 0], 0.0))


def outward(
    positions: NDArray[np.float64], normals: NDArray[np.float64], opacity: NDArray[np.float64], pitch: float
) -> NDArray[np.float64]:
    """The normals [N, 3], each turned to the side from which more of the open air is seen.

    Two witnesses are added: the share of 54 directions that leave the grid unblocked, which survives holes in the
    surface, and a flood from outside, which reaches into deep cavities. A flood that leaks inside is the same on both
    sides of the surface and so says nothing. `pitch` is the typical distance between neighbouring points.
    """
    from scipy.ndimage import binary_closing, gaussian_filter, label, map_coordinates  # noqa: PLC0415 - as above

    low, high = positions.min(axis=0), positions.max(axis=0)
    voxel = max(float((high - low).max()) / _GRID, pitch)  # finer than the points, a shell would leak like a sieve
    shape = np.ceil((high - low) / voxel).astype(np.int64) + 9
    at = (positions - low) / voxel + 4.0
    density = gaussian_filter(_opacity_grid(at, opacity, shape), 1.0)
    typical = np.median(map_coordinates(density, at.T, order=1, mode="nearest"))
    blocked = binary_closing(density > _OPAQUE * typical, np.ones((3, 3, 3)))
    regions, _ = label(~blocked)
    openness = _openness(blocked) + (regions == regions[0, 0, 0])
    smooth = gaussian_filter(openness.astype(np.float32), 1.5)
    gradient = np.stack([map_coordinates(part, at.T, order=1, mode="nearest") for part in np.gradient(smooth)], axis=1)
    along = np.einsum("ij,ij->i", normals, gradient)
    return normals * np.where(along < 0, -1.0, 1.0)[:, None]


def _opacity_grid(
    at: NDArray[np.float64], opacity: NDArray[np.float64], shape: NDArray[np.int64]
) -> NDArray[np.float64]:
    base = np.floor(at).astype(np.int64)
    fraction = at - base
    grid = np.zeros(tuple(shape))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(corner, fraction, 1 - fraction), axis=1) * opacity
        np.add.at(grid, tuple((base + corner).T), weight)
    return grid


def _openness(blocked: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Share of directions in which each voxel sees the border of the grid, from 0 to 1."""
    total = np.zeros(blocked.shape, np.float32)
    for axis in range(3):
        for reverse in (False, True):
            free = np.moveaxis(~blocked, axis, 0)
            seen = np.moveaxis(total, axis, 0)
            if reverse:
                free, seen = free[::-1], seen[::-1]
            for slope_a in _SLOPES:
                for slope_b in _SLOPES:
                    _sweep(free, seen, slope_a, slope_b)
    return total / np.float32(6 * len(_SLOPES) ** 2)


def _sweep(free: NDArray[np.bool_], seen: NDArray[np.float32], slope_a: float, slope_b: float) -> None:
    """Carry light from the first slice to the last along one direction, adding it up in `seen`."""
    light = np.ones(free.shape[1:], bool)
    for k in range(len(free)):
        step = [round(slope * (k + 1)) - round(slope * k) for slope in (slope_a, slope_b)]
        light = _shifted(light, step[0], step[1])
        light &= free[k]
        seen[k] += light


def _shifted(light: NDArray[np.bool_], rows: int, columns: int) -> NDArray[np.bool_]:
    """Moved by at most one cell each way; light enters at the border."""
    if not rows and not columns:
        return light
    padded = np.pad(light, 1, constant_values=True)
    return padded[1 - rows : 1 - rows + light.shape[0], 1 - columns : 1 - columns + light.shape[1]].copy()
