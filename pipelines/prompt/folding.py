"""Prompts reduced to plain lower-case letters, with the way back to the text as it was written."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pipelines.prompt.types import Span

# What compatibility decomposition (NFKD) would lose: primes and curly marks are inches, feet or quotation marks, and
# the diameter sign is also written with the Danish O or a Greek phi.
_KEPT: Final = {
    "″": '"',
    "‶": '"',
    "′": "'",
    "’": "'",
    "‘": "‘",
    "”": "”",
    "“": "“",
    "ø": "⌀",
    "∅": "⌀",
    "φ": "⌀",
    "−": "-",
    "–": "-",
    "—": "-",
    "‐": "-",
    "‑": "-",
    "⁄": "/",
    "∕": "/",
    "·": " ",
}


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    """The plain characters that stand for one written character: none for marks, a space for controls."""
    lowered = char.lower()
    if lowered in _KEPT:
        return _KEPT[lowered]
    kind = unicodedata.decomposition(char)
    plain = "".join(_plain(part) for part in unicodedata.normalize("NFKD", lowered))
    if kind.startswith("<fraction>"):
        return " " + plain  # "1½" is one and a half, not eleven halves
    if kind.startswith("<super>"):
        return "^" + plain
    return plain


def _plain(char: str) -> str:
    if char in _KEPT:
        return _KEPT[char]
    category = unicodedata.category(char)
    if category in ("Mn", "Me", "Cf", "Cs"):
        return ""
    if category == "Cc":
        return " "
    digit = unicodedata.decimal(char, None)
    return char if digit is None else str(digit)


@dataclass(frozen=True, slots=True)
class Folded:
    """A prompt without case, accents and typographic variants.

    `origin[i]` is where character `i` of `plain` stands in `text`; `None` when both are the same.
    """

    text: str
    plain: str
    origin: tuple[int, ...] | None

    def span(self, start: int, end: int) -> Span:
        """The stretch of the written text that `plain[start:end]` was read from; accents belong to their letter."""
        if self.origin is None:
            return Span(start, end)
        last = self.origin[end - 1] + 1
        limit = self.origin[end] if end < len(self.origin) else len(self.text)
        while last < limit and unicodedata.combining(self.text[last]):
            last += 1
        return Span(self.origin[start], last)


def fold(text: str) -> Folded:
    """Fold any text; never fails, and takes time linear in its length."""
    if text.isascii():
        plain = "".join(char if char.isprintable() else " " for char in text.lower())
        return Folded(text, plain, None)
    pieces = [_fold(char) for char in text]
    origin = tuple(index for index, piece in enumerate(pieces) for _ in piece)
    return Folded(text, "".join(pieces), origin)
