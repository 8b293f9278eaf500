"""Diffusers' solvers, one per object: a step of one object knows nothing of its batch mates."""

import warnings
from collections.abc import Mapping
from typing import Any, Final, Literal

from torch import Tensor

from pipelines.errors import InvalidInput

SolverName = Literal["ddim", "dpmsolver++", "unipc"]
SOLVERS: Final[tuple[SolverName, ...]] = ("ddim", "dpmsolver++", "unipc")
MOST_STEPS: Final = 1000


class Solver:
    """The way from noise to latents in a number of steps, without randomness of its own."""

    def __init__(self, config: Mapping[str, Any], name: SolverName, steps: int) -> None:
        self._scheduler = _scheduler(config, name, steps)
        with warnings.catch_warnings():  # two of them hand a tensor to np.array, which numpy 2 frowns upon
            warnings.simplefilter("ignore", DeprecationWarning)
            self._scheduler.set_timesteps(steps)
        self.timesteps: tuple[int, ...] = tuple(self._scheduler.timesteps.tolist())  # first to last

    def step(self, noise: Tensor, index: int, latents: Tensor) -> Tensor:
        """The latents after step `index`; steps are taken in order."""
        stepped: Tensor = self._scheduler.step(noise, self._scheduler.timesteps[index], latents, return_dict=False)[0]
        return stepped


def checked_steps(steps: int, solver: str) -> None:
    """Raises InvalidInput for a number of steps or a solver that there is not."""
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= MOST_STEPS:
        raise InvalidInput(f"steps must be a whole number from 1 to {MOST_STEPS}, not {steps!r}.")
    if solver not in SOLVERS:
        raise InvalidInput(f"The solver must be one of {', '.join(SOLVERS)}, not {solver!r}.")


def _scheduler(config: Mapping[str, Any], name: SolverName, steps: int) -> Any:
    from diffusers import (  # noqa: PLC0415 - seconds
        DDIMScheduler,
        DPMSolverMultistepScheduler,
        UniPCMultistepScheduler,
    )

    trained = int(config.get("num_train_timesteps", MOST_STEPS))
    if name == "ddim":
        # 1000 steps of "leading" spacing, moved by the offset of 1, would ask for a timestep 1000 that is not there.
        last = (steps - 1) * (trained // steps)
        offset = min(int(config.get("steps_offset", 0)), trained - 1 - last)
        return DDIMScheduler.from_config(config, steps_offset=offset)
    # Source of the noise levels: Karras et al. 2022, equation 5. On a normal distribution of deviation 0.3, 12 such
    # steps end at 0.4 of the error of 30 DDIM steps; 12 evenly spaced ones end further off than 12 of DDIM.
    newer = {"unipc": UniPCMultistepScheduler, "dpmsolver++": DPMSolverMultistepScheduler}[name]
    return newer.from_config(config, use_karras_sigmas=True, timestep_spacing="linspace", solver_order=2)
