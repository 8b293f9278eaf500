"""Gaussians, which cover a surface, into the solid that this surface bounds."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput, NotSolid
from pipelines.geometry import Gaussians, TriangleMesh
from pipelines.meshing.color import SplatColors
from pipelines.meshing.neighbours import Neighbours
from pipelines.meshing.orientation import (
    facing,
    is_told,
    one_sided,
    outward,
    smallest_axes,
    unsigned_normals,
    wall_thickness,
)
from pipelines.meshing.poisson import OrientedPoints, Surface, reconstruct, resolution_of, voxel_of
from pipelines.meshing.pruning import SurfaceSplats, surface_splats
from pipelines.meshing.sampling import surface_points
from pipelines.meshing.settling import settled

_RESOLUTIONS: Final = (32, 512)
_FITTED: Final = (64, 320)  # of those that are chosen by what the splats carry
_VOXELS_PER_PITCH: Final = 3.0  # flat splats tell more than one voxel each: beyond it the error falls no further
_SCATTERS_PER_VOXEL: Final = 1.1  # finer ones draw the scatter: handles and pits that no object has
_DAMPED_SCATTER: Final = 1.7  # standard deviations of scatter to one of blur: of 0.75 to 2.2, the least error
_SOUND_SHARE: Final = 0.1  # of the splats, by which scatter is told
_MOST_CELLS: Final = 1 << 25  # of a grid that is chosen: with its spectrum 12 bytes each, 400 MB
_PROBES: Final = 8192  # points at which the surface is asked for its splats: shares are good to half a per cent
_UNSEEN: Final = 4.0  # times the splats' spacing: further from any splat, the surface is an inference
_MOST_INVENTED: Final = 0.6  # share of the surface; a ring seen from four sides alone, its hole filled, has 46 %
_SOUND_WALL: Final = 2.5  # standard deviations of blur and scatter; half of them on each side leave the level alone
_THIN_VOXELS: Final = 4.0  # a wall of 3.2, drawn on every second node, has holes
_THIN_WALLED: Final = 0.4  # share of the splats on such walls; fewer are noise, or too few for the time that they cost
_FILLED: Final = 0.005  # share of the surface below which a note would only worry
_THIN: Final = 0.05  # share of the splats, likewise: edges and noise make up to 3 % of sound walls look thin
_LEFT_OUT: Final = 0.005  # share of the splats


@dataclass(frozen=True, slots=True, eq=False)
class Solidified:
    """A solid made of Gaussians, and how much of it is theirs."""

    mesh: TriangleMesh
    colors: SplatColors  # what its vertices were painted with
    resolution: int  # voxels along the longest side
    filled_share: float  # of the surface, with no splat near: holes, sides that nobody saw
    thin_share: float  # of the splats, on walls so thin that blur or noise joins their sides: thickened, or pierced
    notes: tuple[str, ...]  # what was done, a sentence each


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """The splats' points with normals, and what is known of them as a whole."""

    points: OrientedPoints
    pitch: float  # typical distance between neighbours
    scatter: float  # typical standard deviation across the surface
    walls: NDArray[np.float64]  # [N] thickness of thin walls, infinite elsewhere
    is_buried: NDArray[np.bool_]  # of all splats, those inside the solid or off it


def solidify(
    gaussians: Gaussians, resolution: int | None = 256, viewpoints: NDArray[np.floating] | None = None
) -> TriangleMesh:
    """The closed, filled, coloured solid whose surface the Gaussians cover, in their own frame.

    Args:
        gaussians: Activated, any count; those nearly transparent or isolated are left out.
        resolution: Voxels along the longest side, 32..512, or None for as many as the splats' spacing and scatter
            deserve, 64..320: less than 700 MiB. Walls thinner than about 4 voxels lose volume.
        viewpoints: Where the camera stood that saw each Gaussian, [N, 3] in their frame, if that is known for sure:
            then insides are told from outsides by it, whatever holes the surface has. A network's Gaussians are not
            sure enough: 30 of lgm-nano's answers, each with the pixel's own camera, come to a mean IoU of 0.681 by
            it, of 0.694 without it, and of 0.691 by both together.

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
    return solidified(gaussians, resolution, viewpoints).mesh


def solidified(
    gaussians: Gaussians, resolution: int | None = 256, viewpoints: NDArray[np.floating] | None = None
) -> Solidified:
    """As `solidify`, with the account of what was filled, thickened and left out."""
    if resolution is not None and not _RESOLUTIONS[0] <= resolution <= _RESOLUTIONS[1]:
        raise InvalidInput(f"The resolution must be in {list(_RESOLUTIONS)}, not {resolution}.")
    if viewpoints is not None and (viewpoints.shape != (len(gaussians), 3) or not np.isfinite(viewpoints).all()):
        raise InvalidInput(f"{len(gaussians)} Gaussians need as many finite viewpoints of 3 coordinates.")
    splats = surface_splats(gaussians)
    layer = surface_layer(splats, None if viewpoints is None else np.asarray(viewpoints, np.float64)[splats.chosen])
    chosen = resolution or _fitted_resolution(layer)
    voxel = voxel_of(float(np.ptp(layer.points.positions, axis=0).max()), chosen)
    smoothing = _smoothing(layer.scatter, voxel)
    has_thin_walls = bool((layer.walls < _THIN_VOXELS * voxel).mean() > _THIN_WALLED)
    surface = reconstruct(layer.points, chosen, smoothing, has_thin_walls)
    colors = _colors(surface, splats, layer)
    mesh = TriangleMesh(surface.vertices, surface.faces, colors(surface.vertices))
    filled = _filled_share(mesh, splats.neighbours, _UNSEEN * layer.pitch + surface.voxel)
    if filled > _MOST_INVENTED:
        raise NotSolid(f"The Gaussians outline no solid: {100 * filled:.0f} % of its surface would be invented.")
    thin = float((layer.walls < _SOUND_WALL * np.hypot(smoothing * surface.voxel, layer.scatter)).mean())
    return Solidified(mesh, colors, chosen, filled, thin, _notes(splats, layer, surface, filled, thin))


def surface_layer(splats: SurfaceSplats, viewpoints: NDArray[np.float64] | None = None) -> Layer:
    """The oriented points of splats, without those that lie inside. `viewpoints` [N, 3] is in the order of `splats`."""
    positions, near = splats.neighbours.points, splats.near
    opacity = splats.gaussians.opacity.astype(np.float64)
    axes, flatness = smallest_axes(splats.gaussians)
    normals, thickness = unsigned_normals(positions, near, axes, flatness * opacity)
    has_axes = is_told(axes, normals, flatness * opacity)
    if not has_axes:
        normals, thickness = unsigned_normals(positions, near, axes, np.zeros_like(opacity))
    areas = np.pi * near.distance[:, -1] ** 2 / near.distance.shape[1]  # a disc shared among its points
    pitch, weights = float(np.sqrt(np.median(areas))), opacity * areas
    if viewpoints is not None:
        normals, is_kept = facing(positions, normals, near, viewpoints), np.ones(len(positions), bool)
    else:
        normals = outward(positions, normals, opacity, near, pitch)
        normals, is_kept = settled(OrientedPoints(positions, normals, weights))
    if not has_axes:
        normals = one_sided(positions, normals, near)
    walls = wall_thickness(positions, normals, near)[is_kept]
    points = OrientedPoints(positions[is_kept], normals[is_kept], weights[is_kept])
    return Layer(points, pitch, _scatter(thickness[is_kept], walls), walls, ~is_kept)


def _scatter(thickness: NDArray[np.float64], walls: NDArray[np.float64]) -> float:
    """How far splats lie off their surface, typically: beside both sides of a thin wall that cannot be seen."""
    is_sound = np.isinf(walls)
    if is_sound.mean() > _SOUND_SHARE:
        return float(np.median(thickness[is_sound]))
    return float(np.quantile(thickness, _SOUND_SHARE))


def _fitted_resolution(layer: Layer) -> int:
    """Voxels by the splats' spacing, or as wide as they scatter: finer ones would hold interpolation."""
    extent = np.ptp(layer.points.positions, axis=0)
    voxel = max(
        layer.pitch / _VOXELS_PER_PITCH,
        _SCATTERS_PER_VOXEL * layer.scatter,
        float(np.prod(extent) / _MOST_CELLS) ** (1 / 3),
    )
    return int(np.clip(resolution_of(float(extent.max()), voxel), *_FITTED))


def _smoothing(scatter: float, voxel: float) -> float:
    """Damping in voxels: 1.5 for points that lie on a surface, up to 3 for those that scatter about it."""
    return float(np.clip(_DAMPED_SCATTER * scatter / voxel, 1.5, 3.0))


def _colors(surface: Surface, splats: SurfaceSplats, layer: Layer) -> SplatColors:
    # Half a voxel keeps the weights of a vertex that sits on a Gaussian from collapsing onto that one; those inside
    # the solid count only where there are no others.
    trust = splats.gaussians.opacity * np.where(layer.is_buried, np.float32(1e-3), np.float32(1))
    return SplatColors(splats.neighbours, splats.gaussians.rgb, trust, 0.5 * surface.voxel)


def _filled_share(mesh: TriangleMesh, neighbours: Neighbours, reach: float) -> float:
    """Share of the surface further than `reach` from any splat."""
    _, distance = neighbours.nearest(surface_points(mesh, _PROBES).positions, 1)
    return float((distance[:, 0] > reach).mean())


def _notes(
    splats: SurfaceSplats, layer: Layer, surface: Surface, filled_share: float, thin_share: float
) -> tuple[str, ...]:
    notes = []
    if filled_share > _FILLED:
        notes.append(f"filled {100 * filled_share:.1f} % of the surface, where no splats were")
    if thin_share > _THIN:
        notes.append(f"thickened walls whose two sides mix, at {100 * thin_share:.0f} % of the splats")
    left_out = splats.isolated + int(layer.is_buried.sum())
    if left_out > _LEFT_OUT * len(splats.gaussians):
        notes.append(f"left out {left_out} splats that stand alone or inside")
    if surface.floaters:
        notes.append(f"dropped {surface.floaters} loose bodies below 1 % of the largest")
    if surface.voids:
        notes.append(f"filled {surface.voids} enclosed hollows")
    return tuple(notes)
