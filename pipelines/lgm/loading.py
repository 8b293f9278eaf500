"""Checkpoints of LGM, from files."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from pipelines.attention import AttentionKernel
from pipelines.errors import InvalidInput, WeightsMismatch
from pipelines.lgm.config import LgmConfig
from pipelines.lgm.model import Lgm
from pipelines.weights import read_tensors, refuse_unfixed


def load_lgm(
    path: Path, config: LgmConfig | None = None, attention: AttentionKernel = "auto", sha256: str | None = None
) -> Lgm:
    """An LGM with a file's weights, on the CPU in float32, ready to infer.

    Args:
        path: A .safetensors file with the names of SPEC A.3.
        config: The network's shape; None takes the one in the file's metadata, which our own checkpoints carry.
        attention: The kernel of its attention layers.
        sha256: What the file must be, None to take any.

    Raises:
        WeightsMissing: no such file.
        WeightsMismatch: another model's weights, a damaged file, or one of the published files from before the
            quaternion fix.
    """
    refuse_unfixed(path)
    tensors = read_tensors(path, sha256)
    with torch.device("meta"):
        model = Lgm(config or config_in(path), attention)
    return model.to_empty(device="cpu").load(tensors).eval().requires_grad_(requires_grad=False)


def config_in(path: Path) -> LgmConfig:
    """The shape that a checkpoint's metadata states under `config`. Raises WeightsMismatch where it states none."""
    try:
        with safe_open(path, "pt") as file:
            stated = json.loads((file.metadata() or {})["config"])
        return LgmConfig(**stated)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, InvalidInput) as error:
        raise WeightsMismatch(f"{path.name} does not say which LGM it is of.") from error
