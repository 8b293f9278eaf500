"""What every wire model shares: requests refuse what they do not know, responses ignore it."""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo


class Request(BaseModel):
    """Base of what a caller sends. A misspelt field is refused: it must not be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class Response(BaseModel):
    """Base of what the service answers. It may grow, so a client ignores what it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


def _sound_text(text: str) -> str:
    """`text`, if every UTF-8 store and C string can hold it."""
    if "\0" in text:
        raise ValueError("must not contain NUL")
    # Python's own JSON reader lets a lone "\ud800" through, and it breaks at the first encode, far from the caller.
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must not contain lone surrogates")
    return text


Sound = AfterValidator(_sound_text)
"""Metadata of strings: no NUL, no lone surrogates. It comes last: bounds after it would see text not yet stripped."""


FORM: Final = {"moldar.form": True}
"""Context of `model_validate` for the fields of a form: their numbers are text."""


def _is_number(value: object, info: ValidationInfo) -> object:
    # pydantic would read true as 1 and "12" as 12: JSON Schema calls both wrong. 12.0 is an integer to either.
    refused = bool if info.context == FORM else bool | str | bytes
    if isinstance(value, refused):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic reports ValueError, TypeError it lets through
    return value


JsonNumber = BeforeValidator(_is_number)
"""Metadata of numbers in JSON bodies. Models that are only ever forms do without."""

Count = Annotated[int, Field(ge=0)]
MinorUnits = Annotated[
    int, Field(description="Money in the smallest unit of its currency, such as cents; never a float.")
]
CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217 code.")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 in lower-case hex.")]
Triple = tuple[float, float, float]
Row4 = tuple[float, float, float, float]
Matrix4 = Annotated[tuple[Row4, Row4, Row4, Row4], Field(description="4x4 transform, row by row.")]
