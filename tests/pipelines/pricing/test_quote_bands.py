"""The band of a quote's total: that it covers, on real slices and whatever way the errors go together."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.pricing import Quote, QuoteRequest, Sliced, default_price_book, quote
from pipelines.pricing.calibration import default_calibration
from pipelines.pricing.printers import FDM_PRINTER
from pipelines.printability import PrintReport
from tests.golden.slicer_truth import Slice, slices
from tests.pipelines.pricing.orders import BOOK, ISSUED, amounts, priced, report, with_


@cache
def plain_slices() -> tuple[Slice, ...]:
    """What the shipped printer was sliced for, without supports."""
    return tuple(one for one in slices() if one.printer == FDM_PRINTER and one.setting != "sup")


def as_sliced(truth: Slice) -> Sliced:
    return Sliced("PrusaSlicer 2.5.0", truth.grams / 1.24 * 1000, 0.0, truth.seconds, 1, ())


def quotes_of(truth: Slice, clean: PrintReport) -> tuple[Quote, Quote]:
    """By the model, and by the slicer's word."""
    book = default_price_book()
    request = QuoteRequest(infill=truth.infill, quantity=10, support=False)
    model, slicer = (quote(truth.mesh, clean, request, book, ISSUED, "q", s) for s in (None, as_sliced(truth)))
    return model, slicer


def test_a_total_is_within_its_band_wherever_mass_and_time_are_within_theirs() -> None:
    # The report decides what else is offered; one that offers nothing saves the time of walking it.
    clean, bands = replace(report("cube"), min_wall_mm=None, turns=()), default_calibration().bands
    parts, totals = [], []
    for truth in plain_slices()[::2]:
        model, slicer = quotes_of(truth, clean)
        mass, time = slicer.mass_g / model.mass_g - 1, slicer.print_time_s / model.print_time_s - 1
        parts.append(abs(mass) <= bands.mass and abs(time) <= bands.time)
        totals.append(abs(slicer.total_minor / model.total_minor - 1) <= model.error_band)
        assert 0 < model.error_band < 0.08  # it holds, and not by being wide
    assert len(parts) >= 25
    assert all(total for total, part in zip(totals, parts, strict=True) if part)
    assert sum(totals) >= sum(parts)


@settings(max_examples=25, deadline=None)
@given(
    together=st.floats(-1, 1),
    shape=st.sampled_from(["cube", "cup"]),
    material=st.sampled_from(["pla", "resin"]),
    least=st.sampled_from(["0", "60"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_band_covers_however_the_errors_of_mass_and_time_go_together(
    together: float, shape: str, material: str, least: str, seed: int
) -> None:
    book = with_(BOOK, order={"minimum": least})
    found = priced(shape, book, material=material, quantity=5)
    bands = {line.code: line.error_band for line in found.lines}
    costs = amounts(found)
    # Nine in ten of a normal error are within 1.645 standard deviations.
    normal = np.random.default_rng(seed).normal(size=(2, 4000)) / 1.645
    mass = normal[0] * bands["material"]
    time = (together * normal[0] + np.sqrt(1 - together**2) * normal[1]) * bands["machine_time"]
    moved = costs["material"] * mass + (costs["machine_time"] + costs["energy"]) * time
    goods = sum(v for code, v in costs.items() if code not in {"tax", "minimum"})
    # Failure and margin follow: at least as much as their share, at most all of it.
    factor = 1.1 * 1.4 * 1.1
    totals = np.maximum(goods * 1.1 + moved * factor, int(least) * 110)
    assert np.mean(np.abs(totals / found.total_minor - 1) <= found.error_band + 1e-3) >= 0.885


def test_the_band_of_the_total_is_the_band_of_its_parts_by_their_weight() -> None:
    found = priced("cube", material="resin", quantity=9)
    # Material 44.712 within 10 %, machine and energy 147.7725 within 25 %. Of each unit's material 1.1 * (1 + 2.2 / 9),
    # of each plate's running 1.1 * 1.4; VAT moves along.
    moved = 44.712 * 0.10 * 1.1 * (1 + 2.2 / 9) + 147.7725 * 0.25 * 1.1 * 1.4
    assert found.error_band == pytest.approx(moved / 4208.77541, abs=1e-3)
    assert {line.code: line.error_band for line in found.lines}["setup"] == 0


def test_a_step_of_the_post_within_the_band_is_in_it() -> None:
    # 40 cubes of 1.242 g weigh 49.68 g: with 50 g of packaging just below 100 g, where the post costs 3 dollars more.
    close, far = (priced(material="resin", quantity=n, ship_to="de") for n in (40, 20))
    post = {n: next(line for line in one.lines if line.code == "shipping") for n, one in ((40, close), (20, far))}
    assert post[40].error_band == 0.75
    assert post[20].error_band == 0
    assert close.error_band > far.error_band


def test_a_slicers_word_has_the_narrower_band_and_is_named_on_every_line_that_rests_on_it() -> None:
    model = priced("cup", quantity=500)
    volume_mm3, time_s = model.mass_g / 1.24e-3, float(model.print_time_s)
    found = priced("cup", sliced=Sliced("Slicer 1.0", volume_mm3, 0.0, time_s, 100, ()), quantity=500)
    assert found.total_minor == model.total_minor
    assert found.error_band < model.error_band
    sources = {line.code: line.source for line in found.lines}
    assert sources == {
        "material": "slicer",
        "machine_time": "slicer",
        "energy": "slicer",
        "setup": "geometry",
        "post_processing": "geometry",
        "failure": "slicer",
        "margin": "slicer",
        "tax": "slicer",
    }
    assert any(
        note.startswith("Mass and time are the word of Slicer 1.0; the model's time is ") for note in found.notes
    )


def test_supports_that_are_much_of_the_price_are_said() -> None:
    held, bare = priced("tee", quantity=500), priced("tee", quantity=500, support=False)
    share = 1 - bare.total_minor / held.total_minor
    assert 0.15 < share < 0.5
    assert f"Supports and their removal are {share:.0%} of the price: another way up may save them." in held.notes
    assert not any("Supports" in note for note in bare.notes)
