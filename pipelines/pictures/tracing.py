"""Rays against one mesh."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh

Floats = NDArray[np.float32]

# Embree releases the interpreter lock; more than two would starve the neighbours of a replica.
_WORKERS = ThreadPoolExecutor(2, thread_name_prefix="rays")


def _halves(count: int) -> tuple[slice, slice]:
    return slice(0, count // 2), slice(count // 2, count)


class Scene:
    """An Embree scene of one mesh."""

    def __init__(self, mesh: TriangleMesh) -> None:
        # Imported here: 80 ms for replicas that never draw.
        from embreex.mesh_construction import TriangleMesh as EmbreeMesh  # noqa: PLC0415
        from embreex.rtcore_scene import EmbreeScene  # noqa: PLC0415

        self._scene: Any = EmbreeScene()
        EmbreeMesh(self._scene, mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32))
        # The tree is built by the first query, which must not be two at once.
        self._scene.run(np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32), query="OCCLUDED")

    def first_hits(self, eye: Floats, rays: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Rays that hit, the face each hits, and barycentric weights [H, 3] of the corners."""
        origins = np.ascontiguousarray(np.broadcast_to(eye, rays.shape), np.float32)
        chunks = [(origins[part], rays[part]) for part in _halves(len(rays))]
        found = list(_WORKERS.map(lambda chunk: self._scene.run(*chunk, query="INTERSECT", output=True), chunks))
        face, u, v = (np.concatenate([part[name] for part in found]) for name in ("primID", "u", "v"))
        hit = np.flatnonzero(face >= 0)
        u, v = u[hit], v[hit]
        return hit, face[hit].astype(np.int64), np.stack([1 - u - v, u, v], axis=1)
