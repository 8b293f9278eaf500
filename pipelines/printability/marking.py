"""Which faces of the mesh a finding is about."""

from collections.abc import Sequence

import numpy as np

from pipelines.printability.bridges import Bridge, inside
from pipelines.printability.layers import Piece
from pipelines.printability.overhang import hangs
from pipelines.printability.places import Mask
from pipelines.printability.rays import R2, Caster
from pipelines.printability.standing import touching
from pipelines.printability.surface import BED_TOLERANCE_MM, Floats, Indices, Surface, edge_faults, shells

_STAND_OFF_MM = 0.05  # rays at outlines start this far outside; outlines are simplified to less than half of it
_MOST_RAYS = 20_000
_RAYS_BELOW = 48  # spread over each piece that hangs; small faces are found by their middles


def beside_bad_edges(surface: Surface) -> Mask:
    """Faces with an edge that is not shared by exactly one other face the other way round."""
    return edge_faults(surface)


def overhanging(surface: Surface, slope_limit_deg: float) -> Mask:
    """Faces that need support by their slope."""
    return hangs(surface, slope_limit_deg)


def foot(surface: Surface, first_layer_mm: float) -> Mask:
    """Faces that touch the bed; those that come nearest, where none lies within the first layer."""
    within = touching(surface, first_layer_mm)
    if within.any():
        return within
    lowest = surface.vertices[:, 2][surface.faces].min(axis=1)
    return np.asarray(lowest <= first_layer_mm)


def of_floating_bodies(surface: Surface) -> Mask:
    """Faces of shells that do not reach the bed."""
    shell = shells(surface)
    lows = np.full(int(shell.max()) + 1, np.inf)
    np.minimum.at(lows, shell, surface.vertices[:, 2][surface.faces].min(axis=1))
    outward = _volumes(surface, shell) > 0
    return np.asarray(((lows > BED_TOLERANCE_MM) & outward)[shell])


def of_voids(surface: Surface) -> Mask:
    """Faces of shells that look inwards."""
    shell = shells(surface)
    return np.asarray((_volumes(surface, shell) < 0)[shell])


def beside_pieces(surface: Surface, caster: Caster, pieces: Sequence[Piece], *, outward: bool) -> Mask:
    """Faces along the outlines of pieces of layers.

    Args:
        surface: Of the whole part.
        caster: Of the same.
        pieces: Material, or the room that material encloses.
        outward: Whether the material is outside the outlines: for room.
    """
    mask = np.zeros(len(surface.faces), np.bool_)
    origins, along = _at_outlines(pieces, outward=outward)
    step = len(origins) // _MOST_RAYS + 1
    if len(origins):
        hits, distances = caster.cast(origins[::step], along[::step])
        mask[hits[(hits >= 0) & (distances <= 2.5 * _STAND_OFF_MM)]] = True
    return mask


def _at_outlines(pieces: Sequence[Piece], *, outward: bool) -> tuple[Floats, Floats]:
    """Points in the air before the middle of each edge, and the way into the material. [N, 3] each"""
    origins, along = [np.zeros((0, 3))], [np.zeros((0, 3))]
    for piece in pieces:
        for polygon in piece.outlines:
            step = np.roll(polygon, -1, axis=0) - polygon
            lengths = np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-12)
            away = np.stack([step[:, 1], -step[:, 0]], axis=1) / lengths[:, None]  # out of the piece
            into = away if outward else -away
            flat = polygon + 0.5 * step - _STAND_OFF_MM * into
            origins.append(np.column_stack([flat, np.full(len(flat), piece.z_mm)]))
            along.append(np.column_stack([into, np.zeros(len(into))]))
    return np.concatenate(origins), np.concatenate(along)


def undersides(surface: Surface, caster: Caster, pieces: Sequence[Piece | Bridge], pitch_mm: float) -> Mask:
    """Faces that pieces of layers begin with: by rays down from inside them, and small ones by their middles."""
    mask = np.zeros(len(surface.faces), np.bool_)
    looks_down = np.flatnonzero(surface.normals[:, 2] < -1e-6)
    middles = surface.vertices[surface.faces[looks_down]].mean(axis=1)
    for piece in pieces:
        spots = _within(piece.outlines)
        points = np.column_stack([spots, np.full(len(spots), piece.z_mm)])
        down = np.broadcast_to([0.0, 0.0, -1.0], points.shape)
        hits, distances = caster.cast(points, down)
        mask[hits[(hits >= 0) & (distances <= pitch_mm)]] = True
        near = np.abs(middles[:, 2] - piece.z_mm + pitch_mm / 2) <= pitch_mm / 2 + 1e-6
        mask[looks_down[near][inside(middles[near, :2], piece.outlines)]] = True
    return mask


def _within(outlines: Sequence[Floats]) -> Floats:
    """Points spread over a region. [P, 2]"""
    corners = np.concatenate(list(outlines))
    low, high = corners.min(axis=0), corners.max(axis=0)
    spread = low + np.modf(0.5 + np.arange(1, _RAYS_BELOW + 1)[:, None] * R2)[0] * (high - low)
    return np.asarray(spread[inside(spread, outlines)])


def _volumes(surface: Surface, shell: Indices) -> Floats:
    """Signed volume of each shell."""
    corners = surface.corners - surface.vertices[surface.faces[0, 0]]
    six = np.einsum("fi,fi->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
    return np.bincount(shell, six) / 6
