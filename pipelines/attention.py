"""Softmax attention behind one function: the fastest kernel that is there, and always the same result.

xformers is used on CUDA where it is installed; torch's own scaled_dot_product_attention everywhere else.
"""

import importlib.util
from functools import cache
from typing import Final, Literal

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from pipelines.errors import InvalidInput

AttentionKernel = Literal["auto", "sdpa", "xformers"]
KERNELS: Final[tuple[AttentionKernel, ...]] = ("auto", "sdpa", "xformers")


def attend(query: Tensor, key: Tensor, value: Tensor, kernel: AttentionKernel = "auto") -> Tensor:
    """softmax(q k^T / sqrt(D)) v, unmasked.

    Args:
        query: [B, heads, N, D].
        key: [B, heads, M, D].
        value: [B, heads, M, D].
        kernel: "auto" takes xformers for CUDA tensors where it is installed, else SDPA.

    Returns:
        [B, heads, N, D].

    Raises:
        InvalidInput: xformers was asked for by name where it cannot run.
    """
    if resolved(kernel, cuda=query.is_cuda) == "sdpa":
        return scaled_dot_product_attention(query, key, value)
    from xformers.ops import memory_efficient_attention  # noqa: PLC0415 - an optional part, absent on most machines

    rows = (x.transpose(1, 2).contiguous() for x in (query, key, value))  # xformers wants [B, N, heads, D]
    attended: Tensor = memory_efficient_attention(*rows)
    return attended.transpose(1, 2)


def resolved(kernel: AttentionKernel, *, cuda: bool | None = None) -> Literal["sdpa", "xformers"]:
    """The kernel that will run; `cuda` None asks whether this machine has a device."""
    on_cuda = torch.cuda.is_available() if cuda is None else cuda
    usable = on_cuda and _has_xformers()
    if kernel == "xformers" and not usable:
        raise InvalidInput("Attention by xformers needs a CUDA device and the xformers package; use sdpa or auto.")
    return "xformers" if usable and kernel != "sdpa" else "sdpa"


@cache
def _has_xformers() -> bool:
    return importlib.util.find_spec("xformers") is not None
