"""The diffusion loop over several objects at once: guided, cancellable, one solver and one generator for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor

from pipelines.multiview.solvers import Solver
from pipelines.multiview.unet import MultiViewUNet


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What the noise of one object is predicted for."""

    context: Tensor  # [L, context_dim] text tokens
    tokens: Tensor | None = None  # [ip_dim, context_dim] of a picture, resampled
    picture: Tensor | None = None  # [channels, h, w] its latents


@dataclass(slots=True, eq=False)
class Sample:
    """One object on its way from noise to latents."""

    latents: Tensor  # [F, channels, h, w] float32
    solver: Solver
    wanted: Condition
    unwanted: Condition
    camera: Tensor  # [F, 16]
    guidance_scale: float
    canceled: bool = field(default=False)

    @property
    def guided(self) -> bool:
        """Whether the unwanted is looked at: at 1 it would cancel out."""
        return self.guidance_scale != 1


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """The rows of one network call, but for latents and time: the guided objects' unwanted halves, then all wanted."""

    samples: tuple[Sample, ...]
    context: Tensor  # [groups, L, context_dim]
    camera: Tensor  # [groups * F, 16]
    tokens: Tensor | None  # [groups, ip_dim, context_dim]
    pictures: Tensor | None  # [groups, channels, h, w]

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Self:
        guided = [sample for sample in samples if sample.guided]
        conditions = [sample.unwanted for sample in guided] + [sample.wanted for sample in samples]
        return cls(
            tuple(samples),
            torch.stack([condition.context for condition in conditions]),
            torch.cat([sample.camera for sample in (*guided, *samples)]),
            _stacked([condition.tokens for condition in conditions]),
            _stacked([condition.picture for condition in conditions]),
        )

    def noise(self, unet: MultiViewUNet, timestep: int) -> list[Tensor]:
        """The guided prediction [F, channels, h, w] of each object, float32."""
        guided = [sample for sample in self.samples if sample.guided]
        x = torch.cat([sample.latents for sample in (*guided, *self.samples)])
        frames = len(self.samples[0].latents)
        times = torch.full((len(x),), float(timestep), device=x.device)
        predicted = unet(
            x, times, self.context, self.camera, frames, image_tokens=self.tokens, ip_img=self.pictures
        ).float()
        unwanted = iter(predicted[: len(guided) * frames].split(frames))
        wanted = predicted[len(guided) * frames :].split(frames)
        return [
            _guided(next(unwanted), own, sample.guidance_scale) if sample.guided else own
            for sample, own in zip(self.samples, wanted, strict=True)
        ]


def denoise(
    unet: MultiViewUNet,
    samples: Sequence[Sample],
    on_step: Callable[[int, int], None],
    canceled: Callable[[int], bool],
) -> None:
    """Take every sample's latents to their end; those that are cancelled on the way are marked and left as they were.

    Args:
        unet: The network.
        samples: Of one model, with solvers of one kind and number of steps.
        on_step: Called with (steps done, of how many) after each.
        canceled: Whether the sample of this index is wanted no more; asked before each step.
    """
    timesteps = samples[0].solver.timesteps
    batch: _Batch | None = None
    for index, timestep in enumerate(timesteps):
        for number, sample in enumerate(samples):
            sample.canceled = sample.canceled or canceled(number)
        live = [sample for sample in samples if not sample.canceled]
        if not live:
            return
        if batch is None or len(live) != len(batch.samples):
            batch = _Batch.of(live)
        for sample, noise in zip(live, batch.noise(unet, timestep), strict=True):
            sample.latents = sample.solver.step(noise, index, sample.latents)
        on_step(index + 1, len(timesteps))


def first_noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    """Standard normal latents, the same on every device: drawn on the CPU by a generator of this sample alone."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _guided(unwanted: Tensor, wanted: Tensor, scale: float) -> Tensor:
    return unwanted + scale * (wanted - unwanted)


def _stacked(tensors: Sequence[Tensor | None]) -> Tensor | None:
    present = [tensor for tensor in tensors if tensor is not None]
    return torch.stack(present) if present else None
