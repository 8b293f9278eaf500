"""A region of a picture as triangles whose edge follows the region's outline between the pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.topology import boundary_loops, open_edges

_NEAREST = 0.05  # of a pixel: crossings keep this far from pixel centres, so that no triangle is a needle


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A flat triangulation seen from above, counter-clockwise, in pixel units."""

    column: NDArray[np.float64]  # [V] to the right
    row: NDArray[np.float64]  # [V] downwards
    faces: NDArray[np.int64]  # [F, 3]

    def sample(self, image: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bilinear values [V] or [V, C] of an image of the same pixels."""
        height, width = image.shape[:2]
        row, column = np.clip(self.row, 0, height - 1), np.clip(self.column, 0, width - 1)
        top, left = np.minimum(row.astype(int), height - 2), np.minimum(column.astype(int), width - 2)
        down, right = row - top, column - left
        if image.ndim == 3:
            down, right = down[:, None], right[:, None]
        above = image[top, left] * (1 - right) + image[top, left + 1] * right
        below = image[top + 1, left] * (1 - right) + image[top + 1, left + 1] * right
        return np.asarray(above * (1 - down) + below * down, np.float64)


def sheet_of(field: NDArray[np.float64]) -> Sheet:
    """Triangles that cover where `field` [H, W] is positive, by marching squares; its border must be negative.

    Each cell of four pixels gives the polygon of its positive corners and of the crossings on its sides, so that
    neighbouring cells share both and every vertex of the outline has just two neighbours on it.
    """
    height, width = field.shape
    inside = field > 0
    index = np.arange(height * width).reshape(height, width)
    corners = [index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]]  # clockwise from the top left
    along, across = index + height * width, index + 2 * height * width  # crossings to the right of and below a pixel
    sides = [along[:-1, :-1], across[:-1, 1:], along[1:, :-1], across[:-1, :-1]]
    case = np.zeros(corners[0].shape, np.int64)
    for k, corner in enumerate(corners):
        case |= inside.ravel()[corner].astype(np.int64) << k
    triangles = []
    for code in range(1, 16):
        at = np.nonzero(case == code)
        polygon = []
        for k in range(4):
            here, onward = code >> k & 1, code >> (k + 1) % 4 & 1
            polygon += [corners[k][at]] if here else []
            polygon += [sides[k][at]] if here != onward else []
        triangles += [np.stack([polygon[0], polygon[k + 1], polygon[k]], axis=1) for k in range(1, len(polygon) - 1)]
    used, faces = np.unique(np.concatenate(triangles), return_inverse=True)
    row, column = _positions(field, used)
    return Sheet(column, row, faces.reshape(-1, 3).astype(np.int64))


def _positions(field: NDArray[np.float64], used: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    height, width = field.shape
    kind, pixel = used // (height * width), used % (height * width)
    row, column = (pixel // width).astype(np.float64), (pixel % width).astype(np.float64)
    flat = field.ravel()
    for crossing, step, coordinate in ((1, 1, column), (2, width, row)):
        here = kind == crossing
        one, other = flat[pixel[here]], flat[pixel[here] + step]
        coordinate[here] += np.clip(one / (one - other), _NEAREST, 1 - _NEAREST)
    return row, column


def solid_under(sheet: Sheet, heights: NDArray[np.float64], pixel_mm: float, colors: NDArray[np.uint8]) -> TriangleMesh:
    """The closed solid between z = 0 and the heights [V] (> 0, mm) of the sheet's vertices, colours [V, 3] on both."""
    from manifold3d import triangulate  # noqa: PLC0415 - loaded by those replicas that make reliefs

    count = len(heights)
    edges = open_edges(sheet.faces)
    rim = np.unique(edges)
    below = np.zeros(count, np.int64)
    below[rim] = count + np.arange(len(rim))
    start, end = edges.T
    walls = np.concatenate(
        [np.stack([end, start, below[start]], axis=1), np.stack([end, below[start], below[end]], axis=1)]
    )
    x, y = sheet.column * pixel_mm, -sheet.row * pixel_mm
    loops = [loop[::-1] for loop in boundary_loops(sheet.faces)]
    floor = np.asarray(triangulate([np.stack([x[loop], y[loop]], axis=1) for loop in loops]), np.int64).reshape(-1, 3)
    floor = below[np.concatenate(loops)[floor[:, ::-1]]]
    top = np.stack([x, y, heights], axis=1)
    bottom = np.stack([x[rim], y[rim], np.zeros(len(rim))], axis=1)
    return TriangleMesh(
        np.concatenate([top, bottom]),
        np.concatenate([sheet.faces, walls, floor]),
        np.concatenate([colors, colors[rim]]),
    )
