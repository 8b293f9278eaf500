"""What a report measures, on solids worked out by hand."""

import manifold3d
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.geometry import TriangleMesh
from pipelines.printability import FDM, PrintReport, Process, inspect
from pipelines.printability.overhang import SUPPORT_DENSITY, SUPPORT_INTERFACE_MM
from pipelines.printability.rays import Caster, sample_surface
from pipelines.printability.surface import surface_of
from tests.golden.slicer_truth import support_misses
from tests.pipelines.printability.shapes import about_z, as_mesh, block, cylinder, joined, moved

few = settings(max_examples=25, deadline=None)


def sloped(limit_deg: float) -> Process:
    return Process("fdm", 0.8, 1.2, limit_deg, 0.2, 10.0)


def wall_mm(mesh: TriangleMesh) -> float:
    found = inspect(mesh).min_wall_mm
    assert found is not None
    return found


def test_a_cube_measures_as_a_cube() -> None:
    report = inspect(as_mesh(block((10, 10, 10))))
    assert report.volume_mm3 == pytest.approx(1000)
    assert report.area_mm2 == pytest.approx(600)
    assert report.min_wall_mm == pytest.approx(10, abs=0.01)
    assert report == PrintReport(
        score=10.0,
        verdict="ok",
        watertight=True,
        manifold=True,
        bodies=1,
        volume_mm3=report.volume_mm3,
        area_mm2=report.area_mm2,
        size_mm=(10.0, 10.0, 10.0),
        min_wall_mm=report.min_wall_mm,
        overhang_area_mm2=0.0,
        support_volume_mm3=0.0,
        fits_build_volume=True,
        stable=True,
        orientation="as_modelled",
        findings=(),
    )


@few
@given(thick=st.floats(0.3, 6), x=st.floats(-180, 180), y=st.floats(-180, 180))
def test_a_plate_is_as_thick_as_it_was_made_whichever_way_it_lies(thick: float, x: float, y: float) -> None:
    plate = manifold3d.Manifold.cube((40, 30, thick), True).rotate((x, y, 20))
    assert inspect(as_mesh(plate)).min_wall_mm == pytest.approx(thick, abs=0.01)


@pytest.mark.parametrize("wall", [0.6, 1.2, 2.0, 3.5])
def test_the_wall_of_a_vase_is_found_between_its_curved_sides(wall: float) -> None:
    cup = cylinder(25, 80) - cylinder(25 - wall, 80).translate((0, 0, 4))
    assert inspect(as_mesh(cup)).min_wall_mm == pytest.approx(wall, abs=0.05)


def test_one_thin_fin_on_a_thick_block_is_found() -> None:
    fin = block((0.7, 6, 6), at=(0, 0, 30))  # 1.3 % of the surface

    assert inspect(as_mesh(block((30, 30, 30)) + fin)).min_wall_mm == pytest.approx(0.7, abs=0.01)


def test_samples_are_spread_evenly_over_the_whole_surface() -> None:
    surface = surface_of(as_mesh(block((30, 20, 10)) + block((5, 5, 40), at=(10, 5, 0))))
    points, faces = sample_surface(surface, surface.areas, 20_000)
    assert np.bincount(faces, minlength=len(surface.faces)) == pytest.approx(
        20_000 * surface.areas / surface.areas.sum(), abs=1.01
    )
    centroids = surface.corners.mean(axis=1)
    expected = (centroids * surface.areas[:, None]).sum(axis=0) / surface.areas.sum()
    assert points.mean(axis=0) == pytest.approx(expected, abs=0.05)


def test_sharp_edges_are_not_walls() -> None:
    wedge = manifold3d.CrossSection([[(0, 0), (30, 0), (15, 26)]]).extrude(40)  # 60 degree edges, 26 mm thick
    hull = manifold3d.Manifold.cylinder(20, 15, 0, 64)  # a point of 74 degrees
    for solid in (wedge, hull):
        assert wall_mm(as_mesh(solid)) > 5


@few
@given(seed=st.integers(0, 10_000))
def test_rays_meet_the_face_that_a_search_through_all_faces_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    solid = manifold3d.Manifold.sphere(10, 24) - cylinder(4, 30, 16).translate((*rng.uniform(-4, 4, 2), -15))
    surface = surface_of(as_mesh(solid))
    origins = surface.vertices.mean(axis=0) + rng.uniform(-15, 15, (40, 3))
    directions = rng.normal(size=(40, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    _, distances = Caster(surface).cast(origins, directions)
    slow = np.array([nearest_hit(surface.corners, o, d) for o, d in zip(origins, directions, strict=True)])
    assert distances == pytest.approx(slow, rel=1e-4, abs=1e-3)


def nearest_hit(corners: np.ndarray, origin: np.ndarray, direction: np.ndarray) -> float:
    """Moeller and Trumbore's test against every face."""
    a, one, two = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    p = np.cross(direction, two)
    det = np.einsum("fi,fi->f", one, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = np.einsum("fi,fi->f", origin - a, p) / det
        q = np.cross(origin - a, one)
        v = q @ direction / det
        t = np.einsum("fi,fi->f", two, q) / det
        hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0)
    return float(t[hit].min()) if hit.any() else float("inf")


def test_a_floating_slab_overhangs_by_its_underside() -> None:
    mesh = joined(as_mesh(block((10, 10, 1))), as_mesh(block((2, 3, 1), at=(0, 0, 5))))
    assert inspect(mesh).overhang_area_mm2 == pytest.approx(6.0)


@few
@given(tilt=st.floats(1, 89), limit=st.floats(1, 89))
def test_a_face_overhangs_exactly_below_the_slope_limit(tilt: float, limit: float) -> None:
    assume(min(abs(tilt - limit), abs(90 - tilt - limit)) > 0.01)
    # Tilted: one underside of 100 mm^2, one side of 10 mm^2 that looks down.
    slab = manifold3d.Manifold.cube((10, 10, 1), True).rotate((tilt, 0, 0)).translate((0, 0, 20))
    mesh = joined(as_mesh(block((50, 50, 1), at=(0, 0, -50))), as_mesh(slab))
    expected = 100 * (tilt < limit) + 10 * (90 - tilt < limit)
    assert inspect(mesh, sloped(limit)).overhang_area_mm2 == pytest.approx(expected)


def test_support_fills_the_columns_below_an_underside() -> None:
    mesh = as_mesh(block((10, 20, 30)) + block((40, 20, 5), at=(0, 0, 30)))
    shadow, height = 30 * 20, 30
    expected = SUPPORT_DENSITY * shadow * height + SUPPORT_INTERFACE_MM * shadow
    assert inspect(mesh).support_volume_mm3 == pytest.approx(expected, rel=1e-3)


def test_support_stands_on_the_part_where_the_part_is_below() -> None:
    shelf = block((10, 20, 42)) + block((40, 20, 5), at=(0, 0, 42))
    on_bed = inspect(as_mesh(shelf)).support_volume_mm3
    on_shelf = inspect(as_mesh(shelf + block((60, 20, 12)))).support_volume_mm3
    assert on_bed - on_shelf == pytest.approx(SUPPORT_DENSITY * 600 * 12, rel=1e-3)


def test_supports_are_near_what_the_slicer_laid() -> None:
    found = support_misses()
    assert all((miss.slicer > 0) == (miss.report > 0) for miss in found)
    shares = [abs(miss.report / miss.slicer - 1) for miss in found if miss.slicer]
    assert max(shares) < 0.10
    assert sorted(shares)[len(shares) // 2] < 0.10


@few
@given(side=st.floats(4, 40), height=st.floats(20, 200))
def test_a_tower_tips_when_its_centre_leaves_its_foot(side: float, height: float) -> None:
    tipping = np.rad2deg(np.arctan2(side, height))  # half the side over half the height
    assume(abs(tipping - FDM.least_tipping_deg) > 0.05)
    assert inspect(as_mesh(block((side, 50, height)))).stable == (tipping > FDM.least_tipping_deg)


@few
@given(turn=st.floats(-180, 180))
def test_a_foot_stands_alike_whichever_way_it_is_turned(turn: float) -> None:
    foot = manifold3d.CrossSection.square((10, 10), True).extrude(50, 0, 0, (2, 2)).rotate((0, 0, turn))
    found = next(one for one in inspect(as_mesh(foot)).findings if one.code == "standing.tips")
    # Frustum of a square: the centre is at h (1 + 2 * 2 + 3 * 4) / (4 (1 + 2 + 4)) = 50 * 17 / 28.
    foot_mm = 5 * (1 + 0.2 / 50)  # half its side at the top of the first layer
    assert found.measured == pytest.approx(np.rad2deg(np.arctan2(foot_mm, 50 * 17 / 28)), abs=1e-6)


def test_a_gallows_stands_only_with_its_weight_above_its_foot() -> None:
    post = block((10, 10, 40))
    assert inspect(as_mesh(post + block((20, 10, 5), at=(2, 0, 40)))).stable
    tips = inspect(as_mesh(post + block((90, 10, 20), at=(40, 0, 40))))
    assert not tips.stable
    found = next(finding for finding in tips.findings if finding.code == "standing.tips")
    assert found.measured is not None
    assert found.measured < 0


def test_a_sphere_stands_on_a_point() -> None:
    assert not inspect(as_mesh(manifold3d.Manifold.sphere(20, 96))).stable


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ((220, 220, 250), True),
        ((221, 10, 10), False),
        ((10, 10, 251), False),
        ((250, 10, 220), False),
    ],
)
def test_a_part_fits_when_each_side_does(size: tuple[float, float, float], fits: bool) -> None:
    assert inspect(as_mesh(block(size))).fits_build_volume is fits


def test_a_part_may_be_turned_to_fit_a_long_bed() -> None:
    plank = as_mesh(block((100, 300, 10)))
    assert inspect(plank, build_volume_mm=(310, 110, 50)).fits_build_volume
    assert not inspect(plank, build_volume_mm=(200, 200, 400)).fits_build_volume


@few
@given(turn=st.floats(-180, 180), shift=st.tuples(*[st.floats(-50, 50)] * 3))
def test_turning_about_z_and_moving_change_no_measure_but_the_box(
    turn: float, shift: tuple[float, float, float]
) -> None:
    solid = cylinder(12, 40, 48) - cylinder(10, 40, 48).translate((0, 0, 3)) + block((50, 8, 4), at=(0, 0, 30))
    still, turned = inspect(as_mesh(solid)), inspect(moved(as_mesh(solid), about_z(turn), shift))
    assert turned.volume_mm3 == pytest.approx(still.volume_mm3)
    assert turned.area_mm2 == pytest.approx(still.area_mm2)
    assert turned.min_wall_mm == pytest.approx(still.min_wall_mm, abs=0.02)
    assert turned.overhang_area_mm2 == pytest.approx(still.overhang_area_mm2, rel=1e-6)
    assert turned.support_volume_mm3 == pytest.approx(still.support_volume_mm3, rel=0.02)
    assert turned.size_mm[2] == pytest.approx(still.size_mm[2])
    assert turned.score == pytest.approx(still.score, abs=0.1)
    assert turned.verdict == still.verdict


@few
@given(factor=st.floats(0.3, 4))
def test_volume_area_and_walls_scale_by_their_powers(factor: float) -> None:
    mesh = as_mesh(cylinder(12, 40) - cylinder(9, 40).translate((0, 0, 3)))
    one, scaled = inspect(mesh), inspect(TriangleMesh(mesh.vertices * factor, mesh.faces))
    assert scaled.volume_mm3 == pytest.approx(one.volume_mm3 * factor**3)
    assert scaled.area_mm2 == pytest.approx(one.area_mm2 * factor**2)
    assert scaled.min_wall_mm == pytest.approx(wall_mm(mesh) * factor, rel=0.01)
