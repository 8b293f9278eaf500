import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.errors import InvalidInput, NoSubject
from pipelines.images import Cutout, Picture, cut_out
from pipelines.relief import ReliefMode, ReliefOptions, build_relief, resolved_mode
from tests.support.solids import is_closed, manifold, volume


def disc(radius: int = 180, hole: int = 0, size: int = 400) -> Cutout:
    """A disc, red on its upper half and blue on its lower."""
    mask = np.zeros((4 * size, 4 * size), np.uint8)
    cv2.circle(mask, (2 * size, 2 * size), 4 * radius, 255, -1)
    cv2.circle(mask, (2 * size, 2 * size), 4 * hole, 0, -1 if hole else 1)
    rgba = np.zeros((size, size, 4), np.uint8)
    rgba[: size // 2, :, 0], rgba[size // 2 :, :, 2] = 220, 220
    rgba[..., 3] = cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)
    return cut_out(Picture(rgba))


def scene(rgb: NDArray[np.uint8]) -> Cutout:
    return Cutout(np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]), "grabcut", 1.0, 0.5)


def test_an_inflated_disc_is_half_an_ellipsoid_on_a_coin() -> None:
    mesh = build_relief(disc(), ReliefOptions("inflate", size_mm=60, thickness_mm=12, base_mm=2))
    assert mesh.size == pytest.approx([60, 60, 12], rel=0.01)
    expected = np.pi * 30**2 * 2 + 2 / 3 * np.pi * 30**2 * 10
    assert volume(mesh) == pytest.approx(expected, rel=0.01)
    x, y, z = mesh.vertices[mesh.vertices[:, 2] > 2.5].T
    assert z == pytest.approx(2 + 10 * np.sqrt(np.maximum(1 - (x**2 + y**2) / 900, 0)), abs=0.25)


def test_the_outline_is_smoother_than_the_pixels() -> None:
    mesh = build_relief(disc(), ReliefOptions("inflate", size_mm=60, resolution=64))
    rim = mesh.vertices[mesh.vertices[:, 2] == 0][:, :2]
    radius = np.linalg.norm(rim, axis=1)
    assert np.ptp(radius) < 0.25 * 60 / 56  # a quarter of a pixel


def test_a_ring_keeps_its_hole() -> None:
    mesh = build_relief(disc(hole=60), ReliefOptions("inflate"))
    assert manifold(mesh).genus() == 1


def test_the_top_of_the_picture_points_to_plus_y_and_keeps_its_colours() -> None:
    mesh = build_relief(disc(), ReliefOptions("inflate"))
    assert mesh.colors is not None
    up, down = mesh.vertices[:, 1] > 2, mesh.vertices[:, 1] < -2
    assert (mesh.colors[up, 0] > 200).all()
    assert (mesh.colors[up, 2] < 20).all()
    assert (mesh.colors[down, 2] > 200).all()


def test_the_background_does_not_bleed_into_the_edge() -> None:
    red = disc()
    fringed = red.rgba.copy()
    blurred = cv2.GaussianBlur(np.where(fringed[..., 3:] > 127, fringed[..., :3], 255).astype(np.uint8), (0, 0), 1)
    cutout = Cutout(np.dstack([blurred, fringed[..., 3]]), "grabcut", red.coverage, 1.0)
    mesh = build_relief(cutout, ReliefOptions("inflate"))
    assert mesh.colors is not None
    assert mesh.colors[:, 1].max() < 40  # white would bring green


def test_bright_parts_of_a_plate_stand_high() -> None:
    steps = np.repeat(np.repeat(np.array([[0, 128, 255]], np.uint8), 60, axis=0), 40, axis=1)
    mesh = build_relief(scene(np.dstack([steps] * 3)), ReliefOptions("plate", size_mm=120, thickness_mm=5, base_mm=2))
    assert mesh.size == pytest.approx([120, 60, 5], rel=0.01)
    top = mesh.vertices[mesh.vertices[:, 2] > 0]
    heights = [np.median(top[np.abs(top[:, 0] - x) < 10][:, 2]) for x in (-40, 0, 40)]
    assert heights == pytest.approx([2, 2 + 3 * 128 / 255, 5], abs=0.05)


def test_a_cutter_has_a_wall_of_even_thickness_around_the_outline() -> None:
    mesh = build_relief(disc(), ReliefOptions("cutter", size_mm=80, thickness_mm=15))
    assert mesh.size == pytest.approx([80, 80, 15], rel=0.005)
    inner = 40 - 1.2 - 4.0
    ring = lambda width: np.pi * ((inner + width) ** 2 - inner**2)  # noqa: E731 - as in the sketch: area of a ring
    expected = ring(5.2) * 2.4 + ring(1.2) * (12 - 2.4) + ring(0.8) * 3
    assert volume(mesh) == pytest.approx(expected, rel=0.01)
    assert manifold(mesh).genus() == 1


def test_a_cutter_closes_the_holes_of_its_outline() -> None:
    solid = build_relief(disc(), ReliefOptions("cutter"))
    holed = build_relief(disc(hole=60), ReliefOptions("cutter"))
    assert volume(holed) == pytest.approx(volume(solid), rel=1e-3)


def test_auto_inflates_silhouettes_and_plates_scenes() -> None:
    assert resolved_mode(disc(), "auto") == "inflate"
    assert resolved_mode(scene(np.zeros((50, 50, 3), np.uint8)), "auto") == "plate"
    doubtful = Cutout(disc().rgba, "grabcut", 0.4, 0.2)
    assert resolved_mode(doubtful, "auto") == "plate"
    assert resolved_mode(doubtful, "cutter") == "cutter"


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["inflate", "plate", "cutter", "auto"]),
    st.floats(30, 300),
    st.sampled_from([32, 64, 97]),
)
def test_any_blotch_becomes_a_closed_solid_of_the_right_size(
    seed: int, mode: ReliefMode, size_mm: float, resolution: int
) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(20, 90, 2))
    blotch = cv2.GaussianBlur(rng.random(shape), (0, 0), 3)
    rgba = rng.integers(0, 256, (*shape, 4)).astype(np.uint8)
    rgba[..., 3] = np.where(blotch > np.quantile(blotch, 0.6), 255, 0)
    mesh = build_relief(cut_out(Picture(rgba)), ReliefOptions(mode, size_mm=size_mm, resolution=resolution))
    assert is_closed(mesh)
    assert manifold(mesh).status().name == "NoError"
    assert volume(mesh) > 0
    assert mesh.size[:2].max() == pytest.approx(size_mm, rel=0.01)
    assert mesh.vertices[:, 2].min() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {"size_mm": 0.0},
        {"size_mm": float("nan")},
        {"size_mm": 1e9},
        {"thickness_mm": -1.0},
        {"base_mm": float("inf")},
        {"resolution": 10_000},
        {"mode": "statue"},
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        ReliefOptions(**options)  # type: ignore[arg-type]


def test_a_cutter_too_small_for_its_walls_is_refused() -> None:
    with pytest.raises(InvalidInput):
        build_relief(disc(), ReliefOptions("cutter", size_mm=15))


def test_a_transparent_cutout_has_no_subject() -> None:
    with pytest.raises(NoSubject):
        build_relief(Cutout(np.zeros((9, 9, 4), np.uint8), "alpha", 0.0, 1.0), ReliefOptions("inflate"))
