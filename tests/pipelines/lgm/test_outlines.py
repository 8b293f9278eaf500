"""Gaussians held inside the outlines of their views."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.cameras import FOVY_DEG, orbit, world_to_opencv
from pipelines.errors import InvalidInput
from pipelines.geometry import Gaussians, TriangleMesh, Views
from pipelines.lgm.outlines import within_outlines
from pipelines.pictures.photograph import Studio
from tests.pipelines.pictures.test_photograph import box

SIZE = 32
POSES = orbit([30.0, -30.0, 30.0, -30.0])


def rows_of(mesh: TriangleMesh, color: float = 0.4) -> tuple[Gaussians, Views]:
    """What a network that never errs makes of the four views of a mesh, and the views."""
    studio = Studio(mesh)
    maps = studio.sightings(POSES, FOVY_DEG, SIZE)
    count = 4 * SIZE * SIZE
    means, opacity = np.zeros((count, 3), np.float32), np.zeros(count, np.float32)
    means[maps.pixel], opacity[maps.pixel] = maps.points - 0.01 * maps.normals, 1.0
    turn = np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))
    rows = Gaussians(
        means, opacity, np.full((count, 3), 0.01, np.float32), turn, np.full((count, 3), color, np.float32)
    )
    return rows, studio.photograph(POSES, FOVY_DEG, 2 * SIZE)


def displaced(rows: Gaussians, by: float) -> Gaussians:
    """Every Gaussian, further from its own camera."""
    eyes = np.repeat(POSES[:, :3, 3], SIZE * SIZE, axis=0)
    rays = rows.means - eyes
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    return with_means(rows, rows.means + np.float32(by) * rays)


def with_means(rows: Gaussians, means: NDArray[np.float32]) -> Gaussians:
    return Gaussians(means.astype(np.float32), rows.opacity, rows.scaling, rows.rotation, rows.rgb)


def outside(rows: Gaussians, views: Views) -> NDArray[np.float64]:
    """By how many pixels each opaque Gaussian lies beside the ink of the view that it misses most."""
    worst = np.zeros(int((rows.opacity > 0.5).sum()))
    for image, c2w in zip(views.images, views.c2w, strict=True):
        ink = np.argwhere(image.min(axis=-1) < 0.98).astype(np.float64)
        rotation, translation = world_to_opencv(c2w)
        seen = rows.means[rows.opacity > 0.5] @ rotation.T + translation
        focal = SIZE / np.tan(np.deg2rad(FOVY_DEG / 2))
        at = focal * seen[:, 1::-1] / seen[:, 2:] + SIZE - 0.5  # row, column
        worst = np.maximum(worst, np.linalg.norm(at[:, None] - ink[None], axis=2).min(axis=1))
    return worst


MESH = box((-0.25, -0.3, -0.15), (0.2, 0.35, 0.3), color=150)


def test_what_lies_on_the_object_stays_where_it_is() -> None:
    rows, views = rows_of(MESH)
    held = within_outlines(rows, views)
    moved = np.linalg.norm(held.means - rows.means, axis=1)
    assert (moved[rows.opacity > 0.5] == 0).mean() > 0.95  # but for a few on the very rim
    assert moved.max() < 0.1


@settings(max_examples=12, deadline=None)
@given(by=st.floats(0.2, 0.5), sign=st.sampled_from([-1.0, 1.0]))
def test_what_was_misplaced_comes_back_along_its_ray(by: float, sign: float) -> None:
    rows, views = rows_of(MESH)
    wrong = displaced(rows, sign * by)
    held = within_outlines(wrong, views)
    assert np.quantile(outside(held, views), 0.98) < 2.0  # a pixel of the network's own maps
    shift = held.means - wrong.means
    rays = rows.means - np.repeat(POSES[:, :3, 3], SIZE * SIZE, axis=0)
    assert np.abs(np.cross(shift, rays / np.linalg.norm(rays, axis=1, keepdims=True))).max() < 1e-5
    right = rows.opacity > 0.5
    error = [np.linalg.norm(one.means - rows.means, axis=1)[right].mean() for one in (wrong, held)]
    # Before the object a ray is outside every other view's outline; behind its front it may still be inside them.
    assert error[1] < (0.1 if sign < 0 else error[0])


def test_only_means_change_and_none_is_lost() -> None:
    rows, views = rows_of(MESH)
    wrong = displaced(rows, 0.4)
    held = within_outlines(wrong, views)
    for name in ("opacity", "scaling", "rotation", "rgb"):
        assert np.array_equal(getattr(held, name), getattr(wrong, name))
    faint = rows.opacity < 0.05
    assert np.array_equal(held.means[faint], wrong.means[faint])


def test_views_that_contradict_each_other_move_nothing() -> None:
    rows, views = rows_of(box((-0.45, -0.05, -0.05), (-0.35, 0.05, 0.05)))
    other, elsewhere = rows_of(box((0.35, 0.3, 0.3), (0.45, 0.4, 0.4)))
    images = np.concatenate([views.images[:2], elsewhere.images[2:]])
    half = 2 * SIZE * SIZE
    mixed = with_means(rows, np.concatenate([rows.means[:half], other.means[half:]]))
    opacity = np.concatenate([rows.opacity[:half], other.opacity[half:]])
    mixed = Gaussians(mixed.means, opacity, mixed.scaling, mixed.rotation, mixed.rgb)
    assert np.array_equal(within_outlines(mixed, Views(images, POSES)).means, mixed.means)


def test_a_white_object_is_where_the_network_saw_it() -> None:
    rows, _ = rows_of(MESH)
    blank = Views(np.ones((4, 2 * SIZE, 2 * SIZE, 3), np.float32), POSES)
    moved = np.linalg.norm(within_outlines(rows, blank).means - rows.means, axis=1)
    assert (moved[rows.opacity > 0.5] == 0).mean() > 0.8  # these maps are half as fine as the pictures


def test_gaussians_of_other_views_are_refused() -> None:
    rows, views = rows_of(MESH)
    fewer = Gaussians(rows.means[1:], rows.opacity[1:], rows.scaling[1:], rows.rotation[1:], rows.rgb[1:])
    with pytest.raises(InvalidInput, match="not those of 4 views"):
        within_outlines(fewer, views)
    none = Gaussians(rows.means[:0], rows.opacity[:0], rows.scaling[:0], rows.rotation[:0], rows.rgb[:0])
    with pytest.raises(InvalidInput, match="0 Gaussians"):
        within_outlines(none, views)
