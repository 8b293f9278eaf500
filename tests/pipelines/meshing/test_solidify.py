import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipelines.errors import EmptyGeometry, InvalidInput, MoldarError, NotSolid
from pipelines.geometry import Gaussians
from pipelines.meshing import solidify
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


@settings(max_examples=8, deadline=None)
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
