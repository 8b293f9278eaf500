"""A closed surface through oriented points: screened-free Poisson reconstruction by fast Fourier transform.

Source: Kazhdan, "Reconstruction of Solid Models from Oriented Point Sets" (2005); the staggered divergence and the
five-line solver are the discrete form of the same equation.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, NotSolid

_PAD = 10  # voxels of air around the points: the transform is periodic, and neighbours must not touch
_LEAST_SHARE = 0.01  # parts below 1 % of the largest volume are floaters
_SIMPLIFY_VOXELS = 0.1  # 377k faces become 39k with a distance error far below a voxel


@dataclass(frozen=True, slots=True, eq=False)
class OrientedPoints:
    """Samples of a surface."""

    positions: NDArray[np.float64]  # [N, 3]
    normals: NDArray[np.float64]  # [N, 3] unit, outward
    areas: NDArray[np.float64]  # [N] of the surface each stands for, in squared units of the positions


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A closed triangle surface without colour."""

    vertices: NDArray[np.float64]  # [V, 3]
    faces: NDArray[np.int64]  # [F, 3]
    voxel: float  # edge of the grid it was found on


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    origin: NDArray[np.float64]  # [3] centre of voxel 0, 0, 0
    voxel: float
    shape: tuple[int, int, int]

    def coordinates(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        return (points - self.origin) / self.voxel


def reconstruct(points: OrientedPoints, resolution: int, smoothing_voxels: float) -> Surface:
    """The closed surface whose inside the points' normals point away from.

    Args:
        points: Samples that cover most of the surface.
        resolution: Voxels along the longest side of the bounding box.
        smoothing_voxels: Standard deviation of the Gaussian that damps noise, in voxels.

    Raises:
        EmptyGeometry: the points have no extent.
        NotSolid: no closed surface comes out.
    """
    grid = _grid_around(points.positions, resolution)
    field = _indicator(points, grid, smoothing_voxels)
    at_points = _sample(field, grid.coordinates(points.positions))
    level = float(np.average(at_points, weights=points.areas))
    return _clean(field, level, grid)


def _grid_around(positions: NDArray[np.float64], resolution: int) -> _Grid:
    from scipy.fft import next_fast_len  # noqa: PLC0415 - scipy is loaded by those replicas that make solids

    low, high = positions.min(axis=0), positions.max(axis=0)
    longest = float((high - low).max())
    if not longest > 0:
        raise EmptyGeometry("The points have no extent.")
    voxel = longest / max(resolution - 2 * _PAD, 8)
    shape = [next_fast_len(int(np.ceil(extent / voxel)) + 2 * _PAD, real=True) for extent in high - low]
    origin = (low + high) / 2 - voxel * (np.array(shape) - 1) / 2
    return _Grid(origin, voxel, (shape[0], shape[1], shape[2]))


def _indicator(points: OrientedPoints, grid: _Grid, smoothing_voxels: float) -> NDArray[np.float32]:
    """One inside, zero outside, up to a constant: the solution of laplacian = -divergence of the normal field."""
    from scipy.fft import irfftn, rfftn  # noqa: PLC0415 - as above

    spectrum = rfftn(_divergence(points, grid), workers=2)
    axes = [2 * np.pi * np.fft.fftfreq(n) for n in grid.shape[:2]]
    axes.append(2 * np.pi * np.fft.rfftfreq(grid.shape[2]))
    stiffness = [(2 - 2 * np.cos(k)).astype(np.float32) for k in axes]
    damping = [np.exp(-0.5 * (smoothing_voxels * k) ** 2).astype(np.float32) for k in axes]
    laplacian = stiffness[0][:, None, None] + stiffness[1][:, None] + stiffness[2]
    laplacian[0, 0, 0] = 1.0  # the constant is free
    spectrum *= damping[0][:, None, None] * damping[1][:, None]
    spectrum *= damping[2]
    spectrum /= laplacian
    spectrum[0, 0, 0] = 0.0
    field: NDArray[np.float32] = irfftn(spectrum, s=grid.shape, workers=2, overwrite_x=True)
    return field


def _divergence(points: OrientedPoints, grid: _Grid) -> NDArray[np.float32]:
    """Divergence of area-weighted normals, each component spread over the 8 nodes of its own staggered grid."""
    flow = points.normals * (points.areas / grid.voxel**2)[:, None]  # in voxel units
    flat = np.zeros(int(np.prod(grid.shape)), np.float32)
    strides = np.array([grid.shape[1] * grid.shape[2], grid.shape[2], 1])
    at = grid.coordinates(points.positions)
    for axis in range(3):
        shifted = at.copy()
        shifted[:, axis] -= 0.5  # this component lives half a voxel further along its own axis
        base = np.floor(shifted).astype(np.int64)
        fraction = shifted - base
        for corner in product((0, 1), repeat=3):
            weight = np.prod(np.where(corner, fraction, 1 - fraction), axis=1) * flow[:, axis]
            index = (base + corner) @ strides
            np.add.at(flat, index, weight.astype(np.float32))
            np.add.at(flat, index + strides[axis], -weight.astype(np.float32))
    return flat.reshape(grid.shape)


def _sample(field: NDArray[np.float32], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trilinear values at voxel coordinates [N, 3]."""
    from scipy.ndimage import map_coordinates  # noqa: PLC0415 - as above

    return np.asarray(map_coordinates(field, at.T, order=1, mode="nearest"), np.float64)


def _clean(field: NDArray[np.float32], level: float, grid: _Grid) -> Surface:
    """The level set as one or more solids: floaters and enclosed voids removed, flat parts simplified."""
    from manifold3d import Manifold, Mesh  # noqa: PLC0415 - as above
    from skimage.measure import marching_cubes  # noqa: PLC0415 - as above

    _seal(field, level)
    if not field.min() < level < field.max():
        raise NotSolid("No closed surface could be drawn through the points.")
    vertices, faces, _, _ = marching_cubes(field, level, allow_degenerate=False)
    solid = Manifold(Mesh(np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces[:, ::-1], np.uint32)))
    if solid.volume() < 0:
        solid = Manifold(Mesh(np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.uint32)))
    parts = [(part.volume(), part) for part in solid.decompose()]
    largest = max((volume for volume, _ in parts), default=0.0)
    if not largest > 1.0:  # one voxel
        raise NotSolid("No closed surface could be drawn through the points.")
    kept = Manifold.compose([part for volume, part in parts if volume > _LEAST_SHARE * largest])
    mesh = kept.simplify(_SIMPLIFY_VOXELS).to_mesh()
    vertices = np.asarray(mesh.vert_properties, np.float64)[:, :3] * grid.voxel + grid.origin
    return Surface(vertices, np.asarray(mesh.tri_verts, np.int64), grid.voxel)


def _seal(field: NDArray[np.float32], level: float) -> None:
    """Make the border outside, so that the surface closes, and leave no value equal to the level."""
    outside = min(float(field.min()), level - 1e-3)
    for axis in range(3):
        ends = np.moveaxis(field, axis, 0)
        ends[0] = outside
        ends[-1] = outside
    field[field == np.float32(level)] += np.float32(1e-6 * max(1.0, abs(level)))
