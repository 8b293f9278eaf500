"""The routes that answer at once: tools on uploaded files, analyses, and what can be chosen."""

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Request, Response

from deployments import mapping, openapi, repair_mapping
from deployments.answers import attachment, json_answer
from deployments.bodies import parse, upload
from deployments.repaired import REPAIRS_HEADER, repaired_answer, repairs_header
from moldar import wire
from pipelines.uploads import FileConversion

if TYPE_CHECKING:
    from deployments.gateway import Gateway

Accept = Annotated[str | None, Header(max_length=500, description="What the answer shall be.")]


def tool_routes(gateway: "Gateway") -> APIRouter:
    """What works on a request or a file at once, without a generation, and what can be chosen."""
    api = APIRouter(prefix="/v1")

    @api.post("/analyses", response_model=wire.AnalysisResponse)
    async def analyse(body: wire.AnalysisRequest) -> Response:
        """What a request is understood to ask, who would serve it and for how much; nothing is spent."""
        return json_answer(await gateway.analyse(body))

    @api.post(
        "/conversions",
        responses=openapi.CONVERTED,
        response_class=Response,
        openapi_extra=openapi.file_form(wire.ConversionRequest),
    )
    async def convert(request: Request) -> Response:
        """An uploaded mesh or splat file in another format, as a closed solid unless splats stay splats."""
        sent = await upload(request)
        wanted = parse(wire.ConversionRequest, sent.fields)
        asked = FileConversion(sent.extension, wanted.format, wanted.size_mm, wanted.unit, wanted.texture)
        made = await gateway.uploads.convert(sent.data, asked)
        media_type = mapping.MEDIA_TYPES.get(wanted.format, "application/octet-stream")
        headers = {REPAIRS_HEADER: repairs_header(repair_mapping.surface_repairs(made.repairs))}
        return attachment(made.data, f"model.{wanted.format}", media_type, headers)

    @api.post(
        "/printability", response_model=wire.Printability, openapi_extra=openapi.file_form(wire.InspectionRequest)
    )
    async def inspect(request: Request) -> Response:
        """The print report of an uploaded file."""
        sent = await upload(request)
        asked = parse(wire.InspectionRequest, sent.fields)
        return json_answer(await gateway.uploads.inspect(sent, asked))

    @api.post("/quotes", response_model=wire.Quote, openapi_extra=openapi.file_form(wire.FileQuoteRequest))
    async def quote(request: Request) -> Response:
        """The price of printing an uploaded file."""
        sent = await upload(request)
        asked = parse(wire.FileQuoteRequest, sent.fields)
        return json_answer(await gateway.uploads.quote(sent, asked))

    @api.post(
        "/repairs",
        response_model=wire.RepairedFile,
        responses=openapi.REPAIRED,
        openapi_extra=openapi.file_form(wire.FileRepairRequest),
    )
    async def repair(request: Request, accept: Accept = None) -> Response:
        """An uploaded file as a closed solid with repairs for printing, measured before and after.

        JSON with the files in base64; `Accept: application/zip` asks for an archive, and a format's own type for the
        one file that there is.
        """
        sent = await upload(request)
        asked = parse(wire.FileRepairRequest, sent.fields)
        made = await gateway.uploads.repair(sent, asked)

        def answer() -> Response:
            return repaired_answer(repair_mapping.repaired_file(made, asked.format), accept, gateway.limits.body_bytes)

        # A thread: base64 and archives of 64 MiB take seconds, in which the door must not stand still for others.
        return await asyncio.to_thread(answer)

    @api.post(
        "/pictures",
        responses=openapi.PICTURE,
        response_class=Response,
        openapi_extra=openapi.file_form(wire.PictureRequest),
    )
    async def draw(request: Request) -> Response:
        """A picture of an uploaded file, or a turn around it."""
        sent = await upload(request)
        asked = parse(wire.PictureRequest, sent.fields)
        drawn = await gateway.uploads.draw(sent, asked)
        return attachment(drawn, f"picture.{asked.format}", f"image/{asked.format}")

    @api.get("/materials", response_model=wire.MaterialList)
    async def materials() -> Response:
        """Every material that can be chosen."""
        return Response(gateway.materials, media_type="application/json")

    @api.get("/backends", response_model=wire.BackendList)
    async def backends() -> Response:
        """Who can serve, and why not."""
        return json_answer(await gateway.backends())

    return api
