"""Metric threads: "M8", "M6x30", "M8 x 1.25 x 40 mm"."""

import re
from dataclasses import dataclass, replace
from typing import Final

from pipelines.prompt.clauses import Clauses
from pipelines.prompt.numerals import read_numeral
from pipelines.prompt.problems import problem
from pipelines.prompt.subject import Subject
from pipelines.prompt.tokens import Reading
from pipelines.prompt.types import Dimension, DimensionName, Problem, Span, Word
from pipelines.prompt.units import UNITS, millimetres_per
from pipelines.prompt.vocabulary_lengths import PARTS

# Nominal diameters of ISO 261, first and second choice, and the small ones of table 1.
NOMINAL_MM: Final = frozenset(
    {1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39}
    | {42, 45, 48, 52, 56, 60, 64}
)  # fmt: skip
# Families that a thread describes even when it is another's: "washer for an M8 bolt".
_THREADED: Final = ("bolt", "nut", "washer", "spacer")
# "1/4-20", "#8-32", and the names of inch series.
_INCH: Final = re.compile(r"(?<![\w/])(?:\d{1,2}/\d{1,2}|#\d{1,2}) ?- ?\d{1,2}(?!\w)|\b(?:UN[CF]|BSW|BSPP?|NPT)\b")
_TIMES: Final = frozenset({"x", "×", "*"})


@dataclass(frozen=True, slots=True)
class Threads:
    """The first thread, the lengths written onto it, and the tokens used (first token -> the token after)."""

    word: Word | None
    dimensions: tuple[Dimension, ...]
    taken: dict[int, int]
    problems: tuple[Problem, ...] = ()

    def for_object(self, reading: Reading, subject: Subject, clauses: Clauses) -> "Threads":
        """Without a thread that belongs to what the object is for: "a box for M3 screws".

        A hole for a screw is told: its width does not follow from the thread.
        """
        if subject.noun is None or subject.noun.family in ("", *_THREADED):
            return self
        if self.word is None:
            return replace(self, problems=())
        start = next(iter(self.taken))
        if clauses.kind(start) is not False:
            return self
        holes = any(match.value == "hole" for match in PARTS.matches(reading) if match.start < start)
        text, language = reading.folded.text, reading.language
        told = (problem("feature.unsupported", language, text, self.word.span),) if holes else ()
        return replace(self, word=None, dimensions=(), problems=told)


def find_threads(reading: Reading) -> Threads:
    """Metric designations, wherever they stand."""
    word: Word | None = None
    dimensions: tuple[Dimension, ...] = ()
    taken: dict[int, int] = {}
    for index, token in enumerate(reading.tokens):
        nominal = _nominal(reading, index) if token.text == "m" else None
        if nominal is None:
            continue
        found, end = _extents(reading, index + 2, nominal)
        taken[index] = end
        if word is None:
            word = Word(f"M{nominal:g}", reading.span(index, index + 2))
            dimensions = tuple(found)
    return Threads(word, dimensions, taken, _inch_threads(reading))


def _inch_threads(reading: Reading) -> tuple[Problem, ...]:
    """Threads that are not made: a metric one in their place would be another part."""
    text = reading.folded.text
    spans = (Span(*match.span()) for match in _INCH.finditer(text))
    return tuple(problem("thread.unsupported", reading.language, text, span) for span in spans)


def _nominal(reading: Reading, index: int) -> float | None:
    number = reading.at(index + 1)
    if reading.touches(index) and reading.at(index - 1).kind in ("word", "number"):
        return None
    if number.kind != "number" or not reading.touches(index + 1) or len(number.text) > 4:
        return None
    text = number.text.replace(",", ".")
    value = float(text) if text.count(".") < 2 else 0.0
    return value if value in NOMINAL_MM else None


def _extents(reading: Reading, index: int, nominal: float) -> tuple[list[Dimension], int]:
    """What follows "M8 x": pitch and length, or one of them. A pitch is less than half the diameter."""
    amounts: list[tuple[float, str, int, int]] = []
    while len(amounts) < 2 and reading.text_at(index) in _TIMES:
        numeral = read_numeral(reading, index + 1)
        if numeral is None or reading.at(index + 1).kind != "number":
            break
        unit = UNITS.match(reading, numeral.end)
        end = numeral.end if unit is None else unit.end
        amounts.append((numeral.value, "mm" if unit is None else unit.value, numeral.start, end))
        index = end
    found = []
    for position, (value, unit_name, start, end) in enumerate(amounts):
        is_pitch = (len(amounts) == 2 and position == 0) or (len(amounts) == 1 and value < nominal / 2.0)
        name: DimensionName = "pitch" if is_pitch else "length"
        value_mm = value * millimetres_per(unit_name)
        if value_mm > 0.0:
            found.append(Dimension(name, value_mm, unit_name, reading.span(start, end)))
    return found, index
