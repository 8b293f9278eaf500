"""Money as it is written, and as it is shared out."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import InvalidInput
from pipelines.pricing import format_money
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
