"""The compiled steps of `solidify` against plain twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifold3d import Manifold, Mesh
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from pipelines.meshing.grid_kernels import (
    add_divergence,
    add_points,
    blur,
    grown,
    lit,
    refine_crossings,
    solve_rows,
    trilinear,
)
from pipelines.meshing.neighbours import Neighbours
from pipelines.meshing.orientation import (
    facing,
    is_told,
    neighbourhoods,
    one_sided,
    unsigned_normals,
    wall_thickness,
)
from pipelines.meshing.point_kernels import one_sided_normals
from pipelines.meshing.poisson import OrientedPoints, reconstruct
from pipelines.meshing.settling import settled


def ball(count: int, seed: int = 0) -> NDArray[np.float64]:
    direction = np.random.default_rng(seed).normal(size=(count, 3))
    return np.asarray(direction / np.linalg.norm(direction, axis=1, keepdims=True))


def cloud(kind: str, count: int, seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (count, 3))
    if kind == "surface":
        return ball(count, seed)
    if kind == "stretched":
        return points * [1, 0.01, 30]
    if kind == "far":
        points[: count // 20] *= 1e9
    if kind == "repeated":
        points = points[rng.integers(0, max(count // 5, 1), count)]
    return points


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["surface", "filled", "stretched", "far", "repeated"]),
    st.integers(1, 1500),
    st.integers(1, 20),
    st.integers(0, 99),
)
def test_the_nearest_points_are_the_nearest(kind: str, count: int, wanted: int, seed: int) -> None:
    points = cloud(kind, count, seed)
    neighbours = Neighbours(points)
    assert (np.sort(neighbours.order) == np.arange(count)).all()
    queries = np.concatenate([points[:100], points[:20] * 1.3 + 0.05])
    index, distance = neighbours.nearest(queries, wanted)
    expected, _ = cKDTree(points).query(queries, k=np.arange(1, min(wanted, count) + 1))
    assert distance == pytest.approx(expected, rel=1e-4, abs=1e-5 * np.abs(points).max())
    found = np.linalg.norm(neighbours.points[index] - queries[:, None], axis=2)
    assert distance == pytest.approx(found, rel=1e-4, abs=1e-5 * np.abs(points).max())


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(["surface", "filled", "far"]), st.integers(30, 800), st.integers(0, 99))
def test_a_part_of_the_points_is_indexed_as_if_alone(kind: str, count: int, seed: int) -> None:
    points = cloud(kind, count, seed)
    neighbours = Neighbours(points)
    kept = np.random.default_rng(seed).random(count) < 0.6
    kept[:8] = True
    part = neighbours.only(kept)
    assert np.array_equal(part.points, points[part.order])
    _, distance = part.nearest(points[:50], 5)
    expected, _ = cKDTree(points[neighbours.order][kept]).query(points[:50], k=5)
    assert distance == pytest.approx(expected, rel=1e-4, abs=1e-5 * np.abs(points).max())


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), st.floats(0, 2))
def test_normals_are_those_of_the_plain_eigenvectors(seed: int, weight: float) -> None:
    rng = np.random.default_rng(seed)
    neighbours = Neighbours(rng.normal(size=(200, 3)) * [1, 0.7, 0.3])
    near, axes = neighbourhoods(neighbours), ball(200, seed + 1)
    weights = weight * rng.random(200)
    normals, thickness = unsigned_normals(neighbours.points, near, axes, weights)
    for i in (0, 50, 199):
        around = neighbours.points[near.index[i]]
        values, vectors = np.linalg.eigh(np.cov(around.T, bias=True))
        tensor = 0.15 * np.outer(vectors[:, 0], vectors[:, 0]) + weights[i] / 16 * np.outer(axes[i], axes[i])
        tensor += sum(weights[j] / 16 * np.outer(axes[j], axes[j]) for j in near.index[i])
        strengths, directions = np.linalg.eigh(tensor)
        assert thickness[i] == pytest.approx(np.sqrt(values[0]), rel=1e-6)
        if strengths[2] > 1.001 * strengths[1]:
            assert abs(normals[i] @ directions[:, 2]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_normal_of_a_plane_is_exact(axis: int) -> None:
    points = np.random.default_rng(0).random((300, 3))
    points[:, axis] = 0.25
    neighbours = Neighbours(points)
    normals, thickness = unsigned_normals(neighbours.points, neighbourhoods(neighbours), ball(300), np.zeros(300))
    assert np.abs(normals[:, axis]) == pytest.approx(1)
    assert thickness == pytest.approx(0, abs=1e-7)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99))
def test_one_sided_normals_are_half_the_mean_and_half_the_plane_of_those_that_look_alike(seed: int) -> None:
    rng = np.random.default_rng(seed)
    neighbours = Neighbours(rng.normal(size=(120, 3)) * [1, 0.8, 0.2])
    near, normals = neighbourhoods(neighbours), ball(120, seed)
    found = np.empty_like(normals)
    one_sided_normals(neighbours.points, near.index, normals, 0, 120, found)
    for i, own in enumerate(normals):
        weight = np.append(np.maximum(normals[near.index[i]] @ own, 0), 1.0)
        mean = weight @ np.vstack([normals[near.index[i]], own])
        around = neighbours.points[np.append(near.index[i], i)]
        values, vectors = np.linalg.eigh(np.cov(around.T, bias=True, aweights=weight))
        if abs(vectors[:, 0] @ mean) < 1e-3 * np.linalg.norm(mean):
            continue  # rounding decides to which side a plane belongs that lies across
        plane = vectors[:, 0] * np.sign(vectors[:, 0] @ mean)
        flatness = 1 - max(values[0], 0) / values[1] if values[1] > 1e-6 * values[2] else 0.0
        both = mean / np.linalg.norm(mean) + flatness * plane
        assert found[i] == pytest.approx(both / np.linalg.norm(both), abs=1e-5)


def test_the_two_sides_of_a_thin_wall_do_not_bend_each_other() -> None:
    rng = np.random.default_rng(0)
    wall = rng.random((4_000, 3)) * [1, 1, 0] + rng.normal(0, 0.001, (4_000, 3))
    wall[2_000:, 2] += 0.02
    neighbours = Neighbours(wall)
    side = np.where(neighbours.points[:, 2:] > 0.01, 1.0, -1.0)
    tilted = side * [[0.0, 0.0, 1.0]] + rng.normal(0, 0.3, (4_000, 3))
    tilted /= np.linalg.norm(tilted, axis=1, keepdims=True)
    upright = (one_sided(neighbours.points, tilted, neighbourhoods(neighbours)) * side)[:, 2]
    assert (tilted * side)[:, 2].mean() < 0.95
    assert upright.mean() > 0.99


def test_directions_by_chance_tell_nothing_of_a_surface() -> None:
    points = ball(4_000)
    neighbours = Neighbours(points)
    near = neighbourhoods(neighbours)
    for axes, told in ((ball(4_000, 7), False), (neighbours.points + 0.3 * ball(4_000, 8), True)):
        proposed = axes / np.linalg.norm(axes, axis=1, keepdims=True)
        normals, _ = unsigned_normals(neighbours.points, near, proposed, np.ones(4_000))
        assert is_told(proposed, normals, np.ones(4_000)) is told
    assert not is_told(proposed, normals, np.zeros(4_000))


def test_normals_face_where_they_were_seen_from_and_edge_on_follow_their_neighbours() -> None:
    neighbours = Neighbours(ball(3_000))
    outward = neighbours.points
    flipped = outward * np.random.default_rng(1).choice([-1.0, 1.0], 3_000)[:, None]
    seen_from = np.where(outward[:, 2:] >= 0, 1.0, -1.0) * [[0.0, 0.0, 1e9]]  # edge on at the equator
    turned = facing(neighbours.points, flipped, neighbourhoods(neighbours), seen_from)
    assert (np.einsum("ij,ij->i", turned, outward) > 0).mean() > 0.999


def test_a_wall_is_as_thick_as_its_sides_are_apart() -> None:
    plate = np.random.default_rng(0).random((4_000, 3)) * [1, 1, 0]
    plate[2_000:, 2] = 0.01
    neighbours = Neighbours(plate)
    normals = np.where(neighbours.points[:, 2:] > 0, 1.0, -1.0) * [[0.0, 0.0, 1.0]]
    assert wall_thickness(neighbours.points, normals, neighbourhoods(neighbours)) == pytest.approx(0.01)
    alike = np.abs(normals)
    assert np.isinf(wall_thickness(neighbours.points, alike, neighbourhoods(neighbours))).all()


@given(st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_spreading_is_the_adjoint_of_sampling(seed: int) -> None:
    rng = np.random.default_rng(seed)
    at, weights = rng.uniform(0, 5.99, (50, 3)) * [1, 1.1, 1.2], rng.normal(size=50)
    field = rng.normal(size=(7, 8, 9)).astype(np.float32)
    grid = np.zeros((7, 8, 9), np.float32)
    add_points(at, weights, grid)
    assert (grid * field).sum() == pytest.approx((weights * trilinear(field, at)).sum(), abs=1e-4)


def test_the_divergence_of_a_flow_answers_to_slopes() -> None:
    rng = np.random.default_rng(0)
    at, flow, slope = rng.uniform(2, 5, (60, 3)), rng.normal(size=(60, 3)), np.array([0.3, -0.7, 1.1])
    grid = np.zeros((8, 8, 8), np.float32)
    add_divergence(at, flow, grid)
    plane = np.moveaxis(np.indices((8, 8, 8)), 0, -1) @ slope
    assert (grid * plane).sum() == pytest.approx(-(flow @ slope).sum(), abs=1e-4)
    assert grid.sum() == pytest.approx(0, abs=1e-5)


def test_the_spectrum_is_divided_by_the_discrete_laplacian() -> None:
    rng = np.random.default_rng(0)
    wanted = rng.normal(size=(6, 8, 10))
    wanted -= wanted.mean()
    laplacian = sum(2 * wanted - np.roll(wanted, 1, axis) - np.roll(wanted, -1, axis) for axis in range(3))
    spectrum = np.fft.rfftn(laplacian).astype(np.complex64)
    waves = [2 * np.pi * np.fft.fftfreq(6), 2 * np.pi * np.fft.fftfreq(8), 2 * np.pi * np.fft.rfftfreq(10)]
    stiffness = [(2 - 2 * np.cos(k)).astype(np.float32) for k in waves]
    solve_rows(spectrum, *stiffness, *[np.ones(len(k), np.float32) for k in waves], 0, 6)
    assert np.fft.irfftn(spectrum, s=wanted.shape, axes=(0, 1, 2)) == pytest.approx(wanted, abs=1e-4)


def test_growing_a_mask_takes_all_26_neighbours() -> None:
    mask = np.random.default_rng(0).random((9, 10, 11)) < 0.05
    inner = (slice(1, -1),) * 3
    assert np.array_equal(grown(mask)[inner], binary_dilation(mask, np.ones((3, 3, 3)))[inner])


def test_each_pass_of_a_blur_adds_half_a_voxel_squared_of_variance() -> None:
    grid = np.zeros((21, 21, 21), np.float32)
    grid[10, 10, 10] = 1
    blur(grid, 3)
    away = np.arange(21) - 10.0
    for axis in range(3):
        profile = grid.sum(axis=tuple({0, 1, 2} - {axis}))
        assert profile.sum() == pytest.approx(1, rel=1e-5)
        assert (profile * away**2).sum() == pytest.approx(1.5, rel=1e-5)


def test_light_reaches_the_open_not_the_closed_and_a_well_only_straight_down() -> None:
    slopes = np.array([-0.75, 0.0, 0.75])
    free = np.ones((16, 15, 14), bool)
    assert (lit(free, slopes) == 18).all()
    free[4:12, 4:12, 4:12] = False
    free[5:11, 5:11, 5:11] = True
    assert (lit(free, slopes)[5:11, 5:11, 5:11] == 0).all()
    free[5:11, 5:11, 5:11] = False
    free[:11, 7, 7] = True  # one voxel wide, from the top to the bottom of the box
    assert lit(free, slopes)[10, 7, 7] == 1


def test_corners_found_on_every_second_node_are_moved_to_the_surface_of_the_whole_field() -> None:
    axis = np.arange(48) - 23.3
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    field = (-np.exp(radius / 3)).astype(np.float32)  # so bent that a line between far nodes misses
    level = float(-np.exp(15 / 3))
    vertices, faces, _, _ = marching_cubes(field, level, step_size=2)
    refined = np.ascontiguousarray(vertices, np.float32)
    refine_crossings(refined, field, level)
    error = [np.abs(np.linalg.norm(found - 23.3, axis=1) - 15).mean() for found in (vertices, refined)]
    assert error[1] < 0.35 * error[0]
    assert Manifold(Mesh(refined, np.ascontiguousarray(faces[:, ::-1], np.uint32))).status().name == "NoError"


@pytest.mark.parametrize("resolution", [96, 256])
def test_the_surface_through_a_ball_is_the_ball(resolution: int) -> None:
    points = ball(20_000)
    surface = reconstruct(OrientedPoints(points, points, np.full(20_000, 4 * np.pi / 20_000)), resolution, 1.5)
    assert np.linalg.norm(surface.vertices, axis=1) == pytest.approx(1, abs=0.02)
    assert (surface.floaters, surface.voids) == (0, 0)


def test_a_fifth_of_wrong_normals_is_outvoted_and_points_inside_are_found() -> None:
    points = ball(12_000)
    rng = np.random.default_rng(0)
    normals = points * np.where(rng.random(12_000) < 0.2, -1.0, 1.0)[:, None]
    inside = 0.5 * ball(300, seed=2)
    both = OrientedPoints(
        np.concatenate([points, inside]), np.concatenate([normals, ball(300, seed=3)]), np.full(12_300, 1e-3)
    )
    turned, is_kept = settled(both)
    assert (np.einsum("ij,ij->i", turned[:12_000], points) > 0).mean() > 0.999
    assert is_kept[:12_000].mean() > 0.999
    assert is_kept[12_000:].mean() < 0.05
