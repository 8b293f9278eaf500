"""`moldar quote`: a price in this process, by the files that the settings name, and by the slicer where it is asked."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from deployments import mapping
from deployments.settings import Settings
from deployments.shop import by_the_model, price_book, read_shop
from pipelines.errors import GeometryTooLarge, InvalidInput, SlicerFailed
from pipelines.pricing import QuoteRequest, check_order, quote, slice_request, speaker, to_minor
from pipelines.printability import inspect

if TYPE_CHECKING:
    from moldar.wire import FileQuoteRequest, GenerationRequest, Quote
    from pipelines.geometry import TriangleMesh


def price(mesh: "TriangleMesh", asked: "FileQuoteRequest") -> "Quote":
    """The price of a closed mesh.

    Raises:
        SlicerFailed: the slicer was asked for by name, and failed.
        InvalidInput, GeometryError: as the service has them.
    """
    shop = read_shop(Settings())
    request, material = mapping.file_quote(asked), shop.book.material(asked.material)
    who = speaker(request.source, shop.slicing.use, material)
    report = inspect(mesh, material.process, shop.workshop.build_volume_mm)
    now = datetime.now(UTC)
    priced = partial(quote, mesh, report, request, shop.book, now, f"quo_{uuid4().hex}", workshop=shop.workshop)
    if who == "geometry":
        return mapping.quote(priced())
    try:
        supports = request.support and report.support_volume_mm3 > 0
        sliced = shop.slicer().slice(mesh, slice_request(request.infill, material, supports=supports))
    except (SlicerFailed, GeometryTooLarge) as error:
        if request.source == "slicer":
            raise
        return mapping.quote(by_the_model(priced(), error))
    return mapping.quote(priced(sliced=sliced))


def check_wanted(asked: "GenerationRequest") -> None:
    """Refuse what this machine's price book does not have, before a service is started for it. Raises InvalidInput."""
    book = price_book(Settings())
    material = asked.material or next(iter(book.materials))
    check_order(QuoteRequest(material, asked.quantity or 1, currency=asked.currency, ship_to=asked.ship_to), book)


def minor_units(amount: str, currency: str | None) -> int:
    """An amount as people write it, in a currency or the price book's own. Raises InvalidInput."""
    book = price_book(Settings())
    try:
        exact = Decimal(amount)
    except InvalidOperation as error:
        raise InvalidInput(f"A budget is an amount such as 25.00, got {amount!r}.") from error
    book.rate(currency or book.currency)  # refuses one that it does not have
    return to_minor(exact, currency or book.currency)
