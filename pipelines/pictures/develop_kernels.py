"""The compiled loops from the faces that samples see to the colours of pixels.

Compiled on first use and kept on disk; one thread each, without Python's lock. What is compiled here calls nothing of
another file: numba would not notice that it changed.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipelines.pictures.shade_kernels import Surface

_TILE: Final = 4  # pixels per side over which shadows are averaged
_FILL: Final = 0.10  # from the other side than the lamp
_INDOORS: Final = 0.14  # of the sky's light still reaches the bottom of a mug, by way of its walls
_DARKEST: Final = 0.02  # of the light comes back from the blackest filament; colours keep theirs
_GLOSS: Final = 0.10  # of printed plastic: broad and faint
_RIM: Final = 0.18  # of the room is mirrored where a surface is seen edge-on: it shows the shape of dark things
_FACING: Final = 0.006  # of the room is mirrored where it is seen from straight ahead
_CANCELLED: Final = 1e-6  # squared length of a smooth normal of faces that look opposite ways: the face's own is taken
_LEVEL: Final = 1e-30  # volume under a ray, in cubes of the object's size, that only rounding leaves
_ALIKE_NORMALS: Final = 0.97  # cosine of 14 degrees: flatter turns than a crease that is seen
_ALIKE_COLORS: Final = 12  # of 255: less than an edge in a picture
_SAME_SIDE: Final = 0.8  # cosine of 37 degrees: pixels turned further apart do not share their shadows
_SAME_PLACE: Final = 0.012  # of the object's size off a pixel's plane: as above

Vector = tuple[float, float, float]


class Pinhole(NamedTuple):
    """A camera. `axes` rows are right, up and forward."""

    eye: NDArray[np.float64]  # [3]
    axes: NDArray[np.float64]  # [3, 3]
    half_width: float  # tangent of half the field of view


class Skin(NamedTuple):
    """The outside of a body."""

    vertices: NDArray[np.float32]  # [V, 3]
    faces: NDArray[np.int32]  # [F, 3]
    normals: NDArray[np.float32]  # [F, 3, 3] of the corners
    flat: NDArray[np.float32]  # [F, 3] of the faces
    colors: NDArray[np.uint8]  # [C, 3] sRGB
    color_of: NDArray[np.int32]  # [F, 3] index into the colours


class Samples(NamedTuple):
    """What four samples per pixel see."""

    seen: NDArray[np.int64]  # [4 H, W], 0 where they see nothing
    mask: int  # of the bits that are the face
    aside: NDArray[np.float64]  # [4] of a pixel, from its left border


class Room(NamedTuple):
    """What surrounds a body, as its camera sees it."""

    lamp: NDArray[np.float64]  # [3] towards the lamp
    fill: NDArray[np.float64]  # [3] towards the dim side
    lamp_light: float
    sky_light: float
    backdrop: NDArray[np.float32]  # [H, 3] linear
    ground: NDArray[np.float32]  # [R, R] share of the backdrop's light that the ground keeps


class Film(NamedTuple):
    """From bytes to light and back."""

    linear: NDArray[np.float32]  # [256]
    tones: NDArray[np.uint8]  # [T] from no light to `most`
    most: float


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def find_surface(
    samples: Samples, skin: Skin, camera: Pinhole, first_row: int, last_row: int, surface: Surface
) -> None:
    """Fill rows of the surface with what the first of each pixel's four samples that sees a face sees."""
    size = surface.shares.shape[1]
    for row in range(first_row, last_row):
        for column in range(size):
            surface.shares[row, column, 0] = -1.0
            for sample in range(4):
                found = samples.seen[4 * row + sample, column]
                if found == 0:
                    continue
                face = found & samples.mask
                ray = _ray(camera, samples, row, column, sample)
                one, two = _weights(skin, face, camera.eye, ray)
                normal, place = _normal(skin, face, one, two, ray), surface.places[row, column]
                a, b, c = skin.faces[face, 0], skin.faces[face, 1], skin.faces[face, 2]
                for j in range(3):
                    place[j] = (
                        (1.0 - one - two) * skin.vertices[a, j] + one * skin.vertices[b, j] + two * skin.vertices[c, j]
                    )
                    surface.normals[row, column, j] = normal[j]
                surface.weights[row, column, 0], surface.weights[row, column, 1] = one, two
                surface.shares[row, column, 0] = 1.0
                break


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def develop(
    samples: Samples,
    skin: Skin,
    camera: Pinhole,
    surface: Surface,
    room: Room,
    film: Film,
    rows: tuple[int, int],
    picture: NDArray[np.uint8],
) -> None:
    """Fill rows [first, past the last) of the picture [H, W, 3] from what its four samples per pixel see."""
    size = len(picture)
    scale = 0.25 * (len(film.tones) - 1) / film.most
    asked = np.empty(4, np.int64)
    for row in range(rows[0], rows[1]):
        for column in range(size):
            ground = 0
            for sample in range(4):
                at = samples.seen[4 * row + sample, column]
                asked[sample] = at & samples.mask if at > 0 else -1
                ground += at == 0
            red = green = blue = 0.0
            if ground < 4:
                red, green, blue = _body(asked, samples, skin, camera, surface, room, film.linear, (row, column))
            if ground > 0:
                kept = _kept(room.ground, row, column, size) * ground
                red += kept * room.backdrop[row, 0]
                green += kept * room.backdrop[row, 1]
                blue += kept * room.backdrop[row, 2]
            picture[row, column, 0] = film.tones[min(int(red * scale + 0.5), len(film.tones) - 1)]
            picture[row, column, 1] = film.tones[min(int(green * scale + 0.5), len(film.tones) - 1)]
            picture[row, column, 2] = film.tones[min(int(blue * scale + 0.5), len(film.tones) - 1)]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _body(
    asked: NDArray[np.int64],
    samples: Samples,
    skin: Skin,
    camera: Pinhole,
    surface: Surface,
    room: Room,
    linear: NDArray[np.float32],
    pixel: tuple[int, int],
) -> Vector:
    """The light of those of a pixel's four samples that see a face, added up; those that look alike are shaded once."""
    row, column = pixel
    lamp, sky = _shared(surface, row, column)
    red = green = blue = 0.0
    first = True
    for sample in range(4):
        face = asked[sample]
        if face < 0:
            continue
        count = _alike(asked, sample, skin)
        ray = _ray(camera, samples, row, column, sample)
        if first:  # whose place is known
            first = False
            one, two = float(surface.weights[row, column, 0]), float(surface.weights[row, column, 1])
            found = surface.normals[row, column]
            normal = (float(found[0]), float(found[1]), float(found[2]))
        else:
            one, two = _weights(skin, face, camera.eye, ray)
            normal = _normal(skin, face, one, two, ray)
        diffuse, mirrored = _received(normal, ray, room, lamp, sky)
        p, q, s = skin.color_of[face, 0], skin.color_of[face, 1], skin.color_of[face, 2]
        r = _between(skin.colors, linear, p, q, s, one, two, 0)
        g = _between(skin.colors, linear, p, q, s, one, two, 1)
        b = _between(skin.colors, linear, p, q, s, one, two, 2)
        missing = 1.0 - max(r, g, b)
        least = _DARKEST * missing * missing * missing * missing
        red += count * (mirrored + diffuse * (r + least))
        green += count * (mirrored + diffuse * (g + least))
        blue += count * (mirrored + diffuse * (b + least))
    return red, green, blue


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _between(
    colors: NDArray[np.uint8], linear: NDArray[np.float32], p: int, q: int, s: int, one: float, two: float, band: int
) -> float:
    """The linear colour between three corners, in one band."""
    return float(
        (1.0 - one - two) * linear[colors[p, band]] + one * linear[colors[q, band]] + two * linear[colors[s, band]]
    )


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _ray(camera: Pinhole, samples: Samples, row: int, column: int, sample: int) -> Vector:
    """The direction through a sample of a pixel, unit length."""
    across = 2.0 / samples.seen.shape[1]
    aside = ((column + samples.aside[sample]) * across - 1.0) * camera.half_width
    down = ((row + 0.25 * sample + 0.125) * across - 1.0) * camera.half_width
    scale = 1.0 / math.sqrt(1.0 + aside * aside + down * down)
    axes = camera.axes
    return (
        (axes[2, 0] + aside * axes[0, 0] - down * axes[1, 0]) * scale,
        (axes[2, 1] + aside * axes[0, 1] - down * axes[1, 1]) * scale,
        (axes[2, 2] + aside * axes[0, 2] - down * axes[1, 2]) * scale,
    )


@njit(cache=True, nogil=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator]
def _weights(skin: Skin, face: int, eye: NDArray[np.float64], ray: Vector) -> tuple[float, float]:
    """The weights of a face's second and third corner where a ray meets it, held within the face.

    Source: Moeller and Trumbore, "Fast, Minimum Storage Ray/Triangle Intersection" (1997).
    """
    a, b, c = skin.vertices[skin.faces[face, 0]], skin.vertices[skin.faces[face, 1]], skin.vertices[skin.faces[face, 2]]
    ux, uy, uz = float(b[0]) - a[0], float(b[1]) - a[1], float(b[2]) - a[2]
    vx, vy, vz = float(c[0]) - a[0], float(c[1]) - a[1], float(c[2]) - a[2]
    px, py, pz = ray[1] * vz - ray[2] * vy, ray[2] * vx - ray[0] * vz, ray[0] * vy - ray[1] * vx
    sx, sy, sz = eye[0] - a[0], eye[1] - a[1], eye[2] - a[2]
    qx, qy, qz = sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux
    volume = ux * px + uy * py + uz * pz
    scale = 1.0 / volume if abs(volume) > _LEVEL else 0.0
    one = min(max((sx * px + sy * py + sz * pz) * scale, 0.0), 1.0)
    two = min(max((ray[0] * qx + ray[1] * qy + ray[2] * qz) * scale, 0.0), 1.0)
    over = one + two
    return (one, two) if over <= 1.0 else (one / over, two / over)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator]
def _normal(skin: Skin, face: int, one: float, two: float, ray: Vector) -> Vector:
    """The smooth normal of a face at weights of its corners, on the side that the ray comes from."""
    corner, zero = skin.normals[face], 1.0 - one - two
    x = zero * corner[0, 0] + one * corner[1, 0] + two * corner[2, 0]
    y = zero * corner[0, 1] + one * corner[1, 1] + two * corner[2, 1]
    z = zero * corner[0, 2] + one * corner[1, 2] + two * corner[2, 2]
    if x * x + y * y + z * z < _CANCELLED:
        x, y, z = float(skin.flat[face, 0]), float(skin.flat[face, 1]), float(skin.flat[face, 2])
    scale = 1.0 / max(math.sqrt(x * x + y * y + z * z), 1e-12)
    # The side is the face's: at an outline the smooth normal may look away from the eye.
    if skin.flat[face, 0] * ray[0] + skin.flat[face, 1] * ray[1] + skin.flat[face, 2] * ray[2] > 0.0:
        scale = -scale
    return x * scale, y * scale, z * scale


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _alike(asked: NDArray[np.int64], sample: int, skin: Skin) -> int:
    """How many samples from this one on look as it does; they are not asked again."""
    face, count = asked[sample], 1
    for other in range(sample + 1, 4):
        rival = asked[other]
        if rival >= 0 and (rival == face or _same_look(face, rival, skin)):
            count += 1
            asked[other] = -1
    return count


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _same_look(face: int, rival: int, skin: Skin) -> bool:
    one, two = skin.flat[face], skin.flat[rival]
    if one[0] * two[0] + one[1] * two[1] + one[2] * two[2] < _ALIKE_NORMALS:
        return False
    here, there = skin.colors[skin.color_of[face, 0]], skin.colors[skin.color_of[rival, 0]]
    apart = max(abs(int(here[0]) - there[0]), abs(int(here[1]) - there[1]), abs(int(here[2]) - there[2]))
    return bool(apart <= _ALIKE_COLORS)


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _kept(ground: NDArray[np.float32], row: int, column: int, size: int) -> float:
    """The ground's light at a pixel, between the four nearest places that were asked."""
    last = len(ground) - 1
    y = min(max((row + 0.5) * len(ground) / size - 0.5, 0.0), float(last))
    x = min(max((column + 0.5) * len(ground) / size - 0.5, 0.0), float(last))
    top, left = int(y), int(x)
    below, right = min(top + 1, last), min(left + 1, last)
    y, x = y - top, x - left
    upper = (1.0 - x) * ground[top, left] + x * ground[top, right]
    lower = (1.0 - x) * ground[below, left] + x * ground[below, right]
    return float((1.0 - y) * upper + y * lower)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator]
def _shared(surface: Surface, row: int, column: int) -> tuple[float, float]:
    """Lamp and sky at a pixel, averaged over the tile about it as far as the surface goes on there."""
    size = len(surface.shares)
    place, normal = surface.places[row, column], surface.normals[row, column]
    px, py, pz, nx, ny, nz = place[0], place[1], place[2], normal[0], normal[1], normal[2]
    lamp, sky, count = np.float32(0), np.float32(0), 0
    for y in range(max(row - 1, 0), min(row - 1 + _TILE, size)):
        for x in range(max(column - 1, 0), min(column - 1 + _TILE, size)):
            if surface.shares[y, x, 0] < 0:
                continue
            there, turned = surface.places[y, x], surface.normals[y, x]
            turn = turned[0] * nx + turned[1] * ny + turned[2] * nz
            off = (there[0] - px) * nx + (there[1] - py) * ny + (there[2] - pz) * nz
            if turn > _SAME_SIDE and abs(off) < _SAME_PLACE:
                lamp += surface.shares[y, x, 0]
                sky += surface.shares[y, x, 1]
                count += 1
    count = max(count, 1)  # a face without a normal is not even turned as it is itself
    return float(lamp / count), float(sky / count)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator]
def _received(normal: Vector, ray: Vector, room: Room, lamp_share: float, sky_share: float) -> tuple[float, float]:
    """Light that a surface scatters, in shares of its colour, and light that it mirrors."""
    lamp, fill = room.lamp, room.fill
    to_lamp = max(normal[0] * lamp[0] + normal[1] * lamp[1] + normal[2] * lamp[2], 0.0)
    to_fill = max(normal[0] * fill[0] + normal[1] * fill[1] + normal[2] * fill[2], 0.0)
    to_eye = max(-(normal[0] * ray[0] + normal[1] * ray[1] + normal[2] * ray[2]), 0.0)
    indoors = _INDOORS + (1.0 - _INDOORS) * sky_share
    diffuse = room.lamp_light * to_lamp * lamp_share + room.sky_light * indoors + _FILL * to_fill * sky_share
    hx, hy, hz = lamp[0] - ray[0], lamp[1] - ray[1], lamp[2] - ray[2]
    towards = max((normal[0] * hx + normal[1] * hy + normal[2] * hz) / math.sqrt(hx * hx + hy * hy + hz * hz), 0.0)
    fourth = towards * towards * towards * towards
    gloss = _GLOSS * fourth * fourth * fourth * fourth * fourth * fourth * fourth * lamp_share  # to the power of 28
    # What a mirror would show: the bright room above, the ground below. Source: Schlick's approximation (1994).
    edge = (1.0 - to_eye) * (1.0 - to_eye)
    upwards = 0.5 + 0.5 * (ray[2] + 2.0 * to_eye * normal[2])
    return diffuse, gloss + (_FACING + _RIM * edge * edge * (1.0 - to_eye)) * upwards * sky_share
