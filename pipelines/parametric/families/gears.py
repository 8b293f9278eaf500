"""Involute spur gears."""

from typing import Final

from pipelines.errors import ContradictoryPrompt
from pipelines.parametric.expressions import Expression, acos, cos, larger, sin, smaller, tan
from pipelines.parametric.families.measures import fixed, length, number
from pipelines.parametric.shapes import Curve, disc
from pipelines.parametric.sketch import Sketch
from pipelines.parametric.solids import Path, Solid, circle, extrude, point, polygon, repeat, sweep
from pipelines.parametric.types import Family, Parameter

_FLANK_STEPS: Final = 8
_DEG: Final = 57.29577951308232  # degrees per radian
_TEETH: Final = number("teeth", 20, "number of teeth", ("teeth",), low=5, high=400)
_MODULE: Final = length("gear_module", 2, "pitch diameter over teeth, ISO 54", ("module",), low=0.2, high=50)


def _gear(s: Sketch) -> Solid:
    """ISO 53 profile A: addendum 1 module, dedendum 1.25 modules, straight flanks of the rack at `pressure_angle`."""
    module, teeth, alpha = s["gear_module"], s["teeth"], s["pressure_angle"]
    pitch = s.let("pitch_radius", module * teeth / 2)
    base = s.let("base_radius", pitch * cos(alpha), "mm, circle that the involute unrolls from")
    tip, root = s.let("tip_radius", pitch + module), s.let("root_radius", pitch - 1.25 * module)
    start = s.let("flank_start", larger(base, root), "mm, below it the flank runs straight to the axis")
    involute = s.function("involute", "a", lambda a: tan(a) * _DEG - a)
    pressure = s.function("pressure", "r", lambda r: acos(smaller(base / r, 1)))
    half_pitch = s.let("half_tooth", 90 / teeth - s["backlash"] / 2 / pitch * _DEG + involute(alpha), "deg")
    # Angle between the middle of a tooth and its flank at radius r.
    half = s.function("half_angle", "r", lambda r: half_pitch - involute(pressure(r)))
    s.require(s["hole_diameter"], 2 * root - module, "the bore would leave no rim below the teeth")
    s.require(0, half(tip), "the teeth would be pointed before they reach their height")
    profile = s.module("tooth", polygon(*_tooth(half, start, tip, root)))
    teeth_section = repeat("t", teeth, lambda t: profile.turn(t * 360 / teeth))
    # The root circle is cut into a multiple of the teeth, so that every gap is alike.
    rim = circle(root, teeth * 4)
    return extrude((rim + teeth_section) - disc(s, s["hole_diameter"] / 2), s["thickness"])


def _tooth(half: Curve, start: Expression, tip: Expression, root: Expression) -> tuple[Path, ...]:
    """One tooth about the x axis: up the right flank, over the tip, down the left flank, closed inside the rim."""

    def flank(step: Expression, side: int) -> tuple[Expression, Expression]:
        r = start + (tip - start) * step / _FLANK_STEPS
        return r * cos(half(r)), r * sin(half(r)) * side

    inner = root * 0.9
    foot = (inner * cos(half(start)), inner * sin(half(start)))
    return (
        point(foot[0], -foot[1]),
        sweep("i", _FLANK_STEPS, lambda i: flank(i, -1)),
        point(tip, 0),
        sweep("i", _FLANK_STEPS, lambda i: flank(_FLANK_STEPS - i, 1)),
        point(*foot),
    )


def _settle_gear(said: dict[str, float], _: str) -> dict[str, float]:
    """An outer diameter fixes the module: diameter = module * (teeth + 2)."""
    added = dict(said)
    outer = added.pop("diameter", None)
    if outer is None:
        return added
    teeth = added.get("teeth")
    if "gear_module" not in added:
        added["gear_module"] = outer / ((_TEETH.number if teeth is None else teeth) + 2)
    elif teeth is None:
        added["teeth"] = round(outer / added["gear_module"] - 2)
    made = added["gear_module"] * (added.get("teeth", _TEETH.number) + 2)
    if abs(made - outer) > 0.01 * outer:
        raise ContradictoryPrompt(
            f"A gear of module {added['gear_module']:g} with {added['teeth']:g} teeth is {made:g} mm across, "
            f"not {outer:g} mm."
        )
    return added


GEAR: Final = Family(
    "gear",
    "a gear",
    (
        _MODULE,
        _TEETH,
        length(
            "thickness", 8, "width of the teeth", ("thickness", "height", "width", "depth"), ("gear_module",), low=0.8
        ),
        length("hole_diameter", 6, "bore", ("hole_diameter", "inner_diameter"), ("gear_module",), low=0.5),
        Parameter("pressure_angle", "deg", 20, 14, 30, "ISO 53"),
        fixed("backlash", 0.1, "taken off the thickness of each tooth, so that printed gears turn", low=0, high=2),
    ),
    "a gear with 20 teeth, module 2",
    _gear,
    color="#c9a24b",
    features=frozenset({"hole"}),
    threads=(("clearance_hole", "hole_diameter"),),
    settle=_settle_gear,
    hints=(length("diameter", 44, "over the teeth: module * (teeth + 2)", ("diameter", "size", "length"), low=2),),
)

FAMILIES: Final = (GEAR,)
