"""Money as it is written, and as it is shared out."""

from decimal import Decimal
from fractions import Fraction

import pytest
from babel.numbers import format_currency, get_currency_precision, list_currencies
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import InvalidInput
from pipelines.pricing import LOCALES, MINOR_DIGITS, format_money, minor_digits, to_minor
from pipelines.pricing.money import apportioned, rounded


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        (123456, "USD", "en_US", "$1,234.56"),
        (123456, "EUR", "de_DE", "1.234,56\u00a0€"),
        (123456, "BRL", "pt_BR", "R$\u00a01.234,56"),
        (123456, "BRL", "pt-BR", "R$\u00a01.234,56"),
        (5, "USD", "en", "$0.05"),
        (-250, "USD", "en_US", "-$2.50"),
        (0, "EUR", "en_GB", "€0.00"),
        (123456, "JPY", "en_US", "¥123,456"),
        (123456, "KWD", "en_US", "KWD\u00a0123.456"),
        (123400, "IQD", "en_US", "IQD\u00a0123.400"),  # its coins are out of use: CLDR shows none of its decimals
        (123456, "GBP", "pt_BR", "£\u00a01.234,56"),
    ],
)
def test_money_is_written_as_its_reader_expects(amount: int, currency: str, locale: str, text: str) -> None:
    assert format_money(amount, currency, locale) == text


@pytest.mark.parametrize(
    ("amount", "currency", "locale"),
    [(100, "XXX", "en_US"), (100, "USD", "tlh"), (100, "USD", ""), (1.5, "USD", "en_US"), (True, "USD", "en_US")],
)
def test_what_is_no_money_is_refused(amount: int, currency: str, locale: str) -> None:
    with pytest.raises(InvalidInput):
        format_money(amount, currency, locale)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("amount", [0, 7, -1999, 123456789])
def test_money_is_written_as_babel_does_where_both_count_alike(amount: int, locale: str) -> None:
    for code, digits in MINOR_DIGITS.items():
        if digits == get_currency_precision(code):
            expected = format_currency(Decimal(amount).scaleb(-digits), code, locale=locale)
            assert format_money(amount, code, locale).replace("\u00a0", "") == expected.replace("\u00a0", "")


# Where CLDR counts fewer decimals than ISO 4217: their coins are out of use, their accounts are not.
_COINLESS = {"AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"}


def test_minor_units_are_those_of_the_world_but_for_coins_out_of_use() -> None:
    other = {code for code, digits in MINOR_DIGITS.items() if digits != get_currency_precision(code)}
    assert other == _COINLESS
    assert set(MINOR_DIGITS) <= list_currencies()
    assert {"USD", "EUR", "BRL", "GBP", "JPY", "CHF", "INR", "CNY", "KRW", "KWD"} <= set(MINOR_DIGITS)


def test_an_amount_becomes_whole_minor_units_or_is_refused() -> None:
    assert to_minor(Decimal("12.5"), "USD") == 1250
    assert to_minor(Decimal("12.5"), "KWD") == 12500
    assert to_minor(Decimal(1200), "JPY") == 1200
    for amount, code in ((Decimal("12.505"), "USD"), (Decimal("12.5"), "JPY"), (Decimal("NaN"), "USD")):
        with pytest.raises(InvalidInput, match="smallest units"):
            to_minor(amount, code)
    with pytest.raises(InvalidInput, match="ISO 4217"):
        minor_digits("usd")


def test_halves_go_up() -> None:
    assert [rounded(Decimal(text)) for text in ("0.5", "1.5", "2.5", "2.49")] == [1, 2, 3, 2]


def test_the_largest_remainders_get_the_missing_units() -> None:
    assert apportioned((Decimal("1.4"), Decimal("2.4"), Decimal("3.2")), 7) == (2, 2, 3)
    assert apportioned((Decimal("0.3"), Decimal("0.9"), Decimal("0.8")), 2) == (0, 1, 1)


@given(st.lists(st.decimals(0, 10**6, places=6), min_size=1, max_size=10).map(tuple))
def test_shares_sum_to_the_total_and_are_within_one(exact: tuple[Decimal, ...]) -> None:
    total = rounded(sum(exact, Decimal(0)))
    whole = apportioned(exact, total)
    assert sum(whole) == total
    assert all(abs(Fraction(amount) - n) < 1 for amount, n in zip(exact, whole, strict=True))
