"""The equations of the rasterizers once more, splat by splat over all pixels in 64 bits: slow, and easy to check.

Its way to the camera, its matrices and its order of work are others than those of the compiled loops.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipelines.geometry import Camera, Gaussians

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ellipses:
    """Gaussians in the picture, in their own order; rows of splats at or before the near plane mean nothing."""

    center: Floats  # [N, 2] px
    conic: Floats  # [N, 2, 2] 1/px^2
    radius: Floats  # [N] px
    z: Floats  # [N]


def w2c_of(camera: Camera) -> Floats:
    """World to OpenCV axes [4, 4], from Euler angles."""
    turn = Rotation.from_euler("YX", [camera.azimuth_deg, -camera.elevation_deg], degrees=True).as_matrix()
    c2w = np.eye(4)
    c2w[:3, :3], c2w[:3, 3] = turn @ np.diag([1.0, -1.0, -1.0]), turn @ [0, 0, camera.radius]
    return np.asarray(np.linalg.inv(c2w))


def ellipses(gaussians: Gaussians, w2c: Floats, fovy_deg: float, size: int) -> Ellipses:
    """Each Gaussian by the local affine approximation of perspective."""
    tangent = np.tan(np.deg2rad(fovy_deg) / 2)
    focal = size / (2 * tangent)
    points = gaussians.means.astype(np.float64) @ w2c[:3, :3].T + w2c[:3, 3]
    count = len(points)
    center, conic, radius = np.zeros((count, 2)), np.zeros((count, 2, 2)), np.zeros(count)
    for k in np.flatnonzero(points[:, 2] > 0.2):
        x, y, z = points[k]
        center[k] = [((c / (z * tangent) + 1) * size - 1) / 2 for c in (x, y)]
        u, v = np.clip([x / z, y / z], -1.3 * tangent, 1.3 * tangent)
        jacobian = focal / z * np.array([[1, 0, -u], [0, 1, -v]])
        axes = Rotation.from_quat(gaussians.rotation[k, [1, 2, 3, 0]]).as_matrix() * gaussians.scaling[k]
        flat = jacobian @ w2c[:3, :3] @ axes
        covariance = flat @ flat.T + 0.3 * np.eye(2)
        conic[k] = np.linalg.inv(covariance)
        middle = np.trace(covariance) / 2
        widest = middle + np.sqrt(max(0.1, middle**2 - np.linalg.det(covariance)))
        radius[k] = np.ceil(3 * np.sqrt(widest))
    return Ellipses(center, conic, radius, points[:, 2])


def slow_render(
    gaussians: Gaussians, w2c: Floats, fovy_deg: float, size: int, background: tuple[float, float, float]
) -> tuple[Floats, Floats, Floats]:
    """Image [S, S, 3], alpha [S, S] and depth [S, S]."""
    found = ellipses(gaussians, w2c, fovy_deg, size)
    rows, columns = np.mgrid[:size, :size]
    image, depth = np.zeros((size, size, 3)), np.zeros((size, size))
    clear, done = np.ones((size, size)), np.zeros((size, size), bool)
    for k in np.argsort(found.z, kind="stable"):
        if found.z[k] <= 0.2:
            continue
        offset = np.stack([columns, rows], -1) - found.center[k]
        power = np.einsum("hwi,ij,hwj->hw", offset, found.conic[k], offset) / 2
        alpha = np.minimum(0.99, gaussians.opacity[k] * np.exp(-power))
        alpha[alpha < 1 / 255] = 0
        for axis, pixels in enumerate((columns, rows)):
            low = np.trunc((found.center[k, axis] - found.radius[k]) / 16)
            high = np.trunc((found.center[k, axis] + found.radius[k] + 15) / 16)
            alpha[(pixels // 16 < low) | (pixels // 16 >= high)] = 0
        done |= (alpha > 0) & (clear * (1 - alpha) < 1e-4)
        alpha[done] = 0
        image += (clear * alpha)[..., None] * gaussians.rgb[k]
        depth += clear * alpha * found.z[k]
        clear *= 1 - alpha
    return np.clip(image + clear[..., None] * np.array(background), 0, 1), 1 - clear, depth
