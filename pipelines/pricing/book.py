"""The price book: everything a shop decides about prices, in one file."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.errors import InvalidInput
from pipelines.pricing.materials import MATERIALS, MaterialName
from pipelines.pricing.money import Currency

_LIMIT_BYTES: Final = 100_000


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# Strings only: a float in the file has already lost its last digit.
_Amount = Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
_Share = Annotated[Decimal, Field(ge=0, le=10, allow_inf_nan=False)]
_Rate = Annotated[Decimal, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


class Machine(_Table):
    """Cost of an hour of each machine, and of a kilowatt-hour."""

    fdm_hour: _Amount
    resin_hour: _Amount
    energy_kwh: _Amount


class PostProcessing(_Table):
    """Labour for each part, and for each cm^3 of support that comes off it."""

    fdm_part: _Amount
    resin_part: _Amount
    support_removal_cm3: _Amount


class Failure(_Table):
    """Share of a print that is made twice, by the verdict of its report."""

    ok: _Share
    warning: _Share
    error: _Share


class MarginTier(_Table):
    """Margin on the cost of each unit from `from_unit` on."""

    from_unit: Annotated[int, Field(ge=1)]
    share: _Share


class Rates(_Table):
    """Units of each currency for one unit of the book's, set by the shop on a day. No bank's, and not live."""

    set_on: date
    USD: _Rate
    EUR: _Rate
    BRL: _Rate


class _File(_Table):
    currency: Currency
    valid_days: Annotated[int, Field(ge=1, le=365)]
    minimum_order: _Amount
    setup_per_order: _Amount
    machine: Machine
    post_processing: PostProcessing
    failure: Failure
    margin: Annotated[tuple[MarginTier, ...], Field(min_length=1, max_length=50)]
    rates: Rates
    material_price_per_kg: dict[MaterialName, _Amount] = {}


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Prices in whole units of `currency`, all exact."""

    currency: Currency
    valid_days: int
    minimum_order: Decimal
    setup_per_order: Decimal
    machine: Machine
    post_processing: PostProcessing
    failure: Failure
    margin: tuple[MarginTier, ...]  # by from_unit, the first at 1, shares not rising
    rates: Rates
    material_price_per_kg: Mapping[MaterialName, Decimal]

    def rate(self, currency: Currency) -> Decimal:
        """Units of `currency` for one unit of the book's."""
        rates: Mapping[Currency, Decimal] = {"USD": self.rates.USD, "EUR": self.rates.EUR, "BRL": self.rates.BRL}
        return rates[currency] / rates[self.currency]

    def price_per_kg(self, material: MaterialName) -> Decimal:
        """The book's own price, or the material table's converted from dollars."""
        own = self.material_price_per_kg.get(material)
        return own if own is not None else MATERIALS[material].price_per_kg_minor / 100 / self.rate("USD")


def read_price_book(text: str | bytes) -> PriceBook:
    """The price book written in a TOML text.

    Args:
        text: Layout as in `price_book.toml`; amounts are strings, at most 100 kB.

    Raises:
        InvalidInput: It is not TOML, a name is unknown or missing, an amount is negative, not finite or a float, or
            the margin rises with the quantity.
    """
    if len(text) > _LIMIT_BYTES:
        raise InvalidInput(f"A price book has at most {_LIMIT_BYTES} bytes.")
    try:
        tables = tomllib.loads(text.decode() if isinstance(text, bytes) else text)
        read = _File.model_validate(_refusing_floats(tables))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The price book is not TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"The price book is wrong at {where}: {first['msg']}.") from error
    _check_tiers(read.margin)
    return PriceBook(
        currency=read.currency,
        valid_days=read.valid_days,
        minimum_order=read.minimum_order,
        setup_per_order=read.setup_per_order,
        machine=read.machine,
        post_processing=read.post_processing,
        failure=read.failure,
        margin=read.margin,
        rates=read.rates,
        material_price_per_kg=MappingProxyType(dict(read.material_price_per_kg)),
    )


def _refusing_floats(value: object) -> object:
    if isinstance(value, float):
        raise InvalidInput(f"The price book writes amounts as strings, got the float {value!r}.")
    inside: Iterable[object] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inside:
        _refusing_floats(part)
    return value


def _check_tiers(tiers: tuple[MarginTier, ...]) -> None:
    starts = [tier.from_unit for tier in tiers]
    if starts[0] != 1 or any(a >= b for a, b in pairwise(starts)):
        raise InvalidInput("The margin tiers of the price book must begin at unit 1 and go up.")
    if any(a.share < b.share for a, b in pairwise(tiers)):
        raise InvalidInput("The margin of the price book must not rise with the quantity.")


@cache
def default_price_book() -> PriceBook:
    """The book that ships with the package."""
    return read_price_book(files("pipelines.pricing").joinpath("price_book.toml").read_bytes())
