"""Between our meshes and manifold3d's solids."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh

LEAST_VOLUME: Final = 1e-9  # of the cubed diagonal: a needle 1 x 1 x 100 has 1e-4; below lie surfaces folded flat


def solid_of(mesh: TriangleMesh) -> Any | None:
    """The mesh as a manifold3d solid, or None where it is not a closed oriented manifold."""
    from manifold3d import Error, Manifold, Mesh64  # noqa: PLC0415 - loaded by those replicas that repair meshes

    if not len(mesh.faces):
        return None
    found = Manifold(Mesh64(np.array(mesh.vertices, np.float64), np.array(mesh.faces, np.uint64)))
    return found if found.status() == Error.NoError and not found.is_empty() else None


def mesh_of(solid: Any) -> TriangleMesh:
    """A manifold3d solid as a mesh without colours."""
    raw = solid.to_mesh64()
    vertices = np.asarray(raw.vert_properties, np.float64)[:, :3].copy()
    return TriangleMesh(vertices, np.asarray(raw.tri_verts, np.int64))


def union(solids: list[Any]) -> Any:
    """All of them as one."""
    from manifold3d import Manifold, OpType  # noqa: PLC0415 - as above

    return Manifold.batch_boolean(solids, OpType.Add)


def turned(mesh: TriangleMesh) -> TriangleMesh:
    """Every face wound the other way."""
    return TriangleMesh(mesh.vertices, mesh.faces[:, ::-1], mesh.colors)


def face_volumes(mesh: TriangleMesh) -> NDArray[np.float64]:
    """Signed volume between each face and the origin, [F]; of a closed surface they add up to its volume."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return np.asarray(np.einsum("fi,fi->f", a, np.cross(b, c)) / 6)
