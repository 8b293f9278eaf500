"""A mesh as a person would see it on a table."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import Camera, TriangleMesh
from pipelines.meshing.color import linear_from_srgb, srgb_from_linear, vertex_colors
from pipelines.meshing.normals import corner_normals, face_normals, unit
from pipelines.pictures.framing import Viewpoint, framed
from pipelines.pictures.tracing import Floats, Scene, gradient_noise, hemisphere

THREE_QUARTER: Final = Camera(elevation_deg=24.0, azimuth_deg=32.0, fovy_deg=26.0)
# What lies flat, as a plate or a sign, is looked at from above and in front; what stands, from the side.
_FLAT: Final = Camera(elevation_deg=52.0, azimuth_deg=12.0, fovy_deg=26.0)
_FLATNESS = (0.1, 0.5)  # height over width, from lying to standing
_SIZES = (16, 2048)
_OVERSAMPLING = 2  # per axis
_BLUR = 2.0  # pixels
_SKY_RAYS = 4  # per pixel; the noise of 25 neighbours is averaged

# A studio: one large lamp over the viewer's left shoulder, a bright room, a dim fill from the right.
_LAMP = np.array([-0.45, 0.62, -0.65], np.float32)  # right, up, forward of the camera
_LAMP_RADIUS = 0.22  # tangent of its half angle: how soft the shadows are
_LAMP_LIGHT, _SKY_LIGHT, _BOUNCE, _FILL = 0.72, 0.52, 0.22, 0.10
_INDOORS = 0.14  # of the sky's light still reaches the bottom of a mug, by way of its walls
_GLOSS, _GLOSS_POWER = 0.10, 28.0  # of printed plastic: broad and faint
_TOP, _BOTTOM = (0.80, 0.83, 0.86), (0.56, 0.59, 0.62)  # linear colours of the backdrop: white stands out too
_REACH = 2.5  # sizes of the object; beyond, the ground feels nothing of it
_ALIKE_NORMALS = 0.97  # cosine of 14 degrees: flatter turns than a crease that is seen
_ALIKE_COLORS = 12  # of 255: less than an edge in a picture
_SHADOW_DEPTH = 0.62  # how far the ground darkens where neither lamp nor sky reaches


def natural_view(mesh: TriangleMesh) -> Camera:
    """Where a person would stand to look at the mesh: [object frame], higher and more in front the flatter it is."""
    width, depth, height = mesh.size
    standing = float(np.interp(height / max(width, depth, 1e-9), _FLATNESS, (0.0, 1.0)))

    def between(flat: float, upright: float) -> float:
        return flat + (upright - flat) * standing

    return Camera(
        elevation_deg=between(_FLAT.elevation_deg, THREE_QUARTER.elevation_deg),
        azimuth_deg=between(_FLAT.azimuth_deg, THREE_QUARTER.azimuth_deg),
        fovy_deg=THREE_QUARTER.fovy_deg,
    )


def render_mesh(mesh: TriangleMesh, camera: Camera = THREE_QUARTER, size: int = 512) -> NDArray[np.uint8]:
    """A square picture of the mesh standing on a light ground, with shadows, ambient occlusion and smooth edges.

    Args:
        mesh: In the object frame: any unit, z up; it stands on its lowest point.
        camera: Direction and field of view; the distance is chosen so that the whole mesh is seen.
        size: Pixels per side, 16..2048.

    Returns:
        sRGB [size, size, 3]; the same mesh gives the same picture.

    Raises:
        EmptyGeometry: nothing to see.
        InvalidInput: a size out of range, or an elevation of the camera outside (-90, 90).
    """
    if not _SIZES[0] <= size <= _SIZES[1]:
        raise InvalidInput(f"The picture's size must be in {list(_SIZES)}, not {size}.")
    if not (abs(camera.elevation_deg) <= 90 and 0 < camera.fovy_deg < 180 and np.isfinite(camera.azimuth_deg)):
        raise InvalidInput("The camera needs an elevation in [-90, 90] and a field of view in (0, 180) degrees.")
    if not len(mesh.faces) or not mesh.size.max() > 0 or not np.isfinite(mesh.vertices).all():
        raise EmptyGeometry("There is no mesh to draw.")
    standing = _standing(mesh)
    scene, view = Scene(standing), framed(standing.vertices, camera)
    fine = size * _OVERSAMPLING
    pixels, rays = view.rays_at_object(fine)
    at, face, weights = scene.first_hits(view.eye, rays)
    hit = pixels[at]
    light = np.repeat(_backdrop(fine), fine, axis=0)
    light *= _ground(scene, view, size, hit)[:, None]
    light[hit] = _surface(standing, scene, view, rays[at], (hit, face, weights), fine)
    mean = np.add.reduce(_subpixels(light.reshape(fine, fine, 3))) / np.float32(_OVERSAMPLING**2)
    return srgb_from_linear(_shoulder(mean))


def _subpixels(image: NDArray[Any]) -> list[NDArray[Any]]:
    """Each pixel's subpixels, as pictures of their own."""
    return [image[i::_OVERSAMPLING, j::_OVERSAMPLING] for i in range(_OVERSAMPLING) for j in range(_OVERSAMPLING)]


def _standing(mesh: TriangleMesh) -> TriangleMesh:
    """The mesh at unit size on z = 0, so that every distance below is relative to it."""
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    foot = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    return TriangleMesh((mesh.vertices - foot) / (high - low).max(), mesh.faces, mesh.colors)


def _backdrop(fine: int) -> Floats:
    """A vertical gradient, one colour per row, [fine, 3]."""
    t = np.linspace(0, 1, fine, dtype=np.float32)[:, None] ** 1.5
    return (1 - t) * np.array(_TOP, np.float32) + t * np.array(_BOTTOM, np.float32)


def _lamp(view: Viewpoint) -> Floats:
    """Direction of the lamp; it never shines from below."""
    lamp = _LAMP @ view.axes
    lamp[2] = max(lamp[2], 0.35)
    return np.asarray(lamp / np.linalg.norm(lamp), np.float32)


def _surface(
    mesh: TriangleMesh,
    scene: Scene,
    view: Viewpoint,
    rays: Floats,
    hits: tuple[NDArray[np.int64], NDArray[np.int64], Floats],
    fine: int,
) -> Floats:
    """Light [H, 3] that leaves each hit towards the eye."""
    hit, face, weights = hits
    pixel = hit // (fine * _OVERSAMPLING) * (fine // _OVERSAMPLING) + hit % fine // _OVERSAMPLING
    flat = unit(face_normals(mesh)).astype(np.float32)
    worth, source = _worth_shading(pixel, flat[face], vertex_colors(mesh)[mesh.faces[face, 0]])
    chosen = (pixel[worth], face[worth], weights[worth])
    return _shaded(mesh, scene, view, rays[worth], chosen, fine // _OVERSAMPLING)[source]


def _worth_shading(
    pixel: NDArray[np.int64], normals: Floats, colors: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which hits [S] to shade, and for each hit which of them speaks for it, [H].

    Where all subpixels of a pixel look alike one of them speaks for all: three in four need no shading of their own.
    """
    count = len(pixel)
    first = np.empty(int(pixel.max()) + 1 if count else 0, np.int64)
    first[pixel[::-1]] = np.arange(count)[::-1]  # the last write wins: the first hit of each pixel
    speaker = first[pixel]
    turned = np.einsum("ij,ij->i", normals, normals[speaker]) < _ALIKE_NORMALS
    recoloured = np.abs(colors.astype(np.int16) - colors[speaker]).max(axis=1, initial=0) > _ALIKE_COLORS
    alike = np.bincount(pixel, ~(turned | recoloured)) == _OVERSAMPLING**2
    own = ~alike[pixel] | (speaker == np.arange(count))
    place = np.cumsum(own) - 1
    return np.flatnonzero(own), np.where(own, place, place[speaker])


def _shaded(
    mesh: TriangleMesh,
    scene: Scene,
    view: Viewpoint,
    rays: Floats,
    hits: tuple[NDArray[np.int64], NDArray[np.int64], Floats],
    size: int,
) -> Floats:
    """Light [S, 3] of hits given by their pixel, face and place on it."""
    pixel, face, weights = hits
    shading = corner_normals(mesh)
    normals = _blend(shading.normals.astype(np.float32)[shading.group[face]], weights)
    flat = unit(face_normals(mesh)).astype(np.float32)[face]
    towards = -rays
    flip = np.where(np.einsum("ij,ij->i", flat, towards) < 0, np.float32(-1), np.float32(1))[:, None]
    normals, flat = normals * flip, flat * flip  # an open mesh shows its inside too
    points = _blend(mesh.vertices.astype(np.float32)[mesh.faces[face]], weights) + 1e-4 * flat
    albedo = _blend(linear_from_srgb(vertex_colors(mesh)).astype(np.float32)[mesh.faces[face]], weights)
    lamp = _lamp(view)
    # Shadows are soft, so one subpixel speaks for its pixel.
    spoken_for, speaker, listener = np.unique(pixel, return_index=True, return_inverse=True)
    lit, sky = _received(scene, points[speaker], normals[speaker], lamp, spoken_for, size)
    lit, sky = lit[listener], sky[listener]
    facing = np.maximum(normals @ lamp, 0) * lit
    fill = np.maximum(normals @ np.asarray(view.axes[0] * 0.8 - view.axes[2] * 0.6), 0) * sky
    sky = _INDOORS + (1 - _INDOORS) * sky
    diffuse = _LAMP_LIGHT * facing + _SKY_LIGHT * sky + _FILL * fill
    half = towards + lamp
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    gloss = _GLOSS * np.maximum(np.einsum("ij,ij->i", normals, half), 0) ** _GLOSS_POWER * lit
    return np.asarray(albedo * diffuse[:, None] + gloss[:, None], np.float32)


def _blend(corners: Floats, weights: Floats) -> Floats:
    return np.asarray(np.einsum("nkc,nk->nc", corners, weights))


def _lamp_visibility(scene: Scene, points: Floats, lamp: Floats, noise: Floats) -> Floats:
    """Share of the lamp's disc that each point sees, from one ray each; neighbours take other parts of the disc."""
    side = np.cross(lamp, [0.0, 0.0, 1.0]).astype(np.float32)
    side /= np.linalg.norm(side)
    other = np.cross(lamp, side)
    radius = _LAMP_RADIUS * np.sqrt(np.mod(noise * 11.0, 1.0))
    angle = 2 * np.pi * noise
    rays = lamp + (radius * np.cos(angle))[:, None] * side + (radius * np.sin(angle))[:, None] * other
    return scene.visible(points, rays)


def _sky_visibility(scene: Scene, points: Floats, normals: Floats, noise: Floats) -> Floats:
    """Light from the room at each point: 1 for an open sky, less for what comes back from the ground."""
    total = np.zeros(len(points), np.float32)
    for k in range(_SKY_RAYS):
        rays = hemisphere(normals, noise, k, _SKY_RAYS)
        total += scene.visible(points, rays) * np.where(rays[:, 2] > 0, 1.0, _BOUNCE / _SKY_LIGHT).astype(np.float32)
    return total / np.float32(_SKY_RAYS)


def _received(
    scene: Scene, points: Floats, normals: Floats, lamp: Floats, pixel: NDArray[np.int64], size: int
) -> tuple[Floats, Floats]:
    """Shares of the lamp and of the sky that reach the point seen in each pixel."""
    noise = gradient_noise(pixel, size)
    lit = _lamp_visibility(scene, points, lamp, noise) + _lamp_visibility(scene, points, lamp, 1 - noise)
    lit *= np.float32(0.5)
    return _smoothed(lit, pixel, size), _smoothed(_sky_visibility(scene, points, normals, noise), pixel, size)


def _smoothed(values: Floats, pixel: NDArray[np.int64], size: int) -> Floats:
    """Values averaged over neighbouring pixels of the same kind, about as many as one tile of the noise spans."""
    from scipy.ndimage import gaussian_filter  # noqa: PLC0415 - loaded by those replicas that draw

    image, mask = np.zeros((2, size * size), np.float32)
    image[pixel], mask[pixel] = values, 1.0
    mean, share = (
        gaussian_filter(plane.reshape(size, size), _BLUR, truncate=2.5).ravel()[pixel] for plane in (image, mask)
    )
    return np.asarray(mean / np.maximum(share, 1e-6), np.float32)


def _ground(scene: Scene, view: Viewpoint, size: int, hit: NDArray[np.int64]) -> Floats:
    """How much light each subpixel's patch of ground keeps, 1 where there is no ground, [fine * fine]."""
    fine = size * _OVERSAMPLING
    covered = np.zeros(fine * fine, bool)
    covered[hit] = True
    hidden = np.logical_and.reduce(_subpixels(covered.reshape(fine, fine))).ravel()
    rays = view.rays(size)
    keep = np.ones(size * size, np.float32)
    seen = np.flatnonzero((rays[:, 2] < -1e-3) & ~hidden)
    if view.eye[2] > 0 and len(seen):
        points = view.eye + rays[seen] * (-view.eye[2] / rays[seen, 2])[:, None]
        reach = np.linalg.norm(points[:, :2], axis=1)
        near = reach < _REACH
        seen, points, reach = seen[near], points[near], reach[near]
        points[:, 2] = 1e-3
        up = np.tile(np.array([0, 0, 1], np.float32), (len(points), 1))
        lit, sky = _received(scene, points, up, _lamp(view), seen, size)
        light = (_LAMP_LIGHT * lit + _SKY_LIGHT * sky) / (_LAMP_LIGHT + _SKY_LIGHT)
        keep[seen] = 1 - _SHADOW_DEPTH * np.clip(_REACH - reach, 0, 1) * (1 - light)
    return keep.reshape(size, size).repeat(_OVERSAMPLING, axis=0).repeat(_OVERSAMPLING, axis=1).ravel()


def _shoulder(light: Floats) -> Floats:
    """Linear up to 0.8, then bent so that highlights keep their colour instead of clipping."""
    over = np.maximum(light - 0.8, 0)
    return np.where(light > 0.8, 0.8 + 0.2 * (1 - np.exp(-over / 0.2)), light)
