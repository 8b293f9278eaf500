"""Any triangles into a closed, oriented manifold solid, or the word that they are none."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.errors import EmptyGeometry, NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import nearest_colors
from pipelines.meshing.limits import check_faces
from pipelines.meshing.repair import Repair, counted
from pipelines.meshing.repair_bodies import united
from pipelines.meshing.repair_redraw import redrawn
from pipelines.meshing.repair_solids import mesh_of, solid_of
from pipelines.meshing.repair_surface import closed_surface, facing_outward
from pipelines.meshing.topology import areas, marked, weld


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A closed manifold, each vertex shared, and what had to be done for it."""

    mesh: TriangleMesh
    repairs: tuple[Repair, ...] = ()


def make_solid(mesh: TriangleMesh) -> Solid:
    """The solid that the triangles bound.

    Equal vertices are welded; if that does not close the surface, seams are welded within rounding, doubled faces,
    fins and inner walls dropped, faces wound alike and holes filled; if that does not either, the surface is drawn
    anew around what the old one winds about. Bodies that overlap or overlap themselves are united, and bodies inside
    out inside another become its cavities. What needs nothing of this keeps every vertex.

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
    used = mesh.vertices[marked(mesh.faces, len(mesh.vertices))]
    centre, scale = (used.min(axis=0) + used.max(axis=0)) / 2, float(np.linalg.norm(np.ptp(used, axis=0)))
    # Far from the origin and at any scale, every length is compared with the same diagonal of 1.
    repairs: list[Repair] = []
    made = mesh_of(_solid(TriangleMesh((mesh.vertices - centre) / scale, mesh.faces), repairs))
    vertices = made.vertices * scale + centre
    return Solid(TriangleMesh(vertices, made.faces, nearest_colors(mesh, vertices)), tuple(repairs))


def _solid(mesh: TriangleMesh, repairs: list[Repair]) -> Any:
    """The manifold3d solid of a mesh about the origin of a diagonal of 1, by the first way that leads to one."""
    found = _bounded(mesh, repairs)
    if found is None:
        mesh, moved = weld(mesh)
        if moved:
            text = f"welded {counted(moved, 'vertex', 'vertices')} that rounding had parted"
            repairs.append(Repair("welded", text, moved))
        found = _bounded(mesh, repairs)
    if found is None:
        mesh = closed_surface(mesh, repairs)
        found = _bounded(mesh, repairs)
    if found is None:
        found = _bounded(_drawn_anew(mesh, repairs), repairs)
    if found is None:
        raise NotSolid("The surface does not enclose a volume.")
    return found


def _bounded(mesh: TriangleMesh, repairs: list[Repair]) -> Any | None:
    """What the mesh bounds, or None where it is not closed or bounds next to nothing."""
    solid = solid_of(mesh)
    if solid is None:
        return None
    done: list[Repair] = []
    found = united(solid, done)
    if found is not None:
        repairs += done
    return found


def _drawn_anew(mesh: TriangleMesh, repairs: list[Repair]) -> TriangleMesh:
    if not len(mesh.faces):
        raise NotSolid("The surface does not enclose a volume.")
    drawn = redrawn(facing_outward(mesh))
    text = f"drew the surface anew, edges rounded within {100 * drawn.voxel:.1f} % of the diagonal"
    repairs.append(Repair("redrawn", text, 1, drawn.invented_share))
    return drawn.mesh
