"""What is asked of the models, and what comes back. Plain values: nothing here needs torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import Gaussians, Views
from pipelines.routing import WayName


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """One object to be made: from its own views, or from words or a picture by sampling views first."""

    way: WayName
    model: str  # the LGM that turns the views into Gaussians
    views: Views | None = None  # of the ways "views" and "design"
    prompt: str = ""
    negative_prompt: str = ""  # empty: the sampler's own
    picture: NDArray[np.float32] | None = None  # [S, S, 3] on white, of the way "picture"
    seeds: tuple[int, ...] = (0,)  # one candidate for each; ways that do not sample take the first
    steps: int = 30
    guidance_scale: float | None = None  # None: the model's own
    elevation_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """One candidate of several, and how well its Gaussians explain its own views: dB of PSNR, higher is better."""

    seed: int
    psnr_db: float


@dataclass(frozen=True, slots=True, eq=False)
class Shaped:
    """Gaussians in the model frame with the views that they were made from."""

    gaussians: Gaussians
    views: Views
    seed: int
    candidates: tuple[Agreement, ...] = ()  # in the order of the wish's seeds; empty where there was no choice
    notes: tuple[str, ...] = ()  # what was done otherwise than asked, a sentence each
