"""The reading of a price book: a TOML text in, a price book or one sentence that says where it is wrong out."""

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from pipelines.errors import InvalidInput
from pipelines.pricing.book import PriceBook

_LIMIT_BYTES: Final = 100_000


def read_price_book(text: str | bytes, today: date | None = None) -> PriceBook:
    """The price book written in a TOML text.

    Args:
        text: Layout as in `price_book.toml`, at most 100 kB. Amounts are strings or whole numbers, never floats.
        today: Figures dated more than a day after it are refused, the day being for shops east of here; None lets every
            date be.

    Raises:
        InvalidInput: It is not TOML, a name is unknown or missing, an amount is negative, not finite or a float, the
            margin rises with the quantity, a tier goes the wrong way, a currency has no rate, or a date is to come.
            The sentence names the place; members of lists are counted from 1.
    """
    if len(text) > _LIMIT_BYTES:
        raise InvalidInput(f"A price book has at most {_LIMIT_BYTES} bytes.")
    try:
        book = PriceBook.model_validate(tomllib.loads(text.decode() if isinstance(text, bytes) else text))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"The price book is not TOML: {error}.") from error
    except ValidationError as error:
        raise InvalidInput(_sentence(error)) from error
    for where, dated in _dates(book, ()):
        if today is not None and dated > today + timedelta(days=1):
            raise InvalidInput(f"The price book is wrong at {where}: {dated} is after today, {today}.")
    return book


def _sentence(error: ValidationError) -> str:
    first, *more = error.errors()
    steps = [f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in first["loc"] if step != "[key]"]
    where = "".join(steps).removeprefix(".")[:100]
    reason = {
        "missing": "it is missing",
        "extra_forbidden": "a price book has no such name",
    }.get(first["type"]) or f"{_reason(first['msg'])[:200]}{_got(first)}"
    others = f" ({len(more)} more after it)" if more else ""
    return f"The price book is wrong{f' at {where}' if where else ''}: {reason}{others}."


def _reason(message: str) -> str:
    plain = message.removeprefix("Value error, ")
    return plain[0].lower() + plain[1:]


def _got(found: Any) -> str:
    value = found["input"]
    told = found["type"] == "value_error" or isinstance(value, dict | list | tuple)
    return "" if told else f", got {value!r:.80}"


def _dates(table: BaseModel, path: tuple[str, ...]) -> Iterator[tuple[str, date]]:
    """Every date of the book with its place."""
    for name in type(table).model_fields:
        value = getattr(table, name)
        if isinstance(value, date):
            yield ".".join((*path, name)), value
        elif isinstance(value, BaseModel):
            yield from _dates(value, (*path, name))
        elif name == "materials":
            for key, entry in value.items():
                yield from _dates(entry, (*path, name, key))


@cache
def default_price_book() -> PriceBook:
    """The book that ships with the package."""
    return read_price_book(files("pipelines.pricing").joinpath("price_book.toml").read_bytes())
