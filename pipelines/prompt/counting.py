"""Counted parts and the number of copies: what the bare numbers of a prompt say."""

import math
from dataclasses import dataclass
from typing import Final

from pipelines.prompt.lengths import Amount, Measure
from pipelines.prompt.nouns import Jumps, Noun
from pipelines.prompt.problems import problem
from pipelines.prompt.subject import Subject
from pipelines.prompt.tokens import Reading, phrases
from pipelines.prompt.types import Count, Number, Problem
from pipelines.prompt.vocabulary_grammar import ADJECTIVES
from pipelines.prompt.vocabulary_lengths import COUNTED
from pipelines.prompt.vocabulary_style import COLORS, ROUND, SIDES

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
# Objects for which "square" changes nothing; for a die it is "hexagonal" that is taken for its six faces.
_SQUARE_FAMILIES: Final = frozenset(phrases("cube, table, chair, house, die, bracket, keychain, name_sign"))
_PAIRS: Final = frozenset(phrases("pair, couple, par"))


@dataclass(frozen=True, slots=True)
class Counts:
    """Counted parts, the number of copies, and what is wrong with them."""

    counts: tuple[Count, ...]
    quantity: Number | None
    problems: tuple[Problem, ...]
    unused: tuple[Amount, ...]  # bare numbers that say neither


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
        self._bare = [one for one in self._bare if not (self._read_count(one) or self._read_quantity(one))]
        if self._quantity is None and not self._problems:
            self._read_subject_quantity()
        self._read_shape()
        return Counts(tuple(self._counts.values()), self._quantity, tuple(self._problems), tuple(self._bare))

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
        spaced = reading.text_at(amount.start - 1) == "x" and reading.at(amount.start - 2).kind == "word"
        if (before or spaced) and not reading.touches(amount.start - 1):
            return self._set_quantity(amount, amount.start - 1, amount.end)
        return False

    def _read_subject_quantity(self) -> None:
        """`12 hooks`, `a set of 4 coasters`, `a pair of rings`."""
        noun = self._subject.noun
        if noun is None:
            return
        reading = self._reading
        before = [one for one in self._bare if one.end <= noun.head_start and not self._is_designation(one)]
        if (
            before
            and (noun.is_plural or before[-1].value == 1)
            and (noun.family or self._leads(before[-1], noun.head_start))
        ):
            amount = before[-1]
            self._bare.remove(amount)
            self._set_quantity(amount, amount.start, amount.end)
            return
        for index in range(max(noun.head_start - 6, 0), noun.head_start):
            if reading.text_at(index) in _PAIRS and reading.text_at(index + 1) in ("of", "de"):
                self._set_quantity(Amount(2.0, None, index, index + 1), index, index + 1)
                return

    def _is_designation(self, amount: Amount) -> bool:
        """`d6 dice`, `R2 rings`: a number that touches a letter counts nothing."""
        return self._reading.touches(amount.start) and self._reading.at(amount.start - 1).kind == "word"

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
        if noun is None or noun.family in ("", "nut", "bolt"):
            return
        if noun.family == "pen_holder":
            self._read_round(noun)
        for match in SIDES.matches(self._reading):
            is_plain = match.value == (6 if noun.family == "die" else 4) and noun.family in _SQUARE_FAMILIES
            if noun.start <= match.start < noun.end + 3 and not is_plain:
                self._counts.setdefault(
                    "sides", Count("sides", match.value, self._reading.span(match.start, match.end))
                )

    def _read_round(self, noun: Noun) -> None:
        """A round pen holder has no corners; without the word it has six."""
        for index in range(noun.start, noun.end):
            if self._reading.text_at(index) in ROUND:
                self._counts.setdefault("sides", Count("sides", 0, self._reading.span(index, index + 1)))

    def _tell(self, code: str, start: int, end: int) -> None:
        reading = self._reading
        span = reading.span(start, end)
        self._problems.append(problem(code, reading.language, reading.folded.text, span, limit=MAX_QUANTITY))
