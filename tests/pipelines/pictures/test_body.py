"""The compiled loops over a body, held against their slow twins."""

import manifold3d
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.geometry import TriangleMesh
from pipelines.meshing.normals import CREASE_DEG, corner_normals
from pipelines.pictures.body_kernels import coarser, smooth_normals
from tests.support.solids import as_mesh, brick


def wheel(spokes: int) -> TriangleMesh:
    """A flat fan about one vertex."""
    angles = np.arange(spokes) * 2 * np.pi / spokes
    rim = np.stack([np.cos(angles), np.sin(angles), 0.1 * np.cos(5 * angles)], axis=1)
    k = np.arange(spokes)
    faces = np.stack([np.full(spokes, spokes), k, (k + 1) % spokes], axis=1)
    return TriangleMesh(np.concatenate([rim, [[0.0, 0.0, 0.5]]]), faces)


def badly_wound() -> TriangleMesh:
    mesh = as_mesh(manifold3d.Manifold.sphere(10, 24))
    faces = mesh.faces.copy()
    faces[::3] = faces[::3, ::-1]
    return TriangleMesh(mesh.vertices, faces)


def doubled() -> TriangleMesh:
    """Three and four faces at an edge, which no normal is shared over."""
    mesh = brick()
    return TriangleMesh(mesh.vertices, np.concatenate([mesh.faces, mesh.faces[:5], mesh.faces[:1]]))


MESHES = {
    "brick": brick(),
    "ball": as_mesh(manifold3d.Manifold.sphere(10, 40)),
    "cylinder": as_mesh(manifold3d.Manifold.cylinder(20, 5, 8, 90)),
    "eight sides": as_mesh(manifold3d.Manifold.cylinder(20, 5, 5, 8)),
    "wheel": wheel(500),
    "badly wound": badly_wound(),
    "doubled": doubled(),
}


def smoothed(mesh: TriangleMesh) -> np.ndarray:
    cosine = float(np.cos(np.deg2rad(CREASE_DEG)))
    return smooth_normals(mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), cosine)[0]


@pytest.mark.parametrize("name", MESHES)
def test_smooth_normals_are_those_of_files(name: str) -> None:
    expected = corner_normals(MESHES[name])
    assert smoothed(MESHES[name]) == pytest.approx(expected.normals[expected.group], abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 12), st.integers(1, 60))
def test_smooth_normals_are_those_of_files_for_any_soup(seed: int, vertices: int, faces: int) -> None:
    rng = np.random.default_rng(seed)
    chosen = np.stack([rng.permutation(vertices)[:3] for _ in range(faces)])
    points = rng.uniform(-1, 1, (vertices, 3)) * [1, 1, 0.3]
    mesh = TriangleMesh(points.astype(np.float32).astype(np.float64), chosen)
    expected = corner_normals(mesh)
    difference = np.abs(smoothed(mesh) - expected.normals[expected.group]).max(axis=(1, 2))
    # An angle right at the crease may fall to either side in 32 bits, and opposite normals may cancel out.
    assert np.mean(difference > 1e-3) <= 0.1


def test_a_face_without_area_has_no_normal() -> None:
    mesh = TriangleMesh(np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2], [0, 1, 3]]))
    normals = smoothed(mesh)
    assert (normals[0] == 0).all()
    assert normals[1] == pytest.approx(np.tile([0, 0, 1], (3, 1)))


def test_a_coarser_body_keeps_its_flat_sides_and_its_size() -> None:
    fine = as_mesh(manifold3d.Manifold.cube([0.8, 0.6, 0.4]).translate([-0.4, -0.3, 0]).refine(40))
    vertices, faces = coarser(fine.vertices.astype(np.float32), fine.faces.astype(np.int32), 16)
    assert len(faces) < 0.4 * len(fine.faces)
    assert {tuple(v) for v in vertices} <= {tuple(v) for v in fine.vertices.astype(np.float32)}
    a, b, c = (vertices[faces[:, k]].astype(float) for k in range(3))
    volume = np.einsum("ij,ij->", a, np.cross(b, c)) / 6
    assert volume == pytest.approx(0.8 * 0.6 * 0.4, rel=0.1)
    assert np.ptp(vertices, axis=0) == pytest.approx([0.8, 0.6, 0.4], abs=1 / 16)
    assert len({tuple(sorted(face)) for face in faces.tolist()}) == len(faces)
