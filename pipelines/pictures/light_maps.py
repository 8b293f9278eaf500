"""Where light comes from: maps of how far a body reaches along each direction, and so what shades what."""

from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.pictures import body_kernels, raster_kernels
from pipelines.pictures.threads import Crew

_LAMPS: Final = 12  # points of the lamp's disc: its shadow has so many steps, each narrower than what is averaged
_AXES: Final = 24  # of the sky, each in two directions
_LAMP_RADIUS: Final = 0.22  # tangent of its half angle: how soft the shadows are
_LAMP_TEXELS: Final = 176
_SKY_TEXELS: Final = 96
_LAMP_CELLS: Final = 80  # of the grid that makes the body coarser: finer than the texels
_SKY_CELLS: Final = 48
_MANY: Final = 8_000  # faces; fewer are drawn as they are
_ROOM: Final = 1.03  # of the body's radius: its rim stays inside the maps
_LIFT: Final = 1.6  # texels off the surface at which it is asked: half a texel's diagonal, and the jitter


Shape = tuple[NDArray[np.float32], NDArray[np.int32]]
"""Vertices [V, 3] and faces [F, 3]."""


@dataclass(frozen=True, slots=True, eq=False)
class LightMaps:
    """Directions with the depths of one body along them."""

    directions: NDArray[np.float32]  # [K, 4, 4] rows: texels aside, texels down, along, each with its offset; the lift
    reach: NDArray[np.float32]  # [K, 1 or 2, S, S] how far the body reaches along them, and against them


class Caster:
    """A body that casts shadows: no more detail than the maps can hold."""

    def __init__(
        self, vertices: NDArray[np.float32], faces: NDArray[np.int32], height: float, radius: float, crew: Crew
    ) -> None:
        """A body on z = 0 about x = y = 0; the radius is of the sphere about its middle."""
        self._crew = crew
        self._middle, self._radius = np.array([0.0, 0.0, height / 2]), _ROOM * radius

        def coarser(cells: int) -> Future[Shape]:
            if len(faces) <= _MANY:
                return crew.soon(lambda: (vertices, faces))
            return crew.soon(lambda: body_kernels.coarser(vertices, faces, cells))

        self._for_sky, self._for_lamps = coarser(_SKY_CELLS), coarser(_LAMP_CELLS)

    def sky(self) -> LightMaps:
        """Maps towards all of the sky and the ground."""
        return self._maps(self._for_sky.result(), _sky_axes(), 2, _SKY_TEXELS)

    def lamp(self, towards: NDArray[np.float64]) -> LightMaps:
        """Maps towards the parts of a lamp's disc, whose middle lies in the direction `towards` [3]."""
        side, other, along = _frame(towards)
        axes = along + _LAMP_RADIUS * (_disc() @ np.stack([side, other]))
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        return self._maps(self._for_lamps.result(), axes, 1, _LAMP_TEXELS)

    def _maps(self, shape: Shape, axes: NDArray[np.float64], sides: int, texels: int) -> LightMaps:
        maps, (vertices, faces) = self._empty(axes, sides, texels), shape

        def draw(k: int) -> None:
            screen, depths = np.empty((len(vertices), 2), np.int32), np.empty(len(vertices), np.float32)
            raster_kernels.project_along(vertices, maps.directions[k], screen, depths)
            raster_kernels.draw_reach(screen, depths, faces, maps.reach[k])

        self._crew.each(draw, range(len(axes)))
        return maps

    def _empty(self, axes: NDArray[np.float64], sides: int, texels: int) -> LightMaps:
        scale = 0.5 * texels / self._radius
        directions = np.zeros((len(axes), 4, 4))
        directions[:, :3, :3] = [_frame(axis) for axis in axes]
        directions[:, :2] *= scale
        directions[:, :3, 3] = -directions[:, :3, :3] @ self._middle
        directions[:, :2, 3] += 0.5 * texels
        directions[:, 3, 0] = _LIFT / scale
        reach = np.full((len(axes), sides, texels, texels), -np.inf, np.float32)
        return LightMaps(directions.astype(np.float32), reach)


def _frame(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two unit vectors and the unit axis, right-handed, [3, 3].

    Source: Duff et al., "Building an Orthonormal Basis, Revisited" (2017).
    """
    x, y, z = axis
    sign = np.copysign(1.0, z)
    a = -1.0 / (sign + z)
    b = x * y * a
    return np.array([[1 + sign * x * x * a, sign * b, -sign * x], [b, sign + y * y * a, -y], [x, y, z]])


@cache
def _sky_axes() -> NDArray[np.float64]:
    """Unit vectors [_AXES, 3] spread evenly over the upper half of the sphere, and each quarter of them likewise."""
    height, turn = _net(_AXES).T
    angle, radius = 2 * np.pi * turn, np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)


@cache
def _disc() -> NDArray[np.float64]:
    """Points [_LAMPS, 2] spread evenly over the unit disc, and each quarter of them likewise."""
    area, turn = _net(_LAMPS).T
    angle, radius = 2 * np.pi * turn, np.sqrt(area)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _net(count: int) -> NDArray[np.float64]:
    """Points [count, 2] in the unit square; every run of 2^k from a multiple of 2^k has one in each of 2^k strips.

    Source: Kollig and Keller, "Efficient Multidimensional Sampling" (2002): van der Corput's and Sobol's sequences.
    """
    points = np.zeros((count, 2))
    for k in range(count):
        mirrored, folded = 0.5, 1 << 31
        sobol, index = 0, k
        while index:
            if index & 1:
                points[k, 0] += mirrored
                sobol ^= folded
            index, mirrored, folded = index >> 1, mirrored / 2, folded ^ folded >> 1
        points[k, 1] = sobol / 2**32
    return points + 0.5 / count
