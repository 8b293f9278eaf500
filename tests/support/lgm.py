"""An LGM in miniature: the architecture of lgm-nano, a few hundred kilobytes of random weights."""

import dataclasses
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from pipelines.lgm import Lgm, LgmConfig

CONFIG = LgmConfig(
    64, 32, (16, 16, 32, 32), (False, False, False, True), True, (32, 32, 16), (True, False, False),
    groups=8, position="ray",
)  # fmt: skip


def write_lgm(path: Path, seed: int = 0) -> None:
    """Write a checkpoint of the miniature, its shape in its metadata; the same seed, the same bytes."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Lgm(CONFIG)
    with torch.no_grad():
        # Each view's Gaussians on a sheet before the object: together they enclose something that can be printed.
        model.conv.weight.mul_(0.1)
        model.conv.bias[0] -= 0.5  # type: ignore[index]  # a Conv2d has one unless it is told otherwise
    state = model.state_dict()
    tensors = {name: tensor.half().contiguous() for name, tensor in state.items()}
    save_file(tensors, path, {"config": json.dumps(dataclasses.asdict(CONFIG))})
