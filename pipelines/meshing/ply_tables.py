"""PLY, the container of meshes and of Gaussian splats: a header that declares tables, and their rows.

The header is believed only as far as the bytes that follow can hold what it declares.
"""

import re
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import Unreadable
from pipelines.meshing.polygons import Polygons
from pipelines.meshing.words import floats

Encoding = Literal["ascii", "<", ">"]
_ENCODINGS: dict[str, Encoding] = {"ascii": "ascii", "binary_little_endian": "<", "binary_big_endian": ">"}
_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_STRUCT: Final = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "f4": "f", "f8": "d"}
_MAX_HEADER_BYTES = 65_536  # a 3DGS file of SH degree 3 has 62 properties in 1.5 kB
_END = re.compile(rb"(?:\r\n|\n|\r)[ \t]*end_header[ \t]*")
_PIECE_BYTES = 4 * 1024 * 1024  # of text at once: the words of a whole file would take ten times its size
# The lists that are kept; texture coordinates and what else comes as lists is passed over.
_KEPT_LISTS: Final = ("vertex_indices", "vertex_index")


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

    @property
    def lists(self) -> tuple[Property, ...]:
        """The properties that are lists."""
        return tuple(prop for prop in self.properties if prop.length_dtype is not None)

    @property
    def scalars(self) -> tuple[Property, ...]:
        """The properties that are one number."""
        return tuple(prop for prop in self.properties if prop.length_dtype is None)


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
    corners: Polygons | None = None  # the list of vertices, of faces and of strips

    def column(self, *names: str) -> NDArray[np.float64] | None:
        """The named properties as [N, len(names)], or None unless all are there."""
        if not set(names) <= {prop.name for prop in self.element.scalars}:
            return None
        return np.stack([self.scalars[name].astype(np.float64) for name in names], axis=1)


def read_header(data: bytes) -> Header:
    """The header of a PLY file.

    Raises:
        Unreadable: not a PLY, or a header that is damaged.
    """
    end = _END.search(data[:_MAX_HEADER_BYTES])
    if not re.match(rb"ply[ \t]*[\r\n]", data) or end is None:
        raise Unreadable("The file is not a PLY: its header is missing or has no end.")
    encoding: Encoding | None = None
    elements: list[Element] = []
    for line in data[: end.start()].decode("latin-1").splitlines()[1:]:
        match line.split():
            case ["format", name, *_] if name in _ENCODINGS:
                encoding = _ENCODINGS[name]
            case ["element", name, count] if re.fullmatch(r"-?[0-9]{1,18}", count):
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
    return Header(encoding, tuple(elements), _body_start(data, end.end()))


def _body_start(data: bytes, at: int) -> int:
    """Behind the header's last line, whose end looks as that of the first: a row may begin with a line feed."""
    first = re.search(rb"\r\n|\n|\r", data)
    ending = first[0] if first else b"\n"
    return at + len(ending) if data.startswith(ending, at) else at + 1


def _add(elements: list[Element], prop: Property) -> None:
    last = elements[-1]
    if any(prop.name == other.name for other in last.properties):
        raise Unreadable(f"The PLY header declares {prop.name[:40]!r} twice.")
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
    words = _words(data, header.body_start)
    return tuple(_read_words(words, element) for element in header.elements)


def _check_declared(header: Header, size: int) -> None:
    """The least space the declared rows can take must be there; checked before anything is allocated."""
    least = 0
    for element in header.elements:
        if element.count < 0:
            raise Unreadable(f"The PLY declares {element.count} rows of {element.name[:40]!r}.")
        row = sum(
            2 if header.encoding == "ascii" else np.dtype(prop.length_dtype or prop.dtype).itemsize
            for prop in element.properties
        )
        least += max(row, 1) * element.count
    if least > size - header.body_start + 1:
        rows = ", ".join(f"{element.count:,} of {element.name[:40]!r}" for element in header.elements[:5])
        raise Unreadable(f"The PLY declares more rows ({rows}) than its {size:,} bytes can hold.")


def _ends(element: Element) -> Unreadable:
    return Unreadable(f"The PLY ends within its rows of {element.name[:40]!r}.")


def _read_binary(data: bytes, header: Header) -> tuple[Table, ...]:
    tables, at = [], header.body_start
    for element in header.elements:
        uniform = _read_uniform(data, at, element, header.encoding)
        if uniform is None:
            table, at = _read_ragged(data, at, element, header.encoding)
        else:
            table, at = uniform
        tables.append(table)
    return tuple(tables)


def _read_uniform(data: bytes, at: int, element: Element, order: str) -> tuple[Table, int] | None:
    """The rows at one stroke where all lists are as long as those of the first row; None where they are not."""
    if not element.properties or not element.count:
        return Table(element, np.zeros(element.count, _scalar_type(element, order)), _no_corners(element)), at
    lengths = _first_lengths(data, at, element, order)
    dtype = _row_type(element, order, lengths)
    if at + dtype.itemsize * element.count > len(data):
        if lengths:
            return None
        raise _ends(element)
    rows = np.frombuffer(data, dtype, element.count, at)
    if not all((rows["#" + name] == length).all() for name, length in lengths.items()):
        return None
    corners = _no_corners(element)
    for name in _KEPT_LISTS:
        if name in lengths:
            counts = np.full(len(rows), lengths[name], np.int64)
            corners = Polygons(counts, rows[name].astype(np.int64).reshape(-1))
            break
    return Table(element, rows, corners), at + dtype.itemsize * element.count


def _no_corners(element: Element) -> Polygons | None:
    if not any(prop.name in _KEPT_LISTS for prop in element.lists):
        return None
    return Polygons(np.zeros(0, np.int64), np.zeros(0, np.int64))


def _scalar_type(element: Element, order: str) -> np.dtype[np.void]:
    return np.dtype([(prop.name, order + prop.dtype) for prop in element.scalars])


def _row_type(element: Element, order: str, lengths: dict[str, int]) -> np.dtype[np.void]:
    fields: list[tuple[str, str] | tuple[str, str, int]] = []
    for prop in element.properties:
        if prop.length_dtype is None:
            fields.append((prop.name, order + prop.dtype))
        else:
            fields.append(("#" + prop.name, order + prop.length_dtype))
            fields.append((prop.name, order + prop.dtype, lengths[prop.name]))
    return np.dtype(fields)


def _first_lengths(data: bytes, at: int, element: Element, order: str) -> dict[str, int]:
    """Lengths of the lists in the first row; in nearly every file they hold for all rows."""
    lengths: dict[str, int] = {}
    for prop in element.properties:
        kind = np.dtype(order + (prop.length_dtype or prop.dtype))
        if at + kind.itemsize > len(data):
            raise _ends(element)
        if prop.length_dtype is not None:
            length = int(np.frombuffer(data, kind, 1, at)[0])
            if not 0 <= length <= len(data):
                raise Unreadable("The PLY holds a list whose length cannot be.")
            lengths[prop.name] = length
            at += length * np.dtype(prop.dtype).itemsize
        at += kind.itemsize
    return lengths


@dataclass(frozen=True, slots=True, eq=False)
class _Lists:
    """Where the lists of one property lie."""

    prop: Property
    starts: NDArray[np.int64]  # [N] byte of the first item
    counts: NDArray[np.int64]  # [N]

    @property
    def ends(self) -> NDArray[np.int64]:
        return self.starts + self.counts * np.dtype(self.prop.dtype).itemsize

    def items(self, raw: NDArray[np.uint8], order: str) -> NDArray[np.int64]:
        """All items end to end; rows of the same length are taken together."""
        kind = np.dtype(order + self.prop.dtype)
        into = np.cumsum(self.counts) - self.counts
        found = np.zeros(int(self.counts.sum()), np.int64)
        by_length = np.argsort(self.counts, kind="stable")
        lengths, first = np.unique(self.counts[by_length], return_index=True)
        for length, rows in zip(lengths.tolist(), np.split(by_length, first[1:]), strict=True):
            taken = raw[self.starts[rows][:, None] + np.arange(length * kind.itemsize)]
            found[into[rows][:, None] + np.arange(length)] = taken.view(kind)
        return found


def _read_ragged(data: bytes, at: int, element: Element, order: str) -> tuple[Table, int]:
    """Rows whose lists differ in length: found one after the other, then read together."""
    lists, rows, end = _find_lists(data, at, element, order)
    raw = np.frombuffer(data, np.uint8)
    scalars = np.zeros(element.count, _scalar_type(element, order))
    base, offset, seen = rows, 0, iter(lists)
    for prop in element.properties:
        kind = np.dtype(order + prop.dtype)
        if prop.length_dtype is not None:
            base, offset = next(seen).ends, 0
            continue
        scalars[prop.name] = raw[(base + offset)[:, None] + np.arange(kind.itemsize)].view(kind)[:, 0]
        offset += kind.itemsize
    kept = {found.prop.name: found for found in lists}
    chosen = next((kept[name] for name in _KEPT_LISTS if name in kept), None)
    corners = None if chosen is None else Polygons(chosen.counts, chosen.items(raw, order))
    return Table(element, scalars, corners), end


def _find_lists(data: bytes, at: int, element: Element, order: str) -> tuple[list[_Lists], NDArray[np.int64], int]:
    """Each list property's places, the byte at which each row begins, and the byte behind the last."""
    steps, skip = [], 0
    for prop in element.properties:
        if prop.length_dtype is None:
            skip += np.dtype(prop.dtype).itemsize
        else:
            length = struct.Struct(order + _STRUCT[prop.length_dtype])
            starts, counts = array("q"), array("q")
            steps.append((skip, length.unpack_from, length.size, np.dtype(prop.dtype).itemsize, starts, counts))
            skip = 0
    rows, size = array("q"), len(data)
    for _ in range(element.count):
        rows.append(at)
        for before, unpack, width, item, starts, counts in steps:
            at += before
            if at + width > size:
                raise _ends(element)
            count = int(unpack(data, at)[0])
            at += width
            starts.append(at)
            counts.append(count)
            at += count * item
            if count < 0 or at > size:
                raise _ends(element)
        at += skip
    if at > size:
        raise _ends(element)
    found = [
        _Lists(prop, np.array(starts, np.int64), np.array(counts, np.int64))
        for prop, (*_, starts, counts) in zip(element.lists, steps, strict=True)
    ]
    return found, np.array(rows, np.int64), at


def _words(data: bytes, at: int) -> Iterator[bytes]:
    """The words of the text, split a piece at a time."""
    return chain.from_iterable(piece.split() for piece in _pieces(data, at))


def _pieces(data: bytes, start: int) -> Iterator[bytes]:
    space = re.compile(rb"\s")
    while start < len(data):
        found = space.search(data, start + _PIECE_BYTES)
        end = found.end() if found else len(data)
        yield data[start:end]
        start = end


def _read_words(words: Iterator[bytes], element: Element) -> Table:
    names = [prop.name for prop in element.scalars]
    if not element.lists:
        wanted = len(names) * element.count
        return Table(element, _structured(floats(islice(words, wanted), wanted).reshape(-1, len(names) or 1), element))
    values, counts, corners = array("d"), array("q"), array("q")
    kept = next((name for name in _KEPT_LISTS if any(prop.name == name for prop in element.lists)), None)
    for _ in range(element.count):
        for prop in element.properties:
            word = next(words, None)
            if word is None:
                raise _ends(element)
            if prop.length_dtype is None:
                values.append(float(word))
                continue
            count, before = int(word), len(corners)
            if prop.name == kept:
                counts.append(count)
                corners.extend(map(_whole, islice(words, count)))
                if len(corners) - before != count:
                    raise _ends(element)
            elif sum(1 for _ in islice(words, count)) != count:
                raise _ends(element)
    table = _structured(np.array(values).reshape(-1, len(names) or 1), element)
    return Table(element, table, Polygons(np.array(counts, np.int64), np.array(corners, np.int64)) if kept else None)


def _whole(word: bytes) -> int:
    try:
        return int(word)
    except ValueError:
        return int(float(word))  # some writers print indices as 3.0


def _structured(values: NDArray[np.float64], element: Element) -> NDArray[np.void]:
    table = np.zeros(element.count, np.dtype([(prop.name, "f8") for prop in element.scalars]))
    for column, prop in enumerate(element.scalars):
        table[prop.name] = values[:, column]
    return table
