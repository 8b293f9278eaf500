"""Where the camera stands so that the whole object is in the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import Camera

_MARGIN = 1.18  # of the object's own extent: room for the ground shadow
_ROUNDS = 4  # of centring; the third already moves by less than a pixel
_CLEARANCE = 0.3  # of the object's depth: a needle pointing at the eye does not reach it
_SLICES, _SPOKES = 48, 24  # of what a turning object sweeps


@dataclass(frozen=True, slots=True, eq=False)
class Viewpoint:
    """A pinhole camera: `axes` rows are right, up and forward in the object frame."""

    eye: NDArray[np.float64]  # [3]
    axes: NDArray[np.float64]  # [3, 3]
    half_width: float  # tangent of half the field of view


def framed_all_around(vertices: NDArray[np.floating], camera: Camera, turns_deg: Sequence[float]) -> list[Viewpoint]:
    """The camera moved about the upright axis through x = y = 0 by each of `turns_deg`.

    All stand at one distance, where whatever the vertices sweep just fits: the object neither jumps nor breathes.
    """
    first = framed(_swept(vertices), camera)
    return [_turned(first, turn_deg) for turn_deg in turns_deg]


def _swept(vertices: NDArray[np.floating]) -> NDArray[np.floating]:
    """Points [_SLICES * _SPOKES, 3] that enclose what `vertices` [V, 3] sweep about the upright axis."""
    radius, height = np.hypot(vertices[:, 0], vertices[:, 1]), vertices[:, 2]
    low, high = height.min(), height.max()
    edges = np.linspace(low, high, _SLICES + 1)
    slices = np.clip(np.searchsorted(edges, height) - 1, 0, _SLICES - 1)
    widest = np.zeros(_SLICES)
    np.maximum.at(widest, slices, radius)
    angles = np.arange(_SPOKES) * (2 * np.pi / _SPOKES)
    rim = widest[:, None] / np.cos(np.pi / _SPOKES)
    shape = (_SLICES, _SPOKES)
    rings = [
        np.stack([rim * np.cos(angles), rim * np.sin(angles), np.broadcast_to(z[:, None], shape)], axis=-1)
        for z in (edges[:-1], edges[1:])
    ]
    return np.concatenate(rings)[np.tile(widest > 0, 2)].reshape(-1, 3)


def _turned(view: Viewpoint, turn_deg: float) -> Viewpoint:
    angle = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
    return replace(view, eye=turn @ view.eye, axes=view.axes @ turn.T)


def orbit_axes(camera: Camera) -> NDArray[np.float64]:
    """Right, up and forward of an orbit camera in the object frame (z up, the front looks along -y), [3, 3]."""
    elevation, azimuth = np.deg2rad(camera.elevation_deg), np.deg2rad(camera.azimuth_deg)
    towards_eye = np.array(
        [np.cos(elevation) * np.sin(azimuth), -np.cos(elevation) * np.cos(azimuth), np.sin(elevation)]
    )
    right = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
    return np.stack([right, np.cross(towards_eye, right), -towards_eye])


def framed(vertices: NDArray[np.floating], camera: Camera) -> Viewpoint:
    """The camera's direction and field of view, at the distance where all of `vertices` [V, 3] just fit."""
    axes = orbit_axes(camera)
    half_width = float(np.tan(np.deg2rad(camera.fovy_deg) / 2))
    seen = np.ascontiguousarray((vertices @ axes.T).T)  # right, up, depth
    centre = (seen.min(axis=1) + seen.max(axis=1)) / 2
    aside, above, depth = seen - centre[:, None]
    least = float(-(1 + _CLEARANCE) * depth.min())
    shift = np.zeros(2)
    distance = 0.0
    for _ in range(_ROUNDS):
        reach = np.maximum(np.abs(aside - shift[0]), np.abs(above - shift[1]))
        distance = max(float((reach * (_MARGIN / half_width) - depth).max()), least)
        inverse = 1 / (depth + distance)
        for axis, offset in enumerate((aside, above)):
            projected = (offset - shift[axis]) * inverse
            shift[axis] += (projected.min() + projected.max()) / 2 * distance
    eye = (centre + np.array([*shift, -distance])) @ axes
    return Viewpoint(eye, axes, half_width)
