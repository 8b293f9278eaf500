"""PLY, the container of meshes and of Gaussian splats: a header that declares tables, and their rows.

The header is believed only as far as the bytes that follow can hold what it declares.
"""

import re
from array import array
from collections.abc import Iterator
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from pipelines.meshing.ply_binary import read_binary
from pipelines.meshing.ply_header import Element, check_declared, read_header
from pipelines.meshing.ply_rows import KEPT_LISTS, Table, ends_early
from pipelines.meshing.polygons import Polygons
from pipelines.meshing.words import floats

_PIECE_BYTES = 4 * 1024 * 1024  # of text at once: the words of a whole file would take ten times its size
_SPACE = re.compile(rb"\s")


def read_tables(data: bytes) -> tuple[Table, ...]:
    """Every table of a PLY file.

    Raises:
        Unreadable: the file is not a PLY, or holds fewer rows than it declares.
    """
    header = read_header(data)
    check_declared(header, len(data))
    if header.encoding != "ascii":
        return read_binary(data, header)
    words = _words(data, header.body_start)
    return tuple(_read_words(words, element) for element in header.elements)


def _words(data: bytes, at: int) -> Iterator[bytes]:
    """The words of the text, split a piece at a time."""
    return chain.from_iterable(piece.split() for piece in _pieces(data, at))


def _pieces(data: bytes, start: int) -> Iterator[bytes]:
    while start < len(data):
        found = _SPACE.search(data, start + _PIECE_BYTES)
        end = found.end() if found else len(data)
        yield data[start:end]
        start = end


def _read_words(words: Iterator[bytes], element: Element) -> Table:
    names = [prop.name for prop in element.scalars]
    if not element.lists:
        wanted = len(names) * element.count
        return Table(element, _structured(floats(islice(words, wanted), wanted).reshape(-1, len(names) or 1), element))
    values, counts, corners = array("d"), array("q"), array("q")
    kept = next((name for name in KEPT_LISTS if any(prop.name == name for prop in element.lists)), None)
    for _ in range(element.count):
        for prop in element.properties:
            word = next(words, None)
            if word is None:
                raise ends_early(element)
            if prop.length_dtype is None:
                values.append(float(word))
                continue
            count, before = int(word), len(corners)
            if prop.name == kept:
                counts.append(count)
                corners.extend(map(_whole, islice(words, count)))
                if len(corners) - before != count:
                    raise ends_early(element)
            elif sum(1 for _ in islice(words, count)) != count:
                raise ends_early(element)
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
