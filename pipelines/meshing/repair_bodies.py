"""From closed surfaces that may overlap, nest and look inwards to the solid that they mean together.

What a point is wound about by the whole decides: once or more is material, less is air. Bodies that meet nothing are
kept to the last vertex; those that do are united by exact booleans, and a body that overlaps itself is cut until its
pieces do not.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.bvh import hierarchy
from pipelines.meshing.color import concatenate
from pipelines.meshing.crossing import Crossings, find_crossings
from pipelines.meshing.repair import Repair, counted
from pipelines.meshing.repair_solids import LEAST_VOLUME, face_volumes, mesh_of, solid_of, turned, union
from pipelines.meshing.repair_untangle import SMALL_MISFIT, untangled
from pipelines.meshing.topology import areas, linked, pieces, subset
from pipelines.meshing.winding import enclosed

_SPECK: Final = 0.003  # of the longest side: dust of 0.3 mm on a part of 100 mm
_SPECK_VOLUME: Final = 1e-6  # of the largest body's, likewise
_INSIDE: Final = np.array([0.41, 0.33, 0.26])  # barycentric, off the lines that parts are symmetric about
_MERGED: Final = 2e-7  # of the diagonal: booleans leave vertices that 32 bits cannot tell apart


@dataclass(frozen=True, slots=True, eq=False)
class _Bodies:
    """The connected closed surfaces of a mesh."""

    mesh: TriangleMesh
    body: NDArray[np.int64]  # [F]
    volumes: NDArray[np.float64]  # [B] signed

    def only(self, kept: NDArray[np.bool_]) -> "_Bodies":
        """Those for which `kept` [B] holds."""
        faces = kept[self.body]
        number = np.cumsum(kept) - 1
        return _Bodies(subset(self.mesh, faces), number[self.body[faces]], self.volumes[kept])

    def one(self, index: int) -> TriangleMesh:
        return subset(self.mesh, self.body == index)


def united(solid: Any, repairs: list[Repair]) -> Any | None:
    """What the closed surfaces of a manifold3d solid mean together, or None where they bound next to nothing.

    Args:
        solid: About the origin, of a diagonal of about 1.
        repairs: What was done is added; where that is nothing, the solid itself comes back.
    """
    done = len(repairs)
    mesh = mesh_of(solid)
    if face_volumes(mesh).sum() < 0:
        mesh = turned(mesh)
        repairs.append(Repair("inside_out", "turned the surface, which was inside out", 1))
    body = pieces(mesh.faces)
    volumes = np.asarray(np.bincount(body, face_volumes(mesh)), np.float64)
    bodies = _without_debris(_Bodies(mesh, body, volumes), repairs)
    if not len(bodies.volumes):
        return None
    meeting = find_crossings(bodies.mesh)
    bodies = _outward_where_pierced(bodies, meeting, repairs)
    tangled = _tangled(bodies, meeting)
    group = linked(bodies.body[meeting.pairs], len(bodies.volumes))
    outside = _windings_outside(bodies, group)
    parts = _alone(bodies, group, outside, tangled, repairs) + _together(bodies, group, outside, tangled, repairs)
    if len(repairs) == done:
        return solid
    return solid_of(concatenate(parts)) if parts else None


def _without_debris(bodies: _Bodies, repairs: list[Repair]) -> _Bodies:
    """The bodies but for flat ones and specks."""
    size = np.abs(bodies.volumes)
    if len(size) == 1:
        return bodies.only(size > LEAST_VOLUME)
    low, high = np.full((len(size), 3), np.inf), np.full((len(size), 3), -np.inf)
    corners = bodies.mesh.vertices[bodies.mesh.faces]
    np.minimum.at(low, bodies.body, corners.min(axis=1))
    np.maximum.at(high, bodies.body, corners.max(axis=1))
    longest = (high - low).max(axis=1)
    flat = size <= LEAST_VOLUME * longest**3
    speck = (longest < _SPECK * float(bodies.mesh.size.max())) & (size < _SPECK_VOLUME * size.max())
    dropped = flat | speck
    if dropped.any():
        count = int(dropped.sum())
        share = float(areas(bodies.mesh)[dropped[bodies.body]].sum() / areas(bodies.mesh).sum())
        text = f"dropped {counted(count, 'body', 'bodies')} without volume or too small to print"
        repairs.append(Repair("dropped_debris", text, count, share))
    return bodies.only(~dropped)


def _outward_where_pierced(bodies: _Bodies, meeting: Crossings, repairs: list[Repair]) -> _Bodies:
    """Bodies that look inwards and run through others that do not are no hollows, and are turned."""
    across = meeting.crossed[meeting.pairs].all(axis=1)
    one, two = bodies.body[meeting.pairs[across]].T
    volumes, turn = bodies.volumes.copy(), np.zeros(len(bodies.volumes), np.bool_)
    while (against := volumes[one] * volumes[two] < 0).any():
        found = np.where(volumes[one] < 0, one, two)[against]
        turn[found] = True
        volumes[found] = np.abs(volumes[found])
    if not turn.any():
        return bodies
    _note_turned(repairs, int(turn.sum()))
    faces = np.where(turn[bodies.body][:, None], bodies.mesh.faces[:, ::-1], bodies.mesh.faces)
    return _Bodies(TriangleMesh(bodies.mesh.vertices, faces, bodies.mesh.colors), bodies.body, volumes)


def _note_turned(repairs: list[Repair], count: int) -> None:
    text = f"turned {counted(count, 'body', 'bodies')} that {'was' if count == 1 else 'were'} inside out"
    repairs.append(Repair("inside_out", text, count))


def _tangled(bodies: _Bodies, meeting: Crossings) -> NDArray[np.bool_]:
    """Which bodies overlap themselves by more than small folds. [B]"""
    one, two = meeting.pairs.T
    both = meeting.crossed[one] & meeting.crossed[two] & (bodies.body[one] == bodies.body[two])
    found = np.zeros(len(bodies.volumes), np.bool_)
    for index in np.unique(bodies.body[one[both]]):
        held = enclosed(bodies.one(index))
        found[index] = held.misfit > SMALL_MISFIT * held.volume
    return found


def _windings_outside(bodies: _Bodies, group: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often a group is wound about by all others. [G]"""
    count = int(group.max()) + 1
    if count == 1:
        return np.zeros(1, np.int64)
    from pipelines.meshing.winding_kernels import windings_above  # noqa: PLC0415 - numba loads in 0.4 s

    of_face = group[bodies.body]
    order = np.argsort(areas(bodies.mesh), kind="stable")
    largest = np.zeros(count, np.int64)
    largest[of_face[order]] = order  # the last one written stays
    tree = hierarchy(bodies.mesh)
    points = tree.local(_INSIDE @ bodies.mesh.vertices[bodies.mesh.faces[largest]])
    return np.asarray(
        windings_above(tree.corners, of_face[tree.order], tree.starts, tree.boxes, points, np.arange(count))
    )


def _alone(
    bodies: _Bodies,
    group: NDArray[np.int64],
    outside: NDArray[np.int64],
    tangled: NDArray[np.bool_],
    repairs: list[Repair],
) -> list[TriangleMesh]:
    """Bodies that meet nothing: kept, turned where they look inwards and bound no hollow, or left out."""
    alone = (np.bincount(group)[group] == 1) & ~tangled
    around, outward = outside[group], bodies.volumes > 0
    lost = alone & np.where(outward, around >= 1, around >= 2)
    turn = alone & ~outward & (around <= 0)
    if lost.any():
        text = f"left out {counted(int(lost.sum()), 'body', 'bodies')} wholly inside another"
        repairs.append(Repair("united_bodies", text, int(lost.sum())))
    if turn.any():
        _note_turned(repairs, int(turn.sum()))
    parts = [bodies.only(alone & ~lost & ~turn).mesh, turned(bodies.only(turn).mesh)]
    return [part for part in parts if len(part.faces)]


def _together(
    bodies: _Bodies,
    group: NDArray[np.int64],
    outside: NDArray[np.int64],
    tangled: NDArray[np.bool_],
    repairs: list[Repair],
) -> list[TriangleMesh]:
    """Bodies that meet others or themselves, as what they are together."""
    parts, merged, drawn = [], 0, 0
    crowded = np.unique(group[(np.bincount(group)[group] > 1) | tangled])
    for number in crowded:
        members = np.flatnonzero(group == number)
        members = members[np.argsort(-np.abs(bodies.volumes[members]), kind="stable")]
        is_hollow = bodies.volumes[members[0]] < 0 and outside[number] >= 1
        if bodies.volumes[members[0]] > 0 and outside[number] >= 1:
            continue
        whole, count = _merged(bodies, members, tangled)
        drawn += count
        merged += len(members)
        if whole is not None and not whole.is_empty():
            mesh = mesh_of(whole.simplify(_MERGED))
            parts.append(turned(mesh) if is_hollow else mesh)
    if merged > 1:
        repairs.append(Repair("united_bodies", f"united {counted(merged, 'body', 'bodies')} that meet", merged))
    if tangled.any():
        count = int(tangled.sum())
        text = f"united {counted(count, 'body', 'bodies')} that overlapped {'itself' if count == 1 else 'themselves'}"
        repairs.append(Repair("self_crossing", text, count))
    if drawn:
        repairs.append(Repair("redrawn", f"drew {counted(drawn, 'body', 'bodies')} anew", drawn))
    return parts


def _merged(bodies: _Bodies, members: NDArray[np.int64], tangled: NDArray[np.bool_]) -> tuple[Any | None, int]:
    """Bodies added, hollows taken away, the largest first so that what stands in a hollow survives it."""
    result, run, drawn = None, [], 0
    sign = 1.0 if bodies.volumes[members[0]] > 0 else -1.0
    for index in members:
        mesh, is_hollow = bodies.one(index), sign * bodies.volumes[index] < 0
        outward = mesh if bodies.volumes[index] > 0 else turned(mesh)
        solid, is_drawn = untangled(outward) if tangled[index] else (solid_of(outward), False)
        drawn += is_drawn
        if solid is None:
            continue
        if not is_hollow:
            run.append(solid)
            continue
        result, run = union([*run] if result is None else [result, *run]), []
        # A hollow that lies in nothing is a body that looks inwards.
        holds = (result ^ solid).volume() > 0.5 * solid.volume()
        result = result - solid if holds else result + solid
    everything = run if result is None else [result, *run]
    return (union(everything) if everything else None), drawn
