"""Vessels turned about an axis: vase, bowl, mug, cup, bottle, funnel, plant pot, plate."""

from typing import Final

from pipelines.parametric.expressions import Expression, atan2, cos, either, larger, sin, smaller, sqrt
from pipelines.parametric.families.measures import INSCRIPTION, length, number, wall
from pipelines.parametric.shapes import STRAIGHT, Curve, bore, clamp, lettered, shell, text_rise, text_width
from pipelines.parametric.sketch import Sketch
from pipelines.parametric.solids import Solid, arc, circle, difference, extrude, point, polygon, repeat, revolve, union
from pipelines.parametric.types import Family

_WALL: Final = wall(
    "wall", 2.0, "thickness of the wall, across the surface", ("wall", "thickness"), ("height", "diameter")
)
_BASE: Final = wall("base_thickness", 2.4, "thickness of the floor", ("base_thickness",), ("height", "diameter"))
_SQUARE_EDGE: Final = 0.35  # share of the wall that the outer foot edge is broken by: no elephant's foot


def _lip(s: Sketch) -> Expression:
    """Height at which the rounded lip begins."""
    return s.let("lip_start", s["height"] - s["wall"] / 2, "mm, above it the lip is round")


def _vase(s: Sketch) -> Solid:
    foot, mouth = s.let("foot", s["bottom_diameter"] / 2), s.let("mouth", s["top_diameter"] / 2)
    belly = s.let("belly", s["diameter"] / 2, "mm, largest radius")
    neck = s.let("neck", smaller(belly, mouth) * 0.8, "mm, radius of the waist below the mouth")
    top = _lip(s)
    belly_z = s.let("belly_height", s["height"] * 0.36)
    neck_z = s.let("neck_height", s["height"] * 0.84)
    share = s.function("share", "u", lambda u: u * u * (3 - 2 * u))

    def radius(z: Expression) -> Expression:
        to_belly = foot + (belly - foot) * sin(90 * z / belly_z)
        to_neck = belly + (neck - belly) * share((z - belly_z) / (neck_z - belly_z))
        to_mouth = neck + (mouth - neck) * (1 - cos(90 * (z - neck_z) / (top - neck_z)))
        return either(z < belly_z, to_belly, either(z < neck_z, to_neck, to_mouth))

    s.require(foot, belly + 0.001, "the foot would be wider than the belly")
    s.require(2 * s["wall"], 2 * neck, "the walls would meet in the neck")
    return shell(s, s.function("outside", "z", radius), (0, belly_z, neck_z, top), larger(belly, mouth))


VASE: Final = Family(
    "vase",
    "a vase",
    (
        length("height", 120, "from the bed to the lip", ("height", "size", "length"), ("diameter",), low=10),
        length(
            "diameter",
            78,
            "widest place",
            ("diameter", "width", "depth"),
            ("height", "top_diameter", "bottom_diameter"),
            low=10,
        ),
        length("top_diameter", 56, "mouth", ("top_diameter",), ("diameter",), low=5),
        length("bottom_diameter", 50, "foot", ("bottom_diameter",), ("diameter",), low=5),
        _WALL,
        _BASE,
    ),
    "a vase 120 mm tall",
    _vase,
    color="#4f7cac",
    features=frozenset({"hollow"}),
)


def _rising(s: Sketch, foot: Expression, rim: Expression, top: Expression, start_deg: float) -> Curve:
    """An elliptic wall from the foot to an upright rim that leaves the bed at a printable slant, not flat."""
    low = s.let("start_angle", start_deg, "deg, where on the ellipse the wall leaves the bed")

    def radius(z: Expression) -> Expression:
        across = cos(low) * clamp(1 - z / top, 0, 1.2)
        return foot + (rim - foot) * (sqrt(larger(1 - across * across, 0)) - sin(low)) / (1 - sin(low))

    return s.function("outside", "z", radius)


def _bowl(s: Sketch) -> Solid:
    foot, rim, top = s.let("foot", s["bottom_diameter"] / 2), s.let("rim", s["diameter"] / 2), _lip(s)
    s.require(foot, rim, "a bowl would narrow upwards")
    middle = s.let("middle", top * 0.35)
    return shell(s, _rising(s, foot, rim, top, 35), (0, middle, top), rim)


BOWL: Final = Family(
    "bowl",
    "a bowl",
    (
        length("diameter", 140, "rim", ("diameter", "top_diameter", "width", "size", "length"), ("height",), low=10),
        length("height", 58, "from the bed to the lip", ("height", "depth"), ("diameter",), low=5),
        length("bottom_diameter", 62, "foot", ("bottom_diameter",), ("diameter",), low=4),
        _WALL,
        _BASE,
    ),
    "a bowl 14 cm wide",
    _bowl,
    color="#d9a05b",
    features=frozenset({"hollow"}),
)


def _plate(s: Sketch) -> Solid:
    foot, rim, top = s.let("foot", s["bottom_diameter"] / 2), s.let("rim", s["diameter"] / 2), _lip(s)
    s.require(foot, rim, "a plate would narrow upwards")
    return shell(s, _rising(s, foot, rim, top, 42), (0, top), rim)


PLATE: Final = Family(
    "plate",
    "a plate",
    (
        length("diameter", 180, "rim", ("diameter", "top_diameter", "width", "size", "length"), ("height",), low=15),
        length("height", 20, "from the bed to the lip", ("height", "depth"), ("diameter",), low=3),
        length("bottom_diameter", 128, "flat middle", ("bottom_diameter",), ("diameter",), low=10),
        _WALL,
        _BASE,
    ),
    "a plate 18 cm across",
    _plate,
    color="#e9e4d8",
)


def _tumbler(s: Sketch, rim: Expression, foot: Expression) -> Solid:
    """A straight or conical wall with a broken edge at the foot."""
    top = _lip(s)
    edge = s.let("foot_edge", s["wall"] * _SQUARE_EDGE, "mm, chamfer of the foot")
    outside = s.function("outside", "z", lambda z: foot + (rim - foot) * z / top - larger(edge - larger(z, 0), 0))
    return shell(s, outside, (0, edge, top), larger(rim, foot), samples=STRAIGHT)


def _handle(s: Sketch, rim: Expression, foot: Expression) -> Solid:
    """A round loop that leans as the wall does and whose ends sit inside it. It stands towards +x."""
    narrow, widest = smaller(rim, foot), larger(rim, foot)
    # The flat end of the loop, `grip` wide, must stay between the inside and the outside of the round wall:
    # radius - wall / 2 < sqrt(radius^2 - grip^2 / 4), hence grip^2 < 4 wall radius; 3 leaves a margin.
    grip = s.let("grip", smaller(widest * 0.3, sqrt(3 * s["wall"] * narrow)), "mm, thickness of the handle")
    loop = s.let("loop", s["height"] * 0.3, "mm, half the height of the handle's middle line")
    reach = s.let("reach", clamp(loop, grip * 1.3, larger(widest * 0.7, grip * 1.4)), "mm, how far it stands out")
    ring = circle(grip / 2, s.facets(grip / 2)).move(loop, 0)
    s.require(widest - narrow, s["height"] / 2, "the wall would lie too flat to carry a handle")
    s.require(grip, 2 * loop, "the handle would have no opening")
    # Drawn flat from -90 to +90 degrees, then stood up so that the loop lies in the plane y = 0.
    arch = revolve(ring, s.facets(loop), 180).turn(0, 0, -90).stretch(reach / loop, 1, 1).turn(90, 0, 0)
    leaning = arch.turn(0, atan2(rim - foot, s["height"]), 0)
    return s.module("handle", leaning.move((rim + foot) / 2 - s["wall"] / 2, 0, s["height"] / 2))


def _with_handle(s: Sketch, body: Solid, rim: Expression, foot: Expression) -> Solid:
    """Body and handle, centred together."""
    handle = _handle(s, rim, foot)
    width = s.let(
        "handle_overhang", (rim + foot) / 2 - s["wall"] / 2 + s["reach"] + s["grip"] / 2 * s["reach"] / s["loop"]
    )
    return union(body, handle).move((larger(rim, foot) - width) / 2, 0, 0)


def _mug(s: Sketch) -> Solid:
    rim = s.let("rim", s["diameter"] / 2)
    return _with_handle(s, s.module("body", _tumbler(s, rim, rim)), rim, rim)


MUG: Final = Family(
    "mug",
    "a mug",
    (
        length("height", 92, "from the bed to the lip", ("height", "size", "length"), ("diameter",), low=15),
        length("diameter", 80, "body, without the handle", ("diameter", "width", "depth"), ("height",), low=15),
        wall("wall", 2.6, "thickness of the wall", ("wall", "thickness"), ("height", "diameter")),
        wall("base_thickness", 3.0, "thickness of the floor", ("base_thickness",), ("height", "diameter")),
    ),
    "a mug 9 cm tall",
    _mug,
    color="#b5443c",
    features=frozenset({"handle", "hollow"}),
    remark="printed plastic is porous: line a mug with food-safe resin before drinking from it",
)


def _cup(s: Sketch) -> Solid:
    rim, foot = s.let("rim", s["top_diameter"] / 2), s.let("foot", s["bottom_diameter"] / 2)
    if "handle" not in s.features:
        return _tumbler(s, rim, foot)
    return _with_handle(s, s.module("body", _tumbler(s, rim, foot)), rim, foot)


CUP: Final = Family(
    "cup",
    "a cup",
    (
        length("height", 96, "from the bed to the lip", ("height", "size", "length"), ("top_diameter",), low=10),
        length(
            "top_diameter",
            78,
            "rim",
            ("top_diameter", "diameter", "width", "depth"),
            ("bottom_diameter", "height"),
            low=10,
        ),
        length("bottom_diameter", 60, "foot", ("bottom_diameter",), ("top_diameter",), low=8),
        wall("wall", 2.0, "thickness of the wall", ("wall", "thickness"), ("height",)),
        wall("base_thickness", 2.4, "thickness of the floor", ("base_thickness",), ("height",)),
    ),
    "a cup 96 mm tall",
    _cup,
    color="#6a9c78",
    features=frozenset({"handle", "hollow"}),
)


def _bottle(s: Sketch) -> Solid:
    body, neck, top = s.let("body", s["diameter"] / 2), s.let("neck", s["top_diameter"] / 2), _lip(s)
    edge = s.let("foot_edge", s["wall"] * _SQUARE_EDGE, "mm, chamfer of the foot")
    # 1.6 radii of height for each radius of narrowing keep the steepest part of the shoulder above 45 degrees.
    shoulder_z = s.let("shoulder_end", s["height"] * 0.8, "mm, where the neck begins")
    start_z = s.let("shoulder_start", shoulder_z - 1.6 * (body - neck))

    def radius(z: Expression) -> Expression:
        shoulder = body + (neck - body) * (1 - cos(180 * clamp((z - start_z) / (shoulder_z - start_z), 0, 1))) / 2
        return shoulder - larger(edge - larger(z, 0), 0)

    s.require(neck, body, "the neck would be wider than the body")
    s.require(edge, start_z, "the shoulder would begin below the floor; say a taller bottle or a wider neck")
    s.require(s["wall"], neck, "the walls would meet in the neck")
    return shell(s, s.function("outside", "z", radius), (0, edge, start_z, shoulder_z, top), body)


BOTTLE: Final = Family(
    "bottle",
    "a bottle",
    (
        length("height", 180, "from the bed to the lip", ("height", "size", "length"), ("diameter",), low=25),
        length("diameter", 68, "body", ("diameter", "width", "depth"), ("height",), low=10),
        length("top_diameter", 30, "neck", ("top_diameter",), ("diameter",), low=5),
        _WALL,
        _BASE,
    ),
    "a bottle 18 cm tall",
    _bottle,
    color="#3f8f8b",
    features=frozenset({"hollow"}),
)


def _funnel(s: Sketch) -> Solid:
    mouth, spout, wall_mm = s.let("mouth", s["diameter"] / 2), s.let("spout", s["bottom_diameter"] / 2), s["wall"]
    band = s.let("band", s["height"] * 0.05, "mm, upright rim on the bed")
    cone_z = s.let("cone_end", s["height"] * 0.6, "mm, where the spout begins")
    tip = s.let("tip", spout * 0.8, "mm, outer radius at the tip: the spout tapers so that it enters a neck")
    lean = s.let("lean", sqrt(1 + (mouth - spout) * (mouth - spout) / ((cone_z - band) * (cone_z - band))))
    s.require(spout, mouth, "the spout would be wider than the mouth")
    s.require(wall_mm, tip, "the spout would be closed")
    # Printed mouth down: it stands on its rim and needs no support.
    outside = (point(mouth, 0), point(mouth, band), point(spout, cone_z), point(tip, s["height"]))
    sink = s.let(
        "sink", wall_mm * (lean - 1) * (cone_z - band) / (mouth - spout), "mm, keeps the slant as thick as the rest"
    )
    s.require(sink, band, "the wall would be too thick for so flat a cone")
    inside = (point(tip - wall_mm, s["height"]), point(spout - wall_mm, cone_z - sink))
    mouth_inside = (point(mouth - wall_mm, band - sink), point(mouth - wall_mm, 0))
    return revolve(polygon(*outside, *inside, *mouth_inside), s.facets(mouth))


FUNNEL: Final = Family(
    "funnel",
    "a funnel",
    (
        length("diameter", 90, "mouth", ("diameter", "top_diameter", "width", "depth"), ("height",), low=12),
        length("height", 100, "from rim to tip", ("height", "size", "length"), ("diameter",), low=15),
        length(
            "bottom_diameter",
            14,
            "spout, outside",
            ("bottom_diameter", "hole_diameter", "inner_diameter"),
            ("diameter",),
            low=4,
        ),
        wall("wall", 1.8, "thickness of the wall, across the surface", ("wall", "thickness"), ("diameter",)),
    ),
    "a funnel 9 cm wide",
    _funnel,
    color="#e0b43c",
    features=frozenset({"hole", "hollow"}),
    remark="it is laid out mouth down, as it prints best",
)


def _plant_pot(s: Sketch) -> Solid:
    wall_mm, base, height = s["wall"], s["base_thickness"], s["height"]
    rim, foot = s.let("rim", s["top_diameter"] / 2), s.let("foot", s["bottom_diameter"] / 2)
    collar = s.let("collar", wall_mm * 0.8, "mm, how far the band below the rim stands out")
    collar_z = s.let("collar_height", height * 0.8)
    body = s.let("body", rim - collar, "mm, radius that the cone would have at the rim")
    slant = s.function("slant", "z", lambda z: foot + (body - foot) * z / height)
    thick = s.let("lip", collar + wall_mm, "mm, thickness of the rim")
    lip = arc((rim - thick / 2, height - wall_mm / 2), (thick / 2, wall_mm / 2), (0, 180), 6)
    # The band grows out of the cone at 45 degrees, so that it needs no support.
    outside = (
        point(0, 0),
        point(foot, 0),
        point(slant(collar_z), collar_z),
        point(rim, collar_z + rim - slant(collar_z)),
    )
    pot = revolve(polygon(*outside, lip, point(slant(base) - wall_mm, base), point(0, base)), s.facets(rim))
    hole, ring = s["hole_diameter"] / 2, s.let("hole_circle", either(s["holes"] < 2, 0, (slant(0) - wall_mm) * 0.55))
    s.require(foot, body, "a pot would narrow upwards and its band would hang free")
    s.require(base, collar_z, "the floor would reach the rim")
    s.require(rim - slant(collar_z), height * 0.2 - wall_mm / 2, "the band would reach the lip")
    s.require(ring + hole, slant(base) - wall_mm, "the drainage holes would cut the wall")
    s.require(s["holes"] * s["hole_diameter"], either(s["holes"] < 2, 1000, 6 * ring), "the drainage holes would meet")
    drain = bore(s, hole, base).move(ring, 0, 0)
    return difference(s.module("pot", pot), repeat("i", s["holes"], lambda i: drain.turn(0, 0, i * 360 / s["holes"])))


PLANT_POT: Final = Family(
    "plant_pot",
    "a plant pot",
    (
        length(
            "height", 100, "from the bed to the rim", ("height", "size", "length", "depth"), ("top_diameter",), low=15
        ),
        length(
            "top_diameter", 112, "rim", ("top_diameter", "diameter", "width"), ("bottom_diameter", "height"), low=15
        ),
        length("bottom_diameter", 78, "foot", ("bottom_diameter",), ("top_diameter",), low=10),
        wall("wall", 2.4, "thickness of the wall", ("wall", "thickness"), ("height", "top_diameter")),
        wall("base_thickness", 3.0, "thickness of the floor", ("base_thickness",), ("height", "top_diameter")),
        length(
            "hole_diameter", 8, "each drainage hole", ("hole_diameter",), ("bottom_diameter",), low=1, derived=(3, 14)
        ),
        number("holes", 5, "drainage holes", ("holes",), low=1, high=24),
    ),
    "a plant pot with drainage holes",
    _plant_pot,
    color="#b9653f",
    features=frozenset({"drainage", "hole", "hollow"}),
)


def _coaster(s: Sketch) -> Solid:
    rim, thick, lip = s.let("rim", s["diameter"] / 2), s["thickness"], s["lip"]
    well = s.let("well", rim - larger(2.4, rim * 0.06), "mm, radius of the sunk middle")
    edge = s.let("edge", thick * 0.15, "mm, chamfer")
    s.require(lip, thick * 0.75, "the well would go through")
    s.require(well + lip, rim - edge, "the slope around the well would cut the rim")
    path = (point(0, 0), point(rim - edge, 0), point(rim, edge), point(rim, thick - edge), point(rim - edge, thick))
    body = revolve(
        polygon(*path, point(well + lip, thick), point(well, thick - lip), point(0, thick - lip)), s.facets(rim)
    )
    return _engraved(s, body, thick - lip, well) if s.lettering else body


def _engraved(s: Sketch, body: Solid, surface: Expression, well: Expression) -> Solid:
    width, rise = text_width(s), text_rise(s)
    tall = s.let("text_height", smaller(well * 0.5, 1.7 * well / sqrt(width * width + rise * rise)), "mm, capitals")
    deep = s.let("engraving", smaller(0.8, surface * 0.4), "mm")
    letters = extrude(lettered(s, tall), deep + 1).move(0, 0, surface - deep)
    return difference(s.module("body", body), letters)


COASTER: Final = Family(
    "coaster",
    "a coaster",
    (
        length("diameter", 95, "outside", ("diameter", "width", "size", "length"), low=20),
        wall("thickness", 5.0, "whole height", ("thickness", "height"), ("diameter",), derived=(3, 8)),
        wall("lip", 1.6, "depth of the sunk middle", ("lip",), ("thickness",), derived=(0.4, 3)),
        INSCRIPTION,
    ),
    "a coaster 95 mm across",
    _coaster,
    color="#7a5c43",
)

FAMILIES: Final = (VASE, BOWL, MUG, CUP, PLATE, COASTER, FUNNEL, BOTTLE, PLANT_POT)
