"""An itemised price: exact inside, whole minor units out, lines that sum to the total."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import Final

from pipelines.errors import GeometryTooLarge, InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.pricing.alternatives import Order, alternatives
from pipelines.pricing.book import PriceBook
from pipelines.pricing.costs import Amounts, Print, Terms, amounts, amounts_if, piece_of, unit_price
from pipelines.pricing.estimate import in_whole_units, slice_part
from pipelines.pricing.measured import measured
from pipelines.pricing.money import apportioned, minor_digits, rounded
from pipelines.pricing.quotation import (
    LABELS,
    Alternative,
    BookName,
    LineCode,
    QuantityBreak,
    Quote,
    QuoteLine,
    QuoteRequest,
    Workshop,
)
from pipelines.pricing.shipping import parcels
from pipelines.pricing.slicing import Sliced
from pipelines.printability import PrintReport

MANY_SUPPORTS: Final = Decimal("0.15")  # share of the total from which supports are worth a word


def quote(
    mesh: TriangleMesh,
    report: PrintReport,
    request: QuoteRequest,
    book: PriceBook,
    issued_at: datetime,
    quote_id: str,
    sliced: Sliced | None = None,
    workshop: Workshop = Workshop(),  # noqa: B008 - frozen
) -> Quote:
    """The price of printing a mesh.

    Args:
        mesh: Closed, object frame, mm, z up.
        report: The print report of the same mesh: verdict, supports, turns and fit are read from it.
        request: Material, quantity, infill, currency, place and budget.
        book: The shop's prices.
        issued_at: Now, with its time zone.
        quote_id: The quote's name.
        sliced: What a slicer says of the same part and request; its figures then go before the model's.
        workshop: What it is printed with.

    Returns:
        Lines that sum to the total, prices at other quantities, and what else could be ordered.

    Raises:
        EmptyGeometry: The mesh encloses nothing.
        NotSolid: The mesh is open, not manifold or inside out.
        GeometryTooLarge: The part does not fit the printer, by the report, or is too large to compute.
        InvalidInput: The book has no such material, currency or zone, or takes no order as large; the part cannot be
            sent; `issued_at` has no time zone, `quote_id` is blank, or the mesh holds impossible numbers.
    """
    if issued_at.utcoffset() is None:
        raise InvalidInput("A quote is issued at a time with its time zone.")
    if not quote_id.strip():
        raise InvalidInput("A quote needs an id.")
    check_order(request, book)
    supports_mm3 = sliced.support_mm3 if sliced else report.support_volume_mm3
    part = slice_part(mesh, supports_mm3 if request.support else 0.0, workshop.calibration)
    if not report.fits_build_volume:
        size = " x ".join(f"{side:.0f}" for side in report.size_mm)
        raise GeometryTooLarge(f"A part of {size} mm does not fit the printer, so there is no price for it.")
    material, terms = book.material(request.material), _terms(request, report, book)
    model = part.estimate(material, request.infill)
    made = Print(in_whole_units(measured(sliced, material, model) if sliced else model), material, part.size_mm)
    exact = amounts(made, request.quantity, terms)
    order = Order(part, report, request, terms, workshop, made, model, rounded(exact.total))
    found = alternatives(order)
    return Quote(
        quote_id=quote_id,
        currency=terms.currency,
        total_minor=order.total_minor,
        unit_minor=rounded(unit_price(made, request.quantity, terms)),
        quantity=request.quantity,
        material=material.name,
        infill=float(request.infill),
        mass_g=round(made.estimate.mass_g, 3),
        print_time_s=int(made.estimate.time_s),
        lines=_lines(exact, made, request.quantity, terms),
        quantity_breaks=_breaks(made, terms),
        alternatives=found,
        expires_at=issued_at + timedelta(days=book.order.valid_days),
        error_band=_total_band(exact, made, request.quantity, terms),
        notes=tuple(_notes(order, exact, sliced, found, issued_at)),
        ship_to=request.ship_to,
        price_book=BookName(book.name, book.dated, book.rates.dated),
    )


def check_order(request: QuoteRequest, book: PriceBook) -> None:
    """Refuse what this book cannot price, before anything is made.

    Raises:
        InvalidInput: The book has no such material, currency or zone, or takes no order as large.
    """
    book.material(request.material)
    book.rate(request.currency or book.currency)
    if request.ship_to is not None:
        book.zone(request.ship_to)
    if request.quantity > book.order.most_pieces:
        raise InvalidInput(f"This price book takes orders of {book.order.most_pieces} pieces at most.")


def _terms(request: QuoteRequest, report: PrintReport, book: PriceBook) -> Terms:
    failure = {"ok": book.failure.ok, "warning": book.failure.warning, "error": book.failure.error}[report.verdict]
    zone = book.zone(request.ship_to) if request.ship_to is not None else None
    return Terms(book, request.currency or book.currency, failure, zone)


def _breaks(made: Print, terms: Terms) -> tuple[QuantityBreak, ...]:
    """Unit prices of the quantities that the book shows, as far as it takes orders of them."""
    rules = terms.book.order
    wanted = (quantity for quantity in rules.breaks if quantity <= rules.most_pieces)
    return tuple(QuantityBreak(quantity, rounded(unit_price(made, quantity, terms))) for quantity in wanted)


def _lines(exact: Amounts, made: Print, quantity: int, terms: Terms) -> tuple[QuoteLine, ...]:
    """Every line that is not nothing, in whole minor units that sum to the total."""
    codes, values = zip(*exact.items(), strict=True)
    whole = apportioned(values, rounded(exact.total))
    low, high = (dict(amounts_if(made, sign, quantity, terms).items()) for sign in (-1, 1))
    bands = (_band(low[code], value, high[code]) for code, value in zip(codes, values, strict=True))
    # What does not move with the print is the book's word, whoever said the figures.
    return tuple(
        QuoteLine(code, _label(code, terms), amount, made.estimate.source if band else "geometry", band)
        for code, amount, band in zip(codes, whole, bands, strict=True)
        if amount
    )


def _label(code: LineCode, terms: Terms) -> str:
    if code == "shipping" and terms.zone is not None:
        return terms.zone.label
    if code == "tax":
        share = f"{(terms.tax_share * 100).normalize():f} %"
        own = terms.zone.tax_label if terms.zone else None
        return f"{own or (terms.book.tax.label if terms.book.tax else LABELS[code])} {share}"
    return LABELS[code]


def _total_band(exact: Amounts, made: Print, quantity: int, terms: Terms) -> float:
    """Half-width of the total's error.

    All that is not known is moved at once, each by its own band: nine in ten totals are within, however the errors of
    mass, time and supports go together, since no spread of a sum exceeds the sum of the spreads. The minimum order
    and the steps of the post are in it.
    """
    low, high = (amounts_if(made, sign, quantity, terms).total for sign in (-1, 1))
    return _band(low, exact.total, high)


def _band(low: Decimal, value: Decimal, high: Decimal) -> float:
    if not value:
        return 0.0
    band = max(abs(value - low), abs(high - value)) / value
    return float(band.quantize(Decimal("0.000001")).quantize(Decimal("0.001"), ROUND_UP))


def _notes(
    order: Order, exact: Amounts, sliced: Sliced | None, found: tuple[Alternative, ...], issued_at: datetime
) -> Iterator[str]:
    """What a reader of the price should know beside it, a sentence each."""
    terms, book = order.terms, order.terms.book
    if sliced is not None:
        off = order.model.time_s / sliced.time_s - 1
        yield f"Mass and time are the word of {sliced.slicer}; the model's time is {off:+.0%} off it."
    if order.report.verdict == "error":
        yield "The print report has errors: as it is, the part may not print."
    if exact.minimum:
        least = _plain(rounded(book.order.minimum * terms.minor), terms.currency)
        yield f"The order was topped up to the least that this shop takes, {least}."
    if exact.total and (share := 1 - _unsupported(order).total / exact.total) >= MANY_SUPPORTS:
        yield f"Supports and their removal are {share:.0%} of the price: another way up may save them."
    boxes = parcels(terms.parcel, piece_of(order.made), order.request.quantity)
    if boxes > 1:
        yield f"The order is sent in {boxes} parcels."
    age_days = (issued_at.date() - book.rates.dated).days
    if terms.currency != book.currency and age_days > book.rates.stale_after_days:
        yield f"The exchange rate was set on {book.rates.dated}, {age_days} days before this quote."
    if order.request.budget_minor is not None and not any(one.kind == "budget" for one in found):
        yield f"No size of this part that prints costs {_plain(order.request.budget_minor, terms.currency)} or less."


def _unsupported(order: Order) -> Amounts:
    """The order's lines if it needed no supports."""
    bare = replace(order.made.estimate, support_g=0.0, support_s=0.0, support_mm3=0.0)
    return amounts(replace(order.made, estimate=bare), order.request.quantity, order.terms)


def _plain(minor: int, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-minor_digits(currency)):f} {currency}"
