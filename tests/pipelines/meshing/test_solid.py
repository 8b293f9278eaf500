import manifold3d
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.meshing import Solid, export_mesh, make_solid, read_mesh
from tests.support.solids import as_mesh, brick, is_closed, painted_brick, volume


def ball(radius: float = 5.0, at: tuple[float, float, float] = (0, 0, 0), fineness: int = 3) -> TriangleMesh:
    shape = trimesh.creation.icosphere(fineness, radius)
    return TriangleMesh(np.array(shape.vertices) + at, np.array(shape.faces, np.int64))


def turned(mesh: TriangleMesh) -> TriangleMesh:
    return TriangleMesh(mesh.vertices, mesh.faces[:, ::-1], mesh.colors)


def together(*meshes: TriangleMesh) -> TriangleMesh:
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    return TriangleMesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=False)]),
    )


def without(mesh: TriangleMesh, dropped: NDArray[np.int64] | list[int]) -> TriangleMesh:
    return TriangleMesh(mesh.vertices, np.delete(mesh.faces, dropped, axis=0), mesh.colors)


def top_of(mesh: TriangleMesh) -> NDArray[np.int64]:
    return np.flatnonzero((mesh.vertices[mesh.faces][:, :, 2] == mesh.vertices[:, 2].max()).all(axis=1))


def codes(solid: Solid) -> set[str]:
    return {repair.code for repair in solid.repairs}


def count(solid: Solid, code: str) -> int:
    return sum(repair.count for repair in solid.repairs if repair.code == code)


def test_a_closed_solid_is_left_as_it_is() -> None:
    solid = make_solid(painted_brick())
    assert solid.repairs == ()
    assert volume(solid.mesh) == pytest.approx(240)
    assert is_closed(solid.mesh)


def test_an_open_stl_cube_becomes_a_closed_cube_and_says_so() -> None:
    cube = as_mesh(manifold3d.Manifold.cube([10, 10, 10]))
    opened = read_mesh(export_mesh(without(cube, top_of(cube)), "stl"), "stl")
    solid = make_solid(opened)
    assert volume(solid.mesh) == pytest.approx(1000)
    assert is_closed(solid.mesh)
    assert [repair.message for repair in solid.repairs] == ["filled 1 hole (16.7 % of the surface)"]


def test_a_triangle_soup_is_welded() -> None:
    mesh = ball()
    soup = TriangleMesh(mesh.vertices[mesh.faces].reshape(-1, 3), np.arange(mesh.faces.size).reshape(-1, 3))
    solid = make_solid(soup)
    assert len(solid.mesh.vertices) == len(mesh.vertices)
    assert is_closed(solid.mesh)


def test_vertices_parted_in_the_last_bits_are_welded_and_counted() -> None:
    mesh = ball()
    apart = mesh.vertices[mesh.faces].reshape(-1, 3) * (1 + 1e-14 * (np.arange(mesh.faces.size)[:, None] % 2))
    solid = make_solid(TriangleMesh(apart, np.arange(len(apart)).reshape(-1, 3)))
    assert codes(solid) == {"welded"}
    assert 0 < count(solid, "welded") < len(apart)
    assert len(solid.mesh.vertices) == len(mesh.vertices)


def test_a_seam_torn_by_rounding_is_welded() -> None:
    mesh = ball()
    torn = mesh.vertices[mesh.faces].reshape(-1, 3)
    torn = torn + np.random.default_rng(0).normal(0, 1e-6, torn.shape)
    solid = make_solid(TriangleMesh(torn, np.arange(len(torn)).reshape(-1, 3)))
    assert volume(solid.mesh) == pytest.approx(volume(mesh), rel=1e-5)
    assert "seams" in codes(solid)


def test_faces_wound_at_random_are_wound_alike() -> None:
    mesh = ball()
    flip = np.random.default_rng(1).random(len(mesh.faces)) < 0.4
    mixed = TriangleMesh(mesh.vertices, np.where(flip[:, None], mesh.faces[:, ::-1], mesh.faces))
    solid = make_solid(mixed)
    assert volume(solid.mesh) == pytest.approx(volume(mesh))
    assert count(solid, "turned_faces") == flip.sum()


def test_a_solid_inside_out_is_turned() -> None:
    assert volume(make_solid(turned(brick())).mesh) == pytest.approx(240)


def test_doubled_faces_are_dropped() -> None:
    mesh = brick()
    double = TriangleMesh(mesh.vertices, np.concatenate([mesh.faces, mesh.faces[:, ::-1]]))
    assert volume(make_solid(double).mesh) == pytest.approx(240)


def test_overlapping_bodies_are_united() -> None:
    a = as_mesh(manifold3d.Manifold.cube([10, 10, 10]))
    b = TriangleMesh(a.vertices + 5.0, a.faces)
    assert volume(make_solid(together(a, b)).mesh) == pytest.approx(2000 - 125)


def test_a_body_inside_out_within_another_is_its_cavity() -> None:
    outer, inner = ball(5), ball(3)
    assert volume(make_solid(together(outer, turned(inner))).mesh) == pytest.approx(volume(outer) - volume(inner))


def test_a_body_within_a_cavity_survives() -> None:
    shells = ball(5), ball(4), ball(2)
    nested = together(shells[0], turned(shells[1]), shells[2])
    expected = volume(shells[0]) - volume(shells[1]) + volume(shells[2])
    assert volume(make_solid(nested).mesh) == pytest.approx(expected)


def test_a_lone_body_inside_out_beside_another_is_rescued() -> None:
    big, small = ball(5), ball(3, at=(20, 0, 0))
    solid = make_solid(together(big, turned(small)))
    assert volume(solid.mesh) == pytest.approx(volume(big) + volume(small))


def test_a_fin_is_shed_and_the_solid_keeps_its_corners() -> None:
    mesh = brick()
    fin = TriangleMesh(
        np.concatenate([mesh.vertices, [[3, 5, 18]]]),
        np.concatenate([mesh.faces, [[mesh.faces[0, 0], mesh.faces[0, 1], 8]]]),
    )
    solid = make_solid(fin)
    assert volume(solid.mesh) == pytest.approx(240)
    assert len(solid.mesh.vertices) == 8
    assert is_closed(solid.mesh)
    assert codes(solid) == {"dropped_faces"}


@pytest.mark.parametrize("tilt", [0.0, 0.7])
def test_an_open_sheet_is_no_solid(tilt: float) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(np.arange(6.0), np.arange(6.0)))
    quads = [5 * j + i + j for j in range(5) for i in range(5)]
    faces = np.array([[q, q + 1, q + 6] for q in quads] + [[q + 1, q + 7, q + 6] for q in quads])
    with pytest.raises(NotSolid):
        make_solid(TriangleMesh(np.stack([x, y, tilt * x + 0.1 * np.sin(y)], axis=1), faces))


def test_half_a_ball_is_no_solid() -> None:
    mesh = ball(fineness=4)
    upper = mesh.vertices[mesh.faces].mean(axis=1)[:, 2] > 0
    with pytest.raises(NotSolid, match="open"):
        make_solid(TriangleMesh(mesh.vertices, mesh.faces[upper]))


def test_nothing_and_points_are_empty_and_nan_is_no_solid() -> None:
    none = np.zeros((0, 3), np.int64)
    with pytest.raises(EmptyGeometry):
        make_solid(TriangleMesh(np.zeros((0, 3)), none))
    with pytest.raises(EmptyGeometry):
        make_solid(TriangleMesh(np.ones((3, 3)), np.array([[0, 1, 2]])))
    with pytest.raises(NotSolid):
        make_solid(TriangleMesh(np.full((3, 3), np.nan), np.array([[0, 1, 2]])))


def test_colours_follow_their_vertices_through_repair() -> None:
    painted = painted_brick()
    solid = make_solid(without(painted, [0])).mesh
    assert painted.colors is not None
    assert solid.colors is not None
    wanted = {tuple(v): tuple(c) for v, c in zip(painted.vertices, painted.colors.tolist(), strict=True)}
    assert all(tuple(c) == wanted[tuple(v)] for v, c in zip(solid.vertices, solid.colors.tolist(), strict=True))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.02, 0.15))
def test_a_ball_with_random_holes_is_closed_again(seed: int, share: float) -> None:
    mesh = ball(fineness=3)
    dropped = np.flatnonzero(np.random.default_rng(seed).random(len(mesh.faces)) < share)
    solid = make_solid(without(mesh, dropped)).mesh
    assert is_closed(solid)
    assert volume(solid) == pytest.approx(volume(mesh), rel=0.05)


def test_two_overlapping_half_scans_are_drawn_anew_as_one_ball() -> None:
    whole, turn = ball(10), trimesh.transformations.rotation_matrix(0.7, [0.3, 0.5, 0.8])[:3, :3]
    other = TriangleMesh(whole.vertices @ turn.T, whole.faces)
    upper = without(whole, np.flatnonzero(whole.vertices[whole.faces].mean(axis=1)[:, 2] < -1))
    lower = without(other, np.flatnonzero(other.vertices[other.faces].mean(axis=1)[:, 2] > 1))
    solid = make_solid(together(upper, turned(lower)))
    assert codes(solid) == {"redrawn"}
    assert is_closed(solid.mesh)
    assert volume(solid.mesh) == pytest.approx(volume(whole), rel=0.005)


def test_loose_triangles_are_no_solid() -> None:
    rng = np.random.default_rng(0)
    corners = (rng.random((3000, 1, 3)) + 0.03 * rng.normal(size=(3000, 3, 3))).reshape(-1, 3)
    with pytest.raises(NotSolid, match="bounds nothing"):
        make_solid(TriangleMesh(corners, np.arange(9000).reshape(-1, 3)))


def test_a_star_drawn_in_one_stroke_is_filled() -> None:
    """A pentagram, extruded: its core is wound about twice."""
    angle = np.pi / 2 + 4 * np.pi * np.arange(5) / 5
    outline = 20 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    floor, roof = np.c_[outline, np.zeros(5)], np.c_[outline, np.full(5, 10.0)]
    k, after = np.arange(5), (np.arange(5) + 1) % 5
    faces = np.concatenate([
        np.stack([k, after, 5 + after], 1), np.stack([k, 5 + after, 5 + k], 1),
        np.stack([0 * k + 10, after, k], 1), np.stack([0 * k + 11, 5 + k, 5 + after], 1),
    ])  # fmt: skip
    solid = make_solid(TriangleMesh(np.concatenate([floor, roof, [[0, 0, 0], [0, 0, 10]]]), faces))
    area = manifold3d.CrossSection([outline], manifold3d.FillRule.NonZero).area()
    assert volume(solid.mesh) == pytest.approx(10 * area, rel=0.005)
    assert "self_crossing" in codes(solid)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_parts_that_overlap_become_their_union_whichever_way_they_look(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(6):
        kinds = (
            manifold3d.Manifold.cube(rng.uniform(5, 20, 3), True),
            manifold3d.Manifold.sphere(rng.uniform(4, 9), 24),
            manifold3d.Manifold.cylinder(rng.uniform(8, 30), rng.uniform(2, 6), rng.uniform(1, 6), 24, True),
        )
        turn = rng.uniform(0, 360, 3) * (rng.random() < 0.6)
        parts.append(kinds[rng.integers(3)].rotate(turn).translate(np.round(rng.uniform(-8, 8, 3))))
    whole = manifold3d.Manifold.batch_boolean(parts, manifold3d.OpType.Add)
    solid = make_solid(together(*(as_mesh(part) for part in parts)))
    assert is_closed(solid.mesh)
    assert volume(solid.mesh) == pytest.approx(whole.volume(), rel=1e-5)
