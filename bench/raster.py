"""Pictures of 65,536 splats at 512 x 512 on the CPU, beside the same equations written plainly in torch."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.cameras import c2w_of, world_to_opencv
from pipelines.geometry import Camera, Gaussians
from pipelines.splats import orbit_video, rasterizers, render, render_many
from tests.golden.splat_cases import splats

COUNT, SIZE, CAMERA, TILE = 65_536, 512, Camera(20, 30), 16


def main() -> None:
    """Print medians in milliseconds and how many times faster than the plain way that is."""
    cores = len(os.sched_getaffinity(0))
    print(f"{COUNT:,} splats at {SIZE} x {SIZE}, {cores} cores; goal 60 ms on 2")
    cases = {
        "mug, flat": splats("mug", "ideal", COUNT),
        "torus, flat": splats("torus", "ideal", COUNT),
        "blob, noisy": splats("blob", "noisy", COUNT),
        "scattered": _scattered(),
    }
    for name, gaussians in cases.items():
        _row(name, gaussians)
    _film(cases["mug, flat"])
    for state in rasterizers():
        print(f"{state.name}: {state.reason or 'works'} ({state.licence})")
        if state.available and state.name != "cpu":
            took = _median_ms(partial(render, cases["mug, flat"], CAMERA, SIZE, rasterizer=state.name), 30)
            print(f"  {took:.1f} ms")


def _row(name: str, gaussians: Gaussians) -> None:
    image, _ = render(gaussians, CAMERA, SIZE, rasterizer="cpu")
    all_cores = _median_ms(partial(render, gaussians, CAMERA, SIZE, rasterizer="cpu"), 15)
    one_core = _median_ms(partial(render, gaussians, CAMERA, SIZE, rasterizer="cpu", threads=1), 9)
    began = time.perf_counter()
    plain = _plain(gaussians, CAMERA, SIZE)
    plain_ms = 1e3 * (time.perf_counter() - began)
    apart = float(np.abs(image - plain).max())
    print(
        f"{name:12s} {all_cores:6.1f} ms   one thread {one_core:6.1f} ms   plain torch {plain_ms:7.0f} ms"
        f"   {plain_ms / all_cores:5.0f} times   farthest apart {apart:.1e}"
    )


def _film(gaussians: Gaussians) -> None:
    cameras = [replace(CAMERA, azimuth_deg=10.0 * k) for k in range(36)]
    drawn = _median_ms(lambda: list(render_many(gaussians, cameras, SIZE, rasterizer="cpu")), 1)
    whole = _median_ms(lambda: orbit_video(gaussians, 36, SIZE, rasterizer="cpu"), 1)
    print(f"a turn of 36 frames: {drawn / 36:.1f} ms each, the whole film as WebP {whole:.0f} ms")


def _median_ms(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def _scattered() -> Gaussians:
    rng = np.random.default_rng(0)
    rotation = rng.normal(size=(COUNT, 4))
    parts = (
        rng.uniform(-0.5, 0.5, (COUNT, 3)),
        rng.uniform(0.05, 0.95, COUNT),
        rng.lognormal(np.log(0.006), 0.5, (COUNT, 3)),
        rotation / np.linalg.norm(rotation, axis=1, keepdims=True),
        rng.uniform(0, 1, (COUNT, 3)),
    )
    return Gaussians(*(part.astype(np.float32) for part in parts))


def _plain(gaussians: Gaussians, camera: Camera, size: int) -> NDArray[np.float32]:
    """All splats projected at once, then each tile by one cumulative product: what torch does well without kernels."""
    with torch.inference_mode():
        center, conic, radius, z = _ellipses(gaussians, camera, size)
        order = torch.argsort(z)
        order = order[(z[order] > 0.2) & (torch.from_numpy(gaussians.opacity)[order] >= 1 / 255)]
        center, conic, radius = center[order], conic[order], radius[order]
        opacity, rgb = torch.from_numpy(gaussians.opacity)[order], torch.from_numpy(gaussians.rgb)[order]
        low, high = torch.trunc((center - radius) / TILE), torch.trunc((center + radius + TILE - 1) / TILE)
        picture = torch.ones(size, size, 3)
        steps = torch.arange(TILE, dtype=torch.float32)
        for row in range(-(-size // TILE)):
            in_row = torch.nonzero((low[:, 1] <= row) & (high[:, 1] > row))[:, 0]
            for column in range(-(-size // TILE)):
                k = in_row[(low[in_row, 0] <= column) & (high[in_row, 0] > column)]
                dx = center[k, 0, None, None] - (column * TILE + steps)  # [K, 1, 16]
                dy = center[k, 1, None, None] - (row * TILE + steps)[:, None]  # [K, 16, 1]
                a, b, c = conic[k, 0, None, None], conic[k, 1, None, None], conic[k, 2, None, None]
                share = opacity[k, None, None] * torch.exp(-0.5 * (a * dx * dx + c * dy * dy) - b * dx * dy)
                share = torch.where(share < 1 / 255, 0.0, share.clamp(max=0.99))  # [K, 16, 16]
                after = torch.cumprod(1 - share, dim=0)
                before = torch.cat([torch.ones(1, TILE, TILE), after[:-1]])
                weight = torch.where(after < 1e-4, 0.0, before * share)
                tile = torch.einsum("khw,kc->hwc", weight, rgb[k]) + (1 - weight.sum(dim=0))[..., None]
                here = picture[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
                here[:] = tile[: here.shape[0], : here.shape[1]]
        return np.asarray(picture.clamp(0, 1).numpy())


def _ellipses(gaussians: Gaussians, camera: Camera, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Centres [N, 2], conics [N, 3], radii [N, 1] and depths [N]."""
    turn_array, shift = world_to_opencv(c2w_of(camera))
    turn, tangent = torch.from_numpy(turn_array.copy()).float(), float(np.tan(np.deg2rad(camera.fovy_deg) / 2))
    points = torch.from_numpy(gaussians.means) @ turn.T + torch.from_numpy(shift).float()
    x, y, z = points.unbind(1)
    focal = size / (2 * tangent)
    center = focal * torch.stack([x / z, y / z], 1) + (size - 1) / 2
    u, v = (x / z).clamp(-1.3 * tangent, 1.3 * tangent), (y / z).clamp(-1.3 * tangent, 1.3 * tangent)
    zero = torch.zeros_like(z)
    one = torch.ones_like(z)
    jacobian = (focal / z)[:, None, None] * torch.stack([one, zero, -u, zero, one, -v], 1).reshape(-1, 2, 3)
    w, i, j, k = torch.from_numpy(gaussians.rotation).unbind(1)
    rows = [1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j), 2 * (i * j + w * k)]
    rows += [1 - 2 * (i * i + k * k), 2 * (j * k - w * i), 2 * (i * k - w * j), 2 * (j * k + w * i)]
    rows += [1 - 2 * (i * i + j * j)]
    axes = torch.stack(rows, 1).reshape(-1, 3, 3) * torch.from_numpy(gaussians.scaling)[:, None]
    flat = jacobian @ turn @ axes
    covariance = flat @ flat.transpose(1, 2)
    a, b, c = covariance[:, 0, 0] + 0.3, covariance[:, 0, 1], covariance[:, 1, 1] + 0.3
    determinant = a * c - b * b
    middle = (a + c) / 2
    radius = torch.ceil(3 * torch.sqrt(middle + torch.sqrt((middle * middle - determinant).clamp(min=0.1))))
    return center, torch.stack([c, -b, a], 1) / determinant[:, None], radius[:, None], z


if __name__ == "__main__":
    main()
