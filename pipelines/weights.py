"""Weights from files into modules, strictly: a checkpoint that does not fit says how, and nothing is half loaded."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from pipelines.errors import WeightsMismatch, WeightsMissing
from pipelines.weight_files import refuse_unfixed, sha256_of

__all__ = ["load_strict", "read_tensors", "refuse_unfixed", "sha256_of"]

_SHOWN: Final = 5  # names of each kind in an error; the counts say the rest
# How files that are no .safetensors begin: a zip archive, which torch pickles into, and a bare pickle.
_PICKLED: Final = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_FLOATS: Final = (
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float8_e4m3fn, torch.float8_e5m2,
)  # fmt: skip


def read_tensors(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """Every tensor of a .safetensors file, on the CPU, in the file's own dtypes.

    Args:
        path: The file. Pickled checkpoints are refused: reading one runs what is in it.
        sha256: What the file's SHA-256 must be, None to take any.

    Raises:
        WeightsMissing: there is no such file.
        WeightsMismatch: not a .safetensors, cut short, or another file than `sha256` says.
    """
    if not path.is_file():
        raise WeightsMissing(f"There are no weights at {path}.")
    if sha256 is not None and (found := sha256_of(path)) != sha256:
        raise WeightsMismatch(f"{path.name} has SHA-256 {found[:12]}..., not {sha256[:12]}...: damaged, or another.")
    _refuse_pickled(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise WeightsMismatch(f"{path.name} is not a whole .safetensors file: {error}.") from error


def _refuse_pickled(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(9)
    # The first eight bytes of a .safetensors are a length, which may look like a pickle's; then comes its JSON.
    if head.startswith(_PICKLED) and head[8:] != b"{":
        raise WeightsMismatch(
            f"{path.name} is a pickled checkpoint, and reading one runs what is in it: convert it first."
        )


def load_strict(module: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Copy `tensors` into `module`, every name and shape as the module has them.

    Floating point tensors of any width are cast to the module's own dtype.

    Raises:
        WeightsMismatch: names are missing, extra or of another shape, a tensor is no floating point one where the
            module's is, or holds numbers that are not finite. The module is left as it was.
    """
    wanted = module.state_dict()
    faults = [
        *_listed("missing", [name for name in wanted if name not in tensors]),
        *_listed("extra", [name for name in tensors if name not in wanted]),
        *_listed("misshapen", _misshapen(wanted, tensors)),
        *_listed("of the wrong dtype", _mistyped(wanted, tensors)),
    ]
    if faults:
        raise WeightsMismatch(f"These weights are not those of {what}: {'; '.join(faults)}.")
    if broken := [name for name in wanted if not _is_finite(tensors[name])]:
        raise WeightsMismatch(f"The weights of {what} are damaged: {'; '.join(_listed('not finite', broken))}.")
    module.load_state_dict(dict(tensors), strict=True)


def _misshapen(wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> list[str]:
    return [
        f"{name} {list(tensors[name].shape)} for {list(target.shape)}"
        for name, target in wanted.items()
        if name in tensors and tensors[name].shape != target.shape
    ]


def _mistyped(wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> list[str]:
    return [
        f"{name} {tensors[name].dtype}".replace("torch.", "")
        for name, target in wanted.items()
        if name in tensors and not _is_of_its_kind(tensors[name], target)
    ]


def _is_of_its_kind(tensor: Tensor, target: Tensor) -> bool:
    # Some floating point dtypes, such as two numbers packed into one byte, cannot be cast at all.
    return tensor.dtype in _FLOATS if target.is_floating_point() else not tensor.is_floating_point()


def _is_finite(tensor: Tensor) -> bool:
    # Those of one byte can be cast, and not asked.
    asked = tensor.float() if tensor.is_floating_point() and tensor.itemsize == 1 else tensor
    return bool(torch.isfinite(asked).all())


def _listed(kind: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"{len(names)} {kind} ({', '.join(names[:_SHOWN])}{more})"]
