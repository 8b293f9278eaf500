"""The tools that work on a file somebody hands in: nothing of it is kept."""

from typing import cast

from deployments import mapping
from deployments.calls import Handle, call
from moldar import wire
from pipelines.geometry import TriangleMesh
from pipelines.uploads import FileConversion


class Uploads:
    """What the gateway does with uploaded files, through the deployments that compute."""

    def __init__(self, conversion: Handle, quoting: Handle) -> None:
        self._conversion = conversion
        self._quoting = quoting

    async def convert(self, data: bytes, wanted: FileConversion) -> bytes:
        """The file in another format."""
        return cast("bytes", await call(self._conversion, "convert_file", data, wanted))

    async def inspect(self, data: bytes, extension: str, request: wire.InspectionRequest) -> wire.Printability:
        """The print report of the file as it is."""
        mesh = await self._read(data, extension, request.size_mm)
        material = "resin" if request.process == "resin" else "pla"
        return mapping.report(await call(self._quoting, "inspect", mesh, material))

    async def quote(self, data: bytes, extension: str, request: wire.FileQuoteRequest) -> wire.Quote:
        """The price of printing the file."""
        mesh = await self._read(data, extension, request.size_mm)
        report = await call(self._quoting, "inspect", mesh, request.material)
        quote = await call(self._quoting, "quote", mesh, report, mapping.file_quote(request))
        return mapping.quote(quote)

    async def _read(self, data: bytes, extension: str, size_mm: float | None) -> TriangleMesh:
        return cast("TriangleMesh", await call(self._conversion, "read_upload", data, extension, size_mm))
