"""Colours on meshes: sRGB bytes in memory, linear light in glTF."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.neighbours import Neighbours
from pipelines.meshing.sampling import sampled_faces, surface_points

PLAIN = (200, 200, 205)  # sRGB of a surface whose file says nothing: light grey filament

ColorOf = Callable[[NDArray[np.float64]], NDArray[np.uint8]]
"""Colours [N, 3], sRGB, at points [N, 3] of a surface."""

_SPLATS_ASKED: Final = 8
_AT_ONCE: Final = 1 << 17  # points: 8 neighbours of each, with their weights, take 40 MB
_SAMPLES: Final = 200_000  # by which the face under a point is found: some to each face of a solid at 256^3


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


@dataclass(frozen=True, slots=True, eq=False)
class SplatColors:
    """What colour splats give to points near them; called with points it is a `ColorOf`."""

    neighbours: Neighbours  # of the splats' means
    rgb: NDArray[np.float32]  # [N, 3] of the splats, in the order of `neighbours`
    trust: NDArray[np.float32]  # [N] how much each counts
    softness: float  # distance within which all count alike

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Mean of the nearest splats, weighted by trust and by nearness relative to the nearest."""
        parts = [self._at(points[first : first + _AT_ONCE]) for first in range(0, len(points), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, 3), np.uint8)

    def _at(self, points: NDArray[np.float64]) -> NDArray[np.uint8]:
        near, distance = self.neighbours.nearest(points, _SPLATS_ASKED)
        weight = np.exp(-0.5 * (distance / (distance[:, :1] + self.softness)) ** 2) * self.trust[near]
        rgb = np.einsum("nk,nkc->nc", weight, self.rgb[near]) / weight.sum(axis=1, keepdims=True)
        return np.asarray(np.rint(255 * np.clip(rgb, 0, 1)), np.uint8)


def surface_colors(mesh: TriangleMesh) -> ColorOf:
    """The colours of a mesh at points on it or close by: those of the nearest face's corners, mixed."""
    samples, faces = Neighbours(surface_points(mesh, _SAMPLES).positions), sampled_faces(mesh, _SAMPLES)
    colors = vertex_colors(mesh)

    def at(points: NDArray[np.float64]) -> NDArray[np.uint8]:
        nearest, _ = samples.nearest(points, 1)
        face = mesh.faces[faces[samples.order[nearest[:, 0]]]]  # [N, 3]
        share = _shares(points, mesh.vertices[face])
        return np.asarray(np.rint(np.einsum("nk,nkc->nc", share, colors[face])), np.uint8)

    return at


def moved_colors(color_of: ColorOf, transform: NDArray[np.float64]) -> ColorOf:
    """The colours of a surface that `transform` [4, 4], column vectors, has moved."""
    back = np.linalg.inv(transform)
    return lambda points: color_of(points @ back[:3, :3].T + back[:3, 3])


def _shares(points: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares [N, 3] of the corners [N, 3, 3] of triangles in the place below each point, none negative."""
    opposite = np.roll(corners, -2, axis=1) - np.roll(corners, -1, axis=1)  # of each corner, the edge across from it
    normal = np.cross(opposite[:, 0], opposite[:, 1])
    along = np.cross(opposite, points[:, None] - np.roll(corners, -1, axis=1))
    share = np.maximum(np.einsum("nkc,nc->nk", along, normal), 0.0)
    total = share.sum(axis=1, keepdims=True)
    return np.where(total > 0, share / np.where(total > 0, total, 1.0), 1 / 3)
