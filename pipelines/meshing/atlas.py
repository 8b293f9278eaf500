"""Surfaces unwrapped onto a picture: where each triangle lies on it, and what each texel shows."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import GeometryTooLarge, NotSolid
from pipelines.geometry import TriangleMesh

# Unwrapping takes 0.5 to 1.5 s at 10,000 triangles and five times that at 30,000, and holds the interpreter lock.
MOST_FACES: Final = 10_000
_FIRST_TOLERANCE: Final = 2e-4  # of the diagonal
_TOLERANCE_GROWTH: Final = 1.4
_LAST_TOLERANCE: Final = 0.02  # beyond it the shape would be another one
_PADDING: Final = 2  # texels between islands, beside one for bilinear filters
_REACH: Final = 1.5  # texels about an island that a bilinear filter on its edge can ask, diagonally


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """A mesh and its image in the unit square, cut into islands."""

    mesh: TriangleMesh
    uv: NDArray[np.float64]  # [T, 2] in [0, 1]: right and down from the picture's upper left corner, as in glTF
    uv_faces: NDArray[np.int64]  # [F, 3] index into uv


@dataclass(frozen=True, slots=True, eq=False)
class Texels:
    """Those texels of a picture that show a surface or lie beside one that does."""

    row: NDArray[np.int64]  # [N]
    column: NDArray[np.int64]  # [N]
    points: NDArray[np.float64]  # [N, 3] of the surface


def simplified(mesh: TriangleMesh, most_faces: int = MOST_FACES) -> TriangleMesh:
    """The closed mesh with at most so many triangles and no colours, as near to it as that allows.

    Raises:
        NotSolid: the mesh is not a closed manifold.
        GeometryTooLarge: a shape so intricate that it would be another one with so few.
    """
    from manifold3d import Manifold, Mesh64  # noqa: PLC0415 - loaded by those replicas that make solids

    solid: Any = Manifold(Mesh64(np.array(mesh.vertices, np.float64), np.array(mesh.faces, np.uint64)))
    if solid.status().name != "NoError" or solid.is_empty():
        raise NotSolid(f"Only a closed solid gets a texture, and this is none: {solid.status().name}.")
    full, tolerance = solid, _FIRST_TOLERANCE
    while solid.num_tri() > most_faces:
        if tolerance > _LAST_TOLERANCE:
            raise GeometryTooLarge(f"The shape is too intricate for a texture: it needs {solid.num_tri():,} triangles.")
        solid = solid.simplify(tolerance * float(np.linalg.norm(mesh.size)))
        tolerance *= _TOLERANCE_GROWTH
    if solid is not full and len(solid.decompose()) != len(full.decompose()):
        raise GeometryTooLarge("The shape is too intricate for a texture: its small bodies would be lost.")
    made = solid.to_mesh64()
    return TriangleMesh(np.array(made.vert_properties)[:, :3].copy(), np.array(made.tri_verts, np.int64))


def unwrapped(mesh: TriangleMesh, size_px: int) -> Atlas:
    """The mesh cut into islands that lie side by side on a square picture of `size_px`.

    Source: xatlas, after Yuksel et al., "Rethinking Texture Mapping" (2019), for the ways of cutting.
    """
    import xatlas  # noqa: PLC0415 - only for who asks for a texture

    packing = xatlas.PackOptions()
    packing.resolution, packing.padding, packing.bilinear = size_px, _PADDING, True
    atlas = xatlas.Atlas()
    # In its own unit: xatlas takes what is smaller than 1e-7 for nothing.
    longest = max(float(mesh.size.max()), 1e-300)
    atlas.add_mesh(((mesh.vertices - mesh.vertices.min(axis=0)) / longest).astype(np.float32), mesh.faces.astype("u4"))
    atlas.generate(xatlas.ChartOptions(), packing)
    _, faces, uv = atlas.get_mesh(0)
    return Atlas(mesh, np.clip(uv.astype(np.float64), 0.0, 1.0), faces.astype(np.int64))


def texels(atlas: Atlas, size_px: int) -> Texels:
    """What the texels of a square picture show; where islands do not reach, there are none."""
    from pipelines.meshing.atlas_kernels import lay_out  # noqa: PLC0415 - numba loads in 0.4 s, not for every replica

    face = np.full((size_px, size_px), -1, np.int32)
    weight, away = np.zeros((size_px, size_px, 3), np.float32), np.full((size_px, size_px), np.inf, np.float32)
    lay_out(size_px * atlas.uv[atlas.uv_faces] - 0.5, _REACH, face, weight, away)
    row, column = np.nonzero(face >= 0)
    corners = atlas.mesh.faces[face[row, column]]  # [N, 3]
    points = sum(weight[row, column, k, None] * atlas.mesh.vertices[corners[:, k]] for k in range(3))
    return Texels(row, column, np.asarray(points))
