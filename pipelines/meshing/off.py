"""OFF: a count of vertices and faces, then the rows as text."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import with_corner_colors
from pipelines.meshing.limits import check_faces
from pipelines.meshing.polygons import Polygons
from pipelines.meshing.words import lines

_KINDS = (b"OFF", b"COFF", b"NOFF", b"CNOFF")


def read_off(data: bytes) -> TriangleMesh:
    """The polygons of an OFF file, with the colours of its vertices or, failing those, of its faces."""
    rows = (row for line in lines(data) if (row := line.partition(b"#")[0].split()))
    first = next(rows, [b""])
    if first[0].upper() not in _KINDS:
        raise Unreadable("The file is not an OFF: its first line does not say so.")
    if b"BINARY" in (word.upper() for word in first[1:]):
        raise Unreadable("The OFF is binary, which is not read: save it as text.")
    counts = first[1:] or next(rows, [])
    if len(counts) < 2 or not all(word.isdigit() and len(word) < 16 for word in counts[:2]):
        raise Unreadable("The OFF does not say how many vertices and faces it holds.")
    vertex_count, face_count = int(counts[0]), int(counts[1])
    if 2 * (vertex_count + face_count) > len(data):
        raise Unreadable(f"The OFF declares {vertex_count:,} vertices and {face_count:,} faces but holds fewer lines.")
    check_faces(face_count)
    if not vertex_count or not face_count:
        raise EmptyGeometry("The OFF holds no faces.")
    vertices, colors = _vertices(rows, vertex_count, 6 if b"N" in first[0].upper() else 3)
    polygons, face_colors = _polygons(rows, face_count)
    faces, polygon = polygons.triangles(vertices)
    if colors is None and face_colors is not None:
        return with_corner_colors(vertices, faces, np.repeat(face_colors[polygon][:, None], 3, axis=1))
    return TriangleMesh(vertices, faces, colors)


def _vertices(
    rows: Iterator[list[bytes]], count: int, before: int
) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
    """Points [N, 3] and their colours [N, 3], which stand behind `before` numbers."""
    points, colors = array("d"), _Colors()
    for row in islice(rows, count):
        if len(row) < before:
            raise Unreadable("The OFF is damaged: a vertex has fewer numbers than it needs.")
        points.extend(map(float, row[:3]))
        colors.take(row[before:])
    if len(points) != 3 * count:
        raise Unreadable(f"The OFF declares {count:,} vertices but holds fewer lines.")
    return np.array(points).reshape(-1, 3), colors.of(count)


def _polygons(rows: Iterator[list[bytes]], count: int) -> tuple[Polygons, NDArray[np.uint8] | None]:
    counts, corners, colors = array("q"), array("q"), _Colors()
    for row in islice(rows, count):
        length = int(row[0])
        if not 0 <= length < len(row):
            raise Unreadable("The OFF is damaged: a face has fewer corners than it declares.")
        counts.append(length)
        corners.extend(map(int, row[1 : 1 + length]))
        colors.take(row[1 + length :])
    if len(counts) != count:
        raise Unreadable(f"The OFF declares {count:,} faces but holds fewer lines.")
    return Polygons(np.array(counts, np.int64), np.array(corners, np.int64)), colors.of(count)


@dataclass(slots=True)
class _Colors:
    """Three or four numbers a row, fractions or bytes."""

    numbers: "array[float]" = field(default_factory=lambda: array("d"))
    are_whole: bool = True  # "1 1 1" is nearly black, "1.0 1.0 1.0" is white

    def take(self, words: list[bytes]) -> None:
        if len(words) >= 3:
            self.numbers.extend(map(float, words[:3]))
            self.are_whole = self.are_whole and all(word.isdigit() for word in words[:3])

    def of(self, count: int) -> NDArray[np.uint8] | None:
        """[count, 3], None unless every row has a colour."""
        rgb = np.array(self.numbers)
        if len(rgb) != 3 * count or not np.isfinite(rgb).all():
            return None
        return np.clip(np.rint(rgb if self.are_whole else rgb * 255.0), 0, 255).astype(np.uint8).reshape(-1, 3)
