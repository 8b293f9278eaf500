"""Materials that are known: one typed table, with where each figure comes from.

What they cost, and which of them a shop has beside its own, is in its price book.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from pipelines.errors import InvalidInput
from pipelines.printability import FDM, RESIN, Process
from pipelines.prompt.types import Use


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure was taken from, and when it was read."""

    title: str
    read_on: date


@dataclass(frozen=True, slots=True)
class Range:
    """Lowest and highest of a recommended setting, in degrees Celsius."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Material:
    """One material. `uses` is what it is good for; `not_for` what it fails at. What is in neither, it can do."""

    name: str
    title: str
    process: Process
    density_g_cm3: float
    max_flow_mm3_s: float  # volumetric limit with a 0.4 mm nozzle; without meaning for resin
    nozzle_c: Range | None
    bed_c: Range | None
    uses: tuple[Use, ...]
    not_for: tuple[Use, ...]
    food_contact: str  # what to know before food touches it
    sources: tuple[Source, ...]


_READ: Final = date(2026, 11, 21)
_FLOWS: Final = Source("PrusaSlicer vendor profiles, filament_max_volumetric_speed of the generic filaments", _READ)
_FOOD: Final = Source("Formlabs, The Essential Guide to Food Safe 3D Printing", _READ)
_SETTINGS: Final = Source("zahno.dev wiki, 3D printing filaments: temperatures and UV resistance by material", _READ)

_LAYERS: Final = "Layer lines hold bacteria: food-grade coating, or single use."
_UNSAFE: Final = "Not for food."

_TABLE: Final = (
    Material(
        "pla",
        "PLA",
        FDM,
        1.24,
        12.0,
        Range(190, 220),
        Range(50, 60),
        uses=("decorative",),
        not_for=("outdoor", "flexible"),
        food_contact=f"Natural grades are food-safe as a polymer, not in a dishwasher. {_LAYERS}",
        sources=(
            Source("NatureWorks Ingeo 4043D technical data sheet: specific gravity 1.24 (ASTM D792)", _READ),
            Source("additive.tools, PLA: density 1.22-1.26 g/cm3", _READ),
            _SETTINGS,
            _FLOWS,
            _FOOD,
        ),
    ),
    Material(
        "petg",
        "PETG",
        FDM,
        1.27,
        8.0,
        Range(220, 250),
        Range(70, 85),
        uses=("food_contact", "mechanical", "decorative"),
        not_for=("flexible",),
        food_contact=f"Certified grades are allowed for food contact (EU 10/2011). {_LAYERS}",
        sources=(
            Source("Prusament PETG technical data sheet: density 1.27 g/cm3 (ISO 1183)", _READ),
            Source("additive.tools, PETG: density 1.25-1.29 g/cm3; food-contact grades may meet EU 10/2011", _READ),
            _SETTINGS,
            _FLOWS,
            _FOOD,
        ),
    ),
    Material(
        "abs",
        "ABS",
        FDM,
        1.04,
        11.0,
        Range(230, 250),
        Range(95, 110),
        uses=("mechanical",),
        not_for=("food_contact", "outdoor", "flexible"),
        food_contact=_UNSAFE,
        sources=(
            Source("MakerBot ABS, Cura material table: density 1.04 g/cm3", _READ),
            _SETTINGS,
            _FLOWS,
        ),
    ),
    Material(
        "asa",
        "ASA",
        FDM,
        1.07,
        11.0,
        Range(240, 260),
        Range(90, 110),
        uses=("outdoor", "mechanical"),
        not_for=("food_contact", "flexible"),
        food_contact=_UNSAFE,
        sources=(
            Source("Prusament ASA technical data sheet: density 1.07 g/cm3 (ISO 1183)", _READ),
            _SETTINGS,
            _FLOWS,
        ),
    ),
    Material(
        "tpu",
        "TPU 95A",
        FDM,
        1.21,
        3.5,
        Range(215, 235),
        Range(40, 60),
        uses=("flexible",),
        not_for=("food_contact",),
        food_contact=_UNSAFE,
        sources=(
            Source("Polymaker PolyFlex TPU95 technical data sheet: density 1.21 g/cm3", _READ),
            _FLOWS,
        ),
    ),
    Material(
        "nylon",
        "Nylon PA12",
        FDM,
        1.01,
        8.0,
        Range(245, 265),
        Range(85, 100),
        uses=("mechanical",),
        not_for=("outdoor",),
        food_contact=f"Natural grades only. {_LAYERS}",
        sources=(
            Source("PA12 filament data sheets: density 1.01 g/cm3 (ISO 1183); PA6 grades are 1.14", _READ),
            _SETTINGS,
            _FLOWS,
        ),
    ),
    Material(
        "resin",
        "Standard resin",
        RESIN,
        1.15,
        0.0,
        None,
        None,
        uses=("decorative",),
        not_for=("food_contact", "outdoor", "mechanical", "flexible"),
        food_contact="Not for food: uncured resin is toxic.",
        sources=(
            Source(
                "renato.design, clear photopolymer resin: 1100 kg/m3 and above; cured standard resins 1.1-1.18", _READ
            ),
            _FOOD,
        ),
    ),
)

MATERIALS: Final[Mapping[str, Material]] = MappingProxyType({m.name: m for m in _TABLE})
MATERIAL_NAMES: Final = tuple(MATERIALS)


def material_named(name: str) -> Material:
    """The material of that name in the table.

    Raises:
        InvalidInput: There is none.
    """
    found = next((m for m in _TABLE if m.name == name), None)
    if found is None:
        raise InvalidInput(f"Unknown material {name!r}: choose one of {', '.join(MATERIAL_NAMES)}.")
    return found


def suits(material: Material, uses: tuple[Use, ...]) -> bool:
    """Whether nothing that is asked of the material is what it fails at."""
    return not set(uses) & set(material.not_for)
