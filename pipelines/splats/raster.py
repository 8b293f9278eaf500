"""Pictures of Gaussians on the CPU, as 3DGS draws them.

Source: Kerbl et al., "3D Gaussian Splatting" (2023); the constants are those of diff-gaussian-rasterization's
forward.cu, which this does not copy.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput
from pipelines.geometry import Camera, Gaussians
from pipelines.meshing.orientation import rotation_matrices

_TILE = 16
_NEAR = 0.01
_DILATION = 0.3  # px^2: a splat covers at least about a pixel
_VISIBLE = 1 / 255
_WIDEST = 1.3  # times the view's tangent, beyond which the local affine projection is not followed
_SIZES = (1, 4096)
_WORKERS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Projected:
    """Splats in the picture, nearest first."""

    center: NDArray[np.float32]  # [N, 2] pixels, x right and y down, pixel centres at whole numbers
    conic: NDArray[np.float32]  # [N, 3] inverse covariance a, b, c of a x^2 + 2 b x y + c y^2, 1/px^2
    extent: NDArray[np.float32]  # [N, 2] half size of the box outside which alpha is below 1/255, px
    opacity: NDArray[np.float32]  # [N]
    rgb: NDArray[np.float32]  # [N, 3]


def render(
    gaussians: Gaussians,
    camera: Camera,
    size: int,
    background: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A square picture of Gaussians and its opacity.

    Args:
        gaussians: In the model frame, y up; `camera` stands on its orbit about the origin, azimuth 0 on +z.
        camera: Its radius is in units of the model frame.
        size: Pixels per side, 1..4096.
        background: sRGB in [0, 1], blended as 3DGS does, without going through linear light.

    Returns:
        Image [size, size, 3] and alpha [size, size], float32 in [0, 1].

    Raises:
        InvalidInput: a size out of range, or a camera without a radius or field of view.
    """
    if not _SIZES[0] <= size <= _SIZES[1]:
        raise InvalidInput(f"The picture's size must be in {list(_SIZES)}, not {size}.")
    if not (camera.radius > 0 and 0 < camera.fovy_deg < 180):
        raise InvalidInput("The camera needs a radius > 0 and a field of view in (0, 180) degrees.")
    splats = project(gaussians, camera, size)
    order, starts = _tiles(splats, size)
    # Imported here: numba takes 400 ms to load, which replicas that never see splats should not pay.
    from pipelines.splats.composite import composite  # noqa: PLC0415

    image = np.empty((size, size, 3), np.float32)
    alpha = np.empty((size, size), np.float32)
    paper = np.asarray(background, np.float32)
    across = -(-size // _TILE)
    rows = np.linspace(0, across, 2 * _WORKERS + 1).astype(np.int64)

    def band(first: int, last: int) -> None:
        composite(
            splats.center, splats.conic, splats.opacity, splats.rgb, order, starts, first, last, paper, image, alpha
        )

    with ThreadPoolExecutor(_WORKERS) as workers:  # the kernel releases the interpreter lock
        list(workers.map(band, rows[:-1].tolist(), rows[1:].tolist()))
    return image, alpha


def world_to_camera(camera: Camera) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotation [3, 3] and translation [3] from the model frame to x right, y down, z forward."""
    elevation, azimuth = np.deg2rad(camera.elevation_deg), np.deg2rad(camera.azimuth_deg)
    back = np.array([np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth)])
    right = np.array([np.cos(azimuth), 0.0, -np.sin(azimuth)])
    rotation = np.stack([right, -np.cross(back, right), -back])
    return rotation, -rotation @ (camera.radius * back)


def project(gaussians: Gaussians, camera: Camera, size: int) -> Projected:
    """Each visible Gaussian as an ellipse in the picture, by the local affine approximation of perspective (EWA)."""
    rotation, translation = world_to_camera(camera)
    seen = gaussians.means.astype(np.float64) @ rotation.T + translation
    keep = np.flatnonzero((seen[:, 2] > _NEAR) & (gaussians.opacity >= _VISIBLE))
    keep = keep[np.argsort(seen[keep, 2], kind="stable")]
    x, y, z = seen[keep].T
    tangent = np.tan(np.deg2rad(camera.fovy_deg) / 2)
    focal = size / (2 * tangent)
    center = np.stack([focal * x / z, focal * y / z], axis=1) + (size - 1) / 2
    reach = _WIDEST * tangent
    u, v = np.clip(x / z, -reach, reach), np.clip(y / z, -reach, reach)
    zero = np.zeros_like(z)
    jacobian = np.moveaxis(np.array([[focal / z, zero, -focal * u / z], [zero, focal / z, -focal * v / z]]), 2, 0)
    axes = rotation_matrices(gaussians.rotation[keep]) * gaussians.scaling[keep].astype(np.float64)[:, None, :]
    footprint = jacobian @ rotation @ axes  # [N, 2, 3]
    a = (footprint[:, 0] ** 2).sum(axis=1) + _DILATION
    c = (footprint[:, 1] ** 2).sum(axis=1) + _DILATION
    b = (footprint[:, 0] * footprint[:, 1]).sum(axis=1)
    determinant = a * c - b * b
    opacity = gaussians.opacity[keep]
    spread = np.sqrt(2 * np.log(np.maximum(opacity / _VISIBLE, 1.0)))
    extent = spread[:, None] * np.sqrt(np.stack([a, c], axis=1))
    inside = (np.abs(center - (size - 1) / 2) <= size / 2 + extent).all(axis=1) & (determinant > 0)
    conic = np.stack([c, -b, a], axis=1) / determinant[:, None]
    return Projected(
        center[inside].astype(np.float32),
        conic[inside].astype(np.float32),
        extent[inside].astype(np.float32),
        opacity[inside],
        gaussians.rgb[keep][inside],
    )


def _tiles(splats: Projected, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each tile, row by row, its splats nearest first: order[starts[t]:starts[t + 1]]."""
    across = -(-size // _TILE)
    low = np.clip(np.ceil(splats.center - splats.extent), 0, size - 1).astype(np.int64) // _TILE
    high = np.clip(np.floor(splats.center + splats.extent), 0, size - 1).astype(np.int64) // _TILE
    span = high - low + 1
    count = span.prod(axis=1)
    splat = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(splat)) - np.repeat(np.cumsum(count) - count, count)
    column = low[splat, 0] + nth % span[splat, 0]
    row = low[splat, 1] + nth // span[splat, 0]
    tile = row * across + column
    by_tile = np.argsort(tile.astype(np.int32), kind="stable")  # stable: within a tile the depth order stays
    starts = np.zeros(across * across + 1, np.int64)
    np.cumsum(np.bincount(tile, minlength=across * across), out=starts[1:])
    return splat[by_tile], starts
