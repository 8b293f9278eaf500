import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file

from pipelines.cameras import orbit_c2w
from pipelines.errors import InvalidInput
from pipelines.geometry import Camera, FreeCamera, Gaussians
from pipelines.splats import rasterizers, render, render_many
from tests.pipelines.splats.twin import ellipses, slow_render, w2c_of
from tests.support.solids import random_gaussians

MODELS = Path(__file__).parents[2] / "golden/models"
PAPER = (0.2, 0.5, 0.9)
BLACK = (0.0, 0.0, 0.0)


def one(
    mean: tuple[float, float, float] = (0, 0, 0), opacity: float = 0.8, scale: float = 0.05, red: float = 1.0
) -> Gaussians:
    return Gaussians(
        np.array([mean], np.float32),
        np.array([opacity], np.float32),
        np.full((1, 3), scale, np.float32),
        np.array([[1, 0, 0, 0]], np.float32),
        np.array([[red, 0.25, 0.0]], np.float32),
    )


def both(*parts: Gaussians) -> Gaussians:
    fields = dataclasses.fields(Gaussians)
    return Gaussians(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields))


@pytest.fixture(scope="module")
def reference() -> dict[str, NDArray[np.float32]]:
    return dict(load_file(MODELS / "splat_reference.safetensors"))


def gaussians_of(reference: dict[str, NDArray[np.float32]]) -> Gaussians:
    rows = reference["input.gaussians"]
    return Gaussians(rows[:, :3], rows[:, 3], rows[:, 4:7], rows[:, 7:11], rows[:, 11:])


@pytest.mark.parametrize("view", [0, 1, 2])
def test_the_reference_pictures_are_met(view: int, reference: dict[str, NDArray[np.float32]]) -> None:
    """To 5e-6: 32-bit sums of up to 96 terms, and an exponential good to 2e-6. No pixel falls to the other side of a
    limit, which would be 1/255 here; leaving out the rule of tiles or of the early stop is 2e-3 off."""
    camera = FreeCamera(reference[f"v{view}.c2w_opengl"])
    (drawn,) = render_many(gaussians_of(reference), [camera], 64)
    assert drawn.image == pytest.approx(np.moveaxis(reference[f"v{view}.image"], 0, -1), abs=5e-6)
    assert drawn.alpha == pytest.approx(reference[f"v{view}.alpha"][0], abs=5e-6)
    assert drawn.depth == pytest.approx(reference[f"v{view}.depth"][0], abs=1e-5)  # alphas times distances of 2


@pytest.mark.parametrize("view", [0, 1, 2])
def test_the_reference_ellipses_are_met_by_the_twin(view: int, reference: dict[str, NDArray[np.float32]]) -> None:
    """So that the twin may speak for the reference on other input. Both are 64 bits; the file keeps 32."""
    c2w = reference[f"v{view}.c2w_opengl"].astype(np.float64)
    w2c = np.asarray(np.linalg.inv(c2w @ np.diag([1.0, -1.0, -1.0, 1.0])), np.float64)
    found = ellipses(gaussians_of(reference), w2c, 49.1, 64)
    seen = reference[f"v{view}.radii"] > 0
    assert (seen == (found.z > 0.2)).all()
    assert found.center[seen] == pytest.approx(reference[f"v{view}.means2d"][seen], abs=1e-5)
    conic = np.stack([found.conic[:, 0, 0], found.conic[:, 0, 1], found.conic[:, 1, 1]], axis=1)
    assert conic[seen] == pytest.approx(reference[f"v{view}.conics"][seen], abs=1e-6)
    assert (found.radius[seen] == reference[f"v{view}.radii"][seen]).all()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    camera=st.builds(Camera, st.floats(-80, 80), st.floats(-180, 180), st.floats(0.3, 3), st.floats(10, 100)),
    size=st.integers(1, 70),
    solid=st.booleans(),
)
def test_the_picture_is_that_of_the_slow_twin(seed: int, camera: Camera, size: int, solid: bool) -> None:
    gaussians = random_gaussians(60, seed)
    if solid:  # so that pixels are done long before the last splat
        gaussians = dataclasses.replace(gaussians, opacity=np.ones(60, np.float32), scaling=3 * gaussians.scaling)
    (drawn,) = render_many(gaussians, [camera], size, PAPER)
    image, alpha, depth = slow_render(gaussians, w2c_of(camera), camera.fovy_deg, size, PAPER)
    # A splat that is just at 1/255, or a light that is just at 1e-4, may fall to either side of the limit.
    assert np.abs(drawn.image - image).max() < 1.5 / 255
    assert np.abs(drawn.alpha - alpha).max() < 1.5 / 255
    assert np.abs(drawn.depth - depth).max() < 4 * 1.5 / 255
    assert np.abs(drawn.image - image).mean() < 1e-4


def test_any_number_of_threads_and_cameras_draws_the_same_bits() -> None:
    gaussians, cameras = random_gaussians(3000), [Camera(10, 40 * k) for k in range(5)]
    alone = [render(gaussians, camera, 100, PAPER, threads=1) for camera in cameras]
    for threads in (1, 2, 3, 40):
        several = list(render_many(gaussians, cameras, 100, PAPER, threads=threads))
        for camera, (image, alpha), drawn in zip(cameras, alone, several, strict=True):
            assert (drawn.image == image).all()
            assert (drawn.alpha == alpha).all()
            assert (render(gaussians, camera, 100, PAPER, threads=threads)[0] == image).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_order_of_the_splats_does_not_matter(seed: int, shuffle: random.Random) -> None:
    gaussians = random_gaussians(200, seed)
    order = list(range(200))
    shuffle.shuffle(order)
    shuffled = Gaussians(*(getattr(gaussians, field.name)[order] for field in dataclasses.fields(gaussians)))
    assert (render(gaussians, Camera(20, 30), 50)[0] == render(shuffled, Camera(20, 30), 50)[0]).all()


def test_splats_equally_far_keep_their_order() -> None:
    first, second = one((0, 0, 0), 0.5, red=1.0), one((0, 0, 0), 0.5, red=0.0)
    assert render(both(first, second), Camera(), 33, BLACK)[0][16, 16, 0] == pytest.approx(0.5, abs=1e-5)
    assert render(both(second, first), Camera(), 33, BLACK)[0][16, 16, 0] == pytest.approx(0.25, abs=1e-5)


def test_a_pixel_is_done_before_the_splat_that_would_close_it() -> None:
    # 0.01 * 0.02 lets 2e-4 through; the third would leave 2e-6, less than 1e-4, and is not added. Nor is the faint
    # fourth, which alone would leave enough: a pixel that is done stays done.
    layers = ((0.3, 0.99, 0.0), (0.2, 0.98, 0.0), (0.1, 0.99, 1.0), (0.0, 0.1, 1.0))
    stack = both(*(one((0, 0, z), opacity, red=red) for z, opacity, red in layers))
    image, alpha = render(stack, Camera(), 33, BLACK)
    assert alpha[16, 16] == pytest.approx(0.9998, abs=1e-6)
    assert image[16, 16, 0] == 0


def test_nearer_than_a_fifth_is_not_drawn() -> None:
    assert not render(one((0, 0, 1.301)), Camera(), 33)[1].any()  # the camera stands at 1.5
    assert render(one((0, 0, 1.299)), Camera(), 33)[1].any()


def test_a_square_of_three_deviations_ends_on_tiles() -> None:
    # Sigma is 2.45 px across, the square's half side 8 px. About 32 it is [24, 40], tiles 1 and 2. About 40.5 it ends
    # at 48.5, and 3DGS leaves the tile of pixel 48 out, although alpha would be 0.0046 there, more than 1/255.
    for pixel, tiles in ((32, {1, 2}), (40.5, {2})):
        x = (pixel - 32) * 2 * 1.5 * np.tan(np.deg2rad(49.1 / 2)) / 65
        _, alpha = render(one((x, 0, 0), 0.5), Camera(), 65, BLACK)
        assert {int(column) // 16 for column in np.flatnonzero(alpha.any(axis=0))} == tiles


def test_depth_is_the_alpha_weighted_distance() -> None:
    (drawn,) = render_many(both(one((0, 0, 0.5), 0.5), one((0, 0, -0.5), 0.5)), [Camera()], 33)
    assert drawn.depth[16, 16] == pytest.approx(0.5 * 1.0 + 0.25 * 2.0, abs=1e-5)
    assert drawn.depth[0, 0] == 0


def test_a_free_camera_on_the_orbit_sees_what_the_orbit_camera_sees() -> None:
    gaussians, orbiting = random_gaussians(100), Camera(-25, 130, 1.8, 40)
    free = FreeCamera(orbit_c2w(-25, 130, 1.8), 40)
    assert (render(gaussians, orbiting, 48)[0] == render(gaussians, free, 48)[0]).all()


def test_a_splat_at_the_origin_is_in_the_middle_with_its_own_opacity() -> None:
    image, alpha = render(one(), Camera(), 65, BLACK)
    assert alpha.argmax() == 32 * 65 + 32
    assert alpha[32, 32] == pytest.approx(0.8, abs=1e-6)
    assert image[32, 32] == pytest.approx([0.8, 0.2, 0.0], abs=1e-6)


def test_its_width_is_that_of_perspective() -> None:
    # sigma 0.05 at distance 1.5, focal 65 / (2 tan 24.55 deg) = 71.15 px: 2.372 px; with 0.3 px^2 more, 2.434 px.
    _, alpha = render(one(), Camera(), 65, BLACK)
    assert alpha[32, 35] / alpha[32, 32] == pytest.approx(np.exp(-0.5 * (3 / 2.434) ** 2), rel=2e-3)


def test_up_is_up_and_right_is_right() -> None:
    _, up = render(one((0, 0.3, 0)), Camera(), 64, BLACK)
    _, right = render(one((0.3, 0, 0)), Camera(), 64, BLACK)
    assert np.argwhere(up > 0.5)[:, 0].mean() < 28
    assert np.argwhere(right > 0.5)[:, 1].mean() > 36


def test_azimuth_ninety_stands_on_plus_x_and_elevation_lifts_the_camera() -> None:
    near, far = one((0.4, 0, 0), 0.98, 0.1, red=1.0), one((-0.4, 0, 0), 0.98, 0.1, red=0.0)
    image, _ = render(both(far, near), Camera(azimuth_deg=90), 33, BLACK)
    assert image[16, 16, 0] > 0.95
    high, low = one((0, 0.4, 0), 0.98, 0.1, red=1.0), one((0, -0.4, 0), 0.98, 0.1, red=0.0)
    image, _ = render(both(low, high), Camera(elevation_deg=89), 33, BLACK)
    assert image[16, 16, 0] > 0.95


def test_nearer_splats_cover_farther_ones_whatever_their_order() -> None:
    near, far = one((0, 0, 0.3), 0.5, red=1.0), one((0, 0, -0.3), 0.5, red=0.0)
    for pair in (both(near, far), both(far, near)):
        image, alpha = render(pair, Camera(), 33, BLACK)
        assert image[16, 16, 0] == pytest.approx(0.5, abs=1e-3)
        assert alpha[16, 16] == pytest.approx(0.75, abs=1e-3)


def test_nothing_shows_the_background() -> None:
    behind = one((0, 0, 5.0))
    image, alpha = render(behind, Camera(), 20, (0.1, 0.2, 0.3))
    assert np.allclose(image, [0.1, 0.2, 0.3])
    assert not alpha.any()
    none = Gaussians(*(getattr(behind, field.name)[:0] for field in dataclasses.fields(behind)))
    assert np.allclose(render(none, Camera(), 20, (0.1, 0.2, 0.3))[0], [0.1, 0.2, 0.3])


def test_no_cameras_give_no_pictures() -> None:
    assert list(render_many(one(), [], 20)) == []


SHEARED = FreeCamera(np.array([[1, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 1, 2], [0, 0, 0, 1]], np.float32))


@pytest.mark.parametrize(
    ("camera", "size"),
    [
        (Camera(), 0),
        (Camera(), 9999),
        (Camera(radius=0), 32),
        (Camera(radius=float("inf")), 32),
        (Camera(fovy_deg=0), 32),
        (Camera(fovy_deg=180), 32),
        (Camera(fovy_deg=float("nan")), 32),
        (Camera(elevation_deg=float("nan")), 32),
        (SHEARED, 32),
        (FreeCamera(np.eye(4, dtype=np.float32)[:3]), 32),
    ],
)
def test_a_camera_or_size_that_cannot_be_is_refused(camera: Camera | FreeCamera, size: int) -> None:
    with pytest.raises(InvalidInput):
        render(one(), camera, size)


@pytest.mark.parametrize("field", ["means", "opacity", "scaling", "rotation", "rgb"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(field: str, value: float) -> None:
    broken = one()
    getattr(broken, field).flat[0] = value
    with pytest.raises(InvalidInput, match="finite"):
        render(broken, Camera(), 16)


def test_a_background_or_threads_that_cannot_be_are_refused() -> None:
    for background in ((0.0, 2.0, 0.0), (0.0, float("nan"), 0.0), (1.0, 1.0)):
        with pytest.raises(InvalidInput):
            render(one(), Camera(), 16, background)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        render(one(), Camera(), 16, threads=0)


@settings(max_examples=30, deadline=None)
@given(
    scale=st.sampled_from([0.0, 1e-12, 1e-3, 10.0, 1e6]),
    x=st.sampled_from([0.0, -0.7, 1.29999, 50.0, 1e6]),
    z=st.sampled_from([0.0, 1.2999, 1.3, 1.5, -1e6]),
    fovy_deg=st.sampled_from([0.01, 49.1, 179.0]),
)
def test_extreme_splats_leave_numbers_in_range(scale: float, x: float, z: float, fovy_deg: float) -> None:
    for drawn in render_many(one((x, 0.1, z), 1.0, scale), [Camera(fovy_deg=fovy_deg)], 40):
        assert ((drawn.image >= 0) & (drawn.image <= 1)).all()
        assert ((drawn.alpha >= 0) & (drawn.alpha <= 1)).all()
        assert np.isfinite(drawn.depth).all()


def test_the_states_of_the_rasterizers_name_licence_and_reason() -> None:
    states = {state.name: state for state in rasterizers()}
    assert list(states) == ["cpu", "gsplat", "diff-gaussian-rasterization"]
    assert states["cpu"].available
    assert states["gsplat"].licence == "commercial"
    assert states["diff-gaussian-rasterization"].licence == "non_commercial"
    for state in states.values():
        assert state.available == (not state.reason)


def test_a_rasterizer_that_cannot_draw_here_is_refused_by_name_and_auto_draws() -> None:
    for state in rasterizers():
        if not state.available:
            with pytest.raises(InvalidInput, match=state.name):
                render(one(), Camera(), 16, rasterizer=state.name)
    with pytest.raises(InvalidInput, match="no rasterizer 'opengl'"):
        render(one(), Camera(), 16, rasterizer="opengl")  # type: ignore[arg-type]
    assert render(one(), Camera(), 17, BLACK, "auto")[1][8, 8] == pytest.approx(0.8, abs=0.01)
