"""What only the layers show: islands, bridges, features too small for a line, and cups that hold resin.

The solid is cut at the middle of each layer, as a slicer does. Tall parts are cut in at most `MOST_LAYERS` thicker
ones; the slope that a layer may lean out by follows their height, so the limits stay the same.
"""

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import manifold3d
import numpy as np

from pipelines.printability.bridges import Bridge, signed_mm2, span_mm
from pipelines.printability.process import Process
from pipelines.printability.surface import Floats

Section: TypeAlias = Any  # manifold3d.CrossSection carries no types

MOST_LAYERS: Final = 400  # 80 mm in 0.2 mm layers: 0.1 s for a solid of 100,000 faces
FINEST_MM: Final = 0.02  # a twentieth of a nozzle: outlines are simplified to this
MITER: Final = 3.0  # restores corners down to 39 degrees
LEAST_PIECE_MM2: Final = 0.02  # smaller leftovers are rounding between two outlines
LEAST_BRIDGE_MM2: Final = 1.0  # a few lines
MOST_PIECES: Final = 64  # examined of one layer, the largest first
OPEN_TOLERANCE_MM: Final = 0.005  # a wall exactly one line wide is one line wide
LEAST_CUP_DEPTH_MM: Final = 1.0  # the film bends as far into a shallower one. Our own choice.
LONG_FEATURE: Final = 6.0  # a strip is at least as many times longer than the least feature is wide
LEAST_STRIP_LAYERS: Final = 2  # a ridge that is too thin in one layer is merely blunt
LEAST_LOST: Final = 5.0  # cubes of the least feature: less material is not missed
LEAST_PIN_HEIGHT: Final = 5.0  # least features: the tip of a cone is thinner than a line, and nobody misses it


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A region of one layer: where it is, and its outlines."""

    z_mm: float  # middle of its layer
    area_mm2: float
    outlines: tuple[Floats, ...]  # each [P, 2] mm, holes clockwise


@dataclass(frozen=True, slots=True, eq=False)
class LayerFaults:
    """Everything found on one walk up the layers."""

    pitch_mm: float
    islands: tuple[Piece, ...]
    bridges: tuple[Bridge, ...]
    small: tuple[Piece, ...]  # narrower than the least feature
    narrowest_mm: float | None  # width of the narrowest of them
    cup_mm2: float  # largest area that a layer would seal against the film
    cup_mm3: float  # room in all cups
    cup: Piece | None  # its widest layer


@dataclass(slots=True)
class _Found:
    islands: list[Piece] = field(default_factory=list)
    bridges: list[Bridge] = field(default_factory=list)
    small: list[Piece] = field(default_factory=list)
    strip_layers: int = 0
    pin_layers: int = 0
    narrowest_mm: float = np.inf
    cup_mm3: float = 0.0
    cup: Piece | None = None


def walk_layers(solid: Any, process: Process) -> LayerFaults:
    """Faults that the layers of a solid have.

    Args:
        solid: A `manifold3d.Manifold` in mm that rests on z = 0, of positive volume.
        process: Whose layers, slope limit and least feature apply.

    Returns:
        Islands stand on nothing of the layer below and not on the bed. Bridges are held at both ends of each line.
        Small pieces vanish when the layer is opened by half the least feature. A cup is room that a layer encloses
        and that no layer below lets out; the bed closes the lowest. Cups are looked for in resin only.
    """
    height = float(solid.bounding_box()[5])
    pitch = max(process.layer_mm, height / MOST_LAYERS)
    lean = pitch / float(np.tan(np.deg2rad(process.slope_limit_deg)))
    found, nothing = _Found(), manifold3d.CrossSection()
    below, vented = nothing, nothing
    for layer in range(max(1, int(np.ceil(height / pitch - 1e-6)))):
        z = min((layer + 0.5) * pitch, height * (1 - 1e-9))
        section = solid.slice(z).simplify(FINEST_MM)
        if layer:
            _unsupported(section, below, lean, z, process, found)
        _small(section, z, process.least_feature_mm, found)
        if process.name == "resin":
            vented = _cups(section, below, vented, z, pitch, found) if layer else _floor(section, z, pitch, found)
        below = section
    return _faults(found, pitch, process.least_feature_mm)


def _faults(found: _Found, pitch: float, least_mm: float) -> LayerFaults:
    lasting = found.strip_layers >= LEAST_STRIP_LAYERS or found.pin_layers * pitch >= LEAST_PIN_HEIGHT * least_mm
    lasting &= sum(piece.area_mm2 for piece in found.small) * pitch >= LEAST_LOST * least_mm**3
    deep = found.cup if found.cup and found.cup_mm3 >= LEAST_CUP_DEPTH_MM * found.cup.area_mm2 else None
    return LayerFaults(
        pitch_mm=pitch,
        islands=tuple(found.islands),
        bridges=tuple(found.bridges),
        small=tuple(found.small) if lasting else (),
        narrowest_mm=found.narrowest_mm if lasting else None,
        cup_mm2=deep.area_mm2 if deep else 0.0,
        cup_mm3=found.cup_mm3 if deep else 0.0,
        cup=deep,
    )


def _unsupported(section: Section, below: Section, lean: float, z: float, process: Process, found: _Found) -> None:
    """Sort what leans out too far into islands and bridges; the rest is plain overhang, which the faces tell."""
    # The outlines of both layers are simplified, which may part them by as much.
    held = below.offset(max(lean, 2 * FINEST_MM), manifold3d.JoinType.Miter, MITER)
    for piece in _pieces(section - held):
        ring = piece.offset(2 * FINEST_MM, manifold3d.JoinType.Miter, MITER) - piece
        if (ring ^ section).area() < 1e-3 * ring.area():
            found.islands.append(_piece(piece, z))
        elif piece.area() >= LEAST_BRIDGE_MM2:
            across = span_mm(piece.to_polygons(), section.to_polygons())
            if across is not None:
                reach = piece.offset(lean + FINEST_MM, manifold3d.JoinType.Miter, MITER) ^ section
                found.bridges.append(Bridge(z, across, float(piece.area()), _outlines(reach)))


def _small(section: Section, z: float, least: float, found: _Found) -> None:
    """Keep what one line cannot draw: strips, and parts of the layer that vanish as a whole."""
    radius = least / 2 - OPEN_TOLERANCE_MM
    miter = manifold3d.JoinType.Miter
    opened = section.offset(-radius, miter, MITER).offset(radius + OPEN_TOLERANCE_MM, miter, MITER)
    strips, pins = 0, 0
    for piece in _pieces(section - opened):
        strip = _edge_mm(piece) / 2 >= LONG_FEATURE * least
        if strip or _apart(piece, opened):
            found.small.append(_piece(piece, z))
            found.narrowest_mm = min(found.narrowest_mm, _width_mm(piece))
            strips, pins = strips + strip, pins + (not strip)
    found.strip_layers += bool(strips)
    found.pin_layers += bool(pins)


def _width_mm(piece: Section) -> float:
    """Width of the rectangle with the same area and edge; of the disc where there is none."""
    area, half = float(piece.area()), _edge_mm(piece) / 2
    spread = half * half - 4 * area
    return (half - float(np.sqrt(spread))) / 2 if spread > 0 else 2 * area / half


def _apart(piece: Section, others: Section) -> bool:
    """Whether nothing else of the layer touches the piece."""
    near = piece.offset(2 * FINEST_MM, manifold3d.JoinType.Miter, MITER) ^ others
    return bool(near.is_empty())


def _floor(section: Section, z: float, pitch: float, found: _Found) -> Section:
    """The lowest layer: the plate closes all that it encloses."""
    _tally_cups(_enclosed(section), z, pitch, found)
    return manifold3d.CrossSection()


def _cups(section: Section, below: Section, vented: Section, z: float, pitch: float, found: _Found) -> Section:
    """What this layer encloses without a way out below; gives the enclosed parts that have one."""
    rooms = _enclosed(section)
    if rooms.is_empty():
        return rooms
    free: list[Section] = []
    sealed: list[Section] = []
    outline = _outline(below)
    for room in rooms.decompose():
        # Room above the open air beside the layer below, or above a part of it that has a way out.
        open_mm2 = (room - outline).area() + (room ^ vented).area()
        (free if open_mm2 > LEAST_PIECE_MM2 else sealed).append(room)
    _tally_cups(_union(sealed), z, pitch, found)
    return _union(free)


def _tally_cups(sealed: Section, z: float, pitch: float, found: _Found) -> None:
    area = float(sealed.area())
    if area < LEAST_PIECE_MM2:
        return
    found.cup_mm3 += area * pitch
    if found.cup is None or area > found.cup.area_mm2:
        found.cup = _piece(sealed, z)


def _enclosed(section: Section) -> Section:
    """Room inside the outlines of a layer that its material leaves free."""
    if section.num_contour() < 2:
        return manifold3d.CrossSection()
    return _outline(section) - section


def _outline(section: Section) -> Section:
    """The layer with its holes filled."""
    outer = [polygon for polygon in section.to_polygons() if signed_mm2(polygon) > 0]
    return manifold3d.CrossSection(outer, manifold3d.FillRule.NonZero) if outer else manifold3d.CrossSection()


def _union(sections: list[Section]) -> Section:
    if not sections:
        return manifold3d.CrossSection()
    return manifold3d.CrossSection.batch_boolean(sections, manifold3d.OpType.Add)


def _pieces(section: Section) -> list[Section]:
    if section.area() < LEAST_PIECE_MM2:
        return []
    pieces = [piece for piece in section.decompose() if piece.area() >= LEAST_PIECE_MM2]
    return sorted(pieces, key=lambda piece: -float(piece.area()))[:MOST_PIECES]


def _piece(section: Section, z: float) -> Piece:
    return Piece(z, float(section.area()), _outlines(section))


def _outlines(section: Section) -> tuple[Floats, ...]:
    return tuple(np.asarray(polygon, np.float64) for polygon in section.to_polygons())


def _edge_mm(section: Section) -> float:
    return float(sum(np.linalg.norm(p - np.roll(p, 1, axis=0), axis=1).sum() for p in section.to_polygons()))
