"""OBJ and OFF: text, polygons, colours after the coordinates."""

import re
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.limits import check_faces
from pipelines.meshing.polygons import Polygons

_TEXTURE_AND_NORMAL = re.compile(rb"/[^\s]*")


def write_obj(mesh: TriangleMesh) -> bytes:
    """OBJ with colours behind the coordinates, as MeshLab, Blender and PrusaSlicer read them."""
    rows = mesh.vertices if mesh.colors is None else np.hstack([mesh.vertices, mesh.colors / 255.0])
    line = "v %.6g %.6g %.6g\n" if mesh.colors is None else "v %.6g %.6g %.6g %.4g %.4g %.4g\n"
    vertices = line * len(rows) % tuple(rows.ravel().tolist())
    faces = "f %d %d %d\n" * len(mesh.faces) % tuple((mesh.faces.ravel() + 1).tolist())
    return ("# Moldar, millimetres, z up\n" + vertices + faces).encode()


def read_obj(data: bytes) -> TriangleMesh:
    """The polygons of an OBJ file; materials, which live in other files, are not looked for."""
    lines = data.replace(b"\\\n", b" ").splitlines()
    vertex_lines = [line[2:].split() for line in lines if line[:2] in (b"v ", b"v\t")]
    if not vertex_lines:
        raise EmptyGeometry("The OBJ holds no vertices.")
    vertices, colors = _vertices(vertex_lines)
    polygons = _obj_polygons(lines)
    if not len(polygons.counts):
        raise EmptyGeometry("The OBJ holds no faces.")
    faces, _ = polygons.triangles(len(vertices))
    return TriangleMesh(vertices, faces, colors)


def _vertices(rows: list[list[bytes]]) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
    width = min(map(len, rows))
    if width < 3:
        raise Unreadable("The OBJ is damaged: a vertex has fewer than three coordinates.")
    width = 6 if width >= 6 else 3
    table = np.array([row[:width] for row in rows], "S").astype(np.float64)
    if width == 3:
        return table, None
    rgb = table[:, 3:] if table[:, 3:].max() > 1.0 else table[:, 3:] * 255.0  # some writers put bytes
    return table[:, :3], np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def _obj_polygons(lines: list[bytes]) -> Polygons:
    """Faces with 0-based corners; negative numbers count back from the vertices read so far."""
    rows, seen_before, seen = [], [], 0
    for line in lines:
        if line[:2] in (b"v ", b"v\t"):
            seen += 1
        elif line[:2] in (b"f ", b"f\t"):
            rows.append(_TEXTURE_AND_NORMAL.sub(b"", line[2:]).split())
            seen_before.append(seen)
    check_faces(len(rows))
    counts = np.array([len(row) for row in rows], np.int64)
    corners = np.array([word for row in rows for word in row], "S").astype(np.int64)
    if (corners == 0).any():
        raise Unreadable("The OBJ is damaged: it numbers a vertex 0.")
    back = np.repeat(np.array(seen_before, np.int64), counts) + corners
    return Polygons(counts, np.where(corners < 0, back, corners - 1))


def read_off(data: bytes) -> TriangleMesh:
    """OFF, COFF: a count of vertices and faces, then the rows."""
    lines = [line for raw in data.splitlines() if (line := raw.split(b"#")[0].strip())]
    if not lines or not lines[0].upper().startswith((b"OFF", b"COFF")):
        raise Unreadable("The file is not an OFF: its first line does not say so.")
    rest = lines[0].split()[1:]
    counts, body = (rest, lines[1:]) if rest else (lines[1].split() if len(lines) > 1 else [], lines[2:])
    if len(counts) < 2 or not all(word.isdigit() for word in counts[:2]):
        raise Unreadable("The OFF does not say how many vertices and faces it holds.")
    vertex_count, face_count = int(counts[0]), int(counts[1])
    if vertex_count + face_count > len(body):
        raise Unreadable(f"The OFF declares {vertex_count:,} vertices and {face_count:,} faces but holds fewer lines.")
    check_faces(face_count)
    if not vertex_count or not face_count:
        raise EmptyGeometry("The OFF holds no faces.")
    rows = [line.split() for line in body[: vertex_count + face_count]]
    vertices, colors = _vertices(rows[:vertex_count])
    polygons = [row[1 : 1 + int(row[0])] for row in islice(rows, vertex_count, None)]
    corners = np.array([word for row in polygons for word in row], "S").astype(np.int64)
    faces, _ = Polygons(np.array([len(row) for row in polygons], np.int64), corners).triangles(vertex_count)
    return TriangleMesh(vertices, faces, colors)
