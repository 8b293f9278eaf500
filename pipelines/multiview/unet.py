"""The UNet of MVDream and ImageDream: Stable Diffusion 2.1's, its self-attention over all frames of an object."""

from collections.abc import Mapping
from typing import Final, Self

import torch
from torch import Tensor, nn

from pipelines.attention import AttentionKernel
from pipelines.errors import InvalidInput
from pipelines.multiview.blocks import (
    Conditions,
    Downsample,
    GroupNorm,
    ResidualBlock,
    SpatialTransformer,
    Stage,
    Upsample,
    sinusoids,
)
from pipelines.multiview.config import MultiViewUNetConfig
from pipelines.multiview.resampler import Resampler
from pipelines.weights import load_strict

_PREFIX: Final = "model.diffusion_model."  # in the original checkpoints, which hold VAE and CLIP beside it


class MultiViewUNet(nn.Module):
    """The network. Its parameters carry the published checkpoints' names.

    Source: SPEC B.2 to B.4; Shi et al., MVDream, ICLR 2024; Wang and Shi, ImageDream, 2023.
    """

    def __init__(self, config: MultiViewUNetConfig, attention: AttentionKernel = "auto") -> None:
        super().__init__()
        self.config = config
        width, embedding = config.model_channels, 4 * config.model_channels
        self.time_embed = _two_layers(width, embedding)
        self.camera_embed = _two_layers(config.camera_dim, embedding)
        self.image_embed = Resampler(config, attention) if config.takes_picture else None
        self.input_blocks, skips = _way_down(config, attention)
        deepest = width * config.channel_mult[-1]
        self.middle_block = Stage(
            [
                ResidualBlock(deepest, deepest, embedding),
                SpatialTransformer(deepest, config, attention),
                ResidualBlock(deepest, deepest, embedding),
            ]
        )
        self.output_blocks = _way_up(config, attention, skips)
        self.out = nn.Sequential(GroupNorm(width), nn.SiLU(), nn.Conv2d(width, config.out_channels, 3, padding=1))

    @property
    def dtype(self) -> torch.dtype:
        """What the layers compute in; normalisations and the time embedding's angles are float32 always."""
        return next(self.time_embed.parameters()).dtype

    def load(self, tensors: Mapping[str, Tensor]) -> Self:
        """Take a checkpoint's tensors, all names and shapes as they must be.

        Of an original checkpoint, whose names start with `model.diffusion_model.`, only those tensors are looked at.

        Raises:
            WeightsMismatch: see `load_strict`.
        """
        prefixed = {name[len(_PREFIX) :]: tensor for name, tensor in tensors.items() if name.startswith(_PREFIX)}
        what = "the UNet of ImageDream" if self.config.takes_picture else "the UNet of MVDream"
        load_strict(self, prefixed or tensors, what)
        return self

    def forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        camera: Tensor,
        num_frames: int = 4,
        ip: Tensor | None = None,
        ip_img: Tensor | None = None,
        image_tokens: Tensor | None = None,
    ) -> Tensor:
        """The noise in latents.

        Args:
            x: [R, in_channels, h, w] latents; R = groups * num_frames, frames of a group are neighbours.
            timesteps: [R], 0..999; kept in float32.
            context: Text tokens [R, L, context_dim], or [groups, L, context_dim] where a group shares them.
            camera: [R, camera_dim]; see `camera_rows`.
            num_frames: Frames that attend to each other; ImageDream's last holds the picture.
            ip: CLIP tokens [R or groups, T, ip_width] of the picture, one row for each of `context`.
            ip_img: [groups, in_channels, h, w] latents of the picture; they replace the last frame of each group.
            image_tokens: What `resampled(ip)` gave; in place of `ip`, so that it is computed once.

        Returns:
            [R, out_channels, h, w], in the dtype of the weights.

        Raises:
            InvalidInput: a picture where the model takes none or the other way round, or rows that do not fit.
        """
        self._check(x, context, num_frames, pictured=ip is not None or image_tokens is not None)
        if image_tokens is None and ip is not None:
            image_tokens = self.resampled(ip)
        if ip_img is not None:
            x = _with_last_frame(x, ip_img, num_frames)
        given = self._conditions(timesteps, context, camera, num_frames, image_tokens)
        y = x.to(self.dtype)
        skips: list[Tensor] = []
        for stage in self.input_blocks:
            y = stage(y, given)
            skips.append(y)
        y = self.middle_block(y, given)
        for stage in self.output_blocks:
            y = stage(torch.cat([y, skips.pop()], dim=1), given)
        noise: Tensor = self.out(y)
        return noise

    def resampled(self, ip: Tensor) -> Tensor:
        """The tokens [B, ip_dim, context_dim] of pictures' CLIP tokens [B, T, ip_width]. Raises InvalidInput."""
        if self.image_embed is None:
            raise InvalidInput("MVDream takes no picture.")
        tokens: Tensor = self.image_embed(ip.to(self.dtype))
        return tokens

    def _conditions(
        self, timesteps: Tensor, context: Tensor, camera: Tensor, frames: int, picture: Tensor | None
    ) -> Conditions:
        dtype = self.dtype
        embedding = self.time_embed(sinusoids(timesteps, self.config.model_channels).to(dtype))
        embedding = embedding + self.camera_embed(camera.to(dtype))
        return Conditions(embedding, context.to(dtype), None if picture is None else picture.to(dtype), frames)

    def _check(self, x: Tensor, context: Tensor, frames: int, *, pictured: bool) -> None:
        if pictured != self.config.takes_picture:
            name = "ImageDream needs" if self.config.takes_picture else "MVDream takes no"
            raise InvalidInput(f"{name} tokens of a picture.")
        if len(x) % frames or len(context) not in (len(x), len(x) // frames):
            raise InvalidInput(f"{len(x)} latents and {len(context)} contexts are no groups of {frames} frames.")


def _two_layers(width: int, embedding: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, embedding), nn.SiLU(), nn.Linear(embedding, embedding))


def _with_last_frame(x: Tensor, picture: Tensor, frames: int) -> Tensor:
    """The picture's latent, without noise, as the last frame of each group; SPEC B.6."""
    grouped = x.reshape(-1, frames, *x.shape[1:])
    return torch.cat([grouped[:, :-1], picture[:, None].to(x.dtype)], dim=1).reshape(x.shape)


def _way_down(config: MultiViewUNetConfig, kernel: AttentionKernel) -> tuple[nn.ModuleList, list[int]]:
    """The stages to the deepest level, and the channels that each leaves for the way up."""
    width = config.model_channels
    stages = [Stage([nn.Conv2d(config.in_channels, width, 3, padding=1)])]
    skips = [width]
    for level, multiplier in enumerate(config.channel_mult):
        for _ in range(config.num_res_blocks):
            cout = config.model_channels * multiplier
            stages.append(Stage(_block(width, cout, level, config, kernel)))
            width = cout
            skips.append(width)
        if level < len(config.channel_mult) - 1:
            stages.append(Stage([Downsample(width)]))
            skips.append(width)
    return nn.ModuleList(stages), skips


def _way_up(config: MultiViewUNetConfig, kernel: AttentionKernel, skips: list[int]) -> nn.ModuleList:
    """The stages back up, each on its input and the newest skip."""
    width, left = skips[-1], list(skips)
    stages = []
    for level, multiplier in reversed(list(enumerate(config.channel_mult))):
        for index in range(config.num_res_blocks + 1):
            cout = config.model_channels * multiplier
            layers = _block(width + left.pop(), cout, level, config, kernel)
            if level and index == config.num_res_blocks:
                layers.append(Upsample(cout))
            stages.append(Stage(layers))
            width = cout
    return nn.ModuleList(stages)


def _block(
    channels_in: int, channels_out: int, level: int, config: MultiViewUNetConfig, kernel: AttentionKernel
) -> list[nn.Module]:
    layers: list[nn.Module] = [ResidualBlock(channels_in, channels_out, 4 * config.model_channels)]
    if 2**level in config.attention_resolutions:
        layers.append(SpatialTransformer(channels_out, config, kernel))
    return layers
