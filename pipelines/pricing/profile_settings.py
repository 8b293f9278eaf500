"""The text of a PrusaSlicer profile as settings: which are known, what they may hold, and what is missing.

Source:
    PrusaSlicer 2.5 `PrintConfig.cpp` for names, defaults and percentages; `Config.cpp` for the file's form.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import Final

from pipelines.errors import InvalidInput, TooLarge

MOST_CHARACTERS: Final = 1_000_000  # the largest full export met holds 30,000, most of it start code

_LINE: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(%?)")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ufffd]")


@dataclass(frozen=True, slots=True)
class Known:
    """One setting: what the slicer takes where the profile is silent, and what is sane."""

    default: str
    least: float
    most: float


def _knowns(default: str, least: float, most: float, *keys: str) -> dict[str, Known]:
    return dict.fromkeys(keys, Known(default, least, most))


NUMBERS: Final[Mapping[str, Known]] = MappingProxyType(
    {
        "layer_height": Known("0.3", 0.01, 2),
        "first_layer_height": Known("0.35", 0.01, 2),
        "nozzle_diameter": Known("0.4", 0.05, 3),
        **_knowns(
            "0",
            0,
            6,
            "extrusion_width",
            "perimeter_extrusion_width",
            "external_perimeter_extrusion_width",
            "infill_extrusion_width",
            "solid_infill_extrusion_width",
            "top_infill_extrusion_width",
            "support_material_extrusion_width",
        ),
        "first_layer_extrusion_width": Known("200%", 0, 6),
        "extrusion_multiplier": Known("1", 0.1, 2),
        "perimeters": Known("3", 0, 100),
        **_knowns("3", 0, 1000, "top_solid_layers", "bottom_solid_layers"),
        **_knowns("0", 0, 100, "top_solid_min_thickness", "bottom_solid_min_thickness"),
        "fill_density": Known("20%", 0, 1),
        "infill_overlap": Known("25%", 0, 1),
        "solid_infill_below_area": Known("70", 0, 1e6),
        "bridge_flow_ratio": Known("1", 0.1, 2),
        "perimeter_speed": Known("60", 0, 2000),
        "external_perimeter_speed": Known("50%", 0, 2000),
        "small_perimeter_speed": Known("15", 0, 2000),
        "infill_speed": Known("80", 0, 2000),
        "solid_infill_speed": Known("20", 0, 2000),
        "top_solid_infill_speed": Known("15", 0, 2000),
        "bridge_speed": Known("60", 0, 2000),
        "support_material_speed": Known("60", 0, 2000),
        "support_material_interface_speed": Known("100%", 0, 2000),
        "first_layer_speed": Known("30", 0, 2000),
        "travel_speed": Known("130", 1, 2000),
        "travel_speed_z": Known("0", 0, 2000),
        "max_print_speed": Known("80", 1, 2000),
        **_knowns("0", 0, 1000, "max_volumetric_speed", "filament_max_volumetric_speed"),
        **_knowns(
            "0",
            0,
            100_000,
            "default_acceleration",
            "perimeter_acceleration",
            "infill_acceleration",
            "bridge_acceleration",
            "first_layer_acceleration",
        ),
        **_knowns("1500", 1, 1e6, "machine_max_acceleration_extruding", "machine_max_acceleration_retracting"),
        **_knowns("9000", 1, 1e6, "machine_max_acceleration_x", "machine_max_acceleration_y"),
        "machine_max_acceleration_z": Known("500", 1, 1e6),
        **_knowns("500", 1, 1e5, "machine_max_feedrate_x", "machine_max_feedrate_y"),
        "machine_max_feedrate_z": Known("12", 0.1, 1e5),
        **_knowns("10", 0.01, 1000, "machine_max_jerk_x", "machine_max_jerk_y"),
        "machine_max_jerk_z": Known("0.2", 0.01, 1000),
        "retract_length": Known("2", 0, 100),
        "retract_speed": Known("40", 0.1, 1000),
        "deretract_speed": Known("0", 0, 1000),
        "retract_lift": Known("0", 0, 100),
        "slowdown_below_layer_time": Known("5", 0, 10_000),
        "min_print_speed": Known("10", 0.1, 1000),
        "support_material_spacing": Known("2.5", 0, 100),
        "support_material_interface_layers": Known("3", 0, 100),
        "support_material_bottom_interface_layers": Known("-1", -1, 100),
        "support_material_interface_spacing": Known("0", 0, 100),
        "support_material_contact_distance": Known("0.2", 0, 10),
        "support_material_threshold": Known("0", 0, 90),
        "filament_diameter": Known("1.75", 0.5, 5),
        "filament_density": Known("0", 0, 25),
        "filament_cost": Known("0", 0, 1e6),
        "max_print_height": Known("200", 1, 10_000),
        "raft_layers": Known("0", 0, 100),
        "brim_width": Known("0", 0, 100),
        "infill_every_layers": Known("1", 1, 1000),
        "solid_infill_every_layers": Known("0", 0, 10_000),
        "xy_size_compensation": Known("0", -10, 10),
    }
)

FLAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ensure_vertical_shell_thickness": "0",
        "thick_bridges": "1",
        "cooling": "1",
        "retract_layer_change": "0",
        "support_material_with_sheath": "1",
        "dont_support_bridges": "1",
        "spiral_vase": "0",
        "ironing": "0",
    }
)

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "printer_technology": "FFF",
        "fill_pattern": "stars",
        "machine_limits_usage": "time_estimate_only",
        "fuzzy_skin": "none",
        "support_material_pattern": "rectilinear",
        "support_material_style": "grid",
        "bed_shape": "0x0,200x0,200x200,0x200",
        "printer_settings_id": "",
        "print_settings_id": "",
        "printer_model": "",
    }
)


class Settings:
    """The settings of one profile. What it is asked for and does not hold is remembered."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._missing: dict[str, None] = {}

    @property
    def missing(self) -> tuple[str, ...]:
        """Settings that were taken from the slicer's defaults, in the order they were asked for."""
        return tuple(self._missing)

    def has(self, key: str) -> bool:
        """Whether the profile says anything of the setting."""
        return bool(self._values.get(key))

    def number(self, key: str, whole: float | None = None) -> float:
        """A number; a percentage is of `whole`.

        Raises:
            InvalidInput: It is no number, out of range, or a percentage of nothing.
        """
        known = NUMBERS[key]
        text = self._text(key, known.default).split(",")[0].strip()
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise InvalidInput(f"The profile's {key} is {text[:40]!r}, which is no number.")
        value = float(text.rstrip("%"))
        if match[3]:
            if whole is None:
                raise InvalidInput(f"The profile's {key} is {text[:40]!r}, but it is no share of anything.")
            value *= whole / 100
        if not isfinite(value) or not known.least <= value <= known.most:
            raise InvalidInput(
                f"The profile's {key} is {text[:40]}; it must lie from {known.least:g} to {known.most:g}."
            )
        return value

    def count(self, key: str) -> int:
        """A whole number."""
        value = self.number(key)
        if value != int(value):
            raise InvalidInput(f"The profile's {key} is {value:g}; it must be a whole number.")
        return int(value)

    def flag(self, key: str) -> bool:
        """A switch, 0 or 1."""
        text = self._text(key, FLAGS[key]).split(",")[0]
        if text not in ("0", "1"):
            raise InvalidInput(f"The profile's {key} is {text[:40]!r}; it must be 0 or 1.")
        return text == "1"

    def word(self, key: str) -> str:
        """A name, without its quotes. Names that the slicer leaves empty are not missed."""
        default = WORDS[key]
        return (self._text(key, default) if default else self._values.get(key, "")).strip('"')

    def differs(self, key: str, plain: str) -> bool:
        """Whether the profile sets something else than what changes nothing."""
        text = self._values.get(key, plain).split(",")[0].strip()
        return bool(text) and text.rstrip("%") not in (plain, f"{plain}.0")

    def items(self, key: str) -> int:
        """How many values a list holds."""
        return len(self._values.get(key, "").split(","))

    def _text(self, key: str, default: str) -> str:
        if not self.has(key):
            self._missing[key] = None
        return self._values.get(key) or default


def parse_settings(text: str) -> Mapping[str, str]:
    """The keys and values of a profile's text.

    Args:
        text: What a PrusaSlicer .ini file holds.

    Returns:
        Every setting, known or not, as written.

    Raises:
        InvalidInput: It is empty, binary, a bundle of presets, another program's, or sets something twice.
        TooLarge: More than a million characters.
    """
    if len(text) > MOST_CHARACTERS:
        raise TooLarge(f"A printer profile has at most {MOST_CHARACTERS} characters, got {len(text)}.")
    if _UNPRINTABLE.search(text):
        raise InvalidInput("The printer profile is not a text file.")
    values: dict[str, str] = {}
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        key, value = _setting(number, line)
        if key in values:
            raise InvalidInput(f"The printer profile sets {key} twice, the second time in line {number}.")
        values[key] = value
    if not values:
        raise InvalidInput("The printer profile is empty.")
    return values


def _setting(number: int, line: str) -> tuple[str, str]:
    if line.lstrip().startswith("["):
        raise InvalidInput(
            f"Line {number} of the printer profile begins a section: bundles of presets are not read, "
            "only one configuration (PrusaSlicer: File, Export, Export Config)."
        )
    match = _LINE.fullmatch(line)
    if match is None:
        raise InvalidInput(f"Line {number} of the printer profile is not of the form 'key = value'.")
    return match[1], match[2]
