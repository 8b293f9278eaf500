"""Random solids: the shapes lgm-nano learns from, and one kind that it is never shown."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from manifold3d import CrossSection, Manifold
from numpy.typing import NDArray

from pipelines.errors import MoldarError
from pipelines.geometry import TriangleMesh
from pipelines.parametric import FAMILIES, Design, build
from pipelines.parametric.building import active_parameters
from pipelines.pictures.photograph import to_model_frame

Random = np.random.Generator
_ROUND: Final = 48  # facets of a full turn: smooth at 128 px, cheap to join
_TRIES: Final = 20
_RADIUS_RANGE: Final = (0.5, 0.61)  # of the sphere around an object; pictures are filled as a caller would fill them
_UPRIGHT_SHARE: Final = 0.6  # of the loose shapes; the others lie as they fell

# Families of the service itself, at home and on a table. Threads, gears and letters are below a pixel of nano's.
_SHIPPED: Final = (
    "vase", "bowl", "mug", "cup", "plate", "bottle", "plant_pot", "box", "tray", "pen_holder", "phone_stand", "hook",
    "bracket", "spacer", "knob", "gear", "ring", "table", "chair", "house", "cube", "sphere", "cylinder", "cone",
    "torus",
)  # fmt: skip


def make_solid(kind: str, random: Random) -> TriangleMesh:
    """One solid of a kind in the model frame, y up, in a sphere of radius 0.5..0.61 about the origin."""
    for _ in range(_TRIES):
        made = _KINDS[kind](random)
        if isinstance(made, TriangleMesh):
            return to_model_frame(made, random.uniform(*_RADIUS_RANGE))
        if made.num_tri() and made.volume() > 0:
            return _framed(made, random)
    raise AssertionError(f"no solid of kind {kind} in {_TRIES} tries")


def _framed(solid: Any, random: Random) -> TriangleMesh:
    """The solid, z up, as a mesh of the model frame."""
    made = solid.to_mesh64()
    mesh = TriangleMesh(
        np.array(made.vert_properties[:, :3], np.float64), np.array(made.tri_verts, np.int64), colors=None
    )
    return to_model_frame(mesh, random.uniform(*_RADIUS_RANGE))


# --- single shapes, about the origin, roughly of size 1


def _lathe(random: Random, low: float, high: float) -> NDArray[np.float64]:
    """A smooth random outline: radii [n, 2] over the height, through 4 to 6 random waists and bellies."""
    knots = int(random.integers(4, 7))
    radii = random.uniform(low, high, knots)
    heights = np.linspace(0, 1, 33)
    from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - 100 ms for those who only import the names

    radius = PchipInterpolator(np.linspace(0, 1, knots), radii)(heights)
    return np.stack([radius, heights], axis=1)


def _vase(random: Random) -> Any:
    """A turned body, closed: what a vase in a picture is to the eye."""
    outline = _lathe(random, 0.12, 0.5)
    points = np.concatenate([[[0.0, 0.0]], outline, [[0.0, 1.0]]]) * [1.0, random.uniform(0.7, 1.6)]
    return CrossSection([points]).revolve(_ROUND)


def _bowl_of(outline: NDArray[np.float64], wall: float, height: float) -> Any:
    """The body of an outline, hollowed from its mouth by `wall`."""
    outer = np.concatenate([[[0.0, 0.0]], outline, [[0.0, 1.0]]]) * [1.0, height]
    inner = np.maximum(outline - [wall, 0.0], [0.02, 0.0])
    inner[:, 1] = wall / height + inner[:, 1] * 1.05
    inner = np.concatenate([[[0.0, wall / height]], inner, [[0.0, inner[-1, 1]]]]) * [1.0, height]
    return CrossSection([outer]).revolve(_ROUND) - CrossSection([inner]).revolve(_ROUND)


def _cup(random: Random) -> Any:
    """A hollow vessel with a wall of 5 to 12 % of its width, half of them with a handle."""
    height = random.uniform(0.5, 1.4)
    if random.random() < 0.5:
        foot, rim = random.uniform(0.25, 0.5, 2)
        heights = np.linspace(0, 1, 9)
        outline = np.stack([foot + (rim - foot) * heights, heights], axis=1)
    else:
        outline = _lathe(random, 0.28, 0.5)
    body = _bowl_of(outline, random.uniform(0.05, 0.12), height)
    if random.random() < 0.5:
        grip = random.uniform(0.035, 0.07)
        loop = CrossSection.circle(grip, 16).translate((random.uniform(0.2, 0.3), 0)).revolve(32)
        ring = (
            loop.scale((1, height * 1.1, 1)).rotate((90, 0, 0)).translate((float(outline[:, 0].max()), 0, height / 2))
        )
        filled = CrossSection([np.concatenate([[[0.0, 0.0]], outline, [[0.0, 1.0]]]) * [1.0, height]]).revolve(_ROUND)
        body = body + (ring - filled)
    return body.rotate((0, 0, random.uniform(0, 360)))


def _primitive(random: Random) -> Any:
    """A box, ball, cylinder, cone, ring, prism, pyramid or capsule, stretched."""
    shape = int(random.integers(8))
    stretch = random.uniform(0.5, 1.4, 3)
    tall = float(stretch[2])
    match shape:
        case 0:
            return Manifold.cube(stretch.tolist(), True)
        case 1:
            return Manifold.sphere(0.5, _ROUND).scale(stretch.tolist())
        case 2 | 3:
            top = 1.0 if shape == 2 else random.uniform(0.0, 0.7)
            wide = random.uniform(0.25, 0.6)
            made = Manifold.cylinder(tall, wide, wide * top, _ROUND, True)
        case 4:
            tube = random.uniform(0.1, 0.24)
            made = CrossSection.circle(tube, 24).translate((0.5 - tube * 0.3, 0)).revolve(_ROUND)
        case 5:
            made = Manifold.cylinder(tall, 0.5, 0.5, int(random.integers(3, 9)), True)
        case 6:
            top = random.choice([0.0, 0.2])
            made = Manifold.cylinder(tall, 0.6, top, int(random.integers(3, 6)), True)
        case _:
            made = _capsule(np.zeros(3), np.array([0, 0, tall]), random.uniform(0.2, 0.45))
    return made


def _capsule(start: NDArray[np.float64], end: NDArray[np.float64], radius: float) -> Any:
    ball = Manifold.sphere(radius, 24)
    return Manifold.batch_hull([ball.translate(start.tolist()), ball.translate(end.tolist())])


def _dropped(solid: Any, random: Random) -> Any:
    """Turned about the upright, and at times about everything."""
    if random.random() < _UPRIGHT_SHARE:
        return solid.rotate((0, 0, random.uniform(0, 360)))
    return solid.rotate(random.uniform(0, 360, 3).tolist())


def _single(random: Random) -> Any:
    return _dropped(_primitive(random), random)


# --- shapes of several


def _union(random: Random) -> Any:
    """Two to four primitives grown together."""
    parts = [_dropped(_primitive(random), random).scale((float(s),) * 3) for s in random.uniform(0.45, 1.0, 4)]
    joined = parts[0]
    for part in parts[1 : int(random.integers(2, 5))]:
        away = random.normal(size=3)
        joined = joined + part.translate((away / np.linalg.norm(away) * random.uniform(0.25, 0.6)).tolist())
    return joined


def _figure(random: Random) -> Any:
    """A character: a body or a stack of balls, a head, ears, arms and legs as they come."""
    width, height = random.uniform(0.22, 0.4), random.uniform(0.3, 0.55)
    depth = width * random.uniform(0.7, 1.1)
    if random.random() < 0.3:  # a snowman
        parts = [Manifold.sphere(width, 32), Manifold.sphere(width * 0.75, 32).translate((0, 0, width * 1.3))]
        top = width * 1.9
    else:
        parts = [Manifold.sphere(1.0, 32).scale((width, depth, height))]
        top = height * 0.9
    head = random.uniform(0.18, 0.36)
    center = np.array([0, 0, top + head * 0.7])
    parts.append(
        Manifold.sphere(head, 32)
        .scale((1, random.uniform(0.85, 1.1), random.uniform(0.8, 1.1)))
        .translate(center.tolist())
    )
    limb = random.uniform(0.06, 0.12)
    sides = (-1.0, 1.0)
    if random.random() < 0.6:  # ears
        ear, angle = random.uniform(0.07, 0.14), random.uniform(0.5, 1.0)
        long = random.uniform(1.0, 2.2)
        at = [center + head * np.array([s * math.sin(angle), 0, math.cos(angle)]) for s in sides]
        parts += [Manifold.sphere(ear, 20).scale((1, 0.7, long)).translate(p.tolist()) for p in at]
    if random.random() < 0.75:  # arms
        reach, lift = random.uniform(0.25, 0.5), random.uniform(-0.4, 0.35)
        shoulder = [np.array([s * width * 0.7, 0, height * 0.4]) for s in sides]
        parts += [
            _capsule(p, p + np.array([s * reach, random.uniform(-0.2, 0.1), lift]), limb)
            for p, s in zip(shoulder, sides, strict=True)
        ]
    if random.random() < 0.75:  # legs
        leg, apart = random.uniform(0.2, 0.5), width * 0.5
        hip = [np.array([s * apart, 0, -height * 0.6]) for s in sides]
        parts += [_capsule(p, p - np.array([0, 0, leg]), limb * 1.3) for p in hip]
    if random.random() < 0.4:  # a nose to the front
        parts.append(_capsule(center, center - np.array([0, head * random.uniform(1.1, 1.5), 0]), head * 0.25))
    return Manifold.batch_boolean(parts, _add()).rotate((0, 0, random.uniform(-40, 40)))


def _table(random: Random) -> Any:
    """A slab on legs or on a column, some with a back."""
    width, depth, tall = random.uniform(0.6, 1.3), random.uniform(0.5, 1.0), random.uniform(0.35, 0.9)
    thick, leg = random.uniform(0.06, 0.16), random.uniform(0.07, 0.16)
    if random.random() < 0.3:
        slab = (
            Manifold.cylinder(thick, width / 2, width / 2, _ROUND).scale((1, depth / width, 1)).translate((0, 0, tall))
        )
    else:
        slab = Manifold.cube((width, depth, thick), True).translate((0, 0, tall + thick / 2))
    inset = 0.36 if random.random() < 0.5 else 0.3
    if random.random() < 0.25:
        legs = Manifold.cylinder(tall + 0.01, leg * 1.5, leg, 32) + Manifold.cylinder(
            0.08, width * 0.3, width * 0.28, 32
        )
    else:
        post = (
            Manifold.cylinder(tall + 0.01, leg / 2, leg / 2, 16) if random.random() < 0.5 else _post(leg, tall + 0.01)
        )
        spots = [(x * width * inset, y * depth * inset, 0.0) for x in (-1, 1) for y in (-1, 1)]
        legs = Manifold.batch_boolean([post.translate(spot) for spot in spots], _add())
    if random.random() < 0.35:
        back = random.uniform(0.3, 0.7)
        legs = legs + Manifold.cube((width, thick, back), True).translate((0, depth / 2 - thick / 2, tall + back / 2))
    return (slab + legs).rotate((0, 0, random.uniform(0, 360)))


def _post(side: float, tall: float) -> Any:
    return Manifold.cube((side, side, tall), True).translate((0, 0, tall / 2))


def _shipped(random: Random) -> TriangleMesh:
    """A family of the service at random dimensions."""
    for _ in range(_TRIES):
        family = FAMILIES[str(random.choice(_SHIPPED))]
        grown = random.uniform(0.8, 1.25)
        values = [
            (p.name, _varied(p.number, p.low, p.high, p.unit, random, grown))
            for p in active_parameters(family, frozenset())
        ]
        # Walls twice to four times as thick as is usual in print: 2 % of a vase are less than a voxel of any measure.
        values = [(n, v * random.uniform(1.5, 4) if n in ("wall", "base_thickness") else v) for n, v in values]
        try:
            mesh = build(replace(Design(family.name, tuple(values)), chord_error_mm=0.3)).mesh
        except MoldarError:
            continue  # these values do not fit each other
        turn = np.deg2rad(random.choice([0.0, random.uniform(0, 360)]))
        flat = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        return TriangleMesh(mesh.vertices @ flat.T, mesh.faces)
    raise AssertionError("no family fits its own default dimensions")


def _varied(value: float, low: float, high: float, unit: str, random: Random, grown: float) -> float:
    if unit == "count":
        return float(np.clip(round(value * random.uniform(0.7, 1.4)), low, high))
    if unit != "mm":
        return value
    return float(np.clip(value * grown * math.exp(random.normal(0, 0.25)), low, high))


def _combo(random: Random) -> Any:
    """Held out: a turned body on a plate with a ring about it and a hole through it."""
    body = _vase(random).scale((0.8, 0.8, random.uniform(0.7, 1.1)))
    side = random.uniform(0.7, 1.1)
    plate = Manifold.cube((side, side * random.uniform(0.7, 1.0), 0.12), True)
    high = random.uniform(0.3, 0.7)
    ring = CrossSection.circle(0.08, 16).translate((random.uniform(0.35, 0.5), 0)).revolve(_ROUND)
    drill = Manifold.cylinder(3.0, 0.12, 0.12, 24, True).rotate((90, 0, random.uniform(0, 180)))
    whole = body + plate + ring.translate((0, 0, high)) - drill.translate((0, 0, high + random.uniform(-0.15, 0.15)))
    return whole.rotate((0, 0, random.uniform(0, 360)))


def _add() -> Any:
    from manifold3d import OpType  # noqa: PLC0415 - an enumeration that mypy cannot see through

    return OpType.Add


_KINDS: Final[Mapping[str, Callable[[Random], Any]]] = MappingProxyType(
    {
        "vase": _vase, "primitive": _single, "union": _union, "figure": _figure, "table": _table, "cup": _cup,
        "shipped": _shipped, "combo": _combo,
    }
)  # fmt: skip
HELD_OUT: Final = "combo"
KINDS: Final = tuple(_KINDS)
TRAINED: Final = MappingProxyType(
    {"vase": 0.17, "primitive": 0.2, "union": 0.2, "figure": 0.18, "table": 0.07, "cup": 0.08, "shipped": 0.1}
)
"""Share of each kind among the objects that the network learns from."""
