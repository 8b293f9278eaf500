"""Orbit poses, rays and poses that callers give: the one place that knows OpenGL from OpenCV and LGM's signs.

World: right-handed, y up, the front of an object looks along +z. Camera: OpenGL (x right, y up, z backward). Positive
elevation means the camera is above; LGM's and MVDream's own code mean the opposite and are fed `-elevation_deg`.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput
from pipelines.geometry import Camera, FreeCamera

STANDARD_AZIMUTHS_DEG: Final = (0.0, 90.0, 180.0, 270.0)
RADIUS: Final = 1.5  # LGM's cameras; SPEC of the model, section presets
FOVY_DEG: Final = 49.1
_ORTHONORMAL: Final = 1e-3  # six decimals of a pose file leave errors of 1e-6; a scale or a shear leaves more than this


def orbit_c2w(elevation_deg: float, azimuth_deg: float, radius: float = RADIUS) -> NDArray[np.float32]:
    """The pose [4, 4] of an orbit camera that looks at the origin."""
    elevation, azimuth = np.deg2rad(elevation_deg), np.deg2rad(azimuth_deg)
    back = np.array([np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth)])
    right = np.array([np.cos(azimuth), 0.0, -np.sin(azimuth)])  # as up x back, and defined at the poles too
    c2w = np.eye(4)
    c2w[:3] = np.stack([right, np.cross(back, right), back, radius * back], axis=1)
    return c2w.astype(np.float32)


def orbit(
    elevations_deg: Sequence[float], azimuths_deg: Sequence[float] = STANDARD_AZIMUTHS_DEG, radius: float = RADIUS
) -> NDArray[np.float32]:
    """The poses [V, 4, 4] of several orbit cameras, elevation and azimuth paired."""
    return np.stack([orbit_c2w(e, a, radius) for e, a in zip(elevations_deg, azimuths_deg, strict=True)])


def c2w_of(camera: Camera | FreeCamera) -> NDArray[np.float32]:
    """The pose [4, 4] of any camera."""
    if isinstance(camera, FreeCamera):
        return camera.c2w
    return orbit_c2w(camera.elevation_deg, camera.azimuth_deg, camera.radius)


def world_to_opencv(c2w: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotation [3, 3] and translation [3] into OpenCV axes (x right, y down, z forward) of an OpenGL pose [4, 4]."""
    pose = c2w.astype(np.float64)
    rotation = (pose[:3, :3] * np.array([1.0, -1.0, -1.0])).T
    return rotation, -rotation @ pose[:3, 3]


def rays(c2w: NDArray[np.floating], fovy_deg: float, size: int) -> NDArray[np.float32]:
    """Unit directions [V, size, size, 3] in the world through the pixel centres of square pictures.

    Source: LGM, core/utils.py get_rays: the focal length from the height, half a pixel to the centre.
    """
    focal = 0.5 * size / np.tan(np.deg2rad(fovy_deg) / 2)
    steps = (np.arange(size) + 0.5 - size / 2) / focal
    x, y = np.meshgrid(steps, -steps)
    local = np.stack([x, y, -np.ones_like(x)], axis=-1)  # [S, S, 3]
    world = np.einsum("vij,hwj->vhwi", c2w[:, :3, :3].astype(np.float64), local)
    return np.asarray(world / np.linalg.norm(world, axis=-1, keepdims=True), np.float32)


def plucker(c2w: NDArray[np.floating], fovy_deg: float, size: int) -> NDArray[np.float32]:
    """Pluecker coordinates [V, 6, size, size] of every pixel's ray: moment o x d, then direction d, unscaled."""
    directions = rays(c2w, fovy_deg, size)
    origins = np.broadcast_to(c2w[:, None, None, :3, 3].astype(np.float32), directions.shape)
    both = np.concatenate([np.cross(origins, directions), directions], axis=-1)
    return np.ascontiguousarray(np.moveaxis(both, -1, 1), np.float32)


def checked_c2w(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Poses [V, 4, 4] a caller gave, once they are known to be poses.

    Raises:
        InvalidInput: not [V, 4, 4], not finite, a rotation that is none (scaled, sheared, mirrored), a last row other
            than 0 0 0 1, or a camera beyond 100 units.
    """
    poses = np.asarray(values, np.float64)
    if poses.ndim != 3 or poses.shape[1:] != (4, 4):
        raise InvalidInput(f"Camera poses are 4x4 matrices; got an array of shape {list(poses.shape)}.")
    if not np.isfinite(poses).all():
        raise InvalidInput("A camera pose holds numbers that are not finite.")
    for index, pose in enumerate(poses):
        turn = pose[:3, :3]
        if np.abs(turn.T @ turn - np.eye(3)).max() > _ORTHONORMAL or np.linalg.det(turn) < 0:
            raise InvalidInput(f"The pose of view {index + 1} is not a rotation (scaled, sheared or mirrored axes).")
        if np.abs(pose[3] - (0, 0, 0, 1)).max() > _ORTHONORMAL:
            raise InvalidInput(f"The pose of view {index + 1} does not end in the row 0 0 0 1.")
        if np.abs(pose[:3, 3]).max() > 100:
            raise InvalidInput(f"The camera of view {index + 1} stands further than 100 units from the object.")
    return poses.astype(np.float32)
