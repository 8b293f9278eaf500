"""The folders of a model in the hub's layout: found, read and understood one by one, never as code.

The one place that turns the errors of diffusers and transformers into ours.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from torch import Tensor, nn

from pipelines.errors import WeightsMismatch, WeightsMissing
from pipelines.weights import load_strict, read_tensors

_WEIGHTS: Final = tuple(
    f"{stem}{variant}.safetensors" for stem in ("diffusion_pytorch_model", "model") for variant in ("", ".fp16")
)
_PREFIXES: Final = ("text_model.", "vision_model.")  # in the names before transformers 5.6, which the hub's files carry
_UNUSED: Final = (
    "position_ids",  # a buffer that older files stored
    "visual_projection.weight",  # CLIP's last layer, behind what is looked at
)
_ATTENTION_BEFORE_DIFFUSERS_0_17: Final = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Component:
    """One folder of the model, and where its weights go: straight there, without a wider copy on the way."""

    folder: Path
    device: str | torch.device = "cpu"
    dtype: torch.dtype = torch.float32

    @property
    def name(self) -> str:
        """As in an error: the model's folder and its own."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    def stated(self, file: str = "config.json") -> dict[str, Any]:
        """What a JSON file of the folder holds. Raises WeightsMissing, WeightsMismatch."""
        self.require(file)
        try:
            stated = json.loads((self.folder / file).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise WeightsMismatch(f"{self.name}/{file} is not JSON.") from error
        if not isinstance(stated, dict):
            raise WeightsMismatch(f"{self.name}/{file} does not state a model.")
        return stated

    def require(self, *files: str) -> None:
        """Raises WeightsMissing where one of the files is not there."""
        for file in files:
            if not (self.folder / file).is_file():
                raise WeightsMissing(f"{self.name} has no {file}; fetch the whole model.")

    def tensors(self) -> dict[str, Tensor]:
        """Its weights. Raises WeightsMissing, WeightsMismatch."""
        found = [self.folder / file for file in _WEIGHTS if (self.folder / file).is_file()]
        if not found:
            raise WeightsMissing(f"{self.name} holds no weights as .safetensors; fetch the whole model.")
        return read_tensors(found[0])

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Foreign complaints about what the folder states, as WeightsMismatch."""
        try:
            yield
        except Exception as error:  # three libraries, of which tokenizers raises `Exception` itself
            cause = str(error).strip().splitlines() or [type(error).__name__]
            raise WeightsMismatch(f"{self.name} is not what this model needs: {cause[0]}.") from error

    def module(self, build: Callable[[dict[str, Any]], nn.Module]) -> Any:
        """What `build` makes of the folder's config, with its weights, for inference.

        A torch module whose config has no types of its own.
        """
        stated = self.stated()
        with self.understood(), torch.device("meta"):
            module = build(stated)
        module = self.placed(module)
        _restore_positions(module)
        load_strict(module, _renamed(self.tensors(), module.state_dict()), self.name)
        return module

    def placed(self, module: M) -> M:
        """A module of no memory yet, with room for its weights, for inference."""
        nn.Module.to(module, self.dtype)  # diffusers' own `to` warns of float32 layers, which its VAE has none of
        return module.to_empty(device=self.device).eval().requires_grad_(requires_grad=False)


def _restore_positions(module: nn.Module) -> None:
    """CLIP counts its positions in a buffer that no file holds."""
    for name, buffer in module.named_buffers():
        if name.endswith("position_ids"):
            buffer.copy_(torch.arange(buffer.shape[-1]))


def _renamed(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under the installed libraries' names, whichever release wrote the file."""
    names = {_as_wanted(name, wanted): tensor for name, tensor in tensors.items()}
    return {name: tensor for name, tensor in names.items() if not name.endswith(_UNUSED)}


def _as_wanted(name: str, wanted: Mapping[str, Tensor]) -> str:
    parts = [_ATTENTION_BEFORE_DIFFUSERS_0_17.get(part, part) for part in name.split(".")]
    spellings = [name, ".".join(parts)]
    spellings += [name.removeprefix(prefix) for prefix in _PREFIXES] + [prefix + name for prefix in _PREFIXES]
    return next((spelling for spelling in spellings if spelling in wanted), name)
