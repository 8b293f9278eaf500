"""The arithmetic of a price: what one print costs, what an order of them comes to, all exact.

Two laws hold for every book that `book` admits: one piece more never makes an order cheaper, and never one piece
dearer. So each unit bears the margin of its own tier, and an order that fills part of a plate pays that part of it.
Postage alone comes in steps: it is no part of a piece's price.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from math import floor
from typing import Final, cast

from pipelines.pricing.book import PriceBook, Zone
from pipelines.pricing.estimate import PrintEstimate
from pipelines.pricing.materials import Material
from pipelines.pricing.money import minor_digits
from pipelines.pricing.quotation import LineCode
from pipelines.pricing.shipping import Parcel, Piece, postage

Size = tuple[float, float, float]
LEAST_G: Final = Decimal("0.001")  # what masses are rounded to
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """What stays the same while a quote is computed."""

    book: PriceBook
    currency: str
    failure: Decimal  # share of a print that is made twice
    zone: Zone | None

    @property
    def parcel(self) -> Parcel | None:
        """What a parcel to the zone may hold; None where nothing is sent."""
        return Parcel(self.zone, self.book.shipping) if self.zone and self.book.shipping and self.zone.tiers else None

    @property
    def minor(self) -> Decimal:
        """Minor units of the quote, without tax, for one whole unit of the book."""
        tax = self.book.tax
        held = 1 + tax.share if tax and tax.included else Decimal(1)
        return self.book.rate(self.currency).scaleb(minor_digits(self.currency)) / held

    @property
    def tax_share(self) -> Decimal:
        """Of everything: the zone's, else the book's."""
        if self.zone is not None and self.zone.tax_share is not None:
            return self.zone.tax_share
        return self.book.tax.share if self.book.tax else _ZERO


@dataclass(frozen=True, slots=True)
class Print:
    """One piece as it would be made."""

    estimate: PrintEstimate
    material: Material
    size_mm: Size

    @property
    def is_resin(self) -> bool:
        return self.material.process.name == "resin"


@dataclass(frozen=True, slots=True)
class Amounts:
    """An order's lines, exact, in minor units, in the order that a quote shows them."""

    material: Decimal
    machine_time: Decimal
    energy: Decimal
    setup: Decimal
    supports: Decimal
    post_processing: Decimal
    failure: Decimal
    margin: Decimal
    minimum: Decimal = _ZERO
    shipping: Decimal = _ZERO
    tax: Decimal = _ZERO

    def items(self) -> Iterator[tuple[LineCode, Decimal]]:
        """Every line with its code."""
        for field in fields(self):
            yield cast("LineCode", field.name), getattr(self, field.name)

    @property
    def total(self) -> Decimal:
        """All lines."""
        return sum((amount for _, amount in self.items()), _ZERO)


@dataclass(frozen=True, slots=True)
class _Costs:
    """What is paid for making one piece, or one plate of them, before allowance and margin."""

    material: Decimal = _ZERO
    machine_time: Decimal = _ZERO
    energy: Decimal = _ZERO
    supports: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        return self.material + self.machine_time + self.energy + self.supports


def amounts(made: Print, quantity: int, terms: Terms) -> Amounts:
    """Every line of an order.

    Args:
        made: One piece.
        quantity: How many.
        terms: Book, currency and place.

    Raises:
        InvalidInput: The piece is too heavy or too long for the zone that it is sent to.
    """
    return _sent(_goods(made, quantity, terms), postage(terms.parcel, piece_of(made), quantity), terms)


def amounts_if(made: Print, sign: int, quantity: int, terms: Terms) -> Amounts:
    """The lines if all that the estimate does not know were as much dearer (+1) or cheaper (-1) as its bands allow.

    A piece that would then be too heavy to send is sent at the heaviest.
    """
    other = replace(made, estimate=_shifted(made.estimate, sign))
    piece = piece_of(other)
    if terms.parcel is not None:
        piece = replace(piece, mass_g=min(piece.mass_g, terms.parcel.room_g))
    return _sent(_goods(other, quantity, terms), postage(terms.parcel, piece, quantity), terms)


def piece_of(made: Print) -> Piece:
    """The print as the post sees it: without its supports, and never without weight."""
    return Piece(max(_exact(made.estimate.part_g), LEAST_G), max(made.size_mm))


def _sent(goods: Amounts, postage: Decimal, terms: Terms) -> Amounts:
    shipping = postage * terms.minor
    return replace(goods, shipping=shipping, tax=(goods.total + shipping) * terms.tax_share)


def unit_price(made: Print, quantity: int, terms: Terms) -> Decimal:
    """What one unit of an order comes to in minor units, taxed, without shipping."""
    return _goods(made, quantity, terms).total * (1 + terms.tax_share) / quantity


def _goods(made: Print, quantity: int, terms: Terms) -> Amounts:
    """The lines before shipping and tax."""
    book, minor = terms.book, terms.minor
    unit, plate = _costs(made, terms)
    plates = _plates(made, quantity, book)
    setup = (book.order.setup + book.order.setup_per_plate * (plates - 1)) * minor
    labour = _labour(made, book) * minor
    kept = 1 + terms.failure
    once = plate.total * plates * kept + setup
    found = Amounts(
        material=unit.material * quantity + plate.material * plates,
        machine_time=unit.machine_time * quantity + plate.machine_time * plates,
        energy=unit.energy * quantity + plate.energy * plates,
        setup=setup,
        supports=unit.supports * quantity + plate.supports * plates,
        post_processing=labour * quantity,
        failure=(unit.total * quantity + plate.total * plates) * terms.failure,
        margin=_margins(book, quantity) * (unit.total * kept + labour) + book.margin.tiers[0].share * once,
    )
    return replace(found, minimum=max(_ZERO, book.order.minimum * minor - found.total))


def _shifted(estimate: PrintEstimate, sign: int) -> PrintEstimate:
    bands = estimate.bands
    mass, time, supports = (max(0.0, 1 + sign * float(band)) for band in (bands.mass, bands.time, bands.supports))
    return replace(
        estimate,
        part_g=round(estimate.part_g * mass, 6),
        part_s=round(estimate.part_s * time, 6),
        support_g=round(estimate.support_g * supports, 6),
        support_s=round(estimate.support_s * supports, 6),
        support_mm3=round(estimate.support_mm3 * supports, 6),
    )


def _costs(made: Print, terms: Terms) -> tuple[_Costs, _Costs]:
    """Costs of one piece, and of one plate: a resin printer takes as long for a plate as for one piece."""
    book, minor, estimate = terms.book, terms.minor, made.estimate
    gram = book.price_per_kg(made.material.name) / 1000 * minor
    second = (book.machine.resin_hour if made.is_resin else book.machine.fdm_hour) / 3600 * minor
    watt_second = book.machine.energy_kwh / 3_600_000 * minor
    running = _Costs(
        machine_time=_exact(estimate.part_s) * second,
        energy=_exact(estimate.power_w) * _exact(estimate.time_s) * watt_second,
    )
    used = _Costs(
        material=_exact(estimate.part_g) * gram,
        supports=_exact(estimate.support_g) * gram + _exact(estimate.support_s) * second,
    )
    if made.is_resin:
        return used, running
    return replace(used, machine_time=running.machine_time, energy=running.energy), _Costs()


def _labour(made: Print, book: PriceBook) -> Decimal:
    """Work on one piece, in units of the book."""
    work = book.post_processing
    each = work.resin_part if made.is_resin else work.fdm_part
    return each + _exact(made.estimate.support_mm3) / 1000 * work.support_removal_cm3


def _plates(made: Print, quantity: int, book: PriceBook) -> Decimal:
    """Plates that an order takes, at least one; the last is shared with other orders."""
    return max(Decimal(1), Decimal(quantity) / max(1, _rows(made, book)))


def lies_on_plate(made: Print, book: PriceBook) -> bool:
    """Whether one piece is within the plate that the book gives its process."""
    return _rows(made, book) > 0


def _rows(made: Print, book: PriceBook) -> int:
    """How many pieces stand on one plate in rows."""
    machine = book.machine
    along, across = machine.resin_plate_mm if made.is_resin else machine.fdm_plate_mm
    wide, deep = (side + machine.plate_gap_mm for side in made.size_mm[:2])

    def standing(x: float, y: float) -> int:
        return floor((x + machine.plate_gap_mm) / wide) * floor((y + machine.plate_gap_mm) / deep)

    return max(standing(along, across), standing(across, along))


def _margins(book: PriceBook, quantity: int) -> Decimal:
    """Sum of the margins of the units: each bears that of its own tier."""
    tiers = book.margin.tiers
    ends = [tier.from_unit - 1 for tier in tiers[1:]] + [quantity]
    counts = (max(0, min(end, quantity) - tier.from_unit + 1) for tier, end in zip(tiers, ends, strict=True))
    return sum((tier.share * count for tier, count in zip(tiers, counts, strict=True)), _ZERO)


def _exact(value: float) -> Decimal:
    """The decimal that the float is written as: figures are rounded before they are charged."""
    return Decimal(repr(value))
