"""`moldar quote`: a price in this process, by the files that the settings name, and by the slicer where it is asked."""

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from deployments import mapping
from deployments.settings import Settings
from deployments.shop import by_the_model, read_shop
from pipelines.errors import GeometryTooLarge, SlicerFailed
from pipelines.pricing import Workshop, quote, slice_request, speaker
from pipelines.printability import inspect

if TYPE_CHECKING:
    from moldar.wire import FileQuoteRequest, Quote
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
    report = inspect(mesh, material.process, shop.build_volume_mm)
    workshop, now = Workshop(shop.build_volume_mm), datetime.now(UTC)
    priced = partial(quote, mesh, report, request, shop.book, now, f"quo_{uuid4().hex}", workshop=workshop)
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
