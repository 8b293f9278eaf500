"""A closed surface through oriented points: screened-free Poisson reconstruction by fast Fourier transform.

Source: Kazhdan, "Reconstruction of Solid Models from Oriented Point Sets" (2005); the staggered divergence and the
five-line solver are the discrete form of the same equation.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, NotSolid
from pipelines.meshing.neighbours import THREADS, in_parts

_PAD: Final = 10  # voxels of air around the points: the transform is periodic, and neighbours must not touch
_LEAST_SHARE: Final = 0.01  # parts below 1 % of the largest volume are floaters
_SIMPLIFY_VOXELS: Final = 0.1  # 377k faces become 39k with a distance error far below a voxel
# A field blurred by 1.5 voxels has nothing finer than 2, thin walls apart: its surface is drawn on every second node,
# with corners from all nodes. That is a quarter of the triangles, which take most of the time: at 128^3 0.2 of 0.6 s of
# CPU, for an error of .070 instead of .066 % of the diagonal (mug). Smaller fields are cheap as they are.
_SMOOTH: Final = 1.5
_FINE: Final = 112


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
    floaters: int = 0  # bodies left out because they are small
    voids: int = 0  # hollows left out because nothing printed can be seen in them


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where the voxels of a field are."""

    origin: NDArray[np.float64]  # [3] centre of voxel 0, 0, 0
    voxel: float
    shape: tuple[int, int, int]

    def coordinates(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points [N, 3] in voxels."""
        return (points - self.origin) / self.voxel


def reconstruct(
    points: OrientedPoints, resolution: int, smoothing_voxels: float, has_thin_walls: bool = False
) -> Surface:
    """The closed surface whose inside the points' normals point away from.

    Args:
        points: Samples that cover most of the surface.
        resolution: Voxels along the longest side of the bounding box.
        smoothing_voxels: Standard deviation of the Gaussian that damps noise, in voxels.
        has_thin_walls: Whether walls of less than 4 voxels are to be kept whole, which takes up to twice the time.

    Raises:
        EmptyGeometry: the points have no extent.
        NotSolid: no closed surface comes out.
    """
    from pipelines.meshing.grid_kernels import trilinear  # noqa: PLC0415 - numba loads in 0.4 s, not for every replica

    grid, field = indicator(points, resolution, smoothing_voxels)
    at_points = trilinear(field, grid.coordinates(points.positions))
    level = float(np.average(at_points, weights=points.areas))
    is_coarse = smoothing_voxels >= _SMOOTH and resolution >= _FINE and not has_thin_walls
    return _clean(field, level, grid, 2 if is_coarse else 1)


def voxel_of(longest: float, resolution: int) -> float:
    """Edge of a voxel where the points reach `longest` far along an axis, air on both sides of them included."""
    return longest / max(resolution - 2 * _PAD, 8)


def resolution_of(longest: float, voxel: float) -> int:
    """The least resolution at which voxels are no larger than `voxel`."""
    return int(np.ceil(longest / voxel)) + 2 * _PAD


def _grid_around(positions: NDArray[np.float64], resolution: int) -> Grid:
    from scipy.fft import next_fast_len  # noqa: PLC0415 - scipy is loaded by those replicas that make solids

    low, high = positions.min(axis=0), positions.max(axis=0)
    longest = float((high - low).max())
    if not longest > 0:
        raise EmptyGeometry("The points have no extent.")
    voxel = voxel_of(longest, resolution)
    shape = [next_fast_len(int(np.ceil(extent / voxel)) + 2 * _PAD, real=True) for extent in high - low]
    origin = (low + high) / 2 - voxel * (np.array(shape) - 1) / 2
    return Grid(origin, voxel, (shape[0], shape[1], shape[2]))


def indicator(points: OrientedPoints, resolution: int, smoothing_voxels: float) -> tuple[Grid, NDArray[np.float32]]:
    """A grid around the points and on it a field that is higher inside, by the same amount, than outside.

    It solves laplacian = -divergence of the normals' field, up to a constant that is free. For the arguments and what
    is raised see `reconstruct`.
    """
    from scipy.fft import irfftn, rfftn  # noqa: PLC0415 - as above

    from pipelines.meshing.grid_kernels import add_divergence, solve_rows  # noqa: PLC0415 - as above

    grid = _grid_around(points.positions, resolution)
    flow = points.normals * (points.areas / grid.voxel**2)[:, None]  # in voxel units
    divergence = np.zeros(grid.shape, np.float32)
    add_divergence(grid.coordinates(points.positions), flow, divergence)
    spectrum = rfftn(divergence, workers=THREADS)
    del divergence  # 67 MB at 256^3, beside as much again in the spectrum
    axes = [2 * np.pi * np.fft.fftfreq(n) for n in grid.shape[:2]]
    axes.append(2 * np.pi * np.fft.rfftfreq(grid.shape[2]))
    stiffness = [(2 - 2 * np.cos(k)).astype(np.float32) for k in axes]
    damping = [np.exp(-0.5 * (smoothing_voxels * k) ** 2).astype(np.float32) for k in axes]
    in_parts(lambda first, last: solve_rows(spectrum, *stiffness, *damping, first, last), grid.shape[0])
    field: NDArray[np.float32] = irfftn(spectrum, s=grid.shape, workers=THREADS, overwrite_x=True)
    return grid, field


def _clean(field: NDArray[np.float32], level: float, grid: Grid, stride: int) -> Surface:
    """The level set as one or more solids: floaters and enclosed voids removed, flat parts simplified."""
    from manifold3d import Manifold, Mesh, OpType  # noqa: PLC0415 - as above

    _seal(field, level, stride)
    if not field.min() < level < field.max():
        raise NotSolid("No closed surface could be drawn through the points.")
    vertices, triangles = _level_set(field, level, stride)
    solid = Manifold(Mesh(vertices, np.ascontiguousarray(triangles[:, ::-1], np.uint32)))
    if solid.volume() < 0:
        solid = Manifold(Mesh(vertices, np.ascontiguousarray(triangles, np.uint32)))
    parts = [(part.volume(), part) for part in solid.decompose()]
    largest = max((volume for volume, _ in parts), default=0.0)
    if not largest > 1.0:  # one voxel
        raise NotSolid("No closed surface could be drawn through the points.")
    bodies = [part for volume, part in parts if volume > _LEAST_SHARE * largest]
    voids = sum(volume < 0 for volume, _ in parts)
    # A body in a hollow that is filled would be there twice, so then they are united.
    whole = Manifold.batch_boolean(bodies, OpType.Add) if voids and len(bodies) > 1 else Manifold.compose(bodies)
    mesh = whole.simplify(_SIMPLIFY_VOXELS).to_mesh()
    placed = np.asarray(mesh.vert_properties, np.float64)[:, :3] * grid.voxel + grid.origin
    faces = np.asarray(mesh.tri_verts, np.int64)
    return Surface(placed, faces, grid.voxel, len(parts) - len(bodies) - voids, voids)


def _level_set(field: NDArray[np.float32], level: float, stride: int) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Triangles through the nodes `stride` apart, their corners where the whole field crosses the level."""
    from skimage.measure import marching_cubes  # noqa: PLC0415 - as above

    from pipelines.meshing.grid_kernels import refine_crossings  # noqa: PLC0415 - as above

    vertices, faces, _, _ = marching_cubes(field, level, allow_degenerate=False, step_size=stride)
    found = np.ascontiguousarray(vertices, np.float32)
    if stride == 2:
        refine_crossings(found, field, level)
    return found, faces


def _seal(field: NDArray[np.float32], level: float, stride: int) -> None:
    """Make the border outside, so that the surface closes, and leave no value equal to the level."""
    outside = min(float(field.min()), level - 1e-3)
    for axis in range(3):
        ends = np.moveaxis(field, axis, 0)
        ends[0] = outside
        ends[-stride:] = outside
    field[field == np.float32(level)] += np.float32(1e-6 * max(1.0, abs(level)))
