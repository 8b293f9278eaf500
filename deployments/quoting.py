"""Serve shell around `pipelines.printability` and `pipelines.pricing`, with the slicer where the shop asks one."""

import asyncio
import threading
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog

from deployments.calls import Handle, call
from deployments.logs import configure
from deployments.shop import Shop, by_the_model
from deployments.telemetry import Reporter
from pipelines.errors import GeometryTooLarge, MoldarError, SlicerFailed
from pipelines.geometry import TriangleMesh
from pipelines.pricing import Quote, QuoteRequest, Sliced, is_sampled, quote, slice_request, speaker
from pipelines.printability import PrintReport, inspect
from pipelines.warming import warm_reports

SLICES: Final = 2  # at a time in one replica; others wait, while quotes by the model go on
Priced = Callable[..., Quote]
"""A quote with everything given but `sliced`."""


class Quoting:
    """One CPU replica that holds the price book and, where there is one, the slicer."""

    def __init__(self, shop: Shop, telemetry: Handle, log_level: str) -> None:
        configure(log_level)
        self._shop = shop
        self._slicer = shop.slicer()
        self._reporter = Reporter(lambda batch: call(telemetry, "record", batch))
        self._slices = asyncio.Semaphore(SLICES)
        self._watching: asyncio.Task[None] | None = None
        threading.Thread(target=warm_reports, daemon=True).start()  # numba compiles, or loads, while nobody waits

    async def inspect(self, mesh: TriangleMesh, material: str) -> PrintReport:
        """The print report for the process of a material. Raises EmptyGeometry."""
        process = self._shop.book.process(material)
        return await asyncio.to_thread(inspect, mesh, process, self._shop.workshop.build_volume_mm)

    async def check_source(self, request: QuoteRequest) -> None:
        """Whether who is to say mass and time can be asked. Raises InvalidInput, SlicerFailed."""
        if self._speaker(request) == "slicer":
            await asyncio.to_thread(self._slicer.version)

    async def quote(self, mesh: TriangleMesh, report: PrintReport, request: QuoteRequest) -> Quote:
        """The price. Raises InvalidInput, GeometryError, and SlicerFailed where the slicer was asked for by name."""
        issued_at, quote_id = datetime.now(UTC), f"quo_{uuid.uuid4().hex}"
        book, workshop = self._shop.book, self._shop.workshop
        priced = partial(quote, mesh, report, request, book, issued_at, quote_id, workshop=workshop)
        if self._speaker(request) == "geometry":
            computed = await asyncio.to_thread(priced)
            self._watch(computed, priced, mesh, report, request)
            return computed
        slicing = asyncio.ensure_future(self._sliced(mesh, report, request))
        try:
            computed = await asyncio.to_thread(priced)
            (said,) = await asyncio.gather(slicing, return_exceptions=True)
        finally:
            slicing.cancel()
        if isinstance(said, SlicerFailed | GeometryTooLarge) and request.source != "slicer":
            structlog.get_logger().warning("quote.not_sliced", code=said.code, reason=str(said))
            return by_the_model(computed, said)
        if isinstance(said, BaseException):
            raise said
        return await self._measured(computed, priced, said)

    def _speaker(self, request: QuoteRequest) -> str:
        return speaker(request.source, self._shop.slicing.use, self._shop.book.material(request.material))

    async def _sliced(self, mesh: TriangleMesh, report: PrintReport, request: QuoteRequest) -> Sliced:
        """What the slicer says; it is killed when nobody waits for it any more."""
        supports = request.support and report.support_volume_mm3 > 0
        asked = slice_request(request.infill, self._shop.book.material(request.material), supports=supports)
        async with self._slices:
            stop = threading.Event()
            try:
                return await asyncio.to_thread(self._slicer.slice, mesh, asked, stop)
            finally:
                stop.set()

    async def _measured(self, computed: Quote, priced: Priced, sliced: Sliced) -> Quote:
        """The quote by the slicer's word, and how far it is from the model's."""
        measured = await asyncio.to_thread(priced, sliced=sliced)
        if computed.total_minor:  # a book may print for nothing
            self._reporter.observe("moldar_quote_drift_ratio", measured.total_minor / computed.total_minor, "slicer")
        return measured

    def _watch(
        self, computed: Quote, priced: Priced, mesh: TriangleMesh, report: PrintReport, request: QuoteRequest
    ) -> None:
        """Slice some of the computed quotes too, one at a time: how far the model drifts from the slicer."""
        busy = self._watching is not None and not self._watching.done()
        melts = self._shop.book.material(request.material).process.name == "fdm"
        if melts and not busy and is_sampled(computed.quote_id, self._shop.slicing.drift_share):
            self._watching = asyncio.create_task(self._drifted(computed, priced, self._sliced(mesh, report, request)))

    async def _drifted(self, computed: Quote, priced: Priced, slicing: Awaitable[Sliced]) -> None:
        try:
            await self._measured(computed, priced, await slicing)
        except MoldarError as error:
            structlog.get_logger().info("quote.drift_unmeasured", code=error.code, reason=str(error))
