"""Pricing: materials, how much of them and of the machine a part takes, and an itemised quote."""

from pipelines.pricing.book import PriceBook, Zone
from pipelines.pricing.book_file import default_price_book, read_price_book
from pipelines.pricing.estimate import EstimateSource, PrintEstimate, SlicedPart, slice_part
from pipelines.pricing.materials import MATERIALS, Material, Range, Source, material_named
from pipelines.pricing.money import LOCALES, MINOR_DIGITS, Locale, format_money, minor_digits, to_minor
from pipelines.pricing.printers import FDM_PRINTER, RESIN_PRINTER, FdmPrinter, ResinPrinter
from pipelines.pricing.quotation import (
    Alternative,
    AlternativeKind,
    BookName,
    LineCode,
    LineSource,
    QuantityBreak,
    Quote,
    QuoteLine,
    QuoteRequest,
    Workshop,
)
from pipelines.pricing.quote import check_order, quote
from pipelines.pricing.recommend import Recommendation, recommend
from pipelines.pricing.slicing import Sliced, Slicer, SliceRequest, SlicerUse, is_sampled, slice_request, speaker

__all__ = [
    "FDM_PRINTER",
    "LOCALES",
    "MATERIALS",
    "MINOR_DIGITS",
    "RESIN_PRINTER",
    "Alternative",
    "AlternativeKind",
    "BookName",
    "EstimateSource",
    "FdmPrinter",
    "LineCode",
    "LineSource",
    "Locale",
    "Material",
    "PriceBook",
    "PrintEstimate",
    "QuantityBreak",
    "Quote",
    "QuoteLine",
    "QuoteRequest",
    "Range",
    "Recommendation",
    "ResinPrinter",
    "SliceRequest",
    "Sliced",
    "SlicedPart",
    "Slicer",
    "SlicerUse",
    "Source",
    "Workshop",
    "Zone",
    "check_order",
    "default_price_book",
    "format_money",
    "is_sampled",
    "material_named",
    "minor_digits",
    "quote",
    "read_price_book",
    "recommend",
    "slice_part",
    "slice_request",
    "speaker",
    "to_minor",
]
