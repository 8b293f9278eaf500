"""Numbers as people write them: 12,5 · 1.234,5 · 1 1/2 · ½ · doze · half · 10^9 · two and a half."""

import re
from dataclasses import dataclass
from typing import Final

from pipelines.prompt.tokens import Reading
from pipelines.prompt.types import Language

_UNITS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
    "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8, "nove": 9,
    "dez": 10, "onze": 11, "doze": 12, "treze": 13, "catorze": 14, "quatorze": 14, "quinze": 15, "dezesseis": 16,
    "dezassete": 17, "dezessete": 17, "dezoito": 18, "dezenove": 19,
}  # fmt: skip
_TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50, "sessenta": 60, "setenta": 70, "oitenta": 80,
    "noventa": 90,
}  # fmt: skip
_HUNDREDS: Final = {
    "cem": 100, "cento": 100, "duzentos": 200, "duzentas": 200, "trezentos": 300, "trezentas": 300,
    "quatrocentos": 400, "quinhentos": 500, "quinhentas": 500,
}  # fmt: skip
_SCALES: Final = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "milhao": 1e6, "milhoes": 1e6, "bilhao": 1e9,
    "bilhoes": 1e9, "dozen": 12.0, "duzia": 12.0, "duzias": 12.0,
}  # fmt: skip
_ONES: Final = {"a", "an", "one", "um", "uma"}
_HALVES: Final = {"half", "meia", "meio"}
_QUARTERS: Final = {"quarter", "quarters", "quarto", "quartos"}
_JOINTS: Final = {"and", "e", "-"}
_NOT_FINITE: Final = {"infinity", "infinite", "inf", "nan", "infinito", "infinita"}
_NEGATIVE: Final = {"minus", "negative", "menos", "negativo", "negativa"}
NUMBER_WORDS: Final = frozenset(_UNITS) | frozenset(_TENS) | frozenset(_HUNDREDS) | frozenset(_SCALES)
# More digits than a double holds say nothing; the cut keeps int() and float() away from absurd lengths.
_MAX_DIGITS: Final = 400
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number read at tokens `start .. end - 1`; `is_article` when only "a" or "um" stands there."""

    value: float
    start: int
    end: int
    is_article: bool = False


def parse_digits(text: str, language: Language) -> float | None:
    """The value of digits with separators, `None` when they are no number ("3,5,7").

    With both separators the last one is the decimal one. A single separator before exactly three digits is read by the
    language: 1.500 is one and a half in English, fifteen hundred in Portuguese.
    """
    if len(text) > _MAX_DIGITS:
        return float("inf")
    decimal = _decimal_separator(text, language)
    whole, _, fraction = text.rpartition(decimal) if decimal and decimal in text else (text, "", "")
    if ("." in whole or "," in whole) and not _GROUPED.fullmatch(whole):
        return None
    return float(f"{whole.replace('.', '').replace(',', '') or '0'}.{fraction or '0'}")


def _decimal_separator(text: str, language: Language) -> str:
    commas, dots = text.count(","), text.count(".")
    if commas and dots:
        return "," if text.rfind(",") > text.rfind(".") else "."
    if commas + dots != 1:
        return ""
    separator = "," if commas else "."
    if not _GROUPED.fullmatch(text) or text.startswith("0"):
        return separator
    return "," if language == "pt" else "."


def read_numeral(reading: Reading, start: int) -> Numeral | None:
    """The longest number that begins at token `start`, sign included."""
    token = reading.at(start)
    if token.kind == "number":
        return _read_digits(reading, start)
    if token.text in ("-", "+"):
        return _read_signed(reading, start)
    if token.kind != "word":
        return None
    if token.text in _NEGATIVE:
        inner = read_numeral(reading, start + 1) if reading.at(start + 1).kind == "number" else None
        return None if inner is None else Numeral(-inner.value, start, inner.end)
    if token.text in _NOT_FINITE:
        return Numeral(float("nan"), start, start + 1)
    return _read_words(reading, start)


def _read_signed(reading: Reading, start: int) -> Numeral | None:
    """A sign belongs to the number it touches, unless it also touches what is before it: "10-20", "5-inch"."""
    if reading.at(start + 1).kind != "number" or not reading.touches(start + 1):
        return None
    if reading.touches(start) and reading.text_at(start - 1) not in (":", "=", "(", ",", "~"):
        return None
    inner = _read_digits(reading, start + 1)
    sign = -1.0 if reading.text_at(start) == "-" else 1.0
    return None if inner is None else Numeral(sign * inner.value, start, inner.end)


def _read_digits(reading: Reading, start: int) -> Numeral | None:
    if _is_ratio(reading, start):
        return None
    value = parse_digits(reading.text_at(start), reading.language)
    if value is None:
        return None
    fraction = _read_fraction(reading, start)
    if fraction is not None:
        return fraction
    mixed = _read_fraction(reading, start + 1 + (reading.text_at(start + 1) == "-"))
    if mixed is not None and value.is_integer() and 0.0 < mixed.value < 1.0:
        return Numeral(value + mixed.value, start, mixed.end)
    value, end = _read_exponent(reading, start, value)
    scale = _SCALES.get(reading.text_at(end))
    if reading.text_at(end) == "mil" and reading.language == "pt":
        scale = 1e3
    if scale is not None:
        return Numeral(value * scale, start, end + 1)
    return _with_half(reading, Numeral(value, start, end))


def _is_ratio(reading: Reading, start: int) -> bool:
    """Scales, times and dates: 16:9, 1:10, 2024/12/01."""
    after = reading.text_at(start + 1) == ":" and reading.touches(start + 1) and reading.touches(start + 2)
    before = reading.text_at(start - 1) == ":" and reading.touches(start) and reading.touches(start - 1)
    return (after and reading.at(start + 2).kind == "number") or (before and reading.at(start - 2).kind == "number")


def _read_fraction(reading: Reading, start: int) -> Numeral | None:
    """`1/2`, both integers, the sign touching both, and not part of a date."""
    above, below = reading.at(start), reading.at(start + 2)
    if above.kind != "number" or below.kind != "number" or reading.text_at(start + 1) != "/":
        return None
    if not (reading.touches(start + 1) and reading.touches(start + 2)):
        return None
    if "/" in (reading.text_at(start + 3), reading.text_at(start - 1)) or max(len(above.text), len(below.text)) > 4:
        return None
    if not (above.text.isdigit() and below.text.isdigit()) or int(below.text) == 0:
        return None
    return Numeral(int(above.text) / int(below.text), start, start + 3)


def _read_exponent(reading: Reading, start: int, value: float) -> tuple[float, int]:
    """`10^9`, `10⁹` and `1e3`; the value and the token after it."""
    index = start + 1
    digits = ""
    while reading.text_at(index) == "^" and reading.at(index + 1).text.isdigit() and reading.touches(index):
        digits += reading.text_at(index + 1)
        index += 2
    if digits:
        return _power(value, int(digits[:4])), index
    if reading.text_at(index) == "e" and reading.touches(index) and reading.touches(index + 1):
        sign = reading.text_at(index + 1) in ("-", "+")
        exponent = reading.at(index + 1 + sign)
        if exponent.text.isdigit():
            power = int(exponent.text[:4]) * (-1 if reading.text_at(index + 1) == "-" else 1)
            return value * _power(10.0, power), index + 2 + sign
    return value, start + 1


def _power(base: float, exponent: int) -> float:
    try:
        return base**exponent
    except OverflowError:
        return float("inf")


def _with_half(reading: Reading, numeral: Numeral) -> Numeral:
    """`two and a half`, `dois e meio`."""
    index = numeral.end
    if reading.text_at(index) in ("and", "e"):
        index += 1 + (reading.text_at(index + 1) == "a")
        if reading.text_at(index) in _HALVES:
            return Numeral(numeral.value + 0.5, numeral.start, index + 1)
    return numeral


def _read_words(reading: Reading, start: int) -> Numeral | None:
    part = _read_part(reading, start)
    if part is not None:
        return part
    text = reading.text_at(start)
    if text in ("dozen", "duzia", "duzias"):
        return Numeral(12.0, start, start + 1)
    total = _read_cardinal(reading, start)
    if total is None and text in _ONES:
        total = Numeral(1.0, start, start + 1, is_article=text != "one")
    if total is None:
        return None
    scale = _SCALES.get(reading.text_at(total.end))
    if scale is not None:
        return Numeral(total.value * scale, start, total.end + 1)
    return _with_half(reading, total)


def _read_part(reading: Reading, start: int) -> Numeral | None:
    """`half an`, `half a dozen`, `meia dúzia`, `a quarter of an`, `three quarters of an`, `um quarto de`."""
    article = reading.text_at(start) in ("a", "an") and reading.text_at(start + 1) in _HALVES
    index = start + article
    if reading.text_at(index) in _HALVES:
        end = index + 1 + (reading.text_at(index + 1) in ("a", "an", "-", "of"))
        if reading.text_at(end) in ("dozen", "duzia"):
            return Numeral(6.0, start, end + 1)
        return Numeral(0.5, start, end)
    many = 1 if reading.text_at(start) in _ONES else _UNITS.get(reading.text_at(start), 0)
    quarter = start + (many > 0)
    if reading.text_at(quarter) not in _QUARTERS:
        return None
    end = quarter + 1
    while reading.text_at(end) in ("of", "de", "a", "an"):
        end += 1
    return Numeral((many or 1) / 4.0, start, end)


def _read_cardinal(reading: Reading, start: int) -> Numeral | None:
    """Hundreds, tens and units that follow each other downwards: `cento e vinte e cinco`, `twenty-five`."""
    total, room, index = 0, 1000, start
    end = start
    while True:
        text = reading.text_at(index)
        value = _HUNDREDS.get(text) or _TENS.get(text) or _UNITS.get(text)
        if text == "zero" and end == start:
            return Numeral(0.0, start, start + 1)
        if value is None or value >= room:
            break
        total, room = total + value, 100 if value >= 100 else 10 if value >= 20 else 1
        end = index + 1
        index = end + (reading.text_at(end) in _JOINTS)
    return Numeral(float(total), start, end) if end > start else None
