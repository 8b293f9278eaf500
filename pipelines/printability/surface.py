"""Measures of a triangle surface that hold whether or not it is closed, and whether it is closed."""

from dataclasses import dataclass
from typing import Any, Final

import manifold3d
import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, GeometryTooLarge, InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.meshing.topology import distinct

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

MOST_FACES: Final = 5_000_000
BED_TOLERANCE_MM: Final = 0.05  # heights up to this count as the bed
MOST_MM: Final = 10_000.0  # far above any build volume; keeps areas and volumes inside float64


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Triangles with what is computed from each of them."""

    vertices: Floats  # [V, 3] mm, lowest z = 0
    faces: NDArray[np.int64]  # [F, 3]
    normals: Floats  # [F, 3] unit; zero where the face has no area
    areas: Floats  # [F] mm^2

    @property
    def corners(self) -> Floats:
        """[F, 3, 3] mm."""
        return self.vertices[self.faces]


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """How the triangles hang together."""

    watertight: bool  # every edge is passed once each way by equally many faces
    manifold: bool  # and by exactly one each way
    bodies: int  # separate pieces of material
    floating: int  # bodies that do not reach the bed; 0 where the surface is no solid
    voids: int  # closed hollows inside the material
    solid: Any | None  # manifold3d.Manifold where watertight and manifold


def surface_of(mesh: TriangleMesh) -> Surface:
    """The measured surface, moved so that it rests on z = 0.

    Args:
        mesh: Object frame, mm, z up.

    Returns:
        Faces with unit normals and areas.

    Raises:
        EmptyGeometry: There is no face, or no face has an area.
        InvalidInput: A vertex is not finite, or a face names a vertex that is not there.
        GeometryTooLarge: More than 5 million faces, or more than 10 m across.
    """
    if not len(mesh.faces) or not len(mesh.vertices):
        raise EmptyGeometry("The mesh has no faces.")
    if len(mesh.faces) > MOST_FACES:
        raise GeometryTooLarge(f"The mesh has {len(mesh.faces)} faces; at most {MOST_FACES} are accepted.")
    if mesh.faces.min() < 0 or mesh.faces.max() >= len(mesh.vertices):
        raise InvalidInput("A face of the mesh names a vertex that is not there.")
    if not np.isfinite(mesh.vertices).all():
        raise InvalidInput("The mesh has a vertex that is not a finite number.")
    if np.abs(mesh.vertices).max() > MOST_MM:
        raise GeometryTooLarge(f"The mesh reaches beyond {MOST_MM:g} mm.")
    vertices = np.asarray(mesh.vertices, np.float64)
    used = vertices[mesh.faces.ravel()]
    return _measured(vertices - [0.0, 0.0, used[:, 2].min()], np.asarray(mesh.faces, np.int64))


def _measured(vertices: Floats, faces: NDArray[np.int64]) -> Surface:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    crosses = np.cross(b - a, c - a)  # [F, 3]
    doubled = np.linalg.norm(crosses, axis=1)
    if not doubled.sum() > 0.0:
        raise EmptyGeometry("The mesh has no surface: all its faces have collapsed.")
    return Surface(vertices, faces, crosses / np.maximum(doubled, 1e-300)[:, None], 0.5 * doubled)


def topology_of(surface: Surface) -> Topology:
    """Whether the surface closes, and how many bodies it makes. Vertices at the same place count as one."""
    vertices, faces = surface.vertices, surface.faces
    opposed, single = _edges(faces)
    if not opposed:  # a soup, as STL files are: weld and look again
        first, index = distinct(vertices)
        vertices, faces = vertices[first], index[faces]
        faces = faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])]
        opposed, single = _edges(faces)
    solid = _solid(vertices, faces) if opposed else None
    if solid is None:
        return Topology(opposed, False, _components(faces), 0, 0, None)
    parts = solid.decompose()
    bodies = [part for part in parts if part.volume() > 0.0]
    floating = sum(part.bounding_box()[2] > BED_TOLERANCE_MM for part in bodies)
    return Topology(True, single, max(1, len(bodies)), floating, len(parts) - len(bodies), solid)


def _edges(faces: NDArray[np.int64]) -> tuple[bool, bool]:
    """Whether each edge is passed equally often both ways, and whether only once."""
    if not len(faces):
        return False, False
    keys, forwards = _edge_keys(faces)
    order = np.argsort(keys, kind="stable")
    firsts = np.flatnonzero(np.r_[True, np.diff(keys[order]) != 0])
    balance = np.add.reduceat(np.where(forwards, 1, -1)[order], firsts)
    counts = np.diff(np.r_[firsts, len(keys)])
    closed = bool((balance == 0).all())
    return closed, closed and bool((counts == 2).all())


def _edge_keys(faces: Indices) -> tuple[Indices, NDArray[np.bool_]]:
    """One number for each undirected edge of each face, and whether the face runs along it upwards. [3 F] each"""
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    low, high = np.minimum(start, end), np.maximum(start, end)
    return low * (faces.max() + 1) + high, start < end


def _solid(vertices: Floats, faces: NDArray[np.int64]) -> Any | None:
    used, index = np.unique(faces, return_inverse=True)
    mesh = manifold3d.Mesh64(vertices[used].copy(), index.reshape(faces.shape).astype(np.uint64))
    solid = manifold3d.Manifold(mesh)
    sound = solid.status() == manifold3d.Error.NoError and not solid.is_empty()
    return solid if sound else None


def _components(faces: NDArray[np.int64]) -> int:
    return int(_shells(faces).max(initial=-1)) + 1


def shells(surface: Surface) -> Indices:
    """Number of the connected piece of surface that each face is part of. Vertices at one place count as one. [F]"""
    return _shells(distinct(surface.vertices)[1][surface.faces])


def _shells(faces: Indices) -> Indices:
    # scipy.sparse costs 0.1 s to import and is needed for broken meshes only.
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    if not len(faces):
        return np.zeros(0, np.int64)
    used, index = np.unique(faces, return_inverse=True)
    corners = index.reshape(faces.shape)
    links = (np.ones(2 * len(faces)), (corners[:, [0, 1]].ravel(), corners[:, [1, 2]].ravel()))
    graph = coo_array(links, shape=(len(used), len(used)))
    return np.asarray(connected_components(graph, directed=False)[1][corners[:, 0]], np.int64)


def edge_faults(surface: Surface) -> NDArray[np.bool_]:
    """Which faces have an edge that is not passed exactly once each way. Vertices at one place count as one. [F]"""
    faces = distinct(surface.vertices)[1][surface.faces]
    keys, forwards = _edge_keys(faces)
    _, group = np.unique(keys, return_inverse=True)
    group = group.reshape(-1)
    there, back = np.bincount(group, forwards), np.bincount(group, ~forwards)
    bad = ((there != 1) | (back != 1))[group]
    return np.asarray(bad.reshape(-1, 3).any(axis=1))


def signed_volume(surface: Surface) -> float:
    """Volume in mm^3, negative where the faces are wound inside out; without meaning where the surface is open."""
    corners = surface.corners - surface.vertices[surface.faces[0, 0]]
    return float(np.einsum("fi,fi->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6)


def centre_of_mass(surface: Surface) -> Floats:
    """Centre of the enclosed volume, [3] mm; of the surface where no volume is enclosed."""
    origin = surface.vertices[surface.faces[0, 0]]
    corners = surface.corners - origin
    volumes = np.einsum("fi,fi->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6  # [F]
    centroids = corners.sum(axis=1)  # [F, 3]
    total, spread = volumes.sum(), np.abs(volumes).sum()
    if abs(total) <= 1e-9 * max(spread, 1e-30) or total < 0:
        return np.asarray(origin + (centroids / 3 * surface.areas[:, None]).sum(axis=0) / surface.areas.sum())
    return np.asarray(origin + (centroids / 4 * volumes[:, None]).sum(axis=0) / total)
