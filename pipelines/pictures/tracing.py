"""Rays against one mesh standing on the ground z = 0."""

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

    def visible(self, origins: Floats, rays: Floats) -> Floats:
        """1 for each ray that leaves the scene, 0 for each that is blocked."""
        origins, rays = np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(rays, np.float32)
        chunks = [(origins[part], rays[part]) for part in _halves(len(rays))]
        blocked = _WORKERS.map(lambda chunk: self._scene.run(*chunk, query="OCCLUDED"), chunks)
        return np.concatenate([part < 0 for part in blocked]).astype(np.float32)


def gradient_noise(index: NDArray[np.int64], width: int) -> Floats:
    """A number in [0, 1) per pixel index, evenly spread over any small neighbourhood.

    Source: Jimenez, "Next Generation Post Processing in Call of Duty: Advanced Warfare" (2014), interleaved gradient
    noise.
    """
    inner = np.mod(0.06711056 * (index % width) + 0.00583715 * (index // width), 1.0)
    return np.mod(52.9829189 * inner, 1.0).astype(np.float32)


def hemisphere(normals: Floats, noise: Floats, k: int, count: int) -> Floats:
    """The k-th of `count` cosine-distributed directions [N, 3] about each normal, turned by the noise."""
    radius = np.sqrt((k + np.mod(noise * 7.0, 1.0)) / count).astype(np.float32)
    angle = 2 * np.pi * (noise + np.float32(k * 0.618034))
    side, other = tangents(normals)
    height = np.sqrt(np.maximum(1 - radius**2, 0.0))
    x, y = (radius * np.cos(angle))[:, None], (radius * np.sin(angle))[:, None]
    return np.asarray(x * side + y * other + height[:, None] * normals)


def tangents(normals: Floats) -> tuple[Floats, Floats]:
    """Two unit vectors [N, 3] that make each normal a right-handed frame.

    Source: Duff et al., "Building an Orthonormal Basis, Revisited" (2017).
    """
    x, y, z = normals.T
    sign = np.where(z >= 0, np.float32(1), np.float32(-1))
    a = -1 / (sign + z)
    b = x * y * a
    side = np.stack([1 + sign * x * x * a, sign * b, -sign * x], axis=1)
    return side, np.stack([b, sign + y * y * a, -y], axis=1)
