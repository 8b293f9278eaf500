"""A solid made hollow: a cavity at a wall's distance from the surface, and holes that drain it."""

from dataclasses import dataclass
from typing import Final

import manifold3d
import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput, NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.printability.bridges import inside
from pipelines.printability.rays import Caster
from pipelines.printability.repairs.solids import Repaired, Solid, from_triangles, mesh_of, solid_of
from pipelines.printability.surface import Floats, surface_of

MOST_VOXELS: Final = 160  # along the longest side: 4 million in a cube, 1 s
VOXELS_PER_WALL: Final = 4.0
FEWEST_ACROSS: Final = 3.0  # voxels that a wall must have to be cut truly
SMOOTHING_VOXELS: Final = 0.7  # hides the steps of the distances between whole voxels
LEAST_SAVED: Final = 0.02  # of the volume; for less nobody washes a cavity out
HEADINGS: Final = 24  # ways out that are tried for each hole
APART_DEG: Final = 90.0  # two holes let air in while resin runs out, so they are to lie apart


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    filled: NDArray[np.bool_]  # [Z, Y, X]
    origin: Floats  # [3] x, y, z mm of the middle of the first voxel
    voxel_mm: float


@dataclass(frozen=True, slots=True)
class _WayOut:
    heading_deg: float
    wall_mm: float
    reach_mm: float  # from the middle of the cavity through the wall


def hollow(mesh: TriangleMesh, wall_mm: float = 2.0, drain_mm: float = 4.0) -> Repaired:
    """The part with its inside taken out, and two holes near the bottom of each cavity.

    Holes go sideways through the thinnest wall, since the plate would close those in the bottom.

    Args:
        mesh: A solid in the object frame, mm, z up.
        wall_mm: Thickness that is left, in [0.4, 50].
        drain_mm: Diameter of the holes, in [1, 20].

    Returns:
        Walls are as thick as asked, or up to a voxel (a quarter of it, a third for large parts) thicker.

    Raises:
        InvalidInput: A figure is out of range, the part has no inside to take out at that wall, or it is so large
            that the wall is finer than the grid.
        EmptyGeometry: There is no surface.
        NotSolid: It is no solid, or a cavity cannot be drained.
        GeometryTooLarge: More than 5 million faces, or more than 10 m across.
    """
    if not 0.4 <= wall_mm <= 50.0:
        raise InvalidInput(f"Walls of a hollow part are between 0.4 and 50 mm thick, got {wall_mm!r}.")
    if not 1.0 <= drain_mm <= 20.0:
        raise InvalidInput(f"Drain holes are between 1 and 20 mm wide, got {drain_mm!r}.")
    solid = solid_of(mesh)
    cavities = _cavities(solid, wall_mm, drain_mm)
    taken = sum(cavity.volume() for cavity in cavities)
    if taken < LEAST_SAVED * solid.volume():
        raise InvalidInput(f"At walls of {wall_mm:g} mm the part has no inside worth taking out.")
    emptied = solid - manifold3d.Manifold.batch_boolean(cavities, manifold3d.OpType.Add)
    surface = surface_of(mesh_of(emptied))
    rest = float(emptied.bounding_box()[2])
    caster = Caster(surface)
    drills = [drill for cavity in cavities for drill in _drills(cavity, caster, rest, drain_mm)]
    drained = emptied - manifold3d.Manifold.batch_boolean(drills, manifold3d.OpType.Add)
    saved = 1 - drained.volume() / solid.volume()
    changes = (
        f"Took out {taken:.0f} mm^3 and left walls of {wall_mm:g} mm: {saved:.0%} less material.",
        f"Drilled {len(drills)} holes of {drain_mm:g} mm to drain {len(cavities)} "
        f"{'cavity' if len(cavities) == 1 else 'cavities'}.",
    )
    return Repaired(mesh_of(drained, mesh), "hollow", changes)


def _cavities(solid: Solid, wall_mm: float, drain_mm: float) -> list[Solid]:
    from scipy.ndimage import distance_transform_edt, gaussian_filter  # noqa: PLC0415 - costs 0.2 s, for this only
    from skimage.measure import marching_cubes  # noqa: PLC0415 - likewise

    grid = _voxels(solid, wall_mm)
    distance = distance_transform_edt(grid.filled).astype(np.float32) * grid.voxel_mm
    # The middle of the first voxel outside lies up to a whole voxel beyond the surface.
    depth = gaussian_filter(distance, SMOOTHING_VOXELS) - np.float32(wall_mm + grid.voxel_mm)
    if depth.max() <= 0:
        return []
    vertices, faces, _, _ = marching_cubes(depth, 0.0)
    points = vertices[:, ::-1] * grid.voxel_mm + grid.origin
    found = from_triangles(points, faces)
    found = found if found.volume() > 0 else from_triangles(points, faces[:, ::-1])
    room = (1.5 * drain_mm) ** 3
    return [part for part in found.simplify(0.1 * grid.voxel_mm).decompose() if part.volume() > room]


def _voxels(solid: Solid, wall_mm: float) -> _Grid:
    """Which voxels have their middle in the solid, with two empty ones around it."""
    low, high = np.reshape(solid.bounding_box(), (2, 3))
    voxel = max(wall_mm / VOXELS_PER_WALL, float((high - low).max()) / MOST_VOXELS)
    if wall_mm / voxel < FEWEST_ACROSS:
        least = FEWEST_ACROSS * float((high - low).max()) / MOST_VOXELS
        raise InvalidInput(f"A part of this size can be made hollow with walls of {least:.1f} mm or more.")
    counts = np.ceil((high - low) / voxel).astype(int) + 4
    origin = (low + high) / 2 - (counts - 1) / 2 * voxel
    x, y, z = (origin[k] + voxel * np.arange(counts[k]) for k in range(3))
    layers = [_inside_layer(solid.slice(float(height)).to_polygons(), x, y) for height in z]
    return _Grid(np.stack(layers), origin, voxel)


def _inside_layer(outlines: list[Floats], x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Which of a grid of points lie inside outlines, by the parity of edges to their left. [Y, X]"""
    turns = np.zeros((len(y), len(x) + 1), np.int64)
    if outlines:
        start = np.concatenate(outlines)
        end = np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines])
        edge, row = np.nonzero((start[:, 1:] > y) != (end[:, 1:] > y))
        a, b = start[edge], end[edge]
        crossing = a[:, 0] + (y[row] - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
        np.add.at(turns, (row, np.searchsorted(x, crossing)), 1)
    return np.asarray(turns.cumsum(axis=1)[:, :-1] % 2 == 1)


def _drills(cavity: Solid, caster: Caster, rest_mm: float, drain_mm: float) -> list[Solid]:
    """Two cylinders from inside a cavity through its thinnest walls, a quarter turn or more apart."""
    x, y, z = _start(cavity, drain_mm)
    ways = _ways_out(caster, np.array([x, y, z - rest_mm]), drain_mm)
    if not ways:
        raise NotSolid("A cavity cannot be drained: no straight hole leads out of it.")
    first = min(ways, key=lambda way: way.wall_mm)
    others = [way for way in ways if _apart_deg(way, first) >= APART_DEG]
    second = [min(others, key=lambda way: way.wall_mm)] if others else []
    bore = manifold3d.Manifold.cylinder(1.0, drain_mm / 2, drain_mm / 2, 48).rotate((0, 90, 0))  # along +x
    return [
        bore.scale((way.reach_mm, 1.0, 1.0)).rotate((0, 0, way.heading_deg)).translate((x, y, z))
        for way in (first, *second)
    ]


def _start(cavity: Solid, drain_mm: float) -> tuple[float, float, float]:
    """A point in the cavity, as low as a hole may lie."""
    low, high = cavity.bounding_box()[2], cavity.bounding_box()[5]
    z = float(min(low + 0.6 * drain_mm, (low + high) / 2))
    largest = max(cavity.slice(z).decompose(), key=lambda part: float(part.area()))
    outlines = largest.to_polygons()
    corners = np.concatenate(outlines)
    middle = corners.mean(axis=0)
    if not inside(middle[None], outlines)[0]:
        grid = np.stack(np.meshgrid(*np.linspace(corners.min(axis=0), corners.max(axis=0), 33).T), axis=-1).reshape(
            -1, 2
        )
        within = grid[inside(grid, outlines)]
        gaps = np.linalg.norm(within[:, None] - corners[None], axis=2).min(axis=1)
        middle = within[gaps.argmax()]
    return float(middle[0]), float(middle[1]), z


def _ways_out(caster: Caster, point: Floats, drain_mm: float) -> list[_WayOut]:
    """Level ways from a point through one wall into the open."""
    headings = np.arange(HEADINGS) * 360.0 / HEADINGS
    along = np.stack([np.cos(np.deg2rad(headings)), np.sin(np.deg2rad(headings)), np.zeros(HEADINGS)], axis=1)
    _, enters = caster.cast(np.broadcast_to(point, along.shape), along)
    enters = np.where(np.isfinite(enters), enters, 0.0) + 1e-3
    _, walls = caster.cast(point + enters[:, None] * along, along)
    reach = enters + np.where(np.isfinite(walls), walls, 0.0)
    _, gaps = caster.cast(point + (reach + 1e-3)[:, None] * along, along)
    beyond = np.minimum(drain_mm / 2, gaps / 2)  # through a slanting wall, and not into what stands behind it
    return [
        _WayOut(float(headings[k]), float(walls[k]), float(reach[k] + beyond[k]))
        for k in range(HEADINGS)
        if np.isfinite(walls[k])
    ]


def _apart_deg(one: _WayOut, other: _WayOut) -> float:
    apart = abs(one.heading_deg - other.heading_deg) % 360
    return min(apart, 360 - apart)
