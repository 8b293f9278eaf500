"""What is asked of a quote and what it answers: values only.

A line's `error_band` is the half-width of its likely error as a share of its amount: 0.05 reads "within 5 % for nine
prints in ten". Amounts that the price book fixes have 0. The quote's own band is that of its total.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from types import MappingProxyType
from typing import Final, Literal

from pipelines.errors import InvalidInput
from pipelines.pricing.book import MOST_PIECES
from pipelines.pricing.calibration import Calibration
from pipelines.pricing.estimate import EstimateSource
from pipelines.printability import BUILD_VOLUME_MM, BuildVolume
from pipelines.prompt.types import Use

LineCode = Literal[
    "material",
    "machine_time",
    "energy",
    "setup",
    "supports",
    "post_processing",
    "failure",
    "margin",
    "minimum",
    "shipping",
    "tax",
]
LineSource = Literal["geometry", "slicer", "vendor"]
AlternativeKind = Literal["material", "infill", "size", "orientation", "budget"]

LABELS: Final[Mapping[LineCode, str]] = MappingProxyType(
    {
        "material": "Material",
        "machine_time": "Machine time",
        "energy": "Energy",
        "setup": "Set-up",
        "supports": "Supports",
        "post_processing": "Post-processing",
        "failure": "Allowance for failed prints",
        "margin": "Margin",
        "minimum": "Top-up to the minimum order",
        "shipping": "Shipping",  # the book's zone says more
        "tax": "Tax",  # the book has its own word
    }
)

_MOST_BUDGET: Final = 10**12  # minor units; more than any print costs, and within 64 bits
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """What is to be priced. Refuses what no book can price; what one book has not, `check_order` refuses."""

    material: str = "pla"
    quantity: int = 1
    infill: float = 0.2
    currency: str | None = None  # None: the price book's own
    support: bool = True  # whether supports may be printed where the report asks for them
    uses: tuple[Use, ...] = ()  # alternatives that fail at these are left out
    source: EstimateSource | None = None  # who is to say mass and time; None leaves it to the shop
    ship_to: str | None = None  # a zone of the price book; None for a price without shipping
    budget_minor: int | None = None  # for the whole order, in its currency: asks for the largest size under it

    def __post_init__(self) -> None:
        if type(self.quantity) is not int or not 1 <= self.quantity <= MOST_PIECES:
            raise InvalidInput(f"The quantity is a whole number from 1 to {MOST_PIECES}, got {self.quantity!r}.")
        sound = isinstance(self.infill, int | float) and not isinstance(self.infill, bool) and isfinite(self.infill)
        if not sound or not 0.0 <= self.infill <= 1.0:
            raise InvalidInput(f"Infill is a share between 0 and 1, got {self.infill!r}.")
        if not isinstance(self.material, str) or not _NAME.fullmatch(self.material):
            raise InvalidInput(f"A material is a name such as pla, got {self.material!r}.")
        budget = self.budget_minor
        if budget is not None and (type(budget) is not int or not 1 <= budget <= _MOST_BUDGET):
            raise InvalidInput(f"A budget is a positive whole number of minor units, got {budget!r}.")


@dataclass(frozen=True, slots=True)
class Workshop:
    """What prints are made with, as far as prices see it."""

    build_volume_mm: BuildVolume = BUILD_VOLUME_MM
    calibration: Calibration | None = None  # of the filament printer; None for the shipped generic one


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One amount of a quote."""

    code: LineCode
    label: str
    amount_minor: int
    source: LineSource
    error_band: float


@dataclass(frozen=True, slots=True)
class QuantityBreak:
    """Price of one unit when that many are ordered, taxed and without shipping."""

    quantity: int
    unit_minor: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """The same order with one thing changed. Its figures are the model's: for comparing, not for charging."""

    kind: AlternativeKind
    label: str
    material: str
    infill: float
    scale: float  # of every length; 1 is the size asked for
    total_minor: int
    mass_g: float
    print_time_s: int
    saving_minor: int = 0  # of the whole order; below 0 where it costs more
    size_mm: tuple[float, float, float] | None = None  # as it would stand; None in quotes from before it was told
    up: str | None = None  # the turn of the report that lays it; None where it stands as modelled


@dataclass(frozen=True, slots=True)
class BookName:
    """Whose prices, and from when."""

    name: str
    dated: date
    rates_dated: date


@dataclass(frozen=True, slots=True)
class Quote:
    """A price that holds until `expires_at`.

    The whole order costs `total_minor`. `unit_minor` is what one unit of it comes to with its tax and without
    shipping, rounded on its own, so that units times `unit_minor` may differ by half a minor unit each. Mass and time
    are of one unit.
    """

    quote_id: str
    currency: str
    total_minor: int
    unit_minor: int
    quantity: int
    material: str
    infill: float
    mass_g: float
    print_time_s: int
    lines: tuple[QuoteLine, ...]
    quantity_breaks: tuple[QuantityBreak, ...]
    alternatives: tuple[Alternative, ...]
    expires_at: datetime  # aware
    error_band: float = 0.0  # of the total
    notes: tuple[str, ...] = ()
    ship_to: str | None = None
    price_book: BookName | None = None
