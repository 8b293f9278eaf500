"""Meshes broken in every way that files are, made of solids whose volume is known, and what comes of mending them."""

from collections.abc import Callable
from typing import Final

import manifold3d
import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing import make_solid
from pipelines.meshing.crossing import find_crossings
from tests.support.solids import as_mesh, is_closed, manifold, volume

Case = tuple[TriangleMesh, float]  # what is mended, and the volume of what was meant


def of(shape: trimesh.Trimesh) -> TriangleMesh:
    return TriangleMesh(np.array(shape.vertices), np.array(shape.faces, np.int64))


def box(x: float, y: float, z: float, at: tuple[float, float, float] = (0, 0, 0)) -> TriangleMesh:
    return as_mesh(manifold3d.Manifold.cube([x, y, z]).translate(at))


def ball(radius: float = 10.0, at: tuple[float, float, float] = (0, 0, 0), fineness: int = 4) -> TriangleMesh:
    shape = trimesh.creation.icosphere(fineness, radius)
    return TriangleMesh(np.array(shape.vertices) + at, np.array(shape.faces, np.int64))


def torus(ring: float = 20.0, tube: float = 6.0) -> TriangleMesh:
    return of(trimesh.creation.torus(ring, tube, 96, 32))


def mug() -> TriangleMesh:
    body = manifold3d.Manifold.cylinder(60, 30, 30, 64) - manifold3d.Manifold.cylinder(60, 26, 26, 64).translate(
        [0, 0, 4]
    )
    handle = as_mesh(body)
    ring = manifold(torus(18, 4)).rotate([90, 0, 0]).translate([34, 0, 30])
    return as_mesh(manifold(handle) + (ring - manifold3d.Manifold.cylinder(60, 28, 28, 64)))


def bust() -> TriangleMesh:
    """A lobed blob cut flat below."""
    shape = trimesh.creation.icosphere(5, 1.0)
    x, y, z = np.array(shape.vertices).T
    r = 20 * (1 + 0.15 * np.sin(3 * np.arctan2(y, x)) * (1 - z**2) + 0.1 * np.cos(4 * z))
    blob = manifold(TriangleMesh(np.array(shape.vertices) * r[:, None], np.array(shape.faces, np.int64)))
    return as_mesh(blob.trim_by_plane([0, 0, 1], -12))


def together(*meshes: TriangleMesh) -> TriangleMesh:
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    faces = [mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=False)]
    return TriangleMesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def welded(mesh: TriangleMesh) -> TriangleMesh:
    vertices, index = np.unique(mesh.vertices.round(9), axis=0, return_inverse=True)
    return TriangleMesh(vertices, index.reshape(-1)[mesh.faces])


def soup(mesh: TriangleMesh) -> TriangleMesh:
    return TriangleMesh(mesh.vertices[mesh.faces].reshape(-1, 3), np.arange(mesh.faces.size).reshape(-1, 3))


def turned(mesh: TriangleMesh) -> TriangleMesh:
    return TriangleMesh(mesh.vertices, mesh.faces[:, ::-1])


def without(mesh: TriangleMesh, dropped: NDArray[np.int64] | list[int]) -> TriangleMesh:
    return TriangleMesh(mesh.vertices, np.delete(mesh.faces, dropped, axis=0))


def middles(mesh: TriangleMesh) -> NDArray[np.float64]:
    return mesh.vertices[mesh.faces].mean(axis=1)


def sweep(path: NDArray[np.float64], radius: float, sides: int = 24) -> TriangleMesh:
    """A tube along a closed path, which does not care where it runs through itself."""
    along = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    along /= np.linalg.norm(along, axis=1)[:, None]
    side = np.cross(along, [0, 0, 1.0])
    side /= np.linalg.norm(side, axis=1)[:, None]
    angle = np.arange(sides) * 2 * np.pi / sides
    ring = np.cos(angle)[None, :, None] * side[:, None] + np.sin(angle)[None, :, None] * np.cross(side, along)[:, None]
    i, k = np.arange(len(path))[:, None], np.arange(sides)[None]
    a, b = i * sides + k, i * sides + (k + 1) % sides
    c, d = (i + 1) % len(path) * sides + k, (i + 1) % len(path) * sides + (k + 1) % sides
    faces = np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])
    mesh = TriangleMesh((path[:, None] + radius * ring).reshape(-1, 3), faces)
    return mesh if volume(mesh) > 0 else turned(mesh)


def eight(lift: float) -> Case:
    """A figure of eight; what it encloses is the union of its two halves, each of which crosses nowhere."""
    t = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    path = np.stack([30 * np.sin(t), 20 * np.sin(2 * t), lift * np.cos(t)], axis=1)
    mesh = sweep(path, 4)
    # At t = 0 and pi it passes the middle. Half a turn of slices, closed by fans, is a solid of its own.
    halves = []
    for first in (50, 150):
        rings = (np.arange(101) + first) % 200
        half = np.concatenate([mesh.vertices.reshape(200, 24, 3)[rings].reshape(-1, 3), path[rings[[0, -1]]]])
        i, k = np.arange(100)[:, None], np.arange(24)[None]
        a, b, c, d = i * 24 + k, i * 24 + (k + 1) % 24, (i + 1) * 24 + k, (i + 1) * 24 + (k + 1) % 24
        k = np.arange(24)
        faces = np.concatenate(
            [
                np.stack([a, b, d], -1).reshape(-1, 3),
                np.stack([a, d, c], -1).reshape(-1, 3),
                np.stack([k, 0 * k + 2424, (k + 1) % 24], -1),
                np.stack([2400 + k, 2400 + (k + 1) % 24, 0 * k + 2425], -1),
            ]
        )
        one = manifold(TriangleMesh(half, faces))
        halves.append(one if one.volume() > 0 else manifold(TriangleMesh(half, faces[:, ::-1])))
    return mesh, (halves[0] + halves[1]).volume()


def t_junctions(mesh: TriangleMesh) -> TriangleMesh:
    """Each second face split at the middle of its longest edge, and its neighbour not."""
    vertices, faces = list(mesh.vertices), []
    for number, face in enumerate(mesh.faces.tolist()):
        if number % 2:
            faces.append(face)
            continue
        a, b, c = face
        vertices.append((mesh.vertices[a] + mesh.vertices[b]) / 2)
        faces += [[a, len(vertices) - 1, c], [len(vertices) - 1, b, c]]
    return TriangleMesh(np.array(vertices), np.array(faces, np.int64))


def dust(count: int, seed: int) -> TriangleMesh:
    rng = np.random.default_rng(seed)
    speck = trimesh.creation.icosahedron()
    return together(
        *(
            TriangleMesh(np.array(speck.vertices) * 0.01 + at, np.array(speck.faces))
            for at in rng.uniform(-30, 30, (count, 3))
        )
    )


def sheet(at: tuple[float, float, float], size: float = 8.0) -> TriangleMesh:
    corners = np.array([[0, 0, 0], [size, 0, 1], [size, size, 0], [0, size, 1]], float) + at
    return TriangleMesh(corners, np.array([[0, 1, 2], [0, 2, 3]]))


def with_holes(mesh: TriangleMesh, count: int, radius: float, seed: int) -> TriangleMesh:
    """Round holes anywhere, as scans have."""
    rng = np.random.default_rng(seed)
    at = middles(mesh)
    seeds = at[rng.choice(len(at), count, replace=False)]
    near = (np.linalg.norm(at[:, None] - seeds[None], axis=2) < radius).any(axis=1)
    return TriangleMesh(mesh.vertices, mesh.faces[~near])


def mixed(mesh: TriangleMesh, seed: int = 3) -> TriangleMesh:
    flip = np.random.default_rng(seed).random(len(mesh.faces)) < 0.5
    return TriangleMesh(mesh.vertices, np.where(flip[:, None], mesh.faces[:, ::-1], mesh.faces))


def jittered(mesh: TriangleMesh, by: float) -> TriangleMesh:
    apart = soup(mesh)
    return TriangleMesh(apart.vertices + np.random.default_rng(5).normal(0, by, apart.vertices.shape), apart.faces)


def assembly() -> Case:
    """Eleven parts as a block-building tool exports them: flush, overlapping, standing on each other."""
    parts = [manifold3d.Manifold.cube([60, 40, 5])]
    parts += [manifold3d.Manifold.cylinder(30, 4, 4, 48).translate([x, y, 5]) for x in (8, 52) for y in (8, 32)]
    parts += [manifold3d.Manifold.cube([60, 40, 5]).translate([0, 0, 32])]
    parts += [manifold3d.Manifold.cube([10, 40, 35]).translate([25, 0, 2])]
    parts += [manifold3d.Manifold.sphere(9, 64).translate([30, 20, 40 + k]) for k in (0, 3)]
    parts += [manifold3d.Manifold.cube([20, 20, 20]).rotate([30, 20, 10]).translate([50, 30, 30])]
    parts += [manifold3d.Manifold.cube([5, 40, 5]).translate([60, 0, 0])]
    whole = manifold3d.Manifold.batch_boolean(parts, manifold3d.OpType.Add)
    return together(*(as_mesh(part) for part in parts)), whole.volume()


def two_cubes_with_a_wall(doubled: bool) -> Case:
    left, right = box(10, 10, 10), box(10, 10, 10, (10, 0, 0))
    both = welded(together(left, right))
    wall = np.flatnonzero(np.abs(middles(both)[:, 0] - 10) < 1e-6)
    return (both if doubled else without(both, wall[:2])), 2000.0


def missing(mesh: TriangleMesh, faces: list[int]) -> Case:
    return without(mesh, faces), volume(mesh)


def same(mesh: TriangleMesh, broken: TriangleMesh) -> Case:
    return broken, volume(mesh)


def shifted(mesh: TriangleMesh, by: float, scale: float = 1.0) -> Case:
    """Through 32 bits, as an STL has it."""
    moved = (mesh.vertices * scale + by).astype(np.float32).astype(np.float64)
    return soup(TriangleMesh(moved, mesh.faces)), volume(mesh) * scale**3


def open_below(mesh: TriangleMesh) -> TriangleMesh:
    low = mesh.vertices[:, 2].min()
    return without(mesh, np.flatnonzero((mesh.vertices[mesh.faces][:, :, 2] < low + 1e-6).all(axis=1)))


def pinched() -> Case:
    """Two cubes that share one edge, its four faces welded."""
    return welded(together(box(10, 10, 10), box(10, 10, 10, (10, 10, 0)))), 2000.0


def finned() -> Case:
    """A brick with fins of no thickness on three of its edges."""
    mesh = box(20, 20, 20)
    tips = np.array([[30.0, 10, 10], [10, -8, 25], [10, 10, 40]])
    fins = [[mesh.faces[k, 0], mesh.faces[k, 1], 8 + n] for n, k in enumerate((0, 4, 9))]
    return TriangleMesh(np.concatenate([mesh.vertices, tips]), np.concatenate([mesh.faces, fins])), 8000.0


def shells(*signed: float) -> Case:
    """Balls in one another; a negative radius looks inwards."""
    made = [ball(abs(r)) if r > 0 else turned(ball(abs(r))) for r in signed]
    return together(*made), float("nan")


BALL: Final = volume(ball())
CASES: Final[dict[str, Callable[[], Case]]] = {
    "soup": lambda: same(torus(), soup(torus())),
    "inside out": lambda: same(mug(), turned(mug())),
    "mixed winding": lambda: same(torus(), mixed(torus())),
    "mixed winding, soup": lambda: same(mug(), soup(mixed(mug()))),
    "one face missing": lambda: missing(mug(), [17]),
    "one face missing of a cube": lambda: missing(box(10, 20, 30), [3]),
    "cube without a side": lambda: same(box(20, 20, 20), open_below(box(20, 20, 20))),
    "bust open below": lambda: same(bust(), open_below(bust())),
    "scan with 40 holes": lambda: same(bust(), with_holes(bust(), 40, 1.0, 1)),
    "scan with 12 large holes": lambda: same(ball(), with_holes(ball(), 12, 1.2, 2)),
    "scan with single faces missing": lambda: missing(ball(), list(range(3, 5120, 17))),
    "holes, mixed winding, soup": lambda: same(bust(), soup(mixed(with_holes(bust(), 10, 1.0, 4)))),
    "doubled faces": lambda: same(torus(), TriangleMesh(torus().vertices, np.tile(torus().faces, (2, 1)))),
    "doubled faces back to back": lambda: same(torus(), together(torus(), turned(torus()))),
    "degenerate faces": lambda: same(
        torus(), TriangleMesh(torus().vertices, np.concatenate([torus().faces, [[0, 0, 1], [5, 5, 5], [1, 2, 1]]]))
    ),
    "isolated points": lambda: same(
        torus(), TriangleMesh(np.concatenate([torus().vertices, [[900.0, 0, 0]]]), torus().faces)
    ),
    "near-duplicate vertices": lambda: same(torus(), jittered(torus(), 3e-5)),
    "T-junctions": lambda: same(mug(), t_junctions(mug())),
    "T-junctions, soup": lambda: same(ball(), soup(t_junctions(ball()))),
    "fins": finned,
    "inner wall": lambda: two_cubes_with_a_wall(False),
    "inner wall doubled": lambda: two_cubes_with_a_wall(True),
    "edge shared by four": pinched,
    "overlapping cubes": lambda: (together(box(10, 10, 10), box(10, 10, 10, (5, 4, 3))), 2000.0 - 5 * 6 * 7),
    "flush overlapping cubes": lambda: (together(box(10, 10, 10), box(10, 10, 10, (5, 0, 0))), 1500.0),
    "stacked cubes": lambda: (together(box(10, 10, 10), box(6, 6, 6, (2, 2, 10))), 1216.0),
    "overlapping, one inside out": lambda: (
        together(box(10, 10, 10), turned(box(4, 4, 4, (9, 3, 3)))), 1000.0 + 64 - 16
    ),
    "assembly": assembly,
    "assembly, soup": lambda: (soup(assembly()[0]), assembly()[1]),
    "assembly, mixed winding": lambda: (mixed(assembly()[0]), assembly()[1]),
    "figure of eight": lambda: eight(2.0),
    "flat figure of eight": lambda: eight(0.3),
    "figure of eight, soup, a hole": lambda: (soup(without(eight(2.0)[0], [40, 41])), eight(2.0)[1]),
    "doubled shell": lambda: (
        together(box(10, 10, 10), box(10.02, 10.02, 10.02, (-0.01, -0.01, -0.01))), 10.02**3
    ),
    "body in a body": lambda: (shells(10, 4)[0], BALL),
    "hollow": lambda: (shells(10, -8)[0], BALL * (1 - 0.8**3)),
    "body in a hollow in a body": lambda: (shells(10, -8, 5)[0], BALL * (1 - 0.8**3 + 0.5**3)),
    "all of it inside out": lambda: (turned(shells(10, -8, 5)[0]), BALL * (1 - 0.8**3 + 0.5**3)),
    "body inside out beside": lambda: (together(ball(), turned(ball(5, (40, 0, 0)))), BALL * 1.125),
    "dust": lambda: same(ball(), together(ball(), dust(3000, 1))),
    "loose sheets": lambda: same(ball(), together(ball(), sheet((20, 0, 0)), sheet((-3, -4, 15), 5))),
    "far from the origin": lambda: shifted(torus(), 1e4),
    "very far from the origin": lambda: shifted(torus(), 2e5),
    "tiny": lambda: shifted(torus(), 0.0, 1e-4),
    "huge": lambda: shifted(torus(), 0.0, 1e4),
}  # fmt: skip


SOUND: Final = {
    "soup", "degenerate faces", "isolated points", "edge shared by four", "hollow", "body in a hollow in a body",
    "far from the origin", "very far from the origin", "tiny", "huge",
}  # fmt: skip
"""What only has to be read with care: nothing is wrong with the shape."""


@pytest.mark.parametrize("name", CASES)
def test_a_broken_solid_comes_back_with_its_volume(name: str) -> None:
    broken, expected = CASES[name]()
    solid = make_solid(broken)
    assert manifold(solid.mesh).status() == manifold3d.Error.NoError
    assert is_closed(solid.mesh)
    assert volume(solid.mesh) == pytest.approx(expected, rel=0.005)
    assert bool(solid.repairs) != (name in SOUND)
    assert find_crossings(solid.mesh).count <= 2
