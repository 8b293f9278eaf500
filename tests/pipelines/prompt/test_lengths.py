"""Lengths: their notation, their unit, their name and what is wrong with them."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pint import UnitRegistry

from pipelines.prompt import PromptAnalysis, analyse, contradictions
from pipelines.prompt.units import UNITS, millimetres_per


def lengths(text: str) -> dict[str, float]:
    return {found.name: round(found.value_mm, 6) for found in analyse(text).dimensions}


@pytest.mark.parametrize(
    ("text", "height_mm"),
    [
        ("vase 12 cm tall", 120), ("vase 12cm tall", 120), ("vase 12.5 cm tall", 125), ("vase 12,5 cm tall", 125),
        ("vase .5 m tall", 500), ("vase 1/2 inch tall", 12.7), ("vase 1 1/2 inch tall", 38.1),
        ("vase 1½ in tall", 38.1),
        ("vase ¾ in tall", 19.05), ("vase half an inch tall", 12.7), ("vase a quarter of an inch tall", 6.35),
        ("vase two and a half inches tall", 63.5), ('vase 3" tall', 76.2), ("vase 3” tall", 76.2),
        ("vase 3″ tall", 76.2),
        ("vase 5' tall", 1524), ("vase 2'3\" tall", 685.8), ("vase 2 ft 3 in tall", 685.8), ("vase 5-inch tall", 127),
        ("vase twelve centimetres tall", 120), ("vase twenty-five mm tall", 25), ("vase 10-12 cm tall", 110),
        ("vase 10 to 12 cm tall", 110), ("vase between 10 and 12 cm tall", 110), ("vase 1e2 mm tall", 100),
        ("vase ten millimeters tall", 10), ("vase １２ cm tall", 120), ("vase ١٢ cm tall", 120),
        ("vaso de doze centímetros de altura", 120), ("vaso de meia polegada de altura", 12.7),
        ("vaso de uma polegada e meia de altura", 38.1), ("vaso de 1.234,5 mm de altura", 1234.5),
        ("vaso de 1.500 mm de altura", 1500), ("vase 1.500 mm tall", 1.5), ("vase 1,500 mm tall", 1500),
        ("vaso de 1,500 mm de altura", 1.5), ("vaso de cento e vinte e cinco mm de altura", 125),
        ("vaso de um metro e meio de altura", 1500), ("vaso de 1 m e 20 cm de altura", 1200),
        ("vaso de 10 a 12 cm de altura", 110), ("vaso entre 10 e 12 cm de altura", 110),
        ("vaso com 2 pés de altura", 609.6),
    ],
)  # fmt: skip
def test_a_height_is_read_however_it_is_written(text: str, height_mm: float) -> None:
    assert lengths(text) == {"height": height_mm}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 cm vase", {"size": 120}),
        ("vase: height 12 cm, diameter 8 cm", {"height": 120, "diameter": 80}),
        ("vase 12 cm height 8 cm width", {"height": 120, "width": 80}),
        ("vase height 12 cm width 8 cm", {"height": 120, "width": 80}),
        ("vaso 12cm de altura por 8 de diâmetro", {"height": 120, "diameter": 80}),
        ("vase 10 cm tall, 8 wide", {"height": 100, "width": 80}),
        ("a vase 8 wide and 10 cm tall", {"width": 80, "height": 100}),
        ("vase with width and height of 12 cm", {"width": 120, "height": 120}),
        ("box 10 cm wide and deep", {"width": 100, "depth": 100}),
        ("box 40x30x20 mm", {"width": 40, "depth": 30, "height": 20}),
        ("box 40 mm x 30 mm x 2 cm", {"width": 40, "depth": 30, "height": 20}),
        ("tray 10 by 20 cm", {"width": 100, "depth": 200}),
        ("chair 9 cm tall walnut", {"height": 90}),
        ("bolt M6 length 20 stainless steel", {"length": 20}),
        ("box with 6 compartments 120 x 80 x 30 mm zebra", {"width": 120, "depth": 80, "height": 30}),
        ("engrenagem módulo 1,5 furo de 5 mm", {"module": 1.5, "hole_diameter": 5}),
        ("cone truncado base 40 mm topo 20 mm", {"bottom_diameter": 40, "top_diameter": 20}),
        ("hollow cylinder wall 3 height 30 mm", {"wall": 3, "height": 30}),
        ("L bracket 50x50x20 mm", {"height": 50, "depth": 50, "width": 20}),
        ("cantoneira 40x60 mm", {"height": 40, "depth": 60}),
        ("cilindro 20x50 mm", {"diameter": 20, "height": 50}),
        ("30mm cube, hole through the middle 8mm", {"size": 30, "hole_diameter": 8}),
        ("prato fundo 20 cm", {"size": 200}),
        ("bandeja 10 por 20 cm", {"width": 100, "depth": 200}),
        ("box 40x30x20 mm (LxWxH)", {"length": 40, "width": 30, "height": 20}),
        ("caixa C x L x A: 40 x 30 x 20 cm", {"length": 400, "width": 300, "height": 200}),
        ("cylinder Ø 25 mm", {"diameter": 25}),
        ("cylinder ⌀25 x 10 mm", {"diameter": 25, "height": 10}),
        ("cylinder radius 3 cm", {"diameter": 60}),
        ("cylinder r=10mm h=20mm", {"diameter": 20, "height": 20}),
        ("washer od 20 mm id 10 mm", {"diameter": 20, "inner_diameter": 10}),
        ("ring with inner radius of 9 mm", {"inner_diameter": 18}),
        ("cube with a 10 mm hole", {"hole_diameter": 10}),
        ("cube with a hole of radius 5 mm", {"hole_diameter": 10}),
        ("cubo com furo central de 8 mm de diâmetro", {"hole_diameter": 8}),
        ("gear with a bore of 5 mm", {"hole_diameter": 5}),
        ("box with 2 mm thick walls", {"wall": 2}),
        ("caixa com paredes de 2 mm de espessura", {"wall": 2}),
        ("vase with a base 5 mm thick", {"base_thickness": 5}),
        ("vase 10 cm wide at the top", {"top_diameter": 100}),
        ("vaso com 10 cm de diâmetro na boca e 6 cm na base", {"top_diameter": 100, "bottom_diameter": 60}),
        ("tray with 3 mm rounded corners", {"corner_radius": 3}),
        ("bandeja com raio do canto de 3 mm", {"corner_radius": 3}),
        ("name sign with letters 10 mm tall", {"text_height": 10}),
        ("gear module 2", {"module": 2}),
        ("engrenagem módulo 1,5", {"module": 1.5}),
        ("bolt with a pitch of 1.25 mm", {"pitch": 1.25}),
        ("table with legs 3 cm thick", {"leg_thickness": 30}),
        ("cadeira com altura do assento de 45 mm", {"seat_height": 45}),
        ("tray with a 5 mm lip", {"lip": 5}),
        ("hooks spaced 20 mm", {"spacing": 20}),
        ("washer 20x10x2 mm", {"diameter": 20, "inner_diameter": 10, "thickness": 2}),
        ("gear 40 mm diameter 20 teeth", {"diameter": 40}),
        ("suporte p/ celular c/ 8 cm de largura", {"width": 80}),
        ("knob for 6 mm D-shaft, 30 mm diameter", {"diameter": 30}),
    ],
)
def test_a_length_has_the_name_of_what_it_measures(text: str, expected: dict[str, float]) -> None:
    assert lengths(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a vase for 12 roses", "a vase for a 3 year old", "a vase for 30 cm flowers",
        "vase printed at 0.2 mm layer height",
        "vase with 20% infill", "a 5 kg vase", "vase at 45 degrees", "a 1:10 vase", "a 3D vase",
        "vase 500 cm² in area",
        "a vase by 16:30", "vase #2", "vaso com altura de camada de 0,2 mm", "a vase with a dragon of 3 cm",
    ],
)  # fmt: skip
def test_numbers_of_other_things_are_no_lengths(text: str) -> None:
    assert lengths(text) == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("vase height -3 mm", "dimension.not_positive"),
        ("vaso com altura de 0 mm", "dimension.not_positive"),
        ("vase minus 3 cm tall", "dimension.not_positive"),
        ("vase height NaN mm", "dimension.not_finite"),
        ("vase 1e400 mm tall", "dimension.not_finite"),
        ("vase infinite height", "dimension.not_finite"),
        ("vase 0.01 mm tall", "dimension.too_small"),
    ],
)
def test_an_impossible_length_is_a_problem_and_no_dimension(text: str, code: str) -> None:
    analysis = analyse(text)
    assert analysis.dimensions == ()
    assert [found.code for found in contradictions(analysis)] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "bowl with a height of 8 cm and a height of 10 cm", "vase wall 10 mm, diameter 20 mm",
        "washer od 10 mm id 20 mm", "cube 10 mm with a 10 mm hole", "vase 10 mm tall with a 12 mm thick base",
        "gear with 20 teeth, module 2 and 60 mm diameter", "gear with 20 teeth, module 1, hole of 18 mm",
        "vaso com altura de 10 cm e altura de 12 cm",
    ],
)  # fmt: skip
def test_lengths_that_cannot_both_be_true_stop_the_job(text: str) -> None:
    assert [found.code for found in contradictions(analyse(text))] == ["dimension.contradictory"]


@pytest.mark.parametrize(
    "text",
    [
        "bowl with a height of 8 cm and a height of 80 mm", "vase wall 9.9 mm, diameter 20 mm",
        "gear with 20 teeth, module 2 and 44 mm diameter", "gear with 20 teeth, module 2 and 40 mm diameter",
        "gear with 20 teeth, module 1, hole of 17 mm", "a 20 mm sphere on a 40 mm cube",
        "cube 20 mm with a 5 mm hole and a 3 mm hole", "tray 20 x 20 mm with 10 mm rounded corners",
    ],
)  # fmt: skip
def test_lengths_that_agree_do_not(text: str) -> None:
    assert contradictions(analyse(text)) == ()


def test_only_outer_lengths_beyond_the_longest_side_of_the_bed_stop() -> None:
    def stops(text: str, bed: tuple[float, float, float]) -> bool:
        return "dimension.exceeds_bed" in [found.code for found in contradictions(analyse(text, bed))]

    assert stops("vase 251 mm tall", (220, 220, 250))
    assert not stops("vase 250 mm tall", (220, 220, 250))
    assert not stops("vase 251 mm tall", (300, 200, 200))
    assert not stops("name sign with letters 300 mm tall", (220, 220, 250))


def test_a_bare_number_is_read_in_millimetres_and_said() -> None:
    analysis = analyse("vase height 120")
    assert lengths("vase height 120") == {"height": 120}
    assert [found.code for found in analysis.problems] == ["dimension.ambiguous_unit"]
    assert contradictions(analysis) == ()


def test_problems_speak_the_language_of_the_prompt() -> None:
    (english,) = analyse("vase height -3 mm").problems
    (portuguese,) = analyse("vaso com altura de -3 mm").problems
    assert "greater than zero" in english.message
    assert "-3 mm" in english.message
    assert "maior que zero" in portuguese.message


def test_units_are_those_of_pint() -> None:
    registry: Any = UnitRegistry()
    for unit in set(UNITS.entries.values()):
        assert millimetres_per(unit) == pytest.approx(registry.Quantity(1, unit).to("mm").magnitude, rel=1e-12)


def _only(analysis: PromptAnalysis) -> float:
    (found,) = analysis.dimensions
    return found.value_mm


@given(micrometres=st.integers(100, 10_000_000), unit=st.sampled_from(["mm", "cm", "m", "in", "ft", "yd"]))
def test_one_length_in_any_unit_is_one_length(micrometres: int, unit: str) -> None:
    value = micrometres / 1000.0 / millimetres_per(unit)
    assume(value >= 1e-4)
    analysis = analyse(f"vase {value:.12f} {unit} tall")
    assert _only(analysis) == pytest.approx(micrometres / 1000.0, rel=1e-6)


@given(tenths=st.integers(1, 99_999))
def test_comma_and_point_are_both_decimal(tenths: int) -> None:
    text = f"{tenths / 10:.1f}"
    english, portuguese = f"vase {text} cm tall", f"vaso com {text.replace('.', ',')} cm de altura"
    assert _only(analyse(english)) == _only(analyse(portuguese)) == pytest.approx(tenths)


@given(value=st.integers(1, 999))
def test_a_radius_is_half_a_diameter(value: int) -> None:
    assert _only(analyse(f"vase radius {value} mm")) == 2 * _only(analyse(f"vase diameter {value} mm"))
