"""Muon for the weights of hidden layers, AdamW for all else: a few thousand steps are all there is time for."""

from collections.abc import Iterable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

_STEPS: Final = 5
_COEFFICIENTS: Final = (3.4445, -4.7750, 2.0315)  # Jordan et al., "Muon: An optimizer for hidden layers" (2024)
# Liu et al., arXiv 2502.16982, take 0.2, the size of an AdamW update, so that one learning rate serves both.
_RMS: Final = 0.35  # a run of a few thousand steps bears more
_EPS: Final = 1e-7


class Muon(Optimizer):
    """Momentum whose every step is the nearest orthogonal matrix to it; convolutions are matrices [out, in * k * k]."""

    def __init__(self, weights: Iterable[nn.Parameter], lr: float, momentum: float, weight_decay: float) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override] # no closure is ever given
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                mean = self.state[weight].setdefault("mean", torch.zeros_like(weight))
                mean.lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(mean, group["momentum"]).flatten(1)  # Nesterov's
                update = orthogonal(ahead).view_as(weight) * (_RMS * max(ahead.shape) ** 0.5)
                weight.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=group["lr"])


def orthogonal(matrix: Tensor) -> Tensor:
    """About the orthogonal factor of a matrix [M, N], singular values within 0.7 and 1.2, by Newton and Schulz."""
    a, b, c = _COEFFICIENTS
    x = (matrix / (matrix.norm() + _EPS)).bfloat16()
    x = x.mT if matrix.shape[0] > matrix.shape[1] else x
    for _ in range(_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    found: Tensor = x.mT if matrix.shape[0] > matrix.shape[1] else x
    return found.to(matrix.dtype)


def optimizers(model: nn.Module, lr: float, weight_decay: float, *, muon: bool, workers: int = 1) -> list[Optimizer]:
    """What updates a model, the hidden layers in `workers` parts that can be updated at once.

    First and last layers are no hidden layers; norms and biases are no matrices.
    """
    hidden: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, weight in model.named_parameters():
        inner = weight.ndim >= 2 and name.startswith(("unet.down", "unet.mid", "unet.up"))
        (hidden if inner and muon else rest).append(weight)
    made: list[Optimizer] = [AdamW(rest, lr, betas=(0.9, 0.98), weight_decay=weight_decay)]
    parts = [hidden[i::workers] for i in range(workers)] if hidden else []
    return [*made, *(Muon(part, lr, 0.95, weight_decay) for part in parts)]
