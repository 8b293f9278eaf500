"""The routes that answer at once: tools on uploaded files, analyses, and what can be chosen."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from deployments import mapping, openapi
from deployments.answers import json_answer
from deployments.bodies import parse, upload
from moldar import wire
from pipelines.uploads import FileConversion

if TYPE_CHECKING:
    from deployments.gateway import Gateway


def tool_routes(gateway: "Gateway") -> APIRouter:
    """What works on a request or a file at once, without a generation, and what can be chosen."""
    api = APIRouter(prefix="/v1")

    @api.post("/analyses", response_model=wire.AnalysisResponse)
    async def analyse(body: wire.AnalysisRequest) -> Response:
        """What a request is understood to ask, who would serve it and for how much; nothing is spent."""
        return json_answer(await gateway.analyse(body))

    @api.post(
        "/conversions",
        responses={200: {"content": {"application/octet-stream": {}}, "description": "The converted file."}},
        response_class=Response,
        openapi_extra=openapi.file_form(wire.ConversionRequest),
    )
    async def convert(request: Request) -> Response:
        """An uploaded mesh or splat file in another format, as a closed solid unless splats stay splats."""
        sent = await upload(request)
        wanted = parse(wire.ConversionRequest, sent.fields)
        data = await gateway.uploads.convert(sent.data, FileConversion(sent.extension, wanted.format, wanted.size_mm))
        media_type = mapping.MEDIA_TYPES.get(wanted.format, "application/octet-stream")
        name = f"model.{wanted.format}"
        return Response(data, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, media_type)

    @api.post(
        "/printability", response_model=wire.Printability, openapi_extra=openapi.file_form(wire.InspectionRequest)
    )
    async def inspect(request: Request) -> Response:
        """The print report of an uploaded file."""
        sent = await upload(request)
        asked = parse(wire.InspectionRequest, sent.fields)
        return json_answer(await gateway.uploads.inspect(sent.data, sent.extension, asked))

    @api.post("/quotes", response_model=wire.Quote, openapi_extra=openapi.file_form(wire.FileQuoteRequest))
    async def quote(request: Request) -> Response:
        """The price of printing an uploaded file."""
        sent = await upload(request)
        asked = parse(wire.FileQuoteRequest, sent.fields)
        return json_answer(await gateway.uploads.quote(sent.data, sent.extension, asked))

    @api.get("/materials", response_model=wire.MaterialList)
    async def materials() -> Response:
        """Every material that can be chosen."""
        return Response(gateway.materials, media_type="application/json")

    @api.get("/backends", response_model=wire.BackendList)
    async def backends() -> Response:
        """Who can serve, and why not."""
        return json_answer(await gateway.backends())

    return api
