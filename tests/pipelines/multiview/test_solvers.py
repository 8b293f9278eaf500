"""Timesteps and steps of the solvers."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pipelines.errors import InvalidInput
from pipelines.multiview.solvers import SOLVERS, Solver, SolverName, checked_steps

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "golden" / "models" / "ddim_reference.json").read_text()
)


def solver(name: SolverName, steps: int) -> Solver:
    return Solver(REFERENCE["config"], name, steps)


@pytest.mark.parametrize("steps", [2, 10, 30, 50])
def test_ddim_visits_upstreams_timesteps(steps: int) -> None:
    assert list(solver("ddim", steps).timesteps) == REFERENCE[f"timesteps_{steps}"]


def test_ddim_steps_as_upstream_does() -> None:
    known = REFERENCE["step_example_30"]
    x, noise = torch.tensor(known["x"]), torch.tensor(known["eps"])
    ddim = solver("ddim", 30)
    assert (ddim.timesteps[0], ddim.timesteps[29]) == (known["t_first"], known["t_last"])
    torch.testing.assert_close(ddim.step(noise, 0, x), torch.tensor(known["prev_first"]), atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(ddim.step(noise, 29, x), torch.tensor(known["prev_last"]), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 30, 61, 103, 499, 501, 769, 999, 1000])
def test_every_number_of_steps_goes_down_through_the_trained_timesteps(name: SolverName, steps: int) -> None:
    timesteps = solver(name, steps).timesteps
    assert len(timesteps) == steps
    # Levels of noise lie closer than timesteps near the end of the newer solvers, so that some share one.
    assert all(earlier > later or (earlier == later and name != "ddim") for earlier, later in pairwise(timesteps))
    assert 0 <= timesteps[-1] <= timesteps[0] <= 999


def sampled(name: SolverName, steps: int, start: Tensor) -> Tensor:
    """Where `start` ends when the data is normal with mean 0.5 and deviation 0.3: its noise is known exactly."""
    alphas = torch.cumprod(1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2, dim=0)
    x, walk = start, solver(name, steps)
    for index, timestep in enumerate(walk.timesteps):
        a = alphas[timestep]
        spread = 1 - a + a * 0.09
        noise = ((1 - a).sqrt() * (x - a.sqrt() * 0.5) / spread).float()
        x = walk.step(noise, index, x)
    return x


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("steps", [1, 2, 1000])
def test_solvers_stay_finite_at_the_ends_of_what_is_allowed(name: SolverName, steps: int) -> None:
    assert sampled(name, steps, torch.linspace(-3, 3, 64).reshape(1, 1, 8, 8)).isfinite().all()


def test_noise_becomes_data_and_the_newer_solvers_need_fewer_steps() -> None:
    start = torch.linspace(-2, 2, 100).reshape(1, 1, 10, 10)
    exact = 0.5 + 0.3 * start  # the flow of a normal distribution onto another keeps every quantile

    def error(name: SolverName, steps: int) -> float:
        return (sampled(name, steps, start) - exact).abs().mean().item()

    assert error("ddim", 500) < 0.02
    assert error("dpmsolver++", 12) < 0.5 * error("ddim", 30)
    assert error("unipc", 12) < 0.5 * error("ddim", 30)


@pytest.mark.parametrize("steps", [0, -1, 1001, True, 2.5, "30", None])
def test_other_numbers_of_steps_are_refused(steps: Any) -> None:
    with pytest.raises(InvalidInput, match="steps must be a whole number from 1 to 1000"):
        checked_steps(steps, "ddim")


def test_other_solvers_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"ddim, dpmsolver\+\+, unipc, not 'euler'"):
        checked_steps(30, "euler")
