"""ImageDream's resampler: a picture's CLIP tokens become the few that the UNet attends to."""

from typing import Final

import torch
from torch import Tensor, nn

from pipelines.attention import AttentionKernel, attend
from pipelines.multiview.config import MultiViewUNetConfig

_LAYERS: Final = 4  # these three are the same in every checkpoint; SPEC B.3
_HEADS: Final = 12
_HEAD_WIDTH: Final = 64


class LatentAttention(nn.Module):
    """Latents [B, Q, C] to the picture and themselves -> [B, Q, C]."""

    def __init__(self, width: int, kernel: AttentionKernel) -> None:
        super().__init__()
        inner = _HEADS * _HEAD_WIDTH
        self.kernel = kernel
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, picture: Tensor, latents: Tensor) -> Tensor:
        latents = self.norm2(latents)
        both = torch.cat([self.norm1(picture), latents], dim=1)
        key, value = self.to_kv(both).chunk(2, dim=-1)
        mixed = attend(_split(self.to_q(latents)), _split(key), _split(value), self.kernel)
        projected: Tensor = self.to_out(mixed.transpose(1, 2).flatten(2))
        return projected


class Layer(nn.ModuleList):
    """Attention, then a feed-forward, each added to the latents [B, Q, C]."""

    def __init__(self, width: int, kernel: AttentionKernel) -> None:
        super().__init__([LatentAttention(width, kernel), _feed_forward(width)])

    def forward(self, picture: Tensor, latents: Tensor) -> Tensor:
        latents = latents + self[0](picture, latents)
        mixed: Tensor = latents + self[1](latents)
        return mixed


class Resampler(nn.Module):
    """Tokens [B, T, ip_width] of the picture encoder -> [B, ip_dim, context_dim]."""

    def __init__(self, config: MultiViewUNetConfig, kernel: AttentionKernel) -> None:
        super().__init__()
        width = config.context_dim
        self.latents = nn.Parameter(torch.randn(1, config.ip_dim or 0, width) / width**0.5)
        self.proj_in = nn.Linear(config.ip_width, width)
        self.layers = nn.ModuleList(Layer(width, kernel) for _ in range(_LAYERS))
        self.proj_out = nn.Linear(width, width)
        self.norm_out = nn.LayerNorm(width)

    def forward(self, picture: Tensor) -> Tensor:
        tokens = self.proj_in(picture)
        latents = self.latents.expand(len(picture), -1, -1)
        for layer in self.layers:
            latents = layer(tokens, latents)
        resampled: Tensor = self.norm_out(self.proj_out(latents))
        return resampled


def _feed_forward(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, 4 * width, bias=False),
        nn.GELU(),
        nn.Linear(4 * width, width, bias=False),
    )


def _split(x: Tensor) -> Tensor:
    return x.reshape(*x.shape[:2], _HEADS, _HEAD_WIDTH).transpose(1, 2)  # [B, heads, N, D]
