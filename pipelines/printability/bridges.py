"""Bridges told apart from overhangs: in some direction, every line across is held at both its ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.printability.surface import Floats

DIRECTIONS: Final = 12  # 15 degrees apart, as PrusaSlicer's BridgeDetector searches in steps
LINES: Final = 24  # across the region in each direction
LEAST_HELD: Final = 0.9  # share of a bridge's area whose lines are held; slivers at round ends are not
LEAST_ENDS_HELD: Final = 0.75  # below it a direction is not even tried
NUDGE_MM: Final = 0.03  # beyond the rounding of simplified outlines
MOST_TESTS: Final = 4_000_000  # edges times outline points; more is no bridge but rubble


@dataclass(frozen=True, slots=True, eq=False)
class Bridge:
    """A region of one layer that hangs between what holds it."""

    z_mm: float  # middle of its layer
    span_mm: float  # longest line that has to be drawn through the air
    area_mm2: float
    outlines: tuple[Floats, ...]  # each [P, 2] mm, with the rim that the layer below holds


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    start: Floats  # [E, 2]
    end: Floats  # [E, 2]
    held: NDArray[np.bool_]  # [E] whether the part goes on beyond the edge


def span_mm(piece: Sequence[Floats], layer: Sequence[Floats]) -> float | None:
    """How far lines have to be drawn through the air, if every one of them is held at both ends.

    Args:
        piece: Outlines of a region with nothing below, [P, 2] mm each, holes clockwise.
        layer: Outlines of the whole layer that the region is part of.

    Returns:
        mm of the longest line, in the direction where that is shortest. None where in every direction more than a
        tenth of the region hangs from one end or none.
    """
    edges = _edges(piece, layer)
    if edges is None or not edges.held.any():
        return None
    across = [_span(edges, angle) for angle in _angles(edges)]
    return min((span for span, held in across if held >= LEAST_HELD), default=None)


def _edges(piece: Sequence[Floats], layer: Sequence[Floats]) -> _Edges | None:
    start = np.concatenate(piece)
    end = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in piece])
    if len(start) * sum(map(len, layer)) > MOST_TESTS:
        return None
    along = end - start
    lengths = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-12)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1) / lengths[:, None]
    return _Edges(start, end, inside(0.5 * (start + end) + NUDGE_MM * outward, layer))


def _angles(edges: _Edges) -> Floats:
    """Directions to try, in radians: even steps, and square to the longest edges that hold."""
    along = (edges.end - edges.start)[edges.held]
    longest = along[np.argsort(-np.hypot(along[:, 0], along[:, 1]))[:4]]
    square = np.arctan2(longest[:, 1], longest[:, 0]) + np.pi / 2
    angles = np.concatenate([np.arange(DIRECTIONS) * np.pi / DIRECTIONS, square])
    # Lines along an angle meet each edge as often as it is long square to them: where few of those hold, no bridge.
    steps = edges.end - edges.start
    met = np.abs(np.outer(np.cos(angles), steps[:, 1]) - np.outer(np.sin(angles), steps[:, 0]))  # [A, E]
    return np.asarray(angles[met[:, edges.held].sum(axis=1) > LEAST_ENDS_HELD * met.sum(axis=1)])


def _span(edges: _Edges, angle: float) -> tuple[float, float]:
    """Longest line across in a direction, and the share of all lines' length that is held at both ends."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    start, end = edges.start @ turn, edges.end @ turn  # lines now run along x
    low, high = start[:, 1].min(), start[:, 1].max()
    longest = total = held = 0.0
    for y in low + (np.arange(LINES) + 0.5) / LINES * (high - low):
        crosses = (start[:, 1] > y) != (end[:, 1] > y)
        a, b = start[crosses], end[crosses]
        x = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
        order = np.argsort(x)
        if len(order) % 2:
            continue
        lengths = np.diff(x[order])[::2]
        both = edges.held[crosses][order].reshape(-1, 2).all(axis=1)
        longest = max(longest, float(lengths[both].max(initial=0.0)))
        total += float(lengths.sum())
        held += float(lengths[both].sum())
    return longest, held / total if total > 0 else 0.0


def inside(points: Floats, outlines: Sequence[Floats]) -> NDArray[np.bool_]:
    """Whether points [N, 2] lie inside outlines, by the parity of crossings to the right. [N]"""
    start = np.concatenate(list(outlines))  # [E, 2]
    end = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in outlines])
    x, y = points[:, :1], points[:, 1:]  # [N, 1]
    crosses = (start[:, 1] > y) != (end[:, 1] > y)  # [N, E]
    rise = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    at = start[:, 0] + (y - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
    return np.asarray((crosses & (at > x)).sum(axis=1) % 2 == 1)


def signed_mm2(polygon: Floats) -> float:
    """Area inside a polygon [P, 2], negative where it runs clockwise."""
    x, y = polygon[:, 0], polygon[:, 1]
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
