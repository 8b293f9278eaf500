"""Mass and time: against a slicer, against hand-made figures, and against the laws they must keep."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import EmptyGeometry, InvalidInput, NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.pricing import FDM_PRINTER, MATERIALS, PrintEstimate, SlicedPart, slice_part
from pipelines.pricing.calibration import default_calibration
from tests.golden.slicer_truth import Miss, misses, support_misses
from tests.pipelines.printability.shapes import as_mesh, block, cylinder, without_faces

few = settings(max_examples=20, deadline=None)
PLA = MATERIALS["pla"]
SHAPES = ("box", "cup", "ball")


@cache
def part(shape: str) -> SlicedPart:
    solids = {
        "box": block((30, 20, 15)),
        "cup": cylinder(20, 30, 48) - cylinder(17.5, 30, 48).translate((0, 0, 2.4)),
        "ball": cylinder(14, 24, 40) ^ block((24, 24, 24)).rotate((20, 30, 0)).translate((0, 0, 4)),
    }
    return slice_part(as_mesh(solids[shape]))


def shares(field: str, setting: str | None = None) -> np.ndarray:
    chosen = [miss for miss in misses() if setting is None or miss.slice.setting == setting]
    return np.abs([getattr(miss, field) for miss in chosen])


def test_the_model_is_near_the_slicer_on_shapes_that_it_was_not_fitted_to() -> None:
    assert len(misses()) == 104
    assert np.median(shares("mass")) < 0.02
    assert np.median(shares("time")) < 0.025
    assert np.percentile(shares("mass"), 90) < 0.045
    assert np.percentile(shares("time"), 90) < 0.06
    assert shares("mass").max() < 0.08
    assert shares("time").max() < 0.12
    assert shares("mass", "inf100").max() < 0.02


def test_the_bands_of_quote_lines_cover_nine_slices_in_ten() -> None:
    bands = default_calibration().bands
    assert (shares("mass") <= float(bands.mass)).mean() > 0.85
    assert (shares("time") <= float(bands.time)).mean() > 0.9


def test_supports_are_found_where_the_slicer_finds_them() -> None:
    band = float(default_calibration().bands.supports)
    for miss in support_misses():
        assert abs(miss.quote - miss.slicer) <= band * miss.quote, miss
    assert sum(miss.slicer > 0 for miss in support_misses()) == 4


def test_no_setting_is_systematically_wrong() -> None:
    def bias(field: str, found: list[Miss]) -> float:
        return abs(float(np.median([getattr(miss, field) for miss in found])))

    for setting in {miss.slice.setting for miss in misses()}:
        found = [miss for miss in misses() if miss.slice.setting == setting]
        assert bias("mass", found) < 0.03, setting
        assert bias("time", found) < 0.07, setting


def test_a_full_block_weighs_its_volume() -> None:
    # Lines have round ends, so the outer 0.02 mm stays empty: 30 x 20 x 15 mm at 1.24 g/cm3 is 11.16 g at most.
    assert part("box").estimate(PLA, 1.0).part_g == pytest.approx(11.16, rel=0.02)


def test_mass_follows_the_density_of_the_material() -> None:
    for name in ("petg", "abs", "tpu", "nylon"):
        ratio = part("cup").estimate(MATERIALS[name], 0.3).part_g / part("cup").estimate(PLA, 0.3).part_g
        assert ratio == pytest.approx(MATERIALS[name].density_g_cm3 / PLA.density_g_cm3)


def test_a_material_that_flows_slowly_takes_longer() -> None:
    times = [part("box").estimate(replace(PLA, max_flow_mm3_s=flow), 0.5).part_s for flow in (12, 4, 2)]
    assert times[0] < times[1] < times[2]


@few
@given(shape=st.sampled_from(SHAPES), one=st.floats(0, 1), other=st.floats(0, 1))
def test_more_infill_never_weighs_less_nor_prints_faster(shape: str, one: float, other: float) -> None:
    light, dense = (part(shape).estimate(PLA, infill) for infill in sorted((one, other)))
    assert light.part_g <= dense.part_g + 1e-9
    assert light.part_s <= dense.part_s + 1e-6


@pytest.mark.parametrize("height", [1.0, 2.2, 2.4, 2.6, 4.0])
def test_infill_is_monotone_where_bridges_and_lattice_compete(height: float) -> None:
    plate = slice_part(as_mesh(block((80, 60, height))))
    estimates = [plate.estimate(PLA, infill) for infill in np.linspace(0, 1, 21)]
    assert np.diff([e.part_g for e in estimates]).min() >= -1e-9
    assert np.diff([e.part_s for e in estimates]).min() >= -1e-6


@settings(max_examples=10, deadline=None)
@given(shape=st.sampled_from(SHAPES), factor=st.floats(1.3, 2.5), infill=st.sampled_from([0.0, 0.2, 1.0]))
def test_a_clearly_larger_part_weighs_more_and_takes_longer(shape: str, factor: float, infill: float) -> None:
    one, larger = part(shape).estimate(PLA, infill), part(shape).scaled(factor).estimate(PLA, infill)
    assert larger.part_g > one.part_g
    assert larger.part_s > one.part_s


def test_doubling_a_full_part_weighs_eight_times_as_much() -> None:
    one, double = (part("box").scaled(factor).estimate(PLA, 1.0).part_g for factor in (1.0, 2.0))
    assert double / one == pytest.approx(8, rel=0.02)


@few
@given(factor=st.floats(0.5, 3), infill=st.floats(0, 1))
def test_resin_weighs_by_volume_alone(factor: float, infill: float) -> None:
    resin = MATERIALS["resin"]
    one, scaled = part("cup").estimate(resin, 0.2), part("cup").scaled(factor).estimate(resin, infill)
    assert scaled.part_g == pytest.approx(one.part_g * factor**3)


def test_a_resin_print_is_timed_by_its_layers() -> None:
    # 10 mm in 0.05 mm layers: 200, of which 5 at 30 s and 195 at 2.5 s, each with 6.5 s of lifting.
    estimate = slice_part(as_mesh(block((10, 10, 10)))).estimate(MATERIALS["resin"], 0.0)
    assert estimate.layers == 200
    assert estimate.part_s == pytest.approx(5 * 30 + 195 * 2.5 + 200 * 6.5)
    assert estimate.part_g == pytest.approx(1.0 * 1.15 * 1.08)


def test_resin_supports_lift_the_part_on_pillars_and_a_pad() -> None:
    # A tee of 40 x 20 mm: 800 mm2 times 3.9 mm; 7 mm more in 0.05 mm layers of 2.5 + 6.5 s.
    tee = as_mesh(block((8, 20, 24)) + block((40, 20, 4), at=(0, 0, 20)))
    bare, held = (slice_part(tee, support).estimate(MATERIALS["resin"], 0.2) for support in (0.0, 1.0))
    assert (bare.support_mm3, bare.support_s, bare.layers) == (0.0, 0.0, 480)
    assert held.support_mm3 == pytest.approx(3120)
    assert held.support_s == pytest.approx(140 * 9.0)
    assert (held.part_g, held.part_s, held.layers) == (bare.part_g, bare.part_s, 620)


def test_supports_are_weighed_and_timed_apart() -> None:
    tee = as_mesh(block((8, 20, 24)) + block((40, 20, 4), at=(0, 0, 20)))
    bare, held = (slice_part(tee, support).estimate(PLA, 0.2) for support in (0.0, 1000.0))
    assert (held.part_g, held.part_s) == (bare.part_g, bare.part_s)
    assert (bare.support_g, bare.support_s, bare.support_mm3) == (0.0, 0.0, 0.0)
    # Two wings of 16 x 20 mm over 20 mm of air: some 12,800 mm3 of columns that are about an eighth plastic.
    assert 1000 < held.support_mm3 < 3200
    assert held.support_g == pytest.approx(1.24e-3 * held.support_mm3)
    assert held.mass_g == pytest.approx(bare.mass_g + held.support_g)
    assert held.support_s > 300


def test_nothing_hangs_from_a_block_so_it_takes_no_supports() -> None:
    assert slice_part(as_mesh(block((20, 20, 20))), 1000.0).estimate(PLA, 0.2).support_mm3 == 0.0


@pytest.mark.parametrize("height", [8.0, 16.0])
def test_supports_grow_with_the_height_that_they_stand(height: float) -> None:
    def wing(z: float) -> float:
        mesh = as_mesh(block((8, 20, z + 4)) + block((40, 20, 4), at=(0, 0, z)))
        return slice_part(mesh, 1.0).estimate(PLA, 0.2).support_mm3

    assert wing(height) < wing(2 * height) < 2.2 * wing(height)


def test_a_bridge_between_two_posts_is_not_supported_unless_the_profile_says_so() -> None:
    gate = as_mesh(
        block((6, 16, 24), at=(-15, 0, 0)) + block((6, 16, 24), at=(15, 0, 0)) + block((36, 16, 4), (0, 0, 20))
    )
    printer = default_calibration().printer
    bridged, held = (
        slice_part(gate, 1.0, replace(default_calibration(), printer=replace(printer, support_bridges=flag)))
        .estimate(PLA, 0.2)
        .support_mm3
        for flag in (False, True)
    )
    assert bridged < 0.1 * held


def test_steps_over_the_layers_stay_near_walking_all_of_them() -> None:
    mesh = as_mesh(cylinder(22, 60, 64) - cylinder(20, 60, 64).translate((0, 0, 3)))
    every = slice_part(mesh)
    every._most_layers = 10_000
    walked, stepped = every.estimate(PLA, 0.2), slice_part(mesh).estimate(PLA, 0.2)
    assert stepped.part_g == pytest.approx(walked.part_g, rel=0.01)
    assert stepped.part_s == pytest.approx(walked.part_s, rel=0.01)


def test_thinner_layers_take_longer_for_the_same_mass() -> None:
    def with_layers(height_mm: float) -> PrintEstimate:
        calibration = replace(default_calibration(), printer=replace(FDM_PRINTER, layer_height_mm=height_mm))
        return slice_part(as_mesh(block((20, 20, 20))), calibration=calibration).estimate(PLA, 1.0)

    fine, coarse = with_layers(0.1), with_layers(0.3)
    assert fine.part_s > 1.5 * coarse.part_s
    assert fine.part_g == pytest.approx(coarse.part_g, rel=0.03)


def test_a_part_thinner_than_a_line_still_weighs_something() -> None:
    for size in ((0.05, 20, 20), (20, 20, 0.05), (0.3, 0.3, 0.3)):
        estimate = slice_part(as_mesh(block(size))).estimate(PLA, 0.2)
        assert estimate.part_s > 0
        assert np.isfinite(estimate.part_g)


def test_what_encloses_nothing_is_not_priced() -> None:
    flat = np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0]], float)
    box = as_mesh(block((10, 10, 10)))
    with pytest.raises(EmptyGeometry):
        slice_part(TriangleMesh(flat, np.array([[0, 1, 2], [0, 2, 1]])))
    with pytest.raises(EmptyGeometry):
        slice_part(TriangleMesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64)))
    with pytest.raises(NotSolid):
        slice_part(without_faces(box, 1))
    with pytest.raises(NotSolid):
        slice_part(TriangleMesh(box.vertices, box.faces[:, ::-1]))


@pytest.mark.parametrize("infill", [-0.01, 1.01, float("nan"), float("inf")])
def test_infill_outside_its_range_is_refused(infill: float) -> None:
    with pytest.raises(InvalidInput):
        part("box").estimate(PLA, infill)
