"""Synthetic Gaussians of known solids: the truth that splat-to-solid conversion is measured against.

`solid(name)` is the truth (unit scale, about [-0.6, 0.6]); `splats(name, mode)` covers it with Gaussians. Modes:

ideal  flat splats on the surface
noisy  position noise 0.006, normal noise 0.25 rad, fat splats, 0.5 % floaters
round  isotropic splats with random rotations: normals cannot be read off them
junk   holes cut, sparse bottom, 1/15 of the splats inside behind the surface, floaters
views  what four horizontal 128 px views see, pixel by pixel; background pixels have opacity 0.001
       (`viewpoints()` [N, 3] are the cameras, `count` is not used; needs trimesh and embreex)
"""

from typing import Any, Literal

import manifold3d
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipelines.geometry import Gaussians

SolidName = Literal["torus", "mug", "blob", "thincup"]
Mode = Literal["ideal", "noisy", "round", "junk", "views"]
GENUS = {"torus": 1, "mug": 1, "blob": 0, "thincup": 0}
_VIEW_SIZE, _VIEW_RADIUS, _VIEW_FOVY_DEG = 128, 1.5, 49.1

M, Section = manifold3d.Manifold, manifold3d.CrossSection


def _ring(radius: float, tube: float, sides: int, segments: int) -> Any:
    angles = np.linspace(0, 2 * np.pi, sides + 1)[:-1]
    return M.revolve(Section([np.c_[radius + tube * np.cos(angles), tube * np.sin(angles)]]), segments)


def solid(name: SolidName) -> Any:
    """The manifold3d solid: torus (genus 1), mug (genus 1, wall 0.05), blob (genus 0) or thincup (wall 0.025)."""
    if name == "torus":
        return _ring(0.4, 0.15, 96, 160)
    if name == "mug":
        bore = M.cylinder(0.7, 0.25, 0.25, 160).translate([0, 0, 0.06])
        handle = _ring(0.18, 0.045, 48, 96).rotate([90, 0, 0]).translate([0.33, 0, 0.35])
        handle -= M.cylinder(0.7, 0.275, 0.275, 160).translate([0, 0, 0.06])
        return (M.cylinder(0.7, 0.3, 0.3, 160) - bore + handle).translate([-0.1, 0, -0.35])
    if name == "thincup":
        bore = M.cylinder(0.8, 0.325, 0.425, 160).translate([0, 0, 0.03])
        return (M.cylinder(0.8, 0.35, 0.45, 160) - bore).translate([0, 0, -0.4])
    lobes = [
        (0.36, (0, 0, -0.2), (1, 0.85, 0.9)),
        (0.24, (0.12, 0, 0.2), (1, 1, 1)),
        (0.07, (0.08, 0.1, 0.45), (0.8, 0.7, 2.6)),
        (0.07, (0.08, -0.1, 0.45), (0.8, 0.7, 2.6)),
        (0.12, (-0.38, 0, -0.3), (1, 1, 1)),
        (0.14, (0.2, 0.2, -0.42), (1.6, 1, 0.8)),
        (0.14, (0.2, -0.2, -0.42), (1.6, 1, 0.8)),
    ]
    return M.batch_boolean([M.sphere(r, 128).scale(s).translate(t) for r, t, s in lobes], manifold3d.OpType.Add)


def color(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """A smooth colour field in [0, 1], so that colour transfer can be checked anywhere. [N, 3] -> [N, 3]."""
    x, y, z = np.asarray(points, np.float64).T
    return np.stack([0.5 + 0.5 * np.sin(12 * x), 0.5 + 0.5 * np.sin(9 * z + 1), 0.5 + 0.5 * np.cos(7 * y)], 1)


def _unit(v: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(v / np.linalg.norm(v, axis=1, keepdims=True))


def _facing(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quaternions wxyz whose local z axis is the normal. [N, 3] -> [N, 4]."""
    other = np.where(np.abs(normals[:, 2:]) < 0.9, [[0, 0, 1.0]], [[1.0, 0, 0]])
    u = _unit(np.cross(other, normals))
    axes = np.stack([u, np.cross(normals, u), normals], -1)
    return np.asarray(Rotation.from_matrix(axes).as_quat()[:, [3, 0, 1, 2]])


def splats(name: SolidName, mode: Mode, count: int, seed: int = 0) -> Gaussians:
    """`count` Gaussians covering the solid in one of the modes above."""
    rng = np.random.default_rng(seed)
    if mode == "views":
        return _seen_from_four_sides(name, rng)
    mesh = solid(name).to_mesh()
    corners = np.array(mesh.vert_properties, np.float64)[:, :3][np.array(mesh.tri_verts)]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    cross = np.cross(b - a, c - a)
    area = np.linalg.norm(cross, axis=1) / 2
    face = rng.choice(len(area), count, p=area / area.sum())
    u, v = rng.random((2, count, 1))
    over = u + v > 1
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    surface = a[face] + u * (b - a)[face] + v * (c - a)[face]
    normals, means = _unit(cross[face]), surface.copy()
    opacity = np.clip(rng.beta(4, 1.2, count), 0.01, 1)
    if mode == "ideal":
        pitch = np.sqrt(area.sum() / count)
        means += normals * rng.normal(0, 0.1 * pitch, (count, 1))
        scales = pitch * np.c_[rng.uniform(0.8, 1.4, (count, 2)), np.full(count, 0.15)]
        opacity = rng.uniform(0.8, 0.98, count)
        rotation = _facing(normals)
    elif mode == "noisy":
        means += rng.normal(0, 0.006, (count, 3))
        rotation = _facing(_unit(normals + rng.normal(0, 0.25, (count, 3))))
        scales = rng.lognormal(np.log([0.010, 0.010, 0.004]), [0.35, 0.35, 0.4], (count, 3))
        floaters = count // 200
        means[:floaters] = rng.uniform(-0.65, 0.65, (floaters, 3))
        opacity[:floaters] = rng.uniform(0.02, 0.4, floaters)
    elif mode == "round":
        means += rng.normal(0, 0.005, (count, 3))
        scales = 0.009 * rng.lognormal(0, 0.3, (count, 3))
        rotation = _unit(rng.normal(size=(count, 4)))
    else:
        means += rng.normal(0, 0.005, (count, 3))
        rotation = _facing(_unit(normals + rng.normal(0, 0.35, (count, 3))))
        scales = 0.009 * np.array([1, 1, 0.5]) * rng.lognormal(0, 0.35, (count, 3))
        _spoil(surface, normals, means, opacity, scales, rng)
    parts = (means, opacity, scales, rotation, color(surface))
    return Gaussians(*(np.asarray(part, np.float32) for part in parts))


def _spoil(
    surface: NDArray[np.float64],
    outward: NDArray[np.float64],
    means: NDArray[np.float64],
    opacity: NDArray[np.float64],
    scales: NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Cut four holes, thin out the bottom, and put splats inside and in the air."""
    count = len(surface)
    for centre in surface[rng.integers(0, count, 4)]:
        opacity[np.linalg.norm(surface - centre, axis=1) < 0.06] = 0.001
    low = surface[:, 2] < np.percentile(surface[:, 2], 1) + 0.012
    opacity[low & (rng.random(count) < 0.85)] = 0.001
    inside = rng.integers(0, count, count // 15)
    means[inside] = surface[inside] - outward[inside] * rng.exponential(0.03, (len(inside), 1))
    opacity[inside] = rng.uniform(0.05, 0.7, len(inside))
    scales[inside] = 0.009 * rng.lognormal(0.2, 0.4, (len(inside), 3))
    stray = rng.integers(0, count, count // 300)
    means[stray] = rng.uniform(-0.65, 0.65, (len(stray), 3))
    opacity[stray] = rng.uniform(0.02, 0.5, len(stray))


def viewpoints() -> NDArray[np.float64]:
    """Where the camera stood that saw each Gaussian of the mode `views`, [N, 3]."""
    turns = [Rotation.from_euler("z", azimuth_deg, degrees=True) for azimuth_deg in (0, 90, 180, 270)]
    return np.repeat([turn.apply([0.0, -_VIEW_RADIUS, 0.0]) for turn in turns], _VIEW_SIZE**2, axis=0)


def _seen_from_four_sides(name: SolidName, rng: np.random.Generator) -> Gaussians:
    import trimesh

    found = solid(name).to_mesh()
    corners, triangles = np.array(found.vert_properties)[:, :3], np.array(found.tri_verts)
    mesh = trimesh.Trimesh(corners, triangles, process=False)
    focal = _VIEW_SIZE / 2 / np.tan(np.deg2rad(_VIEW_FOVY_DEG) / 2)
    row, col = (np.mgrid[:_VIEW_SIZE, :_VIEW_SIZE] + 0.5 - _VIEW_SIZE / 2) / focal
    local = np.stack([col, np.ones_like(col), -row], axis=-1).reshape(-1, 3)
    views = []
    for k, origin in enumerate(viewpoints()[:: _VIEW_SIZE**2]):
        rays = _unit(Rotation.from_euler("z", 90 * k, degrees=True).apply(local))
        origins = np.tile(origin, (len(rays), 1))
        hit, ray, face = mesh.ray.intersects_location(origins, rays, multiple_hits=False)
        views.append(
            _pixels(hit, ray, rays, mesh.face_normals[face], np.linalg.norm(hit - origin, axis=1) / focal, rng)
        )
    return Gaussians(*(np.concatenate(part).astype(np.float32) for part in zip(*views, strict=True)))


def _pixels(
    hit: NDArray[np.float64],
    ray: NDArray[np.int64],
    rays: NDArray[np.float64],
    facing: NDArray[np.float64],
    pixel: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], ...]:
    """One splat per pixel of a view; those whose ray hits nothing are transparent."""
    count = len(rays)
    means, normals = np.zeros((count, 3)), np.tile([0.0, 0.0, 1.0], (count, 1))
    opacity, scales = np.full(count, 0.001), np.full((count, 3), 0.004)
    means[ray], normals[ray] = hit, facing
    opacity[ray] = rng.uniform(0.7, 0.98, len(ray))
    slant = np.abs(np.einsum("ij,ij->i", facing, rays[ray])).clip(0.15, 1)
    scales[ray] = np.stack([0.75 * pixel / slant, 0.75 * pixel, 0.3 * pixel], axis=1)
    colors = color(means)
    return means + rng.normal(0, 0.003, means.shape), opacity, scales, _facing(normals), colors
