"""LGM's U-Net: convolutions over each view, attention over all views of an object together.

Module names are those of the published checkpoints (SPEC A.3); shapes are noted as B objects, V views, C channels.
"""

from math import sqrt
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

from pipelines.attention import AttentionKernel, attend
from pipelines.lgm.config import IN_CHANNELS, OUT_CHANNELS, LgmConfig

_SKIP: Final = sqrt(0.5)  # every sum of two branches keeps its variance; SPEC A.2
_EPS: Final = 1e-5


class ResidualBlock(nn.Module):
    """[B*V, Cin, H, W] -> [B*V, Cout, H, W]."""

    def __init__(self, channels_in: int, channels_out: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, channels_in, _EPS)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, channels_out, _EPS)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.shortcut = nn.Conv2d(channels_in, channels_out, 1) if channels_in != channels_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(silu(self.norm1(x)))
        y = self.conv2(silu(self.norm2(y)))
        summed: Tensor = (y + self.shortcut(x)) * _SKIP
        return summed


class SelfAttention(nn.Module):
    """[B, N, C] -> [B, N, C]. The one `qkv` layer puts out (3, heads, head width)."""

    def __init__(self, channels: int, heads: int, kernel: AttentionKernel) -> None:
        super().__init__()
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.proj = nn.Linear(channels, channels)
        self.heads = heads
        self.kernel = kernel

    def forward(self, x: Tensor) -> Tensor:
        batch, count, channels = x.shape
        qkv = self.qkv(x).reshape(batch, count, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind()  # each [B, heads, N, C / heads]
        mixed = attend(query, key, value, self.kernel)
        projected: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, count, channels))
        return projected


class MultiViewAttention(nn.Module):
    """[B*V, C, H, W] -> the same; the tokens of one object are (view, row, column)."""

    def __init__(self, channels: int, config: LgmConfig, kernel: AttentionKernel) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(config.groups, channels, _EPS)
        self.attn = SelfAttention(channels, config.heads, kernel)
        self.views = config.num_input_views

    def forward(self, x: Tensor) -> Tensor:
        rows, channels, height, width = x.shape
        tokens = self.norm(x).reshape(rows // self.views, self.views, channels, height * width)
        tokens = tokens.permute(0, 1, 3, 2).reshape(rows // self.views, -1, channels)  # [B, V*H*W, C]
        mixed = self.attn(tokens).reshape(rows, height, width, channels).permute(0, 3, 1, 2)
        summed: Tensor = (mixed + x) * _SKIP
        return summed


class _Level(nn.Module):
    """Residual blocks, each followed by attention where the level has it."""

    def __init__(self, widths: list[tuple[int, int]], config: LgmConfig, kernel: AttentionKernel | None) -> None:
        super().__init__()
        self.nets = nn.ModuleList(ResidualBlock(cin, cout, config.groups) for cin, cout in widths)
        self.attns = nn.ModuleList(MultiViewAttention(cout, config, kernel) for _, cout in widths if kernel)

    def _block(self, index: int, x: Tensor) -> Tensor:
        y: Tensor = self.nets[index](x)
        return self.attns[index](y) if len(self.attns) else y


class DownLevel(_Level):
    """Two blocks, then half the size but at the last level. Gives its output and what it leaves for the way up."""

    def __init__(
        self, channels: tuple[int, int], config: LgmConfig, kernel: AttentionKernel | None, *, last: bool
    ) -> None:
        cin, cout = channels
        super().__init__([(cin, cout), (cout, cout)], config, kernel)
        self.downsample = None if last else nn.Conv2d(cout, cout, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        skips = []
        for index in range(2):
            x = self._block(index, x)
            skips.append(x)
        if self.downsample is not None:
            x = self.downsample(x)
            skips.append(x)
        return x, skips


class MidLevel(nn.Module):
    """Residual, attention, residual."""

    def __init__(self, channels: int, config: LgmConfig, kernel: AttentionKernel | None) -> None:
        super().__init__()
        self.nets = nn.ModuleList(ResidualBlock(channels, channels, config.groups) for _ in range(2))
        self.attns = nn.ModuleList([MultiViewAttention(channels, config, kernel)] if kernel else [])

    def forward(self, x: Tensor) -> Tensor:
        x = self.nets[0](x)
        for attention in self.attns:
            x = attention(x)
        last: Tensor = self.nets[1](x)
        return last


class UpLevel(_Level):
    """Three blocks, each on [x, newest skip], then twice the size but at the last level."""

    def __init__(
        self, cin: int, skips: list[int], cout: int, config: LgmConfig, kernel: AttentionKernel | None, *, last: bool
    ) -> None:
        before = (cin, cout, cout)
        super().__init__([(b + s, cout) for b, s in zip(before, skips, strict=True)], config, kernel)
        self.upsample = None if last else nn.Conv2d(cout, cout, 3, padding=1)

    def forward(self, x: Tensor, skips: list[Tensor]) -> Tensor:
        for index in range(3):
            x = self._block(index, torch.cat([x, skips.pop()], dim=1))
        return x if self.upsample is None else self.upsample(interpolate(x, scale_factor=2.0, mode="nearest"))


class UNet(nn.Module):
    """[B*V, 9, H, W] -> [B*V, 14, S, S]. Views of one object are neighbours."""

    def __init__(self, config: LgmConfig, kernel: AttentionKernel = "auto") -> None:
        super().__init__()
        down, up = config.down_channels, config.up_channels
        self.conv_in = nn.Conv2d(IN_CHANNELS, down[0], 3, padding=1)
        widths, skips = (down[0], *down), [down[0]]
        self.down_blocks = nn.ModuleList()
        for i, attention in enumerate(config.down_attention):
            last = i == len(down) - 1
            level = DownLevel((widths[i], down[i]), config, kernel if attention else None, last=last)
            self.down_blocks.append(level)
            skips += [down[i]] * (2 if last else 3)
        self.mid_block = MidLevel(down[-1], config, kernel if config.mid_attention else None)
        self.up_blocks = nn.ModuleList()
        widths = (down[-1], *up)
        for i, attention in enumerate(config.up_attention[: len(up)]):
            taken = [skips.pop() for _ in range(3)]
            last = i == len(up) - 1
            self.up_blocks.append(UpLevel(widths[i], taken, up[i], config, kernel if attention else None, last=last))
        self.norm_out = nn.GroupNorm(config.groups, up[-1], _EPS)
        self.conv_out = nn.Conv2d(up[-1], OUT_CHANNELS, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        # Rays in at full precision and Gaussians out at full precision, whatever width the body has: bf16 has steps
        # of 4e-3 near 1, which is a millimetre in four of a 60 cm object.
        body = next(self.mid_block.parameters()).dtype
        x = self.conv_in(x.float()).to(body)
        stack = [x]
        for down in self.down_blocks:
            x, left = down(x)
            stack += left
        x = self.mid_block(x)
        for up in self.up_blocks:
            x = up(x, stack)
        head: Tensor = self.conv_out(silu(self.norm_out(x.float())))
        return head
