"""The parts that a slicer is asked to slice so that the print model can be fitted to it.

Formula solids of the kinds that people print: walls thick and thin, holes, slopes, domes, islands, towers, plates,
letters, things that need supports. None of them is a shape of tests/golden, which is what the fit is judged by.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import manifold3d
import numpy as np

from pipelines.geometry import TriangleMesh
from pipelines.pricing.printers import FDM_PRINTER, FdmPrinter
from pipelines.pricing.slicing import SliceRequest

SIDES: Final = 72  # of round things

Setting = Literal["plain", "hollow", "half", "dense", "full", "fine", "coarse", "thick", "held"]
"""What is asked for: the infill, layer height and walls of `_request`; `held` prints supports."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationPart:
    """One slice to make. Parts of one shape share their `name`, so that a fit can leave a whole shape out."""

    name: str
    mesh: TriangleMesh  # object frame, mm, z up, resting on z = 0
    request: SliceRequest


def calibration_parts(printer: FdmPrinter = FDM_PRINTER) -> tuple[CalibrationPart, ...]:
    """Fifty slices of 30 shapes.

    Args:
        printer: Whose nozzle decides how fine and coarse layers may be.

    Returns:
        The same parts in the same order for the same printer; all fit a bed of 100 x 100 mm and stand below 80 mm.
    """
    meshes = {name: _mesh(build()) for name, build in _SHAPES.items()}
    return tuple(
        CalibrationPart(name, meshes[name], _request(setting, printer))
        for name, settings in _ASKED.items()
        for setting in settings
    )


def _request(setting: Setting, printer: FdmPrinter) -> SliceRequest:
    requests: Mapping[Setting, SliceRequest] = {
        "plain": SliceRequest(0.2),
        "hollow": SliceRequest(0.0),
        "half": SliceRequest(0.5),
        "dense": SliceRequest(0.35),
        "full": SliceRequest(1.0),
        "fine": SliceRequest(0.15, layer_height_mm=round(0.3 * printer.nozzle_mm, 3)),
        "coarse": SliceRequest(0.2, layer_height_mm=round(0.7 * printer.nozzle_mm, 3)),
        "thick": SliceRequest(0.2, perimeters=printer.perimeters + 2),
        "held": SliceRequest(0.2, supports=True),
    }
    return requests[setting]


def _mesh(solid: Any) -> TriangleMesh:
    x0, y0, z0, x1, y1, _ = solid.bounding_box()
    mesh = solid.translate((-(x0 + x1) / 2, -(y0 + y1) / 2, -z0)).to_mesh64()
    return TriangleMesh(
        np.array(mesh.vert_properties)[:, :3].astype(np.float64), np.array(mesh.tri_verts).astype(np.int64)
    )


def _block(x: float, y: float, z: float, at: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Any:
    return manifold3d.Manifold.cube((x, y, z)).translate((at[0] - x / 2, at[1] - y / 2, at[2]))


def _rod(r: float, h: float, at: tuple[float, float, float] = (0.0, 0.0, 0.0), top: float | None = None) -> Any:
    return manifold3d.Manifold.cylinder(h, r, r if top is None else top, SIDES).translate(at)


def _ball(r: float) -> Any:
    return manifold3d.Manifold.sphere(r, SIDES)


def _turned(outline: list[tuple[float, float]]) -> Any:
    """The solid of revolution of an outline in (radius, height)."""
    return manifold3d.CrossSection([outline]).revolve(SIDES)


def _union(solids: list[Any]) -> Any:
    return manifold3d.Manifold.batch_boolean(solids, manifold3d.OpType.Add)


def _above_bed(solid: Any) -> Any:
    return solid.trim_by_plane((0.0, 0.0, 1.0), 0.0)


def _flange() -> Any:
    holes = [_rod(2.2, 20, (17 * np.cos(a), 17 * np.sin(a), -1)) for a in np.arange(6) * np.pi / 3]
    return _rod(22, 5) + _rod(11, 18) - _rod(7, 40, (0, 0, -1)) - _union(holes)


def _enclosure() -> Any:
    posts = [_rod(3, 16, (x, y, 2)) - _rod(1.3, 20, (x, y, 4)) for x in (-24, 24) for y in (-14, 14)]
    return _block(60, 40, 20) - _block(56.4, 36.4, 20, (0, 0, 2)) + _union(posts)


def _lettering() -> Any:
    strokes = [_block(1.6, 12, 3.2, (x, 0, 0)) for x in (-26, -20, -8, -2, 14)]
    strokes += [_block(7, 1.6, 3.2, (x, y, 0)) for x, y in ((-23, 0), (-5, 5.2), (-5, -5.2), (17, -5.2), (17, 0.4))]
    rings = [_rod(5, 3.2, (x, 0, 0)) - _rod(3.4, 9, (x, 0, -1)) for x in (6, 28)]
    return _block(74, 20, 2) + _union(strokes + rings)


def _dome() -> Any:
    return _above_bed(_ball(21) - _ball(18.8)) + _rod(21, 1.2) - _rod(18, 5, (0, 0, -1))


def _lens() -> Any:
    return _above_bed(_ball(40).translate((0, 0, -28)))


def _screwed() -> Any:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radii = 15 + 3 * np.cos(5 * angles)
    outline = manifold3d.CrossSection([np.c_[radii * np.cos(angles), radii * np.sin(angles)]])
    return outline.extrude(38, 50, 70.0)


def _bottle() -> Any:
    heights = np.linspace(0, 62, 50)
    radii = 15 + 5 * np.sin(heights / 11) - 0.06 * heights
    outer = [(0.0, 0.0), *zip(radii, heights, strict=True), (0.0, 62.0)]
    inner = [(0.0, 2.4), *((r - 2.0, max(h, 2.4)) for r, h in zip(radii[2:], heights[2:], strict=True)), (0.0, 62.0)]
    return _turned(outer) - _turned(inner)


def _lumps() -> Any:
    places = ((0, 0, 14, 15), (13, 4, 24, 11), (-10, 8, 30, 9), (4, -6, 30, 8))
    return _above_bed(_union([_ball(r).translate((x, y, z)) for x, y, z, r in places]))


def _pins() -> Any:
    pins = [_rod(1.7, 14, (x, y, 2)) for x in np.linspace(-21, 21, 6) for y in np.linspace(-14, 14, 4)]
    return _block(50, 36, 2.4) + _union(pins)


def _fins() -> Any:
    return _block(40, 30, 3) + _union([_block(1.1, 30, 17, (x, 0, 3)) for x in np.linspace(-18, 18, 9)])


def _steps() -> Any:
    return _union([_block(44 - 7 * k, 34 - 5 * k, 4.6, (0, 0, 4.6 * k)) for k in range(5)])


def _grille() -> Any:
    slots = [_block(3.2, 40, 9, (x, 0, -1)) for x in np.linspace(-27, 27, 10)]
    return _block(70, 52, 3.6) - _union(slots)


def _wedge() -> Any:
    outline = manifold3d.CrossSection([[(0, 0), (46, 0), (46, 6), (8, 26), (0, 26)]])
    return outline.extrude(24).rotate((90, 0, 0)) - _rod(4, 60, (14, -12, -1))


def _ridge() -> Any:
    outline = manifold3d.CrossSection([[(-20, 0), (20, 0), (0, 22)]])
    return outline.extrude(45).rotate((90, 0, 0))


def _loop() -> Any:
    return _rod(30, 12) - _rod(27.6, 30, (0, 0, -1)) + _block(12, 9, 12, (33, 0, 0))


def _hull() -> Any:
    corners = [_ball(5).translate(p) for p in ((0, 0, 5), (32, 4, 6), (27, 30, 5), (5, 24, 11), (12, 10, 28))]
    return _above_bed(manifold3d.Manifold.batch_hull(corners))


def _needles() -> Any:
    return _union([_rod(5, 34, (x, y, 0), 1.0) for x, y in ((-14, -9), (12, -10), (0, 12))]) + _block(44, 36, 1.6)


def _table() -> Any:
    legs = [_rod(3, 22, (x, y, 0)) for x in (-19, 19) for y in (-13, 13)]
    return _block(46, 34, 3, (0, 0, 22)) + _union(legs)


def _shelf() -> Any:
    return _block(6, 30, 40) + _block(24, 30, 4, (12, 0, 30)) + _block(16, 30, 4, (8, 0, 12))


def _cap() -> Any:
    return _rod(6, 24) + _above_bed(_ball(19)).translate((0, 0, 20))


def _lying() -> Any:
    return (_rod(11, 44) - _rod(7, 60, (0, 0, -5))).rotate((90, 0, 0))


def _egg() -> Any:
    return _ball(14).scale((1.0, 0.8, 1.3)).rotate((25, 10, 0))


def _funnel() -> Any:
    return _turned([(5.0, 0.0), (7.0, 0.0), (7.0, 12.0), (27.0, 26.0), (27.0, 29.0), (25.0, 28.0), (5.0, 14.0)])


def _hook() -> Any:
    outline = manifold3d.CrossSection(
        [[(0, 0), (30, 0), (30, 8), (8, 8), (8, 30), (30, 30), (30, 20), (38, 20), (38, 38), (0, 38)]]
    )
    return outline.extrude(15).rotate((90, 0, 0))


def _crate() -> Any:
    walls = [_block(1.3, 40, 14, (x, 0, 0)) for x in (-11, 13)] + [_block(62, 1.3, 14, (0, 4, 0))]
    return _block(64, 42, 16) - _block(61.2, 39.2, 20, (0, 0, 1.6)) + _union(walls)


def _sieve() -> Any:
    holes = [_rod(2.4, 9, (x, y, -1)) for x in np.linspace(-26, 26, 8) for y in np.linspace(-17, 17, 6)]
    return _block(62, 44, 3.2) - _union(holes)


def _blades() -> Any:
    star = manifold3d.CrossSection.square((46, 5), True) + manifold3d.CrossSection.square((5, 46), True)
    return (star + manifold3d.CrossSection.circle(6, SIDES)).extrude(24, 30, -40.0, (0.8, 0.8))


_SHAPES: Final[Mapping[str, Callable[[], Any]]] = MappingProxyType(
    {
        "brick": lambda: _block(38, 26, 12),
        "post": lambda: _block(11, 13, 55),
        "peg": lambda: _rod(9, 26),
        "flange": _flange,
        "enclosure": _enclosure,
        "lettering": _lettering,
        "dome": _dome,
        "lens": _lens,
        "screwed": _screwed,
        "bottle": _bottle,
        "lumps": _lumps,
        "pins": _pins,
        "fins": _fins,
        "steps": _steps,
        "grille": _grille,
        "wedge": _wedge,
        "ridge": _ridge,
        "loop": _loop,
        "hull": _hull,
        "needles": _needles,
        "table": _table,
        "shelf": _shelf,
        "cap": _cap,
        "lying": _lying,
        "egg": _egg,
        "funnel": _funnel,
        "hook": _hook,
        "crate": _crate,
        "sieve": _sieve,
        "blades": _blades,
    }
)

_ASKED: Final[Mapping[str, tuple[Setting, ...]]] = MappingProxyType(
    {
        "brick": ("plain", "full"),
        "post": ("plain", "thick"),
        "peg": ("plain", "half"),
        "flange": ("plain", "coarse"),
        "enclosure": ("plain", "hollow"),
        "lettering": ("plain",),
        "dome": ("plain",),
        "lens": ("plain", "dense"),
        "screwed": ("plain", "fine"),
        "bottle": ("plain",),
        "lumps": ("half", "coarse"),
        "pins": ("plain",),
        "fins": ("plain",),
        "steps": ("plain", "thick"),
        "grille": ("plain", "coarse"),
        "wedge": ("plain", "full"),
        "ridge": ("dense", "hollow"),
        "loop": ("plain",),
        "hull": ("plain", "fine"),
        "needles": ("plain",),
        "table": ("held",),
        "shelf": ("plain", "held"),
        "cap": ("held",),
        "lying": ("plain", "held"),
        "egg": ("plain", "held"),
        "funnel": ("plain", "held"),
        "hook": ("held",),
        "crate": ("plain", "fine"),
        "sieve": ("plain", "coarse"),
        "blades": ("plain", "half"),
    }
)
