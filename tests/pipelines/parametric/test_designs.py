"""What a prompt asks becomes a design: what was said holds, the rest follows, the impossible is refused in words."""

import math

import numpy as np
import pytest

from pipelines.errors import ContradictoryPrompt, InvalidInput, NoBackend
from pipelines.parametric import FAMILIES, Design, build, design, serves
from pipelines.prompt.types import PromptAnalysis
from tests.pipelines.parametric.asking import NAMES, ask, ask_default, ask_parts, volume_of, with_problem


def test_every_family_that_is_promised_exists() -> None:
    assert sorted(FAMILIES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_default_lies_within_its_own_range(name: str) -> None:
    for parameter in FAMILIES[name].parameters:
        if parameter.unit != "text":
            assert parameter.low <= parameter.number <= parameter.high, parameter.name


def test_what_is_said_holds_and_the_rest_follows_in_proportion() -> None:
    vase = design(ask("vase", size=300))
    assert vase.value("height") == 300
    assert vase.value("diameter") == pytest.approx(78 * 300 / 120)
    assert vase.value("bottom_diameter") == pytest.approx(50 * 300 / 120)


@pytest.mark.parametrize("height", [20, 60, 120, 300, 1000])
def test_an_unsaid_wall_stays_printable_at_any_size(height: float) -> None:
    assert 1.2 <= design(ask("vase", height=height)).value("wall") <= 3.0


def test_a_said_wall_is_never_changed() -> None:
    assert design(ask("vase", height=300, wall=0.8)).value("wall") == 0.8


@pytest.mark.parametrize(
    ("family", "parameter"),
    [("vase", "height"), ("plate", "diameter"), ("washer", "diameter"), ("cube", "width"), ("bolt", "length")],
)
def test_a_size_without_axis_means_the_main_axis_of_the_family(family: str, parameter: str) -> None:
    assert design(ask(family, size=25)).value(parameter) == 25


def test_length_width_height_of_a_box_are_its_three_sides_in_that_order() -> None:
    box = design(ask("box", length=70, width=50, height=30))
    assert (box.value("width"), box.value("depth"), box.value("height")) == (70, 50, 30)


def test_width_depth_height_of_a_box_are_its_three_sides() -> None:
    box = design(ask("box", width=70, depth=50, height=30))
    assert (box.value("width"), box.value("depth"), box.value("height")) == (70, 50, 30)


def test_a_size_without_axis_takes_the_side_that_was_not_said() -> None:
    box = design(ask("box", size=90, width=33))
    assert (box.value("width"), box.value("depth")) == (33, 90)


def test_a_thread_sets_all_that_the_standards_say() -> None:
    bolt = design(ask("bolt", thread="M10", length=40))
    assert dict(bolt.parameters) | {"clearance": 0} == {
        "diameter": 10, "length": 40, "pitch": 1.5, "across_flats": 16, "head_height": 6.4, "clearance": 0, "starts": 1,
    }  # fmt: skip
    washer = design(ask("washer", thread="M10"))
    assert dict(washer.parameters) == {"diameter": 20, "inner_diameter": 10.5, "thickness": 2.0}
    assert design(ask("nut", thread="M30")).value("height") == 25.6
    assert design(ask("bracket", thread="M4")).value("hole_diameter") == 4.5


def test_a_gear_takes_its_module_from_its_outer_diameter() -> None:
    assert design(ask("gear", diameter=66, teeth=20)).value("gear_module") == 3
    assert design(ask("gear", diameter=66, module=3)).value("teeth") == 20


def test_a_torus_takes_its_tube_from_both_diameters() -> None:
    assert design(ask("torus", diameter=50, inner_diameter=30)).value("thickness") == 10


def test_a_hole_diameter_asks_for_a_hole_and_a_wall_for_a_hollow() -> None:
    assert design(ask("cube", size=40, hole_diameter=10)).features == ("hole",)
    assert design(ask("cube", size=40, wall=2)).features == ("hollow",)


def test_a_keychain_grows_with_its_text_and_shrinks_the_text_to_a_said_width() -> None:
    short, long = design(ask("keychain", inscription="Jo")), design(ask("keychain", inscription="Bartolomeu"))
    assert long.value("width") > short.value("width") + 20
    assert long.value("text_height") == short.value("text_height") == 8
    assert design(ask("keychain", inscription="Bartolomeu", width=40)).value("text_height") < 5


def test_the_colour_of_the_prompt_wins_over_that_of_the_family() -> None:
    assert design(ask("vase", color="#aa0011")).color == "#aa0011"
    assert design(ask("vase")).color == FAMILIES["vase"].color


def test_notes_tell_what_was_chosen_and_leave_out_what_was_said() -> None:
    [chosen, *_] = design(ask("vase", height=100, wall=2)).notes
    assert "diameter 65 mm" in chosen
    assert "wall" not in chosen
    assert "height" not in chosen


# --- a size for the whole object


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size_mm", [57.0, 183.0])
def test_the_longest_side_is_the_size_that_the_request_asks(name: str, size_mm: float) -> None:
    made = build(design(ask_default(name), size_mm=size_mm))
    assert max(made.mesh.size) == pytest.approx(size_mm, abs=1e-5)


def test_a_size_leaves_what_was_said_alone() -> None:
    vase = design(ask("vase", diameter=60, wall=2.2), size_mm=150)
    assert (vase.value("diameter"), vase.value("wall"), vase.fit_scale) == (60, 2.2, 1)
    assert max(build(vase).mesh.size) == pytest.approx(150, abs=1e-5)


def test_a_size_keeps_walls_and_does_not_scale_them() -> None:
    assert design(ask("vase"), size_mm=480).value("wall") == 3.0
    assert design(ask("vase"), size_mm=480).fit_scale == 1


def test_a_size_that_the_said_dimensions_exclude_is_refused_with_both_numbers() -> None:
    with pytest.raises(ContradictoryPrompt, match=r"15\.011 mm.*150 mm"):
        design(ask("nut", thread="M8"), size_mm=150)
    with pytest.raises(ContradictoryPrompt, match=r"120 mm.*80 mm"):
        design(ask("vase", height=120), size_mm=80)


def test_scaling_the_whole_is_said_in_a_note() -> None:
    nut = design(ask("nut"), size_mm=30)
    assert nut.fit_scale == pytest.approx(30 / 15.0111, rel=1e-4)
    assert any("scaled by" in note for note in nut.notes)


@pytest.mark.parametrize("size_mm", [0.0, -5.0, math.nan, math.inf, 1e9])
def test_a_size_that_is_none_is_refused(size_mm: float) -> None:
    with pytest.raises(InvalidInput, match="size_mm"):
        design(ask("vase"), size_mm=size_mm)


# --- what is not served


def test_a_prompt_that_no_family_fits_names_the_families_that_exist() -> None:
    dragon = PromptAnalysis("a dragon", "en", "dragon")
    assert not serves(dragon)
    with pytest.raises(NoBackend, match=r"vase.*torus"):
        design(dragon)


@pytest.mark.parametrize(
    "analysis",
    [
        ask("vase", "lid"),
        ask("bowl", "handle"),
        ask("vase", inscription="Ana"),
        ask("vase", thread="M8"),
        ask("gear", "wings"),
        ask_parts("a vase and a gear", "vase gear"),
    ],
    ids=["lid", "handle", "text", "thread", "unknown feature", "unjoinable families"],
)
def test_what_would_be_left_out_is_not_served_at_all(analysis: PromptAnalysis) -> None:
    assert not serves(analysis)
    with pytest.raises(NoBackend):
        design(analysis)


@pytest.mark.parametrize("name", NAMES)
def test_every_family_serves_its_own_name(name: str) -> None:
    assert serves(ask_default(name))


# --- what cannot be


def test_a_problem_that_the_analysis_found_is_repeated() -> None:
    with pytest.raises(ContradictoryPrompt, match="height -3 mm"):
        design(with_problem(ask("vase"), "dimension.not_positive", "The height -3 mm is not positive."))


def test_what_the_object_is_made_without_is_told_in_its_notes() -> None:
    told = "'dragon' is not taken into account: this object is made without it."
    assert told in design(with_problem(ask("vase"), "feature.unsupported", told)).notes


@pytest.mark.parametrize("value", [0.0, -3.0, 1e6, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["vase", "box", "gear", "bolt", "sphere", "house", "keychain"])
def test_a_dimension_that_is_none_is_refused_by_one_error(name: str, value: float) -> None:
    parameter = next(p for p in FAMILIES[name].parameters if p.unit == "mm" and p.said_as)
    with pytest.raises((ContradictoryPrompt, InvalidInput)):
        design(ask(name, inscription="Ana" if name == "keychain" else "", **{parameter.said_as[0]: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("analysis", "numbers"),
    [
        (ask("vase", diameter=40, wall=25), ("50", "wall")),
        (ask("washer", diameter=10, inner_diameter=12), ("12", "10")),
        (ask("cube", size=20, hole_diameter=30), ("30", "20")),
        (ask("cube", size=40, holes=5, hole_diameter=10), ("50", "40")),
        (ask("cylinder", diameter=20, wall=15, height=30), ("15", "10")),
        (ask("gear", teeth=4), ("5", "4")),
        (ask("gear", module=2, teeth=20, diameter=60), ("44", "60")),
        (ask("gear", module=1, teeth=10, hole_diameter=9), ("9", "6.5")),
        (ask("bolt", diameter=7), ("M7", "M6")),
        (ask("nut", thread="M31"), ("M31", "M30")),
        (ask("bottle", diameter=60, top_diameter=90), ("45", "30")),
        (ask("chair", height=80, seat_height=79), ("79", "70.")),
        (ask("torus", diameter=30, thickness=20), ("10", "5")),
        (ask("box", width=40, wall=25), ("0.5", "corners")),
        (ask("washer", thread="M8", inner_diameter=9), ("8.4", "9")),
        (ask("plant_pot", "drainage", hole_diameter=70), ("holes", "wall")),
        (ask("vase", spacing=4), ("spacing", "4")),
        (ask("die", sides=20), ("sides", "20")),
    ],
)
def test_dimensions_that_exclude_each_other_are_refused_with_both_numbers(
    analysis: PromptAnalysis, numbers: tuple[str, str]
) -> None:
    with pytest.raises(ContradictoryPrompt) as refusal:
        design(analysis)
    assert any(number in str(refusal.value) for number in numbers), str(refusal.value)


def test_one_dimension_said_twice_differently_is_refused() -> None:
    with pytest.raises(ContradictoryPrompt, match="both 80 and 90"):
        design(ask("sphere", diameter=80, width=90))


@pytest.mark.parametrize(
    "text", ["x" * 500, "I \N{HEAVY BLACK HEART} you", "\N{DRAGON}", "\N{CJK UNIFIED IDEOGRAPH-6F22}"]
)
def test_an_inscription_that_cannot_be_cut_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="inscription"):
        design(ask("keychain", inscription=text))


def test_a_missing_letter_is_named() -> None:
    with pytest.raises(InvalidInput, match="\N{DRAGON}"):
        design(ask("name_sign", inscription="my \N{DRAGON}"))


def test_a_name_sign_without_a_name_is_refused() -> None:
    with pytest.raises(InvalidInput, match="text in quotes"):
        design(ask("name_sign"))


@pytest.mark.parametrize(
    "broken",
    [
        Design("dragon", ()),
        Design("sphere", ()),
        Design("sphere", (("diameter", 40.0), ("wings", 2.0))),
        Design("sphere", (("diameter", math.nan),)),
        Design("sphere", (("diameter", 40.0),), color="red"),
        Design("sphere", (("diameter", 40.0),), fit_scale=0.0),
        Design("sphere", (("diameter", 40.0),), chord_error_mm=math.inf),
    ],
)
def test_a_design_made_by_hand_is_checked_as_well(broken: Design) -> None:
    with pytest.raises(InvalidInput):
        build(broken)


def test_an_unknown_parameter_cannot_be_replaced() -> None:
    with pytest.raises(InvalidInput, match="wings"):
        design(ask("sphere")).replaced("wings", 2)


def test_a_tube_is_said_by_its_two_diameters() -> None:
    tube = design(ask("cylinder", diameter=50, inner_diameter=40, height=30))
    assert (tube.value("diameter"), tube.value("wall")) == (50, 5)
    assert volume_of(tube) == pytest.approx(math.pi * (25**2 - 20**2) * 30, rel=2e-3)


def test_a_tube_by_its_opening_and_wall_is_as_wide_as_both() -> None:
    assert design(ask("cylinder", inner_diameter=40, wall=3)).value("diameter") == 46


def test_a_tube_whose_wall_contradicts_its_diameters_is_refused_with_both() -> None:
    with pytest.raises(ContradictoryPrompt, match=r"walls of 5 mm, but 3 mm"):
        design(ask("cylinder", diameter=50, inner_diameter=40, wall=3))


@pytest.mark.parametrize("family", ["box", "table"])
def test_what_has_corners_has_no_diameter(family: str) -> None:
    with pytest.raises(ContradictoryPrompt, match="no diameter"):
        design(ask(family, diameter=80))


def test_a_coaster_of_two_sides_is_refused_and_not_given_a_deep_lip() -> None:
    with pytest.raises(ContradictoryPrompt, match="no depth"):
        design(ask("coaster", width=100, depth=50))


def test_a_pen_holder_of_a_diameter_is_round_unless_corners_are_asked_for() -> None:
    assert np.allclose(build(design(ask("pen_holder", diameter=80))).mesh.size[:2], 80, atol=0.1)
    assert design(ask("pen_holder", diameter=80, sides=6)).value("sides") == 6


@pytest.mark.parametrize("family", ["box", "tray"])
def test_a_square_box_or_tray_is_as_deep_as_wide(family: str) -> None:
    for made in (design(ask(family, sides=4, size=90)), design(ask(family, sides=4, width=90))):
        assert (made.value("width"), made.value("depth")) == (90, 90)
    square = design(ask(family, sides=4))
    assert square.value("width") == square.value("depth")


def test_a_square_pen_holder_is_measured_from_side_to_side() -> None:
    square = design(ask("pen_holder", sides=4, width=80, depth=80, wall=2, height=50, base_thickness=3))
    # Stood on its corners it would be 80 mm across too, and hold half as much.
    assert volume_of(square) == pytest.approx(80**2 * 50 - 76**2 * 47, rel=0.02)
