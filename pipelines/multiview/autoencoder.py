"""Stable Diffusion's autoencoder: pictures to latents and back."""

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from pipelines.multiview.hub import Component


class Autoencoder:
    """The VAE, its scaling factor applied."""

    def __init__(self, model: Any) -> None:
        self.model = model
        config = model.config
        self.channels = int(config.latent_channels)
        self.factor = 2 ** (len(config.block_out_channels) - 1)
        self._scaling = float(config.scaling_factor)

    @classmethod
    def read(cls, weights: Component) -> Self:
        """From the folder `vae`. Raises WeightsMissing, WeightsMismatch."""
        from diffusers import AutoencoderKL  # noqa: PLC0415 - seconds

        return cls(weights.module(AutoencoderKL.from_config))

    def encode(self, image: NDArray[np.float32], size: int) -> Tensor:
        """Latents [channels, size, size], float32, of a picture [S, S, 3] in [0, 1].

        The mean of the posterior, where upstream draws from it: the same picture gives the same latents.
        """
        parameter = next(self.model.parameters())
        pixels = torch.from_numpy(image).permute(2, 0, 1)[None].to(parameter.device) * 2 - 1
        side = size * self.factor
        pixels = interpolate(pixels, (side, side), mode="bilinear", align_corners=False)
        mean: Tensor = self.model.encode(pixels.to(parameter.dtype)).latent_dist.mean
        return mean[0].float() * self._scaling

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures [n, S, S, 3] in [0, 1], float32, of latents [n, channels, size, size]."""
        dtype = next(self.model.parameters()).dtype
        pixels: Tensor = self.model.decode((latents / self._scaling).to(dtype)).sample
        return (pixels.float() / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
