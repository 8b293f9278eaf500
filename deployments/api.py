"""The HTTP interface of CONTRACT: routes to the gateway's methods and back. No rule of the service lives here."""

from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, StreamingResponse
from starlette.exceptions import HTTPException

from deployments import mapping, openapi
from deployments.answers import again, event_stream, json_answer, kept_file
from deployments.bodies import InvalidBody, generation_request, printable
from deployments.legacy import legacy_routes
from deployments.middleware import BodyCap, Observed
from deployments.page import PAGE
from deployments.problems import plain_problem, problem
from deployments.tool_routes import tool_routes
from moldar import wire
from pipelines.errors import InvalidInput, MoldarError

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
    app.include_router(tool_routes(gateway), tags=["tools"])
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
    routers = (_generations(nobody), _beside(nobody), tool_routes(nobody), _service(nobody), legacy_routes(nobody))
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
        return json_answer(made, 200 if made.is_final and wait_s else 202, headers)

    @api.get("/generations", response_model=wire.GenerationPage)
    async def list_generations(
        limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: Annotated[str | None, Query(max_length=200)] = None
    ) -> Response:
        """The caller's generations, the newest first."""
        return json_answer(await gateway.page(cursor, limit))

    @api.get("/generations/{generation_id}", response_model=wire.Generation)
    async def get_generation(generation_id: Id) -> Response:
        """One generation, as far as it has come."""
        return json_answer(await gateway.get(generation_id))

    @api.delete("/generations/{generation_id}", status_code=204)
    async def delete_generation(generation_id: Id) -> Response:
        """Cancel it where it still runs, and erase it with its files."""
        await gateway.erase(generation_id)
        return Response(status_code=204)

    @api.post("/generations/{generation_id}/cancel", response_model=wire.Generation)
    async def cancel_generation(generation_id: Id) -> Response:
        """Stop its work; without effect once it has ended."""
        return json_answer(await gateway.cancel(generation_id))

    @api.get("/generations/{generation_id}/events", responses=openapi.STREAM, response_class=StreamingResponse)
    async def generation_events(generation_id: Id, last_event_id: LastEventId = None) -> Response:
        """Its log as server-sent events, from the start or after `Last-Event-ID`; the stream ends with it."""
        last = _event_id(last_event_id)
        state = await gateway.get(generation_id)
        events = gateway.events_of(generation_id, last)
        if last is None or not state.is_final:
            return event_stream(events)
        # 204 tells a browser's EventSource that there is nothing left to reconnect for.
        rest = [event async for event in events]
        return event_stream(again(rest)) if rest else Response(status_code=204)

    @api.get("/generations/{generation_id}/files/{name}", responses=openapi.FILE, response_class=Response)
    async def generation_file(
        request: Request, generation_id: Id, name: Annotated[str, Path(max_length=100, description="As listed.")]
    ) -> Response:
        """One file of the result, with ranges and ETag."""
        record = await gateway.record_of(generation_id, name)
        return await kept_file(request, record, partial(gateway.content, record))

    return api


def _beside(gateway: "Gateway") -> APIRouter:
    api = APIRouter(prefix="/v1")

    @api.post("/generations/{generation_id}/quotes", response_model=wire.Quote)
    async def requote(generation_id: Id, body: wire.QuoteRequest) -> Response:
        """Another price of its solid: material, size, infill, quantity or currency, without generating again."""
        return json_answer(await gateway.requote(generation_id, body))

    @api.post("/generations/{generation_id}/repairs", response_model=wire.GenerationRepair)
    async def repair(generation_id: Id, body: wire.RepairRequest) -> Response:
        """Repairs of its solid for printing, measured and priced again; what it has stays as it is."""
        return json_answer(await gateway.repair(generation_id, body))

    @api.get("/generations/{generation_id}/repairs", response_model=wire.RepairList)
    async def list_repairs(generation_id: Id) -> Response:
        """Every repair of it."""
        return json_answer(await gateway.repairs(generation_id))

    @api.get("/generations/{generation_id}/turntable.webp", responses=openapi.FILM, response_class=Response)
    async def turntable(
        request: Request,
        generation_id: Id,
        size: Annotated[int, Query(ge=128, le=512, multiple_of=128, description="Pixels per side.")] = 512,
    ) -> Response:
        """A turn around its solid, drawn when it is first asked for."""
        record, data = await gateway.finished.film(generation_id, size)
        return await kept_file(request, record, partial(_part_of, data))

    @api.post("/batches", status_code=202, response_model=wire.Batch)
    async def create_batch(
        body: wire.BatchRequest, idempotency_key: Annotated[str | None, Header(min_length=1, max_length=240)] = None
    ) -> Response:
        """Accept many generations under one id, all or none."""
        made = await gateway.accept_batch(body, idempotency_key)
        return json_answer(made, 202, {"Location": f"/v1/batches/{made.id}"})

    @api.get("/batches/{batch_id}", response_model=wire.Batch)
    async def get_batch(batch_id: Annotated[str, Path(max_length=64, description="A batch's id.")]) -> Response:
        """One batch with its generations."""
        return json_answer(await gateway.get_batch(batch_id))

    @api.get("/events", responses=openapi.STREAM, response_class=StreamingResponse)
    async def all_events(last_event_id: LastEventId = None) -> Response:
        """The log of all of the caller's generations, from now on or after `Last-Event-ID`; it does not end."""
        return event_stream(gateway.all_events(_event_id(last_event_id)))

    return api


def _service(gateway: "Gateway") -> APIRouter:
    api = APIRouter()

    @api.get("/healthz", response_model=wire.Health)
    async def healthz() -> Response:
        """The process answers."""
        return json_answer(mapping.health(()))

    @api.get("/readyz", response_model=wire.Health, responses={503: {"model": wire.Health}})
    async def readyz() -> Response:
        """The record and every deployment that a job needs answer."""
        health = await gateway.ready()
        return json_answer(health, 200 if health.status == "ok" else 503)

    @api.get("/metrics", responses=openapi.METRICS, response_class=Response)
    async def metrics() -> Response:
        """Prometheus text exposition."""
        return Response(await gateway.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @api.get("/", response_class=HTMLResponse)
    async def page() -> HTMLResponse:
        """What this service is and how to ask it."""
        return HTMLResponse(PAGE)

    return api


async def _part_of(data: bytes, start: int, end: int) -> bytes:
    return data[start:end]


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
