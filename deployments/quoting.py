"""Serve shell around `pipelines.printability` and `pipelines.pricing`."""

import asyncio
import uuid
from datetime import UTC, datetime

from pipelines.geometry import TriangleMesh
from pipelines.pricing import PriceBook, Quote, QuoteRequest, material_named, quote
from pipelines.printability import PrintReport, inspect


class Quoting:
    """One CPU replica that holds the price book."""

    def __init__(self, book: PriceBook, build_volume_mm: tuple[float, float, float]) -> None:
        self._book = book
        self._build_volume_mm = build_volume_mm

    async def inspect(self, mesh: TriangleMesh, material: str) -> PrintReport:
        """The print report for the process of a material. Raises EmptyGeometry."""
        process = material_named(material).process
        return await asyncio.to_thread(inspect, mesh, process, self._build_volume_mm)

    async def quote(self, mesh: TriangleMesh, report: PrintReport, request: QuoteRequest) -> Quote:
        """The price. Raises InvalidInput, EmptyGeometry."""
        issued_at, quote_id = datetime.now(UTC), f"quo_{uuid.uuid4().hex}"
        return await asyncio.to_thread(quote, mesh, report, request, self._book, issued_at, quote_id)
