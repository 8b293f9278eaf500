"""An itemised price: exact inside, whole minor units out, lines that sum to the total.

A line's `error_band` is the half-width of its likely error as a share of its amount: 0.05 reads "within 5 % for nine
prints in ten". Amounts that the price book fixes have 0; amounts made of others carry their weighted mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from types import MappingProxyType
from typing import Final, Literal, cast

from pipelines.errors import GeometryTooLarge, InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.pricing.book import PriceBook
from pipelines.pricing.estimate import Bands, EstimateSource, PrintEstimate, SlicedPart, in_whole_units, slice_part
from pipelines.pricing.materials import MATERIALS, Material, MaterialName, material_named, suits
from pipelines.pricing.measured import measured
from pipelines.pricing.money import CURRENCIES, Currency, apportioned, rounded
from pipelines.pricing.slicing import Sliced
from pipelines.printability import PrintReport
from pipelines.prompt.types import Use

LineCode = Literal[
    "material", "machine_time", "energy", "setup", "supports", "post_processing", "failure", "margin", "minimum"
]
LineSource = Literal["geometry", "slicer", "vendor"]
AlternativeKind = Literal["material", "infill", "size"]

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
    }
)

BREAKS: Final = (1, 5, 10, 25, 50, 100)
MOST_QUANTITY: Final = 10_000


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """What is to be priced. Refuses what no book can price."""

    material: str = "pla"
    quantity: int = 1
    infill: float = 0.2
    currency: str = "USD"
    support: bool = True  # whether supports may be printed where the report asks for them
    uses: tuple[Use, ...] = ()  # alternatives that fail at these are left out
    source: EstimateSource | None = None  # who is to say mass and time; None leaves it to the shop

    def __post_init__(self) -> None:
        material_named(self.material)
        if type(self.quantity) is not int or not 1 <= self.quantity <= MOST_QUANTITY:
            raise InvalidInput(f"The quantity is a whole number from 1 to {MOST_QUANTITY}, got {self.quantity!r}.")
        sound = isinstance(self.infill, int | float) and not isinstance(self.infill, bool) and isfinite(self.infill)
        if not sound or not 0.0 <= self.infill <= 1.0:
            raise InvalidInput(f"Infill is a share between 0 and 1, got {self.infill!r}.")
        if self.currency not in CURRENCIES:
            raise InvalidInput(f"Unknown currency {self.currency!r}: choose one of {', '.join(CURRENCIES)}.")


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
    """Price of one unit when that many are ordered."""

    quantity: int
    unit_minor: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """The same order with one thing changed."""

    kind: AlternativeKind
    label: str
    material: MaterialName
    infill: float
    scale: float  # of every length; 1 is the size asked for
    total_minor: int
    mass_g: float
    print_time_s: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A price that holds until `expires_at`.

    The whole order costs `total_minor`. `unit_minor` is what one unit of it comes to, rounded on its own, so that
    units times `unit_minor` may differ from the total by half a minor unit each. Mass and time are of one unit.
    """

    quote_id: str
    currency: Currency
    total_minor: int
    unit_minor: int
    quantity: int
    material: MaterialName
    infill: float
    mass_g: float
    print_time_s: int
    lines: tuple[QuoteLine, ...]
    quantity_breaks: tuple[QuantityBreak, ...]
    alternatives: tuple[Alternative, ...]
    expires_at: datetime  # aware
    notes: tuple[str, ...] = ()  # what to know about how it came about, a sentence each


@dataclass(frozen=True, slots=True)
class _UnitCosts:
    """Exact costs of one unit, in minor units of the quote's currency."""

    material: Decimal
    machine_time: Decimal
    energy: Decimal
    supports: Decimal
    post_processing: Decimal
    failure: Decimal

    @property
    def total(self) -> Decimal:
        return self.material + self.machine_time + self.energy + self.supports + self.post_processing + self.failure


@dataclass(frozen=True, slots=True)
class _Terms:
    """What stays the same while a quote is computed."""

    book: PriceBook
    currency: Currency
    failure: Decimal

    @property
    def minor(self) -> Decimal:
        """Minor units of the quote for one whole unit of the book."""
        return self.book.rate(self.currency) * 100


def quote(
    mesh: TriangleMesh,
    report: PrintReport,
    request: QuoteRequest,
    book: PriceBook,
    issued_at: datetime,
    quote_id: str,
    sliced: Sliced | None = None,
) -> Quote:
    """The price of printing a mesh.

    Args:
        mesh: Closed, object frame, mm, z up.
        report: The print report of the same mesh: verdict, supports and fit are read from it.
        request: Material, quantity, infill and currency.
        book: The shop's prices.
        issued_at: Now, with its time zone.
        quote_id: The quote's name.
        sliced: What a slicer says of the same part and request; its figures then go before the model's.

    Returns:
        Lines that sum to the total, prices at other quantities, and what else could be ordered.

    Raises:
        EmptyGeometry: The mesh encloses nothing.
        NotSolid: The mesh is open, not manifold or inside out.
        GeometryTooLarge: The part does not fit the printer, by the report, or is too large to compute.
        InvalidInput: `issued_at` has no time zone, `quote_id` is blank, or the mesh holds impossible numbers.
    """
    if issued_at.utcoffset() is None:
        raise InvalidInput("A quote is issued at a time with its time zone.")
    if not quote_id.strip():
        raise InvalidInput("A quote needs an id.")
    part = slice_part(mesh, report.support_volume_mm3 if request.support else 0.0)
    if not report.fits_build_volume:
        size = " x ".join(f"{side:.0f}" for side in report.size_mm)
        raise GeometryTooLarge(f"A part of {size} mm does not fit the printer, so there is no price for it.")
    material = material_named(request.material)
    terms = _Terms(book, cast(Currency, request.currency), _failure(book, report))
    model = part.estimate(material, request.infill)
    estimate = in_whole_units(measured(sliced, material, model) if sliced else model)
    costs = _unit_costs(estimate, material, terms)
    total = _total(costs, request.quantity, terms)
    return Quote(
        quote_id=quote_id,
        currency=terms.currency,
        total_minor=rounded(total),
        unit_minor=rounded(total / request.quantity),
        quantity=request.quantity,
        material=material.name,
        infill=float(request.infill),
        mass_g=round(estimate.mass_g, 3),
        print_time_s=int(estimate.time_s),
        lines=_lines(costs, request.quantity, terms, estimate),
        quantity_breaks=tuple(QuantityBreak(n, rounded(_total(costs, n, terms) / n)) for n in BREAKS),
        alternatives=_alternatives(part, report, request, terms),
        expires_at=issued_at + timedelta(days=book.valid_days),
    )


def _failure(book: PriceBook, report: PrintReport) -> Decimal:
    return {"ok": book.failure.ok, "warning": book.failure.warning, "error": book.failure.error}[report.verdict]


def _exact(value: float) -> Decimal:
    """The decimal that the float is written as: figures are rounded before they are charged."""
    return Decimal(repr(value))


def _unit_costs(estimate: PrintEstimate, material: Material, terms: _Terms) -> _UnitCosts:
    book, minor = terms.book, terms.minor
    resin = material.process.name == "resin"
    gram = book.price_per_kg(material.name) / 1000 * minor
    second = (book.machine.resin_hour if resin else book.machine.fdm_hour) / 3600 * minor
    kilowatt_hours = _exact(estimate.power_w) / 1000 * _exact(round(estimate.time_s)) / 3600
    removal = _exact(estimate.support_mm3) / 1000 * book.post_processing.support_removal_cm3
    each = book.post_processing.resin_part if resin else book.post_processing.fdm_part
    printed = {
        "material": _exact(estimate.part_g) * gram,
        "machine_time": _exact(estimate.part_s) * second,
        "energy": kilowatt_hours * book.machine.energy_kwh * minor,
        "supports": _exact(estimate.support_g) * gram + _exact(estimate.support_s) * second,
    }
    return _UnitCosts(
        **printed, post_processing=(each + removal) * minor, failure=sum(printed.values()) * terms.failure
    )


def _margin(costs: _UnitCosts, quantity: int, terms: _Terms) -> Decimal:
    """Each unit bears the margin of its own tier, so that a larger order never costs less than a smaller one."""
    tiers = terms.book.margin
    ends = [tier.from_unit - 1 for tier in tiers[1:]] + [quantity]
    units = [
        (tier.share, max(0, min(end, quantity) - tier.from_unit + 1)) for tier, end in zip(tiers, ends, strict=True)
    ]
    on_units = sum((share * count for share, count in units), Decimal(0)) * costs.total
    return on_units + tiers[0].share * terms.book.setup_per_order * terms.minor


def _total(costs: _UnitCosts, quantity: int, terms: _Terms) -> Decimal:
    return sum(_amounts(costs, quantity, terms).values(), Decimal(0))


def _amounts(costs: _UnitCosts, quantity: int, terms: _Terms) -> dict[LineCode, Decimal]:
    amounts: dict[LineCode, Decimal] = {
        "material": costs.material * quantity,
        "machine_time": costs.machine_time * quantity,
        "energy": costs.energy * quantity,
        "setup": terms.book.setup_per_order * terms.minor,
        "supports": costs.supports * quantity,
        "post_processing": costs.post_processing * quantity,
        "failure": costs.failure * quantity,
        "margin": _margin(costs, quantity, terms),
    }
    least = terms.book.minimum_order * terms.minor
    amounts["minimum"] = max(Decimal(0), least - sum(amounts.values(), Decimal(0)))
    return amounts


def _lines(costs: _UnitCosts, quantity: int, terms: _Terms, estimate: PrintEstimate) -> tuple[QuoteLine, ...]:
    amounts = _amounts(costs, quantity, terms)
    exact = tuple(amounts.values())
    whole = apportioned(exact, rounded(sum(exact, Decimal(0))))
    errors = _error_bands(amounts, estimate.bands)
    return tuple(
        QuoteLine(code, LABELS[code], amount, estimate.source, float(round(errors[code], 3)))
        for code, amount in zip(amounts, whole, strict=True)
        if amount
    )


def _error_bands(amounts: Mapping[LineCode, Decimal], bands: Bands) -> dict[LineCode, Decimal]:
    known: dict[LineCode, Decimal] = {
        "material": bands.mass,
        "machine_time": bands.time,
        "energy": bands.time,
        "supports": bands.supports,
        "setup": Decimal(0),
        "post_processing": Decimal(0),
    }
    printed: tuple[LineCode, ...] = ("material", "machine_time", "energy", "supports")
    known["failure"] = _weighted(amounts, known, printed)
    known["margin"] = _weighted(amounts, known, (*printed, "setup", "post_processing", "failure"))
    summed = amounts["margin"] * known["margin"] + sum(amounts[code] * known[code] for code in (*printed, "failure"))
    # The top-up moves against everything else, by as much.
    known["minimum"] = summed / amounts["minimum"] if amounts["minimum"] else Decimal(0)
    return known


def _weighted(
    amounts: Mapping[LineCode, Decimal], bands: Mapping[LineCode, Decimal], codes: tuple[LineCode, ...]
) -> Decimal:
    whole = sum((amounts[code] for code in codes), Decimal(0))
    return sum((amounts[code] * bands[code] for code in codes), Decimal(0)) / whole if whole else Decimal(0)


def _alternatives(
    part: SlicedPart, report: PrintReport, request: QuoteRequest, terms: _Terms
) -> tuple[Alternative, ...]:
    """Other materials that suit the uses, half the infill, half the size where its walls still print."""
    material, infill = material_named(request.material), float(request.infill)

    def alternative(
        kind: AlternativeKind, label: str, other: Material, share: float, scale: float = 1.0
    ) -> Alternative:
        sized = part if scale == 1.0 else part.scaled(scale)
        estimate = in_whole_units(sized.estimate(other, share))
        total = rounded(_total(_unit_costs(estimate, other, terms), request.quantity, terms))
        mass_g, time_s = round(estimate.mass_g, 3), int(estimate.time_s)
        return Alternative(kind, label, other.name, share, scale, total, mass_g, time_s)

    found = [
        alternative("material", other.title, other, infill)
        for other in MATERIALS.values()
        if other.name != material.name and suits(other, request.uses) and _walls_print(report, other, 1.0)
    ]
    if material.process.name == "fdm" and infill >= 0.1:
        found.append(alternative("infill", f"{infill / 2:.0%} infill", material, infill / 2))
    if _walls_print(report, material, 0.5):
        found.append(alternative("size", "Half the size", material, infill, 0.5))
    return tuple(found)


def _walls_print(report: PrintReport, material: Material, scale: float) -> bool:
    return report.min_wall_mm is not None and report.min_wall_mm * scale >= material.process.least_wall_mm
