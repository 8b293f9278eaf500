"""The price book: everything a shop decides about prices, as it stands in one TOML file. `book_file` reads it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipelines.errors import InvalidInput
from pipelines.pricing.materials import MATERIALS, Material, Range
from pipelines.pricing.money import MINOR_DIGITS
from pipelines.printability import FDM, RESIN, Process
from pipelines.prompt.types import Use

MOST_PIECES: Final = 10_000  # more is no print shop's order but a moulder's


def _exact(value: object) -> object:
    # A float in the file has already lost its last digit, and true is no number.
    if isinstance(value, bool | float):
        raise ValueError(f'must be a string such as "12.50", not {value!r}')  # noqa: TRY004 - pydantic reports ValueError
    return value


def _currency(code: str) -> str:
    if code not in MINOR_DIGITS:
        raise ValueError(f"{code!r} is no currency of ISO 4217")
    return code


_Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=1_000_000, allow_inf_nan=False)]
_Rate = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=1_000_000, allow_inf_nan=False)]
_Share = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=10, allow_inf_nan=False)]
_TaxShare = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=1, allow_inf_nan=False)]
_Currency = Annotated[str, AfterValidator(_currency)]
_Text = Annotated[str, Field(min_length=1, max_length=300)]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
_Count = Annotated[int, Field(strict=True, ge=1, le=MOST_PIECES)]
_Length = Annotated[float, Field(strict=True, gt=0, le=10_000, allow_inf_nan=False)]
_Grams = Annotated[float, Field(strict=True, ge=0, le=1_000_000, allow_inf_nan=False)]
_Celsius = Annotated[int, Field(strict=True, ge=0, le=600)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Group(_Table):
    """Figures of one origin."""

    source: _Text  # where they are from
    dated: date  # when they held


class OrderRules(_Group):
    """What every order costs, whatever is printed, and how many pieces it may have."""

    valid_days: Annotated[int, Field(strict=True, ge=1, le=365)]  # how long a quote holds
    minimum: _Amount
    setup: _Amount  # once for each order, with its first plate
    setup_per_plate: _Amount = Decimal(0)  # for each further plate; a part of a plate pays its part
    most_pieces: _Count = MOST_PIECES
    breaks: Annotated[tuple[_Count, ...], Field(max_length=20)] = (1, 5, 10, 25, 50, 100)

    @model_validator(mode="after")
    def _keeps_the_laws(self) -> Self:
        if self.setup_per_plate > self.setup:
            raise ValueError("setup_per_plate must not exceed setup, or a larger order would cost more for each piece")
        if any(a >= b for a, b in pairwise(self.breaks)):
            raise ValueError("breaks must go up")
        return self


class Machine(_Group):
    """Cost of an hour of each machine and of a kilowatt-hour; the plates that pieces share."""

    fdm_hour: _Amount
    resin_hour: _Amount
    energy_kwh: _Amount
    fdm_plate_mm: tuple[_Length, _Length]
    resin_plate_mm: tuple[_Length, _Length]
    plate_gap_mm: _Length


class PostProcessing(_Group):
    """Labour for each part, and for each cm^3 of support that comes off it."""

    fdm_part: _Amount
    resin_part: _Amount
    support_removal_cm3: _Amount


class Failure(_Group):
    """Share of a print that is made twice, by the verdict of its report."""

    ok: _Share
    warning: _Share
    error: _Share


class MarginTier(_Table):
    """Margin on the cost of each unit from `from_unit` on."""

    from_unit: _Count
    share: _Share


class Margin(_Group):
    """Margin by the number of units."""

    tiers: Annotated[tuple[MarginTier, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.tiers[0].from_unit != 1 or any(a.from_unit >= b.from_unit for a, b in pairwise(self.tiers)):
            raise ValueError("the tiers must begin at unit 1 and go up")
        if any(a.share < b.share for a, b in pairwise(self.tiers)):
            raise ValueError("the share must not rise with the quantity")
        return self


class ParcelTier(_Table):
    """What a parcel costs up to a mass and a longest side."""

    up_to_g: Annotated[_Grams, Field(gt=0)]
    up_to_mm: _Length
    price: _Amount


class Zone(_Table):
    """A place that orders are sent to, or collected at where it has no tiers."""

    name: _Name
    label: _Text
    tiers: Annotated[tuple[ParcelTier, ...], Field(max_length=50)] = ()
    tax_label: _Text | None = None  # of this zone; the book's own where it says nothing
    tax_share: _TaxShare | None = None

    @model_validator(mode="after")
    def _rises(self) -> Self:
        for a, b in pairwise(self.tiers):
            if a.up_to_g >= b.up_to_g or a.up_to_mm > b.up_to_mm or a.price > b.price:
                raise ValueError("tiers must go up in mass and not down in length and price")
        return self


class Shipping(_Group):
    """Where orders go and for how much."""

    packaging_g: _Grams = 0.0  # box and filling of each parcel
    zones: Annotated[tuple[Zone, ...], Field(max_length=300)] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        names = [zone.name for zone in self.zones]
        if len(set(names)) != len(names):
            raise ValueError("two zones have one name")
        full = next(
            (zone.name for zone in self.zones if zone.tiers and zone.tiers[-1].up_to_g <= self.packaging_g), None
        )
        if full is not None:
            raise ValueError(f"the packaging alone is too heavy for zone {full}")
        return self


class Tax(_Group):
    """A share of everything, shipping too."""

    label: _Text
    share: _TaxShare
    included: bool = False  # whether the amounts of the book hold it already


class Rates(_Group):
    """Amounts that are worth the same, as the shop set them on `dated`. No bank's, and not live."""

    stale_after_days: Annotated[int, Field(strict=True, ge=1, le=3650)]
    worth: Annotated[Mapping[_Currency, _Rate], Field(min_length=1)]


class MaterialEntry(_Group):
    """What the shop asks for a kilogram, and what it knows better than the material table or alone knows."""

    price_per_kg: _Amount
    title: _Text | None = None
    process: Literal["fdm", "resin"] | None = None
    density_g_cm3: Annotated[float, Field(strict=True, ge=0.1, le=25)] | None = None
    max_flow_mm3_s: Annotated[float, Field(strict=True, gt=0, le=1000)] | None = None
    nozzle_c: tuple[_Celsius, _Celsius] | None = None
    bed_c: tuple[_Celsius, _Celsius] | None = None
    uses: tuple[Use, ...] | None = None
    not_for: tuple[Use, ...] | None = None
    food_contact: _Text | None = None


class PriceBook(_Table):
    """Prices in whole units of `currency`, all exact."""

    name: _Text
    dated: date
    currency: _Currency
    order: OrderRules
    machine: Machine
    post_processing: PostProcessing
    failure: Failure
    margin: Margin
    shipping: Shipping | None = None
    tax: Tax | None = None
    rates: Rates
    materials: Annotated[Mapping[_Name, MaterialEntry], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.currency not in self.rates.worth:
            raise ValueError(f"rates.worth must hold the book's own currency {self.currency}")
        for name, entry in self.materials.items():
            if (reason := _lacks(name, entry)) is not None:
                raise ValueError(f"materials.{name} {reason}")
        return self

    @property
    def currencies(self) -> tuple[str, ...]:
        """What quotes can be made in, the book's own first."""
        return (self.currency, *(code for code in self.rates.worth if code != self.currency))

    @property
    def zones(self) -> tuple[Zone, ...]:
        """Where orders can go."""
        return self.shipping.zones if self.shipping else ()

    def rate(self, currency: str) -> Decimal:
        """Units of `currency` for one unit of the book's. Raises InvalidInput for one that the book has no rate of."""
        if currency not in self.rates.worth:
            raise InvalidInput(f"This price book has no {currency!r}: choose one of {', '.join(self.currencies)}.")
        return self.rates.worth[currency] / self.rates.worth[self.currency]

    def zone(self, name: str) -> Zone:
        """The zone of that name. Raises InvalidInput where the book has none."""
        found = next((zone for zone in self.zones if zone.name == name), None)
        if found is None:
            known = ", ".join(zone.name for zone in self.zones)
            where = f"choose one of {known}" if known else "it ships nowhere"
            raise InvalidInput(f"This price book ships to no {name!r}: {where}.")
        return found

    def material(self, name: str) -> Material:
        """The material of that name, as this shop has it. Raises InvalidInput where it has none."""
        if name not in self.materials:
            raise InvalidInput(f"This price book has no material {name!r}: choose one of {', '.join(self.materials)}.")
        entry, known = self.materials[name], MATERIALS.get(name)
        process = known.process if known else FDM if entry.process == "fdm" else RESIN
        return Material(
            name=name,
            title=entry.title or (known.title if known else name),
            process=process,
            density_g_cm3=entry.density_g_cm3 or (known.density_g_cm3 if known else 0.0),
            max_flow_mm3_s=entry.max_flow_mm3_s or (known.max_flow_mm3_s if known else 0.0),
            nozzle_c=_range(entry.nozzle_c) or (known.nozzle_c if known else None),
            bed_c=_range(entry.bed_c) or (known.bed_c if known else None),
            uses=entry.uses if entry.uses is not None else (known.uses if known else ()),
            not_for=entry.not_for if entry.not_for is not None else (known.not_for if known else ()),
            food_contact=entry.food_contact or (known.food_contact if known else "Not known to be fit for food."),
            sources=known.sources if known else (),
        )

    def process(self, material: str) -> Process:
        """What prints a material: of the table, whether the shop has it or not, or of the shop's own.

        Raises:
            InvalidInput: Neither knows it.
        """
        return MATERIALS[material].process if material in MATERIALS else self.material(material).process

    def price_per_kg(self, material: str) -> Decimal:
        """In units of the book. Raises InvalidInput for a material that the shop does not have."""
        self.material(material)
        return self.materials[material].price_per_kg


def _lacks(name: str, entry: MaterialEntry) -> str | None:
    """What keeps an entry from being a material, in the words after its path."""
    known = MATERIALS.get(name)
    if known is not None:
        other = entry.process is not None and entry.process != known.process.name
        return (
            f"is printed by {known.process.name}; a material of another process needs another name" if other else None
        )
    missing = [field for field in ("title", "process", "density_g_cm3") if getattr(entry, field) is None]
    if entry.process == "fdm" and entry.max_flow_mm3_s is None:
        missing.append("max_flow_mm3_s")
    return f"is not in the material table, so it needs {', '.join(missing)}" if missing else None


def _range(bounds: tuple[int, int] | None) -> Range | None:
    return Range(min(bounds), max(bounds)) if bounds else None
