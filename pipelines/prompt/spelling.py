"""Misspelt names of objects: one slip of the finger, and only where no real word stands."""

from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from pipelines.prompt.real_words import REAL_WORDS
from pipelines.prompt.tokens import PhraseTable
from pipelines.prompt.vocabulary_families import ENGLISH, PORTUGUESE, Family

# Shorter names have too many real words one letter away.
_MIN_LETTERS: Final = 6
# Sounds that are confused in writing; a word that differs only in them is the word, however short.
_SOUNDS: Final = (
    ("ph", "f"),
    ("ch", "x"),
    ("y", "i"),
    ("z", "s"),
    ("ck", "k"),
    ("qu", "k"),
    ("c", "k"),
    ("ss", "s"),
    ("g", "j"),
)


@lru_cache(maxsize=1024)
def nearest_family(word: str) -> Family | None:
    """The family whose name `word` is a slip of, `None` when there is none, several, or `word` is a word itself."""
    if len(word) < 4 or len(word) > 16 or word in REAL_WORDS:
        return None
    heard = _sound(word)
    alike = [family for name, family in _NAMES if _sound(name) == heard]
    if not alike and len(word) >= _MIN_LETTERS - 1:
        alike = [
            family
            for name, family in _NAMES
            if len(name) >= _MIN_LETTERS and name[0] == word[0] and OSA.distance(name, word, score_cutoff=1) <= 1
        ]
    return alike[0] if alike and len({family.family for family in alike}) == 1 else None


def _sound(word: str) -> str:
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    return "".join(letter for index, letter in enumerate(word) if index == 0 or letter != word[index - 1])


def _names(table: PhraseTable[Family]) -> list[tuple[str, Family]]:
    return [(words[0], family) for words, family in table.entries.items() if len(words) == 1 and family.family]


_NAMES: Final = (*_names(ENGLISH), *_names(PORTUGUESE))
