"""A cookie cutter along an outline."""

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry
from pipelines.geometry import TriangleMesh
from pipelines.meshing.topology import boundary_loops
from pipelines.relief.outline import sheet_of

_WALL_MM = 1.2  # three lines of a 0.4 mm nozzle: stiff, and thin enough to cut
_EDGE_MM, _EDGE_HEIGHT_MM = 0.8, 3.0  # the cutting edge: two lines
_RIM_MM, _RIM_HEIGHT_MM = 4.0, 2.4  # to press on with the hand
_ARC_SEGMENTS = 32


def cutter(field: NDArray[np.float64], size_mm: float, height_mm: float, color: tuple[int, int, int]) -> TriangleMesh:
    """A cutter around the largest region where `field` [H, W] is positive, holes closed; rim at z = 0, edge on top.

    Args:
        field: Positive inside, its border negative.
        size_mm: Longest side of the whole cutter, its rim included.
        height_mm: From the table to the cutting edge.
        color: sRGB of the whole.
    """
    from manifold3d import CrossSection, FillRule, JoinType, Manifold  # noqa: PLC0415 - loaded by relief replicas

    sheet = sheet_of(field)
    loops = [np.stack([sheet.column[loop], -sheet.row[loop]], axis=1)[::-1] for loop in boundary_loops(sheet.faces)]
    parts = CrossSection(loops, FillRule.Positive).decompose()
    if not parts:
        raise EmptyGeometry("The picture has no outline to cut along.")
    outer = max((max(part.to_polygons(), key=_area) for part in parts), key=_area)
    left, low = outer.min(axis=0)
    right, high = outer.max(axis=0)
    margin = _WALL_MM + _RIM_MM
    scale = (size_mm - 2 * margin) / max(right - left, high - low)
    if scale <= 0:
        raise EmptyGeometry(f"A cutter of {size_mm:g} mm has no room inside its {margin:g} mm walls.")
    dough = CrossSection([(outer - [(left + right) / 2, (low + high) / 2]) * scale]).simplify(0.02)

    def ring(width: float) -> CrossSection:
        return dough.offset(width, JoinType.Round, 2.0, _ARC_SEGMENTS) - dough

    body = ring(_WALL_MM).extrude(height_mm - _EDGE_HEIGHT_MM)
    edge = ring(_EDGE_MM).extrude(_EDGE_HEIGHT_MM + 0.01).translate([0, 0, height_mm - _EDGE_HEIGHT_MM - 0.01])
    solid: Manifold = body + edge + ring(margin).extrude(_RIM_HEIGHT_MM)
    mesh = solid.to_mesh()
    vertices = np.asarray(mesh.vert_properties, np.float64)[:, :3]
    colors = np.tile(np.array(color, np.uint8), (len(vertices), 1))
    return TriangleMesh(vertices, np.asarray(mesh.tri_verts, np.int64), colors)


def _area(polygon: NDArray[np.float64]) -> float:
    x, y = polygon.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
