"""A body as pictures need it, and the drawing of one: loads numba, so it is imported where something is drawn."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import Camera, TriangleMesh
from pipelines.meshing.color import linear_from_srgb, srgb_from_linear, vertex_colors
from pipelines.meshing.normals import CREASE_DEG
from pipelines.pictures import body_kernels, light_kernels, raster_kernels
from pipelines.pictures.framing import Viewpoint, framed, framed_all_around
from pipelines.pictures.light_maps import Caster, LightMaps
from pipelines.pictures.threads import Crew

_OVERSAMPLING: Final = 2  # per axis
_ROWS: Final = raster_kernels.BAND // _OVERSAMPLING  # of pixels that one thread does at a time
_LAMP: Final = np.array([-0.45, 0.62, -0.65])  # right, up, forward of the camera
_LEAST_LAMP: Final = 0.35  # it never shines from below
_FILL: Final = np.array([0.8, 0.0, -0.6])
_TOP, _BOTTOM = (0.80, 0.83, 0.86), (0.56, 0.59, 0.62)  # linear colours of the backdrop: white stands out too
_REACH: Final = 2.5  # sizes of the object; beyond, the ground feels nothing of it
_SHADOW_DEPTH: Final = 0.62  # how far the ground darkens where neither lamp nor sky reaches
_SOFTNESS: Final = 0.06  # of the height of what shades, in sizes of the picture: the gaps between directions
_TONES: Final = 32_768  # steps of light, 0.2 of a byte where the curve is steepest
_MOST_LIGHT: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Paint:
    """Colours of the corners of faces."""

    colors: NDArray[np.uint8]  # [C, 3] sRGB
    of_corner: NDArray[np.int32]  # [F, 3] index into colors


class Body:
    """A mesh at unit size on z = 0, with all that its pictures share: smooth normals, and how much sky is where."""

    def __init__(self, mesh: TriangleMesh, face_colors: NDArray[np.uint8] | None, crew: Crew) -> None:
        self._vertices = _standing(mesh.vertices)
        self._faces = np.ascontiguousarray(mesh.faces, np.int32)
        cosine = float(np.cos(np.deg2rad(CREASE_DEG)))
        normals = crew.soon(lambda: body_kernels.smooth_normals(self._vertices, self._faces, cosine))
        self._caster = Caster(self._vertices, self._faces)
        self._paint = _paint(mesh, self._faces, face_colors)
        self._sky = self._caster.sky(crew)
        self._normals, self._flat = normals.result()
        self._crew = crew

    def picture(self, camera: Camera, size: int) -> NDArray[np.uint8]:
        """sRGB [size, size, 3] from a camera. See `render_mesh`."""
        return self._picture(framed(self._vertices, camera), size)

    def turn(self, camera: Camera, frames: int, size: int) -> Iterator[NDArray[np.uint8]]:
        """Pictures from a camera that goes once around the body, beginning where it stands."""
        turns_deg = [360 * k / frames for k in range(frames)]
        for view in framed_all_around(self._vertices, camera, turns_deg):
            yield self._picture(view, size)

    def _picture(self, view: Viewpoint, size: int) -> NDArray[np.uint8]:
        lamp = _lamp(view)
        seen = self._first_seen(view, size * _OVERSAMPLING)
        lamps = self._caster.lamp(self._crew, lamp)
        pinhole = (view.eye, view.axes, view.half_width)
        surface = np.empty((size, size, light_kernels.RECORD), np.float32)
        ground = np.empty((2, (size + 1) // 2, (size + 1) // 2), np.float32)
        picture = np.empty((size, size, 3), np.uint8)
        shades = (lamps.directions, lamps.reach, self._sky.directions, self._sky.reach)

        def ask(band: int) -> None:
            rows = (band * _ROWS, min((band + 1) * _ROWS, size))
            light_kernels.find_surface(seen, self._vertices, self._faces, self._normals, self._flat, *pinhole, *rows, surface)
            light_kernels.ask_surface(surface, *shades, *rows)
            half = (rows[0] // 2, (rows[1] + 1) // 2)
            light_kernels.ask_ground(*pinhole, _REACH, _SHADOW_DEPTH, *shades, *half, ground)

        def develop(band: int) -> None:
            light_kernels.develop(
                seen, self._vertices, self._faces, self._normals, self._flat, self._paint.colors, self._paint.of_corner,
                _linear(), surface, keep, _backdrop(size), _tones(), *pinhole, lamp, _FILL @ view.axes,
                band * _ROWS, min((band + 1) * _ROWS, size), picture,
            )  # fmt: skip

        bands = range(-(-size // _ROWS))
        self._crew.each(ask, bands)
        keep = _softened(*ground)
        self._crew.each(develop, bands)
        return picture

    def _first_seen(self, view: Viewpoint, samples: int) -> NDArray[np.int64]:
        """The face that each sample sees first, [samples, samples]."""
        count = len(self._vertices)
        screen, inverse_depth = np.empty((count, 2), np.int32), np.empty(count, np.float32)
        raster_kernels.project(
            self._vertices, view.eye, view.axes, view.half_width, samples, screen, inverse_depth
        )
        starts, lists = raster_kernels.by_band(screen, self._faces, samples)
        most = float(inverse_depth.max())
        seen = np.zeros((samples, samples), np.int64)

        def draw(band: int) -> None:
            chosen = lists[starts[band] : starts[band + 1]]
            first = band * raster_kernels.BAND
            last = min(first + raster_kernels.BAND, samples)
            raster_kernels.draw_first(screen, inverse_depth, self._faces, chosen, most, first, last, seen)

        self._crew.each(draw, range(len(starts) - 1))
        return seen


def _standing(vertices: NDArray[np.float64]) -> NDArray[np.float32]:
    """The vertices at unit size on z = 0, so that every distance is relative to it."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    foot = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    return ((vertices - foot) / (high - low).max()).astype(np.float32)


def _softened(keep: NDArray[np.float32], height: NDArray[np.float32]) -> NDArray[np.float32]:
    """The ground's light without the steps between directions: the higher what shades it hangs, the softer.

    Each place is first averaged over the tile about it, within which every direction was asked once.
    """
    keep, height = _averaged(keep, (-1, 0, 1, 2)), _averaged(height, (-1, 0, 1, 2))
    for reach in (1, 2, 4):
        share = np.minimum(height * np.float32(_SOFTNESS * len(keep) / reach), 1)
        keep = keep + share * (_averaged(keep, (-reach, 0, reach)) - keep)
        height = _averaged(height, (-reach, 0, reach))
    return np.ascontiguousarray(keep)


def _averaged(plane: NDArray[np.float32], offsets: tuple[int, ...]) -> NDArray[np.float32]:
    """The mean over offsets along both axes, the border going on beyond itself."""
    wide = max(map(abs, offsets))
    for _ in range(2):
        padded = np.pad(plane, ((wide, wide), (0, 0)), "edge")
        parts = [padded[wide + offset : len(padded) - wide + offset] for offset in offsets]
        plane = (np.add.reduce(parts) * np.float32(1 / len(parts))).T
    return plane


def _paint(mesh: TriangleMesh, faces: NDArray[np.int32], face_colors: NDArray[np.uint8] | None) -> Paint:
    if face_colors is None:
        return Paint(np.ascontiguousarray(vertex_colors(mesh)), faces)
    of_corner = np.repeat(np.arange(len(faces), dtype=np.int32), 3).reshape(-1, 3)
    return Paint(np.ascontiguousarray(face_colors), of_corner)


def _lamp(view: Viewpoint) -> NDArray[np.float64]:
    """Direction of the lamp."""
    lamp = _LAMP @ view.axes
    lamp[2] = max(lamp[2], _LEAST_LAMP)
    return np.asarray(lamp / np.linalg.norm(lamp))


def _backdrop(size: int) -> NDArray[np.float32]:
    """A vertical gradient, one colour per row, [size, 3]."""
    t = ((np.arange(size) + 0.5) / size)[:, None] ** 1.5
    return ((1 - t) * np.array(_TOP) + t * np.array(_BOTTOM)).astype(np.float32)


@cache
def _linear() -> NDArray[np.float32]:
    return linear_from_srgb(np.arange(256, dtype=np.uint8)).astype(np.float32)


@cache
def _tones() -> NDArray[np.uint8]:
    """sRGB bytes of light from 0 to `_MOST_LIGHT`.

    Linear up to 0.8, then bent so that highlights keep their colour instead of clipping.
    """
    light = np.linspace(0, _MOST_LIGHT, _TONES)
    bent = 0.8 + 0.2 * (1 - np.exp(-np.maximum(light - 0.8, 0) / 0.2))
    return srgb_from_linear(np.where(light > 0.8, bent, light))
