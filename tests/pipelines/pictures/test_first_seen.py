"""Which face each sample sees: held against sums worked out by hand, every ray against every face, and Embree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from pipelines.geometry import TriangleMesh
from pipelines.pictures.first_seen import first_seen, seen_faces
from pipelines.pictures.framing import Viewpoint
from pipelines.pictures.raster_kernels import ASIDE
from pipelines.pictures.threads import Crew
from pipelines.pictures.tracing import Scene

# The camera stands at z = 4 and looks down the z axis; at z = 0 the picture is 2 wide.
AHEAD = Viewpoint(np.array([0.0, 0.0, 4.0]), np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, -1.0]]), 0.25)


def faces_seen(vertices: NDArray[np.float64], faces: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    with Crew() as crew:
        return seen_faces(first_seen(vertices.astype(np.float32), faces.astype(np.int32), AHEAD, size, crew))


def rays(size: int) -> NDArray[np.float64]:
    """Through the samples, four rows to a pixel."""
    rows, columns = np.indices((4 * size, size))
    x = (columns + np.array(ASIDE)[rows % 4]) * (2.0 / size) - 1.0
    y = 1.0 - (rows + 0.5) * (0.5 / size)
    return np.stack([x * AHEAD.half_width, y * AHEAD.half_width, np.full_like(x, -1.0)], axis=-1)


def traced(vertices: NDArray[np.float64], faces: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Every ray against every face, plainly."""
    direction = rays(size).reshape(-1, 3)
    best, seen = np.full(len(direction), np.inf), np.full(len(direction), -1)
    for k, (a, b, c) in enumerate(vertices[faces]):
        edges = np.stack([b - a, c - a, np.zeros(3)], axis=1)
        matrices = np.broadcast_to(edges, (len(direction), 3, 3)).copy()
        matrices[:, :, 2] = -direction
        u, v, t = np.linalg.solve(matrices, np.broadcast_to(AHEAD.eye - a, (len(direction), 3))[..., None])[..., 0].T
        nearer = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0) & (t < best)
        best[nearer], seen[nearer] = t[nearer], k
    return seen.reshape(4 * size, size)


def sphere(rings: int, radius: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A sphere of points at even latitudes and longitudes."""
    polar, around = np.meshgrid(np.linspace(0, np.pi, rings), np.arange(2 * rings) * np.pi / rings, indexing="ij")
    points = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=-1)
    i, j = np.meshgrid(np.arange(rings - 1), np.arange(2 * rings), indexing="ij")
    a, b = i * 2 * rings + j, i * 2 * rings + (j + 1) % (2 * rings)
    c, d = a + 2 * rings, b + 2 * rings
    faces = np.concatenate([np.stack([a, c, d], axis=-1).reshape(-1, 3), np.stack([a, d, b], axis=-1).reshape(-1, 3)])
    return radius * points.reshape(-1, 3), faces


@pytest.mark.parametrize("radius", [0.3, 0.8])
def test_a_sphere_covers_the_circle_in_which_its_cone_cuts_the_picture(radius: float) -> None:
    seen = faces_seen(*sphere(120, radius), 512)
    in_picture = radius / np.sqrt(4.0**2 - radius**2) / AHEAD.half_width  # tangent of the cone, in halves of the width
    assert (seen >= 0).mean() == pytest.approx(np.pi * in_picture**2 / 4, rel=0.005)


def test_a_square_covers_its_share_of_the_picture_to_the_sample() -> None:
    # 0.5 wide at z = 0, where the picture is 2 wide: a quarter of 64 pixels each way, in the middle.
    corners = np.array([[-0.25, -0.25, 0], [0.25, -0.25, 0], [0.25, 0.25, 0], [-0.25, 0.25, 0]])
    seen = faces_seen(corners, np.array([[0, 1, 2], [0, 2, 3]]), 64)
    assert (seen[96:160, 24:40] >= 0).all()
    assert (seen >= 0).sum() == 64 * 16
    assert (seen == 0).sum() + (seen == 1).sum() == 64 * 16


def test_of_the_samples_on_its_edges_a_face_takes_in_those_at_the_top_and_on_the_left() -> None:
    # In pixels its left edge is at 24.375 and its right one at 40.375, on samples of the first row of each pixel; its
    # upper edge at 24.125 and its lower one at 40.125, on samples of such rows.
    low, high, top, bottom = (pixels / 32 - 1 for pixels in (24.375, 40.375, 24.125, 40.125))
    corners = np.array([[low, -bottom, 0], [high, -bottom, 0], [high, -top, 0], [low, -top, 0]])
    seen = faces_seen(corners, np.array([[0, 1, 2], [0, 2, 3]]), 64) >= 0
    assert seen[96:160:4, 24:40].all()
    assert seen[98:160:4, 25:41].all()  # of the third row the samples lie at 0.125: one is out on the left, one in
    assert seen.sum() == 64 * 16


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(5, 40), st.booleans())
def test_of_faces_that_share_edges_each_sample_belongs_to_exactly_one(seed: int, count: int, on_grid: bool) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-0.7, 0.7, (count, 2))
    if on_grid:  # corners on samples and on their borders, where a wrong rule shows
        points = np.unique(np.rint(points * 16) / 16, axis=0)
        points += 1 / 64 * rng.integers(0, 2)
    corners = np.array([[-0.75, -0.75], [0.75, -0.75], [0.75, 0.75], [-0.75, 0.75]])
    points = np.concatenate([corners, points])
    faces = Delaunay(points).simplices
    turned = np.where(rng.random(len(faces))[:, None] < 0.5, faces, faces[:, ::-1])
    vertices = np.column_stack([points, np.zeros(len(points))])
    drawn = np.sum([faces_seen(vertices, face[None], 64) >= 0 for face in turned], axis=0)
    assert (drawn == (faces_seen(vertices, np.array([[0, 1, 2], [0, 2, 3]]), 64) >= 0)).all()
    assert ((faces_seen(vertices, turned, 64) >= 0) == (drawn > 0)).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 25), st.floats(0.02, 1.0))
def test_each_sample_sees_the_face_that_its_ray_meets_first(seed: int, count: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-0.5, 0.5, (count, 1, 3)) + rng.uniform(-size / 2, size / 2, (count, 3, 3))
    vertices, faces = corners.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3)
    seen, expected = faces_seen(vertices, faces, 64), traced(vertices, faces, 64)
    # Corners are snapped to 1/256 of a pixel: a sample that an edge passes that near may go either way.
    assert (seen != expected).sum() <= 8 + 4 * count


def test_embree_sees_the_same_faces() -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform(-0.5, 0.5, (400, 1, 3)) + rng.uniform(-0.15, 0.15, (400, 3, 3))
    vertices, faces = corners.reshape(-1, 3), np.arange(1200).reshape(-1, 3)
    directions = rays(256).reshape(-1, 3)
    hit, face, _ = Scene(TriangleMesh(vertices, faces)).first_hits(
        AHEAD.eye.astype(np.float32), directions.astype(np.float32)
    )
    expected = np.full(4 * 256 * 256, -1)
    expected[hit] = face
    assert (faces_seen(vertices, faces, 256).ravel() != expected).mean() < 2e-3


def test_faces_are_seen_from_both_sides_and_lines_from_none() -> None:
    corners = np.array([[-0.25, -0.25, 0], [0.25, -0.25, 0], [0.25, 0.25, 0], [0.75, 0.75, 0]])
    front, back = (faces_seen(corners, np.array([face]), 64) for face in ([0, 1, 2], [2, 1, 0]))
    assert (front == back).all()
    assert (front == 0).sum() > 100
    assert (faces_seen(corners, np.array([[0, 2, 3], [1, 1, 2]]), 64) == -1).all()


@pytest.mark.parametrize("threads", [2, 5])
def test_the_number_of_threads_changes_nothing(threads: int) -> None:
    vertices, faces = sphere(40, 0.7)
    with Crew(1) as alone, Crew(threads) as several:
        one, many = (
            first_seen(vertices.astype(np.float32), faces.astype(np.int32), AHEAD, 300, crew)
            for crew in (alone, several)
        )
    assert (one == many).all()


@pytest.mark.parametrize("slant", [(1.0, 0.02), (0.02, 1.0), (-1.0, 0.02), (0.02, -1.0)])
def test_nearly_level_and_nearly_upright_edges_get_five_tones(slant: tuple[float, float]) -> None:
    along, inwards = np.array(slant), np.array([-slant[1], slant[0]])
    corners = np.array([-0.6 * along, 0.6 * along, 0.6 * along + 0.5 * inwards, -0.6 * along + 0.5 * inwards])
    vertices = np.column_stack([corners, np.zeros(4)])
    covered = (faces_seen(vertices, np.array([[0, 1, 2], [0, 2, 3]]), 64) >= 0).reshape(64, 4, 64).sum(axis=1)
    assert set(np.unique(covered)) == {0, 1, 2, 3, 4}
    assert np.bincount(covered.ravel())[1:4].min() >= 4
