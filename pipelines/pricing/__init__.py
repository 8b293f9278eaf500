"""Pricing: materials, how much of them and of the machine a part takes, and an itemised quote."""

from pipelines.pricing.book import PriceBook, default_price_book, read_price_book
from pipelines.pricing.estimate import EstimateSource, PrintEstimate, SlicedPart, slice_part
from pipelines.pricing.materials import MATERIALS, Material, MaterialName, Range, Source, material_named
from pipelines.pricing.money import CURRENCIES, LOCALES, Currency, Locale, format_money
from pipelines.pricing.printers import FDM_PRINTER, RESIN_PRINTER, FdmPrinter, ResinPrinter
from pipelines.pricing.quote import (
    Alternative,
    AlternativeKind,
    LineCode,
    LineSource,
    QuantityBreak,
    Quote,
    QuoteLine,
    QuoteRequest,
    quote,
)
from pipelines.pricing.recommend import Recommendation, recommend
from pipelines.pricing.slicing import Sliced, Slicer, SliceRequest, SlicerUse, is_sampled, slice_request, speaker

__all__ = [
    "CURRENCIES",
    "FDM_PRINTER",
    "LOCALES",
    "MATERIALS",
    "RESIN_PRINTER",
    "Alternative",
    "AlternativeKind",
    "Currency",
    "EstimateSource",
    "FdmPrinter",
    "LineCode",
    "LineSource",
    "Locale",
    "Material",
    "MaterialName",
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
    "default_price_book",
    "format_money",
    "is_sampled",
    "material_named",
    "quote",
    "read_price_book",
    "recommend",
    "slice_part",
    "slice_request",
    "speaker",
]
