"""Polygons of any number of corners, as files hold them, into triangles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import Unreadable
from pipelines.meshing.limits import check_faces

_DENT = 1e-6  # of the polygon's own area: a triangle turned over by more than rounding


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """Rows of different lengths, stored end to end."""

    counts: NDArray[np.int64]  # [P] corners of each polygon
    corners: NDArray[np.int64]  # [sum(counts)] vertex indices

    def triangles(self, vertices: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Triangles [F, 3] that fill the polygons, dents included, and for each the polygon it came from [F].

        A polygon of n corners gives n - 2 triangles, a fan where it has no dent.

        Args:
            vertices: [V, 3], by which a dent is told.

        Raises:
            Unreadable: a corner names a vertex that does not exist.
            GeometryTooLarge: more triangles than are accepted.
        """
        if len(self.corners) and not (self.corners.min() >= 0 and self.corners.max() < len(vertices)):
            raise Unreadable("The file is damaged: a face names a vertex that does not exist.")
        fans = np.maximum(self.counts - 2, 0)
        check_faces(int(fans.sum()))
        polygon = np.repeat(np.arange(len(fans)), fans)
        first = (np.cumsum(self.counts) - self.counts)[polygon]
        begins = np.cumsum(fans) - fans  # [P] first triangle of each polygon
        step = np.arange(len(polygon)) - begins[polygon]
        faces = self.corners[np.stack([first, first + step + 1, first + step + 2], axis=1)].reshape(-1, 3)
        if (fans > 1).any():
            _fill_dents(vertices, faces, polygon, begins, fans)
        return faces, polygon


def _fill_dents(
    vertices: NDArray[np.float64],
    faces: NDArray[np.int64],
    polygon: NDArray[np.int64],
    begins: NDArray[np.int64],
    fans: NDArray[np.int64],
) -> None:
    """Replace, in place, the fans that reach outside their polygons."""
    normals = _normals(vertices, faces)
    whole = np.stack([np.bincount(polygon, normals[:, k], len(fans)) for k in range(3)], axis=1)  # [P, 3], Newell's
    turned = np.einsum("fk,fk->f", normals, whole[polygon]) < -_DENT * (whole**2).sum(axis=1)[polygon]
    dented = np.unique(polygon[turned])
    quads = begins[dented[fans[dented] == 2]]
    a, b, c, d = faces[quads, 0], faces[quads, 1], faces[quads, 2], faces[quads + 1, 2]
    faces[quads], faces[quads + 1] = np.stack([a, b, d], axis=1), np.stack([b, c, d], axis=1)
    for index in dented[fans[dented] > 2]:
        here = slice(begins[index], begins[index] + fans[index])
        ring = np.append(faces[here, 1], faces[here, 2][-1])
        ring = np.insert(ring, 0, faces[begins[index], 0])
        filled = _filled(vertices[ring], whole[index])
        if len(filled) == fans[index]:
            faces[here] = ring[filled]


def _normals(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.asarray(np.cross(b - a, c - a))


def _filled(ring: NDArray[np.float64], normal: NDArray[np.float64]) -> NDArray[np.int64]:
    """Triangles [n - 2, 3] of a ring of points [n, 3], seen along its normal; none where it cannot be filled."""
    from manifold3d import triangulate  # noqa: PLC0415 - dents are rare, and files without any need no such library

    away = np.eye(3)[np.argmin(np.abs(normal))]  # the axis least along the normal
    right = np.cross(away, normal)
    flat = (ring - ring[0]) @ np.stack([right, np.cross(normal, right)], axis=1)
    size = np.abs(flat).max(axis=0)
    if not (np.isfinite(size).all() and (size > 0).all()):
        return np.zeros((0, 3), np.int64)
    return np.asarray(triangulate([flat / size.max()]), np.int64).reshape(-1, 3)
