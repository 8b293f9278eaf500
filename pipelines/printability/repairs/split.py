"""A part too large for the printer, cut into parts that fit, with holes for dowels that register them."""

from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import manifold3d
import numpy as np

from pipelines.errors import InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.printability.findings import RepairName
from pipelines.printability.process import BUILD_VOLUME_MM, BuildVolume
from pipelines.printability.repairs.solids import Solid, mesh_of, solid_of
from pipelines.printability.surface import Floats

MOST_PARTS: Final = 64
DOWEL_MM: Final = 4.0
DOWEL_LENGTH_MM: Final = 12.0
CLEARANCE_MM: Final = 0.15  # all around; a printed hole of its own size would not take a printed dowel
MARGIN_MM: Final = 1.2  # sound wall around a hole (three lines of a 0.4 mm nozzle)
DEPTHS: Final = 4  # levels at which the material around a hole is checked
LEAST_PIECE_MM3: Final = 1e-3

# Turns of the axes that make x or y the z axis, by the axis; rows of a 3 x 4 matrix.
_TO_Z: Final = {
    0: np.array([[0.0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]),
    1: np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]]),
    2: np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]),
}


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Parts that fit, each where it was in the whole."""

    parts: tuple[TriangleMesh, ...]
    dowel: TriangleMesh | None  # to be printed `dowels` times; None where no cut is wide enough for one
    dowels: int
    repair: RepairName
    changes: tuple[str, ...]


def split_to_fit(mesh: TriangleMesh, build_volume_mm: BuildVolume = BUILD_VOLUME_MM) -> Split:
    """The part cut by level and upright planes into parts that fit the printer as they stand.

    Args:
        mesh: A solid in the object frame, mm, z up.
        build_volume_mm: x, y, z of the printer, each > 0.

    Returns:
        Evenly thick slices along each side that is too long. Up to two dowel holes at each cut, where both parts
        have material all around them.

    Raises:
        InvalidInput: It fits already, the build volume is not positive, or more than 64 parts would be needed.
        EmptyGeometry: There is no surface.
        NotSolid: It is no solid.
        GeometryTooLarge: More than 5 million faces, or more than 10 m across.
    """
    if not all(np.isfinite(side) and side > 0 for side in build_volume_mm):
        raise InvalidInput(f"A build volume has three positive sides, got {build_volume_mm}.")
    solid = solid_of(mesh)
    low, high = np.reshape(solid.bounding_box(), (2, 3))
    counts = _counts(high - low, build_volume_mm)
    total = int(np.prod(counts))
    if total == 1:
        raise InvalidInput("The part fits the printer already: there is nothing to split.")
    if total > MOST_PARTS:
        raise InvalidInput(f"It would take {total} parts to fit the printer; at most {MOST_PARTS} are made.")
    cells = _cells(solid, low, high, counts)
    dowels = sum(_drill(cells, axis, low, high, counts) for axis in range(3))
    parts = tuple(mesh_of(cell, mesh) for cell in cells.values())
    pin = manifold3d.Manifold.cylinder(DOWEL_LENGTH_MM, DOWEL_MM / 2, DOWEL_MM / 2, 48)
    changes = [f"Cut it into {len(parts)} parts that fit {' x '.join(f'{s:g}' for s in build_volume_mm)} mm."]
    if dowels:
        changes.append(f"Drilled holes for {dowels} dowels of {DOWEL_MM:g} x {DOWEL_LENGTH_MM:g} mm.")
    return Split(parts, mesh_of(pin) if dowels else None, dowels, "split_to_fit", tuple(changes))


def _counts(size: Floats, room: BuildVolume) -> tuple[int, int, int]:
    """Slices along x, y, z; the bed is turned by 90 degrees where that takes fewer."""

    def along(*sides: float) -> tuple[int, int, int]:
        x, y, z = (max(1, ceil(float(s) / side - 1e-6)) for s, side in zip(size, sides, strict=True))
        return x, y, z

    wide, deep, tall = room
    return min(along(wide, deep, tall), along(deep, wide, tall), key=lambda counts: int(np.prod(counts)))


def _cells(solid: Solid, low: Floats, high: Floats, counts: tuple[int, int, int]) -> dict[tuple[int, ...], Any]:
    cells: dict[tuple[int, ...], Any] = {(): solid}
    for axis in range(3):
        normal = np.eye(3)[axis]
        planes = np.linspace(low[axis], high[axis], counts[axis] + 1)[1:-1]
        cut: dict[tuple[int, ...], Any] = {}
        for index, cell in cells.items():
            rest = cell
            for k, plane in enumerate(planes):
                above, below = rest.split_by_plane(tuple(normal), float(plane))
                cut[(*index, k)] = below
                rest = above
            cut[(*index, len(planes))] = rest
        cells = {index: cell for index, cell in cut.items() if cell.volume() > LEAST_PIECE_MM3}
    return cells


def _drill(
    cells: dict[tuple[int, ...], Any], axis: int, low: Floats, high: Floats, counts: tuple[int, int, int]
) -> int:
    """Holes across every cut square to an axis, in both its parts; gives how many dowels they take."""
    planes = np.linspace(low[axis], high[axis], counts[axis] + 1)
    dowels = 0
    for index in list(cells):
        beyond = tuple(k + (a == axis) for a, k in enumerate(index))
        if beyond not in cells:
            continue
        plane = float(planes[index[axis] + 1])
        one, other = (cells[k].transform(_TO_Z[axis]) for k in (index, beyond))
        spots = _spots(one, other, plane)
        for x, y in spots:
            one, other = one - _hole(x, y, plane), other - _hole(x, y, plane)
        if len(spots):
            cells[index], cells[beyond] = (part.transform(_back(axis)) for part in (one, other))
            dowels += len(spots)
    return dowels


def _back(axis: int) -> Floats:
    return np.column_stack([_TO_Z[axis][:, :3].T, np.zeros(3)])


def _hole(x: float, y: float, plane: float) -> Solid:
    radius, length = DOWEL_MM / 2 + CLEARANCE_MM, DOWEL_LENGTH_MM + 2 * CLEARANCE_MM
    return manifold3d.Manifold.cylinder(length, radius, radius, 48).translate((x, y, plane - length / 2))


def _spots(one: Solid, other: Solid, plane: float) -> Floats:
    """Up to two places, as far apart as they can be, with sound material around a hole in both parts. [N, 2]"""
    depth = DOWEL_LENGTH_MM / 2 + CLEARANCE_MM + MARGIN_MM
    levels = np.linspace(1e-3, depth, DEPTHS)
    around = [one.slice(float(plane - level)) for level in levels] + [
        other.slice(float(plane + level)) for level in levels
    ]
    common = manifold3d.CrossSection.batch_boolean(around, manifold3d.OpType.Intersect)
    room = common.offset(-(DOWEL_MM / 2 + CLEARANCE_MM + MARGIN_MM), manifold3d.JoinType.Round)
    polygons = room.to_polygons()
    if not polygons:
        return np.zeros((0, 2))
    corners = np.concatenate(polygons)
    first = corners[np.linalg.norm(corners - corners.mean(axis=0), axis=1).argmax()]
    gaps = np.linalg.norm(corners - first, axis=1)
    apart = gaps.max() > 2 * (DOWEL_MM + MARGIN_MM)
    return np.stack([first, corners[gaps.argmax()]]) if apart else np.asarray(corners.mean(axis=0)[None])
