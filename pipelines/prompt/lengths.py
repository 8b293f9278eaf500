"""Lengths in a prompt, before they have a name: 12 cm, 2 ft 3 in, 10 to 12 cm, 40x30x20 mm, or a bare 120."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pipelines.prompt.numerals import Numeral, read_numeral
from pipelines.prompt.tokens import Reading
from pipelines.prompt.units import FOREIGN_SUFFIXES, FOREIGN_UNITS, SPELLED, UNITS
from pipelines.prompt.vocabulary_lengths import AXES, INCH_FOLLOWERS

_TIMES: Final = frozenset({"x", "×", "*", "by", "por"})
_TO: Final = frozenset({"-", "to", "a", "ate"})
_BETWEEN: Final = frozenset({"between", "entre"})
_AND: Final = frozenset({"and", "e"})
_CARRIED: Final = frozenset({"with", "has", "having", "on", "and", "its"})
# A larger unit and the smaller one that may follow it in one length: 2 ft 3 in, 1 m 20 cm.
_SMALLER: Final = {"ft": "in", "yd": "ft", "m": "cm"}


@dataclass(frozen=True, slots=True)
class Amount:
    """One number read at tokens `start .. end - 1`; `unit` is `None` where none was written."""

    value: float
    unit: str | None
    start: int
    end: int
    is_article: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """One amount, or several joined by "x"."""

    amounts: tuple[Amount, ...]

    @property
    def start(self) -> int:
        """Its first token."""
        return self.amounts[0].start

    @property
    def end(self) -> int:
        """The token after its last."""
        return self.amounts[-1].end


@dataclass(frozen=True, slots=True)
class Numbers:
    """Every number of a prompt by what it carries: a length, nothing, or a unit that is no length."""

    measures: tuple[Measure, ...]  # with a unit of length, or bare
    foreign: tuple[tuple[int, int], ...]  # tokens start .. end - 1, unit included


def read_numbers(reading: Reading, taken: Mapping[int, int]) -> Numbers:
    """Every number from left to right, stepping over what is `taken` (first token -> the token after)."""
    measures: list[Measure] = []
    foreign: list[tuple[int, int]] = []
    index = 0
    while index < len(reading.tokens):
        if index in taken:
            index = taken[index]
            continue
        foreign_end = _foreign_end(reading, index)
        if foreign_end:
            foreign.append((index, foreign_end))
            index = foreign_end
            continue
        measure = _read_measure(reading, index)
        if measure is not None:
            measures.append(measure)
        index = index + 1 if measure is None else measure.end
    return Numbers(tuple(measures), tuple(foreign))


def _foreign_end(reading: Reading, index: int) -> int:
    """The token after a number with another unit (5 kg, 3 years, 20 %, 30 cm²), 0 if there is none."""
    numeral = read_numeral(reading, index)
    if numeral is None or numeral.is_article:
        return 0
    text = reading.text_at(numeral.end)
    skip = numeral.end + (text == "-")
    if reading.text_at(skip) in FOREIGN_UNITS:
        return skip + 1
    if text in FOREIGN_SUFFIXES and reading.touches(numeral.end):
        return numeral.end + 1
    unit = UNITS.match(reading, skip)
    return _power_end(reading, unit.end) if unit is not None else 0


def _power_end(reading: Reading, index: int) -> int:
    """The token after the mark of an area, a volume or a speed, 0 if there is none."""
    text = reading.text_at(index)
    if text in ("^", "/") and reading.touches(index):
        return index + 2
    if text in ("2", "3") and reading.touches(index):
        return index + 1
    return index + 1 if text in ("quadrados", "cubicos", "squared", "cubed") else 0


def _read_measure(reading: Reading, start: int) -> Measure | None:
    first = _read_amount(reading, start)
    if first is None:
        return None
    amounts = [first]
    while reading.text_at(amounts[-1].end) in _TIMES:
        joint = amounts[-1].end
        if _foreign_end(reading, joint + 1) or (reading.touches(joint) and not reading.touches(joint + 1)):
            break  # "2x 10 cm" counts things
        following = _read_amount(reading, amounts[-1].end + 1)
        if following is None or following.is_article:
            break
        amounts.append(following)
    if len(amounts) == 1:
        return None if first.is_article and first.unit is None else Measure((first,))
    return Measure(_with_shared_unit(amounts))


def _with_shared_unit(amounts: Sequence[Amount]) -> tuple[Amount, ...]:
    """`40x30x20 mm` and `10 by 20 cm`: a bare factor has the unit of the next factor that carries one."""
    shared: list[Amount] = []
    unit = next((amount.unit for amount in reversed(amounts) if amount.unit), None)
    for amount in reversed(amounts):
        unit = amount.unit or unit
        shared.append(replace(amount, unit=unit))
    return tuple(reversed(shared))


def _read_amount(reading: Reading, start: int) -> Amount | None:
    between = reading.text_at(start) in _BETWEEN
    numeral = read_numeral(reading, start + between)
    if numeral is None:
        return None
    ranged = _read_range(reading, numeral, between=between)
    if ranged is not None:
        return replace(ranged, start=start)
    if between:
        return None
    return _with_half_unit(reading, _with_smaller_unit(reading, _with_unit(reading, numeral)))


def _read_range(reading: Reading, low: Numeral, *, between: bool) -> Amount | None:
    """`10-12 cm`, `10 to 12 cm`, `between 10 and 12 cm` is the middle of the range."""
    first = _with_unit(reading, low)
    joint = reading.text_at(first.end)
    if low.is_article or low.value < 0 or joint not in (_AND if between else _TO):
        return None
    high = read_numeral(reading, first.end + 1)
    if high is None or high.is_article:
        return None
    last = _with_unit(reading, high)
    if last.unit is None or (first.unit is not None and first.unit != last.unit):
        return None
    return replace(last, value=(low.value + high.value) / 2.0, start=low.start)


def _with_unit(reading: Reading, numeral: Numeral) -> Amount:
    unit, end = _read_unit(reading, numeral)
    return Amount(numeral.value, unit, numeral.start, end, numeral.is_article)


def _read_unit(reading: Reading, numeral: Numeral) -> tuple[str | None, int]:
    """The unit after a number and the token after it."""
    index = numeral.end
    text = reading.text_at(index)
    if text in ('"', "'", "”") and reading.touches(index):
        double = text == "'" and reading.text_at(index + 1) == "'" and reading.touches(index + 1)
        return ("in", index + 1 + double) if text != "'" or double else ("ft", index + 1)
    index += text == "-"
    match = UNITS.match(reading, index)
    if match is None or (numeral.is_article and reading.text_at(index) not in SPELLED):
        return None, numeral.end
    word = reading.text_at(index)
    if word == "in" and not _is_inch(reading, index):
        return None, numeral.end
    if word == "m" and not reading.touches(index) and _begins_name(reading, index + 1):
        return None, numeral.end
    if match.value == "ft" and word != "ft" and not _is_foot(reading, index):
        return None, numeral.end
    return match.value, match.end


def _begins_name(reading: Reading, index: int) -> bool:
    """Whether the "m" before it is a thread or a module: "4 M6 bolts", "z=24 m=2"."""
    return reading.text_at(index) == "=" or (reading.touches(index) and reading.at(index).kind == "number")


def _is_inch(reading: Reading, index: int) -> bool:
    """`5 in tall` against `5 in blue`: the word is a unit where it touches its number or nothing it governs follows."""
    after = reading.at(index + 1)
    return reading.touches(index) or after.kind != "word" or after.text in INCH_FOLLOWERS


def _is_foot(reading: Reading, index: int) -> bool:
    """Feet may carry a table: "with 4 feet" has no extent after it, "4 feet long" and "2 pés de altura" have."""
    end = index + 1
    end += reading.text_at(end) in ("de", "in", "-")
    if AXES.match(reading, end) is not None or reading.at(index + 1).kind == "number":
        return True
    word = reading.text_at(index)
    return word == "foot" or (word == "feet" and reading.text_at(index - 2) not in _CARRIED)


def _with_smaller_unit(reading: Reading, amount: Amount) -> Amount:
    smaller = _SMALLER.get(amount.unit or "", "")
    index = amount.end + (reading.text_at(amount.end) in _AND)
    numeral = read_numeral(reading, index) if smaller else None
    if numeral is None or numeral.is_article or numeral.value < 0:
        return amount
    inner = _with_unit(reading, numeral)
    if inner.unit != smaller:
        return amount
    ratio = {"in": 12.0, "ft": 3.0, "cm": 100.0}[smaller]
    return replace(amount, value=amount.value + inner.value / ratio, end=inner.end)


def _with_half_unit(reading: Reading, amount: Amount) -> Amount:
    """`uma polegada e meia`, `two inches and a half`."""
    index = amount.end
    if amount.unit is None or reading.text_at(index) not in _AND:
        return amount
    index += 1 + (reading.text_at(index + 1) == "a")
    if reading.text_at(index) not in ("half", "meia", "meio"):
        return amount
    unit_follows = UNITS.match(reading, index + 1) is not None
    return amount if unit_follows else replace(amount, value=amount.value + 0.5, end=index + 1)
