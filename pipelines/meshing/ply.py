"""PLY: the container (also of Gaussian splats), and meshes in it.

The header is believed only as far as the bytes that follow can hold what it declares.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import with_corner_colors
from pipelines.meshing.polygons import Polygons

Encoding = Literal["ascii", "<", ">"]
_ENCODINGS: dict[str, Encoding] = {"ascii": "ascii", "binary_little_endian": "<", "binary_big_endian": ">"}
_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_MAX_HEADER_BYTES = 65_536  # a 3DGS file of SH degree 3 has 62 properties in 1.5 kB


@dataclass(frozen=True, slots=True)
class Property:
    """One value per row, or a list of them preceded by its length."""

    name: str
    dtype: str
    length_dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """A table that the header declares."""

    name: str
    count: int
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says it holds."""

    encoding: Encoding
    elements: tuple[Element, ...]
    body_start: int

    def element(self, name: str) -> Element | None:
        """The element of that name."""
        return next((element for element in self.elements if element.name == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The rows of one element."""

    element: Element
    scalars: NDArray[np.void]  # [N] structured, one field per scalar property
    lists: tuple[tuple[str, Polygons], ...]

    def column(self, *names: str) -> NDArray[np.float64] | None:
        """The named properties as [N, len(names)], or None unless all are there."""
        if not set(names) <= set(self.scalars.dtype.names or ()):
            return None
        return np.stack([self.scalars[name].astype(np.float64) for name in names], axis=1)


def read_header(data: bytes) -> Header:
    """The header of a PLY file.

    Raises:
        Unreadable: not a PLY, or a header that is damaged.
    """
    end = data[:_MAX_HEADER_BYTES].find(b"end_header")
    if not data.startswith(b"ply") or end < 0:
        raise Unreadable("The file is not a PLY: its header is missing or has no end.")
    newline = data.find(b"\n", end)
    if newline < 0:
        newline = len(data) - 1
    encoding: Encoding | None = None
    elements: list[Element] = []
    for line in data[:end].decode("latin-1").splitlines()[1:]:
        match line.split():
            case ["format", name, *_] if name in _ENCODINGS:
                encoding = _ENCODINGS[name]
            case ["element", name, count] if count.isascii() and count.lstrip("-").isdigit():
                elements.append(Element(name, int(count), ()))
            case ["property", "list", length, kind, name] if elements and length in _TYPES and kind in _TYPES:
                _add(elements, Property(name, _TYPES[kind], _TYPES[length]))
            case ["property", kind, name] if elements and kind in _TYPES:
                _add(elements, Property(name, _TYPES[kind]))
            case [] | ["comment" | "obj_info", *_]:
                pass
            case _:
                raise Unreadable(f"The PLY header has a line that says nothing known: {line[:60]!r}.")
    if encoding is None:
        raise Unreadable("The PLY header names no known encoding.")
    return Header(encoding, tuple(elements), newline + 1)


def _add(elements: list[Element], prop: Property) -> None:
    last = elements[-1]
    if any(prop.name == other.name for other in last.properties):
        raise Unreadable(f"The PLY header declares {prop.name!r} twice.")
    elements[-1] = Element(last.name, last.count, (*last.properties, prop))


def read_tables(data: bytes) -> tuple[Table, ...]:
    """Every table of a PLY file.

    Raises:
        Unreadable: the file is not a PLY, or holds fewer rows than it declares.
    """
    header = read_header(data)
    _check_declared(header, len(data))
    if header.encoding != "ascii":
        return _read_binary(data, header)
    words = data[header.body_start :].split()
    tables, at = [], 0
    for element in header.elements:
        table, at = _read_words(words, at, element)
        tables.append(table)
    return tuple(tables)


def _check_declared(header: Header, size: int) -> None:
    """The least space the declared rows can take must be there; checked before anything is allocated."""
    least = 0
    for element in header.elements:
        if element.count < 0:
            raise Unreadable(f"The PLY declares {element.count} rows of {element.name!r}.")
        row = sum(
            2 if header.encoding == "ascii" else np.dtype(prop.length_dtype or prop.dtype).itemsize
            for prop in element.properties
        )
        least += max(row, 1) * element.count
    if least > size - header.body_start + 1:
        rows = ", ".join(f"{element.count:,} of {element.name!r}" for element in header.elements)
        raise Unreadable(f"The PLY declares more rows ({rows}) than its {size:,} bytes can hold.")


def _read_binary(data: bytes, header: Header) -> tuple[Table, ...]:
    tables, at = [], header.body_start
    for element in header.elements:
        lengths = _first_lengths(data, at, element, header.encoding) if element.count else {}
        dtype = _row_dtype(element, header.encoding, lengths)
        if at + dtype.itemsize * element.count <= len(data):
            rows = np.frombuffer(data, dtype, element.count, at)
            if all((rows["#" + name] == length).all() for name, length in lengths.items()):
                tables.append(_uniform_table(element, rows, lengths))
                at += dtype.itemsize * element.count
                continue
        if not lengths:
            raise Unreadable(f"The PLY ends within its rows of {element.name!r}.")
        table, at = _read_ragged(data, at, element, header.encoding)
        tables.append(table)
    return tuple(tables)


def _row_dtype(element: Element, order: str, lengths: dict[str, int]) -> np.dtype[np.void]:
    fields: list[tuple[str, str] | tuple[str, str, int]] = []
    for prop in element.properties:
        if prop.length_dtype is None:
            fields.append((prop.name, order + prop.dtype))
        else:
            fields.append(("#" + prop.name, order + prop.length_dtype))
            fields.append((prop.name, order + prop.dtype, lengths.get(prop.name, 0)))
    return np.dtype(fields)


def _first_lengths(data: bytes, at: int, element: Element, order: str) -> dict[str, int]:
    """Lengths of the lists in the first row; in nearly every file they hold for all rows."""
    lengths: dict[str, int] = {}
    for prop in element.properties:
        kind = np.dtype(order + (prop.length_dtype or prop.dtype))
        if at + kind.itemsize > len(data):
            raise Unreadable(f"The PLY ends within its rows of {element.name!r}.")
        if prop.length_dtype is not None:
            length = int(np.frombuffer(data, kind, 1, at)[0])
            if not 0 <= length <= len(data):
                raise Unreadable("The PLY holds a list whose length cannot be.")
            lengths[prop.name] = length
            at += length * np.dtype(prop.dtype).itemsize
        at += kind.itemsize
    return lengths


def _uniform_table(element: Element, rows: NDArray[np.void], lengths: dict[str, int]) -> Table:
    lists = tuple(
        (name, Polygons(np.full(len(rows), length, np.int64), rows[name].astype(np.int64).reshape(-1)))
        for name, length in lengths.items()
    )
    return Table(element, rows, lists)


def _read_ragged(data: bytes, at: int, element: Element, order: str) -> tuple[Table, int]:
    """Row by row, for lists of different lengths."""
    scalar_fields = [(p.name, order + p.dtype) for p in element.properties if p.length_dtype is None]
    scalars = np.zeros(element.count, np.dtype(scalar_fields))
    lists: dict[str, list[NDArray[np.int64]]] = {p.name: [] for p in element.properties if p.length_dtype}
    kinds = [(p, np.dtype(order + p.dtype), np.dtype(order + (p.length_dtype or p.dtype))) for p in element.properties]
    for row in range(element.count):
        for prop, kind, first in kinds:
            if at + first.itemsize > len(data):
                raise Unreadable(f"The PLY ends within its rows of {element.name!r}.")
            value = np.frombuffer(data, first, 1, at)[0]
            at += first.itemsize
            if prop.length_dtype is None:
                scalars[prop.name][row] = value
                continue
            length = int(value)
            if not 0 <= length * kind.itemsize <= len(data) - at:
                raise Unreadable(f"The PLY ends within its rows of {element.name!r}.")
            lists[prop.name].append(np.frombuffer(data, kind, length, at).astype(np.int64))
            at += length * kind.itemsize
    return Table(element, scalars, tuple((name, _joined(rows)) for name, rows in lists.items())), at


def _read_words(words: list[bytes], at: int, element: Element) -> tuple[Table, int]:
    scalar = [prop.name for prop in element.properties if prop.length_dtype is None]
    if len(scalar) == len(element.properties):
        end = at + len(scalar) * element.count
        if end > len(words):
            raise Unreadable(f"The PLY ends within its rows of {element.name!r}.")
        values = np.array(words[at:end], "S").astype(np.float64).reshape(element.count, len(scalar))
        return Table(element, _structured(values, scalar), ()), end
    values = np.zeros((element.count, len(scalar)))
    lists: dict[str, list[NDArray[np.int64]]] = {p.name: [] for p in element.properties if p.length_dtype}
    for row in range(element.count):
        column = 0
        for prop in element.properties:
            if at >= len(words):
                raise Unreadable(f"The PLY ends within its rows of {element.name!r}.")
            if prop.length_dtype is None:
                values[row, column] = float(words[at])
                column += 1
                at += 1
                continue
            length = int(words[at])
            if not 0 <= length <= len(words) - at - 1:
                raise Unreadable(f"The PLY ends within its rows of {element.name!r}.")
            lists[prop.name].append(np.array([int(float(word)) for word in words[at + 1 : at + 1 + length]], np.int64))
            at += 1 + length
    rows = tuple((name, _joined(found)) for name, found in lists.items())
    return Table(element, _structured(values, scalar), rows), at


def _structured(values: NDArray[np.float64], names: list[str]) -> NDArray[np.void]:
    table = np.zeros(len(values), np.dtype([(name, "f8") for name in names]))
    for column, name in enumerate(names):
        table[name] = values[:, column]
    return table


def _joined(rows: list[NDArray[np.int64]]) -> Polygons:
    counts = np.array([len(row) for row in rows], np.int64)
    return Polygons(counts, np.concatenate(rows) if rows else np.zeros(0, np.int64))


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
    tables = {table.element.name: table for table in read_tables(data)}
    vertex, face = tables.get("vertex"), tables.get("face")
    positions = vertex.column("x", "y", "z") if vertex else None
    if vertex is None or positions is None or len(positions) == 0:
        raise EmptyGeometry("The PLY holds no vertices.")
    if face is None or not face.lists or not len(face.scalars):
        raise EmptyGeometry("The PLY holds points but no faces.")
    rows = dict(face.lists)
    corners = rows.get("vertex_indices", rows.get("vertex_index"))
    if corners is None:
        raise Unreadable("The PLY's faces do not say which vertices they join.")
    faces, polygon = corners.triangles(len(positions))
    colors, face_colors = _bytes_of(vertex), _bytes_of(face)
    if colors is None and face_colors is not None:
        return with_corner_colors(positions, faces, np.repeat(face_colors[polygon][:, None], 3, axis=1))
    return TriangleMesh(positions, faces, colors)


def _bytes_of(table: Table) -> NDArray[np.uint8] | None:
    names = ("red", "green", "blue")
    rgb = table.column(*names)
    if rgb is None:
        return None
    floats = any(prop.dtype[0] == "f" for prop in table.element.properties if prop.name in names)
    return np.clip(np.rint(rgb * 255 if floats else rgb), 0, 255).astype(np.uint8)
