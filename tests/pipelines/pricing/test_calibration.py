"""Calibrations: weights from a slicer's slices, judged on shapes that were not among them, and their file."""

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import InvalidInput, TooLarge
from pipelines.pricing import MATERIALS, Sliced, slice_part
from pipelines.pricing.calibration import band_of, default_calibration, read_calibration
from pipelines.pricing.calibration_fit import Fit, calibrate
from pipelines.pricing.calibration_parts import CalibrationPart, calibration_parts
from pipelines.pricing.printers import FDM_PRINTER
from pipelines.pricing.profile import generic_profile
from pipelines.pricing.weights import Weights
from pipelines.printability.surface import surface_of, topology_of
from tests.golden.model_slices import Missed, PrinterName, calibration_slices, missed, profile_of

DAY = date(2026, 11, 21)
PRINTERS: tuple[PrinterName, ...] = ("generic_i3", "gyroid_i3")


@cache
def fit(printer: PrinterName) -> Fit:
    return calibrate(profile_of(printer), calibration_slices(printer), DAY)


@cache
def errors(printer: PrinterName) -> list[Missed]:
    return missed(printer, fit(printer).calibration)


def shares(printer: PrinterName, field: str) -> np.ndarray:
    found = [getattr(one, field) for one in errors(printer)]
    return np.abs([share for share in found if share is not None])


def few() -> list[tuple[CalibrationPart, Sliced]]:
    return [(part, sliced) for part, sliced in calibration_slices("generic_i3") if len(part.mesh.faces) < 350]


@pytest.mark.parametrize("printer", PRINTERS)
def test_a_calibrated_model_is_near_the_slicer_on_shapes_that_it_never_saw(printer: PrinterName) -> None:
    mass, time = shares(printer, "mass"), shares(printer, "time")
    assert len(mass) == 48
    assert np.median(mass) < 0.02
    assert np.percentile(mass, 90) < 0.08
    assert np.median(time) < 0.05
    assert np.percentile(time, 90) < 0.12


@pytest.mark.parametrize("printer", PRINTERS)
def test_the_bands_hold_for_nine_in_ten_shapes_that_were_never_seen(printer: PrinterName) -> None:
    calibration = fit(printer).calibration
    for field in ("mass", "time"):
        covered = shares(printer, field) <= float(getattr(calibration.bands, field))
        assert covered.mean() >= 0.8, field
    # Of both figures and all shapes together nine in ten are inside.
    every = [shares(printer, field) <= float(getattr(calibration.bands, field)) for field in ("mass", "time")]
    assert np.concatenate(every).mean() >= 0.86
    supports = shares(printer, "supports")
    assert len(supports) == 11
    assert (supports <= float(calibration.bands.supports)).mean() >= 0.8


def test_the_shipped_calibration_is_the_fit_of_the_stored_slices() -> None:
    shipped, made = default_calibration(), fit("generic_i3").calibration
    assert shipped.printer == made.printer == FDM_PRINTER
    assert shipped.profile_sha256 == generic_profile().sha256
    assert shipped.slices == made.slices == 50
    for group in ("mass", "time", "supports"):
        ours, theirs = getattr(shipped.weights, group), getattr(made.weights, group)
        for name in ours.__slots__:
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), abs=0.02), name
    assert float(shipped.bands.time) == pytest.approx(float(made.bands.time), abs=0.01)


def test_a_slicer_that_lays_a_tenth_more_gets_weights_a_tenth_higher() -> None:
    said = few()
    heavier = [(part, replace(sliced, part_mm3=sliced.part_mm3 * 1.1)) for part, sliced in said]
    one, other = (calibrate(generic_profile(), slices, DAY).calibration for slices in (said, heavier))
    cube = calibration_slices("generic_i3")[0][0].mesh
    grams = [slice_part(cube, calibration=c).estimate(MATERIALS["pla"], 0.2).part_g for c in (one, other)]
    assert grams[1] / grams[0] == pytest.approx(1.1, abs=0.01)


def test_slices_by_physics_alone_teach_nothing() -> None:
    physics = replace(default_calibration(), weights=Weights())

    def by_physics(part: CalibrationPart, sliced: Sliced) -> Sliced:
        asked = part.request
        printer = replace(
            FDM_PRINTER,
            layer_height_mm=asked.layer_height_mm or FDM_PRINTER.layer_height_mm,
            perimeters=asked.perimeters or FDM_PRINTER.perimeters,
        )
        estimate = slice_part(part.mesh, 0.0, replace(physics, printer=printer)).estimate(
            MATERIALS["pla"], asked.infill
        )
        return replace(sliced, part_mm3=estimate.part_g / 1.24e-3, time_s=estimate.part_s)

    said = [(part, by_physics(part, sliced)) for part, sliced in few() if not part.request.supports]
    weights = calibrate(generic_profile(), said, DAY).calibration.weights
    assert np.allclose([getattr(weights.mass, name) for name in weights.mass.__slots__], 1.0, atol=1e-3)
    assert np.allclose([getattr(weights.time, name) for name in weights.time.__slots__], 1.0, atol=1e-3)


def test_calibration_parts_are_solids_that_any_printer_holds() -> None:
    parts = calibration_parts()
    assert 30 <= len(parts) <= 50
    assert len({part.name for part in parts}) == 30
    assert sum(part.request.supports for part in parts) >= 7
    for part in {part.name: part for part in parts}.values():
        topology = topology_of(surface_of(part.mesh))
        assert topology.solid is not None, part.name
        assert topology.bodies == 1, part.name
        assert part.mesh.vertices[:, 2].min() == pytest.approx(0, abs=1e-6)
        assert (part.mesh.size <= (100, 100, 80)).all()


def test_parts_are_asked_for_in_layers_that_the_nozzle_can_lay() -> None:
    for nozzle in (0.25, 0.4, 0.8):
        heights = {part.request.layer_height_mm for part in calibration_parts(replace(FDM_PRINTER, nozzle_mm=nozzle))}
        assert heights == {None, round(0.3 * nozzle, 3), round(0.7 * nozzle, 3)}


def test_too_few_or_foreign_slices_are_refused() -> None:
    said = few()
    with pytest.raises(InvalidInput, match="at least 12 slices"):
        calibrate(generic_profile(), said[:5], DAY)
    with pytest.raises(InvalidInput, match="one slicer"):
        calibrate(generic_profile(), [*said[1:], (said[0][0], replace(said[0][1], slicer="Cura"))], DAY)
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match="says no time"):
            calibrate(generic_profile(), [*said[1:], (said[0][0], replace(said[0][1], time_s=wrong))], DAY)


def test_a_calibration_survives_its_file() -> None:
    calibration = replace(default_calibration(), name='A "good" \\ one\n\tof 3€', build_volume_mm=(250.0, 210.0, 200.5))
    assert read_calibration(calibration.to_toml()) == calibration


LINES = default_calibration().to_toml().splitlines()


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("walls = 1.0\nwalls = 1.0", "not TOML"),
        ("walls = -0.1", "mass.walls"),
        ("walls = nan", "mass.walls"),
        ("walls = true", "mass.walls"),
        ('walls = "1"', "mass.walls"),
        ("walls = 1e9", "mass.walls"),
        ("", "lacks mass.walls"),
        ("walls = 1.0\nceilings = 1.0", "mass.ceilings"),
    ],
)
def test_a_damaged_calibration_is_refused_in_a_sentence(line: str, word: str) -> None:
    text = "\n".join(line if old.startswith("walls = ") else old for old in LINES)
    with pytest.raises(InvalidInput, match=word):
        read_calibration(text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("layer_height_mm", "0.0"),
        ("perimeters", "0"),
        ("perimeters", "2.5"),
        ("pattern", '"spaghetti"'),
        ("vertical_shells", "1"),
        ("acceleration_mm_s2", "0"),
        ("build_volume_mm", "[1, 2]"),
        ("made_on", '"today"'),
        ("supports", '"1e5"'),
    ],
)
def test_a_printer_that_cannot_be_is_refused(key: str, value: str) -> None:
    text = "\n".join(f"{key} = {value}" if old.startswith(f"{key} = ") else old for old in LINES)
    with pytest.raises(InvalidInput, match=key):
        read_calibration(text)


def test_a_calibration_of_megabytes_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        read_calibration("#" * 100_001)


@settings(max_examples=50, deadline=None)
@given(share=st.floats(0, 20))
def test_a_band_is_never_rounded_down(share: float) -> None:
    band = band_of(share)
    assert band == 10 or share <= float(band) <= share + 0.0011
