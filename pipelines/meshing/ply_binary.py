"""The rows of binary PLY files: at one stroke where all are alike, else by finding first where each begins."""

import struct
from array import array
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import Unreadable
from pipelines.meshing.ply_header import Element, Header, Property
from pipelines.meshing.ply_rows import KEPT_LISTS, Table, ends_early
from pipelines.meshing.polygons import Polygons

_STRUCT: Final = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "f4": "f", "f8": "d"}


def read_binary(data: bytes, header: Header) -> tuple[Table, ...]:
    """Every table. Raises Unreadable where the file ends before them."""
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
        raise ends_early(element)
    rows = np.frombuffer(data, dtype, element.count, at)
    if not all((rows["#" + name] == length).all() for name, length in lengths.items()):
        return None
    corners = _no_corners(element)
    for name in KEPT_LISTS:
        if name in lengths:
            counts = np.full(len(rows), lengths[name], np.int64)
            corners = Polygons(counts, rows[name].astype(np.int64).reshape(-1))
            break
    return Table(element, rows, corners), at + dtype.itemsize * element.count


def _no_corners(element: Element) -> Polygons | None:
    if not any(prop.name in KEPT_LISTS for prop in element.lists):
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
            raise ends_early(element)
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
    chosen = next((kept[name] for name in KEPT_LISTS if name in kept), None)
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
                raise ends_early(element)
            count = int(unpack(data, at)[0])
            at += width
            starts.append(at)
            counts.append(count)
            at += count * item
            if count < 0 or at > size:
                raise ends_early(element)
        at += skip
    if at > size:
        raise ends_early(element)
    found = [
        _Lists(prop, np.array(starts, np.int64), np.array(counts, np.int64))
        for prop, (*_, starts, counts) in zip(element.lists, steps, strict=True)
    ]
    return found, np.array(rows, np.int64), at
