"""An open, doubled or wrongly wound surface into one that closes, as far as that goes without inventing shape."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.normals import shared_edges
from pipelines.meshing.repair import Repair, counted
from pipelines.meshing.repair_solids import face_volumes
from pipelines.meshing.topology import (
    areas,
    boundary_loops,
    compact,
    linked,
    marked,
    open_edges,
    patch,
    pieces,
    single_sided,
    subset,
    wound_consistently,
)
from pipelines.meshing.winding import windings

# More than this share of the surface invented, and the result is our shape and not the user's: a cube without one
# side needs 17 %, a bust open below about 15 %, half a sphere 33 %, a flat sheet 50 %.
MOST_INVENTED: Final = 0.3
_SHEET: Final = 0.45  # of a piece of surface, its hole filled: a sheet, which bounds nothing
_LOOSE: Final = 0.6  # of all edges that no other face shares: triangles that hang together nowhere have no holes
_SEAM: Final = 1e-5  # of the diagonal: seams that a writer's rounding tore open
_ENCLOSED: Final = 0.75  # winding number around a wall inside a solid; on the solid's own skin it is 0 without it
_SMALL: Final = 0.05  # of the surface: fins that are dropped together
_MOST_STRAYS: Final = 32  # larger ones, looked at one by one
_NO_AREA: Final = 1e-12  # of the squared diagonal: gaps beside a vertex on a neighbour's edge
_EXACT_LOOP: Final = 256  # points: up to here the smallest patch is sought, which takes 10 ms


def closed_surface(mesh: TriangleMesh, repairs: list[Repair]) -> TriangleMesh:
    """The surface with torn seams welded, doubled and stray faces dropped, faces wound alike and holes filled.

    Args:
        mesh: Welded, of a diagonal of about 1.
        repairs: What was done is added.
    """
    seamed = _seams_welded(mesh, _SEAM)
    if len(seamed.vertices) < len(mesh.vertices):
        lost = len(mesh.vertices) - len(seamed.vertices)
        repairs.append(Repair("seams", f"welded {counted(lost, 'vertex', 'vertices')} along torn seams", lost))
    single = single_sided(seamed)
    if len(single.faces) < len(seamed.faces):
        doubled = len(seamed.faces) - len(single.faces)
        repairs.append(Repair("doubled_faces", f"dropped {counted(doubled, 'doubled face')}", doubled))
    if len(open_edges(single.faces)) > _LOOSE * single.faces.size:
        return single
    kept = _without_strays(single, repairs)
    wound, turned = wound_consistently(kept)
    if turned:
        text = f"turned {counted(turned, 'face')} that were wound the other way"
        repairs.append(Repair("turned_faces", text, turned))
    return _holes_filled(wound, repairs)


def facing_outward(mesh: TriangleMesh) -> TriangleMesh:
    """The mesh with open pieces that look inwards turned over, by the volume between them and their own middles."""
    piece = pieces(mesh.faces)
    middle = mesh.vertices[mesh.faces].mean(axis=1)
    count = np.bincount(piece)
    centre = np.stack([np.bincount(piece, middle[:, k]) / count for k in range(3)], axis=1)
    corners = mesh.vertices[mesh.faces] - centre[piece][:, None]
    flat = TriangleMesh(corners.reshape(-1, 3), np.arange(corners.shape[0] * 3).reshape(-1, 3))
    is_open = np.zeros(len(count), np.bool_)
    is_open[piece[marked(open_edges(mesh.faces), len(mesh.vertices))[mesh.faces].any(axis=1)]] = True
    turn = (is_open & (np.bincount(piece, face_volumes(flat)) < 0))[piece]
    return TriangleMesh(mesh.vertices, np.where(turn[:, None], mesh.faces[:, ::-1], mesh.faces), mesh.colors)


def _seams_welded(mesh: TriangleMesh, tolerance: float) -> TriangleMesh:
    """Vertices on open edges made one with those within `tolerance` of them."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - loaded by those replicas that repair meshes

    rim = np.flatnonzero(marked(open_edges(mesh.faces), len(mesh.vertices)))
    if not len(rim):
        return compact(mesh)
    pairs = cKDTree(mesh.vertices[rim]).query_pairs(tolerance, output_type="ndarray")
    _, first = np.unique(group := linked(rim[pairs], len(mesh.vertices)), return_index=True)
    return compact(TriangleMesh(mesh.vertices, first[group][mesh.faces], mesh.colors))


def _without_strays(mesh: TriangleMesh, repairs: list[Repair]) -> TriangleMesh:
    """The mesh without fins and walls inside: patches at edges that an odd number of faces share."""
    given, total = len(mesh.faces), float(areas(mesh).sum())
    for _ in range(_MOST_STRAYS):
        crowded, lone = _edge_counts(mesh.faces)
        if not crowded.any():
            break
        stray = _strays(mesh, crowded, lone)
        if not stray.any():
            break
        mesh = compact(subset(mesh, ~stray))
    dropped = given - len(mesh.faces)
    if dropped:
        share = max(0.0, 1.0 - float(areas(mesh).sum()) / total)
        text = f"dropped {counted(dropped, 'face')} of fins and inner walls"
        repairs.append(Repair("dropped_faces", text, dropped, share))
    return mesh


def _edge_counts(faces: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which faces have an edge that three, five, ... faces share, and which one that no other does. [F] each"""
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    key = np.minimum(start, end) * (int(faces.max(initial=0)) + 1) + np.maximum(start, end)
    _, edge, count = np.unique(key, return_inverse=True, return_counts=True)
    of_face = count[edge.reshape(-1)].reshape(-1, 3)
    return ((of_face > 1) & (of_face % 2 == 1)).any(axis=1), (of_face == 1).any(axis=1)


def _strays(mesh: TriangleMesh, crowded: NDArray[np.bool_], lone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Faces to drop next: all small fins, else the smallest fin, else the wall that lies deepest inside. [F]"""
    part = linked(shared_edges(mesh.faces) // 3, len(mesh.faces))
    count = int(part.max()) + 1
    size = np.bincount(part, areas(mesh), count) / areas(mesh).sum()
    at_crowd = np.bincount(part, crowded, count) > 0
    fins = np.flatnonzero(at_crowd & (np.bincount(part, lone, count) > 0))
    if len(fins):
        small = fins[size[fins] < _SMALL]
        return np.isin(part, small if len(small) else fins[[np.argmin(size[fins])]])
    walls = np.flatnonzero(at_crowd)[:_MOST_STRAYS]
    inside = [abs(_winding_without(mesh, part == wall)) for wall in walls]
    if max(inside) < _ENCLOSED:
        return np.zeros(len(part), np.bool_)
    return np.asarray(part == walls[int(np.argmax(inside))])


def _winding_without(mesh: TriangleMesh, wall: NDArray[np.bool_]) -> float:
    """Winding number of all other faces around the middle of a wall."""
    faces = np.flatnonzero(wall)
    largest = faces[np.argmax(areas(mesh)[faces])]
    return float(windings(subset(mesh, ~wall), mesh.vertices[mesh.faces[largest]].mean(axis=0)[None])[0])


def _holes_filled(mesh: TriangleMesh, repairs: list[Repair]) -> TriangleMesh:
    filled = [(loop, triangles) for loop in boundary_loops(mesh.faces) if len(triangles := _patch(mesh, loop))]
    if not filled:
        return mesh
    piece = pieces(mesh.faces)
    of_vertex = np.zeros(len(mesh.vertices), np.int64)
    of_vertex[mesh.faces] = piece[:, None]
    added = np.concatenate([triangles for _, triangles in filled])
    of_added = of_vertex[added[:, 0]]
    invented = np.bincount(of_added, areas(TriangleMesh(mesh.vertices, added)), int(piece.max()) + 1)
    own = np.bincount(piece, areas(mesh))
    sheet = invented > _SHEET * (own + invented)
    if sheet.all() or own[sheet].sum() > MOST_INVENTED * own.sum():
        sheet[:] = False
    invented, own = invented[~sheet], own[~sheet]
    share = float(invented.sum() / max(invented.sum() + own.sum(), 1e-300))
    if share > MOST_INVENTED:
        return mesh
    _note_holes(mesh, repairs, [triangles for loop, triangles in filled if not sheet[of_vertex[loop[0]]]], share)
    if sheet.any():
        count = int(sheet[piece].sum())
        text = f"dropped {counted(count, 'face')} of open sheets"
        repairs.append(Repair("dropped_faces", text, count, float(areas(mesh)[sheet[piece]].sum() / areas(mesh).sum())))
    faces = np.concatenate([mesh.faces[~sheet[piece]], added[~sheet[of_added]]])
    return TriangleMesh(mesh.vertices, faces, mesh.colors)


def _note_holes(mesh: TriangleMesh, repairs: list[Repair], patches: list[NDArray[np.int64]], share: float) -> None:
    holes = sum(float(areas(TriangleMesh(mesh.vertices, triangles)).sum()) > _NO_AREA for triangles in patches)
    gaps = len(patches) - holes
    if gaps:
        text = f"closed {counted(gaps, 'gap')} between vertices on one line"
        repairs.append(Repair("seams", text, gaps))
    if holes:
        text = f"filled {counted(holes, 'hole')} ({100 * share:.1f} % of the surface)"
        repairs.append(Repair("filled_holes", text, holes, share))


def _patch(mesh: TriangleMesh, loop: NDArray[np.int64]) -> NDArray[np.int64]:
    """Triangles of vertices that close a loop; without area where it is a gap between vertices on one line."""
    from pipelines.meshing.repair_kernels import smallest_patch  # noqa: PLC0415 - numba loads in 0.4 s

    points = mesh.vertices[loop]
    return np.asarray(loop[smallest_patch(points) if len(loop) <= _EXACT_LOOP else patch(points)])
