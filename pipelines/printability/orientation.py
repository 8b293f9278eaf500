"""Which way up prints best: candidate directions, each with what it would take.

Candidates are the directions that put a large flat side, or a facet of the hull, on the bed, and 26 fixed ones. They
are first compared on even samples of the surface with columns going down to the bed; the best of them are measured
again with rays, so that parts that stand above parts are counted rightly, and with the exact foot.
"""

from dataclasses import dataclass
from itertools import product
from typing import Final

import manifold3d
import numpy as np

from pipelines.printability.findings import Turn
from pipelines.printability.overhang import SLOPE_TOLERANCE_DEG, SUPPORT_CONE_DEG, columns_mm
from pipelines.printability.process import BuildVolume, Process
from pipelines.printability.rays import Caster, drops_along_mm, sample_surface
from pipelines.printability.score import contact_loss, fit_loss, overhang_loss, standing_loss, support_loss
from pipelines.printability.standing import fits, footing
from pipelines.printability.surface import BED_TOLERANCE_MM, Floats, Indices, Surface

SAMPLES: Final = 4000
MOST_SIDES: Final = 16  # of each kind: flat sides, facets of the hull
FINALISTS: Final = 10
MOST_TURNS: Final = 3
NORMAL_CELL: Final = 0.02  # normals this close, about a degree, are one flat side
CLEARLY_BETTER: Final = 0.25  # points of the score: nobody turns a part for less
HEIGHT_WEIGHT: Final = 0.3  # points between lying flat and standing up, for ways that are alike otherwise
MOST_HULL_VERTICES: Final = 60_000
YAWS_DEG: Final = tuple(range(0, 90, 5))  # about z, for parts that fit a bed only aslant

_AXES: Final = {
    (0, 0, 1): ("+z", ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))),
    (0, 0, -1): ("-z", ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))),
    (1, 0, 0): ("+x", ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))),
    (-1, 0, 0): ("-x", ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0))),
    (0, 1, 0): ("+y", ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))),
    (0, -1, 0): ("-y", ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))),
}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What the search needs of a part, measured once."""

    surface: Surface
    caster: Caster
    centre: Floats  # of mass, [3] mm
    volume_mm3: float  # positive


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    points: Floats  # [N, 3] mm
    normals: Floats  # [N, 3]
    each_mm2: float  # area that one of them stands for


@dataclass(frozen=True, slots=True, eq=False)
class _Hull:
    corners: Floats  # [H, 3] mm
    facets: Indices  # [T, 3] into corners; none where the surface is flat


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    turn: Turn
    foot_loss: float  # for standing and contact
    loss: float  # of the score's points in all, and a little for height


def better_turns(part: Part, process: Process, build_volume_mm: BuildVolume) -> tuple[Turn, ...]:
    """Ways to lay the part that print clearly better than as modelled.

    Args:
        part: Resting on z = 0.
        process: Whose limits apply.
        build_volume_mm: x, y, z of the printer.

    Returns:
        At most three, the best first: those that lose at least a quarter point less to supports, overhang, standing,
        contact and fit together, and stand no worse than as modelled. Rotations keep the part's handedness; where a
        part fits only aslant, they turn it about z too. Support is estimated from samples: within a few percent of
        the report's own figure.
    """
    samples, hull = _samples(part.surface), _hull(part.surface)
    ups = _candidates(samples, hull)
    quick = _quick_losses(samples, hull, ups, part.volume_mm3)
    finalists = [0, *(k for k in np.argsort(quick, kind="stable")[:FINALISTS].tolist() if k != 0)]
    scored = [_scored(part, samples, hull, ups[k], process, build_volume_mm) for k in finalists]
    now = scored[0]
    better = [one for one in scored[1:] if one.loss <= now.loss - CLEARLY_BETTER and one.foot_loss <= now.foot_loss]
    return tuple(one.turn for one in sorted(better, key=lambda one: one.loss)[:MOST_TURNS])


def _samples(surface: Surface) -> _Samples:
    points, faces = sample_surface(surface, surface.areas, SAMPLES)
    return _Samples(points, surface.normals[faces], float(surface.areas.sum()) / SAMPLES)


def _hull(surface: Surface) -> _Hull:
    named = np.zeros(len(surface.vertices), np.bool_)
    named[surface.faces] = True
    used = surface.vertices[named]
    hull = manifold3d.Manifold.hull_points(np.ascontiguousarray(used[:: len(used) // MOST_HULL_VERTICES + 1]))
    mesh = hull.to_mesh64()
    if not len(mesh.tri_verts):
        return _Hull(used, np.zeros((0, 3), np.int64))
    return _Hull(np.array(mesh.vert_properties)[:, :3], np.array(mesh.tri_verts, np.int64))


def _candidates(samples: _Samples, hull: _Hull) -> Floats:
    """Unit directions that could point up, +z the first, each once. [D, 3]"""
    fixed = np.array([d for d in product((0, 1, -1), repeat=3) if any(d)], np.float64)
    fixed /= np.linalg.norm(fixed, axis=1, keepdims=True)
    sides = _gathered(samples.normals, np.ones(len(samples.normals)))
    a, b, c = (hull.corners[hull.facets[:, k]] for k in range(3))
    crosses = np.cross(b - a, c - a)
    areas = np.linalg.norm(crosses, axis=1)
    facets = _gathered(crosses[areas > 0] / areas[areas > 0, None], areas[areas > 0])
    every = np.concatenate([[[0.0, 0.0, 1.0]], fixed, -sides, -facets])
    _, first = np.unique(np.round(every, 3) + 0.0, axis=0, return_index=True)
    return np.asarray(every[np.sort(first)])


def _gathered(normals: Floats, weights: Floats) -> Floats:
    """Mean normals of the `MOST_SIDES` heaviest groups of nearly equal normals. [S, 3]"""
    if not len(normals):
        return np.zeros((0, 3))
    cells, group = np.unique(np.round(normals / NORMAL_CELL), axis=0, return_inverse=True)
    group = group.reshape(-1)
    sums = np.stack([np.bincount(group, weights * normals[:, k], len(cells)) for k in range(3)], axis=1)
    heaviest = np.argsort(-np.bincount(group, weights, len(cells)), kind="stable")[:MOST_SIDES]
    lengths = np.linalg.norm(sums[heaviest], axis=1, keepdims=True)
    return np.asarray((sums[heaviest] / np.maximum(lengths, 1e-12))[lengths[:, 0] > 1e-9])


def _quick_losses(samples: _Samples, hull: _Hull, ups: Floats, volume_mm3: float) -> Floats:
    """Points lost to supports that go down to the bed, to overhang, and to standing tall on little. [D]"""
    upright = samples.normals @ ups.T  # [N, D]
    beds = (hull.corners @ ups.T).min(axis=0)  # [D]
    heights = samples.points @ ups.T - beds
    off_bed = heights > BED_TOLERANCE_MM
    held = off_bed & (-upright > np.cos(np.deg2rad(SUPPORT_CONE_DEG)))
    support = (np.where(held, -upright, 0.0) * columns_mm(heights)).sum(axis=0) * samples.each_mm2
    tall = heights.max(axis=0)
    contact = (~off_bed & (upright < -0.99)).sum(axis=0) * samples.each_mm2
    losses = [
        support_loss(float(s), volume_mm3) + contact_loss(float(c), float(t)) + HEIGHT_WEIGHT * float(t / tall.max())
        for s, c, t in zip(support, contact, tall, strict=True)
    ]
    return np.array(losses)


def _scored(
    part: Part, samples: _Samples, hull: _Hull, up: Floats, process: Process, build_volume_mm: BuildVolume
) -> _Scored:
    name, rotation = _rotation(up, hull, build_volume_mm)
    corners = hull.corners @ rotation.T
    size, bed = np.ptp(corners, axis=0), float(corners[:, 2].min())
    low = _lowest(part.surface, rotation, bed, process.first_layer_mm)
    foot = footing(low, rotation @ part.centre - [0, 0, bed], process.first_layer_mm)
    uprightness = samples.normals @ up
    off_bed = samples.points @ up - bed > BED_TOLERANCE_MM
    hanging = (-uprightness > np.cos(np.deg2rad(process.slope_limit_deg - SLOPE_TOLERANCE_DEG))) & off_bed
    support = _support_mm3(part, samples, up, bed)
    turn = Turn(
        up=name,
        rotation=tuple((float(row[0]), float(row[1]), float(row[2])) for row in rotation),
        support_mm3=support if hanging.any() else 0.0,
        contact_mm2=foot.contact_mm2,
        height_mm=float(size[2]),
        tipping_deg=foot.tipping_deg,
        fits=fits(size, build_volume_mm),
    )
    foot_loss = standing_loss(turn.tipping_deg, process) + contact_loss(turn.contact_mm2, turn.height_mm)
    loss = (
        support_loss(turn.support_mm3, part.volume_mm3)
        + overhang_loss(float(hanging.mean()))
        + foot_loss
        + fit_loss(fits=turn.fits)
        + HEIGHT_WEIGHT * turn.height_mm / float(np.linalg.norm(size))
    )
    return _Scored(turn, foot_loss, loss)


def _support_mm3(part: Part, samples: _Samples, up: Floats, bed_mm: float) -> float:
    uprightness = samples.normals @ up
    held = -uprightness > np.cos(np.deg2rad(SUPPORT_CONE_DEG))
    held &= samples.points @ up - bed_mm > BED_TOLERANCE_MM
    if not held.any():
        return 0.0
    columns = columns_mm(drops_along_mm(part.caster, samples.points[held], up, bed_mm))
    return float((-uprightness[held] * columns).sum()) * samples.each_mm2


def _rotation(up: Floats, hull: _Hull, build_volume_mm: BuildVolume) -> tuple[str, Floats]:
    """Name of a direction and the turn that makes it point up, about z too where the part fits only so."""
    x, y, z = (int(v) for v in np.round(up))
    if (x, y, z) in _AXES and np.allclose(up, (x, y, z), atol=1e-6):
        name, rows = _AXES[x, y, z]
        rotation = np.array(rows)
    else:
        name, rotation = f"({up[0]:.2f}, {up[1]:.2f}, {up[2]:.2f})", _shortest(up)
    for yaw in YAWS_DEG:
        turned = _about_z(yaw) @ rotation
        if fits(np.ptp(hull.corners @ turned.T, axis=0), build_volume_mm):
            return name, turned
    return name, rotation


def _shortest(up: Floats) -> Floats:
    """The shortest turn that takes a unit direction to +z (Rodrigues' formula)."""
    x, y, z = up
    if z < -1 + 1e-9:
        return np.diag([1.0, -1.0, -1.0])
    k = 1 / (1 + z)
    return np.array([[1 - k * x * x, -k * x * y, -x], [-k * x * y, 1 - k * y * y, -y], [x, y, z]])


def _about_z(degrees: float) -> Floats:
    if degrees == 0:
        return np.eye(3)
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _lowest(surface: Surface, rotation: Floats, bed_mm: float, first_layer_mm: float) -> Surface:
    """The faces that come down to the first layer, turned: all that a foot depends on."""
    heights = surface.vertices @ rotation[2] - bed_mm
    low = heights[surface.faces].min(axis=1) <= first_layer_mm
    faces = surface.faces[low]
    used, index = np.unique(faces, return_inverse=True)
    vertices = surface.vertices[used] @ rotation.T - [0.0, 0.0, bed_mm]
    return Surface(vertices, index.reshape(faces.shape), surface.normals[low] @ rotation.T, surface.areas[low])
