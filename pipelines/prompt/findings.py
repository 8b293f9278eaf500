"""Material, colour, uses, added features, counted parts and the number of copies."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipelines.prompt.clauses import Clauses
from pipelines.prompt.lengths import Amount, Measure
from pipelines.prompt.nouns import Jumps, is_plain_word
from pipelines.prompt.problems import problem
from pipelines.prompt.subject import Subject
from pipelines.prompt.tokens import Match, Reading, phrases
from pipelines.prompt.types import Count, Number, Problem, Word
from pipelines.prompt.vocabulary_grammar import ADJECTIVES, BENIGN_NOUNS, DETERMINERS
from pipelines.prompt.vocabulary_lengths import AXES, COUNTED
from pipelines.prompt.vocabulary_style import (
    BY_DEFAULT,
    COLORS,
    FEATURES,
    FOOD,
    MATERIALS,
    NEGATIONS,
    SIDES,
    USES,
    VESSELS,
    FeatureName,
)

MAX_QUANTITY: Final = 10_000  # copies of one request; more is an order for injection moulding
_MAX_COUNT: Final = 1_000
_COPIES: Final = frozenset(
    phrases(
        "copy, copies, unit, units, piece, pieces, pcs, pc, copia, copias, unidade, unidades, peca, pecas, un",
        "und, exemplares",
    )
)
_QUANTITY_WORDS: Final = frozenset(phrases("quantity, qty, quantidade, qtd, qtde, quant"))
_SETS: Final = frozenset(phrases("set, pack, batch, kit, jogo, conjunto, pacote, lote"))
_PAIRS: Final = frozenset(phrases("pair, couple, par"))
_FRUITS: Final = frozenset(
    phrases(
        "orange, lime, olive, mint, salmon, cream, coral, lavender, copper, rosa, laranja, menta, lavanda",
        "marfim, violeta, rose",
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
        return not _describes_next(reading, match.end) or before.text == "in"
    return not _describes_previous(reading, match, subject, clauses)


def _describes_next(reading: Reading, index: int) -> bool:
    """`for red roses`, `with a red lid`."""
    text = reading.text_at(index)
    return (
        is_plain_word(reading, index)
        or text in BENIGN_NOUNS - {"color", "colour"}
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


@dataclass(frozen=True, slots=True)
class Counts:
    """Counted parts, the number of copies, and what is wrong with them."""

    counts: tuple[Count, ...]
    quantity: Number | None
    problems: tuple[Problem, ...]


class Counter:
    """Reads the bare numbers that are no lengths."""

    def __init__(
        self,
        reading: Reading,
        subject: Subject,
        bare: list[Measure],
        hole_counts: list[Amount],
        jumps: Jumps,
    ) -> None:
        self._jumps = jumps
        self._reading = reading
        self._subject = subject
        self._bare = [measure.amounts[0] for measure in bare if len(measure.amounts) == 1]
        self._hole_counts = hole_counts
        self._counts: dict[str, Count] = {}
        self._quantity: Number | None = None
        self._problems: list[Problem] = []

    @property
    def _family(self) -> str:
        return "" if self._subject.noun is None else self._subject.noun.family

    def read(self) -> Counts:
        """Every count, then the quantity."""
        for amount in self._hole_counts:
            self._count("holes", amount, amount.start, amount.end)
        for amount in self._bare:
            self._read_count(amount) or self._read_quantity(amount)
        if self._quantity is None and not self._problems:
            self._read_subject_quantity()
        self._read_shape()
        return Counts(tuple(self._counts.values()), self._quantity, tuple(self._problems))

    def _read_count(self, amount: Amount) -> bool:
        reading = self._reading
        index = self._jumps.over(amount.end)  # "two 5 mm holes"
        for _ in range(3):
            match = COUNTED.match(reading, index)
            if match is not None and not (match.value == "hooks" and self._is_head(match.start)):
                return self._count(match.value, amount, amount.start, match.end)
            if (
                reading.text_at(index) != "-"
                and reading.text_at(index) not in ADJECTIVES
                and COLORS.match(reading, index) is None
            ):
                break
            index += 1
        return self._read_labelled_count(amount)

    def _read_labelled_count(self, amount: Amount) -> bool:
        """`teeth: 20`, `z=20`, `number of teeth 20`."""
        reading = self._reading
        separator = reading.text_at(amount.start - 1) in (":", "=")
        index = amount.start - 1 - separator
        match = COUNTED.match(reading, index)
        is_number_of = reading.text_at(index - 1) in ("of", "de") and reading.text_at(index - 2) in ("number", "numero")
        if match is not None and match.value != "holes" and (separator or is_number_of):
            return self._count(match.value, amount, index, amount.end)
        if reading.text_at(index) == "z" and self._subject.noun is not None and self._subject.noun.family == "gear":
            return self._count("teeth", amount, index, amount.end)
        return False

    def _count(self, name: str, amount: Amount, start: int, end: int) -> bool:
        if not amount.value.is_integer():
            return False
        if name == "sides" and amount.value == 6 and self._family == "die":
            return True  # a die has six sides anyway
        if not 0 < amount.value <= _MAX_COUNT:
            code = "count.not_positive" if amount.value <= 0 else "count.too_large"
            self._tell(code, start, end)
            return True
        self._counts.setdefault(name, Count(name, int(amount.value), self._reading.span(start, end)))  # type: ignore[arg-type]
        return True

    def _read_quantity(self, amount: Amount) -> bool:
        reading = self._reading
        index = amount.end
        while index < amount.end + 2 and (
            reading.text_at(index) in ADJECTIVES or reading.text_at(index) == "identical"
        ):
            index += 1
        if reading.text_at(index) in _COPIES:
            return self._set_quantity(amount, amount.start, index + 1)
        label = amount.start - 1
        while reading.text_at(label) in (":", "=", "of", "de"):
            label -= 1
        if reading.text_at(label) in _QUANTITY_WORDS:
            return self._set_quantity(amount, label, amount.end)
        if reading.text_at(amount.start - 1) in ("of", "de") and reading.text_at(amount.start - 2) in _SETS:
            return self._set_quantity(amount, amount.start, amount.end)
        glued = reading.text_at(amount.end) in ("x", "×") and reading.touches(amount.end)
        is_factor = reading.at(amount.end + 1).kind == "number" and reading.touches(amount.end + 1)
        if glued and not is_factor:
            return self._set_quantity(amount, amount.start, amount.end + 1)
        before = reading.text_at(amount.start - 1) in ("x", "×") and reading.touches(amount.start)
        if before and not reading.touches(amount.start - 1):
            return self._set_quantity(amount, amount.start - 1, amount.end)
        return False

    def _read_subject_quantity(self) -> None:
        """`12 hooks`, `a set of 4 coasters`, `a pair of rings`."""
        noun = self._subject.noun
        if noun is None:
            return
        reading = self._reading
        before = [amount for amount in self._bare if amount.end <= noun.head_start]
        if before and noun.is_plural and (noun.family or self._leads(before[-1], noun.head_start)):
            amount = before[-1]
            self._set_quantity(amount, amount.start, amount.end)
            return
        for index in range(max(noun.head_start - 6, 0), noun.head_start):
            if reading.text_at(index) in _PAIRS and reading.text_at(index + 1) in ("of", "de"):
                self._set_quantity(Amount(2.0, None, index, index + 1), index, index + 1)
                return

    def _leads(self, amount: Amount, head: int) -> bool:
        """`5 dragons`, not `2024 calendar stands` or `3 boys' hats`."""
        return amount.start <= 4 and head - amount.end <= 1 and amount.value < 1900

    def _is_head(self, index: int) -> bool:
        noun = self._subject.noun
        return noun is not None and noun.head_start <= index < noun.head_end

    def _set_quantity(self, amount: Amount, start: int, end: int) -> bool:
        value = amount.value
        if math.isnan(value) or value > MAX_QUANTITY:
            self._tell("quantity.too_large", start, end)
        elif value <= 0:
            self._tell("quantity.not_positive", start, end)
        elif value.is_integer():
            self._quantity = self._quantity or Number(int(value), self._reading.span(start, end))
        return True

    def _read_shape(self) -> None:
        """`hexagonal` is six sides, except of a nut or a bolt, which have them anyway."""
        noun = self._subject.noun
        if noun is None or noun.family in ("", "nut", "bolt", "cube", "box", "table", "chair", "house"):
            return
        for match in SIDES.matches(self._reading):
            is_told = noun.family == "die" and match.value == 6
            if noun.start <= match.start < noun.end + 3 and not is_told:
                self._counts.setdefault(
                    "sides", Count("sides", match.value, self._reading.span(match.start, match.end))
                )

    def _tell(self, code: str, start: int, end: int) -> None:
        reading = self._reading
        span = reading.span(start, end)
        self._problems.append(problem(code, reading.language, reading.folded.text, span, limit=MAX_QUANTITY))
