"""The OpenSCAD source is the same solid, and stays so when a dimension in it is changed.

Both sides are drawn with coarse circles: OpenSCAD 2021 takes minutes for what manifold3d does in milliseconds.
"""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from pipelines.parametric import Design, build, design
from pipelines.prompt.types import PromptAnalysis
from tests.pipelines.parametric.asking import NAMES, ask, ask_default, ask_parts, solid_of

OPENSCAD = shutil.which("openscad")
needs_openscad = pytest.mark.skipif(OPENSCAD is None, reason="openscad is not installed")
COARSE_MM = 0.25
COARSER_MM = {"die": 0.8}  # 21 dimples: each facet counts

# One dimension per family and a value that moves the volume by far more than the tolerance.
CHANGES = {
    "vase": ("height", 150), "bowl": ("diameter", 170), "mug": ("height", 110), "cup": ("bottom_diameter", 70),
    "box": ("compartments", 3), "tray": ("corner_radius", 30), "plate": ("wall", 3.5), "coaster": ("thickness", 7),
    "pen_holder": ("compartments", 4), "phone_stand": ("thickness", 7), "hook": ("hooks", 2), "bracket": ("holes", 0),
    "washer": ("inner_diameter", 6), "spacer": ("height", 14), "knob": ("flutes", 8), "nut": ("clearance", 0.8),
    "bolt": ("length", 9), "gear": ("teeth", 25), "ring": ("thickness", 3), "keychain": ("text_height", 6),
    "name_sign": ("relief", 3), "die": ("width", 20), "funnel": ("bottom_diameter", 20), "bottle": ("wall", 3),
    "plant_pot": ("hole_diameter", 14), "table": ("legs", 6), "chair": ("seat_height", 30), "house": ("floors", 3),
    "cone": ("top_diameter", 12), "sphere": ("diameter", 55), "cylinder": ("sides", 6), "cube": ("depth", 25),
    "torus": ("thickness", 12),
}  # fmt: skip

VARIANTS: dict[str, PromptAnalysis] = {
    "box with a lid": ask("box", "lid"),
    "cube with two holes": ask("cube", size=40, holes=2, hole_diameter=8),
    "hollow sphere with a hole": ask("sphere", "hollow", "hole"),
    "hollow cone": ask("cone", "hollow"),
    "engraved coaster": ask("coaster", inscription="Olá"),
    "cup with a handle": ask("cup", "handle"),
    "bolt with two starts": ask("bolt", thread="M12", length=4, starts=2),
    "stack": ask_parts("a cone on top of a cylinder on top of a cube", "cone cylinder cube"),
    "sphere in a ring": ask_parts("a sphere on top of a torus", "sphere torus"),
    "row": ask_parts("a cube, a sphere and a cone and a torus", "cube sphere cone torus"),
}


def coarse(name: str) -> Design:
    """The family as nobody asked otherwise, with few facets; a short bolt, for OpenSCAD's sake."""
    analysis = ask("bolt", thread="M8", length=6) if name == "bolt" else ask_default(name)
    return replace(design(analysis), chord_error_mm=COARSER_MM.get(name, COARSE_MM))


def assert_same_solid(scad: str, made: Design, folder: Path, *, changed: tuple[str, float] | None = None) -> None:
    """Render the source, with one variable overridden, and compare it with the mesh of the design."""
    assert OPENSCAD is not None
    source, rendered = folder / "model.scad", folder / "model.stl"
    source.write_text(scad, encoding="utf-8")
    override = [] if changed is None else ["-D", f"{changed[0]}={changed[1]:g}"]
    done = subprocess.run(
        [OPENSCAD, *override, "-o", str(rendered), str(source)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    theirs, ours = trimesh.load_mesh(rendered), build(made)
    assert theirs.volume == pytest.approx(solid_of(ours).volume, rel=1e-4)  # the promise is 0.5 %
    np.testing.assert_allclose(theirs.extents, ours.mesh.size, atol=0.005)
    # A drilled sphere stands on a rim that coarse facets shift a little.
    assert theirs.bounds[0, 2] == pytest.approx(0, abs=COARSE_MM)


@needs_openscad
@pytest.mark.parametrize("name", NAMES)
def test_openscad_renders_the_same_solid(name: str, tmp_path: Path) -> None:
    made = coarse(name)
    assert_same_solid(build(made).scad, made, tmp_path)


@needs_openscad
@pytest.mark.parametrize("name", sorted(CHANGES))
def test_changing_a_variable_of_the_source_does_what_changing_the_dimension_does(name: str, tmp_path: Path) -> None:
    made, (parameter, value) = coarse(name), CHANGES[name]
    changed = made.replaced(parameter, value)
    before, after = (solid_of(build(one)).volume for one in (made, changed))
    assert abs(after / before - 1) > 1e-3
    assert_same_solid(build(made).scad, changed, tmp_path, changed=(parameter, value))


@needs_openscad
@pytest.mark.parametrize("title", sorted(VARIANTS))
def test_openscad_renders_variants_and_combinations_alike(title: str, tmp_path: Path) -> None:
    made = replace(design(VARIANTS[title]), chord_error_mm=COARSE_MM)
    assert_same_solid(build(made).scad, made, tmp_path)


@needs_openscad
def test_openscad_scales_by_the_same_factor(tmp_path: Path) -> None:
    made = replace(coarse("washer"), fit_scale=1.7)
    assert build(made).mesh.size[0] == pytest.approx(16 * 1.7)
    assert_same_solid(build(made).scad, made, tmp_path)


@needs_openscad
def test_openscad_refuses_a_change_that_cannot_be(tmp_path: Path) -> None:
    assert OPENSCAD is not None
    source = tmp_path / "washer.scad"
    source.write_text(build(coarse("washer")).scad)
    done = subprocess.run(
        [OPENSCAD, "-D", "inner_diameter=17", "-o", str(tmp_path / "w.stl"), str(source)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "the hole would be wider than the part" in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_a_variable_that_the_source_uses(name: str) -> None:
    made = coarse(name)
    scad = build(made).scad
    assert "polyhedron" not in scad
    assert "import" not in scad
    body = scad.split("chord_error = ")[1]
    for parameter, value in made.parameters:
        assert f"{parameter} = {value:.12g};" in scad
        assert re.search(rf"\b{parameter}\b", body), parameter
