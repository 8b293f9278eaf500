"""Which way up prints best, on parts where a person sees it."""

from typing import Any

import manifold3d
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.geometry import TriangleMesh
from pipelines.printability import BUILD_VOLUME_MM, Turn, inspect
from pipelines.printability.repairs import turn
from tests.pipelines.printability.shapes import as_mesh, block, cylinder

few = settings(max_examples=10, deadline=None)


def tee() -> Any:
    return block((10, 10, 40)) + block((60, 60, 5), (0, 0, 40))


def matrix(way: Turn) -> np.ndarray:
    return np.array(way.rotation)


@few
@given(turned=st.tuples(*[st.floats(-180, 180)] * 3))
def test_a_tee_lies_on_its_plate_however_it_was_modelled(turned: tuple[float, float, float]) -> None:
    mesh = as_mesh(tee().rotate(turned))
    found = inspect(mesh)
    if found.support_volume_mm3 < 500:  # it lay on its plate already, or nearly
        return
    best = found.turns[0]
    assert best.support_mm3 == pytest.approx(0.0, abs=1.0)
    assert best.contact_mm2 == pytest.approx(3600, rel=1e-3)
    assert best.height_mm == pytest.approx(45, abs=0.1)  # a twentieth of a degree is not worth another candidate
    assert np.linalg.det(matrix(best)) == pytest.approx(1.0)


def test_a_turn_says_what_the_report_then_says() -> None:
    solid = tee() + block((20, 10, 10), (20, 0, 15)).rotate((20, 0, 0))
    report = inspect(as_mesh(solid))
    assert report.turns
    for way in report.turns:
        again = inspect(turn(as_mesh(solid), way).mesh)
        assert again.size_mm[2] == pytest.approx(way.height_mm, abs=1e-6)
        assert again.support_volume_mm3 == pytest.approx(way.support_mm3, rel=0.1, abs=50)
        assert again.fits_build_volume == way.fits
        assert again.score > report.score


def test_turns_are_ranked_and_none_is_offered_for_what_lies_well() -> None:
    ranked = inspect(as_mesh(block((10, 10, 60)) + block((60, 10, 8), (25, 0, 60)))).turns
    assert [way.support_mm3 for way in ranked] == sorted(way.support_mm3 for way in ranked)
    for solid in (block((20, 30, 10)), cylinder(20, 15), tee().rotate((180, 0, 0))):
        assert inspect(as_mesh(solid)).turns == ()


def test_parts_above_parts_take_support_from_the_part_below_only() -> None:
    # A shelf 2 mm above a block: down to the bed it would be 40 mm.
    stacked = block((60, 60, 40)) + block((10, 60, 10), (-25, 0, 40)) + block((60, 60, 4), (0, 0, 42))
    found = inspect(as_mesh(stacked))
    assert found.support_volume_mm3 == pytest.approx(50 * 60 * (0.095 * 2 + 1.02), rel=0.01)


def test_a_pole_too_tall_for_the_printer_is_laid_down() -> None:
    report = inspect(as_mesh(block((30, 30, 260))), build_volume_mm=(220, 220, 250))
    assert report.verdict == "error"
    fitting = inspect(as_mesh(block((20, 20, 251))), build_volume_mm=(260, 100, 250))
    assert fitting.turns[0].fits
    too_large = next(one for one in fitting.findings if one.code == "size.exceeds_build_volume")
    assert too_large.repair == "turn"
    aslant = inspect(as_mesh(block((20, 20, 270))), build_volume_mm=BUILD_VOLUME_MM)  # 311 mm across the bed
    assert aslant.turns[0].fits
    laid = turn(as_mesh(block((20, 20, 270))), aslant.turns[0]).mesh
    assert inspect(laid).fits_build_volume
    long = next(o for o in inspect(as_mesh(block((20, 20, 600)))).findings if o.code == "size.exceeds_build_volume")
    assert long.repair == "split_to_fit"


def test_no_turn_stands_worse_than_the_part_does() -> None:
    bolt = cylinder(4, 30) + manifold3d.Manifold.cylinder(6, 8, 8, 6).translate((0, 0, 24))
    report = inspect(as_mesh(bolt))
    for way in report.turns:
        assert way.contact_mm2 > 10


def test_flat_and_broken_surfaces_are_searched_without_a_word() -> None:
    corners = np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0]], float)
    assert inspect(TriangleMesh(corners, np.array([[0, 1, 2], [0, 2, 1]]))).verdict == "error"
