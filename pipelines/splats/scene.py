"""What a rasterizer is to those who call it: Gaussians made ready once, then drawn from anywhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from numpy import float32
from numpy.typing import NDArray

Color = tuple[float, float, float]
"""sRGB in [0, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """Where a square picture is taken from, and on what."""

    c2w: NDArray[float32]  # [4, 4] camera to world, OpenGL axes
    fovy_deg: float
    size: int  # pixels per side
    background: Color


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """A picture of Gaussians."""

    image: NDArray[float32]  # [S, S, 3] sRGB in [0, 1], on the background
    alpha: NDArray[float32]  # [S, S] in [0, 1]
    depth: NDArray[float32]  # [S, S] alpha-weighted sum of distances along the view, not divided by alpha


class Scene(Protocol):
    """Gaussians made ready by one rasterizer."""

    def draw(self, shot: Shot) -> Rendering:
        """One picture."""
        ...

    def draw_all(self, shots: Iterable[Shot]) -> Iterator[Rendering]:
        """Pictures in the order of the shots, each when it is asked for."""
        ...
