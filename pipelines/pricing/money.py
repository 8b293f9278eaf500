"""Money: exact inside, whole minor units at every border, and written as its reader expects."""

import re
from collections.abc import Mapping
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final, Literal, get_args

from pipelines.errors import InvalidInput

# ISO 4217, list one, active on 2026-01-01: how many decimals the minor unit of a currency has. Funds, metals and
# units of account (CLF, UYI, XDR, XAU, ...) are no price of anything and left out. CLDR, which Babel carries, has
# fewer for currencies whose coins are out of use (IQD, LBP): accounts are still kept in these.
_CODES: Final = MappingProxyType(
    {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
        2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY "
        "COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS "
        "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR "
        "MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
        "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
        3: "BHD IQD JOD KWD LYD OMR TND",
    }
)
MINOR_DIGITS: Final[Mapping[str, int]] = MappingProxyType(
    {code: digits for digits, codes in _CODES.items() for code in codes.split()}
)

# CLDR sets a sign that ends in a letter off from the digits (currencySpacing), which Babel leaves out.
_UNSPACED: Final = re.compile(r"(?<=[A-Za-z])(?=\d)")

Locale = Literal["en", "en_US", "en_GB", "de_DE", "pt", "pt_BR", "pt_PT"]
LOCALES: Final[tuple[Locale, ...]] = get_args(Locale)


def minor_digits(currency: str) -> int:
    """Decimals of a currency's smallest unit: 2 for USD, 0 for JPY, 3 for KWD.

    Raises:
        InvalidInput: ISO 4217 has no such currency.
    """
    if currency not in MINOR_DIGITS:
        raise InvalidInput(f"Unknown currency {currency!r}: it is a code of ISO 4217 such as USD.")
    return MINOR_DIGITS[currency]


def format_money(amount_minor: int, currency: str, locale: str = "en_US") -> str:
    """An amount as a reader of that locale writes it, such as `R$ 12,50` or `$12.50`.

    Args:
        amount_minor: Whole minor units, such as cents; may be negative.
        currency: A code of ISO 4217, which says how many minor units make one.
        locale: One of `LOCALES`; `pt-BR` is read as `pt_BR`.

    Returns:
        Text with the currency's sign; Babel's spacing, which uses no-break spaces.

    Raises:
        InvalidInput: The currency or the locale is unknown, or the amount is not a whole number.
    """
    # Babel reads locale data when imported; only texts for people need it.
    from babel import Locale as BabelLocale  # noqa: PLC0415
    from babel.numbers import parse_pattern  # noqa: PLC0415

    if type(amount_minor) is not int:
        raise InvalidInput(f"Money is counted in whole minor units, got {amount_minor!r}.")
    digits = minor_digits(currency)
    known = locale.replace("-", "_")
    if known not in LOCALES:
        raise InvalidInput(f"Unknown locale {locale!r}: choose one of {', '.join(LOCALES)}.")
    spoken = BabelLocale.parse(known)
    pattern = parse_pattern(spoken.currency_formats["standard"].pattern)
    pattern.frac_prec = (digits, digits)
    text = pattern.apply(Decimal(amount_minor).scaleb(-digits), spoken, currency=currency, currency_digits=False)
    return _UNSPACED.sub("\u00a0", text)


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount in whole units of a currency as its minor units, such as 12.50 USD as 1250.

    Raises:
        InvalidInput: The currency is unknown, or it has no unit that small.
    """
    minor = amount.scaleb(minor_digits(currency))
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise InvalidInput(f"{amount} {currency} is not a whole number of the smallest units of {currency}.")
    return int(minor)


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
