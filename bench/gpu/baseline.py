"""The plain way, for comparison in the same run: what SPEC says upstream does, eagerly, in float16, one object a time.

Text encoded, every step one eager UNet call of both halves with the context repeated for every frame, ImageDream's
resampler run anew in every step, all frames decoded (five for ImageDream), autocast around everything and LGM too.
Attention is torch's own, as ours is. The steps, DDIM, are diffusers' in both.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipelines.cameras import orbit
from pipelines.geometry import Gaussians, Views
from pipelines.lgm import Lgm, gaussians_of, network_input
from pipelines.multiview import ViewRequest, camera_rows
from pipelines.multiview.model import GUIDANCE_SCALES, Parts
from pipelines.multiview.sampling import first_noise
from pipelines.multiview.solvers import Solver


class Baseline:
    """One object from a request to Gaussians."""

    def __init__(self, parts: Parts, lgm: Lgm, steps: int) -> None:
        """Makes the networks float16 in place."""
        self._parts, self._lgm, self._steps = parts, lgm.narrowed(torch.float16), steps
        for module in (parts.unet, parts.autoencoder.model, parts.text.model):
            module.half()
        if parts.picture is not None:
            parts.picture.model.half()
        self._device = lgm.conv.weight.device

    @torch.inference_mode()
    def __call__(self, asked: ViewRequest) -> Gaussians:
        with torch.autocast(self._device.type, torch.float16):
            latents = self._denoised(asked)
            frames = self._parts.autoencoder.decode(latents).cpu().numpy()
            views = Views(np.ascontiguousarray(frames[[1, 2, 3, 0]]), orbit([asked.elevation_deg] * 4))
            side = self._lgm.config.input_size
            rows = self._lgm(network_input(views, side, self._device)[None])
        return gaussians_of(rows[0].cpu())

    def _denoised(self, asked: ViewRequest) -> Tensor:
        unet = self._parts.unet
        config, frames = unet.config, unet.config.frames
        kind = "imagedream" if config.takes_picture else "mvdream"
        given = self._conditions(asked)
        solver = Solver(self._parts.scheduler, "ddim", self._steps)
        shape = (frames, config.in_channels, config.image_size, config.image_size)
        latents = first_noise(asked.seed, shape).to(self._device)
        for index, timestep in enumerate(solver.timesteps):
            both = torch.cat([latents, latents])
            times = torch.full((len(both),), float(timestep), device=self._device)
            unwanted, wanted = unet(both, times, num_frames=frames, **given).float().chunk(2)
            noise = unwanted + GUIDANCE_SCALES[kind] * (wanted - unwanted)  # type: ignore[index] # one of the two
            latents = solver.step(noise, index, latents)
        return latents

    def _conditions(self, asked: ViewRequest) -> dict[str, Any]:
        parts, frames = self._parts, self._parts.unet.config.frames
        wanted, unwanted = parts.text.encode([asked.prompt, asked.negative_prompt])
        rows = np.concatenate([camera_rows(asked.elevation_deg, frames)] * 2)
        given: dict[str, Any] = {
            "context": torch.stack([unwanted] * frames + [wanted] * frames),
            "camera": torch.from_numpy(rows).to(self._device),
        }
        if parts.picture is not None and asked.image is not None:
            tokens = parts.picture.tokens(asked.image)
            latent = parts.autoencoder.encode(asked.image, parts.unet.config.image_size)
            given["ip"] = torch.cat([torch.zeros_like(tokens)] * frames + [tokens] * frames)
            given["ip_img"] = torch.stack([torch.zeros_like(latent), latent])
        return given
