"""The layers of the multi-view UNet. Module names are those of the published checkpoints (SPEC B.4).

Shapes: B objects (or halves of a guided pair), F frames each, R = B * F rows; C channels; L tokens of context.
"""

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, group_norm, interpolate

from pipelines.attention import AttentionKernel, attend
from pipelines.multiview.config import GROUPS, MultiViewUNetConfig

_EPS: Final = 1e-5
_EPS_TRANSFORMER: Final = 1e-6  # only in front of the spatial transformers; SPEC B.3


class Conditions(NamedTuple):
    """What every layer may look at. Context and picture come per row or, cheaper and the same, per object."""

    embedding: Tensor  # [R, 4 * model_channels] of time and camera
    context: Tensor  # [R or B, L, context_dim] text tokens
    picture: Tensor | None  # [R or B, ip_dim, context_dim]
    frames: int  # F


class GroupNorm(nn.GroupNorm):
    """In float32 whatever comes in: the statistics of narrow types are rounded to them on CUDA, which shows."""

    def __init__(self, channels: int, eps: float = _EPS) -> None:
        super().__init__(GROUPS, channels, eps)

    def forward(self, x: Tensor) -> Tensor:
        return group_norm(x.float(), GROUPS, self.weight.float(), self.bias.float(), self.eps).to(x.dtype)


class ResidualBlock(nn.Module):
    """[R, Cin, H, W] -> [R, Cout, H, W], shifted by the embedding."""

    def __init__(self, channels_in: int, channels_out: int, embedding: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(
            GroupNorm(channels_in), nn.SiLU(), nn.Conv2d(channels_in, channels_out, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, channels_out))
        self.out_layers = nn.Sequential(  # the third is upstream's dropout, which keeps the names in step
            GroupNorm(channels_out), nn.SiLU(), nn.Identity(), nn.Conv2d(channels_out, channels_out, 3, padding=1)
        )
        same = channels_in == channels_out
        self.skip_connection = nn.Identity() if same else nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, x: Tensor, given: Conditions) -> Tensor:
        y = self.in_layers(x) + self.emb_layers(given.embedding)[:, :, None, None]
        summed: Tensor = self.skip_connection(x) + self.out_layers(y)
        return summed


class Attention(nn.Module):
    """Queries [B, N, C] to context [B, L, Cctx] -> [B, N, C]; with pictures, to their tokens as well."""

    def __init__(
        self, channels: int, context: int, config: MultiViewUNetConfig, kernel: AttentionKernel, *, picture: bool
    ) -> None:
        super().__init__()
        self.heads = channels // config.num_head_channels
        self.kernel = kernel
        self.ip_weight = config.ip_weight
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(context, channels, bias=False)
        self.to_v = nn.Linear(context, channels, bias=False)
        self.to_out = nn.Sequential(nn.Linear(channels, channels))
        if picture:
            self.to_k_ip = nn.Linear(context, channels, bias=False)
            self.to_v_ip = nn.Linear(context, channels, bias=False)

    def forward(self, x: Tensor, context: Tensor, picture: Tensor | None = None) -> Tensor:
        query = self._split(self.to_q(x))
        mixed = attend(query, self._split(self.to_k(context)), self._split(self.to_v(context)), self.kernel)
        if picture is not None:
            key, value = self._split(self.to_k_ip(picture)), self._split(self.to_v_ip(picture))
            mixed = mixed + self.ip_weight * attend(query, key, value, self.kernel)
        projected: Tensor = self.to_out(mixed.transpose(1, 2).reshape(x.shape))
        return projected

    def _split(self, x: Tensor) -> Tensor:
        batch, count, channels = x.shape
        return x.reshape(batch, count, self.heads, channels // self.heads).transpose(1, 2)  # [B, heads, N, D]


class GatedLinear(nn.Module):
    """[.., C] -> [.., inner]: value times GELU of gate."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(channels, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        gated: Tensor = value * gelu(gate)
        return gated


class FeedForward(nn.Module):
    """[.., C] -> [.., C] through 4 C."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = nn.Sequential(GatedLinear(channels, 4 * channels), nn.Identity(), nn.Linear(4 * channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.net(x)
        return mixed


class TransformerBlock(nn.Module):
    """[R, N, C] -> the same: all frames of an object together, then each to the context, then each token alone."""

    def __init__(self, channels: int, config: MultiViewUNetConfig, kernel: AttentionKernel) -> None:
        super().__init__()
        self.attn1 = Attention(channels, channels, config, kernel, picture=False)
        self.attn2 = Attention(channels, config.context_dim, config, kernel, picture=config.takes_picture)
        self.ff = FeedForward(channels)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels, _EPS) for _ in range(3))

    def forward(self, x: Tensor, given: Conditions) -> Tensor:
        rows, count, channels = x.shape
        joined = x.reshape(rows // given.frames, given.frames * count, channels)  # (b f) n c -> b (f n) c
        normed = self.norm1(joined)
        joined = joined + self.attn1(normed, normed)
        # Queries that share a context form one sequence: frames of an object are neighbours.
        shared = joined.reshape(len(given.context), -1, channels)
        shared = shared + self.attn2(self.norm2(shared), given.context, given.picture)
        x = shared.reshape(rows, count, channels)
        mixed: Tensor = x + self.ff(self.norm3(x))
        return mixed


class SpatialTransformer(nn.Module):
    """[R, C, H, W] -> the same, its pixels as tokens."""

    def __init__(self, channels: int, config: MultiViewUNetConfig, kernel: AttentionKernel) -> None:
        super().__init__()
        self.norm = GroupNorm(channels, _EPS_TRANSFORMER)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList(
            TransformerBlock(channels, config, kernel) for _ in range(config.transformer_depth)
        )
        self.proj_out = nn.Linear(channels, channels)

    def forward(self, x: Tensor, given: Conditions) -> Tensor:
        rows, channels, height, width = x.shape
        tokens = self.proj_in(self.norm(x).permute(0, 2, 3, 1).reshape(rows, height * width, channels))
        for block in self.transformer_blocks:
            tokens = block(tokens, given)
        summed: Tensor = self.proj_out(tokens).reshape(rows, height, width, channels).permute(0, 3, 1, 2) + x
        return summed


class Downsample(nn.Module):
    """Half the size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        halved: Tensor = self.op(x)
        return halved


class Upsample(nn.Module):
    """Twice the size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        doubled: Tensor = self.conv(interpolate(x, scale_factor=2.0, mode="nearest"))
        return doubled


class Stage(nn.ModuleList):
    """Layers in a row; those that look at the conditions are given them."""

    def forward(self, x: Tensor, given: Conditions) -> Tensor:
        for layer in self:
            x = layer(x, given) if isinstance(layer, ResidualBlock | SpatialTransformer) else layer(x)
        return x


def sinusoids(timesteps: Tensor, width: int) -> Tensor:
    """[R] -> [R, width] float32: cosines, then sines. bf16 cannot even tell step 958 from 960."""
    half = width // 2
    steps = torch.arange(half, dtype=torch.float32, device=timesteps.device)
    angles = timesteps.float()[:, None] * torch.exp(steps * (-_LN_10000 / half))
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


_LN_10000: Final = 9.210340371976184
