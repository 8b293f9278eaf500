"""The tools that work on a file somebody hands in: nothing of it is kept."""

from typing import cast

from deployments import mapping, repair_mapping
from deployments.bodies import Upload
from deployments.calls import Handle, call
from moldar import wire
from pipelines.file_pictures import FilePicture
from pipelines.geometry import Camera
from pipelines.uploads import FileConversion, Mended
from pipelines.workbench import Conversion, RepairedFile, Survey


class Uploads:
    """What the gateway does with uploaded files, through the deployments that compute."""

    def __init__(self, conversion: Handle, quoting: Handle) -> None:
        self._conversion = conversion
        self._quoting = quoting

    async def convert(self, data: bytes, wanted: FileConversion) -> Conversion:
        """The file in another format."""
        return cast("Conversion", await call(self._conversion, "convert_file", data, wanted))

    async def inspect(self, sent: Upload, request: wire.InspectionRequest) -> wire.Printability:
        """The print report of the file as it is, with what would make it a solid."""
        asked = (sent.data, sent.extension, request.size_mm, request.unit)
        survey = cast("Survey", await call(self._conversion, "survey", *asked))
        material = "resin" if request.process == "resin" else "pla"
        return repair_mapping.surveyed(await call(self._quoting, "inspect", survey.mesh, material), survey)

    async def quote(self, sent: Upload, request: wire.FileQuoteRequest) -> wire.Quote:
        """The price of printing the file, made a solid where it is none."""
        asked = (sent.data, sent.extension, request.size_mm, request.unit)
        solid = cast("Mended", await call(self._conversion, "solid_of", *asked))
        report = await call(self._quoting, "inspect", solid.mesh, request.material)
        quote = await call(self._quoting, "quote", solid.mesh, report, mapping.file_quote(request))
        return repair_mapping.quoted(quote, solid.repairs)

    async def repair(self, sent: Upload, request: wire.FileRepairRequest) -> RepairedFile:
        """The file made solid and repaired."""
        order = repair_mapping.repair_order(sent.extension, request)
        return cast("RepairedFile", await call(self._conversion, "repair_file", sent.data, order))

    async def draw(self, sent: Upload, request: wire.PictureRequest) -> bytes:
        """A picture of the file, or a turn around it."""
        camera = Camera(request.elevation_deg, request.azimuth_deg)
        wanted = FilePicture(sent.extension, camera, request.format, request.size, request.frames)
        return cast("bytes", await call(self._conversion, "draw_file", sent.data, wanted))
