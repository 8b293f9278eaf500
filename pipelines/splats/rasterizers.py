"""Which rasterizers can draw on this machine."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from pipelines.errors import InvalidInput
from pipelines.geometry import Gaussians
from pipelines.splats.cpu_raster import CpuScene
from pipelines.splats.diff_gaussian_raster import DiffGaussianScene
from pipelines.splats.gsplat_raster import GsplatScene
from pipelines.splats.scene import Scene, Shot

if TYPE_CHECKING:
    from pipelines.routing import Licence

RasterizerName = Literal["cpu", "gsplat", "diff-gaussian-rasterization"]
Rasterizer = Literal["auto", "cpu", "gsplat", "diff-gaussian-rasterization"]

# Specification of the models, section E.
_LICENCES: "Final[dict[RasterizerName, Licence]]" = {
    "cpu": "commercial",  # our own
    "gsplat": "commercial",  # Apache-2.0
    "diff-gaussian-rasterization": "non_commercial",  # Inria and MPII: research and evaluation only
}
_CUDA: Final[dict[RasterizerName, Callable[[Gaussians], Scene]]] = {
    "gsplat": GsplatScene,
    "diff-gaussian-rasterization": DiffGaussianScene,
}


_ABSENT: Final[dict[RasterizerName, str]] = {
    "gsplat": "it is not installed (pip install gsplat, on a machine with CUDA)",
    "diff-gaussian-rasterization": "it is not installed, and its licence allows research and evaluation only "
    "(pip install git+https://github.com/ashawkey/diff-gaussian-rasterization)",
}


@dataclass(frozen=True, slots=True)
class RasterizerState:
    """Whether one rasterizer can draw here, and what its licence allows."""

    name: RasterizerName
    available: bool
    reason: str  # empty where it is available
    licence: "Licence"


def rasterizers() -> tuple[RasterizerState, ...]:
    """Every rasterizer; those that are installed have drawn a splat to prove it, once in a process."""
    reasons = {name: _reason_against(name) for name in _LICENCES}
    return tuple(
        RasterizerState(name, not reasons[name], reasons[name], licence) for name, licence in _LICENCES.items()
    )


def resolved(rasterizer: Rasterizer) -> RasterizerName:
    """The rasterizer that will draw: "auto" takes gsplat where it works, else the CPU, and never the non-commercial.

    Raises:
        InvalidInput: one that cannot draw here was asked for by name, or there is none of that name.
    """
    if rasterizer == "auto":
        return "cpu" if _reason_against("gsplat") else "gsplat"
    if rasterizer not in _LICENCES:
        raise InvalidInput(f"There is no rasterizer {rasterizer!r}; use auto, {', '.join(_LICENCES)}.")
    if reason := _reason_against(rasterizer):
        raise InvalidInput(f"The rasterizer {rasterizer} cannot draw here: {reason}. Use cpu or auto.")
    return rasterizer


def opened(gaussians: Gaussians, rasterizer: RasterizerName, threads: int | None) -> Scene:
    """The Gaussians made ready by one rasterizer; `threads` are the CPU's."""
    return CpuScene(gaussians, threads) if rasterizer == "cpu" else _CUDA[rasterizer](gaussians)


@cache
def _reason_against(name: RasterizerName) -> str:
    """Why it cannot draw here; empty where it can. Installed is not enough: gsplat compiles itself on first use."""
    if name == "cpu":
        return ""
    if find_spec(name.replace("-", "_")) is None:
        return _ABSENT[name]
    import torch  # noqa: PLC0415 - only where there is a reason to ask it

    if not torch.cuda.is_available():
        return "there is no CUDA device"
    dot = Gaussians(*(np.array([part], np.float32) for part in ((0, 0, 0), 0.9, (0.1,) * 3, (1, 0, 0, 0), (1, 1, 1))))
    c2w = np.eye(4, dtype=np.float32)
    c2w[2, 3] = 1.5
    try:
        alpha = _CUDA[name](dot).draw(Shot(c2w, 49.1, 33, (0.0, 0.0, 0.0))).alpha
    except Exception as error:  # noqa: BLE001 - a compiler, a driver and a foreign package stand behind it
        lines = str(error).strip().splitlines()
        return f"its trial failed ({lines[0] if lines else type(error).__name__})"
    return "" if abs(float(alpha[16, 16]) - 0.9) < 0.01 else "its trial drew a wrong picture"
