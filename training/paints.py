"""Random colours of surfaces: plain, two-tone, striped, graded, spotted."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.pictures.photograph import Paint
from pipelines.pictures.tracing import Floats

_PLAIN_SHARE: Final = 0.45


def random_paint(random: np.random.Generator) -> Paint:
    """A paint that colours points of the model frame; points of one object share it from every side."""
    one, two = _color(random), _color(random)
    if random.random() < _PLAIN_SHARE:
        return lambda points: np.broadcast_to(one, points.shape)
    axis = random.normal(size=3).astype(np.float32)
    axis = np.eye(3, dtype=np.float32)[1] if random.random() < 0.5 else axis / np.linalg.norm(axis)
    share = _patterns(random)[int(random.integers(4))]

    def paint(points: Floats) -> Floats:
        mixed = share(points @ axis, points)[:, None]
        return np.asarray(one + (two - one) * mixed, np.float32)

    return paint


def _patterns(random: np.random.Generator) -> tuple[Callable[[Floats, Floats], Floats], ...]:
    """Shares of the second colour [H], from where points lie along the axis [H] and in space [H, 3]."""
    cut, pitch, start = random.uniform(-0.25, 0.25), random.uniform(0.12, 0.4), random.uniform(0, 1)
    phase: NDArray[np.float64] = random.uniform(0, 6.28, 3)
    return (
        lambda along, _: (along > cut).astype(np.float32),
        lambda along, _: (np.mod(along / pitch + start, 1) > 0.5).astype(np.float32),
        lambda along, _: np.clip(0.5 + along, 0, 1),
        lambda _, points: (np.sin(points * (5.0 / pitch) + phase).prod(axis=1) > 0.15).astype(np.float32),
    )


def _color(random: np.random.Generator) -> NDArray[np.float32]:
    """A linear colour, from pale to deep; never as white as the background is."""
    hue, saturation, value = random.random(), random.uniform(0, 1) ** 0.7, random.uniform(0.45, 0.97)
    wheel = np.clip(np.abs(np.mod(hue * 6 + np.array([0.0, 4.0, 2.0]), 6) - 3) - 1, 0, 1)
    srgb = value * (1 - saturation * (1 - wheel))
    return np.asarray(srgb**2.2, np.float32)
