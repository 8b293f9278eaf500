"""Synthetic Gaussians of known solids: the truth that splat-to-solid conversion is measured against.

`solid(name)` is the truth (unit scale, about [-0.6, 0.6]); `splats(name, mode)` covers it with Gaussians. Modes:

ideal  flat splats on the surface
noisy  position noise 0.006, normal noise 0.25 rad, fat splats, 0.5 % floaters
round  isotropic splats with random rotations: normals cannot be read off them
"""

from typing import Any, Literal

import manifold3d
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipelines.geometry import Gaussians

SolidName = Literal["torus", "mug", "blob"]
Mode = Literal["ideal", "noisy", "round"]
GENUS = {"torus": 1, "mug": 1, "blob": 0}

M, Section = manifold3d.Manifold, manifold3d.CrossSection


def _ring(radius: float, tube: float, sides: int, segments: int) -> Any:
    angles = np.linspace(0, 2 * np.pi, sides + 1)[:-1]
    return M.revolve(Section([np.c_[radius + tube * np.cos(angles), tube * np.sin(angles)]]), segments)


def solid(name: SolidName) -> Any:
    """The manifold3d solid: torus (genus 1), mug (genus 1, wall 0.05) or blob (genus 0)."""
    if name == "torus":
        return _ring(0.4, 0.15, 96, 160)
    if name == "mug":
        bore = M.cylinder(0.7, 0.25, 0.25, 160).translate([0, 0, 0.06])
        handle = _ring(0.18, 0.045, 48, 96).rotate([90, 0, 0]).translate([0.33, 0, 0.35])
        handle -= M.cylinder(0.7, 0.275, 0.275, 160).translate([0, 0, 0.06])
        return (M.cylinder(0.7, 0.3, 0.3, 160) - bore + handle).translate([-0.1, 0, -0.35])
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
    else:
        means += rng.normal(0, 0.005, (count, 3))
        scales = 0.009 * rng.lognormal(0, 0.3, (count, 3))
        rotation = _unit(rng.normal(size=(count, 4)))
    parts = (means, opacity, scales, rotation, color(surface))
    return Gaussians(*(np.asarray(part, np.float32) for part in parts))
