"""What the network should answer to a record, and how far an answer is from it."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, l1_loss, smooth_l1_loss

from pipelines.cameras import FOVY_DEG
from pipelines.geometry import Gaussians, Views
from pipelines.lgm import network_input
from training.data import INPUT_SIZE, MAP_SIZE

# Chosen on Gaussians made from true maps, by PSNR of unseen views and IoU after meshing: training/README.md.
SIGMA_PX: Final = 0.35  # standard deviation of a splat, in pixels of its own map
INSET: Final = 0.4  # sigmas by which centres lie below the surface, so that outlines do not swell
FLATNESS: Final = 0.2  # thickness over width
_FOCAL_PX: Final = 0.5 * MAP_SIZE / float(np.tan(np.deg2rad(FOVY_DEG) / 2))
_TINY: Final = 1e-4  # of opacities in a logarithm


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Rows in the network's own order (view, row, column), B objects of N rows."""

    seen: Tensor  # [B, N] bool: the row's pixel sees the surface; the other fields hold only there
    points: Tensor  # [B, N, 3] centres
    normals: Tensor  # [B, N, 3]
    scales: Tensor  # [B, N] standard deviation along the surface
    rgb: Tensor  # [B, N, 3] in [0, 1]

    def chunks(self, count: int) -> list[Self]:
        """The batch in `count` parts."""
        fields = (self.seen, self.points, self.normals, self.scales, self.rgb)
        return [type(self)(*parts) for parts in zip(*(field.chunk(count) for field in fields), strict=True)]

    def to(self, device: torch.device) -> Self:
        """The same on another device."""
        moved = (
            field.to(device, non_blocking=True)
            for field in (self.seen, self.points, self.normals, self.scales, self.rgb)
        )
        return type(self)(*moved)


def targets_of(records: NDArray[np.void]) -> Targets:
    """The answer to each of B records."""
    rows = {
        name: records[name].reshape(len(records), -1, *records[name].shape[4:])
        for name in ("seen", "points", "normals", "rgb")
    }
    surface = rows["points"].astype(np.float32)  # [B, N, 3]
    normals = rows["normals"].astype(np.float32) / 127
    eyes = np.repeat(records["c2w"][:, :, :3, 3], MAP_SIZE * MAP_SIZE, axis=1)
    axes = np.repeat(records["c2w"][:, :, :3, 2], MAP_SIZE * MAP_SIZE, axis=1)
    depth = np.einsum("bnc,bnc->bn", eyes - surface, axes)
    sigma = SIGMA_PX * depth / _FOCAL_PX
    centres = surface - INSET * sigma[..., None] * normals
    fields = (rows["seen"], centres, normals, sigma, rows["rgb"].astype(np.float32) / 255)
    return Targets(*(torch.from_numpy(np.ascontiguousarray(field)) for field in fields))


def inputs_of(records: NDArray[np.void]) -> Tensor:
    """The network's input [B, 4, 9, 128, 128] for B records."""
    images = records["images"].astype(np.float32).reshape(-1, INPUT_SIZE, INPUT_SIZE, 3) / np.float32(255)
    views = Views(images, records["c2w"].reshape(-1, 4, 4), FOVY_DEG)
    return network_input(views, INPUT_SIZE).reshape(len(records), -1, 9, INPUT_SIZE, INPUT_SIZE)


def true_gaussians(record: NDArray[np.void]) -> Gaussians:
    """The Gaussians of a network that errs nowhere: the bound of what any can reach in this format."""
    truth = targets_of(record[None])
    seen = truth.seen[0].numpy()
    points, normals, sigma, rgb = (
        field[0].numpy()[seen] for field in (truth.points, truth.normals, truth.scales, truth.rgb)
    )
    scaling = sigma[:, None] * np.array([1.0, 1.0, FLATNESS], np.float32)
    return Gaussians(points, np.ones(len(points), np.float32), scaling.astype(np.float32), _turning_z_to(normals), rgb)


def _turning_z_to(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit quaternions [N, 4] wxyz that turn the z axis to each normal [N, 3]."""
    x, y, z = normals.T
    down = z < -0.9999  # opposite: half a turn about x
    half = np.stack([1 + z, -y, x, np.zeros_like(z)], axis=1)
    half[down] = [0, 1, 0, 0]
    return np.asarray(half / np.linalg.norm(half, axis=1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True)
class Losses:
    """Means over a batch; `total` is what is minimised."""

    total: Tensor
    position: Tensor  # mean distance, model units
    opacity: Tensor
    scale: Tensor
    normal: Tensor  # 1 - cosine
    rgb: Tensor


def losses(answer: Tensor, truth: Targets) -> Losses:
    """How far activated rows [B, N, 14] are from the truth.

    Source: the weights of the trial that training/README.md cites.
    """
    opacity = binary_cross_entropy(answer[..., 3].clamp(_TINY, 1 - _TINY), truth.seen.float())
    rows = answer[truth.seen]  # [M, 14]
    points, normals, rgb = truth.points[truth.seen], truth.normals[truth.seen], truth.rgb[truth.seen]
    position = smooth_l1_loss(rows[:, :3], points, beta=0.02)
    width = truth.scales[truth.seen, None] * torch.tensor([1.0, 1.0, FLATNESS], device=answer.device)
    scale = l1_loss(rows[:, 4:7].log(), width.log())
    normal = (1 - (_third_axis(rows[:, 7:11]) * normals).sum(dim=1)).mean()
    color = l1_loss(rows[:, 11:], rgb)
    total = 10 * position + opacity + 0.1 * scale + 0.5 * normal + 2 * color
    away = (rows[:, :3] - points).detach().norm(dim=1).mean()
    return Losses(total, away, opacity.detach(), scale.detach(), normal.detach(), color.detach())


def _third_axis(quaternions: Tensor) -> Tensor:
    """Where unit quaternions [M, 4] wxyz turn the z axis, [M, 3]."""
    w, x, y, z = quaternions.unbind(dim=1)
    return torch.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], dim=1)
