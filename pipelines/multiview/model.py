"""MVDream or ImageDream whole: requests in, four views of each object out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import torch
from torch import Tensor

from pipelines.acceleration import Acceleration, accelerate
from pipelines.cameras import orbit
from pipelines.errors import BackendFailed, InputError, MoldarError
from pipelines.geometry import Views
from pipelines.multiview.autoencoder import Autoencoder
from pipelines.multiview.cameras import camera_rows
from pipelines.multiview.cleaning import cleaned
from pipelines.multiview.config import VIEWS
from pipelines.multiview.encoders import PictureEncoder, TextEncoder
from pipelines.multiview.request import ViewRequest
from pipelines.multiview.sampling import Condition, Sample, denoise, first_noise
from pipelines.multiview.solvers import Solver, SolverName, checked_steps
from pipelines.multiview.unet import MultiViewUNet

Kind = Literal["mvdream", "imagedream"]
GUIDANCE_SCALES: Final[Mapping[Kind, float]] = {"mvdream": 7.5, "imagedream": 5.0}  # SPEC A.9, A.10
_LGM_ORDER: Final = [1, 2, 3, 0]  # the frame conditioned on azimuth 90 shows the front; SPEC A.9, step 5

Outcome = Views | MoldarError | None
"""Views; or why there are none; or None for what was cancelled."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The networks of one model, on one device. `picture` is ImageDream's alone."""

    unet: MultiViewUNet
    autoencoder: Autoencoder
    text: TextEncoder
    picture: PictureEncoder | None
    scheduler: Mapping[str, Any]  # diffusers' config
    rembg_weights: Path | None = None  # see `cut_out`


class MultiView:
    """Four views of each object, from sentences (MVDream) or pictures (ImageDream)."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.kind: Kind = "imagedream" if parts.unet.config.takes_picture else "mvdream"

    @property
    def unet(self) -> MultiViewUNet:
        """The network that takes nearly all of the time."""
        return self._parts.unet

    def accelerated(self, how: Acceleration) -> Self:
        """Its networks made fast in place. Changes and returns self. Raises InvalidInput; see `accelerate`.

        The encoders of text and pictures, which run once per request, are made narrow and no more.
        """
        width = Acceleration(how.width)
        accelerate(self.unet, how)
        autoencoder = accelerate(self._parts.autoencoder.model, width)
        accelerate(autoencoder.decoder, how)
        accelerate(autoencoder.encoder, replace(how, compiled=False))  # one call per request earns no minutes
        accelerate(self._parts.text.model, width)
        if self._parts.picture is not None:
            accelerate(self._parts.picture.model, width)
        return self

    def notes(self, asked: ViewRequest) -> tuple[str, ...]:
        """What will be done otherwise than asked, one sentence each."""
        text, notes = self._parts.text, []
        for name, words in (("prompt", asked.prompt), ("negative prompt", asked.negative_prompt)):
            if (count := text.count(words)) > text.limit:
                kept = text.limit - 2
                notes.append(f"The {name} has {count - 2} tokens; only the first {kept} are looked at.")
        return tuple(notes)

    def sample(
        self,
        asked: Sequence[ViewRequest],
        steps: int = 30,
        solver: SolverName = "ddim",
        on_step: Callable[[int, int], None] | None = None,
        canceled: Callable[[int], bool] | None = None,
    ) -> list[Views | None]:
        """As `sample_each`, but the first object that fails fails them all.

        Raises:
            InvalidInput: a request out of range, or one for the other model.
            NoSubject: a view that shows nothing.
            BackendFailed: the network put out values that are not finite.
        """
        outcomes = self.sample_each(asked, steps, solver, on_step, canceled)
        for outcome in outcomes:
            if isinstance(outcome, MoldarError):
                raise outcome
        return [outcome for outcome in outcomes if not isinstance(outcome, MoldarError)]

    @torch.inference_mode()
    def sample_each(
        self,
        asked: Sequence[ViewRequest],
        steps: int = 30,
        solver: SolverName = "ddim",
        on_step: Callable[[int, int], None] | None = None,
        canceled: Callable[[int], bool] | None = None,
    ) -> list[Outcome]:
        """Views of each object, or why there are none: one that fails leaves its batch mates alone.

        What an object becomes depends on its request, `steps` and `solver`; its batch mates change no more than the
        last bits, through the order in which matrix products of other sizes add up.

        Args:
            asked: The objects; all share the network's calls.
            steps: From 1 to 1000.
            solver: DDIM as upstream; the others reach as far in fewer steps.
            on_step: Called with (steps done, of how many) after each.
            canceled: Whether the object of this index is wanted no more; asked before each step and before decoding.

        Returns:
            For each object its views in LGM's order (azimuth 0, 90, 180, 270, radius 1.5), the error that stopped it,
            or None where it was cancelled.

        Raises:
            InvalidInput: `steps` or `solver` out of range. The device's own errors pass through.
        """
        checked_steps(steps, solver)
        stop = canceled or (lambda _: False)
        outcomes: list[Outcome] = [None] * len(asked)
        samples: dict[int, Sample] = {}
        for index, request in enumerate(asked):
            try:
                request.checked(pictured=self.kind == "imagedream")
            except InputError as error:
                outcomes[index] = error
            else:
                if not stop(index):
                    samples[index] = self._begun(request, Solver(self._parts.scheduler, solver, steps))
        numbers = list(samples)
        if numbers:
            denoise(self.unet, list(samples.values()), on_step or (lambda *_: None), lambda n: stop(numbers[n]))
        for index, sample in samples.items():
            if not sample.canceled and not stop(index):
                outcomes[index] = self._finished(sample, asked[index])
        return outcomes

    def _begun(self, asked: ViewRequest, solver: Solver) -> Sample:
        config = self.unet.config
        device = next(self.unet.parameters()).device
        shape = (config.frames, config.in_channels, config.image_size, config.image_size)
        wanted, unwanted = self._conditions(asked)
        return Sample(
            first_noise(asked.seed, shape).to(device),
            solver,
            wanted,
            unwanted,
            torch.from_numpy(camera_rows(asked.elevation_deg, config.frames)).to(device),
            GUIDANCE_SCALES[self.kind] if asked.guidance_scale is None else float(asked.guidance_scale),
        )

    def _conditions(self, asked: ViewRequest) -> tuple[Condition, Condition]:
        """The wanted and the unwanted, always encoded in one batch of two: no other request changes a bit of them."""
        wanted, unwanted = self._parts.text.encode([asked.prompt, asked.negative_prompt])
        if self._parts.picture is None or asked.image is None:
            return Condition(wanted), Condition(unwanted)
        clip = self._parts.picture.tokens(asked.image)
        tokens = self.unet.resampled(torch.cat([clip, torch.zeros_like(clip)]))
        latents = self._parts.autoencoder.encode(asked.image, self.unet.config.image_size)
        return Condition(wanted, tokens[0], latents), Condition(unwanted, tokens[1], torch.zeros_like(latents))

    def _finished(self, sample: Sample, asked: ViewRequest) -> Views | MoldarError:
        frames = self._parts.autoencoder.decode(sample.latents[:VIEWS])  # ImageDream's fifth echoes the picture
        if not _finite(sample.latents, frames):
            return BackendFailed("The diffusion model put out values that are not finite.")
        images = frames.cpu().numpy()[_LGM_ORDER]
        try:
            views = cleaned(images, self._parts.rembg_weights) if self.kind == "mvdream" else images
        except InputError as error:
            return error
        return Views(np.ascontiguousarray(views, np.float32), orbit([asked.elevation_deg] * VIEWS))


def _finite(*tensors: Tensor) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)
