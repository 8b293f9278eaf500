"""Numbers in text files, converted without believing how long their words are."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def floats(words: Iterable[bytes], count: int) -> NDArray[np.float64]:
    """`count` numbers. An array of words would take the length of the longest for each. Raises ValueError."""
    return np.fromiter(map(float, words), np.float64, count)


def integers(words: Iterable[bytes], count: int) -> NDArray[np.int64]:
    """`count` whole numbers. Raises ValueError, and OverflowError beyond 64 bits."""
    return np.fromiter(map(int, words), np.int64, count)
