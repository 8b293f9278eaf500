"""A surface drawn anew around what another winds about, for those that nothing less can mend."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.meshing.repair_solids import face_volumes, mesh_of, solid_of
from pipelines.meshing.repair_surface import MOST_INVENTED
from pipelines.meshing.sampling import surface_points
from pipelines.meshing.topology import areas, open_edges, pieces, subset
from pipelines.meshing.winding import Lines, WindingField, lines_through

_CLOSED_VOXELS: Final = 224  # along the longest side: a ball errs by 0.04 % in volume, in two seconds
_OPEN_VOXELS: Final = 128  # likewise: where no surface is, each node takes a walk down the hierarchy
_PAD: Final = 2  # voxels of air around
_BLOCK: Final = 4  # voxels: blocks far from any face are asked at one corner each
_SIMPLIFY_VOXELS: Final = 0.05
_LEAST_VOXELS: Final = 30.0  # volume of bodies and hollows that are more than noise of the drawing
_LEVEL: Final = 0.5
_LEAST_USED: Final = 0.5  # of the surface: 10 overlapping parts use 60 to 80 %, loose triangles 5 %
_PROBES: Final = 1024  # good to 2 %
_BESIDE: Final = 1.0  # voxels


@dataclass(frozen=True, slots=True, eq=False)
class Redrawn:
    """A closed surface, as near to the old one as its voxels, and nearer where it is flat."""

    mesh: TriangleMesh
    voxel: float  # in units of the mesh
    invented_share: float  # of the surface, where no old one was


def redrawn(mesh: TriangleMesh) -> Redrawn:
    """The surface around all places that the mesh winds about more than half a time, either way round.

    Edges of the old surface are rounded within a voxel, walls thinner than one are lost.

    Args:
        mesh: Any triangles, wound alike as far as that goes.

    Raises:
        NotSolid: it winds about nothing of the size of some voxels, half of it bounds nothing, or too much would be
            invented.

    Source:
        Jacobson et al., "Robust Inside-Outside Segmentation using Generalized Winding Numbers" (2013).
    """
    is_open = len(open_edges(mesh.faces)) > 0
    low, voxel = mesh.vertices.min(axis=0), float(mesh.size.max()) / (_OPEN_VOXELS if is_open else _CLOSED_VOXELS)
    origin = low - (_PAD + 0.14159265) * voxel  # flat sides that lie on nodes would be drawn twice
    vertices = np.ascontiguousarray((mesh.vertices - origin) / voxel)
    cells = np.ceil((vertices.max(axis=0) + _PAD) / _BLOCK).astype(int) * _BLOCK
    shape = (int(cells[0]) + 1, int(cells[1]) + 1, int(cells[2]) + 1)
    scaled = TriangleMesh(vertices, mesh.faces)
    winding = WindingField(scaled) if is_open else None
    if winding is not None:
        _check_used(winding, scaled)
    lines = [lines_through(vertices, mesh, axis, shape) for axis in range(3)]
    field = _closed_field(lines[2], shape) if winding is None else _open_field(winding, scaled, lines, shape)
    raw, on_surface = _level_set(field, lines)
    size = areas(raw)
    invented = float(size[~on_surface[raw.faces].any(axis=1)].sum() / size.sum())
    if invented > MOST_INVENTED:
        raise NotSolid(f"The surface is open: {100 * invented:.0f} % of its solid would have to be invented.")
    drawn = _without_noise(raw)
    return Redrawn(TriangleMesh(drawn.vertices * voxel + origin, drawn.faces), voxel, invented)


def _check_used(winding: WindingField, mesh: TriangleMesh) -> None:
    """Refuse a surface most of which has not inside on the one side and outside on the other, before much is done."""
    probes = surface_points(mesh, _PROBES)
    sides = [winding.at(probes.positions + way * _BESIDE * probes.normals) for way in (-1, 1)]
    used = float(((np.abs(sides[0]) > _LEVEL) != (np.abs(sides[1]) > _LEVEL)).mean())
    if used < _LEAST_USED:
        raise NotSolid(f"The surface does not enclose a volume: {100 * (1 - used):.0f} % of it bounds nothing.")


def _closed_field(lines: Lines, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    from pipelines.meshing.winding_kernels import windings_on_grid  # noqa: PLC0415 - numba loads in 0.4 s

    field = np.empty(shape, np.float32)
    windings_on_grid(lines.starts, lines.heights, lines.signs, field)
    return field


def _open_field(
    winding: WindingField, mesh: TriangleMesh, lines: list[Lines], shape: tuple[int, int, int]
) -> NDArray[np.float32]:
    """Exact near faces and where the number passes the level; elsewhere that of the block's corner."""
    blocks = [(n - 1) // _BLOCK + 1 for n in shape]
    coarse = np.abs(winding.at(_BLOCK * _nodes(blocks))).reshape(blocks)
    field = coarse
    for axis in range(3):
        field = np.repeat(field, _BLOCK, axis=axis).take(np.arange(shape[axis]), axis=axis)
    near = _near_blocks(mesh, lines, coarse)
    for axis in range(3):
        near = np.repeat(near, _BLOCK, axis=axis).take(np.arange(shape[axis] - 1), axis=axis)
        near = np.concatenate([near, near.take([-1], axis=axis)], axis=axis)
    at = np.argwhere(near)
    field[near] = np.abs(winding.at(at.astype(np.float64)))
    return np.ascontiguousarray(field)


def _near_blocks(mesh: TriangleMesh, lines: list[Lines], coarse: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Blocks with faces, their neighbours, and those between whose corners the level is passed."""
    from scipy.ndimage import binary_dilation, maximum_filter, minimum_filter  # noqa: PLC0415 - 0.1 s

    near = np.zeros(coarse.shape, np.bool_)
    limit = np.array(coarse.shape) - 1
    marks = [mesh.vertices, mesh.vertices[mesh.faces].mean(axis=1), *(_points(line, coarse, _BLOCK) for line in lines)]
    for points in marks:
        near[tuple(np.clip((points / _BLOCK).astype(int), 0, limit).T)] = True
    near = binary_dilation(near, np.ones((3, 3, 3)))
    high, low = maximum_filter(coarse, 3), minimum_filter(coarse, 3)
    return np.asarray((near | ((high > _LEVEL - 0.2) & (low < _LEVEL + 0.2)))[:-1, :-1, :-1])


def _points(line: Lines, coarse: NDArray[np.float32], block: int) -> NDArray[np.float64]:
    """The hits of lines as points, [N, 3] voxels."""
    u, v = (line.axis + 1) % 3, (line.axis + 2) % 3
    columns = (coarse.shape[v] - 1) * block + 1
    number = np.repeat(np.arange(len(line.starts) - 1), np.diff(line.starts))
    points = np.empty((len(number), 3))
    points[:, line.axis], points[:, u], points[:, v] = line.heights, number // columns, number % columns
    return points


def _nodes(shape: list[int]) -> NDArray[np.float64]:
    axes = (np.arange(n, dtype=np.float64) for n in shape)
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _level_set(field: NDArray[np.float32], lines: list[Lines]) -> tuple[TriangleMesh, NDArray[np.bool_]]:
    """The surface in voxels, and which of its corners lie on the old one."""
    from skimage.measure import marching_cubes  # noqa: PLC0415 - loaded by those replicas that make solids

    from pipelines.meshing.winding_kernels import snap_to_hits  # noqa: PLC0415 - as above

    for axis in range(3):  # air around, so that the surface closes
        ends = np.moveaxis(field, axis, 0)
        ends[0] = ends[-1] = 0.0
    field[field == _LEVEL] += np.float32(1e-4)
    if not field.max() > _LEVEL:
        raise NotSolid("The surface does not enclose a volume.")
    corners, faces, _, _ = marching_cubes(field, _LEVEL, allow_degenerate=False)
    corners = np.ascontiguousarray(corners, np.float32)
    on_surface = np.zeros(len(corners), np.bool_)
    for line in lines:
        snap_to_hits(corners, field, line.axis, line.starts, line.heights, on_surface)
    return TriangleMesh(corners.astype(np.float64), faces[:, ::-1].astype(np.int64)), on_surface


def _without_noise(mesh: TriangleMesh) -> TriangleMesh:
    """The bodies and hollows of a mesh in voxels that are more than specks, with flat parts simplified."""
    piece = pieces(mesh.faces)
    volumes = np.bincount(piece, face_volumes(mesh))
    if not (volumes > _LEAST_VOXELS).any():
        raise NotSolid("The surface does not enclose a volume.")
    solid = solid_of(subset(mesh, (np.abs(volumes) > _LEAST_VOXELS)[piece]))
    if solid is None:
        raise NotSolid("No closed surface can be drawn around what the faces enclose.")
    return mesh_of(solid.simplify(_SIMPLIFY_VOXELS))
