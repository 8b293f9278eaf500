"""Noun phrases: what may stand in them, where they end, and which of their words no table knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipelines.prompt.lengths import Numbers
from pipelines.prompt.numerals import NUMBER_WORDS
from pipelines.prompt.tokens import Reading
from pipelines.prompt.vocabulary_families import ENGLISH
from pipelines.prompt.vocabulary_grammar import (
    ADJECTIVES,
    BENIGN_NOUNS,
    CONNECTIVES,
    CONTAINERS,
    DETERMINERS,
    PREAMBLE,
    PREPOSITIONS,
    VERBS,
)
from pipelines.prompt.vocabulary_lengths import AXES, COUNTED, PARTS
from pipelines.prompt.vocabulary_style import COLORS, FEATURES, MATERIALS, SIDES, USES

_MODIFIERS: Final = (
    DETERMINERS
    | ADJECTIVES
    | NUMBER_WORDS
    | {"-", ",", "'", '"', "⌀", "~", "flexible", "flexivel", "hollow", "oco", "oca", "outdoor", "mechanical"}
)
_POLITE: Final = {"please", "pls", "plz", "thanks", "thank", "obrigado", "obrigada", "pf", "pfv"}
BOUNDARIES: Final = PREPOSITIONS | CONNECTIVES | VERBS | _POLITE


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun phrase: tokens `start .. end - 1`, its head, and the words beside the head that no table knows."""

    start: int
    head_start: int
    head_end: int
    end: int
    family: str  # "" for an object no family makes
    is_plural: bool
    unknown: tuple[tuple[int, int], ...] = ()  # modifiers, tokens start .. end - 1


@dataclass(frozen=True, slots=True)
class Jumps:
    """Ways over numbers and threads, units included: first token -> the token after."""

    ends: Mapping[int, int]
    landings: frozenset[int]  # the tokens after

    def __contains__(self, index: int) -> bool:
        return index in self.ends

    def over(self, index: int) -> int:
        """The token after the number that begins at `index`, `index` itself where none does."""
        return self.ends.get(index, index)


def number_jumps(numbers: Numbers, threads: Mapping[int, int]) -> Jumps:
    """The ways over every number and thread of a prompt."""
    ends = {**{measure.start: measure.end for measure in numbers.measures}, **dict(numbers.foreign), **threads}
    return Jumps(ends, frozenset(ends.values()))


def is_plain_word(reading: Reading, index: int) -> bool:
    """Whether the token is a word that no table knows: a thing of its own."""
    token = reading.at(index)
    if token.kind != "word" or token.text in _KNOWN or token.text in BOUNDARIES:
        return False
    part = PARTS.match(reading, index)
    if part is not None and part.value != "other":
        return False
    return not any(table.match(reading, index) for table in (AXES, COLORS, COUNTED, MATERIALS, FEATURES, SIDES, USES))


_KNOWN: Final = (
    DETERMINERS | ADJECTIVES | BENIGN_NOUNS | CONTAINERS | PREAMBLE | NUMBER_WORDS | {"half", "shaped", "x", "s"}
)


def begins_name(reading: Reading, index: int, jumps: Jumps) -> bool:
    """Whether a name of several words begins here: "garden pot", "high chair"; not in "10 cm high chair"."""
    match = ENGLISH.match(reading, index)
    return match is not None and match.end > index + 1 and index not in jumps.landings


def skip_modifiers(reading: Reading, index: int, jumps: Jumps) -> int:
    """The token after determiners, numbers, adjectives, colours and the like."""
    while index < len(reading.tokens):
        following = _after_modifier(reading, index, jumps)
        if following is None:
            return index
        index = following
    return index


def _after_modifier(reading: Reading, index: int, jumps: Jumps) -> int | None:
    """The token after a determiner, number, adjective, colour or the like; `None` if none stands there."""
    if begins_name(reading, index, jumps):
        return None
    if index in jumps:
        return jumps.over(index)
    for table in (COLORS, MATERIALS, SIDES):
        match = table.match(reading, index)
        if match is not None:
            return match.end
    text = reading.text_at(index)
    if text == "'" and reading.text_at(index + 1) == "s":
        return index + 2
    axis_end = _after_axis(reading, index, jumps)
    if axis_end is not None:
        return axis_end
    is_modifier = text in _MODIFIERS or reading.at(index).kind in ("hex", "number")
    return index + 1 if is_modifier else None


def _after_axis(reading: Reading, index: int, jumps: Jumps) -> int | None:
    """The token after "height:" and its number, or after the "tall" of a number before."""
    text = reading.text_at(index)
    if text in ("in", "de", "of", "=") and index in jumps.landings and AXES.match(reading, index + 1):
        return index + 1
    axis = AXES.match(reading, index)
    if axis is None or ENGLISH.match(reading, index) is not None:
        return None
    number = axis.end
    while number < axis.end + 2 and reading.text_at(number) in (":", "=", "of", "is", "de"):
        number += 1
    if number in jumps:
        return jumps.over(number)
    return axis.end if axis.value.is_adjective or axis.start in jumps.landings else None
