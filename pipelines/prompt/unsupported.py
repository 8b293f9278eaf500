"""What is asked for and not made: it is told, never dropped in silence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipelines.prompt.clauses import AND, GOES_ON, Clauses
from pipelines.prompt.lengths import Amount, Numbers
from pipelines.prompt.nouns import Noun, is_plain_word
from pipelines.prompt.problems import problem
from pipelines.prompt.subject import Subject
from pipelines.prompt.tokens import Reading, phrases
from pipelines.prompt.types import Dimension, Problem
from pipelines.prompt.units import ANGLE_UNITS, CAPACITY_UNITS
from pipelines.prompt.vocabulary_families import ENGLISH, PORTUGUESE
from pipelines.prompt.vocabulary_grammar import UNSUPPORTED_LOOKS
from pipelines.prompt.vocabulary_lengths import AXES, PARTS
from pipelines.prompt.vocabulary_style import COLORS, FEATURES, MATERIALS, ROUND, SIDES, USES

_ARTICLES: Final = frozenset({"a", "an", "um", "uma"})
# Outlines that these families do not have; those of a number of sides are counts.
_RECTANGULAR: Final = frozenset(phrases("rectangular, retangular, retangulares"))
_ANGULAR_FAMILIES: Final = frozenset(
    phrases("box, tray, house, cube, die, bracket, phone_stand, name_sign, keychain, chair, table")
)
_ROUND_FAMILIES: Final = frozenset(
    phrases("vase, bowl, mug, cup, plate, coaster, pen_holder, bottle, plant_pot, funnel, washer, spacer, ring, knob")
)


@dataclass(frozen=True, slots=True)
class Found:
    """What the other readers made of the prompt."""

    numbers: Numbers
    unused: tuple[Amount, ...]  # bare numbers that are no length, count or quantity
    dimensions: tuple[Dimension, ...]


def find_unsupported(reading: Reading, subject: Subject, clauses: Clauses, found: Found) -> list[Problem]:
    """Parts, outlines and numbers that the object is made without; none where no family makes the object."""
    noun = subject.noun
    if noun is None or not noun.family:
        return []
    stretches = [
        *_additions(reading, subject, clauses, _covered(reading, found.numbers)),
        *_numbers(reading, noun, clauses, found),
        *_outlines(reading, noun),
        *_corners(reading, found),
    ]
    text, language = reading.folded.text, reading.language
    return [problem("feature.unsupported", language, text, reading.span(start, end)) for start, end in stretches]


def _covered(reading: Reading, numbers: Numbers) -> set[int]:
    """Tokens that some reader knows; the "3D" of "3D effect" is not among them."""
    covered = {index for measure in numbers.measures for index in range(measure.start, measure.end)}
    for start, end in numbers.foreign:
        covered.update(range(start, end) if reading.text_at(end - 1) != "d" else ())
    for table in (AXES, COLORS, FEATURES, MATERIALS, SIDES, USES):
        covered.update(index for match in table.matches(reading) for index in range(match.start, match.end))
    return covered


def _numbers(reading: Reading, noun: Noun, clauses: Clauses, found: Found) -> Iterator[tuple[int, int]]:
    """Capacities, angles, and bare numbers that nothing reads, unless those are of what the object is for."""
    for start, end in found.numbers.foreign:
        if reading.text_at(end - 1) in CAPACITY_UNITS | ANGLE_UNITS:
            yield start, end
    for amount in found.unused:
        if clauses.kind(amount.start) is not False and not noun.head_start <= amount.start < noun.head_end:
            yield amount.start, amount.end


def _outlines(reading: Reading, noun: Noun) -> Iterator[tuple[int, int]]:
    """A round box, a rectangular plate."""
    strange = ROUND if noun.family in _ANGULAR_FAMILIES else _RECTANGULAR if noun.family in _ROUND_FAMILIES else ()
    for index in range(noun.start, noun.end):
        if reading.text_at(index) in strange:
            yield index, index + 1


def _corners(reading: Reading, found: Found) -> Iterator[tuple[int, int]]:
    """Rounded corners without a radius."""
    if any(dimension.name == "corner_radius" for dimension in found.dimensions):
        return
    for match in PARTS.matches(reading):
        if match.value == "corner" and match.end - match.start > 1:
            yield match.start, match.end


def _additions(reading: Reading, subject: Subject, clauses: Clauses, covered: set[int]) -> Iterator[tuple[int, int]]:
    """Things asked for that no family makes: tokens `start .. end - 1` of each."""
    if subject.noun is not None:
        yield from subject.noun.unknown
    index = subject.end
    while index < len(reading.tokens):
        begun = index
        while index not in covered and _is_addition(reading, index, clauses):
            index += 1
            joined = reading.text_at(index) in GOES_ON and _is_addition(reading, index + 1, clauses)
            index += joined  # "orelhas de gato" is one thing
        if index > begun:
            yield _with_prefix(reading, begun, covered), index
        elif (second := _second_object(reading, index, clauses)) > index:
            yield index + 1, second
            index = second
        else:
            index += 1


def _is_addition(reading: Reading, index: int, clauses: Clauses) -> bool:
    if reading.text_at(index) in UNSUPPORTED_LOOKS:
        return True
    return clauses.is_adding(index) and is_plain_word(reading, index)


def _with_prefix(reading: Reading, index: int, covered: set[int]) -> int:
    """`3D effect` is one thing: a number that touches a letter belongs to the word after it."""
    glued = (
        reading.at(index - 1).kind == "word" and reading.at(index - 2).kind == "number" and reading.touches(index - 1)
    )
    return index - 2 if glued and index - 2 not in covered else index


def _second_object(reading: Reading, index: int, clauses: Clauses) -> int:
    """The token after a second object ("and a mug"): one request makes one object. `index` if there is none."""
    if reading.text_at(index) not in AND or clauses.kind(index) is not None:
        return index
    has_article = reading.text_at(index + 1) in _ARTICLES or reading.at(index + 1).kind == "number"
    for step in range(index + 2, index + 6) if has_article else (index + 1,):
        match = ENGLISH.match(reading, step) or PORTUGUESE.match(reading, step)
        if match is not None and AXES.match(reading, step) is None:
            return match.end
    return index
