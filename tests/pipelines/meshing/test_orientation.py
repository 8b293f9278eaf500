"""Which side of a splat is out, where the splats are strewn at random and leave gaps."""

import manifold3d
import numpy as np
import pytest
import trimesh

from pipelines.geometry import Gaussians
from pipelines.meshing import solidify


def _bored_cube() -> trimesh.Trimesh:
    """A unit cube with a bore of 0.6 through it: from the middle of the bore the open air is far."""
    solid = manifold3d.Manifold.cube((1, 1, 1), True) - manifold3d.Manifold.cylinder(2, 0.3, 0.3, 64, True)
    mesh = solid.to_mesh()
    return trimesh.Trimesh(mesh.vert_properties[:, :3], mesh.tri_verts)


def _strewn(mesh: trimesh.Trimesh, count: int) -> Gaussians:
    """Flat splats at random places of the surface, each in its face."""
    points, faces = trimesh.sample.sample_surface(mesh, count, seed=3)
    normals = mesh.face_normals[faces]
    half = np.stack([1 + normals[:, 2], -normals[:, 1], normals[:, 0], np.zeros(count)], axis=1)
    half[1 + normals[:, 2] < 1e-6] = (0, 1, 0, 0)  # a half turn: from z to -z there is no shortest way
    scaling = np.tile([0.008, 0.008, 0.001], (count, 1))
    return Gaussians(
        points.astype(np.float32),
        np.full(count, 0.9, np.float32),
        scaling.astype(np.float32),
        (half / np.linalg.norm(half, axis=1, keepdims=True)).astype(np.float32),
        np.full((count, 3), 0.5, np.float32),
    )


@pytest.mark.parametrize("count", [8_000, 20_000])
def test_a_bore_stays_open_where_random_gaps_let_the_outside_in(count: int) -> None:
    truth = _bored_cube()

    made = solidify(_strewn(truth, count), 160)

    solid = manifold3d.Manifold(manifold3d.Mesh(np.array(made.vertices, np.float32), np.array(made.faces, np.uint32)))
    assert solid.genus() == 1
    assert len(solid.decompose()) == 1
    assert abs(solid.volume() / truth.volume - 1) < 0.01
