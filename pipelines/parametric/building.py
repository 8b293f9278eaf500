"""A design becomes a mesh and its OpenSCAD source, both from the same drawing."""

import math
import re
from typing import Any, Final

import manifold3d
import numpy as np
from numpy.typing import NDArray

from pipelines.errors import ContradictoryPrompt, GeometryTooLarge, InvalidInput, NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.parametric.catalog import family_of
from pipelines.parametric.lettering import letter
from pipelines.parametric.sketch import Sketch, broken, evaluate, print_sheet
from pipelines.parametric.solids import Solid, Source
from pipelines.parametric.types import Design, Family, Parameter, ParametricObject

_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")
# Three times the heaviest design of ordinary size, a long fine bolt; more would stall the browser that shows it.
_MOST_TRIANGLES: Final = 1_500_000


def build(design: Design) -> ParametricObject:
    """The solid of a design, closed by construction, with OpenSCAD source that builds the same.

    Args:
        design: Values in mm, degrees and counts, as `design()` returns them.

    Returns:
        The mesh in the object frame (mm, z up, resting on z = 0, centred on x = y = 0, every vertex in the design's
        colour), and the source, in which every parameter is a variable.

    Raises:
        InvalidInput: A parameter is missing, unknown, not finite, or the colour or inscription cannot be used.
        ContradictoryPrompt: Parameters are out of range or do not fit each other; the sentence names both numbers.
        NotSolid: The parameters are legal but leave no closed solid.
    """
    family = family_of(design)
    check_values(family, design)
    sketch, solid = _drawn(family, design)
    mesh = _mesh(solid.build(_evaluated(family, sketch, design)), design)
    scad = print_sheet(_header(family, design), sketch.sheet, solid, design.color)
    return ParametricObject(mesh, scad, design)


def longest_side(design: Design) -> float:
    """Longest side of the bounding box in mm, whether or not the values are within their ranges.

    Raises:
        ContradictoryPrompt: The values do not fit each other.
    """
    family = family_of(design)
    sketch, solid = _drawn(family, design)
    box = solid.build(_evaluated(family, sketch, design)).bounding_box()
    return float(max(box[axis + 3] - box[axis] for axis in range(3))) * design.fit_scale


def check_values(family: Family, design: Design) -> None:
    """Refuse values that the family's parameters do not allow.

    Raises:
        InvalidInput: A parameter is missing, unknown or not finite, or the colour is none.
        ContradictoryPrompt: A parameter is outside its range.
    """
    wanted = {parameter.name: parameter for parameter in active_parameters(family, frozenset(design.features))}
    given = dict(design.parameters)
    if given.keys() != wanted.keys() or len(given) != len(design.parameters):
        raise InvalidInput(f"{_sentence(family.title)} has the parameters {', '.join(wanted)}, not {', '.join(given)}.")
    for name, value in given.items():
        check_value(family, wanted[name], value)
    if not _COLOR.fullmatch(design.color):
        raise InvalidInput(f"{design.color!r} is no colour of the form #rrggbb.")
    for name, size in (("fit_scale", design.fit_scale), ("chord_error_mm", design.chord_error_mm)):
        if not (math.isfinite(size) and size > 0):
            raise InvalidInput(f"{name} must be positive, got {size}.")


def check_value(family: Family, parameter: Parameter, value: float) -> None:
    """Refuse one value outside what its parameter allows."""
    words = parameter.name.replace("_", " ")
    if not math.isfinite(value):
        raise InvalidInput(f"The {words} of {family.title} must be a number, got {value}.")
    if not parameter.low <= value <= parameter.high:
        unit = {"mm": " mm", "deg": " degrees"}.get(parameter.unit, "")
        raise ContradictoryPrompt(
            f"The {words} of {family.title} can be {parameter.low:g} to {parameter.high:g}{unit}, not {value:g}{unit}."
        )
    if parameter.unit == "count" and value != int(value):
        raise InvalidInput(f"The {words} of {family.title} must be a whole number, got {value:g}.")


def require_inscription(family: Family, inscription: str) -> None:
    """Refuse a family that is nothing without its text."""
    if family.needs_inscription and not inscription:
        raise InvalidInput(f"{_sentence(family.title)} needs its text in quotes, such as {family.example}.")


def active_parameters(family: Family, features: frozenset[str]) -> tuple[Parameter, ...]:
    """The numbers that set an object with these features."""
    return tuple(
        parameter
        for parameter in family.parameters
        if parameter.unit != "text" and (not parameter.feature or parameter.feature in features)
    )


def _drawn(family: Family, design: Design) -> tuple[Sketch, Solid]:
    require_inscription(family, design.inscription)
    sketch = Sketch(frozenset(design.features), letter(design.inscription) if design.inscription else None)
    return sketch, family.draw(sketch)


def _inputs(design: Design) -> dict[str, float]:
    return {**dict(design.parameters), "chord_error": design.chord_error_mm, "fit_scale": design.fit_scale}


def _evaluated(family: Family, sketch: Sketch, design: Design) -> dict[str, Any]:
    """All variables. Values that fit nothing may divide by zero here: the condition they break then says so."""
    with np.errstate(all="ignore"):
        scope = evaluate(sketch.sheet, _inputs(design))
        for condition, small, large in broken(sketch.sheet, scope):
            raise ContradictoryPrompt(
                f"{_sentence(family.title)} cannot be made so: {condition.small.source} ({small:.4g}) must stay below "
                f"{condition.large.source} ({large:.4g}), otherwise {condition.why}."
            )
    return scope


def _mesh(manifold: Any, design: Design) -> TriangleMesh:
    """The manifold in the object frame. `manifold3d` reports its errors in a status, once everything is evaluated."""
    if manifold.status() != manifold3d.Error.NoError or manifold.volume() <= 0:
        raise NotSolid(f"These measures leave no closed {design.family.replace('_', ' ')}.")
    if manifold.num_tri() > _MOST_TRIANGLES:
        raise GeometryTooLarge(f"This {design.family} would have {manifold.num_tri():,} triangles; make it coarser.")
    made = manifold.scale((design.fit_scale,) * 3).to_mesh64()
    vertices: NDArray[np.float64] = np.array(made.vert_properties[:, :3], dtype=np.float64)  # [V, 3] mm
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    vertices -= [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]]
    color = np.frombuffer(bytes.fromhex(design.color[1:]), dtype=np.uint8)
    faces = np.array(made.tri_verts, dtype=np.int64)
    return TriangleMesh(vertices, faces, np.tile(color, (len(vertices), 1)))


def _header(family: Family, design: Design) -> Source:
    lines = [f"// {_sentence(family.title)}, mm. Change a value and render again.", ""]
    parameters = {parameter.name: parameter for parameter in family.parameters}
    for name, value in design.parameters:
        parameter = parameters[name]
        unit = {"mm": "mm", "deg": "degrees", "count": "pieces"}[parameter.unit]
        lines.append(f"{name} = {value:.12g}; // {unit}, {parameter.description}")
    lines += [
        f"fit_scale = {design.fit_scale:.15g}; // uniform factor applied last",
        f"chord_error = {design.chord_error_mm:.12g}; // mm, how far a facet may stray from its circle",
    ]
    return tuple(lines)


def _sentence(title: str) -> str:
    return title[0].upper() + title[1:]
