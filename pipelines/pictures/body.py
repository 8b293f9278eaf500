"""A body as pictures need it, and the drawing of one: loads numba, so it is imported where something is drawn."""

from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import Camera, TriangleMesh
from pipelines.meshing.color import linear_from_srgb, srgb_from_linear, vertex_colors
from pipelines.meshing.normals import CREASE_DEG
from pipelines.pictures import body_kernels, develop_kernels, shade_kernels
from pipelines.pictures.develop_kernels import Film, Pinhole, Room, Samples, Skin
from pipelines.pictures.first_seen import first_seen
from pipelines.pictures.framing import Viewpoint, framed, framed_all_around
from pipelines.pictures.light_maps import Caster
from pipelines.pictures.raster_kernels import ASIDE, BAND, FACE, PER_PIXEL
from pipelines.pictures.shade_kernels import Lights, Surface
from pipelines.pictures.threads import Crew

_ROWS: Final = BAND // PER_PIXEL  # of pixels that one thread does at a time
_LAMP: Final = np.array([-0.45, 0.62, -0.65])  # right, up, forward of the camera
_LEAST_LAMP: Final = 0.35  # it never shines from below
_LAMP_LIGHT, _SKY_LIGHT = 0.72, 0.52
_FILL: Final = np.array([0.8, 0.0, -0.6])
_TOP, _BOTTOM = (0.80, 0.83, 0.86), (0.56, 0.59, 0.62)  # linear colours of the backdrop: white stands out too
_REACH: Final = 2.5  # sizes of the object; beyond, the ground feels nothing of it
_SHADOW_DEPTH: Final = 0.62  # how far the ground darkens where neither lamp nor sky reaches
_SOFTNESS: Final = 0.06  # of the height of what shades, in sizes of the picture: the gaps between directions
_TONES: Final = 32_768  # steps of light, 0.2 of a byte where the curve is steepest
_MOST_LIGHT: Final = 2.0


class Body:
    """A mesh at unit size on z = 0, with all that its pictures share: smooth normals, and how much sky is where."""

    def __init__(self, mesh: TriangleMesh, face_colors: NDArray[np.uint8] | None, crew: Crew) -> None:
        self._crew = crew
        faces = np.ascontiguousarray(mesh.faces, np.int32)
        vertices, height, radius = body_kernels.stood(np.ascontiguousarray(mesh.vertices, np.float64))
        normals = crew.soon(lambda: body_kernels.smooth_normals(vertices, faces, float(np.cos(np.deg2rad(CREASE_DEG)))))
        self._caster = Caster(vertices, faces, height, radius, crew)
        self._sky = self._caster.sky()
        colors, color_of = _painted(mesh, faces, face_colors)
        smooth, flat = normals.result()
        self._skin = Skin(vertices, faces, smooth, flat, colors, color_of)

    def picture(self, camera: Camera, size: int) -> NDArray[np.uint8]:
        """sRGB [size, size, 3] from a camera. See `render_mesh`."""
        return self._picture(framed(self._skin.vertices, camera), size)

    def turn(self, camera: Camera, frames: int, size: int) -> Iterator[NDArray[np.uint8]]:
        """Pictures from a camera that goes once around the body, beginning where it stands."""
        turns_deg = [360 * k / frames for k in range(frames)]
        for view in framed_all_around(self._skin.vertices, camera, turns_deg):
            yield self._picture(view, size)

    def _picture(self, view: Viewpoint, size: int) -> NDArray[np.uint8]:
        lamp = _lamp(view)
        seen = first_seen(self._skin.vertices, self._skin.faces, view, size, self._crew)
        samples = Samples(seen, FACE, np.array(ASIDE))
        lamps = self._caster.lamp(lamp)
        lights = Lights(lamps.directions, lamps.reach, self._sky.directions, self._sky.reach)
        camera = Pinhole(view.eye, view.axes, view.half_width)
        surface, missing = self._lit(samples, camera, lights, size)
        kept = 1 - _SHADOW_DEPTH * _softened(missing)
        room = Room(lamp, _FILL @ view.axes, _LAMP_LIGHT, _SKY_LIGHT, _backdrop(size), kept)
        film, picture = Film(_linear(), _tones(), _MOST_LIGHT), np.empty((size, size, 3), np.uint8)

        def develop(first: int) -> None:
            rows = (first, min(first + _ROWS, size))
            develop_kernels.develop(samples, self._skin, camera, surface, room, film, rows, picture)

        self._crew.each(develop, range(0, size, _ROWS))
        return picture

    def _lit(self, samples: Samples, camera: Pinhole, lights: Lights, size: int) -> tuple[Surface, NDArray[np.float32]]:
        """What the pixels show and the light that gets there; and what every second place of the ground lacks."""
        surface = Surface(*(np.empty((size, size, depth), np.float32) for depth in (3, 3, 2, 2)))
        ground = np.empty((3, (size + 1) // 2, (size + 1) // 2), np.float32)

        def ask(first: int) -> None:
            rows = (first, min(first + _ROWS, size))
            develop_kernels.find_surface(samples, self._skin, camera, *rows, surface)
            shade_kernels.ask_surface(surface, lights, *rows)
            shade_kernels.ask_ground(*camera, _REACH, lights, rows[0] // 2, (rows[1] + 1) // 2, ground)

        self._crew.each(ask, range(0, size, _ROWS))
        return surface, ground


def _softened(ground: NDArray[np.float32]) -> NDArray[np.float32]:
    """The ground's missing light [R, R] without steps between directions: the higher what shades it, the softer.

    Each place is first averaged over the tile about it, within which every direction was asked once.
    """
    missing = (_LAMP_LIGHT * ground[0] + _SKY_LIGHT * ground[1]) * np.float32(1 / (_LAMP_LIGHT + _SKY_LIGHT))
    missing, height = (shade_kernels.averaged(plane, -1, 2, 1) for plane in (missing, ground[2]))
    for reach in (1, 2, 4):
        share = np.minimum(height * np.float32(_SOFTNESS * len(missing) / reach), 1)
        missing = missing + share * (shade_kernels.averaged(missing, -reach, reach, reach) - missing)
        height = shade_kernels.averaged(height, -reach, reach, reach)
    return np.asarray(missing)


def _painted(
    mesh: TriangleMesh, faces: NDArray[np.int32], face_colors: NDArray[np.uint8] | None
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Colours [C, 3], and which of them each corner of a face has, [F, 3]."""
    if face_colors is None:
        return np.ascontiguousarray(vertex_colors(mesh)), faces
    of_corner = np.repeat(np.arange(len(faces), dtype=np.int32), 3).reshape(-1, 3)
    return np.ascontiguousarray(face_colors), of_corner


def _lamp(view: Viewpoint) -> NDArray[np.float64]:
    """Direction of the lamp."""
    lamp = _LAMP @ view.axes
    lamp[2] = max(lamp[2], _LEAST_LAMP)
    return np.asarray(lamp / np.linalg.norm(lamp))


def _backdrop(size: int) -> NDArray[np.float32]:
    """A vertical gradient, one colour per row, [size, 3]."""
    t = ((np.arange(size) + 0.5) / size)[:, None] ** 1.5
    return np.asarray((1 - t) * np.array(_TOP) + t * np.array(_BOTTOM), np.float32)


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
