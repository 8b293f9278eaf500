import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipelines.errors import InvalidInput
from pipelines.geometry import Camera, Gaussians
from pipelines.splats import render
from tests.support.solids import random_gaussians

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


def slow_render(
    gaussians: Gaussians, camera: Camera, size: int, background: tuple[float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same picture, splat by splat over all pixels in 64 bits, with another way to the camera."""
    turn = Rotation.from_euler("YX", [camera.azimuth_deg, -camera.elevation_deg], degrees=True).as_matrix()
    eye = turn @ [0, 0, camera.radius]
    flip = np.diag([1.0, -1.0, -1.0])
    w2c = flip @ turn.T
    focal = size / (2 * np.tan(np.deg2rad(camera.fovy_deg) / 2))
    y, x = np.mgrid[:size, :size] + 0.5 - size / 2
    image, clear = np.zeros((size, size, 3)), np.ones((size, size))
    seen = (gaussians.means - eye) @ w2c.T
    for k in np.argsort(seen[:, 2]):
        px, py, pz = seen[k].astype(float)
        if pz <= 0.01:
            continue
        axes = Rotation.from_quat(gaussians.rotation[k, [1, 2, 3, 0]]).as_matrix() * gaussians.scaling[k]
        limit = 1.3 * size / 2 / focal
        u, v = np.clip([px / pz, py / pz], -limit, limit)
        jacobian = focal / pz * np.array([[1, 0, -u], [0, 1, -v]])
        cov = jacobian @ w2c @ axes @ axes.T @ w2c.T @ jacobian.T + 0.3 * np.eye(2)
        offset = np.stack([x - focal * px / pz, y - focal * py / pz], -1)
        power = np.einsum("hwi,ij,hwj->hw", offset, np.linalg.inv(cov), offset) / 2
        alpha = np.minimum(0.99, gaussians.opacity[k] * np.exp(-power))
        alpha[alpha < 1 / 255] = 0
        image += (clear * alpha)[..., None] * gaussians.rgb[k]
        clear *= 1 - alpha
    return image + clear[..., None] * np.array(background), 1 - clear


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.floats(-80, 80), st.floats(-180, 180), st.integers(17, 70))
def test_the_picture_is_that_of_the_slow_twin(seed: int, elevation: float, azimuth: float, size: int) -> None:
    gaussians, camera = random_gaussians(60, seed), Camera(elevation, azimuth, 1.5, 49.1)
    image, alpha = render(gaussians, camera, size, (0.2, 0.5, 0.9))
    slow_image, slow_alpha = slow_render(gaussians, camera, size, (0.2, 0.5, 0.9))
    # A splat that is just at 1/255 may fall to either side of the limit.
    assert np.abs(image - slow_image).max() < 1.5 / 255
    assert np.abs(alpha - slow_alpha).max() < 1.5 / 255
    assert np.abs(image - slow_image).mean() < 1e-4


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


@pytest.mark.parametrize(
    ("camera", "size"), [(Camera(), 0), (Camera(), 9999), (Camera(radius=0), 32), (Camera(fovy_deg=0), 32)]
)
def test_a_camera_or_size_that_cannot_be_is_refused(camera: Camera, size: int) -> None:
    with pytest.raises(InvalidInput):
        render(one(), camera, size)
