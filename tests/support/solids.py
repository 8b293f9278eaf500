"""Small meshes and Gaussians with known measures."""

from typing import Any

import manifold3d
import numpy as np

from pipelines.geometry import Gaussians, TriangleMesh


def as_mesh(solid: Any, color: tuple[int, int, int] | None = None) -> TriangleMesh:
    """A manifold3d solid as a mesh of one colour, or of none."""
    raw = solid.to_mesh()
    vertices = np.array(raw.vert_properties, np.float64)[:, :3]
    colors = None if color is None else np.tile(np.array(color, np.uint8), (len(vertices), 1))
    return TriangleMesh(vertices, np.array(raw.tri_verts, np.int64), colors)


def brick(color: tuple[int, int, int] | None = None) -> TriangleMesh:
    """4 x 6 x 10 mm, one corner at (1, 2, 3): no two extents alike and off the origin."""
    return as_mesh(manifold3d.Manifold.cube([4, 6, 10]).translate([1, 2, 3]), color)


def painted_brick() -> TriangleMesh:
    """The brick with a colour of its own at each corner."""
    mesh = brick()
    colors = np.array([[16 * k, 255 - 30 * k, (50 * k) % 256] for k in range(len(mesh.vertices))], np.uint8)
    return TriangleMesh(mesh.vertices, mesh.faces, colors)


def volume(mesh: TriangleMesh) -> float:
    """Signed volume by the divergence theorem."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def is_closed(mesh: TriangleMesh) -> bool:
    """Whether every directed edge is met by exactly one in the other direction."""
    edges = [(int(f[k]), int(f[(k + 1) % 3])) for f in mesh.faces for k in range(3)]
    return len(set(edges)) == len(edges) and {(b, a) for a, b in edges} == set(edges)


def manifold(mesh: TriangleMesh) -> Any:
    """manifold3d's opinion of the mesh."""
    return manifold3d.Manifold(manifold3d.Mesh(np.array(mesh.vertices, np.float32), np.array(mesh.faces, np.uint32)))


def random_gaussians(count: int, seed: int = 0) -> Gaussians:
    """Gaussians spread over [-0.5, 0.5]^3 with all attributes in general position."""
    rng = np.random.default_rng(seed)
    rotation = rng.normal(size=(count, 4))
    parts = (
        rng.uniform(-0.5, 0.5, (count, 3)),
        rng.uniform(0.05, 0.95, count),
        rng.uniform(0.01, 0.1, (count, 3)),
        rotation / np.linalg.norm(rotation, axis=1, keepdims=True),
        rng.uniform(0, 1, (count, 3)),
    )
    return Gaussians(*(part.astype(np.float32) for part in parts))
