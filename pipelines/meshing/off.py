"""OFF: a count of vertices and faces, then the rows as text."""

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import with_corner_colors
from pipelines.meshing.limits import check_faces
from pipelines.meshing.polygons import Polygons
from pipelines.meshing.words import floats, integers

_KINDS = (b"OFF", b"COFF", b"NOFF", b"CNOFF")


def read_off(data: bytes) -> TriangleMesh:
    """The polygons of an OFF file, with the colours of its vertices or, failing those, of its faces."""
    lines = [line for raw in data.splitlines() if (line := raw.split(b"#")[0].strip())]
    first = lines[0].split() if lines else [b""]
    if first[0].upper() not in _KINDS:
        raise Unreadable("The file is not an OFF: its first line does not say so.")
    if b"BINARY" in (word.upper() for word in first[1:]):
        raise Unreadable("The OFF is binary, which is not read: save it as text.")
    counts, body = (first[1:], lines[1:]) if first[1:] else (lines[1].split() if len(lines) > 1 else [], lines[2:])
    if len(counts) < 2 or not all(word.isdigit() and len(word) < 16 for word in counts[:2]):
        raise Unreadable("The OFF does not say how many vertices and faces it holds.")
    vertex_count, face_count = int(counts[0]), int(counts[1])
    if vertex_count + face_count > len(body):
        raise Unreadable(f"The OFF declares {vertex_count:,} vertices and {face_count:,} faces but holds fewer lines.")
    check_faces(face_count)
    if not vertex_count or not face_count:
        raise EmptyGeometry("The OFF holds no faces.")
    normals = 3 if b"N" in first[0].upper() else 0
    rows = [line.split() for line in body[: vertex_count + face_count]]
    vertices, colors = _vertices(rows[:vertex_count], 3 + normals)
    counted, rest = rows[vertex_count:], []
    polygons = []
    for row in counted:
        length = int(row[0])
        if not 0 <= length < len(row):
            raise Unreadable("The OFF is damaged: a face has fewer corners than it declares.")
        polygons.append(row[1 : 1 + length])
        rest.append(row[1 + length :])
    sizes = np.array([len(row) for row in polygons], np.int64)
    corners = integers(chain.from_iterable(polygons), int(sizes.sum()))
    faces, polygon = Polygons(sizes, corners).triangles(vertices)
    painted = _colors(rest) if colors is None else None
    if painted is not None:
        return with_corner_colors(vertices, faces, np.repeat(painted[polygon][:, None], 3, axis=1))
    return TriangleMesh(vertices, faces, colors)


def _vertices(rows: list[list[bytes]], before: int) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
    if min(map(len, rows)) < before:
        raise Unreadable("The OFF is damaged: a vertex has fewer numbers than it needs.")
    points = floats(chain.from_iterable(row[:3] for row in rows), 3 * len(rows)).reshape(-1, 3)
    return points, _colors([row[before:] for row in rows])


def _colors(rows: list[list[bytes]]) -> NDArray[np.uint8] | None:
    """[N, 3] of three or four numbers a row, fractions or bytes; None unless every row has them."""
    if min(map(len, rows)) < 3:
        return None
    words = list(chain.from_iterable(row[:3] for row in rows))
    rgb = floats(words, len(words)).reshape(-1, 3)
    if not np.isfinite(rgb).all():
        return None
    whole = all(word.isdigit() for word in words)  # "1 1 1" is nearly black, "1.0 1.0 1.0" is white
    return np.clip(np.rint(rgb if whole else rgb * 255.0), 0, 255).astype(np.uint8)
