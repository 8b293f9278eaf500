"""LGM: four views of an object to the Gaussians that it is made of."""

from collections.abc import Mapping
from typing import Final, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize, softplus

from pipelines.attention import AttentionKernel
from pipelines.errors import InvalidInput
from pipelines.lgm.config import IN_CHANNELS, OUT_CHANNELS, LgmConfig
from pipelines.lgm.unet import UNet
from pipelines.weights import load_strict

_SCALE: Final = 0.1  # SPEC A.6
_BESIDE: Final = 0.02  # one step of a ray head beside its ray: a pixel of nano's 64 px maps at the object


class Lgm(nn.Module):
    """The network. Its parameters carry the published checkpoints' names.

    Source: SPEC A; Tang et al., LGM: Large Multi-View Gaussian Model, ECCV 2024.
    """

    def __init__(self, config: LgmConfig, attention: AttentionKernel = "auto") -> None:
        super().__init__()
        self.config = config
        self.unet = UNet(config, attention)
        self.conv = nn.Conv2d(OUT_CHANNELS, OUT_CHANNELS, 1)

    def load(self, tensors: Mapping[str, Tensor]) -> Self:
        """Take a checkpoint's tensors, all names and shapes as they must be. Raises WeightsMismatch."""
        load_strict(self, tensors, "this LGM")
        return self

    def narrowed(self, dtype: torch.dtype) -> Self:
        """The body in `dtype` (bf16, fp16); stem, head and activations stay float32. Changes and returns self."""
        for part in (self.unet.down_blocks, self.unet.mid_block, self.unet.up_blocks):
            part.to(dtype)
        return self

    def forward(self, views: Tensor) -> Tensor:
        """Activated Gaussians.

        Args:
            views: [B, V, 9, H, W]: normalised RGB, then Pluecker coordinates. H = W = config.input_size.

        Returns:
            [B, V * S * S, 14] float32 in (view, row, column) order: position, opacity, scale, quaternion wxyz, RGB.

        Raises:
            InvalidInput: another shape.
        """
        size, count = self.config.input_size, self.config.num_input_views
        if views.ndim != 5 or views.shape[1:] != (count, IN_CHANNELS, size, size):
            raise InvalidInput(
                f"This LGM takes views of shape [B, {count}, {IN_CHANNELS}, {size}, {size}], not {list(views.shape)}."
            )
        flat = views.flatten(0, 1)
        raw = self.conv(self.unet(flat))  # [B*V, 14, S, S]
        if self.config.position == "ray":
            raw = torch.cat([_along_rays(raw[:, :3], flat[:, 3:]), raw[:, 3:]], dim=1)
        rows = raw.reshape(len(views), count, OUT_CHANNELS, -1).permute(0, 1, 3, 2)
        return activated(rows.reshape(len(views), -1, OUT_CHANNELS))


def activated(raw: Tensor) -> Tensor:
    """The 14 raw channels [..., 14] as positions in [-1, 1], opacities, scales, unit quaternions and colours."""
    position, opacity, scale, rotation, rgb = torch.split(raw.float(), [3, 1, 3, 4, 3], dim=-1)
    parts = (
        position.clamp(-1, 1),
        opacity.sigmoid(),
        _SCALE * softplus(scale),
        normalize(rotation, dim=-1),
        0.5 * torch.tanh(rgb) + 0.5,
    )
    return torch.cat(parts, dim=-1)


def _along_rays(steps: Tensor, pluecker: Tensor) -> Tensor:
    """World positions [R, 3, S, S] of (depth, aside, above) in each pixel's ray frame.

    Depth 0 is the ray's point nearest to the origin, d x (o x d), which the Pluecker coordinates hold without the
    camera. `aside` is horizontal; on a vertical ray, which has no side, the two small steps vanish.
    """
    ray = avg_pool2d(pluecker.float(), pluecker.shape[-1] // steps.shape[-1])
    length = ray[:, 3:].norm(dim=1, keepdim=True)
    moment, direction = ray[:, :3] / length, ray[:, 3:] / length  # one origin: the mean ray passes through it
    vertical = torch.zeros_like(direction)
    vertical[:, 1] = 1.0
    aside = normalize(torch.linalg.cross(direction, vertical, dim=1), dim=1)
    above = torch.linalg.cross(aside, direction, dim=1)
    beside = _BESIDE * (steps[:, 1:2] * aside + steps[:, 2:3] * above)
    nearest = torch.linalg.cross(direction, moment, dim=1)
    position: Tensor = nearest + steps[:, :1] * direction + beside
    return position
