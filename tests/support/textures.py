"""Textured GLB as trimesh reads it: an independent reader of pictures and their coordinates."""

import io

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

Z_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # glTF, y up -> object, z up: points as rows


def read_back(data: bytes) -> trimesh.Trimesh:
    """The one mesh of a GLB."""
    (mesh,) = trimesh.load(io.BytesIO(data), file_type="glb").geometry.values()
    return mesh


def sampled(mesh: trimesh.Trimesh, count: int = 4_000) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of the surface in mm, z up, and the bytes that the picture shows there, bilinearly."""
    points, face = trimesh.sample.sample_surface(mesh, count, seed=1)
    share = trimesh.triangles.points_to_barycentric(mesh.triangles[face], points)
    u, up = np.einsum("nk,nkc->cn", share, mesh.visual.uv[mesh.faces[face]])
    picture = np.asarray(mesh.visual.material.baseColorTexture.convert("RGB"), np.float64)
    # As graphics cards read it: texels' centres at halves. trimesh turns the picture upside down, as OBJ has it.
    at = [picture.shape[0] * (1 - up) - 0.5, picture.shape[1] * u - 0.5]
    rgb = [map_coordinates(picture[..., k], at, order=1, mode="nearest") for k in range(3)]
    return 1000 * points @ Z_UP, np.stack(rgb, axis=1)
