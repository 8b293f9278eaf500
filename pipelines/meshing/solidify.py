"""Gaussians, which cover a surface, into the solid that this surface bounds."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, InvalidInput, NotSolid
from pipelines.geometry import Gaussians, TriangleMesh
from pipelines.meshing.neighbours import Neighbours
from pipelines.meshing.orientation import (
    NEIGHBOURS,
    Neighbourhoods,
    neighbourhoods,
    outward,
    smallest_axes,
    unsigned_normals,
)
from pipelines.meshing.poisson import OrientedPoints, Surface, reconstruct

_MIN_OPACITY: Final = 0.3  # below it lie the floaters of every optimiser
_FEWEST: Final = 64  # Gaussians that can outline a solid at all
_MOST: Final = 262_144  # beyond it splats are finer than any voxel, and neighbour search takes the time
_ISOLATED: Final = 4.0  # times the median distance to the 8th neighbour
_RESOLUTIONS: Final = (32, 512)
_COLOR_NEIGHBOURS: Final = 8


def solidify(
    gaussians: Gaussians, resolution: int = 256, viewpoints: NDArray[np.floating] | None = None
) -> TriangleMesh:
    """The closed, filled, coloured solid whose surface the Gaussians cover, in their own frame.

    Args:
        gaussians: Activated, any count; those nearly transparent or isolated are left out.
        resolution: Voxels along the longest side, 32..512. Walls thinner than about 4 voxels lose volume.
        viewpoints: Where the camera stood that saw each Gaussian, [N, 3] in their frame, if that is known: then
            insides are told from outsides by it, whatever holes the surface has.

    Returns:
        An outward-wound closed manifold of one or more bodies with sRGB vertex colours.

    Raises:
        EmptyGeometry: too few opaque Gaussians to outline a solid, or they have no extent.
        NotSolid: values that are not finite, or no closed surface through the Gaussians.
        InvalidInput: a resolution out of range, or not one viewpoint to each Gaussian.

    Source:
        Kazhdan 2005 for the surface; the order of steps was chosen by measurement among density level sets, TSDF
        fusion and winding numbers, all of which thicken or hollow a shell of splats.
    """
    if not _RESOLUTIONS[0] <= resolution <= _RESOLUTIONS[1]:
        raise InvalidInput(f"The resolution must be in {list(_RESOLUTIONS)}, not {resolution}.")
    kept, near, index = _surface_splats(gaussians)
    positions = index.points
    opacity = kept.opacity.astype(np.float64)
    axes, flatness = smallest_axes(kept)
    normals, thickness = unsigned_normals(positions, near, axes, flatness * opacity)
    areas = np.pi * near.distance[:, -1] ** 2 / near.distance.shape[1]  # a disc shared among its points
    normals = outward(positions, normals, opacity, near, pitch=float(np.sqrt(np.median(areas))))
    voxel = float(np.ptp(positions, axis=0).max()) / resolution
    surface = reconstruct(OrientedPoints(positions, normals, opacity * areas), resolution, _smoothing(thickness, voxel))
    return TriangleMesh(surface.vertices, surface.faces, _colors(surface, kept, index))


def _smoothing(thickness: NDArray[np.float64], voxel: float) -> float:
    """Damping in voxels: 1.5 for points that lie on a surface, up to 3 for those that scatter about it."""
    return float(np.clip(0.75 * np.median(thickness) / voxel, 1.5, 3.0))


def _surface_splats(gaussians: Gaussians) -> tuple[Gaussians, Neighbourhoods, Neighbours]:
    """The opaque, not isolated Gaussians, at most `_MOST` of them, and their neighbours."""
    for array in (gaussians.means, gaussians.opacity, gaussians.scaling, gaussians.rotation, gaussians.rgb):
        if not np.isfinite(array).all():
            raise NotSolid("The Gaussians hold values that are not finite.")
    peak = float(gaussians.opacity.max(initial=0.0))
    opaque = np.flatnonzero(gaussians.opacity > min(_MIN_OPACITY, 0.5 * peak))
    if peak < 1 / 255 or len(opaque) < _FEWEST:  # 1/255: what no 8-bit picture would show
        raise EmptyGeometry(
            f"Only {len(opaque) if peak >= 1 / 255 else 0} of {len(gaussians)} Gaussians are opaque; "
            f"at least {_FEWEST} are needed to outline a solid."
        )
    if len(opaque) > _MOST:
        opaque = np.sort(np.random.default_rng(0).choice(opaque, _MOST, replace=False))
    index = Neighbours(gaussians.means[opaque])
    near = neighbourhoods(index)
    reach = near.distance[:, NEIGHBOURS // 2 - 1]
    opaque = opaque[index.order]
    kept = reach <= _ISOLATED * np.median(reach)
    if not kept.all():
        index = Neighbours(index.points[kept])
        near = neighbourhoods(index)
        opaque = opaque[kept][index.order]
    chosen = _chosen(gaussians, opaque)
    if len(opaque) < _FEWEST or not np.ptp(chosen.means, axis=0).min() > 0:
        raise EmptyGeometry("The Gaussians do not outline a solid: they lie in one plane, line or point.")
    return chosen, near, index


def _chosen(gaussians: Gaussians, index: NDArray[np.int64]) -> Gaussians:
    return Gaussians(
        gaussians.means[index],
        gaussians.opacity[index],
        gaussians.scaling[index],
        gaussians.rotation[index],
        gaussians.rgb[index],
    )


def _colors(surface: Surface, gaussians: Gaussians, index: Neighbours) -> NDArray[np.uint8]:
    """Mean of the nearest Gaussians, weighted by opacity and by nearness relative to the nearest."""
    near, distance = index.nearest(surface.vertices, _COLOR_NEIGHBOURS)
    # Half a voxel keeps the weights of a vertex that sits on a Gaussian from collapsing onto that one.
    weight = np.exp(-0.5 * (distance / (distance[:, :1] + 0.5 * surface.voxel)) ** 2) * gaussians.opacity[near]
    rgb = np.einsum("nk,nkc->nc", weight, gaussians.rgb[near]) / weight.sum(axis=1, keepdims=True)
    return np.asarray(np.rint(255 * np.clip(rgb, 0, 1)), np.uint8)
