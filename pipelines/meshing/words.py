"""Numbers in text files, converted without believing how long their words are."""

import re
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

_PIECE_BYTES = 4 * 1024 * 1024  # of text at once: the words of a whole file would take ten times its size
_LINE_END = re.compile(rb"[\r\n]")


def floats(words: Iterable[bytes], count: int) -> NDArray[np.float64]:
    """`count` numbers. An array of words would take the length of the longest for each. Raises ValueError."""
    return np.fromiter(map(float, words), np.float64, count)


def integers(words: Iterable[bytes], count: int) -> NDArray[np.int64]:
    """`count` whole numbers. Raises ValueError, and OverflowError beyond 64 bits."""
    return np.fromiter(map(int, words), np.int64, count)


def lines(data: bytes) -> Iterator[bytes]:
    """The lines of a text, split a piece at a time."""
    start = 0
    while start < len(data):
        found = _LINE_END.search(data, start + _PIECE_BYTES)
        end = found.end() if found else len(data)
        yield from data[start:end].splitlines()
        start = end
