"""Colours on meshes: sRGB bytes in memory, linear light in glTF."""

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh

PLAIN = (200, 200, 205)  # sRGB of a surface whose file says nothing: light grey filament


def linear_from_srgb(srgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Linear light in [0, 1] from sRGB bytes. Source: IEC 61966-2-1."""
    levels = np.arange(256) / 255.0
    table = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return np.asarray(table[srgb])


def srgb_from_linear(linear: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The sRGB bytes of linear light, which is clipped to [0, 1]. Source: IEC 61966-2-1."""
    light = np.clip(np.asarray(linear, np.float64), 0.0, 1.0)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255.0 * encoded).astype(np.uint8)


def vertex_colors(mesh: TriangleMesh) -> NDArray[np.uint8]:
    """The mesh's colours, or plain grey for one that has none, [V, 3]."""
    if mesh.colors is not None:
        return mesh.colors
    return np.tile(np.array(PLAIN, np.uint8), (len(mesh.vertices), 1))


def with_corner_colors(
    vertices: NDArray[np.float64], faces: NDArray[np.int64], corners: NDArray[np.uint8]
) -> TriangleMesh:
    """A mesh whose vertices are split just where the colours [F, 3, 3] of the corners that meet there differ."""
    packed = corners.astype(np.int64) @ np.array([65536, 256, 1])  # [F, 3]
    key, inverse = np.unique(faces.ravel() * (1 << 24) + packed.ravel(), return_inverse=True)
    rgb = (key[:, None] >> np.array([16, 8, 0])) & 255
    return TriangleMesh(vertices[key >> 24], inverse.reshape(-1, 3).astype(np.int64), rgb.astype(np.uint8))


def concatenate(parts: list[TriangleMesh]) -> TriangleMesh:
    """All parts as one mesh; if any has colours, those without become plain grey."""
    offsets = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    colored = any(part.colors is not None for part in parts)
    return TriangleMesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.faces + offset for part, offset in zip(parts, offsets, strict=True)]),
        np.concatenate([vertex_colors(part) for part in parts]) if colored else None,
    )


def nearest_colors(mesh: TriangleMesh, points: NDArray[np.float64]) -> NDArray[np.uint8] | None:
    """For each point [N, 3] the colour of the nearest vertex, or None when the mesh has no colours."""
    if mesh.colors is None:
        return None
    from scipy.spatial import cKDTree  # noqa: PLC0415 - 80 ms that few callers need

    _, nearest = cKDTree(mesh.vertices).query(points, workers=2)
    return np.asarray(mesh.colors[nearest])
