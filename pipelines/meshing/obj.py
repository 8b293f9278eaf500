"""OBJ: text, polygons, colours after the coordinates."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import PLAIN
from pipelines.meshing.limits import check_faces
from pipelines.meshing.polygons import Polygons
from pipelines.meshing.words import floats, integers

_TEXTURE_AND_NORMAL = re.compile(rb"/[^\s]*")
_PIECE_BYTES = 4 * 1024 * 1024  # of text at once: the words of a whole file would take ten times its size
_CURVED = re.compile(rb"^\s*(?:curv|surf)\b", re.M)


def write_obj(mesh: TriangleMesh) -> bytes:
    """OBJ with colours behind the coordinates, as MeshLab, Blender and PrusaSlicer read them."""
    rows = mesh.vertices if mesh.colors is None else np.hstack([mesh.vertices, mesh.colors / 255.0])
    line = "v %.7g %.7g %.7g\n" if mesh.colors is None else "v %.7g %.7g %.7g %.4g %.4g %.4g\n"
    vertices = line * len(rows) % tuple(rows.ravel().tolist())
    faces = "f %d %d %d\n" * len(mesh.faces) % tuple((mesh.faces.ravel() + 1).tolist())
    return ("# Moldar, millimetres, z up\n" + vertices + faces).encode()


def read_obj(data: bytes) -> TriangleMesh:
    """The polygons of an OBJ file, all its objects and groups as one.

    Materials and textures live in other files and are not looked for. Vertices without a colour, where others have
    one, are plain grey.
    """
    read = _Read()
    for piece in _pieces(data):
        read.take(piece)
    if not read.vertex_count:
        raise EmptyGeometry("The OBJ holds no vertices.")
    if not read.counts:
        if _CURVED.search(data):
            raise Unreadable("The OBJ holds curved surfaces only, which are not read: export it as triangles.")
        raise EmptyGeometry("The OBJ holds no faces.")
    vertices = np.concatenate(read.vertices)
    faces, _ = Polygons(np.concatenate(read.counts), np.concatenate(read.corners)).triangles(vertices)
    return TriangleMesh(vertices, faces, read.all_colors())


def _pieces(data: bytes) -> Iterator[list[bytes]]:
    """The lines of the text, some at a time; a line that is continued is one."""
    start = 0
    while start < len(data):
        end = start + _PIECE_BYTES
        while end < len(data):
            newline = data.rfind(b"\n", start, end)
            newline = newline if newline >= start else data.rfind(b"\r", start, end)
            if newline >= start and not data[max(newline - 2, 0) : newline].rstrip(b"\r").endswith(b"\\"):
                end = newline + 1
                break
            end += _PIECE_BYTES
        piece = data[start:end]
        if b"\\" in piece:
            piece = re.sub(rb"\\[ \t]*(?:\r\n|\n|\r)", b" ", piece)
        yield piece.splitlines()
        start = end


@dataclass(slots=True)
class _Read:
    """What has been read so far."""

    vertex_count: int = 0
    face_count: int = 0
    vertices: list[NDArray[np.float64]] = field(default_factory=list)
    colors: list[NDArray[np.float64] | None] = field(default_factory=list)  # per piece [N, 3], nan where none
    counts: list[NDArray[np.int64]] = field(default_factory=list)
    corners: list[NDArray[np.int64]] = field(default_factory=list)

    def take(self, lines: list[bytes]) -> None:
        """Vertices and faces of some lines; negative numbers count back from the vertices read so far."""
        rows: list[list[bytes]] = []
        faces: list[list[bytes]] = []
        seen: list[int] = []
        for raw in lines:
            line = raw if raw[:1] in (b"v", b"f") else raw.lstrip()
            kind = line[:2]
            if b"#" in line:
                line = line.partition(b"#")[0]
            if kind in (b"v ", b"v\t"):
                rows.append(line[2:].split())
            elif kind in (b"f ", b"f\t"):
                faces.append((_TEXTURE_AND_NORMAL.sub(b"", line[2:]) if b"/" in line else line[2:]).split())
                seen.append(self.vertex_count + len(rows))
        self._take_faces(faces, seen)
        if rows:
            self.vertices.append(_coordinates(rows))
            self.colors.append(_colors(rows))
            self.vertex_count += len(rows)

    def _take_faces(self, rows: list[list[bytes]], seen: list[int]) -> None:
        self.face_count += len(rows)
        check_faces(self.face_count)
        if not rows:
            return
        counts = np.array([len(row) for row in rows], np.int64)
        corners = integers(chain.from_iterable(rows), int(counts.sum()))
        if (corners == 0).any():
            raise Unreadable("The OBJ is damaged: it numbers a vertex 0.")
        back = np.repeat(np.array(seen, np.int64), counts) + corners
        if (back[corners < 0] < 0).any():
            raise Unreadable("The file is damaged: a face names a vertex that does not exist.")
        self.counts.append(counts)
        self.corners.append(np.where(corners < 0, back, corners - 1))

    def all_colors(self) -> NDArray[np.uint8] | None:
        """[V, 3], or None where no vertex has a colour."""
        if all(colors is None for colors in self.colors):
            return None
        rgb = np.concatenate(
            [
                np.full((len(vertices), 3), np.nan) if colors is None else colors
                for vertices, colors in zip(self.vertices, self.colors, strict=True)
            ]
        )
        return _as_bytes(rgb)


def _coordinates(rows: list[list[bytes]]) -> NDArray[np.float64]:
    if min(map(len, rows)) < 3:
        raise Unreadable("The OBJ is damaged: a vertex has fewer than three coordinates.")
    return floats(chain.from_iterable(row[:3] for row in rows), 3 * len(rows)).reshape(-1, 3)


def _colors(rows: list[list[bytes]]) -> NDArray[np.float64] | None:
    """[N, 3] as written, nan where there is none: four numbers are a weight, six or more end in a colour."""
    if max(map(len, rows)) < 6:
        return None
    none = [b"nan"] * 3
    words = chain.from_iterable(row[3:6] if len(row) >= 6 else none for row in rows)
    return floats(words, 3 * len(rows)).reshape(-1, 3)


def _as_bytes(rgb: NDArray[np.float64]) -> NDArray[np.uint8]:
    known = np.asarray(np.isfinite(rgb).all(axis=1))
    scaled = rgb if rgb[known].max(initial=0.0) > 1.0 else rgb * 255.0  # some writers put bytes
    return np.clip(np.rint(np.where(known[:, None], scaled, np.array(PLAIN))), 0, 255).astype(np.uint8)
