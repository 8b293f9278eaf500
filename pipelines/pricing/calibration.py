"""A printer with its weights and its error bands, as a file that a shop keeps: made once by `calibrate`, read at start.

The file holds the printer too, so that a quote needs nothing else: neither the profile nor the slicer.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import ROUND_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

from pipelines.errors import InvalidInput, TooLarge
from pipelines.pricing.printers import FdmPrinter
from pipelines.pricing.weights import Bands, MassWeights, SupportWeights, TimeWeights, Weights
from pipelines.printability.process import BuildVolume

MOST_CHARACTERS: Final = 100_000
_MOST: Final = 1e6  # of any number in the file
_MOST_BAND: Final = Decimal(10)
_PLACES: Final = Decimal("0.001")

# Settings that may be nothing at all; every other number of a printer divides or multiplies.
_MAY_BE_ZERO: Final = frozenset(
    {
        "top_layers",
        "bottom_layers",
        "top_shell_mm",
        "bottom_shell_mm",
        "infill_overlap",
        "islet_mm2",
        "z_lift_mm",
        "retract_mm",
        "min_layer_s",
        "support_spacing_mm",
        "support_interface_layers",
        "support_base_interface_layers",
        "support_interface_spacing_mm",
        "support_gap_mm",
    }
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a slicer's own slices taught about one printer with one profile."""

    name: str  # of the profile
    slicer: str  # name and version
    profile_sha256: str
    slices: int
    made_on: date
    build_volume_mm: BuildVolume
    printer: FdmPrinter
    weights: Weights
    bands: Bands  # of shapes left out of the fit

    def to_toml(self) -> str:
        """The file that `read_calibration` reads."""
        mass, time, supports = self.weights.mass, self.weights.time, self.weights.supports
        lines = [
            "# Made by `moldar calibrate` from a slicer's own slices. Weights are factors: 1 is physics alone.",
            f"name = {_toml(self.name)}",
            f"slicer = {_toml(self.slicer)}",
            f"profile_sha256 = {_toml(self.profile_sha256)}",
            f"slices = {self.slices}",
            f"made_on = {self.made_on.isoformat()}",
            f"build_volume_mm = [{', '.join(map(_toml, self.build_volume_mm))}]",
            f"start_s = {_toml(self.weights.start_s)}",
            *_table("printer", self.printer),
            *_table("mass", mass),
            *_table("time", time),
            *_table("supports", supports),
            "",
            "# Nine in ten prints of shapes that were left out of the fit were this near.",
            *_table("bands", self.bands),
        ]
        return "\n".join(lines) + "\n"


def read_calibration(text: str) -> Calibration:
    """The calibration of a file.

    Args:
        text: As `Calibration.to_toml` writes it.

    Returns:
        The same calibration.

    Raises:
        InvalidInput: It is no such file, lacks or adds a key, or holds a number that no printer has.
        TooLarge: More than 100,000 characters.
    """
    if len(text) > MOST_CHARACTERS:
        raise TooLarge(f"A calibration has at most {MOST_CHARACTERS} characters, got {len(text)}.")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"The calibration is not TOML: {error}.") from error
    top = _record(_Top, document, "")
    weights = Weights(
        _record(MassWeights, top.mass, "mass."),
        _record(TimeWeights, top.time, "time."),
        _record(SupportWeights, top.supports, "supports."),
        top.start_s,
    )
    sides = top.build_volume_mm
    if len(sides) != 3 or not all(isinstance(side, float | int) and 0 < side < _MOST for side in sides):
        raise InvalidInput("The calibration's build_volume_mm must be three positive numbers.")
    printer = _record(FdmPrinter, top.printer, "printer.")
    _check_printer(printer)
    return Calibration(
        name=top.name,
        slicer=top.slicer,
        profile_sha256=top.profile_sha256,
        slices=top.slices,
        made_on=top.made_on,
        build_volume_mm=(float(sides[0]), float(sides[1]), float(sides[2])),
        printer=printer,
        weights=weights,
        bands=_record(Bands, top.bands, "bands."),
    )


@cache
def default_calibration() -> Calibration:
    """The shipped calibration of the generic printer: `profiles/generic_i3.toml`."""
    return read_calibration(files("pipelines.pricing").joinpath("profiles/generic_i3.toml").read_text("utf-8"))


def band_of(share: float) -> Decimal:
    """A share as the file holds it: to the tenth of a percent, never rounded down."""
    return min(Decimal(repr(share)).quantize(_PLACES, ROUND_UP), _MOST_BAND)


@dataclass(frozen=True, slots=True)
class _Top:
    name: str
    slicer: str
    profile_sha256: str
    slices: int
    made_on: date
    build_volume_mm: list[Any]
    start_s: float
    printer: dict[str, Any]
    mass: dict[str, Any]
    time: dict[str, Any]
    supports: dict[str, Any]
    bands: dict[str, Any]


def _table(name: str, record: Any) -> list[str]:
    return ["", f"[{name}]", *(f"{field.name} = {_toml(getattr(record, field.name))}" for field in fields(record))]


def _toml(value: str | float | bool | Decimal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | Decimal):
        escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
    return repr(value)


def _record(kind: type[T], table: Mapping[str, Any], path: str) -> T:
    """A dataclass from a table that must hold exactly its fields."""
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    unknown, missing = sorted(table.keys() - hints.keys()), sorted(hints.keys() - table.keys())
    if unknown or missing:
        wrong = f"does not know {path}{unknown[0][:60]}" if unknown else f"lacks {path}{missing[0]}"
        raise InvalidInput(f"The calibration {wrong}.")
    return kind(**{key: _value(hint, table[key], path + key) for key, hint in hints.items()})


def _value(hint: Any, value: Any, path: str) -> Any:
    if get_origin(hint) is Literal:
        sound = value in get_args(hint)
    elif hint is float:
        sound = type(value) in (int, float) and 0 <= value <= _MOST
        value = float(value) if sound else value
    elif hint is int:
        sound = type(value) is int and 0 <= value <= _MOST
    elif hint is Decimal:
        value = _share(value)
        sound = value is not None
    else:
        sound = type(value) is (get_origin(hint) or hint)
    if not sound:
        raise InvalidInput(f"The calibration's {path} cannot be {str(value)[:40]!r}.")
    return value


def _share(value: Any) -> Decimal | None:
    try:
        share = Decimal(value) if isinstance(value, str) else None
    except ArithmeticError:
        return None
    return share if share is not None and share.is_finite() and 0 <= share <= _MOST_BAND else None


def _check_printer(printer: FdmPrinter) -> None:
    for field in fields(printer):
        value = getattr(printer, field.name)
        number = isinstance(value, float | int) and not isinstance(value, bool)
        if number and not value and field.name not in _MAY_BE_ZERO:
            raise InvalidInput(f"The calibration's printer.{field.name} cannot be 0.")
