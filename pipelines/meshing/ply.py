"""PLY: meshes with colours, as scanners, MeshLab and Blender write them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import with_corner_colors
from pipelines.meshing.limits import check_faces
from pipelines.meshing.ply_header import read_header
from pipelines.meshing.ply_rows import Table
from pipelines.meshing.ply_tables import read_tables
from pipelines.meshing.polygons import Polygons

_COLORS: Final = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))


def write_ply(mesh: TriangleMesh) -> bytes:
    """Binary little-endian PLY with vertex colours where the mesh has them."""
    position = [(axis, "<f4") for axis in "xyz"]
    color = [(name, "u1") for name in ("red", "green", "blue")] if mesh.colors is not None else []
    vertices = np.zeros(len(mesh.vertices), np.dtype(position + color))
    for k, axis in enumerate("xyz"):
        vertices[axis] = mesh.vertices[:, k]
    if mesh.colors is not None:
        for k, name in enumerate(("red", "green", "blue")):
            vertices[name] = mesh.colors[:, k]
    faces = np.zeros(len(mesh.faces), np.dtype([("length", "u1"), ("corners", "<i4", 3)]))
    faces["length"], faces["corners"] = 3, mesh.faces
    lines = ["ply", "format binary_little_endian 1.0", "comment Moldar, millimetres", f"element vertex {len(vertices)}"]
    lines += [f"property float {axis}" for axis in "xyz"] + [f"property uchar {name}" for name, _ in color]
    lines += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header", ""]
    return "\n".join(lines).encode() + vertices.tobytes() + faces.tobytes()


def read_ply(data: bytes) -> TriangleMesh:
    """The mesh in a PLY file, with the colours of its vertices or, failing those, of its faces."""
    declared = read_header(data).element("face")
    check_faces(declared.count if declared else 0)
    tables = {table.element.name: table for table in read_tables(data)}
    vertex, face = tables.get("vertex"), tables.get("face")
    positions = vertex.column("x", "y", "z") if vertex else None
    if vertex is None or positions is None or len(positions) == 0:
        raise EmptyGeometry("The PLY holds no vertices.")
    strips = tables.get("tristrips")
    if strips is not None and strips.corners is not None and (face is None or not face.element.count):
        return TriangleMesh(positions, _unrolled(strips.corners, len(positions)), _bytes_of(vertex))
    if face is None or not face.element.lists or not face.element.count:
        raise EmptyGeometry("The PLY holds points but no faces.")
    if face.corners is None:
        raise Unreadable("The PLY's faces do not say which vertices they join.")
    faces, polygon = face.corners.triangles(positions)
    colors = _bytes_of(vertex)
    face_colors = _bytes_of(face) if colors is None else None
    if face_colors is not None:
        return with_corner_colors(positions, faces, np.repeat(face_colors[polygon][:, None], 3, axis=1))
    return TriangleMesh(positions, faces, colors)


def _unrolled(strips: Polygons, vertex_count: int) -> NDArray[np.int64]:
    """Triangles [F, 3] of strips, which -1 ends as their row does."""
    if len(strips.corners) and not (strips.corners.min() >= -1 and strips.corners.max() < vertex_count):
        raise Unreadable("The file is damaged: a face names a vertex that does not exist.")
    row = np.insert(strips.corners, np.cumsum(strips.counts), -1)
    begins = np.maximum.accumulate(np.where(row < 0, np.arange(len(row)) + 1, 0))
    triangles = np.stack([row[:-2], row[1:-1], row[2:]], axis=1)
    odd = (np.arange(len(triangles)) - begins[:-2]) % 2 == 1
    triangles[odd] = triangles[odd][:, [1, 0, 2]]
    a, b, c = triangles.T
    return np.asarray(triangles[(triangles >= 0).all(axis=1) & (a != b) & (b != c) & (c != a)])


def _bytes_of(table: Table) -> NDArray[np.uint8] | None:
    for names in _COLORS:
        rgb = table.column(*names)
        if rgb is not None and len(rgb):
            rgb = np.nan_to_num(rgb)
            kinds = {prop.dtype for prop in table.element.properties if prop.name in names}
            return np.clip(np.rint(rgb * _scale(kinds, float(rgb.max()))), 0, 255).astype(np.uint8)
    return None


def _scale(kinds: set[str], most: float) -> float:
    """To bytes: fractions, 16-bit numbers, or bytes already, which some writers declare as floats."""
    if kinds & {"f4", "f8"}:
        return 255.0 if not most > 1.0 else 1.0
    return 255 / 65535 if "u2" in kinds and most > 255 else 1.0
