"""A mesh as LGM is to see it: posed cameras, a white background, a lamp that stands still while the camera moves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.cameras import checked_c2w, rays
from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import TriangleMesh, Views
from pipelines.meshing.color import linear_from_srgb, srgb_from_linear, vertex_colors
from pipelines.meshing.normals import corner_normals
from pipelines.pictures.tracing import Floats, Scene

SPHERE: Final = 0.6  # radius that cameras at 1.5 with 49.1 degrees see whole, and some pixels of white around it
Paint = Callable[[Floats], Floats]
"""Linear colours [H, 3] in [0, 1] of surface points [H, 3]."""

_SIZES: Final = (1, 1024)
_OVERSAMPLING: Final = 2  # per axis
# A lamp before the object, high on its right hand, and a weaker one behind it: every side is shaded, no two alike.
_LAMP: Final = np.array([-0.45, 0.62, 0.65], np.float32) / np.float32(np.sqrt(0.45**2 + 0.62**2 + 0.65**2))
_BACK: Final = np.array([0.7, 0.2, -0.7], np.float32) / np.float32(np.sqrt(0.7**2 + 0.2**2 + 0.7**2))
_LAMP_LIGHT, _BACK_LIGHT, _SKY_LIGHT, _ROOM_LIGHT = 0.55, 0.28, 0.22, 0.20  # they add to 1 where all of them reach


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """What the pixels of several pictures see of a surface, for those that see it."""

    pixel: NDArray[np.int64]  # [H] in the flat [V * size * size]
    points: Floats  # [H, 3]
    normals: Floats  # [H, 3] unit, smooth where the surface is, turned to the camera
    rgb: NDArray[np.uint8]  # [H, 3] sRGB as lit


class Studio:
    """One mesh in the model frame under the lamps. The tree for its rays is built once."""

    def __init__(self, mesh: TriangleMesh, paint: Paint | None = None) -> None:
        if not len(mesh.faces) or not np.isfinite(mesh.vertices).all() or not mesh.size.max() > 0:
            raise EmptyGeometry("There is no mesh to photograph.")
        self._scene = Scene(mesh)
        shading = corner_normals(mesh)
        self._corners = mesh.vertices.astype(np.float32)[mesh.faces]  # [F, 3, 3]
        self._normals = shading.normals.astype(np.float32)[shading.group]  # [F, 3, 3]
        self._colors = linear_from_srgb(vertex_colors(mesh)).astype(np.float32)[mesh.faces]  # [F, 3, 3]
        self._paint = paint

    def sightings(self, c2w: NDArray[np.floating], fovy_deg: float, size: int) -> Sightings:
        """What pixel centres of pictures from `c2w` [V, 4, 4] see."""
        directions = rays(c2w, fovy_deg, size).reshape(-1, 3)
        eyes = np.repeat(c2w[:, :3, 3].astype(np.float32), size * size, axis=0)
        pixel, face, weights = self._scene.first_hits(eyes, directions)
        points = np.einsum("hkc,hk->hc", self._corners[face], weights)
        normals = np.einsum("hkc,hk->hc", self._normals[face], weights)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), np.float32(1e-12))
        away = np.einsum("hc,hc->h", normals, directions[pixel]) > 0
        normals[away] *= -1
        albedo = self._paint(points) if self._paint else np.einsum("hkc,hk->hc", self._colors[face], weights)
        return Sightings(pixel, points, normals, srgb_from_linear(albedo * _received(normals)[:, None]))

    def photograph(self, c2w: NDArray[np.floating], fovy_deg: float, size: int) -> Views:
        """Pictures on white. See `photograph`."""
        fine = size * _OVERSAMPLING
        seen = self.sightings(c2w, fovy_deg, fine)
        image = np.full((len(c2w) * fine * fine, 3), 255, np.uint8)
        image[seen.pixel] = seen.rgb
        # Averaged as splats blend: in sRGB, so that a pixel half covered is half the colour and half white.
        blocks = image.reshape(len(c2w), size, _OVERSAMPLING, size, _OVERSAMPLING, 3)
        images = blocks.mean(axis=(2, 4), dtype=np.float32) / np.float32(255)
        return Views(images, c2w.astype(np.float32), fovy_deg)


def photograph(mesh: TriangleMesh, c2w: NDArray[np.floating], fovy_deg: float, size: int) -> Views:
    """Pictures of a mesh as lgm-nano was trained on: lit, smooth-edged, on white.

    Args:
        mesh: In the model frame, y up, within the pictures; `to_model_frame` brings a printable object there.
        c2w: Camera poses [V, 4, 4], OpenGL axes.
        fovy_deg: Vertical field of view, in (0, 180) degrees.
        size: Pixels per side, 1..1024.

    Returns:
        The views; the same mesh gives the same pixels.

    Raises:
        EmptyGeometry: nothing to see.
        InvalidInput: poses that are none, a field of view or a size out of range.
    """
    if not _SIZES[0] <= size <= _SIZES[1]:
        raise InvalidInput(f"The picture's size must be in {list(_SIZES)}, not {size}.")
    if not 0 < fovy_deg < 180:
        raise InvalidInput(f"The field of view must be in (0, 180) degrees, not {fovy_deg}.")
    return Studio(mesh).photograph(checked_c2w(c2w), fovy_deg, size)


def to_model_frame(mesh: TriangleMesh, radius: float = SPHERE) -> TriangleMesh:
    """A mesh of the object frame (z up, the front along -y) in the model frame, inside a sphere about the origin.

    Raises:
        EmptyGeometry: the mesh has no extent.
    """
    if not len(mesh.vertices) or not mesh.size.max() > 0:
        raise EmptyGeometry("There is no mesh to photograph.")
    centred = mesh.vertices - (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2
    turned = centred[:, [0, 2, 1]] * np.array([1.0, 1.0, -1.0])
    return TriangleMesh(turned * (radius / np.linalg.norm(turned, axis=1).max()), mesh.faces, mesh.colors)


def _received(normals: Floats) -> Floats:
    """Light that reaches each point of a convex body, [H] in [0, 1]."""
    lamp = np.maximum(normals @ _LAMP, 0)
    back = np.maximum(normals @ _BACK, 0)
    sky = 0.5 + 0.5 * normals[:, 1]
    return np.asarray(_LAMP_LIGHT * lamp + _BACK_LIGHT * back + _SKY_LIGHT * sky + _ROOM_LIGHT, np.float32)
