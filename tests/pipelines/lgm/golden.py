"""The reduced LGM that upstream's own code computed, and shapes to make small ones of."""

import json
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from pipelines.lgm import Lgm, LgmConfig

MODELS = Path(__file__).resolve().parents[2] / "golden" / "models"
TINY = LgmConfig(16, 8, (16, 32), (False, True), True, (32,), (True,), groups=16)
TENSORS = load_file(MODELS / "lgm_parity_a.safetensors")


def weights() -> dict[str, Tensor]:
    return {name[8:]: tensor.float() for name, tensor in TENSORS.items() if name.startswith("weights.")}


def parity_model() -> Lgm:
    stated = json.loads((MODELS / "lgm_parity_a.json").read_text())["config"]
    return Lgm(LgmConfig(**stated)).load(weights()).eval()
