"""Gaussians held inside the outlines of the views that they were made from."""

from math import isqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.cameras import world_to_opencv
from pipelines.errors import InvalidInput
from pipelines.geometry import Gaussians, Views

_FAINT: Final = 0.05  # opacity below which a Gaussian is seen by nobody and may stay where it is
_PAPER: Final = 0.98  # lighter than this is background, unless the network found something there
_STEP: Final = 0.01  # half a pixel of a 64 px map at the object
_REACH: Final = 0.6  # the radius of an object
_EDGE: Final = 0.7  # of a mask, interpolated: pixels that the object only touches are in it, so it is a little wide


def within_outlines(gaussians: Gaussians, views: Views) -> Gaussians:
    """Each Gaussian, moved along the ray of its own pixel to the nearest point inside the outlines of all views.

    No point of an object is seen as background by any camera, so what lies outside an outline is an error of depth; a
    small network's is several pixels. A ray that is nowhere inside all outlines keeps its Gaussian: views that
    contradict each other lose nothing.

    Args:
        gaussians: Of a network, all rows, in (view, row, column) order.
        views: What it was given: one object on white, the same from every side. Views made by diffusion are not.

    Returns:
        As many Gaussians in the same order; only their means differ.

    Raises:
        InvalidInput: the Gaussians are not those of these views: not V * S * S.
    """
    size = isqrt(len(gaussians) // max(1, len(views)))
    if size == 0 or len(views) * size * size != len(gaussians):
        raise InvalidInput(f"{len(gaussians)} Gaussians are not those of {len(views)} views.")
    masks = _masks(gaussians, views, size)
    eyes = np.repeat(views.c2w[:, :3, 3].astype(np.float64), size * size, axis=0)
    means = gaussians.means.astype(np.float64)
    lost = np.flatnonzero(gaussians.opacity >= _FAINT)
    lost = lost[~_inside(means[lost], masks, views)]
    start = means[lost]
    rays = start - eyes[lost]
    rays /= np.maximum(np.linalg.norm(rays, axis=1, keepdims=True), 1e-9)
    for offset in _nearest_first():
        if not len(lost):
            break
        tried = start + offset * rays
        found = _inside(tried, masks, views)
        means[lost[found]] = tried[found]
        lost, start, rays = lost[~found], start[~found], rays[~found]
    return Gaussians(means.astype(np.float32), gaussians.opacity, gaussians.scaling, gaussians.rotation, gaussians.rgb)


def _nearest_first() -> NDArray[np.float64]:
    steps = np.arange(1, round(_REACH / _STEP) + 1) * _STEP
    return np.stack([steps, -steps], axis=1).ravel()


def _masks(gaussians: Gaussians, views: Views, size: int) -> NDArray[np.float32]:
    """Where each view shows the object, [V, P, P]: pixels that are not white, and those that the network made opaque.

    Either alone has holes: a white object has no ink, a network overlooks thin legs.
    """
    inked = views.images.min(axis=-1) < _PAPER
    opaque = gaussians.opacity.reshape(len(views), size, size) > 0.5
    pixels = inked.shape[1]
    at = np.minimum((np.arange(pixels) + 0.5) * size / pixels, size - 1).astype(np.int64)
    shown: NDArray[np.bool_] = inked | opaque[:, at[:, None], at]
    return shown.astype(np.float32)


def _inside(points: NDArray[np.float64], masks: NDArray[np.float32], views: Views) -> NDArray[np.bool_]:
    """Whether every view shows the object where a point [N, 3] lies."""
    from scipy.ndimage import map_coordinates  # noqa: PLC0415 - 80 ms for those who never splat

    kept = np.ones(len(points), bool)
    size = masks.shape[1]
    focal_px = 0.5 * size / np.tan(np.deg2rad(views.fovy_deg) / 2)
    for mask, c2w in zip(masks, views.c2w, strict=True):
        rotation, translation = world_to_opencv(c2w)
        x, y, depth = (points @ rotation.T + translation).T
        depth = np.maximum(depth, 1e-6)
        at = [focal_px * axis / depth + (size - 1) / 2 for axis in (y, x)]
        kept &= map_coordinates(mask, at, order=1) >= _EDGE
    return kept
