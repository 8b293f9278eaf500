"""Laws of the solids themselves: closed, exact, on the bed, and shaped as the standards and the words say."""

import math
from dataclasses import replace
from itertools import pairwise

import manifold3d
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.errors import ContradictoryPrompt, InvalidInput, NotSolid
from pipelines.parametric import FAMILIES, Design, build, design
from tests.pipelines.parametric.asking import (
    NAMES,
    ask,
    ask_default,
    ask_parts,
    manifold_of,
    solid_of,
    volume_of,
)

# Families, a dimension of each, and the axis of the bounding box on which it is met exactly.
EXACT_AXES = (
    *(("vase", "height", 2), ("vase", "diameter", 0), ("vase", "diameter", 1), ("bowl", "diameter", 0)),
    *(
        ("bowl", "height", 2),
        ("mug", "height", 2),
        ("mug", "diameter", 1),
        ("cup", "height", 2),
        ("cup", "top_diameter", 0),
    ),
    *(("box", "width", 0), ("box", "depth", 1), ("box", "height", 2), ("tray", "width", 0), ("plate", "diameter", 1)),
    *(
        ("coaster", "diameter", 0),
        ("pen_holder", "height", 2),
        ("pen_holder", "diameter", 0),
        ("phone_stand", "height", 2),
    ),
    *(("phone_stand", "depth", 1), ("hook", "height", 1), ("hook", "depth", 2), ("bracket", "height", 2)),
    *(("bracket", "depth", 1), ("washer", "diameter", 0), ("spacer", "height", 2), ("knob", "diameter", 0)),
    *(
        ("knob", "height", 2),
        ("ring", "height", 2),
        ("keychain", "width", 0),
        ("name_sign", "depth", 1),
        ("die", "width", 2),
    ),
    *(("funnel", "height", 2), ("funnel", "diameter", 1), ("bottle", "height", 2), ("bottle", "diameter", 0)),
    *(("plant_pot", "top_diameter", 0), ("plant_pot", "height", 2), ("table", "width", 0), ("table", "height", 2)),
    *(
        ("chair", "height", 2),
        ("chair", "width", 0),
        ("house", "height", 2),
        ("house", "depth", 1),
        ("cone", "height", 2),
    ),
    *(("sphere", "diameter", 2), ("cylinder", "diameter", 1), ("cube", "width", 0), ("torus", "diameter", 0)),
)


@pytest.mark.parametrize("name", NAMES)
def test_every_default_is_one_closed_solid_in_the_object_frame(name: str) -> None:
    made = build(design(ask_default(name)))
    solid = solid_of(made)
    assert solid.is_watertight
    assert solid.is_volume
    assert solid.body_count == 1
    low, high = made.mesh.vertices.min(axis=0), made.mesh.vertices.max(axis=0)
    assert low[2] == 0
    np.testing.assert_allclose(low[:2], -high[:2], atol=1e-9)
    assert made.mesh.colors is not None
    assert bytes(made.mesh.colors[0]).hex() == FAMILIES[name].color[1:]


@settings(max_examples=120, deadline=None)
@given(case=st.sampled_from(EXACT_AXES), factor=st.floats(0.4, 3.0))
def test_a_said_dimension_is_met_exactly_whatever_it_is(case: tuple[str, str, int], factor: float) -> None:
    name, parameter, axis = case
    asked = ask_default(name)
    value = FAMILIES[name].parameter(parameter).number * factor
    [word, *_] = FAMILIES[name].parameter(parameter).said_as
    said = ask(name, inscription=asked.inscription.value if asked.inscription else "", **{word: value})  # type: ignore[arg-type]
    try:
        chosen = design(said)
    except ContradictoryPrompt:
        assume(False)
    made = build(replace(chosen, chord_error_mm=0.1))
    assert made.mesh.size[axis] == pytest.approx(value, abs=1e-6)
    assert made.mesh.vertices[:, 2].min() == 0
    assert solid_of(made).is_volume


@st.composite
def designs(draw: st.DrawFn) -> Design:
    """Any design whose numbers lie within their own ranges, whether or not they fit each other."""
    family = FAMILIES[draw(st.sampled_from(NAMES))]
    features = frozenset(draw(st.sets(st.sampled_from(sorted(family.features))))) if family.features else frozenset()
    lettered = any(parameter.unit == "text" for parameter in family.parameters)
    text = draw(st.sampled_from(["", "Ana"])) if lettered else ""
    values: list[tuple[str, float]] = []
    for parameter in family.parameters:
        if parameter.unit == "text" or (parameter.feature and parameter.feature not in features):
            continue
        if parameter.unit == "count":
            value = float(draw(st.integers(int(parameter.low), min(int(parameter.high), 24))))
        else:
            value = max(parameter.number, 1.0) * draw(st.sampled_from([0.2, 0.5, 0.8, 1.0, 1.3, 2.0, 5.0]))
        values.append((parameter.name, min(max(value, parameter.low), parameter.high)))
    return Design(family.name, tuple(values), text, features=tuple(sorted(features)), chord_error_mm=0.3)


@settings(max_examples=250, deadline=None)
@given(asked=designs())
def test_any_numbers_build_a_closed_solid_or_are_refused_by_one_error(asked: Design) -> None:
    try:
        made = build(asked)
    except (ContradictoryPrompt, InvalidInput, NotSolid):
        return
    assert solid_of(made).is_volume
    assert made.mesh.vertices[:, 2].min() == 0
    pieces = 1 + ("lid" in asked.features) + ("hollow" in asked.features)  # a closed hollow has a surface inside
    assert solid_of(made).body_count <= pieces


@pytest.mark.parametrize(
    "name", ["vase", "bowl", "mug", "cup", "plate", "bottle", "funnel", "plant_pot", "box", "tray"]
)
def test_a_thicker_wall_takes_more_material(name: str) -> None:
    volumes = [volume_of(design(ask(name, wall=wall))) for wall in (1.2, 1.6, 2.4, 3.5)]
    assert volumes == sorted(volumes)
    assert volumes[-1] > 1.3 * volumes[0]


@pytest.mark.parametrize("name", ["vase", "bowl", "bottle", "cup"])
def test_a_wall_is_as_thick_across_its_surface_as_asked(name: str) -> None:
    made = build(design(ask(name, wall=2.0)))
    points = made.mesh.vertices
    half = points[(abs(points[:, 1]) < 1e-9) & (points[:, 0] > 0)][:, [0, 2]]  # the profile at angle 0, [n, 2]
    base, height = made.design.value("base_thickness"), made.design.value("height")
    solid = manifold_of(made)
    middle = np.array([_mid_radius(solid, z) for z in half[:, 1]])
    outer, inner = _line(half[half[:, 0] > middle]), _line(half[(half[:, 0] < middle) & (half[:, 1] > base - 1e-6)])
    outer = outer[(outer[:, 1] > base + 3) & (outer[:, 1] < height - 6)]
    gaps = np.linalg.norm(outer[:, None] - inner[None], axis=2).min(axis=1)
    assert gaps.min() > 2.0 * 0.96
    assert gaps.max() < 2.0 * 1.06


def _line(points: np.ndarray) -> np.ndarray:
    """Points close together on the line through the given ones, from the bed up."""
    ordered = points[np.argsort(points[:, 1])]
    steps = [int(np.linalg.norm(b - a) / 0.1) + 2 for a, b in pairwise(ordered)]
    return np.concatenate([np.linspace(a, b, n) for n, (a, b) in zip(steps, pairwise(ordered), strict=True)])


def _mid_radius(solid: manifold3d.Manifold, z: float) -> float:
    """Radius halfway through the wall just above a height; half the radius where there is a floor."""
    contours = solid.slice(z + 1e-4).to_polygons()
    radii = sorted(float(np.linalg.norm(contour, axis=1).max()) for contour in contours)
    return sum(radii[-2:]) / 2 if radii else 0.0


def test_a_cube_with_three_holes_has_the_volume_worked_out_by_hand() -> None:
    drilled = volume_of(design(ask("cube", width=60, depth=40, height=20, holes=3, hole_diameter=10)))
    assert drilled == pytest.approx(60 * 40 * 20 - 3 * math.pi * 25 * 20, rel=1e-3)


def test_a_hollow_sphere_is_a_shell_and_a_hollow_cylinder_a_tube() -> None:
    shell = volume_of(design(ask("sphere", "hollow", diameter=40, wall=2)))
    assert shell == pytest.approx(4 / 3 * math.pi * (20**3 - 18**3), rel=4e-3)
    tube = volume_of(design(ask("cylinder", "hollow", diameter=40, wall=2, height=30)))
    assert tube == pytest.approx(math.pi * (20**2 - 18**2) * 30, rel=2e-3)


def test_a_torus_has_the_volume_of_pappus() -> None:
    assert volume_of(design(ask("torus", diameter=60, thickness=16))) == pytest.approx(
        2 * math.pi**2 * 22 * 8**2, rel=4e-3
    )


@pytest.mark.parametrize(
    ("family", "numbers", "genus"),
    [
        ("mug", {}, 1),
        ("plant_pot", {"holes": 7}, 7),
        ("bracket", {"holes": 4}, 4),
        ("bracket", {"holes": 5}, 5),
        ("hook", {"hooks": 3}, 3),
        ("funnel", {}, 1),
        ("gear", {}, 1),
        ("nut", {}, 1),
        ("bolt", {}, 0),
        ("vase", {}, 0),
        ("box", {"compartments": 3}, 0),
        ("cylinder", {"holes": 4, "hole_diameter": 4}, 4),
    ],
)
def test_a_solid_has_as_many_openings_through_it_as_asked(family: str, numbers: dict[str, float], genus: int) -> None:
    assert manifold_of(build(design(ask(family, **numbers)))).genus() == genus  # type: ignore[arg-type]


def test_a_box_with_a_lid_is_two_bodies_and_the_lid_fits() -> None:
    made = build(design(ask("box", "lid", width=80, depth=60, height=40)))
    box, lid = sorted(manifold_of(made).decompose(), key=lambda part: -part.volume())
    [x0, y0, _, x1, y1, height], low = box.bounding_box(), lid.bounding_box()
    assert (x1 - x0, y1 - y0, height) == pytest.approx((80, 60, 40))
    # Turned over and set on the box, the rim goes inside without touching.
    turned = lid.translate((-(low[0] + low[3]) / 2, 0, 0)).rotate((180, 0, 0))
    thick = made.design.value("lid_thickness")
    placed = turned.translate(((x0 + x1) / 2, 0, 40 + thick + 1e-6))
    assert placed.bounding_box()[2] == pytest.approx(40 + thick - low[5])
    assert (box ^ placed).volume() == pytest.approx(0, abs=1e-6)
    assert (box ^ placed.translate((0.5, 0, 0))).volume() > 1


def test_opposite_faces_of_a_die_sum_to_seven() -> None:
    die = manifold_of(build(design(ask("die", size=16)))).translate((0, 0, -8))
    turns = [(0, 0, 0), (180, 0, 0), (90, 0, 0), (-90, 0, 0), (0, 90, 0), (0, -90, 0)]
    pips = [len(die.rotate(turn).slice(8 - 0.3).to_polygons()) - 1 for turn in turns]
    assert sorted(pips) == [1, 2, 3, 4, 5, 6]
    assert [pips[0] + pips[1], pips[2] + pips[3], pips[4] + pips[5]] == [7, 7, 7]


# --- threads


def test_a_thread_has_the_profile_of_iso_68() -> None:
    made = build(design(ask("bolt", thread="M8", length=30)))
    radii = np.linalg.norm(_shank(made.mesh.vertices)[:, :2], axis=1)
    # Major 8, minor 8 - 1.0825 * 1.25, both less the stated 0.2 mm of play.
    assert radii.max() == pytest.approx((8 - 0.2) / 2, abs=1e-3)
    assert radii.min() == pytest.approx((8 - 1.0825 * 1.25 - 0.2) / 2, abs=1e-3)
    # Half of the triangle's angle, read off the flank: axial run over radial depth is tan(30).
    solid = manifold_of(made)
    heights = np.arange(15.0, 17.5, 0.01)
    profile = np.array([_radius_at_zero(solid, z) for z in heights])
    flank = (profile > 3.4) & (profile < 3.75)
    slopes = abs(np.gradient(profile, heights)[flank])
    assert np.median(slopes) == pytest.approx(1 / math.tan(math.radians(30)), rel=0.06)


def test_a_thread_is_right_handed_and_repeats_after_one_pitch() -> None:
    solid = manifold_of(build(design(ask("bolt", thread="M8", length=30))))
    here, quarter, turn = (solid.slice(15 + rise) for rise in (0, 1.25 / 4, 1.25))
    assert (here - turn).area() < 0.002 * here.area()
    assert (here.rotate(90) - quarter).area() < 0.02 * here.area()
    assert (here.rotate(-90) - quarter).area() > 0.1 * here.area()


def test_two_starts_double_the_lead() -> None:
    solid = manifold_of(build(design(ask("bolt", thread="M8", length=20, starts=2))))
    here, half = solid.slice(12), solid.slice(12 + 1.25)
    assert (here - half).area() < 0.002 * here.area()
    assert (here.rotate(90) - solid.slice(12 + 2.5 / 4)).area() < 0.02 * here.area()


@pytest.mark.parametrize(("thread", "pitch"), [("M3", 0.5), ("M8", 1.25), ("M30", 3.5)])
def test_a_nut_turns_on_its_bolt(thread: str, pitch: float) -> None:
    made = build(design(ask("bolt", thread=thread, length=14 * pitch)))
    bolt, nut = manifold_of(made), manifold_of(build(design(ask("nut", thread=thread))))
    head = made.design.value("head_height")
    # The bolt's thread begins inside its head, at half its height; the nut's at a whole number of pitches.
    on = head / 2 + pitch * (math.ceil(head / 2 / pitch) + 2)
    assert (bolt ^ nut.translate((0, 0, on))).volume() < 1e-3
    assert (bolt ^ nut.translate((0, 0, on + pitch / 3)).rotate((0, 0, 120))).volume() < 1e-3
    assert (bolt ^ nut.translate((0, 0, on + pitch / 2))).volume() > 0.05 * pitch


def _shank(points: np.ndarray) -> np.ndarray:
    return points[(points[:, 2] > 8) & (points[:, 2] < 28)]


def _radius_at_zero(solid: manifold3d.Manifold, z: float) -> float:
    beam = manifold3d.CrossSection.square((10, 1e-3)).translate((0, -5e-4))
    return float((solid.slice(z) ^ beam).bounds()[2])


# --- gears


def test_two_gears_run_together_without_touching_and_without_slack() -> None:
    small, large = (manifold_of(build(design(ask("gear", module=2, teeth=teeth)))).slice(4) for teeth in (20, 30))
    apart = 2 * (20 + 30) / 2
    for turn in np.linspace(0, 18, 7):
        driver = small.rotate(turn)
        driven = large.rotate(6 - turn * 20 / 30).translate((apart, 0))
        assert (driver ^ driven).area() < 1e-3, turn
        # The backlash is 0.1 mm on each wheel; a quarter of a millimetre more on the pitch circle must collide.
        pushed = large.rotate(6 - turn * 20 / 30 + math.degrees(0.25 / 30)).translate((apart, 0))
        assert (driver ^ pushed).area() > 1e-3, turn


def test_a_gear_has_the_circles_of_iso_53() -> None:
    made = build(design(ask("gear", module=3, teeth=16)))
    radii = np.linalg.norm(made.mesh.vertices[:, :2], axis=1)
    radii = radii[radii > 12]
    assert radii.max() == pytest.approx(3 * (16 + 2) / 2, abs=1e-7)
    assert radii.min() == pytest.approx(3 * (16 - 2.5) / 2, rel=1e-3)


# --- combinations


def test_a_sphere_on_top_of_a_cylinder_stands_on_it_and_each_has_its_own_size() -> None:
    analysis = ask_parts(
        "a 20 mm sphere on top of a cylinder 30 mm wide and 40 mm tall",
        "sphere cylinder",
        (("20 mm", "size", 20), ("30 mm wide", "width", 30), ("40 mm tall", "height", 40)),
    )
    made = build(design(analysis))
    assert dict(made.design.parameters) == {
        "cylinder_diameter": 30, "cylinder_height": 40, "cylinder_sides": 0, "sphere_diameter": 20,
    }  # fmt: skip
    solid = manifold_of(made)
    # Sunk until they share a disc of radius 0.4 * 10: 10 - sqrt(100 - 16) deep.
    assert made.mesh.size[2] == pytest.approx(40 + 20 - (10 - math.sqrt(84)))
    assert solid.slice(20).area() == pytest.approx(math.pi * 15**2, rel=3e-3)
    assert solid.slice(made.mesh.size[2] - 10).area() == pytest.approx(math.pi * 10**2, rel=5e-3)
    assert solid_of(made).body_count == 1


@pytest.mark.parametrize(
    ("text", "parts", "expected"),
    [
        ("a sphere on top of a cube", "sphere cube", ("cube", "sphere")),
        ("a cube with a sphere on top", "cube sphere", ("cube", "sphere")),
        ("a cone on top of a cylinder on top of a cube", "cone cylinder cube", ("cube", "cylinder", "cone")),
        ("a cone and a sphere and a torus", "cone sphere torus", ("cone", "sphere", "torus")),
        ("a sphere on top of a sphere", "sphere sphere", ("sphere", "sphere")),
    ],
)
def test_no_part_of_a_combination_is_left_out_and_all_are_one_piece(
    text: str, parts: str, expected: tuple[str, ...]
) -> None:
    made = build(design(ask_parts(text, parts)))
    assert made.design.parts == expected
    assert solid_of(made).is_volume
    assert solid_of(made).body_count == 1
    whole = solid_of(made).volume
    alone = sum(volume_of(design(ask(part, size=40))) for part in expected if part != "torus")
    assert whole > 0.5 * alone


def test_side_by_side_parts_stand_in_a_row_on_the_bed() -> None:
    made = build(design(ask_parts("a cube of 30 mm and a sphere", "cube sphere", (("30 mm", "size", 30),))))
    assert made.design.value("sphere_diameter") == pytest.approx(30)
    # They touch at half height: 30 + 30 less twice 4 % of the half widths.
    assert made.mesh.size[0] == pytest.approx(60 - 2 * 0.04 * 15, abs=1e-6)
    assert made.mesh.size[2] == pytest.approx(30, abs=1e-9)


def test_a_sphere_too_small_for_the_ring_below_it_is_refused() -> None:
    text = "a sphere of 10 mm on top of a torus of 90 mm"
    analysis = ask_parts(text, "sphere torus", (("10 mm", "size", 10), ("90 mm", "size", 90)))
    with pytest.raises(ContradictoryPrompt, match="fall through the ring"):
        design(analysis)


def test_a_combination_takes_a_size_as_a_whole() -> None:
    made = build(design(ask_parts("a sphere on top of a cylinder", "sphere cylinder"), size_mm=100))
    assert max(made.mesh.size) == pytest.approx(100, abs=1e-5)


# --- letters


@pytest.mark.parametrize("text", ["Ana", "João & Ção", "ÀÉÎÕÜçñß", "0123456789 %@#"])
def test_letters_with_accents_and_holes_become_one_closed_solid(text: str) -> None:
    made = build(design(ask("name_sign", inscription=text)))
    assert solid_of(made).is_volume
    assert solid_of(made).body_count == 1


def test_a_capital_is_as_tall_as_its_text_height_and_an_o_keeps_its_hole() -> None:
    made = build(design(ask("name_sign", inscription="HO", text_height=20)))
    letters = manifold_of(made).slice(made.design.value("thickness") + 0.5)
    _, *outlines = sorted(letters.decompose(), key=lambda part: -np.ptp(np.array(part.bounds()).reshape(2, 2)[:, 0]))
    assert len(outlines) == 2
    straight = min(outlines, key=lambda part: part.num_contour())
    _, low, _, high = straight.bounds()
    assert high - low == pytest.approx(20, rel=2e-3)
    assert [part.num_contour() for part in outlines].count(2) == 1


def test_a_coaster_is_engraved_and_a_keychain_raised() -> None:
    assert volume_of(design(ask("coaster", inscription="Ana"))) < volume_of(design(ask("coaster")))
    tag = design(ask("keychain", inscription="Ana"))
    assert build(tag).mesh.size[2] == pytest.approx(tag.value("thickness") + tag.value("relief"))
