"""Where the camera stands so that the whole object is in the picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import Camera

_MARGIN = 1.18  # of the object's own extent: room for the ground shadow
_ROUNDS = 4  # of centring; the third already moves by less than a pixel


@dataclass(frozen=True, slots=True, eq=False)
class Viewpoint:
    """A pinhole camera: `axes` rows are right, up and forward in the object frame."""

    eye: NDArray[np.float32]  # [3]
    axes: NDArray[np.float32]  # [3, 3]
    half_width: float  # tangent of half the field of view

    box: NDArray[np.float64]  # [2, 2] least and greatest right and up of the object in the picture, within [-1, 1]

    def rays(self, size: int) -> NDArray[np.float32]:
        """Unit directions [size * size, 3] through the pixel centres, row by row from the top left."""
        return self._rays(size, np.arange(size * size))

    def rays_at_object(self, size: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Those pixels that may show the object, and their directions [N, 3]."""
        (left, low), (right, high) = np.clip((self.box + 1) / 2, 0, 1) * size
        columns = np.arange(int(left), min(int(right) + 1, size))
        rows = np.arange(int(size - high), min(int(size - low) + 1, size))
        pixels = (rows[:, None] * size + columns).ravel()
        return pixels, self._rays(size, pixels)

    def _rays(self, size: int, pixels: NDArray[np.int64]) -> NDArray[np.float32]:
        at = ((np.arange(size, dtype=np.float32) + 0.5) * (2.0 / size) - 1.0) * np.float32(self.half_width)
        aside, down = at[pixels % size], at[pixels // size]
        right, up, forward = self.axes
        rays = forward + aside[:, None] * right - down[:, None] * up
        rays /= np.sqrt(1 + aside**2 + down**2)[:, None]
        return np.ascontiguousarray(rays, np.float32)


def orbit_axes(camera: Camera) -> NDArray[np.float64]:
    """Right, up and forward of an orbit camera in the object frame (z up, the front looks along -y), [3, 3]."""
    elevation, azimuth = np.deg2rad(camera.elevation_deg), np.deg2rad(camera.azimuth_deg)
    towards_eye = np.array(
        [np.cos(elevation) * np.sin(azimuth), -np.cos(elevation) * np.cos(azimuth), np.sin(elevation)]
    )
    right = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
    return np.stack([right, np.cross(towards_eye, right), -towards_eye])


def framed(vertices: NDArray[np.float64], camera: Camera) -> Viewpoint:
    """The camera's direction and field of view, at the distance where all of `vertices` [V, 3] just fit."""
    axes = orbit_axes(camera)
    half_width = float(np.tan(np.deg2rad(camera.fovy_deg) / 2))
    seen = vertices @ axes.T  # right, up, depth
    centre = (seen.min(axis=0) + seen.max(axis=0)) / 2
    seen = seen - centre
    shift = np.zeros(2)
    distance = 0.0
    for _ in range(_ROUNDS):
        aside = np.abs(seen[:, :2] - shift).max(axis=1)
        distance = float((aside * _MARGIN / half_width - seen[:, 2]).max())
        projected = (seen[:, :2] - shift) / (seen[:, 2:] + distance)
        shift += (projected.min(axis=0) + projected.max(axis=0)) / 2 * distance
    seen[:, :2] -= shift
    projected = seen[:, :2] / (seen[:, 2:] + distance) / half_width
    box = np.stack([projected.min(axis=0), projected.max(axis=0)])
    eye = (centre + np.array([*shift, -distance])) @ axes
    return Viewpoint(eye.astype(np.float32), axes.astype(np.float32), half_width, box)
