"""Faces that cross, held against arithmetic without rounding."""

from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.geometry import TriangleMesh
from pipelines.meshing.crossing import find_crossings
from tests.support.solids import brick

Point = tuple[Any, Any, Any]
Triangle = tuple[Point, Point, Point]


def minus(a: Point, b: Point) -> Point:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def dot(a: Point, b: Point) -> Any:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Point, b: Point) -> Point:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def normal_of(t: Triangle) -> Point:
    return cross(minus(t[1], t[0]), minus(t[2], t[0]))


def holds(t: Triangle, p: Point) -> bool:
    """Whether a point of the triangle's plane is in it."""
    n = normal_of(t)
    return all(dot(n, cross(minus(t[(k + 1) % 3], t[k]), minus(p, t[k]))) >= 0 for k in range(3))


def between(p: Point, q: Point, one: Any, two: Any) -> Point:
    """Where a quantity that is `one` at p and `two` at q is zero."""
    share = Fraction(one) / Fraction(one - two)
    return tuple(a + (b - a) * share for a, b in zip(p, q, strict=True))


def shared_with_edge(t: Triangle, p: Point, q: Point) -> set[Point]:
    """Corners of what an edge and a triangle share."""
    n = normal_of(t)
    one, two = dot(n, minus(p, t[0])), dot(n, minus(q, t[0]))
    if one or two:
        if one * two > 0:
            return set()
        at = between(p, q, one, two)
        return {at} if holds(t, at) else set()
    found = {end for end in (p, q) if holds(t, end)}
    for k in range(3):
        side = cross(n, minus(t[(k + 1) % 3], t[k]))
        one, two = dot(side, minus(p, t[k])), dot(side, minus(q, t[k]))
        if one * two < 0 and holds(t, at := between(p, q, one, two)):
            found.add(at)
    return found


def on_an_edge(t: Triangle, points: set[Point]) -> bool:
    edges = [(t[k], t[(k + 1) % 3]) for k in range(3)]
    return any(all(not any(cross(minus(b, a), minus(p, a))) for p in points) for a, b in edges)


def exact_relation(a: Triangle, b: Triangle) -> str:
    """What `Crossings` says of two faces, from the corners of the set that they share."""
    if not any(normal_of(a)) or not any(normal_of(b)):
        return "apart"
    shared: set[Point] = set()
    for one, two in ((a, b), (b, a)):
        for k in range(3):
            shared |= shared_with_edge(one, two[k], two[(k + 1) % 3])
    points = sorted(shared)
    if len(points) < 2:
        return "apart"
    if any(any(cross(minus(p, points[0]), minus(points[-1], points[0]))) for p in points):
        return "overlaps" if dot(normal_of(a), normal_of(b)) > 0 else "faces"
    if not any(cross(normal_of(a), normal_of(b))):
        return "apart"  # one plane, edge to edge
    sides = on_an_edge(a, shared) + on_an_edge(b, shared)
    return ("pierces", "touches", "apart")[sides]


def expected(vertices: Any, faces: list[tuple[int, int, int]]) -> dict[tuple[int, int], str]:
    triangles = [tuple(tuple(vertices[k]) for k in face) for face in faces]
    pairs = {(i, j): exact_relation(triangles[i], triangles[j]) for i, j in combinations(range(len(faces)), 2)}  # type: ignore[arg-type]
    return {pair: relation for pair, relation in pairs.items() if relation != "apart"}


def assert_agrees(vertices: Any, faces: list[tuple[int, int, int]]) -> None:
    found = find_crossings(TriangleMesh(np.array(vertices, float), np.array(faces, np.int64)))
    wanted = expected(vertices, faces)
    assert {tuple(pair) for pair in found.pairs.tolist()} == set(wanted)
    kinds = list(wanted.values())
    assert (found.piercing, found.touching, found.overlapping, found.facing) == tuple(
        kinds.count(kind) for kind in ("pierces", "touches", "overlaps", "faces")
    )
    crossed = {face for pair, kind in wanted.items() if kind in ("pierces", "overlaps") for face in pair}
    assert set(np.flatnonzero(found.crossed).tolist()) == crossed
    assert found.complete


def pair(a: Triangle, b: Triangle) -> str:
    vertices = [*a, *b]
    assert_agrees(vertices, [(0, 1, 2), (3, 4, 5)])
    return exact_relation(a, b)


FLOOR: Triangle = ((0, 0, 0), (8, 0, 0), (0, 8, 0))


@pytest.mark.parametrize(
    ("other", "relation"),
    [
        (((1, 1, -2), (2, 1, 3), (1, 2, 4)), "pierces"),
        (((1, 1, 1), (2, 1, 3), (1, 2, 4)), "apart"),
        (((1, 1, 0), (2, 1, 3), (1, 2, 4)), "apart"),  # stands on a point
        (((1, 1, 0), (2, 2, 0), (1, 2, 4)), "touches"),  # stands on an edge
        (((-1, -1, 0), (4, 4, 0), (1, 2, 4)), "touches"),  # stands half beside it
        (((0, 0, 0), (8, 0, 0), (3, -2, 5)), "apart"),  # a neighbour
        (((0, 0, 0), (4, 0, 0), (3, -2, 5)), "apart"),  # a neighbour with a vertex on the edge
        (((0, 0, 0), (2, 2, -3), (2, 2, 3)), "pierces"),  # shares a corner and runs on inside
        (((0, 0, 0), (-2, -2, -3), (-2, -2, 3)), "apart"),
        (((0, 0, 0), (8, 0, 0), (4, 4, 0)), "overlaps"),  # folded flat on its neighbour
        (((0, 0, 0), (8, 0, 0), (4, -4, 0)), "apart"),
        (((8, 0, 0), (0, 0, 0), (4, 4, 0)), "faces"),
        (((1, 1, 0), (2, 1, 0), (1, 2, 0)), "overlaps"),  # wholly inside
        (((-9, -9, 0), (60, -9, 0), (-9, 60, 0)), "overlaps"),  # wholly around
        (((8, 0, 0), (9, 9, 0), (0, 8, 0)), "apart"),
        (((1, 1, -1), (1, 1, 1), (1, 1, 5)), "apart"),  # a line has no faces
        (((2, 2, -1000), (2, 2.001, 1000), (2.001, 2, 1000)), "pierces"),  # a needle
    ],
)
def test_two_triangles_lie_as_they_do(other: Triangle, relation: str) -> None:
    rational: Any = tuple(tuple(Fraction(value) for value in point) for point in other)
    assert exact_relation(FLOOR, rational) == relation
    assert pair(FLOOR, other) == relation
    assert pair(other, FLOOR) == relation


corner = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))


@settings(max_examples=150, deadline=None)
@given(st.lists(corner, min_size=4, max_size=9), st.integers(0, 2**32 - 1))
def test_soups_on_a_coarse_grid_agree_with_rational_arithmetic(points: list[Point], seed: int) -> None:
    """Few places: most pairs share corners, lie in one plane, or touch."""
    faces = np.random.default_rng(seed).integers(len(points), size=(8, 3)).tolist()
    assert_agrees(points, [tuple(face) for face in faces])


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.0))
def test_soups_in_general_position_agree_with_rational_arithmetic(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.random((24, 1, 3)) + size * rng.normal(size=(24, 3, 3))
    vertices = [tuple(Fraction(v) for v in p) for p in corners.reshape(-1, 3).tolist()]
    assert_agrees(vertices, [(3 * k, 3 * k + 1, 3 * k + 2) for k in range(24)])


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_crossings_turn_and_grow_with_the_mesh(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = (rng.random((400, 1, 3)) + 0.1 * rng.normal(size=(400, 3, 3))).reshape(-1, 3)
    faces = np.arange(1200).reshape(-1, 3)
    turn = trimesh.transformations.random_rotation_matrix(rng.random(3))[:3, :3]
    order = rng.permutation(400)
    here = find_crossings(TriangleMesh(corners, faces))
    there = find_crossings(TriangleMesh(corners @ turn.T * 7 + 100, faces[order]))
    assert (here.piercing, here.count) == (there.piercing, there.count)
    assert np.array_equal(here.crossed[order], there.crossed)
    assert here.piercing > 0


def test_a_cube_in_a_cube_is_pierced_on_the_sides_that_reach_into_the_other() -> None:
    cube = trimesh.creation.box((10, 10, 10))
    vertices = np.concatenate([cube.vertices, cube.vertices + np.array([5, 4, 3])])
    faces = np.concatenate([cube.faces, np.array(cube.faces) + 8])
    found = find_crossings(TriangleMesh(vertices, faces))
    assert found.piercing > 0
    assert (found.touching, found.overlapping, found.facing) == (0, 0, 0)
    # Only the three sides of each that reach into the other are crossed.
    sides = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    reaching = np.r_[np.ones(12), -np.ones(12)] * sides.sum(axis=1) > 0
    assert set(np.flatnonzero(found.crossed)) <= set(np.flatnonzero(reaching))


def test_sound_solids_cross_nowhere() -> None:
    for mesh in (trimesh.creation.torus(20, 6, 128, 64), trimesh.creation.icosphere(5), trimesh.creation.capsule(9, 3)):
        found = find_crossings(TriangleMesh(np.array(mesh.vertices), np.array(mesh.faces, np.int64)))
        assert not found.touched.any()
    assert not find_crossings(brick()).touched.any()


def test_a_soup_that_crosses_everywhere_is_left_before_its_end() -> None:
    corners = np.random.default_rng(0).random((12_000, 3, 3)).reshape(-1, 3)
    found = find_crossings(TriangleMesh(corners, np.arange(36_000).reshape(-1, 3)))
    assert not found.complete
    assert len(found.pairs) <= 1_000_000
    assert found.piercing > 1_000_000


def test_nothing_crosses_nothing() -> None:
    found = find_crossings(TriangleMesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64)))
    assert (found.count, len(found.pairs), found.complete) == (0, 0, True)
