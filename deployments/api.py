"""The HTTP interface of CONTRACT: routes to the gateway's methods and back. No rule of the service lives here."""

from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.exceptions import HTTPException

from deployments import mapping, openapi
from deployments.bodies import InvalidBody, byte_range, generation_request, parse, printable, upload
from deployments.legacy import legacy_routes
from deployments.middleware import BodyCap, Observed
from deployments.page import PAGE
from deployments.problems import plain_problem, problem
from jobs.model import JobEvent
from moldar import wire
from pipelines.errors import InvalidInput, MoldarError
from pipelines.uploads import FileConversion

if TYPE_CHECKING:
    from deployments.gateway import Gateway

Id = Annotated[str, Path(max_length=64, description="A generation's id.")]
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=20, description="Resume after it.")]


def create_api(gateway: "Gateway") -> FastAPI:
    """The whole interface around one gateway."""
    app = FastAPI(
        title="Moldar",
        version=version("moldar"),
        summary="A sentence or a picture becomes a printable object and a price.",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        responses=openapi.PROBLEMS,
    )
    app.include_router(_generations(gateway), tags=["generations"])
    app.include_router(_beside(gateway), tags=["generations"])
    app.include_router(_tools(gateway), tags=["tools"])
    app.include_router(_service(gateway), tags=["service"])
    app.include_router(legacy_routes(gateway), tags=["older interface"])
    app.add_exception_handler(MoldarError, _on_error(gateway))
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_surprise(gateway))
    app.add_middleware(BodyCap, limit_bytes=gateway.limits.body_bytes)
    app.add_middleware(Observed, reporter=gateway.reporter, log=gateway.log)
    openapi.install(app)
    return app


def routes() -> tuple[str, ...]:
    """The templates of every route: the closed set that the HTTP metrics are labelled with."""
    nobody: Any = None
    # Prefixes are the routers' own and not include_router's: only so does a matched route know its whole path.
    routers = (_generations(nobody), _beside(nobody), _tools(nobody), _service(nobody), legacy_routes(nobody))
    return tuple(dict.fromkeys(getattr(route, "path", "") for router in routers for route in router.routes))


def _generations(gateway: "Gateway") -> APIRouter:
    api = APIRouter(prefix="/v1")

    @api.post(
        "/generations",
        status_code=202,
        response_model=wire.Generation,
        responses={200: {"model": wire.Generation, "description": "It ended within `Prefer: wait=N`."}},
        openapi_extra=openapi.json_or_form(wire.GenerationRequest, "images"),
    )
    async def create_generation(
        request: Request,
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
        prefer: Annotated[str | None, Header(max_length=200, description="wait=N holds up to N seconds.")] = None,
    ) -> Response:
        """Accept a generation: 202 means that it is in the record and will end."""
        wait_s = _wait_s(prefer, gateway.limits.wait_s)
        made = await gateway.submit(await generation_request(request), idempotency_key)
        if wait_s and not made.is_final:
            made = await gateway.wait(made.id, wait_s)
        headers = {"Location": f"/v1/generations/{made.id}"}
        if wait_s is not None:
            headers["Preference-Applied"] = f"wait={wait_s:g}"
        return _json(made, 200 if made.is_final and wait_s else 202, headers)

    @api.get("/generations", response_model=wire.GenerationPage)
    async def list_generations(
        limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: Annotated[str | None, Query(max_length=200)] = None
    ) -> Response:
        """The caller's generations, the newest first."""
        return _json(await gateway.page(cursor, limit))

    @api.get("/generations/{generation_id}", response_model=wire.Generation)
    async def get_generation(generation_id: Id) -> Response:
        """One generation, as far as it has come."""
        return _json(await gateway.get(generation_id))

    @api.delete("/generations/{generation_id}", status_code=204)
    async def delete_generation(generation_id: Id) -> Response:
        """Cancel it where it still runs, and erase it with its files."""
        await gateway.erase(generation_id)
        return Response(status_code=204)

    @api.post("/generations/{generation_id}/cancel", response_model=wire.Generation)
    async def cancel_generation(generation_id: Id) -> Response:
        """Stop its work; without effect once it has ended."""
        return _json(await gateway.cancel(generation_id))

    @api.get("/generations/{generation_id}/events", responses=openapi.STREAM, response_class=StreamingResponse)
    async def generation_events(generation_id: Id, last_event_id: LastEventId = None) -> Response:
        """Its log as server-sent events, from the start or after `Last-Event-ID`; the stream ends with it."""
        last = _event_id(last_event_id)
        state = await gateway.get(generation_id)
        events = gateway.events_of(generation_id, last)
        if last is None or not state.is_final:
            return _stream(events)
        # 204 tells a browser's EventSource that there is nothing left to reconnect for.
        rest = [event async for event in events]
        return _stream(_again(rest)) if rest else Response(status_code=204)

    @api.get("/generations/{generation_id}/files/{name}", responses=openapi.FILE, response_class=Response)
    async def generation_file(
        request: Request, generation_id: Id, name: Annotated[str, Path(max_length=100, description="As listed.")]
    ) -> Response:
        """One file of the result, with ranges and ETag."""
        record = await gateway.record_of(generation_id, name)
        headers = {
            "ETag": f'"{record.sha256}"',
            "Accept-Ranges": "bytes",
            "Content-Disposition": f'attachment; filename="{record.name}"',
            "Cache-Control": "private, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        if _matches(request.headers.get("if-none-match"), record.sha256):
            return Response(status_code=304, headers=headers)
        if request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
            span = None
        else:
            try:
                span = byte_range(request.headers.get("range"), record.bytes)
            except ValueError:
                return Response(status_code=416, headers={"Content-Range": f"bytes */{record.bytes}"})
        start, end = span or (0, record.bytes)
        if span:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{record.bytes}"
        body = await gateway.content(record, start, end)
        return Response(body, 206 if span else 200, headers, record.media_type)

    return api


def _beside(gateway: "Gateway") -> APIRouter:
    api = APIRouter(prefix="/v1")

    @api.post("/generations/{generation_id}/quotes", response_model=wire.Quote)
    async def requote(generation_id: Id, body: wire.QuoteRequest) -> Response:
        """Another price of its solid: material, size, infill, quantity or currency, without generating again."""
        return _json(await gateway.requote(generation_id, body))

    @api.post("/batches", status_code=202, response_model=wire.Batch)
    async def create_batch(
        body: wire.BatchRequest, idempotency_key: Annotated[str | None, Header(min_length=1, max_length=240)] = None
    ) -> Response:
        """Accept many generations under one id, all or none."""
        made = await gateway.accept_batch(body, idempotency_key)
        return _json(made, 202, {"Location": f"/v1/batches/{made.id}"})

    @api.get("/batches/{batch_id}", response_model=wire.Batch)
    async def get_batch(batch_id: Annotated[str, Path(max_length=64, description="A batch's id.")]) -> Response:
        """One batch with its generations."""
        return _json(await gateway.get_batch(batch_id))

    @api.get("/events", responses=openapi.STREAM, response_class=StreamingResponse)
    async def all_events(last_event_id: LastEventId = None) -> Response:
        """The log of all of the caller's generations, from now on or after `Last-Event-ID`; it does not end."""
        return _stream(gateway.all_events(_event_id(last_event_id)))

    return api


def _tools(gateway: "Gateway") -> APIRouter:
    api = APIRouter(prefix="/v1")

    @api.post("/analyses", response_model=wire.AnalysisResponse)
    async def analyse(body: wire.AnalysisRequest) -> Response:
        """What a request is understood to ask, who would serve it and for how much; nothing is spent."""
        return _json(await gateway.analyse(body))

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
        data = await gateway.convert_upload(sent.data, FileConversion(sent.extension, wanted.format, wanted.size_mm))
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
        return _json(await gateway.inspect_upload(sent.data, sent.extension, asked))

    @api.post("/quotes", response_model=wire.Quote, openapi_extra=openapi.file_form(wire.FileQuoteRequest))
    async def quote(request: Request) -> Response:
        """The price of printing an uploaded file."""
        sent = await upload(request)
        return _json(await gateway.quote_upload(sent.data, sent.extension, parse(wire.FileQuoteRequest, sent.fields)))

    @api.get("/materials", response_model=wire.MaterialList)
    async def materials() -> Response:
        """Every material that can be chosen."""
        return Response(gateway.materials, media_type="application/json")

    @api.get("/backends", response_model=wire.BackendList)
    async def backends() -> Response:
        """Who can serve, and why not."""
        return _json(await gateway.backends())

    return api


def _service(gateway: "Gateway") -> APIRouter:
    api = APIRouter()

    @api.get("/healthz", response_model=wire.Health)
    async def healthz() -> Response:
        """The process answers."""
        return _json(mapping.health(()))

    @api.get("/readyz", response_model=wire.Health, responses={503: {"model": wire.Health}})
    async def readyz() -> Response:
        """The record and every deployment that a job needs answer."""
        health = await gateway.ready()
        return _json(health, 200 if health.status == "ok" else 503)

    @api.get("/metrics", responses=openapi.METRICS, response_class=Response)
    async def metrics() -> Response:
        """Prometheus text exposition."""
        return Response(await gateway.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @api.get("/", response_class=HTMLResponse)
    async def page() -> HTMLResponse:
        """What this service is and how to ask it."""
        return HTMLResponse(PAGE)

    return api


def _json(model: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    # One pass in pydantic's own writer: FastAPI's response_model would validate and walk the object again.
    return Response(model.model_dump_json(), status, headers, "application/json")


def _stream(events: AsyncIterator[JobEvent | None]) -> Response:
    async def lines() -> AsyncIterator[bytes]:
        async for event in events:
            if event is None:
                yield KEEPALIVE_COMMENT
                continue
            data = mapping.event(event).model_dump_json()
            yield format_sse_event(data_str=data, event=event.kind, id=str(event.id))

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), 200, headers, "text/event-stream")


async def _again(events: list[JobEvent | None]) -> AsyncIterator[JobEvent | None]:
    for event in events:
        yield event


def _event_id(header: str | None) -> int | None:
    if header is None or header == "":
        return None
    if not (header.isascii() and header.isdigit()) or int(header) >= 2**63:
        raise InvalidInput("Last-Event-ID is not an id that this service gave out.")
    return int(header)


def _wait_s(prefer: str | None, most_s: float) -> float | None:
    for part in (prefer or "").replace(";", ",").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "wait" and value.isascii() and value.isdigit():
            return min(float(value), most_s)
    return None


def _matches(header: str | None, sha256: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in (header or "").split(",")]
    return sha256 in tags or "*" in tags


Handler = Callable[[Request, Exception], Awaitable[Response]]


def _on_error(gateway: "Gateway") -> Handler:
    async def handler(request: Request, error: Exception) -> Response:
        assert isinstance(error, MoldarError), "registered for the tree only"
        gateway.reporter.count("moldar_rejections_total", error.code)
        fields = error.errors if isinstance(error, InvalidBody) else ()
        errors = tuple(wire.FieldError(field=name, message=message) for name, message in fields)
        return problem(error, printable(request.url.path), errors)

    return handler


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), "registered for it only"
    findings = tuple(
        (printable(".".join(str(part) for part in found["loc"])), printable(str(found["msg"])))
        for found in error.errors()
    )
    first = f"{findings[0][0]}: {findings[0][1]}" if findings else "The request is not valid."
    errors = tuple(wire.FieldError(field=name, message=message) for name, message in findings[:32])
    return problem(InvalidInput(first), printable(request.url.path), errors)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for it only"
    code = "job.not_found" if error.status_code == 404 else "input.invalid"
    answer = plain_problem(error.status_code, code, str(error.detail), printable(request.url.path))
    answer.headers.update(error.headers or {})
    return answer


def _on_surprise(gateway: "Gateway") -> Handler:
    async def handler(request: Request, error: Exception) -> Response:
        gateway.log.exception("http.surprise", path=printable(request.url.path), exc_info=error)
        detail = "Something went wrong that was not foreseen; the log of this service has its trace."
        return plain_problem(500, "internal.failed", detail, printable(request.url.path))

    return handler
