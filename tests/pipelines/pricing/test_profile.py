"""Profiles: what each setting becomes by the slicer's own rules, and what is no profile."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import InvalidInput, TooLarge
from pipelines.pricing.printers import FDM_PRINTER
from pipelines.pricing.profile import PrinterProfile, generic_profile, generic_profile_text, read_profile

PLAIN = "nozzle_diameter = 0.4\nlayer_height = 0.2\nfirst_layer_height = 0.2\n"
GYROID = Path(__file__).parents[2] / "golden" / "gyroid_i3.ini"


def read(*lines: str) -> PrinterProfile:
    return read_profile(PLAIN + "\n".join(lines))


def test_the_generic_profile_is_the_printer_that_the_model_takes_by_default() -> None:
    profile = generic_profile()
    assert profile.printer == FDM_PRINTER
    assert profile.build_volume_mm == (220.0, 220.0, 250.0)
    assert profile.infill == 0.2
    assert (profile.filament.diameter_mm, profile.filament.density_g_cm3) == (1.75, 1.24)
    assert profile.filament.price_per_kg == 20.0


def test_a_profile_of_another_printer_is_read_setting_by_setting() -> None:
    printer = read_profile(GYROID.read_text()).printer
    assert (printer.pattern, printer.vertical_shells, printer.thick_bridges) == ("gyroid", True, False)
    assert (printer.wall_acceleration_mm_s2, printer.infill_acceleration_mm_s2) == (850.0, 1100.0)
    assert printer.first_layer_acceleration_mm_s2 == 750.0
    assert (printer.tops, printer.bottoms) == (6, 4)
    assert printer.interface_speed_mm_s == 40.0  # 80 % of 50
    assert (printer.support_base_interface_layers, printer.support_bridges) == (0, True)
    assert (printer.retract_each_layer, printer.z_lift_mm) == (True, 0.3)


def test_widths_of_zero_follow_the_nozzle_and_percentages_the_layer() -> None:
    # Flow::auto_extrusion_width: 1.125 nozzles, one for tops and supports. 200 % of 0.2 mm is 0.4 mm.
    auto = read("first_layer_extrusion_width = 200%").printer
    assert auto.line_width_mm == auto.external_width_mm == pytest.approx(0.45)
    assert auto.top_line_width_mm == auto.support_width_mm == 0.4
    assert auto.first_layer_width_mm == pytest.approx(0.4)
    given_once = read(
        "extrusion_width = 0.5", "infill_extrusion_width = 225%", "first_layer_extrusion_width = 0"
    ).printer
    assert given_once.line_width_mm == given_once.top_line_width_mm == given_once.first_layer_width_mm == 0.5
    assert given_once.sparse_width_mm == pytest.approx(0.45)


def test_percentages_of_speeds_are_of_the_speeds_that_the_slicer_means() -> None:
    printer = read(
        "machine_limits_usage = ignore",
        "perimeter_speed = 60",
        "external_perimeter_speed = 50%",
        "small_perimeter_speed = 25%",
        "infill_speed = 80",
        "solid_infill_speed = 75%",
        "top_solid_infill_speed = 50%",
        "bridge_speed = 0",
        "max_print_speed = 90",
        "first_layer_speed = 50%",
    ).printer
    assert (printer.external_speed_mm_s, printer.small_perimeter_speed_mm_s) == (30.0, 15.0)
    assert (printer.solid_speed_mm_s, printer.top_speed_mm_s) == (60.0, 30.0)
    assert printer.bridge_speed_mm_s == 90.0  # 0 is as fast as allowed
    assert printer.first_layer_speed_mm_s == 30.0


def test_machine_limits_hold_unless_they_are_ignored() -> None:
    limits = ("infill_speed = 300", "machine_max_feedrate_x = 120", "machine_max_feedrate_y = 100")
    assert read(*limits).printer.sparse_speed_mm_s == 100.0
    assert read(*limits, "machine_limits_usage = ignore").printer.sparse_speed_mm_s == 300.0
    axes = ("default_acceleration = 3000", "machine_max_acceleration_y = 900")
    assert read(*axes).printer.acceleration_mm_s2 == 900.0
    assert read(*axes).printer.wall_acceleration_mm_s2 == 900.0


def test_of_several_extruders_the_first_one_prints_and_a_note_says_so() -> None:
    profile = read_profile("nozzle_diameter = 0.6,0.4\nlayer_height = 0.3\nretract_length = 1.5,2\n")
    assert (profile.printer.nozzle_mm, profile.printer.retract_mm) == (0.6, 1.5)
    assert "2 extruders" in profile.notes[0]


def test_thin_layers_get_as_many_solid_layers_as_the_least_shell_takes() -> None:
    lines = ("top_solid_layers = 3", "top_solid_min_thickness = 0.7", "bottom_solid_layers = 0")
    printer = read(*lines, "bottom_solid_min_thickness = 0.5").printer
    assert (printer.tops, printer.bottoms) == (4, 0)  # 0.7 / 0.2 = 3.5; no bottoms are asked for


def test_a_threshold_of_zero_is_the_slope_at_which_half_a_line_is_held() -> None:
    assert read("support_material_threshold = 0").printer.support_limit_deg == pytest.approx(41.63, abs=0.01)


def test_what_the_model_leaves_out_is_named() -> None:
    notes = " ".join(read("raft_layers = 3", "spiral_vase = 1", "fill_pattern = lightning").notes)
    for word in ("raft_layers", "spiral_vase", "lightning", "density"):
        assert word in notes
    assert "raft_layers" not in " ".join(read("raft_layers = 0").notes)


def test_the_hash_is_of_the_settings_not_of_the_text() -> None:
    shuffled = "\r\n".join(["# generated on another day", "", *reversed(PLAIN.splitlines())])
    assert read_profile(shuffled).sha256 == read_profile(PLAIN).sha256
    assert read_profile(PLAIN.replace("0.4", "0.5")).sha256 != read_profile(PLAIN).sha256


def test_start_code_with_every_sign_in_it_is_no_setting() -> None:
    code = r"start_gcode = M862.3 P \"[printer_model]\" ; check\nG1 X=1 {if layer_height<0.1}100{else}95{endif}"
    assert read(code).printer == read().printer


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("# only a comment\n", "empty"),
        ("\x00\x01\x02", "not a text file"),
        ('{"layer_height": 0.2}', "key = value"),
        ("[printer:MK3S]\ninherits = *common*\n", "bundle"),
        ("inherits = 0.20mm QUALITY\nperimeters = 3\n", "inherits"),
        ("printer_technology = SLA\nlayer_height = 0.05\n", "resin"),
        ("exposure_time = 8\nlayer_height = 0.05\n", "resin"),
        ("colour = blue\n", "none of PrusaSlicer"),
        (PLAIN + "layer_height = 0.3\n", "twice"),
        ("nozzle_diameter = -0.4\n", "nozzle_diameter"),
        ("nozzle_diameter = 0.4\nlayer_height = 0\n", "layer_height"),
        ("nozzle_diameter = 0.4\nlayer_height = 0.5\nfirst_layer_height = 0.3\n", "thicker than its nozzle"),
        (PLAIN + "perimeters = 2.5\n", "whole number"),
        (PLAIN + "perimeter_speed = fast\n", "no number"),
        (PLAIN + "perimeter_speed = 1e99\n", "perimeter_speed"),
        (PLAIN + "perimeter_speed = nan\n", "no number"),
        (PLAIN + "travel_speed = 50%\n", "no share"),
        (PLAIN + "fill_density = 150%\n", "fill_density"),
        (PLAIN + "fill_pattern = spaghetti\n", "spaghetti"),
        (PLAIN + "cooling = yes\n", "0 or 1"),
        (PLAIN + "extrusion_width = 0.1\n", "narrower"),
        (PLAIN + "extrusion_width = 3\n", "wider"),
        (PLAIN + "bed_shape = round\n", "bed_shape"),
        (PLAIN + "bed_shape = 0x0,1e9x0,5x5\n", "bed_shape"),
        (PLAIN + "bed_shape = 0x0,0x0,0x0\n", "no printer has such a bed"),
    ],
)
def test_what_is_no_profile_is_refused_in_a_sentence(text: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=word) as refusal:
        read_profile(text)
    assert "\n" not in str(refusal.value)


def test_a_profile_of_megabytes_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        read_profile("a" * 1_000_001)


@settings(max_examples=60, deadline=None)
@given(
    line=st.integers(0, 70), value=st.one_of(st.floats().map(repr), st.text(max_size=12), st.just("-1"), st.just("99%"))
)
def test_a_profile_with_one_odd_value_is_read_or_refused(line: int, value: str) -> None:
    lines = generic_profile_text().splitlines()
    key = lines[line % len(lines)].split("=")[0]
    lines[line % len(lines)] = f"{key}= {value}"
    try:
        printer = read_profile("\n".join(lines)).printer
    except InvalidInput:
        return
    assert printer.spacing_mm > 0
    assert min(printer.inner_speed_mm_s, printer.travel_speed_mm_s, printer.acceleration_mm_s2) > 0
