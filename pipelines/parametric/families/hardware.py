"""Machine parts: bolt, nut, washer, spacer, knob, bracket, hook."""

from typing import Final

from pipelines.parametric.expressions import Expression, ceil, cos, either, floor, larger, sin, smaller
from pipelines.parametric.families.measures import fixed, length, number, wall
from pipelines.parametric.shapes import clamp, cylinder, disc, rounded, stroke
from pipelines.parametric.sketch import Sketch
from pipelines.parametric.solids import (
    Section,
    Solid,
    arc,
    circle,
    difference,
    extrude,
    point,
    polygon,
    rectangle,
    repeat,
    revolve,
    sweep,
    union,
    union_sections,
)
from pipelines.parametric.threads import DEFAULT_THREAD, thread_of_diameter
from pipelines.parametric.types import Family

# ISO 68-1: height of the sharp triangle is cos(30) * pitch; the thread keeps 5/8 of it.
_TRIANGLE: Final = 0.8660254038
_KEPT: Final = 0.625


def _thread(s: Sketch, growth: Expression, height: Expression) -> Solid:
    """A right-handed ISO 68-1 thread on z = 0, its profile moved out by `growth`.

    Cut across its axis, a screw thread is one closed cam whose radius at angle a is the profile at height
    lead * a / 360. Twisting the cam by a turn per lead makes the thread: no helix needs to be assembled.
    """
    pitch, starts = s["pitch"], s["starts"]
    lead = s.let("lead", pitch * starts, "mm, rise per turn")
    deep = s.let("thread_depth", _KEPT * _TRIANGLE * pitch, "mm, 5/8 of the height of the sharp triangle")
    turns = s.let("turns", height / lead)
    # A multiple of 16 puts vertices on the corners of the profile, which stand at 1/16 and 3/8 of a pitch.
    fine = smaller(larger(s.facets(s["diameter"] / 2), 16), 32)
    facets = s.let("thread_facets", 16 * starts * ceil(either(60 * starts < turns, 16, fine) / 16))
    # From crest (0) to root (1): a flat of pitch / 8, a 30 degree flank, half of a flat of pitch / 4.
    phase = s.function("phase", "a", lambda a: (a * starts / 360 + 0.5) % 1 - 0.5)
    sunk = s.function("sunk", "u", lambda u: clamp((larger(u, -u) - 0.0625) / 0.3125, 0, 1))
    crest = s.let("crest", s["diameter"] / 2 + growth, "mm, radius of the crests")

    def trace(i: Expression) -> tuple[Expression, Expression]:
        angle = i * 360 / facets
        r = crest - deep * sunk(phase(angle))
        return r * cos(angle), r * sin(angle)

    cam = s.module("thread_section", polygon(sweep("i", facets - 1, trace)))
    return extrude(cam, height, twist=360 * turns, slices=ceil(turns * facets))


def _hexagon(s: Sketch, height: Expression, *, both_ends: bool) -> Solid:
    """A hexagonal prism on z = 0 whose corners are broken at 30 degrees, as ISO heads are."""
    corner = s.let("corner", s["across_flats"] / 2 / cos(30), "mm, radius over the corners")
    face = s.let("face", s["across_flats"] / 2 * 0.96, "mm, radius of the round face")
    drop = s.let("corner_drop", (corner - face) * 0.57735, "mm, tan(30) of the width of the chamfer")
    # The cone runs a little beyond the corners, so that it, and not its rim, cuts them.
    beyond, reach = corner * 1.05, s.let("cone_height", drop + corner * 0.05 * 0.57735, "mm")
    s.require((2 if both_ends else 1) * reach, height, "the chamfers of the hexagon would meet")
    foot = (point(0, 0), point(face, 0)) if both_ends else (point(0, 0), point(beyond, 0))
    side = (point(beyond, reach),) if both_ends else ()
    rim = (point(beyond, height - reach), point(face, height), point(0, height))
    barrel = revolve(polygon(*foot, *side, *rim), s.facets(corner))
    return extrude(circle(corner, 6), height) & barrel


def _settle_thread(said: dict[str, float], _: str) -> dict[str, float]:
    """The table fills in what belongs to a nominal diameter."""
    row = thread_of_diameter(said.get("diameter", DEFAULT_THREAD.diameter))
    table = {"diameter": row.diameter, "pitch": row.pitch, "across_flats": row.across_flats}
    return {**table, "head_height": row.head_height, "height": row.nut_height, **said}


def _bolt(s: Sketch) -> Solid:
    head, size = s["head_height"], s["diameter"]
    total = s.let("total", s["length"] + head, "mm, head included")
    start = s.let("thread_start", head / 2, "mm, the thread begins inside the head")
    core = s.let("core", size / 2 - s["clearance"] / 2 - _KEPT * _TRIANGLE * s["pitch"], "mm, radius at the roots")
    s.require(0.2, core, "the thread would cut the bolt through; say a smaller pitch")
    s.require(size, s["across_flats"], "the head would be thinner than the thread")
    thread = _thread(s, -s["clearance"] / 2, total - start).move(0, 0, start)
    # The tip is cut to a 45 degree cone that ends below the roots, so that a nut finds its way.
    tip = core * 0.95
    path = (point(0, 0), point(size, 0), point(size, total - (size - tip)), point(tip, total), point(0, total))
    pointed = thread & revolve(polygon(*path), s.facets(size))
    # The chamfered face lies on the bed.
    hexagon = s.module("head", _hexagon(s, head, both_ends=False).turn(180, 0, 0).move(0, 0, head))
    return union(hexagon, s.module("shank", pointed))


_PITCH: Final = fixed("pitch", 1.25, "of the thread, ISO 261 coarse", ("pitch",), low=0.2, high=6)
_NOMINAL: Final = fixed("diameter", 8, "nominal, ISO 261", ("diameter",), low=2, high=30)
_FLATS: Final = fixed("across_flats", 13, "width of the hexagon, ISO 4014 and 4032", ("width",), low=3, high=100)
_STARTS: Final = number("starts", 1, "threads side by side", ("starts",), low=1, high=4)

BOLT: Final = Family(
    "bolt",
    "a bolt",
    (
        _NOMINAL,
        length("length", 30, "under the head", ("length", "size", "height", "depth"), low=2, high=300),
        _PITCH,
        _FLATS,
        fixed("head_height", 5.3, "ISO 4014", ("thickness",), low=0.5, high=60),
        fixed("clearance", 0.2, "play taken off the thread's diameter for printing", low=0.0, high=1.5),
        _STARTS,
    ),
    "an M8 bolt 30 mm long",
    _bolt,
    color="#9aa3ab",
    threads=(("diameter", "diameter"),),
    settle=_settle_thread,
    remark="its thread is 0.2 mm thinner in diameter than nominal, so that it turns in a metal or a printed nut",
)


def _nut(s: Sketch) -> Solid:
    height, play = s["height"], s["clearance"] / 2
    bottom = s.let("cut_start", -s["pitch"], "mm, the thread runs out on both sides")
    cut = _thread(s, play, height - 2 * bottom).move(0, 0, bottom)
    open_radius = s.let("mouth", (s["diameter"] / 2 + play) * 1.04, "mm, radius of the countersinks")
    s.require(2 * open_radius, s["across_flats"] * 0.96, "the thread would leave no wall")
    sink = s["diameter"] * 0.1
    s.require(2 * sink, height, "the countersinks would meet")
    cone = polygon(point(0, -1), point(open_radius + 1, -1), point(open_radius - sink, sink), point(0, sink))
    countersink = s.module("countersink", revolve(cone, s.facets(open_radius)))
    return difference(
        s.module("hexagon", _hexagon(s, height, both_ends=True)),
        s.module("thread", cut),
        countersink,
        countersink.turn(180, 0, 0).move(0, 0, height),
    )


NUT: Final = Family(
    "nut",
    "a nut",
    (
        _NOMINAL,
        fixed("height", 6.8, "ISO 4032", ("height", "thickness"), low=1, high=100),
        _PITCH,
        _FLATS,
        fixed("clearance", 0.2, "play added to the thread's diameter for printing", low=0.0, high=1.5),
        _STARTS,
    ),
    "an M8 nut",
    _nut,
    color="#9aa3ab",
    threads=(("diameter", "diameter"),),
    settle=_settle_thread,
    remark="its thread is 0.2 mm wider in diameter than nominal, so that it turns on a metal or a printed bolt",
)


def _ring_section(s: Sketch) -> Section:
    s.require(s["inner_diameter"], s["diameter"], "the hole would be wider than the part")
    return disc(s, s["diameter"] / 2) - disc(s, s["inner_diameter"] / 2)


def _washer(s: Sketch) -> Solid:
    return extrude(_ring_section(s), s["thickness"])


WASHER: Final = Family(
    "washer",
    "a washer",
    (
        length("diameter", 16, "outside", ("diameter", "size", "width"), ("inner_diameter",), low=2),
        length("inner_diameter", 8.4, "hole", ("inner_diameter", "hole_diameter"), ("diameter",), low=0.5),
        length(
            "thickness", 1.6, "whole height", ("thickness", "height", "wall"), ("diameter",), low=0.2, derived=(0.8, 4)
        ),
    ),
    "a washer for an M8 bolt",
    _washer,
    color="#a9b0b6",
    features=frozenset({"hole"}),
    threads=(("washer_inner", "inner_diameter"), ("washer_outer", "diameter"), ("washer_thickness", "thickness")),
)


def _spacer(s: Sketch) -> Solid:
    return extrude(_ring_section(s), s["height"])


SPACER: Final = Family(
    "spacer",
    "a spacer",
    (
        length("height", 10, "length of the tube", ("height", "length", "size", "thickness"), low=0.5),
        length("diameter", 10, "outside", ("diameter", "width"), ("inner_diameter",), low=2),
        length("inner_diameter", 5.5, "hole", ("inner_diameter", "hole_diameter"), ("diameter",), low=0.5),
    ),
    "a spacer 10 mm tall with a 5.5 mm hole",
    _spacer,
    color="#d3cfc4",
    features=frozenset({"hole", "hollow"}),
    threads=(("clearance_hole", "inner_diameter"),),
)


def _knob(s: Sketch) -> Solid:
    radius, height, shaft = s.let("radius", s["diameter"] / 2), s["height"], s["hole_diameter"] / 2
    count = s["flutes"]
    groove = s.let("groove", radius * 2.2 / count, "mm, radius of the flutes")
    one = circle(groove, s.facets(groove)).move(radius + groove * 0.45, 0)
    # Ridges, not flutes, stand on the axes: the asked diameter is met over them.
    fluted = disc(s, radius) - repeat("i", count, lambda i: one.turn((i + 0.5) * 360 / count))
    dome = s.let("dome", height * 0.3, "mm, rounding of the top edge")
    crown = s.let("crown", radius * 0.3, "mm, how far the rounding reaches in")
    edge = s.let("edge", smaller(radius, height) * 0.04, "mm, chamfer of the foot")
    rounding = arc((radius - crown, height - dome), (crown, dome), (0, 90), 8)
    path = (point(0, 0), point(radius - edge, 0), point(radius, edge), rounding, point(0, height))
    body = extrude(fluted, height) & revolve(polygon(*path), s.facets(radius))
    s.require(shaft, radius - crown, "the bore would be wider than the knob")
    return body - cylinder(s, shaft, height * 0.7 + 1).move(0, 0, -1)


KNOB: Final = Family(
    "knob",
    "a knob",
    (
        length("diameter", 36, "over the ridges", ("diameter", "size", "width"), ("height",), low=6),
        length("height", 20, "from the bed to the top", ("height", "length", "thickness"), ("diameter",), low=4),
        fixed("hole_diameter", 6, "bore for the shaft, from below", ("hole_diameter", "inner_diameter"), low=0.8),
        number("flutes", 12, "grooves of the grip, a multiple of 4", (), low=4, high=48),
    ),
    "a knob 36 mm in diameter for a 6 mm shaft",
    _knob,
    color="#2f3b4a",
    features=frozenset({"hole"}),
    threads=(("clearance_hole", "hole_diameter"),),
)


def _screw_holes(s: Sketch, count: Expression) -> Section:
    """A row of holes along x, evenly spread over the width."""
    hole = disc(s, s["hole_diameter"] / 2)
    pitch = s["width"] / larger(count, 1)
    return repeat("i", count, lambda i: hole.move((i - (count - 1) / 2) * pitch, 0))


def _bracket(s: Sketch) -> Solid:
    width, depth, height, thick = s["width"], s["depth"], s["height"], s["thickness"]
    rib = s.let("rib", smaller(thick * 0.7, width * 0.12), "mm, thickness of the two side ribs")
    # Drawn in (y, z) with the corner at the origin: the upright leg at y = 0, the foot along +y.
    angle = polygon(
        point(0, 0), point(depth, 0), point(depth, thick), point(thick, thick), point(thick, height), point(0, height)
    )
    brace = polygon(
        point(0, 0),
        point(depth * 0.7, 0),
        point(depth * 0.7, thick),
        point(thick, height * 0.7),
        point(0, height * 0.7),
    )
    s.require(2 * thick, smaller(depth, height), "the legs would be thicker than long")
    s.require(
        s["hole_diameter"], width / ceil(larger(s["holes"], 2) / 2) - 2 * rib, "the holes would meet or cut the ribs"
    )
    s.require(s["hole_diameter"], 0.5 * smaller(depth, height) - thick, "the holes would not fit on the legs")
    side = s.module("brace", extrude(brace, rib).turn(90, 0, 90))
    corner = extrude(s.module("angle", angle), width).turn(90, 0, 90).move(-width / 2, 0, 0)
    body = union(corner, side.move(-width / 2, 0, 0), side.move(width / 2 - rib, 0, 0))
    below, above = s.let("foot_holes", ceil(s["holes"] / 2)), s.let("wall_holes", floor(s["holes"] / 2))
    foot = extrude(_screw_holes(s, below), thick + 2).move(0, depth * 0.62, -1)
    upright = extrude(_screw_holes(s, above), thick + 2).turn(90, 0, 0).move(0, thick + 1, height * 0.62)
    return difference(body, foot, upright).move(0, -depth / 2, 0)


BRACKET: Final = Family(
    "bracket",
    "a bracket",
    (
        length("height", 60, "upright leg", ("height", "size", "length"), ("depth", "width"), low=10),
        length("depth", 60, "foot", ("depth", "length", "width"), ("height", "width"), low=10),
        length("width", 40, "along the corner", ("width",), ("height", "depth"), low=8),
        wall("thickness", 4.0, "of the legs", ("thickness", "wall"), ("height", "depth"), derived=(2, 8)),
        fixed("hole_diameter", 4.5, "screw holes", ("hole_diameter",), low=1, high=100),
        number("holes", 4, "screw holes, half of them in each leg", ("holes",), low=0, high=24),
    ),
    "a bracket 60 mm tall with 4 screw holes",
    _bracket,
    color="#7c8894",
    features=frozenset({"hole"}),
    threads=(("clearance_hole", "hole_diameter"),),
)


def _hook(s: Sketch) -> Solid:
    width, height, thick, count = s["width"], s["height"], s["thickness"], s["hooks"]
    total = s.let("total_width", width * count, "mm, all hooks")
    bar = s.let("bar", thick * 1.5, "mm, thickness of each hook")
    wide = s.let("hook_width", width * 0.45)
    reach, rise = s["depth"], s.let("rise", smaller(height * 0.3, s["depth"] * 0.45), "mm, the tip")
    low = s.let("hook_y", -height * 0.22, "mm, where the hook leaves the plate")
    s.require(thick + 2 * bar, reach, "the hook would not stand out of the plate")
    s.require(s["hole_diameter"] + 2, smaller(width, height * 0.3), "the screw holes would cut the edge")
    radius = s.let("corner_radius", smaller(width, height) * 0.15)
    # It prints on its back: the plate lies on the bed, the hook stands up and its tip leans out at 45 degrees.
    knee = reach - bar / 2 - rise
    arm = stroke(s, (0, thick), (0, knee), bar)
    foot = rectangle(bar, thick).move(0, thick / 2)
    tip = stroke(s, (0, knee), (rise, reach - bar / 2), bar)
    profile = s.module("profile", union_sections(foot, arm, tip))
    # The profile is drawn in (y, z) and stood up.
    one = extrude(profile, wide).turn(90, 0, 90).move(-wide / 2, low, 0)
    plate = extrude(_plate_section(s, total, height, radius), thick)
    spread = repeat("i", count, lambda i: one.move((i - (count - 1) / 2) * width, 0, 0))
    return union(plate, spread)


def _plate_section(s: Sketch, total: Expression, height: Expression, radius: Expression) -> Section:
    """The back plate, with a screw hole above each hook."""

    hole = disc(s, s["hole_diameter"] / 2)
    holes = repeat("i", s["hooks"], lambda i: hole.move((i - (s["hooks"] - 1) / 2) * s["width"], height * 0.32))
    return rounded(s, total, height, radius) - holes


HOOK: Final = Family(
    "hook",
    "a hook",
    (
        length("height", 60, "of the back plate", ("height", "size", "length"), ("width", "depth"), low=12),
        length("width", 26, "of the back plate, for each hook", ("width", "spacing"), ("height",), low=8),
        length("depth", 36, "out of the wall", ("depth", "length"), ("height",), low=8),
        wall("thickness", 4.5, "of the plate", ("thickness", "wall"), ("height",), derived=(2.5, 8)),
        fixed("hole_diameter", 4.5, "screw hole above each hook", ("hole_diameter",), low=1, high=50),
        number("hooks", 1, "side by side", ("hooks",), low=1, high=12),
    ),
    "a wall hook 60 mm tall",
    _hook,
    color="#6d5a8c",
    features=frozenset({"hole"}),
    threads=(("clearance_hole", "hole_diameter"),),
    remark="it lies on its back, as it prints best: its height runs along the bed",
)

FAMILIES: Final = (HOOK, BRACKET, WASHER, SPACER, KNOB, NUT, BOLT)
