"""The compiled loops that light a picture: what each pixel shows, how much of lamp and sky it gets, and its colour.

Compiled on first use and kept on disk; one thread each, without Python's lock. Light comes from directions, each with
a map of how far the body reaches along it: what lies deeper than the map is in the shade.
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipelines.pictures.raster_kernels import STEPS, face_of

# Columns of a pixel's record: a place, its normal, its light, and the weights of the face's second and third corner.
PX, PY, PZ, NX, NY, NZ, LAMP, SKY, SECOND, THIRD = range(10)
RECORD: Final = 10
GROUPS: Final = 4  # neighbouring pixels ask different maps: each asks a quarter of them
_TILE: Final = 4  # pixels per side among which questions differ, and over which the answers are averaged

# A studio: one large lamp over the viewer's left shoulder, a bright room, a dim fill from the right.
LAMP_LIGHT: Final = 0.72
SKY_LIGHT: Final = 0.52
BOUNCE: Final = 0.42  # of the sky's light comes back from the ground
_FILL: Final = 0.10
_INDOORS: Final = 0.14  # of the sky's light still reaches the bottom of a mug, by way of its walls
_GLOSS: Final = 0.10  # of printed plastic: broad and faint
_RIM: Final = 0.18  # of the room is mirrored where the surface is seen edge-on, and by dark plastic it is all one sees
_FACING: Final = 0.012  # of the room is mirrored where it is seen from straight ahead
_ALIKE_NORMALS: Final = 0.97  # cosine of 14 degrees: flatter turns than a crease that is seen
_ALIKE_COLORS: Final = 12  # of 255: less than an edge in a picture
_SAME_SIDE: Final = 0.8  # cosine of 37 degrees: pixels turned further apart do not share their shadows
_SAME_PLACE: Final = 0.012  # of the object's size off a pixel's plane: as above
_TONES: Final = 2.0  # the most light that has a tone of its own


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def fit_to_map(
    vertices: NDArray[np.float32],
    direction: NDArray[np.float32],
    screen: NDArray[np.int32],
    depths: NDArray[np.float32],
) -> None:
    """Fill `screen` [V, 2], steps aside and down, and the depths [V] of vertices in the map of a direction [4, 4]."""
    for k in range(len(vertices)):
        x, y, z = vertices[k, 0], vertices[k, 1], vertices[k, 2]
        for j in range(2):
            where = direction[j, 0] * x + direction[j, 1] * y + direction[j, 2] * z + direction[j, 3]
            screen[k, j] = np.rint(STEPS * where)
        depths[k] = direction[2, 0] * x + direction[2, 1] * y + direction[2, 2] * z + direction[2, 3]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def find_surface(
    seen: NDArray[np.int64],
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    normals: NDArray[np.float32],
    flat: NDArray[np.float32],
    eye: NDArray[np.float64],
    axes: NDArray[np.float64],
    half_width: float,
    first_row: int,
    last_row: int,
    surface: NDArray[np.float32],
) -> None:
    """Fill the place and normal of `surface` [H, W, 10] for rows of pixels: those of the first sample that sees a face.

    LAMP becomes 1 there, and -1 where a pixel sees none.
    """
    size = surface.shape[1]
    ray, weights, at, normal = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for row in range(first_row, last_row):
        for column in range(size):
            surface[row, column, LAMP] = -1.0
            for sample in range(4):
                y, x = 2 * row + sample // 2, 2 * column + sample % 2
                face = face_of(seen[y, x])
                if face >= 0:
                    _ray(axes, half_width, 2 * size, y, x, ray)
                    _hit(vertices, faces, face, eye, ray, weights, at)
                    _normal(normals, flat, face, weights, ray, normal)
                    for j in range(3):
                        surface[row, column, j], surface[row, column, NX + j] = at[j], normal[j]
                    surface[row, column, SECOND], surface[row, column, THIRD] = weights[1], weights[2]
                    surface[row, column, LAMP] = 1.0
                    break


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _ray(axes: NDArray[np.float64], half_width: float, samples: int, y: int, x: int, ray: NDArray[np.float64]) -> None:
    """The direction through a sample, unit length."""
    aside = ((x + 0.5) * (2.0 / samples) - 1.0) * half_width
    down = ((y + 0.5) * (2.0 / samples) - 1.0) * half_width
    length = math.sqrt(1.0 + aside * aside + down * down)
    for j in range(3):
        ray[j] = (axes[2, j] + aside * axes[0, j] - down * axes[1, j]) / length


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _hit(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    face: int,
    eye: NDArray[np.float64],
    ray: NDArray[np.float64],
    weights: NDArray[np.float64],
    at: NDArray[np.float64],
) -> None:
    """Where a ray meets a face: its weights of the corners, and the point, held within the face.

    Source: Moeller and Trumbore, "Fast, Minimum Storage Ray/Triangle Intersection" (1997).
    """
    a, b, c = vertices[faces[face, 0]], vertices[faces[face, 1]], vertices[faces[face, 2]]
    ux, uy, uz = float(b[0]) - a[0], float(b[1]) - a[1], float(b[2]) - a[2]
    vx, vy, vz = float(c[0]) - a[0], float(c[1]) - a[1], float(c[2]) - a[2]
    px, py, pz = ray[1] * vz - ray[2] * vy, ray[2] * vx - ray[0] * vz, ray[0] * vy - ray[1] * vx
    sx, sy, sz = eye[0] - a[0], eye[1] - a[1], eye[2] - a[2]
    qx, qy, qz = sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux
    volume = ux * px + uy * py + uz * pz
    one = (sx * px + sy * py + sz * pz) / volume if volume != 0 else 0.0
    two = (ray[0] * qx + ray[1] * qy + ray[2] * qz) / volume if volume != 0 else 0.0
    weights[1], weights[2] = min(max(one, 0.0), 1.0), min(max(two, 0.0), 1.0)
    over = max(weights[1] + weights[2], 1.0)
    weights[1], weights[2] = weights[1] / over, weights[2] / over
    weights[0] = 1.0 - weights[1] - weights[2]
    for j in range(3):
        at[j] = weights[0] * a[j] + weights[1] * b[j] + weights[2] * c[j]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _normal(
    normals: NDArray[np.float32],
    flat: NDArray[np.float32],
    face: int,
    weights: NDArray[np.float64],
    ray: NDArray[np.float64],
    normal: NDArray[np.float64],
) -> None:
    """The smooth normal of a face where its corners weigh so much, turned to the side that the ray comes from."""
    length, towards = 0.0, 0.0
    for j in range(3):
        normal[j] = (
            weights[0] * normals[face, 0, j] + weights[1] * normals[face, 1, j] + weights[2] * normals[face, 2, j]
        )
        length += normal[j] * normal[j]
        towards += flat[face, j] * ray[j]
    length = max(math.sqrt(length), 1e-12)
    for j in range(3):
        normal[j] = -normal[j] / length if towards > 0 else normal[j] / length


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def ask_surface(
    surface: NDArray[np.float32],
    lamps: NDArray[np.float32],
    lamp_maps: NDArray[np.float32],
    sky: NDArray[np.float32],
    sky_maps: NDArray[np.float32],
    first_row: int,
    last_row: int,
) -> None:
    """Fill LAMP and SKY of the pixels that see a face, from a quarter of the maps each."""
    at, normal = np.empty(3), np.empty(3)
    for row in range(first_row, last_row):
        for column in range(surface.shape[1]):
            if surface[row, column, LAMP] < 0:
                continue
            for j in range(3):
                at[j], normal[j] = surface[row, column, j], surface[row, column, NX + j]
            group = 2 * (row % 2) + column % 2
            jx, jy = 0.5 * (column // 2 % 2) - 0.25, 0.5 * (row // 2 % 2) - 0.25
            surface[row, column, LAMP] = _lamp_share(at, normal, 1.0, lamps, lamp_maps, group, GROUPS, jx, jy)
            surface[row, column, SKY] = _sky_share(at, normal, 1.0, sky, sky_maps, group, GROUPS, jx, jy)[0]


# Columns of a direction: to the right and up in its map, both in texels with the offset in the fourth, and along it.
@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _texel(direction: NDArray[np.float32], row: int, x: float, y: float, z: float, jitter: float) -> int:
    where = direction[row, 0] * x + direction[row, 1] * y + direction[row, 2] * z + direction[row, 3] + jitter
    return int(where) if where >= 0.0 else -1


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _lamp_share(
    at: NDArray[np.float64],
    normal: NDArray[np.float64],
    lift: float,
    lamps: NDArray[np.float32],
    maps: NDArray[np.float32],
    group: int,
    groups: int,
    jx: float,
    jy: float,
) -> float:
    """The share of the lamp's disc that a point sees, asked in every `groups`-th part of the maps."""
    samples = maps.shape[2]
    each = len(lamps) // groups
    free = 0
    for k in range(group * each, (group + 1) * each):
        off = lift * lamps[k, 3, 0]
        x, y, z = at[0] + off * normal[0], at[1] + off * normal[1], at[2] + off * normal[2]
        column, row = _texel(lamps[k], 0, x, y, z, jx), _texel(lamps[k], 1, x, y, z, jy)
        if column < 0 or row < 0 or column >= samples or row >= samples:
            free += 1
            continue
        depth = lamps[k, 2, 0] * x + lamps[k, 2, 1] * y + lamps[k, 2, 2] * z + lamps[k, 2, 3]
        free += maps[k, 0, row, column] <= depth
    return free / each


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _sky_share(
    at: NDArray[np.float64],
    normal: NDArray[np.float64],
    lift: float,
    sky: NDArray[np.float32],
    maps: NDArray[np.float32],
    group: int,
    groups: int,
    jx: float,
    jy: float,
) -> tuple[float, float]:
    """Light from the room at a point, 1 for an open sky, less for what comes back from the ground; height of its shade.

    Each map answers for the one of its axis' two directions that lies before the surface.
    """
    samples = maps.shape[2]
    each = len(sky) // groups
    total, most, height = 0.0, 1e-9, 0.0
    for k in range(group * each, (group + 1) * each):
        cosine = sky[k, 2, 0] * normal[0] + sky[k, 2, 1] * normal[1] + sky[k, 2, 2] * normal[2]
        off = lift * sky[k, 3, 0]
        x, y, z = at[0] + off * normal[0], at[1] + off * normal[1], at[2] + off * normal[2]
        column, row = _texel(sky[k], 0, x, y, z, jx), _texel(sky[k], 1, x, y, z, jy)
        depth = sky[k, 2, 0] * x + sky[k, 2, 1] * y + sky[k, 2, 2] * z + sky[k, 2, 3]
        free = column < 0 or row < 0 or column >= samples or row >= samples
        if cosine >= 0:
            most += cosine
            if free or maps[k, 0, row, column] <= depth:
                total += cosine
            else:
                height += cosine * max(-maps[k, 1, row, column] - depth, 0.0)
        else:
            most -= cosine
            if free or maps[k, 1, row, column] <= -depth:
                total -= cosine * BOUNCE
    return total / most, height / most


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def ask_ground(
    eye: NDArray[np.float64],
    axes: NDArray[np.float64],
    half_width: float,
    reach: float,
    depth: float,
    lamps: NDArray[np.float32],
    lamp_maps: NDArray[np.float32],
    sky: NDArray[np.float32],
    sky_maps: NDArray[np.float32],
    first_row: int,
    last_row: int,
    ground: NDArray[np.float32],
) -> None:
    """Fill rows of `ground` [2, R, R]: of each place of a picture without the object, what the ground there gets.

    First how much light it keeps: all of it beyond `reach`, less by `depth` where neither lamp nor sky reaches it. Then
    how high above it hangs what shades it.
    """
    at, up, ray = np.zeros(3), np.array([0.0, 0.0, 1.0]), np.empty(3)
    for row in range(first_row, last_row):
        for column in range(ground.shape[2]):
            ground[0, row, column], ground[1, row, column] = 1.0, 0.0
            _ray(axes, half_width, ground.shape[2], row, column, ray)
            if ray[2] > -1e-3 or eye[2] <= 0:
                continue
            far = -eye[2] / ray[2]
            at[0], at[1] = eye[0] + far * ray[0], eye[1] + far * ray[1]
            fade = min(max(reach - math.sqrt(at[0] * at[0] + at[1] * at[1]), 0.0), 1.0)
            if fade > 0:
                group = 2 * (row % 2) + column % 2
                jx, jy = column // 2 % 2 - 0.5, row // 2 % 2 - 0.5
                lamp = _lamp_share(at, up, 0.0, lamps, lamp_maps, group, GROUPS, jx, jy)
                room, height = _sky_share(at, up, 0.0, sky, sky_maps, group, GROUPS, jx, jy)
                light = (LAMP_LIGHT * lamp + SKY_LIGHT * room) / (LAMP_LIGHT + SKY_LIGHT)
                ground[0, row, column] = 1.0 - depth * fade * (1.0 - light)
                ground[1, row, column] = height


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def develop(
    seen: NDArray[np.int64],
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    normals: NDArray[np.float32],
    flat: NDArray[np.float32],
    colors: NDArray[np.uint8],
    color_of: NDArray[np.int32],
    linear: NDArray[np.float32],
    surface: NDArray[np.float32],
    keep: NDArray[np.float32],
    backdrop: NDArray[np.float32],
    tones: NDArray[np.uint8],
    eye: NDArray[np.float64],
    axes: NDArray[np.float64],
    half_width: float,
    lamp: NDArray[np.float64],
    fill: NDArray[np.float64],
    first_row: int,
    last_row: int,
    picture: NDArray[np.uint8],
) -> None:
    """Fill rows of the picture [H, W, 3] from what its four samples per pixel see.

    Samples that look alike are shaded once: three in four need no shading of their own.
    """
    size = len(picture)
    light, share, asked = np.empty(3), np.empty(2), np.empty(4, np.int32)
    ray, weights, at, normal = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for row in range(first_row, last_row):
        for column in range(size):
            light[:] = 0.0
            ground = 0
            for sample in range(4):
                asked[sample] = face_of(seen[2 * row + sample // 2, 2 * column + sample % 2])
                ground += asked[sample] < 0
            if ground > 0:
                kept = _kept(keep, row, column, size) * ground
                for j in range(3):
                    light[j] = kept * backdrop[row, j]
            if ground < 4:
                _shared(surface, row, column, share)
            first = True
            for sample in range(4):
                face = asked[sample]
                if face < 0:
                    continue
                count = _alike(asked, sample, flat, colors, color_of)
                _ray(axes, half_width, 2 * size, 2 * row + sample // 2, 2 * column + sample % 2, ray)
                if first:  # whose place is known
                    first = False
                    weights[1], weights[2] = surface[row, column, SECOND], surface[row, column, THIRD]
                    weights[0] = 1.0 - weights[1] - weights[2]
                    for j in range(3):
                        normal[j] = surface[row, column, NX + j]
                else:
                    _hit(vertices, faces, face, eye, ray, weights, at)
                    _normal(normals, flat, face, weights, ray, normal)
                diffuse, mirrored = _received(normal, ray, lamp, fill, share[0], share[1])
                for j in range(3):
                    albedo = 0.0
                    for corner in range(3):
                        albedo += weights[corner] * linear[colors[color_of[face, corner], j]]
                    light[j] += count * (albedo * diffuse + mirrored)
            for j in range(3):
                level = min(light[j] * 0.25, _TONES) * ((len(tones) - 1) / _TONES)
                picture[row, column, j] = tones[int(level + 0.5)]


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _alike(
    asked: NDArray[np.int32],
    sample: int,
    flat: NDArray[np.float32],
    colors: NDArray[np.uint8],
    color_of: NDArray[np.int32],
) -> int:
    """How many samples from this one on look as it does; they are not asked again."""
    face, count = asked[sample], 1
    for other in range(sample + 1, 4):
        rival = asked[other]
        if rival < 0:
            continue
        same = rival == face
        if not same:
            turn = flat[face, 0] * flat[rival, 0] + flat[face, 1] * flat[rival, 1] + flat[face, 2] * flat[rival, 2]
            same = turn > _ALIKE_NORMALS
            for j in range(3):
                apart = int(colors[color_of[face, 0], j]) - int(colors[color_of[rival, 0], j])
                same = same and abs(apart) <= _ALIKE_COLORS
        if same:
            count += 1
            asked[other] = -1
    return count


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _kept(keep: NDArray[np.float32], row: int, column: int, size: int) -> float:
    """The ground's light at a pixel, between the four nearest places that were asked."""
    last = len(keep) - 1
    y = min(max((row + 0.5) * len(keep) / size - 0.5, 0.0), float(last))
    x = min(max((column + 0.5) * len(keep) / size - 0.5, 0.0), float(last))
    top, left = int(y), int(x)
    below, right = min(top + 1, last), min(left + 1, last)
    y, x = y - top, x - left
    upper = (1 - x) * keep[top, left] + x * keep[top, right]
    lower = (1 - x) * keep[below, left] + x * keep[below, right]
    return float((1 - y) * upper + y * lower)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _shared(surface: NDArray[np.float32], row: int, column: int, share: NDArray[np.float64]) -> None:
    """Lamp and sky at a pixel, averaged over the tile about it as far as the surface goes on there."""
    size = len(surface)
    px, py, pz = surface[row, column, PX], surface[row, column, PY], surface[row, column, PZ]
    nx, ny, nz = surface[row, column, NX], surface[row, column, NY], surface[row, column, NZ]
    lamp, sky, count = 0.0, 0.0, 0
    for y in range(max(row - 1, 0), min(row - 1 + _TILE, size)):
        for x in range(max(column - 1, 0), min(column - 1 + _TILE, size)):
            if surface[y, x, LAMP] < 0:
                continue
            turn = surface[y, x, NX] * nx + surface[y, x, NY] * ny + surface[y, x, NZ] * nz
            off = (surface[y, x, PX] - px) * nx + (surface[y, x, PY] - py) * ny + (surface[y, x, PZ] - pz) * nz
            if turn > _SAME_SIDE and abs(off) < _SAME_PLACE:
                lamp += surface[y, x, LAMP]
                sky += surface[y, x, SKY]
                count += 1
    share[0], share[1] = lamp / count, sky / count


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _received(
    normal: NDArray[np.float64],
    ray: NDArray[np.float64],
    lamp: NDArray[np.float64],
    fill: NDArray[np.float64],
    lit: float,
    sky: float,
) -> tuple[float, float]:
    """Light that a surface scatters, in shares of its colour, and light that it mirrors."""
    to_lamp = normal[0] * lamp[0] + normal[1] * lamp[1] + normal[2] * lamp[2]
    to_fill = normal[0] * fill[0] + normal[1] * fill[1] + normal[2] * fill[2]
    to_eye = max(-(normal[0] * ray[0] + normal[1] * ray[1] + normal[2] * ray[2]), 0.0)
    indoors = _INDOORS + (1.0 - _INDOORS) * sky
    diffuse = LAMP_LIGHT * max(to_lamp, 0.0) * lit + SKY_LIGHT * indoors + _FILL * max(to_fill, 0.0) * sky
    hx, hy, hz = lamp[0] - ray[0], lamp[1] - ray[1], lamp[2] - ray[2]
    towards = max((normal[0] * hx + normal[1] * hy + normal[2] * hz) / math.sqrt(hx * hx + hy * hy + hz * hz), 0.0)
    fourth = towards * towards * towards * towards
    sixteenth = fourth * fourth * fourth * fourth
    gloss = _GLOSS * sixteenth * fourth * fourth * fourth * lit  # to the power of 28
    # What a mirror would show: the bright room above, the ground below. Source: Schlick's approximation (1994).
    edge = (1.0 - to_eye) * (1.0 - to_eye)
    upwards = ray[2] + 2.0 * to_eye * normal[2]
    room = (0.5 + 0.5 * upwards) * sky
    return diffuse, gloss + (_FACING + _RIM * edge * edge * (1.0 - to_eye)) * room
