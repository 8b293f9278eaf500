"""Views into Gaussians: own pictures and poses, checked before anything is computed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.cameras import orbit, plucker
from pipelines.errors import BackendFailed, InvalidInput, NoSubject
from pipelines.geometry import Gaussians, Views
from pipelines.images import Picture
from pipelines.lgm import Lgm, agreement, network_input, own_views, splat
from pipelines.lgm.config import LgmConfig
from tests.pipelines.lgm.golden import TINY

RNG = np.random.default_rng(5)


def views(count: int = 4, size: int = 16) -> Views:
    return Views(
        RNG.random((count, size, size, 3), np.float32) * 0.9, orbit([0.0] * count, [90.0 * i for i in range(count)])
    )


def disc(size: int, *, alpha: bool, background: int = 255) -> Picture:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    inside = np.hypot(x, y) < 0.3 * size
    rgba = np.full((size, size, 4), background, np.uint8)
    rgba[inside] = (200, 30, 30, 255)
    rgba[:, :, 3] = np.where(inside, 255, 0) if alpha else 255
    return Picture(rgba)


def test_the_input_is_normalised_colour_then_rays() -> None:
    given_views = views()
    tensor = network_input(given_views, 16)
    red = (given_views.images[2, 3, 4, 0] - 0.485) / 0.229
    assert tensor.shape == (4, 9, 16, 16)
    assert float(tensor[2, 0, 3, 4]) == pytest.approx(red, abs=1e-5)
    torch.testing.assert_close(tensor[:, 3:], torch.from_numpy(plucker(given_views.c2w, 49.1, 16)))


def test_many_objects_are_splatted_as_each_alone() -> None:
    torch.manual_seed(0)
    model = Lgm(TINY).eval()
    objects = [views(), views(size=24), views()]
    together = splat(model, objects)
    for one, alone in zip(together, (splat(model, [v])[0] for v in objects), strict=True):
        np.testing.assert_allclose(one.means, alone.means, atol=1e-5)
    assert [len(g) for g in together] == [4 * 8 * 8] * 3
    assert splat(model, []) == []


def test_a_ray_head_places_every_gaussian_near_its_own_ray() -> None:
    torch.manual_seed(1)
    config = LgmConfig(16, 8, (16, 32), (False, True), True, (32,), (True,), groups=16, position="ray")
    poses = orbit([30.0, -30.0, 10.0, 89.9])
    found = splat(Lgm(config).eval(), [Views(views().images, poses)])[0].means.reshape(4, 64, 3)
    directions = np.moveaxis(plucker(poses, 49.1, 8)[:, 3:], 1, -1).reshape(4, 64, 3)
    offset = found - poses[:, None, :3, 3]
    aside = np.linalg.norm(np.cross(offset, directions), axis=-1)
    assert aside.max() < 0.1  # two small steps of weights that were never trained
    assert np.ptp((offset * directions).sum(-1)) > 0.01


def test_the_wrong_number_of_views_is_refused() -> None:
    with pytest.raises(InvalidInput, match="takes 4 views"):
        splat(Lgm(TINY), [views(3)])


@pytest.mark.parametrize(
    ("value", "told"), [(np.nan, "not numbers"), (np.inf, "not numbers"), (1.5, "outside"), (-1, "outside")]
)
def test_pixels_that_are_no_colours_are_refused(value: float, told: str) -> None:
    broken = views()
    broken.images[1, 2, 3, 0] = value
    with pytest.raises(InvalidInput, match=told):
        splat(Lgm(TINY), [broken])


def test_a_view_of_nothing_or_of_one_pixel_is_named() -> None:
    empty = views(size=64)
    empty.images[2] = 1.0
    empty.images[2, 30, 30] = 0.0
    with pytest.raises(NoSubject, match="View 3"):
        splat(Lgm(TINY), [empty])


def test_weights_that_give_no_numbers_are_a_failed_backend() -> None:
    model = Lgm(TINY)
    torch.nn.init.constant_(model.conv.weight, float("inf"))
    with pytest.raises(BackendFailed, match="not finite"):
        splat(model, [views()])


def test_tensors_of_another_shape_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"not \[1, 4, 9, 32, 32\]"):
        Lgm(TINY)(torch.zeros(1, 4, 9, 32, 32))


@pytest.mark.parametrize("alpha", [True, False])
def test_own_pictures_keep_their_subject_where_it_stands(alpha: bool) -> None:
    own = own_views([disc(size, alpha=alpha) for size in (64, 96, 128, 200)], size=64)
    shown = own.images.min(axis=3) < 0.5
    assert own.images.shape == (4, 64, 64, 3)
    assert shown.mean(axis=(1, 2)) == pytest.approx(np.pi * 0.3**2, rel=0.05)
    np.testing.assert_allclose(own.images[:, 0, 0], 1.0)
    np.testing.assert_allclose(own.images[0, 32, 32], np.array([200, 30, 30]) / 255, atol=0.02)


def test_a_coloured_background_is_cut_away() -> None:
    noisy = []
    for _ in range(4):
        picture = disc(96, alpha=False, background=120)
        noise = RNG.integers(-3, 4, (96, 96, 3))
        picture.rgba[:, :, :3] = np.clip(picture.rgba[:, :, :3] + noise, 0, 255)
        noisy.append(picture)
    shown = own_views(noisy, size=96).images.min(axis=3) < 0.9
    assert shown.mean() == pytest.approx(np.pi * 0.3**2, rel=0.1)


def test_standard_cameras_stand_at_the_elevation_asked() -> None:
    own = own_views([disc(32, alpha=True)] * 4, elevation_deg=20)
    np.testing.assert_allclose(own.c2w, orbit([20.0] * 4))
    assert own.c2w[0, 1, 3] > 0, "positive is above"


@given(st.floats(0.01, 60))
@settings(max_examples=20, deadline=None)
def test_poses_of_any_unit_become_lgms(unit: float) -> None:
    poses = orbit([10.0, -20, 0, 40], [5.0, 100, 190, 260])
    scaled = poses.copy()
    scaled[:, :3, 3] *= unit
    np.testing.assert_allclose(own_views([disc(16, alpha=True)] * 4, scaled, size=16).c2w, poses, rtol=1e-4, atol=1e-5)


def broken_pose(kind: str) -> NDArray[np.float64]:
    poses = orbit([0.0] * 4).astype(np.float64)
    if kind == "scaled":
        poses[1, :3, :3] *= 1.5
    elif kind == "mirrored":
        poses[1, :3, 0] *= -1
    elif kind == "not finite":
        poses[1, 0, 3] = np.nan
    elif kind == "row":
        poses[1, 3] = (0, 0, 1, 1)
    elif kind == "origin":
        poses[:, :3, 3] = 0
    elif kind == "far":
        poses[1, 0, 3] = 1e9
    elif kind == "three":
        poses = poses[:3]
    elif kind == "shape":
        poses = poses[:, :3]
    return poses


@pytest.mark.parametrize(("kind", "told"), [
    ("scaled", "view 2 is not a rotation"), ("mirrored", "view 2 is not a rotation"), ("not finite", "not finite"),
    ("row", "0 0 0 1"), ("origin", "at the origin"), ("far", "further than"), ("three", "3 cameras"), ("shape", "4x4"),
])  # fmt: skip
def test_poses_that_are_none_are_refused(kind: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        own_views([disc(16, alpha=True)] * 4, broken_pose(kind))


def test_pictures_that_are_no_views_are_refused() -> None:
    flat = Picture(np.zeros((20, 30, 4), np.uint8))
    with pytest.raises(InvalidInput, match="View 2 has 30 x 20"):
        own_views([disc(16, alpha=True), flat, flat, flat])
    with pytest.raises(InvalidInput, match="3 came without cameras"):
        own_views([disc(16, alpha=True)] * 3)
    with pytest.raises(NoSubject, match="View 1"):
        own_views([Picture(np.zeros((16, 16, 4), np.uint8))] * 4)
    with pytest.raises(InvalidInput, match="field of view"):
        own_views([disc(16, alpha=True)] * 4, fovy_deg=0.0)


def test_views_agree_best_with_the_gaussians_they_show() -> None:
    ball = RNG.normal(size=(400, 3))
    means = (0.4 * ball / np.linalg.norm(ball, axis=1, keepdims=True)).astype(np.float32)
    rgb = (means + 0.4).astype(np.float32)
    unit = np.tile(np.array([1, 0, 0, 0], np.float32), (400, 1))
    gaussians = Gaussians(means, np.full(400, 0.95, np.float32), np.full((400, 3), 0.05, np.float32), unit, rgb)
    from pipelines.geometry import FreeCamera
    from pipelines.splats import render

    poses = orbit([30.0, -30, 30, -30])
    shown = Views(np.stack([np.clip(render(gaussians, FreeCamera(c2w), 64)[0], 0, 1) for c2w in poses]), poses)
    swapped = Views(shown.images[[1, 0, 3, 2]], poses)
    assert agreement(gaussians, shown) > 60
    assert agreement(gaussians, swapped) < agreement(gaussians, shown) - 20
