"""A price book of round figures and parts whose prices can be worked out by hand."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from pipelines.pricing import PriceBook, Quote, QuoteRequest, Sliced, quote, read_price_book
from pipelines.printability import PrintReport, inspect
from tests.pipelines.printability.shapes import as_mesh, block, cylinder

ISSUED = datetime(2026, 3, 1, 12, tzinfo=UTC)

BOOK = read_price_book(
    """
name = "Test"
dated = 2026-02-01
currency = "USD"
[order]
source = "test"
dated = 2026-02-01
valid_days = 7
minimum = "0"
setup = "3.00"
setup_per_plate = "2.00"
[machine]
source = "test"
dated = 2026-02-01
fdm_hour = "1.20"
resin_hour = "1.80"
energy_kwh = "0.50"
fdm_plate_mm = [200, 100]
resin_plate_mm = [45, 25]
plate_gap_mm = 5
[post_processing]
source = "test"
dated = 2026-02-01
fdm_part = "0.50"
resin_part = "3.00"
support_removal_cm3 = "0.25"
[failure]
source = "test"
dated = 2026-02-01
ok = "0.10"
warning = "0.20"
error = "0.30"
[margin]
source = "test"
dated = 2026-02-01
tiers = [{ from_unit = 1, share = "0.40" }, { from_unit = 3, share = "0.20" }]
[shipping]
source = "test"
dated = 2026-02-01
packaging_g = 50
zones = [
  { name = "pickup", label = "Collected" },
  { name = "de", label = "Post to Germany", tax_label = "MwSt", tax_share = "0.19", tiers = [
    { up_to_g = 100, up_to_mm = 100, price = "4.00" },
    { up_to_g = 500, up_to_mm = 100, price = "7.00" },
    { up_to_g = 1000, up_to_mm = 100, price = "9.00" },
  ] },
]
[tax]
source = "test"
dated = 2026-02-01
label = "VAT"
share = "0.10"
[rates]
source = "test"
dated = 2026-02-01
stale_after_days = 30
[rates.worth]
USD = "1"
EUR = "0.80"
BRL = "5.00"
JPY = "150"
KWD = "0.30"
"""
    + "".join(
        f"""
[materials.{name}]
source = "test"
dated = 2026-02-01
price_per_kg = "{price}"
"""
        for name, price in (("pla", "22"), ("petg", "24"), ("asa", "30"), ("tpu", "35"), ("resin", "40.00"))
    )
)

CUBE = as_mesh(block((10, 10, 10)))
SHAPES = {
    "cube": CUBE,
    "cup": as_mesh(cylinder(15, 20, 48) - cylinder(13, 20, 48).translate((0, 0, 2))),
    "tee": as_mesh(block((8, 8, 12)) + block((24, 12, 4), at=(0, 0, 12))),
}


@cache
def report(shape: str) -> PrintReport:
    return inspect(SHAPES[shape])


def priced(shape: str = "cube", book: PriceBook = BOOK, sliced: Sliced | None = None, **request: Any) -> Quote:
    return quote(SHAPES[shape], report(shape), QuoteRequest(**request), book, ISSUED, "quo_1", sliced)


def with_(book: PriceBook, **groups: dict[str, Any]) -> PriceBook:
    """The book with some figures of some groups changed, checked again."""
    whole = book.model_dump()
    return PriceBook.model_validate({**whole, **{name: {**whole[name], **new} for name, new in groups.items()}})


def amounts(found: Quote) -> dict[str, int]:
    return {line.code: line.amount_minor for line in found.lines}
