"""Money: exact inside, whole minor units at every border, and written as its reader expects."""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Final, Literal, get_args

from pipelines.errors import InvalidInput

Currency = Literal["USD", "EUR", "BRL"]
CURRENCIES: Final[tuple[Currency, ...]] = get_args(Currency)

Locale = Literal["en", "en_US", "en_GB", "de_DE", "pt", "pt_BR", "pt_PT"]
LOCALES: Final[tuple[Locale, ...]] = get_args(Locale)


def format_money(amount_minor: int, currency: str, locale: str = "en_US") -> str:
    """An amount as a reader of that locale writes it, such as `R$ 12,50` or `$12.50`.

    Args:
        amount_minor: Whole minor units (cents); may be negative.
        currency: USD, EUR or BRL; each has 100 minor units.
        locale: One of `LOCALES`; `pt-BR` is read as `pt_BR`.

    Returns:
        Text with the currency's sign; Babel's spacing, which uses no-break spaces.

    Raises:
        InvalidInput: The currency or the locale is unknown, or the amount is not a whole number.
    """
    # Babel reads locale data when imported; only texts for people need it.
    from babel.numbers import format_currency  # noqa: PLC0415

    if type(amount_minor) is not int:
        raise InvalidInput(f"Money is counted in whole minor units, got {amount_minor!r}.")
    if currency not in CURRENCIES:
        raise InvalidInput(f"Unknown currency {currency!r}: choose one of {', '.join(CURRENCIES)}.")
    known = locale.replace("-", "_")
    if known not in LOCALES:
        raise InvalidInput(f"Unknown locale {locale!r}: choose one of {', '.join(LOCALES)}.")
    return str(format_currency(Decimal(amount_minor) / 100, currency, locale=known))


def rounded(amount: Decimal) -> int:
    """The nearest whole minor unit, halves up."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def apportioned(amounts: tuple[Decimal, ...], total: int) -> tuple[int, ...]:
    """Whole amounts that sum to `total`, each within one of its exact amount, by largest remainders.

    Args:
        amounts: Exact amounts, each >= 0.
        total: Their sum, rounded.

    Returns:
        One whole amount for each. Of equal remainders the earlier gets the unit.
    """
    floors = [int(amount.quantize(Decimal(1), ROUND_FLOOR)) for amount in amounts]
    order = sorted(range(len(amounts)), key=lambda k: (floors[k] - amounts[k], k))
    extra = set(order[: total - sum(floors)])
    return tuple(floor + (k in extra) for k, floor in enumerate(floors))
