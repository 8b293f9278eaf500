"""Between meshes and the solids that repairs work on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import manifold3d
import numpy as np

from pipelines.errors import NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.meshing.crossing import find_crossings
from pipelines.printability.findings import RepairName
from pipelines.printability.surface import surface_of, topology_of

Solid: TypeAlias = Any  # manifold3d.Manifold carries no types

LEAST_VOLUME_MM3: Final = 1e-3  # a cube of a tenth of a millimetre: less is no object
COARSER_MM: Final = (2e-4, 1e-3, 5e-3)  # at a metre from the origin the steps of 32-bit numbers are 6e-5 mm


@dataclass(frozen=True, slots=True, eq=False)
class Repaired:
    """A solid after one repair."""

    mesh: TriangleMesh
    repair: RepairName
    changes: tuple[str, ...]  # one sentence each


def solid_of(mesh: TriangleMesh) -> Solid:
    """The solid that a mesh bounds, in its own frame.

    Raises:
        EmptyGeometry: There is no surface.
        NotSolid: The surface is open, not manifold, inside out or encloses nothing.
        InvalidInput: A vertex is not finite, or a face points nowhere.
        GeometryTooLarge: More than 5 million faces, or more than 10 m across.
    """
    surface = surface_of(mesh)
    solid = topology_of(surface).solid
    if solid is None or solid.volume() < LEAST_VOLUME_MM3:
        raise NotSolid("Only a closed solid can be repaired for printing: this surface is open or inside out.")
    lowest = float(np.asarray(mesh.vertices, np.float64)[mesh.faces.ravel(), 2].min())
    return solid.translate((0.0, 0.0, lowest))


def mesh_of(solid: Solid, like: TriangleMesh | None = None) -> TriangleMesh:
    """The surface of a solid, coloured as the nearest vertices of another.

    Raises:
        NotSolid: manifold3d does not hold it for a solid, or nothing is left of it.
    """
    if solid.status() != manifold3d.Error.NoError or solid.is_empty() or solid.volume() < LEAST_VOLUME_MM3:
        raise NotSolid("The repair left no solid.")
    made = solid.to_mesh64()
    vertices = np.array(made.vert_properties, np.float64)[:, :3]
    mesh = TriangleMesh(vertices, np.array(made.tri_verts, np.int64))
    if like is None or like.colors is None:
        return mesh
    from pipelines.meshing.color import nearest_colors  # noqa: PLC0415 - scipy, for coloured meshes only

    return TriangleMesh(mesh.vertices, mesh.faces, nearest_colors(like, mesh.vertices))


def as_written(mesh: TriangleMesh) -> TriangleMesh:
    """The same solid as files can hold it.

    Booleans leave vertices closer than the steps of 32-bit numbers, which every STL has, and faces that cross by as
    little. Where there are any, vertices that fall together are made one, else edges are drawn together, the shortest
    first.

    Raises:
        NotSolid: the solid is finer than such a file can say.
    """
    if _stays(mesh) and not find_crossings(mesh).count:
        return mesh
    least: TriangleMesh | None = None
    for made in _coarser(mesh):
        if not _stays(made):
            continue
        if not find_crossings(made).count:
            return made
        least = least or made
    if least is None:
        raise NotSolid("The repair left walls finer than a file can hold.")
    return least


def _coarser(mesh: TriangleMesh) -> Iterator[TriangleMesh]:
    _, first, same = np.unique(mesh.vertices.astype(np.float32), axis=0, return_index=True, return_inverse=True)
    faces = same.reshape(-1)[mesh.faces]
    a, b, c = faces.T
    welded = from_triangles(mesh.vertices[first], faces[(a != b) & (b != c) & (c != a)])
    if welded.status() == manifold3d.Error.NoError:
        yield mesh_of(welded, mesh)
    solid = from_triangles(mesh.vertices, mesh.faces)
    for shortest_mm in COARSER_MM:
        yield mesh_of(solid.simplify(shortest_mm), mesh)


def _stays(mesh: TriangleMesh) -> bool:
    return len(np.unique(mesh.vertices.astype(np.float32), axis=0)) == len(mesh.vertices)


def from_triangles(vertices: np.ndarray, faces: np.ndarray) -> Solid:
    """A solid of vertices [V, 3] and faces [F, 3]; its status tells whether it is one."""
    return manifold3d.Manifold(manifold3d.Mesh64(np.array(vertices, np.float64), np.array(faces, np.uint64)))
