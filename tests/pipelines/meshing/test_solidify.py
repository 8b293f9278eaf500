import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipelines.errors import EmptyGeometry, InvalidInput, MoldarError, NotSolid
from pipelines.geometry import Gaussians
from pipelines.meshing import solidified, solidify
from tests.golden import splat_cases
from tests.golden.splat_cases import Mode, SolidName
from tests.support.solids import is_closed, manifold, random_gaussians, volume


def taken(gaussians: Gaussians, index: NDArray[np.int64]) -> Gaussians:
    return Gaussians(*(getattr(gaussians, field.name)[index] for field in dataclasses.fields(gaussians)))


@pytest.mark.parametrize(
    ("name", "mode", "tolerance"),
    [
        ("torus", "ideal", 0.01),
        ("torus", "noisy", 0.015),
        ("torus", "round", 0.015),
        ("blob", "ideal", 0.01),
        ("blob", "noisy", 0.015),
        ("mug", "ideal", 0.02),
        ("mug", "noisy", 0.03),
        ("thincup", "ideal", 0.04),
        ("mug", "round", 0.02),
        ("torus", "junk", 0.02),
        ("blob", "junk", 0.02),
    ],
)
def test_a_known_solid_comes_back_filled_with_its_holes(name: SolidName, mode: Mode, tolerance: float) -> None:
    mesh = solidify(splat_cases.splats(name, mode, 16_384), resolution=128)
    found = manifold(mesh)
    assert found.status().name == "NoError"
    assert found.genus() == splat_cases.GENUS[name]
    assert len(found.decompose()) == 1  # no inner shell: the solid is filled
    assert volume(mesh) == pytest.approx(splat_cases.solid(name).volume(), rel=tolerance)


def test_the_frame_and_the_colours_are_those_of_the_gaussians() -> None:
    mesh = solidify(splat_cases.splats("torus", "ideal", 16_384), resolution=96)
    assert mesh.vertices.min(axis=0) == pytest.approx([-0.55, -0.55, -0.15], abs=0.01)
    assert mesh.vertices.max(axis=0) == pytest.approx([0.55, 0.55, 0.15], abs=0.01)
    assert mesh.colors is not None
    assert np.abs(mesh.colors / 255 - splat_cases.color(mesh.vertices)).mean() < 0.012


def test_two_bodies_stay_two_and_a_speck_is_dropped() -> None:
    one = splat_cases.splats("blob", "ideal", 6_000)
    other = dataclasses.replace(one, means=one.means + np.array([1.6, 0, 0], np.float32))
    speck = dataclasses.replace(taken(one, np.arange(200)), means=one.means[:200] * 0.02 + np.float32(1.2))
    parts = [[getattr(g, f.name) for g in (one, other, speck)] for f in dataclasses.fields(one)]
    mesh = solidify(Gaussians(*(np.concatenate(part) for part in parts)), resolution=128)
    assert len(manifold(mesh).decompose()) == 2


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["ideal", "noisy", "round"]), st.sampled_from([48, 64, 96]))
def test_the_solid_turns_with_its_gaussians_and_is_always_closed(seed: int, mode: Mode, resolution: int) -> None:
    gaussians = splat_cases.splats("blob", mode, 5_000, seed=seed)
    turn = Rotation.random(rng=np.random.default_rng(seed))
    rotation = (turn * Rotation.from_quat(gaussians.rotation[:, [1, 2, 3, 0]])).as_quat()[:, [3, 0, 1, 2]]
    turned = dataclasses.replace(
        gaussians,
        means=(gaussians.means @ turn.as_matrix().T).astype(np.float32),
        rotation=rotation.astype(np.float32),
    )
    mesh = solidify(turned, resolution)
    assert is_closed(mesh)
    assert volume(mesh) == pytest.approx(splat_cases.solid("blob").volume(), rel=0.08)


@pytest.mark.parametrize("count", [0, 1, 2, 10])
def test_too_few_gaussians_are_no_solid(count: int) -> None:
    with pytest.raises(EmptyGeometry):
        solidify(random_gaussians(count))


def test_transparent_gaussians_are_no_solid() -> None:
    torus = splat_cases.splats("torus", "ideal", 1000)
    with pytest.raises(EmptyGeometry):
        solidify(dataclasses.replace(torus, opacity=np.zeros(1000, np.float32)))


def test_faint_gaussians_still_outline_their_solid() -> None:
    torus = splat_cases.splats("torus", "ideal", 8_000)
    faint = dataclasses.replace(torus, opacity=torus.opacity * np.float32(0.2))
    assert volume(solidify(faint, 64)) == pytest.approx(splat_cases.solid("torus").volume(), rel=0.05)


@pytest.mark.parametrize("name", ["means", "opacity", "scaling", "rotation", "rgb"])
def test_nan_anywhere_is_no_solid(name: str) -> None:
    gaussians = splat_cases.splats("torus", "ideal", 500)
    damaged = getattr(gaussians, name).copy()
    damaged.flat[7] = np.nan
    with pytest.raises(NotSolid):
        solidify(dataclasses.replace(gaussians, **{name: damaged}))


def test_coincident_gaussians_have_no_extent() -> None:
    gaussians = random_gaussians(500)
    with pytest.raises(EmptyGeometry):
        solidify(dataclasses.replace(gaussians, means=np.zeros((500, 3), np.float32)))


@pytest.mark.parametrize("resolution", [0, -1, 31, 513, 10**9])
def test_a_resolution_out_of_range_is_refused(resolution: int) -> None:
    with pytest.raises(InvalidInput):
        solidify(random_gaussians(100), resolution)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.integers(64, 3000), st.floats(0.0, 0.5))
def test_a_cloud_of_anything_is_closed_or_one_error(seed: int, count: int, flatness: float) -> None:
    cloud = random_gaussians(count, seed)
    squeezed = cloud.means * np.array([1, 1, flatness], np.float32)
    try:
        mesh = solidify(dataclasses.replace(cloud, means=squeezed), 48)
    except MoldarError:
        return
    assert is_closed(mesh)
    assert volume(mesh) > 0


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["torus", "mug", "blob", "thincup"]),
    st.sampled_from(["ideal", "noisy", "round", "junk"]),
    st.integers(0, 1000),
    st.floats(0.05, 1.0),
    st.floats(-3, 3),
)
def test_any_share_of_any_splats_at_any_scale_is_closed(
    name: SolidName, mode: Mode, seed: int, share: float, decades: float
) -> None:
    full = splat_cases.splats(name, mode, 12_000, seed)
    some = taken(full, np.random.default_rng(seed).permutation(len(full))[: int(share * len(full))])
    scale = np.float32(10**decades)
    result = solidified(dataclasses.replace(some, means=some.means * scale, scaling=some.scaling * scale), 56)
    assert manifold(result.mesh).status().name == "NoError"
    assert is_closed(result.mesh)
    assert volume(result.mesh) > 0.5 * splat_cases.solid(name).volume() * float(scale) ** 3


def test_where_it_was_seen_from_tells_the_inside_of_an_object_with_holes() -> None:
    seen = splat_cases.splats("blob", "views", 0)
    result = solidified(seen, 128, splat_cases.viewpoints())
    assert volume(result.mesh) == pytest.approx(splat_cases.solid("blob").volume(), rel=0.01)
    assert manifold(result.mesh).genus() == 0
    assert 0.03 < result.filled_share < 0.12  # top and bottom, which no camera faced


def test_seen_from_within_a_surface_is_no_solid() -> None:
    torus = splat_cases.splats("torus", "ideal", 4_000)
    inside = (
        torus.means / np.linalg.norm(torus.means[:, :2], axis=1, keepdims=True) * np.array([0.4, 0.4, 0], np.float32)
    )
    with pytest.raises(NotSolid):
        solidify(torus, 64, inside)


@pytest.mark.parametrize("viewpoints", [np.zeros((3, 3)), np.zeros((500, 2)), np.full((500, 3), np.nan)])
def test_viewpoints_that_are_none_are_refused(viewpoints: NDArray[np.float64]) -> None:
    with pytest.raises(InvalidInput):
        solidify(random_gaussians(500), 64, viewpoints)


def test_a_sound_surface_gives_nothing_to_say() -> None:
    result = solidified(splat_cases.splats("mug", "ideal", 20_000), 128)
    assert (result.notes, result.filled_share, result.resolution) == ((), 0.0, 128)


def test_a_hole_is_filled_and_its_share_of_the_surface_said() -> None:
    ball = sphere(20_000, 0.5)
    cap = ball.means[:, 2] > 0.3  # Archimedes: 20 % of the surface
    result = solidified(taken(ball, np.flatnonzero(~cap)), 96)
    flat = np.pi * 0.4**2 / (np.pi * (0.8 + 0.4**2))  # the disc that closes it, as a share of all
    assert result.filled_share == pytest.approx(flat, abs=0.06)
    assert any(note.startswith("filled") for note in result.notes)
    assert volume(result.mesh) == pytest.approx(np.pi / 6, rel=0.12)


def test_walls_whose_sides_mix_are_told() -> None:
    noisy = solidified(splat_cases.splats("thincup", "noisy", 16_384), 128)
    assert noisy.thin_share > 0.1
    assert any("walls" in note for note in noisy.notes)
    assert solidified(splat_cases.splats("blob", "noisy", 16_384), 128).thin_share < 0.05


def test_what_lies_hidden_inside_is_left_out_with_its_hollow() -> None:
    outer, inner = sphere(9_000, 0.5), sphere(3_000, 0.25, seed=1)
    both = Gaussians(*(np.concatenate([getattr(g, f.name) for g in (outer, inner)]) for f in dataclasses.fields(outer)))
    result = solidified(both, 96)
    assert len(manifold(result.mesh).decompose()) == 1
    assert volume(result.mesh) == pytest.approx(np.pi / 6, rel=0.02)
    assert any("left out" in note for note in result.notes)


def test_the_resolution_follows_the_splats() -> None:
    chosen = [solidified(splat_cases.splats("blob", "ideal", n), None).resolution for n in (2_000, 8_000, 32_000)]
    assert chosen == sorted(chosen)
    air = 20  # voxels on both sides together, whatever is between them
    assert chosen[1] - air == pytest.approx(2 * (chosen[0] - air), rel=0.1)  # four times the splats, half the spacing
    noisy = solidified(splat_cases.splats("blob", "noisy", 32_000), None).resolution
    assert noisy < chosen[2]


@pytest.mark.parametrize(
    "changed",
    [
        {"scaling": np.zeros((8_000, 3), np.float32)},
        {"scaling": np.full((8_000, 3), 1e30, np.float32)},
        {"rotation": np.zeros((8_000, 4), np.float32)},
    ],
)
def test_splats_without_a_shape_are_points_of_the_surface(changed: dict[str, NDArray[np.float32]]) -> None:
    torus = dataclasses.replace(splat_cases.splats("torus", "ideal", 8_000), **changed)
    assert volume(solidify(torus, 64)) == pytest.approx(splat_cases.solid("torus").volume(), rel=0.03)


def last_made(array: NDArray[np.float32], value: float) -> NDArray[np.float32]:
    changed = array.copy()
    changed[-1] = value
    return changed


@pytest.mark.parametrize("name", ["means", "opacity", "scaling", "rotation", "rgb"])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_one_infinite_value_anywhere_is_no_solid(name: str, value: float) -> None:
    blob = splat_cases.splats("blob", "ideal", 500)
    with pytest.raises(NotSolid, match="finite"):
        solidify(dataclasses.replace(blob, **{name: last_made(getattr(blob, name), value)}))


@pytest.mark.parametrize("longest", [1e-42, 1e-30, 1e30, 3e38])
def test_a_solid_of_any_size_that_its_numbers_hold_comes_back_in_it(longest: float) -> None:
    blob = splat_cases.splats("blob", "ideal", 6_000)
    scale = longest / float(np.abs(blob.means).max())
    sized = (blob.means.astype(np.float64) * scale).astype(np.float32)
    found, plain = solidify(dataclasses.replace(blob, means=sized), 64), solidify(blob, 64)
    assert is_closed(found)
    assert found.size / scale == pytest.approx(plain.size, rel=0.03)


@pytest.mark.parametrize(
    "change",
    [
        lambda g: {"scaling": last_made(g.scaling, 3e38)},
        lambda g: {"scaling": g.scaling * np.array([1, 1, 0], np.float32)},
        lambda g: {"scaling": g.scaling * np.array([1, 0, 0], np.float32)},
        lambda g: {"scaling": -g.scaling},
        lambda g: {"scaling": np.where(np.arange(len(g))[:, None] % 2, g.scaling, np.float32(0))},
        lambda g: {"rotation": np.where(np.arange(len(g))[:, None] % 2, g.rotation, np.float32(0))},
        lambda g: {"rotation": g.rotation * np.float32(1e-30)},
        lambda g: {"rotation": g.rotation * np.float32(1e30)},
        lambda g: {"opacity": g.opacity * np.float32(300)},
        lambda g: {"rgb": g.rgb * np.float32(100) - np.float32(50)},
        lambda g: {"means": last_made(g.means, 1e38)},
    ],
)
def test_values_beyond_what_they_mean_do_no_harm(change: Callable[[Gaussians], dict[str, NDArray[np.float32]]]) -> None:
    blob = splat_cases.splats("blob", "ideal", 6_000)
    mesh = solidify(dataclasses.replace(blob, **change(blob)), 64)
    assert is_closed(mesh)
    assert volume(mesh) == pytest.approx(splat_cases.solid("blob").volume(), rel=0.03)


@pytest.mark.parametrize(
    "means",
    [
        np.arange(2_000)[:, None] % 2 * np.ones(3),  # two spots
        np.stack([np.cos(np.arange(2_000)), np.sin(np.arange(2_000)), np.zeros(2_000)], axis=1),  # a circle
        np.random.default_rng(0).random((2_000, 3)) * [1, 1, 0] + np.eye(1, 3, 2) * (np.arange(2_000)[:, None] == 0),
    ],
)
def test_spots_a_circle_and_a_sheet_with_one_stray_splat_are_no_solid(means: NDArray[np.float64]) -> None:
    with pytest.raises(EmptyGeometry):
        solidify(dataclasses.replace(random_gaussians(2_000), means=means.astype(np.float32)))


def test_splats_far_away_change_nothing() -> None:
    torus = splat_cases.splats("torus", "ideal", 8_000)
    means = torus.means.copy()
    means[:40] = np.random.default_rng(0).normal(0, 1e6, (40, 3))
    assert volume(solidify(dataclasses.replace(torus, means=means), 64)) == pytest.approx(
        volume(solidify(torus, 64)), rel=0.01
    )


def test_splats_on_one_spot_count_once() -> None:
    torus = splat_cases.splats("torus", "ideal", 8_000)
    doubled = taken(torus, np.repeat(np.arange(8_000), 2))
    assert volume(solidify(doubled, 64)) == pytest.approx(volume(solidify(torus, 64)), rel=1e-3)
    with pytest.raises(EmptyGeometry):
        solidify(taken(torus, np.arange(5_000) % 50))


@pytest.mark.parametrize("kept_axes", [(1, 1, 0), (1, 0, 0)])
def test_a_plane_and_a_line_are_no_solid_however_they_are_turned(kept_axes: tuple[int, int, int]) -> None:
    cloud = random_gaussians(2_000)
    turn = Rotation.from_euler("xyz", [0.3, 0.5, 0.2]).as_matrix()
    flat = (cloud.means * np.array(kept_axes, np.float32)) @ turn.T
    with pytest.raises(EmptyGeometry):
        solidify(dataclasses.replace(cloud, means=flat.astype(np.float32)))


def test_a_needle_too_thin_for_the_grid_is_no_solid() -> None:
    points = box_points(8_000) * np.array([1, 1, 1000], np.float32)
    with pytest.raises(NotSolid, match="invented"):
        solidify(dataclasses.replace(random_gaussians(8_000), means=points))


def sphere(count: int, radius: float, seed: int = 0) -> Gaussians:
    direction = np.random.default_rng(seed).normal(size=(count, 3))
    means = radius * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    round_ones = np.full((count, 3), 0.01, np.float32)
    return dataclasses.replace(
        random_gaussians(count),
        means=means.astype(np.float32),
        scaling=round_ones,
        opacity=np.full(count, 0.9, np.float32),
    )


def box_points(count: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    points, axis = rng.uniform(-0.5, 0.5, (count, 3)), rng.integers(0, 3, count)
    rows = np.arange(count)
    points[rows, axis] = np.sign(points[rows, axis]) * 0.5
    return points.astype(np.float32)
