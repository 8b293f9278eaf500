"""What only the layers show, on parts whose layers can be drawn by hand."""

from dataclasses import replace
from typing import Any

import manifold3d
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.printability import FDM, RESIN, Finding, FindingCode, Process, inspect
from pipelines.printability.layers import walk_layers
from pipelines.printability.overhang import SUPPORT_DENSITY, SUPPORT_INTERFACE_MM
from tests.pipelines.printability.shapes import about_z, as_mesh, block, cylinder, moved, soup

few = settings(max_examples=15, deadline=None)


def found(solid: Any, code: FindingCode, process: Process = FDM) -> Finding | None:
    return next((one for one in inspect(as_mesh(solid), process).findings if one.code == code), None)


def gate(gap: float, beam: float = 5.0) -> Any:
    """Two posts 20 mm tall, `gap` apart, and a beam across."""
    posts = [block((10, 10, 20), (side * (5 + gap / 2), 0, 0)) for side in (-1, 1)]
    return posts[0] + posts[1] + block((20 + gap, 10, beam), (0, 0, 20))


@few
@given(gap=st.floats(4, 40), turn=st.floats(-180, 180))
def test_a_beam_between_posts_is_a_bridge_as_long_as_its_gap_whichever_way_it_runs(gap: float, turn: float) -> None:
    bridge = found(gate(gap).rotate((0, 0, turn)), "overhang.bridge")
    assert bridge is not None
    assert bridge.measured is not None
    assert bridge.measured == pytest.approx(gap - 2 * 0.2, abs=0.1)  # a layer may lean out by its height at each end
    assert bridge.severity == ("warning" if bridge.measured > FDM.longest_bridge_mm else "info")


def test_a_ledge_held_at_one_end_is_no_bridge() -> None:
    ledge = block((10, 10, 20)) + block((30, 10, 5), (10, 0, 20))
    assert found(ledge, "overhang.bridge") is None
    assert found(ledge, "overhang.supports") is not None


def test_a_roof_on_four_corner_posts_is_no_bridge_but_on_two_walls_it_is() -> None:
    roof = block((40, 40, 3), (0, 0, 20))
    corners = [block((4, 4, 20), (x, y, 0)) for x in (-18, 18) for y in (-18, 18)]
    walls = [block((4, 40, 20), (x, 0, 0)) for x in (-18, 18)]
    table = roof + corners[0] + corners[1] + corners[2] + corners[3]
    assert found(table, "overhang.bridge") is None
    tunnel = found(roof + walls[0] + walls[1], "overhang.bridge")
    assert tunnel is not None
    assert tunnel.measured == pytest.approx(32 - 0.4, abs=0.1)


def test_a_short_bridge_takes_no_support_and_a_long_one_does() -> None:
    assert inspect(as_mesh(gate(9))).support_volume_mm3 == pytest.approx(0.0, abs=1.0)
    long = inspect(as_mesh(gate(16))).support_volume_mm3
    assert long == pytest.approx(160 * (SUPPORT_DENSITY * 20 + SUPPORT_INTERFACE_MM), rel=1e-3)


def test_a_hook_that_hangs_down_begins_on_an_island() -> None:
    hook = block((10, 10, 40)) + block((30, 10, 5), (10, 0, 35)) + block((5, 10, 20), (22.5, 0, 15))
    island = found(hook, "overhang.island")
    assert island is not None
    assert island.measured == 1.0
    assert island.places[0].at_mm == pytest.approx((22.5, 0.0, 15.0), abs=1e-6)
    assert found(block((10, 10, 40)) + block((30, 10, 5), (10, 0, 35)), "overhang.island") is None


@few
@given(count=st.integers(1, 5), drop=st.floats(1, 15))
def test_every_spike_that_hangs_from_a_shelf_is_an_island(count: int, drop: float) -> None:
    shelf = block((10, 20, 40)) + block((80, 20, 5), (35, 0, 35))
    for k in range(count):
        shelf += block((4, 4, drop + 1), (12 + 12 * k, 0, 35 - drop))
    island = found(shelf, "overhang.island")
    assert island is not None
    assert island.measured == count


@pytest.mark.parametrize(("fin", "missing"), [(0.2, True), (0.39, True), (0.4, False), (0.6, False)])
def test_a_fin_thinner_than_a_line_is_missing(fin: float, missing: bool) -> None:
    small = found(block((30, 30, 5)) + block((fin, 20, 10), (0, 0, 5)), "feature.small")
    assert (small is not None) == missing
    if small is not None:
        assert small.measured == pytest.approx(fin, abs=0.02)
        assert small.places[0].at_mm[2] > 5.0
        assert small.repair == "thicken"


def test_a_pin_is_as_wide_as_it_was_made_and_the_tip_of_a_cone_is_none() -> None:
    pin = found(block((30, 30, 5)) + cylinder(0.15, 8).translate((0, 0, 5)), "feature.small")
    assert pin is not None
    assert pin.measured == pytest.approx(0.3, abs=0.02)
    assert found(manifold3d.Manifold.cylinder(40, 10, 0, 64), "feature.small") is None


def test_resin_draws_a_fin_that_filament_cannot() -> None:
    fin = block((30, 30, 5)) + block((0.3, 20, 10), (0, 0, 5))
    assert found(fin, "feature.small", FDM) is not None
    assert found(fin, "feature.small", RESIN) is None


def cup() -> Any:
    return cylinder(20, 40) - cylinder(18, 40).translate((0, 0, 3))


def test_a_cup_sucks_at_the_film_until_it_is_vented_near_the_plate() -> None:
    sealed = found(cup(), "void.cup", RESIN)
    assert sealed is not None
    ring = 96 / 2 * np.sin(2 * np.pi / 96)  # area of a 96-gon of radius 1
    assert sealed.measured == pytest.approx(ring * 18**2, rel=1e-3)
    assert found(cup(), "void.cup", FDM) is None
    vent = cylinder(2, 30).rotate((90, 0, 0))
    assert found(cup() - vent.translate((0, 0, 5.5)), "void.cup", RESIN) is None
    high = walk_layers(cup() - vent.translate((0, 0, 30)), RESIN)
    assert high.cup_mm3 == pytest.approx(ring * 18**2 * (30 - 2 - 3), rel=0.02)  # sealed up to the vent only


def test_a_hole_in_the_floor_is_closed_by_the_plate() -> None:
    assert found(cup() - cylinder(2, 10), "void.cup", RESIN) is not None
    raised = (cup() - cylinder(2, 10)).translate((0, 0, 5)) + (cylinder(20, 5) - block((40, 6, 5)) - block((6, 40, 5)))
    assert found(raised, "void.cup", RESIN) is None


def test_large_flat_bottoms_warp_more_with_length_and_shrinkage_and_less_when_round() -> None:
    def lift(solid: Any, shrinkage: float = 0.003) -> float:
        one = found(solid, "warping.corners", replace(FDM, shrinkage=shrinkage))
        return 0.0 if one is None or one.measured is None else one.measured

    plate = block((180, 180, 3))
    assert lift(plate) == pytest.approx(0.003 * 2 * 180**2 / (8 * 3))
    assert lift(plate, 0.007) == pytest.approx(lift(plate) * 7 / 3)
    assert lift(cylinder(90, 3)) == pytest.approx(0.5 * 0.003 * 180**2 / (8 * 3), rel=0.01)
    assert lift(block((60, 60, 3))) == 0.0
    table = block((180, 180, 3), (0, 0, 30))
    assert lift(table + block((8, 8, 30), (-80, -80, 0)) + block((8, 8, 30), (80, 80, 0))) == 0.0


@few
@given(turn=st.floats(-180, 180), scale=st.floats(0.5, 3))
def test_cups_and_bridges_scale_and_turn_with_the_part(turn: float, scale: float) -> None:
    plain = walk_layers(gate(20), FDM)
    shrunk = Process("fdm", 0.8, 1.2, 45.0, 0.2, 10.0, layer_mm=0.2 * scale, least_feature_mm=0.4 * scale)
    turned = walk_layers(gate(20).rotate((0, 0, turn)).scale((scale, scale, scale)), shrunk)
    assert turned.bridges[0].span_mm == pytest.approx(plain.bridges[0].span_mm * scale, rel=0.01)
    assert turned.bridges[0].area_mm2 == pytest.approx(plain.bridges[0].area_mm2 * scale**2, rel=0.02)


def test_a_soup_is_cut_into_the_same_layers_as_the_solid() -> None:
    mesh = as_mesh(gate(20))
    assert inspect(soup(mesh)) == inspect(mesh)


def test_a_part_is_the_same_wherever_it_stands() -> None:
    mesh = as_mesh(gate(12.5))
    assert inspect(moved(mesh, about_z(0), (40, -30, 17))).score == inspect(mesh).score
