"""Words as outlines of the bundled font, so that neither the mesh nor the OpenSCAD source needs a font installed."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import manifold3d
import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput

LONGEST_INSCRIPTION: Final = 40
_FONT: Final = "OpenSans-Bold.subset.ttf"
# Chords per quadratic curve: at 10 mm letters a bowl then strays less than 0.05 mm, under half a nozzle.
_CHORDS: Final = 4
# Four decimals of a capital's height: a micrometre at the letters people print.
_DECIMALS: Final = 4

Contour = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Glyph:
    """One letter in units of the height of a capital, already shifted to its place in the line."""

    character: str
    contours: list[Contour]


@dataclass(frozen=True, slots=True)
class Lettering:
    """A line of text centred on the origin, in units of the height of a capital."""

    text: str
    glyphs: tuple[Glyph, ...]
    width: float
    height: float


def letter(text: str) -> Lettering:
    """The outlines of one line of text.

    Args:
        text: 1 to 40 characters of Latin, Latin-1 or Latin Extended-A.

    Raises:
        InvalidInput: The text is empty or too long, or the font lacks a character, which is named.
    """
    line = " ".join(text.split())
    if not line:
        raise InvalidInput("The inscription is empty.")
    if len(line) > LONGEST_INSCRIPTION:
        raise InvalidInput(f"The inscription has {len(line)} characters; at most {LONGEST_INSCRIPTION} fit.")
    for character in line:
        if ord(character) not in _font().glyph_of:
            raise InvalidInput(f"The inscription holds {character!r}, which the bundled font cannot draw.")
    return _centred(line, _set_line(line))


def _set_line(line: str) -> list[Glyph]:
    pen_x, glyphs = 0.0, []
    for character in line:
        contours, advance = _glyph(character)
        glyphs.append(Glyph(character, [[(x + pen_x, y) for x, y in contour] for contour in contours]))
        pen_x += advance
    return [glyph for glyph in glyphs if glyph.contours]


def _centred(line: str, glyphs: list[Glyph]) -> Lettering:
    if not glyphs:
        raise InvalidInput("The inscription holds nothing that can be drawn.")
    corners = np.array([corner for glyph in glyphs for contour in glyph.contours for corner in contour])
    low, high = corners.min(axis=0), corners.max(axis=0)
    x0, y0 = (low + high) / 2
    placed = tuple(
        Glyph(
            glyph.character,
            [[(round(x - x0, _DECIMALS), round(y - y0, _DECIMALS)) for x, y in c] for c in glyph.contours],
        )
        for glyph in glyphs
    )
    width, height = high - low
    return Lettering(line, placed, float(width), float(height))


@dataclass(frozen=True, slots=True, eq=False)
class _Font:
    glyph_of: dict[int, str]
    glyphs: Any
    capital: float


@cache
def _font() -> _Font:
    # fontTools takes 40 ms to import, and few prompts carry an inscription.
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    with resources.as_file(resources.files("pipelines.parametric") / "fonts" / _FONT) as path:
        font = TTFont(path, lazy=False)
    return _Font(font.getBestCmap(), font.getGlyphSet(), float(font["OS/2"].sCapHeight))


@cache
def _glyph(character: str) -> tuple[tuple[tuple[tuple[float, float], ...], ...], float]:
    """Contours that neither cross nor overlap, and the advance, in heights of a capital."""
    from fontTools.pens.recordingPen import DecomposingRecordingPen  # noqa: PLC0415  as above

    font = _font()
    name = font.glyph_of[ord(character)]
    pen = DecomposingRecordingPen(font.glyphs)
    font.glyphs[name].draw(pen)
    outlines = [outline / font.capital for outline in _flatten(pen.value)]
    # TrueType fills by winding, and accented letters overlap their parts: union them once, here.
    merged = manifold3d.CrossSection(outlines, manifold3d.FillRule.NonZero) if outlines else None
    contours = [] if merged is None else merged.to_polygons()
    return (
        tuple(tuple((float(x), float(y)) for x, y in contour) for contour in contours),
        font.glyphs[name].width / font.capital,
    )


def _flatten(commands: list[tuple[str, Any]]) -> list[NDArray[np.float64]]:
    """Pen commands of quadratic outlines as polygons, [n, 2] each, in font units."""
    outlines: list[NDArray[np.float64]] = []
    points: list[NDArray[np.float64]] = []
    for command, arguments in commands:
        if command in {"moveTo", "lineTo"}:
            points.append(np.asarray(arguments[0], dtype=np.float64))
        elif command == "qCurveTo":
            points += _quadratics(points[-1] if points else None, arguments)
        else:
            outlines.append(np.array(points))
            points = []
    return outlines


def _quadratics(start: NDArray[np.float64] | None, arguments: Any) -> list[NDArray[np.float64]]:
    """The TrueType spline through implied on-curve points; without a last point it is closed."""
    controls = [np.asarray(p, dtype=np.float64) for p in arguments if p is not None]
    if arguments[-1] is None:
        controls.append((controls[0] + controls[-1]) / 2)
    here = controls[-1] if start is None else start
    t = np.linspace(0, 1, _CHORDS + 1)[1:, None]
    curve: list[NDArray[np.float64]] = []
    *off, last = controls
    for index, control in enumerate(off):
        end = last if index == len(off) - 1 else (control + off[index + 1]) / 2
        curve += list((1 - t) ** 2 * here + 2 * t * (1 - t) * control + t**2 * end)
        here = end
    return curve
