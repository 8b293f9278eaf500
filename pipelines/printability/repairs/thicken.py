"""Thin walls grown to a limit: slabs are united with both their sides, and nothing else is touched."""

from dataclasses import dataclass
from typing import Final

import manifold3d
import numpy as np

from pipelines.errors import InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.meshing.topology import open_edges
from pipelines.printability.places import Mask
from pipelines.printability.rays import LIFT_MM, Caster
from pipelines.printability.repairs.solids import Repaired, Solid, from_triangles, mesh_of, solid_of
from pipelines.printability.surface import Floats, Surface, surface_of
from pipelines.printability.walls import face_walls_mm, measure_walls

MOST_FACES: Final = 150_000  # the surface is refined to about as many
ROUNDS: Final = 2
ALIKE: Final = 0.7  # cosine between normals of faces that are one side of a wall
TOLERANCE_MM: Final = 0.015  # a wall this much short of the limit passes the report
SUNK_MM: Final = 0.03  # how deep slabs reach into the wall, so that they unite with it
LEAST_GAP_MM: Final = 0.1  # air that must be left in front of a wall that is grown
MOST_CLOSED: Final = 0.02  # of the thin surface may face nearer walls: inner corners do
DAMPING: Final = 0.02  # of the mean; keeps vertices of nearly level surfaces from sliding along them
CROSSING: Final = 0.002  # of the surface; above it the grown walls have run into each other
SMOOTHEST_MM: Final = 0.005  # the refined surface is simplified to this again


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    solid: Solid
    wall_mm: float | None
    crossed_share: float


def thicken(mesh: TriangleMesh, wall_mm: float) -> Repaired:
    """The part with every wall at least as thick as asked.

    Args:
        mesh: A solid in the object frame, mm.
        wall_mm: Thickness asked for, in (0, 20].

    Returns:
        Each side of a thin wall grows outwards by half of what is missing; sound walls stay as they are. It rests at
        the height where it rested.

    Raises:
        InvalidInput: `wall_mm` is out of range, no wall is thinner, or the grown walls would meet.
        EmptyGeometry: There is no surface.
        NotSolid: It is no solid.
        GeometryTooLarge: More than 5 million faces, or more than 10 m across.
    """
    if not 0.0 < wall_mm <= 20.0:
        raise InvalidInput(f"A wall can be thickened to at most 20 mm, and to more than 0; got {wall_mm!r}.")
    solid = solid_of(mesh)
    before = _measured(solid)
    if before.wall_mm is None or before.wall_mm >= wall_mm - TOLERANCE_MM:
        raise InvalidInput(f"No wall is thinner than {wall_mm:g} mm: there is nothing to thicken.")
    after = _grown(before, wall_mm)
    if after.wall_mm is None or after.wall_mm < wall_mm - 2 * TOLERANCE_MM:
        raise InvalidInput(f"The walls cannot be grown to {wall_mm:g} mm: they stay at {after.wall_mm or 0:.2f} mm.")
    if after.crossed_share > max(CROSSING, 2 * before.crossed_share):
        raise InvalidInput(f"Walls of {wall_mm:g} mm would cross each other; print the part larger instead.")
    low, now = solid.bounding_box()[2], after.solid.bounding_box()[2]
    made = after.solid.translate((0.0, 0.0, float(low - now)))
    grown = (made.volume() / solid.volume() - 1) * 100
    walls = f"Thickened walls from {before.wall_mm:.2f} to {after.wall_mm:.2f} mm"
    text = f"{walls}; the part takes {grown:.0f} % more material."
    return Repaired(mesh_of(made, mesh), "thicken", (text,))


def _measured(solid: Solid) -> _State:
    surface = surface_of(mesh_of(solid))
    walls = measure_walls(surface, Caster(surface))
    return _State(solid, walls.least_mm, walls.crossed_share)


def _refined(solid: Solid, wall_mm: float) -> Solid:
    """Edges short enough for a wall to end where it ends, and no shorter than the number of faces allows."""
    edge = (solid.surface_area() / (0.433 * MOST_FACES)) ** 0.5
    return solid.refine_to_length(float(max(edge, wall_mm)))


def _grown(state: _State, wall_mm: float) -> _State:
    for turn in range(ROUNDS):
        if state.wall_mm is not None and state.wall_mm >= wall_mm - TOLERANCE_MM:
            break
        solid = _refined(state.solid, wall_mm)
        mesh = mesh_of(solid)
        surface = surface_of(mesh)
        caster = Caster(surface)
        outwards = np.clip(wall_mm + TOLERANCE_MM - face_walls_mm(surface, caster), 0.0, None) / 2
        thin = outwards > TOLERANCE_MM
        if not thin.any():
            break
        if turn == 0:  # later rounds mend corners, which have walls near by
            _check_room(surface, caster, thin, outwards)
        slabs = _slabs(surface, mesh.vertices, *_with_rim(surface, thin, outwards))
        united = manifold3d.Manifold.batch_boolean([solid, *slabs.decompose()], manifold3d.OpType.Add)
        state = _measured(_without_bubbles(united.simplify(SMOOTHEST_MM), wall_mm**3))
    return state


def _without_bubbles(solid: Solid, least_mm3: float) -> Solid:
    """The solid without the tiny hollows that slabs leave where they fold over each other in a corner."""
    parts = solid.decompose()
    kept = [part for part in parts if part.volume() > 0 or part.volume() < -least_mm3]
    return solid if len(kept) == len(parts) else manifold3d.Manifold.compose(kept)


def _check_room(surface: Surface, caster: Caster, thin: Mask, outwards_mm: Floats) -> None:
    """Refuse to close gaps that the part has between its walls."""
    middles = surface.vertices[surface.faces[thin]].mean(axis=1)
    normals = surface.normals[thin]
    _, gaps = caster.cast(middles + LIFT_MM * normals, normals)
    closed = gaps <= 2 * outwards_mm[thin] + LEAST_GAP_MM
    share = float((closed * surface.areas[thin]).sum() / surface.areas[thin].sum())
    if share > MOST_CLOSED:
        raise InvalidInput("Thicker walls would run into each other; print the part larger instead.")


def _with_rim(surface: Surface, thin: Mask, outwards_mm: Floats) -> tuple[Mask, Floats]:
    """The thin faces and those around them that look the same way, as much moved as their neighbours."""
    most = np.zeros(len(surface.vertices))
    facing = np.zeros((len(surface.vertices), 3))
    for corner in surface.faces[thin].T:
        np.maximum.at(most, corner, outwards_mm[thin])
        for axis in range(3):
            facing[:, axis] += np.bincount(corner, surface.normals[thin, axis], len(most))
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-12)
    likeness = np.einsum("fi,fki->fk", surface.normals, facing[surface.faces])  # [F, 3]
    reach = np.where(likeness > ALIKE, most[surface.faces], 0.0).max(axis=1)
    moved = np.where(thin, outwards_mm, reach)
    return moved > 0, moved


def _slabs(surface: Surface, vertices: Floats, chosen: Mask, outwards_mm: Floats) -> Solid:
    """Closed slabs on the chosen faces: their outer sides where the wall is to end, their inner ones inside it."""
    used, index = np.unique(surface.faces[chosen], return_inverse=True)
    faces = index.reshape(-1, 3)
    patch = Surface(vertices[used], faces, surface.normals[chosen], surface.areas[chosen])
    sunk = patch.vertices - SUNK_MM * _hollow_corners(surface, vertices, chosen)[used]
    outer = sunk + _moves(patch, outwards_mm[chosen])
    inner = sunk + _moves(patch, np.full(len(faces), -SUNK_MM))
    start, end = open_edges(faces).T
    count = len(used)
    sides = [np.stack([start, start + count, end], axis=1), np.stack([end, start + count, end + count], axis=1)]
    return from_triangles(np.concatenate([outer, inner]), np.concatenate([faces, faces[:, ::-1] + count, *sides]))


def _hollow_corners(surface: Surface, vertices: Floats, chosen: Mask) -> Floats:
    """Normals of what the chosen faces meet in an inner corner, at its vertices: a slab is to sink into that. [V, 3]"""
    start, end = surface.faces.ravel(), np.roll(surface.faces, -1, axis=1).ravel()
    face = np.repeat(np.arange(len(surface.faces)), 3)
    span = len(vertices)
    order = np.argsort(start * span + end)
    twin = face[order[np.searchsorted((start * span + end)[order], end * span + start)]]
    rim = chosen[face] & ~chosen[twin]
    middles = vertices[surface.faces[twin[rim]]].mean(axis=1)
    inner = np.einsum("ei,ei->e", middles - vertices[start[rim]], surface.normals[face[rim]]) > 1e-6
    found = np.zeros((span, 3))
    for corner in (start[rim][inner], end[rim][inner]):
        found[corner] = surface.normals[twin[rim][inner]]
    return found


def _moves(surface: Surface, outwards_mm: Floats) -> Floats:
    """The move of each vertex that takes the plane of each of its faces outwards by the face's own amount.

    Least squares over the faces around a vertex, weighted by area: exact where flat sides meet, and along the normal
    where the surface is smooth. [V, 3] mm
    """
    count = len(surface.vertices)
    outer = np.einsum("fi,fj->fij", surface.normals, surface.normals) * surface.areas[:, None, None]
    pull = surface.normals * (outwards_mm * surface.areas)[:, None]
    squares, sums = np.zeros((count, 3, 3)), np.zeros((count, 3))
    for corner in surface.faces.T:
        for i in range(3):
            sums[:, i] += np.bincount(corner, pull[:, i], count)
            for j in range(3):
                squares[:, i, j] += np.bincount(corner, outer[:, i, j], count)
    trace = np.trace(squares, axis1=1, axis2=2)
    damping = np.maximum(DAMPING * trace / 3, 1e-12)
    return np.asarray(np.linalg.solve(squares + damping[:, None, None] * np.eye(3), sums[..., None])[..., 0])
