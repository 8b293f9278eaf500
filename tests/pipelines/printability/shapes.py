"""Solids whose measures are known, as meshes."""

from collections.abc import Sequence
from typing import Any

import manifold3d
import numpy as np

from pipelines.geometry import TriangleMesh


def as_mesh(solid: Any) -> TriangleMesh:
    mesh = solid.to_mesh64()
    return TriangleMesh(
        np.array(mesh.vert_properties)[:, :3].astype(np.float64), np.array(mesh.tri_verts).astype(np.int64)
    )


def block(size: Sequence[float], at: Sequence[float] = (0, 0, 0)) -> Any:
    """A block centred over x = y = 0 of `at`, its underside at the height of `at`."""
    x, y, z = size
    return manifold3d.Manifold.cube((x, y, z)).translate((at[0] - x / 2, at[1] - y / 2, at[2]))


def cylinder(radius: float, height: float, sides: int = 96) -> Any:
    return manifold3d.Manifold.cylinder(height, radius, radius, sides)


def without_faces(mesh: TriangleMesh, count: int) -> TriangleMesh:
    return TriangleMesh(mesh.vertices, mesh.faces[count:])


def joined(*meshes: TriangleMesh) -> TriangleMesh:
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    faces = [mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=False)]
    return TriangleMesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def soup(mesh: TriangleMesh) -> TriangleMesh:
    """The same triangles with corners of their own, as an STL file holds them."""
    return TriangleMesh(mesh.vertices[mesh.faces].reshape(-1, 3), np.arange(3 * len(mesh.faces)).reshape(-1, 3))


def moved(mesh: TriangleMesh, matrix: Any, shift: Sequence[float] = (0, 0, 0)) -> TriangleMesh:
    return TriangleMesh(mesh.vertices @ np.asarray(matrix, float).T + shift, mesh.faces)


def about_z(degrees: float) -> Any:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
