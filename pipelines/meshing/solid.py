"""Any triangles into a closed, oriented manifold solid, or the word that they are none."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import nearest_colors
from pipelines.meshing.limits import check_faces
from pipelines.meshing.poisson import reconstruct
from pipelines.meshing.repair import Repair, counted
from pipelines.meshing.sampling import surface_points
from pipelines.meshing.topology import (
    areas,
    boundary_loops,
    compact,
    open_edges,
    patch,
    single_sided,
    weld,
    wound_consistently,
)

# More than this share of the surface invented, and the result is our shape and not the user's: a cube without one
# side needs 17 %, a bust open below about 15 %, half a sphere 33 %, a flat sheet 50 %.
_MOST_INVENTED = 0.3
_WELD = 1e-5  # of the diagonal: seams that a writer's rounding tore open
_LEAST_VOLUME = 1e-9  # of the cubed diagonal: a needle 1 x 1 x 100 has 1e-4; below lie surfaces folded flat
_REMESH_RESOLUTION = 256
_REMESH_SAMPLES = 200_000
_REMESH_SMOOTHING = 1.5  # voxels


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A closed manifold, each vertex shared, and what had to be done for it."""

    mesh: TriangleMesh
    repairs: tuple[Repair, ...] = ()


def make_solid(mesh: TriangleMesh) -> Solid:
    """The solid that the triangles bound.

    Equal vertices are welded; if that does not close the surface, seams are welded within rounding, doubled faces
    dropped, faces wound alike and holes filled; if that does not either, the surface is drawn anew through samples of
    the old one. Bodies that overlap are united, and bodies inside out inside another become its cavities.

    Args:
        mesh: Any frame and unit; colours are kept.

    Returns:
        One or more bodies that manifold3d accepts without error, of positive volume, and what was repaired.

    Raises:
        EmptyGeometry: no triangles, or none with an area.
        NotSolid: values that are not finite, or a surface so open that most of the solid would be invented.
        GeometryTooLarge: more triangles than are accepted.
    """
    check_faces(len(mesh.faces))
    if not np.isfinite(mesh.vertices).all():
        raise NotSolid("The mesh holds coordinates that are not finite.")
    if not len(mesh.faces) or not areas(mesh).sum() > 0:
        raise EmptyGeometry("The mesh has no surface.")
    diagonal = float(np.linalg.norm(mesh.size))
    repairs: list[Repair] = []
    found = _solid_of(mesh, diagonal, repairs)
    if found is None:
        welded = weld(mesh)
        found = _solid_of(welded, diagonal, repairs)
    if found is None:
        closed = _closed(welded, diagonal, repairs)
        found = _solid_of(closed, diagonal, repairs)
    if found is None:
        repairs.append(Repair("redrawn", f"drew the surface anew on a grid of {_REMESH_RESOLUTION} voxels", 1, 1.0))
        found = _solid_of(_remeshed(closed), diagonal, repairs)
    if found is None:
        raise NotSolid("The surface does not enclose a volume.")
    out = found.to_mesh()
    vertices = np.asarray(out.vert_properties, np.float64)[:, :3]
    faces = np.asarray(out.tri_verts, np.int64)
    return Solid(TriangleMesh(vertices, faces, nearest_colors(mesh, vertices)), tuple(repairs))


def _solid_of(mesh: TriangleMesh, diagonal: float, repairs: list[Repair]) -> Any | None:
    """The united manifold3d solid of the mesh, or None when it is not closed or holds next to nothing."""
    from manifold3d import Error, Manifold, Mesh  # noqa: PLC0415 - loaded by those replicas that repair meshes

    if not len(mesh.faces):
        return None
    found = Manifold(Mesh(np.array(mesh.vertices, np.float32), np.array(mesh.faces, np.uint32)))
    if found.status() != Error.NoError:
        return None
    done: list[Repair] = []
    united = _united(found, diagonal, done)
    if united.volume() <= _LEAST_VOLUME * diagonal**3:
        return None
    repairs += done
    return united


def _closed(mesh: TriangleMesh, diagonal: float, repairs: list[Repair]) -> TriangleMesh:
    """The mesh with torn seams welded, faces wound alike and holes filled, as far as that goes."""
    seamed = _seams_welded(mesh, diagonal * _WELD)
    if len(seamed.vertices) < len(mesh.vertices):
        lost = len(mesh.vertices) - len(seamed.vertices)
        repairs.append(Repair("seams", f"welded {counted(lost, 'vertex', 'vertices')} along torn seams", lost))
    single = single_sided(seamed)
    if len(single.faces) < len(seamed.faces):
        doubled = len(seamed.faces) - len(single.faces)
        repairs.append(Repair("doubled_faces", f"dropped {counted(doubled, 'doubled face')}", doubled))
    wound, turned = wound_consistently(single)
    if turned:
        text = f"turned {counted(turned, 'face')} that were wound the other way"
        repairs.append(Repair("turned_faces", text, turned))
    return _holes_filled(wound, repairs)


def _seams_welded(mesh: TriangleMesh, tolerance: float) -> TriangleMesh:
    """Vertices on open edges made one with those within `tolerance` of them."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - as above
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - as above
    from scipy.spatial import cKDTree  # noqa: PLC0415 - as above

    rim = np.unique(open_edges(mesh.faces))
    one, two = cKDTree(mesh.vertices[rim]).query_pairs(tolerance, output_type="ndarray").T
    links = coo_array((np.ones(len(one), np.int8), (rim[one], rim[two])), shape=(len(mesh.vertices),) * 2)
    _, group = connected_components(links, directed=False)
    _, first = np.unique(group, return_index=True)
    return compact(TriangleMesh(mesh.vertices, first[group][mesh.faces], mesh.colors))


def _holes_filled(mesh: TriangleMesh, repairs: list[Repair]) -> TriangleMesh:
    loops = boundary_loops(mesh.faces)
    patches = [loop[patch(mesh.vertices[loop])] for loop in loops]
    filled = [triangles for triangles in patches if len(triangles)]
    if not filled:
        return mesh
    added = np.concatenate(filled)
    closed = TriangleMesh(mesh.vertices, np.concatenate([mesh.faces, added]), mesh.colors)
    share = float(areas(closed)[len(mesh.faces) :].sum() / areas(closed).sum())
    if share > _MOST_INVENTED:
        return mesh
    text = f"filled {counted(len(filled), 'hole')} ({100 * share:.1f} % of the surface)"
    repairs.append(Repair("filled_holes", text, len(filled), share))
    return closed


def _remeshed(mesh: TriangleMesh) -> TriangleMesh:
    """A closed surface through samples of the mesh, refused when it strays far from them."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - as above

    points = surface_points(mesh, _REMESH_SAMPLES)
    surface = reconstruct(points, _REMESH_RESOLUTION, _REMESH_SMOOTHING)
    drawn = TriangleMesh(surface.vertices, surface.faces)
    distance, _ = cKDTree(points.positions).query(drawn.vertices[drawn.faces].mean(axis=1), workers=2)
    size = areas(drawn)
    share = float(size[distance > 3 * surface.voxel].sum() / size.sum())
    if share > _MOST_INVENTED:
        raise NotSolid(f"The surface is open: {100 * share:.0f} % of its solid would have to be invented.")
    return drawn


def _united(solid: Any, diagonal: float, repairs: list[Repair]) -> Any:
    """Bodies added, cavities taken away, largest first, so that what stands inside a cavity survives it."""
    if solid.volume() < 0:
        solid = _inside_out(solid)
        repairs.append(Repair("inside_out", "turned the surface, which was inside out", 1))
    bodies = solid.decompose()
    if len(bodies) <= 1:
        return solid
    least = _LEAST_VOLUME * diagonal**3
    ordered = sorted(((body.volume(), body) for body in bodies), key=lambda pair: -abs(pair[0]))
    result, rescued = ordered[0][1] - ordered[0][1], 0
    for volume, body in ordered:
        if abs(volume) <= least:
            continue
        if volume > 0:
            result += body
            continue
        cavity = _inside_out(body)
        if (result ^ cavity).volume() > 0.5 * -volume:
            result -= cavity
        else:  # it lies in nothing, so it is a body whose faces look inwards
            result += cavity
            rescued += 1
    if rescued:
        text = f"turned {counted(rescued, 'body', 'bodies')} that {'was' if rescued == 1 else 'were'} inside out"
        repairs.append(Repair("inside_out", text, rescued))
    return result


def _inside_out(solid: Any) -> Any:
    from manifold3d import Manifold, Mesh  # noqa: PLC0415 - as above

    mesh = solid.to_mesh()
    faces: NDArray[np.uint32] = np.array(mesh.tri_verts, np.uint32)[:, ::-1].copy()
    return Manifold(Mesh(np.array(mesh.vert_properties, np.float32)[:, :3].copy(), faces))
