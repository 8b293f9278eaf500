"""Material, colour, uses, added features, counted parts and the number of copies."""

from collections.abc import Iterator
from typing import Final

from pipelines.prompt.clauses import Clauses
from pipelines.prompt.nouns import is_plain_word
from pipelines.prompt.subject import Subject
from pipelines.prompt.tokens import Match, Reading, phrases
from pipelines.prompt.types import Word
from pipelines.prompt.vocabulary_grammar import ADJECTIVES, BENIGN_NOUNS, DETERMINERS
from pipelines.prompt.vocabulary_lengths import AXES
from pipelines.prompt.vocabulary_style import (
    BY_DEFAULT,
    COLORS,
    FEATURES,
    FOOD,
    MATERIALS,
    NEGATIONS,
    USES,
    VESSELS,
    FeatureName,
)

_FRUITS: Final = frozenset(
    phrases(
        "orange, lime, olive, mint, salmon, cream, coral, lavender, copper, rosa, laranja, menta, lavanda",
        "marfim, violeta, rose, peach, plum, sage, sand, caramel, wood, oak, walnut, maple, emerald, sapphire, azure",
        "mostarda, mustard, ameixa, pessego, caramelo, esmeralda, petroleo, carvalho, nogueira, mogno",
    )
)


def find_material(reading: Reading) -> Word | None:
    """The first material that is not ruled out. In Portuguese "asa" is also a handle: there "ASA" counts."""
    for match in MATERIALS.matches(reading):
        if _is_negated(reading, match.start) or (match.value == "asa" and is_handle(reading, match.start)):
            continue
        return Word(match.value, reading.span(match.start, match.end))
    return None


def is_handle(reading: Reading, index: int) -> bool:
    """Whether the token is the Portuguese word for a handle and not the plastic."""
    if reading.text_at(index) != "asa" or reading.language != "pt":
        return False
    return reading.written(index, index + 1) != "ASA" and reading.text_at(index - 1) not in (
        "em",
        "material",
        "plastico",
    )


def find_color(reading: Reading, subject: Subject, clauses: Clauses) -> Word | None:
    """The first colour of the object itself, not of the roses it is for."""
    for index, token in enumerate(reading.tokens):
        if token.kind == "hex":
            return Word(_long_hex(token.text), reading.span(index, index + 1))
        match = COLORS.match(reading, index)
        if match is not None and _colors_object(reading, match, subject, clauses):
            return Word(match.value, reading.span(match.start, match.end))
    return None


def _long_hex(text: str) -> str:
    return text if len(text) == 7 else "#" + "".join(2 * digit for digit in text[1:])


def _colors_object(reading: Reading, match: Match[str], subject: Subject, clauses: Clauses) -> bool:
    before, after = reading.at(match.start - 1), reading.at(match.end)
    if _is_negated(reading, match.start):
        return False
    is_noun = before.text in ("a", "an", "um", "uma", "as", "os") and after.kind != "word"
    if is_noun and reading.text_at(match.start) in _FRUITS:
        return False
    if match.start < subject.end or subject.noun is None:
        return True
    if reading.language == "en":
        is_content = before.text == "for"  # "a box for sand"
        return not (is_content or _describes_next(reading, match.end)) or before.text == "in"
    return not _describes_previous(reading, match, subject, clauses)


def _describes_next(reading: Reading, index: int) -> bool:
    """`for red roses`, `with a red lid`."""
    text = reading.text_at(index)
    return (
        is_plain_word(reading, index)
        or text in BENIGN_NOUNS - {"color", "colour", "finish"}
        or FEATURES.match(reading, index) is not None
    )


def _describes_previous(reading: Reading, match: Match[str], subject: Subject, clauses: Clauses) -> bool:
    """`para rosas vermelhas`: the noun before it is not the object and agrees with it in number."""
    before = reading.at(match.start - 1)
    if before.kind != "word" or before.text in (
        "cor",
        "em",
        "de",
        "e",
        "na",
        "no",
        "plastico",
        "pla",
        "petg",
        "abs",
        "asa",
    ):
        return False
    if clauses.kind(match.start) is None:
        return False
    is_noun = (
        is_plain_word(reading, match.start - 1)
        or before.text in BENIGN_NOUNS
        or FEATURES.match(reading, match.start - 1)
    )
    color_is_plural = reading.text_at(match.start).endswith("s") and reading.text_at(match.start) not in (
        "lilas",
        "cinzas",
    )
    head_is_plural = subject.noun is not None and subject.noun.is_plural
    if clauses.is_adding(match.start):
        return bool(is_noun)
    return bool(is_noun) and color_is_plural and not head_is_plural


def _is_negated(reading: Reading, index: int) -> bool:
    for _ in range(3):
        index -= 1
        text = reading.text_at(index)
        if text in NEGATIONS:
            return True
        if text not in DETERMINERS and text not in ADJECTIVES and text not in ("be", "in", "em", "de", "ser"):
            return False
    return False


def find_uses(reading: Reading, subject: Subject) -> tuple[Word, ...]:
    """Each use once, where it is first said; "outside diameter" is a length."""
    in_axis = {index for axis in AXES.matches(reading) for index in range(axis.start, axis.end)}
    found: dict[str, Word] = {}
    for match in USES.matches(reading):
        if match.start not in in_axis and not _is_negated(reading, match.start):
            found.setdefault(match.value, Word(match.value, reading.span(match.start, match.end)))
    food = _food(reading, subject)
    if food is not None:
        found.setdefault("food_contact", Word("food_contact", reading.span(food, food + 1)))
    return tuple(sorted(found.values(), key=lambda word: word.span.start))


def _food(reading: Reading, subject: Subject) -> int | None:
    """The first food or drink named with a vessel."""
    if subject.noun is None or subject.noun.family not in VESSELS:
        return None
    return next(
        (index for index, token in enumerate(reading.tokens) if token.kind == "word" and token.text in FOOD), None
    )


def find_features(reading: Reading, subject: Subject, clauses: Clauses) -> tuple[Word, ...]:
    """What is added to the object, each once; what a box is *for* ("a box for lids") is not added to it."""
    found: dict[str, Word] = {}
    noun = subject.noun
    family = "" if noun is None else noun.family
    for match in [*FEATURES.matches(reading), *_handles(reading)]:
        if noun is not None and noun.head_start <= match.start < noun.head_end and match.value != "hollow":
            continue
        negated = _is_negated(reading, match.start)
        if clauses.kind(match.start) is False and not negated and match.value != "hollow":
            continue
        value = BY_DEFAULT.get((family, match.value)) if negated else match.value
        if value is not None:
            found.setdefault(value, Word(value, reading.span(match.start, match.end)))
    return tuple(sorted(found.values(), key=lambda word: word.span.start))


def _handles(reading: Reading) -> Iterator[Match[FeatureName]]:
    """The Portuguese "asa" of a cup."""
    for index in range(len(reading.tokens)):
        if is_handle(reading, index):
            yield Match("handle", index, index + 1)
