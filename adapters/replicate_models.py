"""The models of replicate.com as data: `replicate_models.toml`, checked when it is read."""

import re
import tomllib
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.errors import InvalidInput

Makes = Literal["shape", "picture", "weights"]
Kind = Literal["splats.ply", "glb", "obj", "png", "webp", "jpg"]
InputName = Literal[
    "image", "images", "prompt", "negative_prompt", "seed", "steps", "guidance_scale",
    "photos", "learning_rate", "batch_size", "resolution", "trigger_word",
]  # fmt: skip
Scalar = bool | int | float | str
Value = Scalar | list[str]
TABLE: Final = Path(__file__).with_name("replicate_models.toml")
MICROS: Final = Decimal(1_000_000)
_REF: Final = r"^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*$"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class HostedModel(_Row):
    """One model: how it is asked, what is taken of its answer, and what it costs."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$")
    ref: str = Field(pattern=_REF)
    version: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="None: an official model, run by name.")
    makes: Makes
    takes: tuple[Kind, ...] = Field(description="Of the files that come out, the first kind that is there.")
    hardware: str | None = None
    usd_per_s: Decimal | None = Field(None, gt=0, description="Filled in from the hardware.")
    usd_each: Decimal | None = Field(None, gt=0, description="For each output, where time is not what is paid.")
    p95_s: float = Field(gt=0, le=1800)
    licence: Literal["commercial", "restricted", "non_commercial"]
    like: str | None = Field(None, description="Of a trainer: the model whose input its products take.")
    from_text: str | None = Field(None, description="The model that makes its picture where only words are given.")
    inputs: dict[InputName, str]
    needs: tuple[InputName, ...]
    fixed: dict[str, Scalar] = Field(default_factory=dict)
    limits: dict[InputName, tuple[float, float]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agrees(self) -> "HostedModel":
        if (self.usd_per_s is None) == (self.usd_each is None):
            raise ValueError(f"{self.name}: exactly one of hardware and usd_each prices it")
        if unknown := {*self.needs, *self.limits} - self.inputs.keys():
            raise ValueError(f"{self.name}: {sorted(unknown)} are no inputs of it")
        if twice := set(self.inputs.values()) & self.fixed.keys():
            raise ValueError(f"{self.name}: {sorted(twice)} are fixed, and inputs too")
        if not self.takes and self.makes != "weights":
            raise ValueError(f"{self.name}: nothing of its output is taken")
        return self

    def fields(self, given: Mapping[InputName, Value | None]) -> dict[str, Value]:
        """The input that is sent: what is given under the model's own names, numbers held to its limits.

        Raises:
            InvalidInput: it cannot be asked without something that is lacking.
        """
        if lacking := [name for name in self.needs if given.get(name) is None]:
            raise InvalidInput(f"The model {self.name!r} cannot be asked without {' and '.join(lacking)}.")
        return {**self.fixed, **self.given(given)}

    def given(self, given: Mapping[InputName, Value | None]) -> dict[str, Value]:
        """As `fields`, without what is fixed and without asking whether all is there."""
        here = {name: value for name, value in given.items() if value is not None and name in self.inputs}
        return {self.inputs[name]: self._within(name, value) for name, value in here.items()}

    def _within(self, name: InputName, value: Value) -> Value:
        if name not in self.limits or isinstance(value, str | list | bool):
            return value
        low, high = self.limits[name]
        if name == "seed":  # folded, not clamped: all large seeds would become the same one
            return int(low) + int(value - low) % int(high - low + 1)
        return type(value)(min(max(value, low), high))

    def bound_micros(self, seconds: float) -> int:
        """The most it can cost, in millionths of a US dollar, when it is stopped after `seconds`."""
        return self.cost_micros(Decimal(str(seconds)), outputs=1)

    def longest_s(self, micros: int) -> float:
        """For how long it may run for so much."""
        if self.usd_per_s is None:
            return float("inf") if self.bound_micros(0) <= micros else 0.0
        return float(Decimal(micros) / (self.usd_per_s * MICROS))

    def cost_micros(self, seconds: Decimal, outputs: int) -> int:
        """What it cost, rounded up to a millionth of a US dollar."""
        usd = self.usd_per_s * seconds if self.usd_per_s is not None else (self.usd_each or Decimal(0)) * outputs
        return int((usd * MICROS).to_integral_value(ROUND_CEILING))


class Models:
    """The table."""

    def __init__(self, rows: tuple[HostedModel, ...], prices_as_of: str) -> None:
        self._rows = {row.name: row for row in rows}
        self.prices_as_of = prices_as_of

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the table's order."""
        return tuple(self._rows)

    def get(self, name: str) -> HostedModel:
        """One model. Raises InvalidInput."""
        if name not in self._rows:
            raise InvalidInput(f"Replicate has no model {name!r} here; {', '.join(self._rows)} are known.")
        return self._rows[name]

    def trained(self, trainer: str, name: str, made: str) -> "Models":
        """The table with what a training made, under `name`; it takes pictures' words as the model it grew from.

        Args:
            trainer: The model that was trained with.
            name: A new one.
            made: `jobs.hosted.Progressed.made`.

        Raises:
            InvalidInput: no such trainer, a name that is taken or none, or no version.
        """
        row = self.get(trainer)
        ref, _, version = made.partition(":")
        if row.like is None or name in self._rows:
            raise InvalidInput(f"The model {trainer!r} makes no model called {name!r}.")
        changes = {"name": name, "ref": ref, "version": version, "hardware": row.hardware, "usd_per_s": row.usd_per_s}
        try:
            grown = HostedModel.model_validate({**self.get(row.like).model_dump(), **changes, "usd_each": None})
        except ValidationError as error:
            raise InvalidInput(f"Neither {name!r} nor {made!r} names a trained model.") from error
        return Models((*self._rows.values(), grown), self.prices_as_of)

    def steps(self, name: str, *, has_image: bool) -> tuple[HostedModel, ...]:
        """The models to run one after the other: a picture first where the model wants one and only words are given.

        Raises:
            InvalidInput: no such model, or no way from words to it.
        """
        model = self.get(name)
        wants_image = bool({"image", "images"} & set(model.needs))
        if has_image or not wants_image:
            return (model,)
        if model.from_text is None:
            raise InvalidInput(f"The model {name!r} needs a picture.")
        return (self.get(model.from_text), model)


@cache
def shipped_models() -> Models:
    """The table that ships."""
    return read_models(TABLE.read_text(encoding="utf-8"))


def read_models(text: str) -> Models:
    """A table of models.

    Raises:
        ValueError: the sentence names the row and what is wrong with it.
    """
    table = tomllib.loads(text, parse_float=float)
    try:
        prices = {sku: Decimal(usd) for sku, usd in table["prices"]["usd_per_s"].items()}
        rows = tuple(HostedModel.model_validate(_priced(row, prices)) for row in table["models"])
        as_of = table["prices"]["as_of"].isoformat()
    except (KeyError, AttributeError, TypeError, InvalidOperation) as error:
        raise ValueError(f"the table of models lacks something or has it in the wrong form: {error!r}") from error
    except ValidationError as error:
        raise ValueError(f"the table of models is wrong: {error}") from error
    return _consistent(Models(rows, as_of), rows)


def _priced(row: dict[str, Any], prices: Mapping[str, Decimal]) -> dict[str, Any]:
    hardware = row.get("hardware")
    return row if hardware is None else {**row, "usd_per_s": prices[hardware]}


def _consistent(models: Models, rows: tuple[HostedModel, ...]) -> Models:
    if len(models.names) != len(rows):
        raise ValueError("two models have one name")
    for row in rows:
        if row.from_text is not None and (
            row.from_text not in models.names or models.get(row.from_text).makes != "picture"
        ):
            raise ValueError(f"{row.name}: {row.from_text!r} is no model that makes pictures")
        if (row.makes == "weights") != (row.like in models.names):
            raise ValueError(f"{row.name}: a trainer, and nothing else, says which model its products are like")
    return models


def misfits(model: HostedModel, openapi_schema: Mapping[str, Any]) -> tuple[str, ...]:
    """What in the mapping does not fit the schema that the host publishes for the version; empty where all fits."""
    try:
        schemas = openapi_schema["components"]["schemas"]
        asked = schemas["TrainingInput" if model.makes == "weights" else "Input"]
        properties: Mapping[str, Any] = asked["properties"]
    except (KeyError, TypeError):
        return ("the version publishes no schema of its input",)
    sent = {*model.inputs.values(), *model.fixed}
    sure = {*(model.inputs[name] for name in model.needs), *model.fixed}
    unknown = [f"it has no input {name!r}" for name in sorted(sent - properties.keys())]
    lacking = [f"it requires {name!r}" for name in sorted(set(asked.get("required", ())) - sure)]
    wrong = [
        f"{name!r} cannot be {value!r}"
        for name, value in sorted(model.fixed.items())
        if name in properties and not _takes(properties[name], schemas, value)
    ]
    narrow = [
        f"{field!r} goes from {low:g} to {high:g}"
        for name, field in sorted(model.inputs.items())
        if (low := properties.get(field, {}).get("minimum", float("-inf")))
        <= (high := properties.get(field, {}).get("maximum", float("inf")))
        and name in model.limits
        and not (low <= model.limits[name][0] and model.limits[name][1] <= high)
    ]
    return (*unknown, *lacking, *wrong, *narrow)


def _takes(field: Mapping[str, Any], schemas: Mapping[str, Any], value: Scalar) -> bool:
    """Whether a fixed value is among a field's choices, which stand in a schema of their own, and in its limits."""
    for part in (field, *field.get("allOf", ())):
        named = schemas.get(str(part.get("$ref", "")).rpartition("/")[2], part)
        if "enum" in named and value not in named["enum"]:
            return False
    if isinstance(value, bool | str):
        return True
    return bool(field.get("minimum", value) <= value <= field.get("maximum", value))


def is_ref(text: str) -> bool:
    """Whether it is `owner/name`."""
    return re.fullmatch(_REF, text) is not None
