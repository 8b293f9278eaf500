"""A small service that speaks the HTTP contract over real sockets, with faults that a test can order.

It makes nothing: a job's file is its prompt in bytes. What it does keep is the contract: idempotency keys, problem
bodies, event ids that rise over the whole service and resumption after Last-Event-ID.
"""

import asyncio
import base64
import hashlib
import json
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from moldar import wire

KEY = "secret-key"
KINDS = ("queued", "started", "stage_done", "stage_done", "succeeded")
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Job:
    """One generation and how far it has come."""

    id: str
    request: dict[str, Any]
    events: list[wire.Event]
    reached: int = 1
    canceled: bool = False

    @property
    def is_over(self) -> bool:
        return self.canceled or self.reached >= len(self.events)


@dataclass
class Peer:
    """The service's state, and the faults that were ordered."""

    jobs: dict[str, Job] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    refusals: deque[tuple[int, dict[str, str], bytes]] = field(default_factory=deque)  # answers to send first
    losses: deque[str] = field(default_factory=deque)  # "METHOD path" whose answer breaks off after the work is done
    events_per_stream: int = 99
    streams: str = "fine"  # "page": a proxy answers for us; "absent": 404; "forgetful": ignores Last-Event-ID
    file_name: str = "model.stl"
    damage: str = "none"  # of files: "bytes", "long"
    announced: int | None = None  # size of files, if it is to be wrong
    failure: wire.JobError | None = None  # how every job ends, if it is to fail
    stall_after: int = 99  # events of a stream, after which nothing more comes

    def reset(self) -> None:
        """Forget everything: the next test begins."""
        for name, value in vars(Peer()).items():
            setattr(self, name, value)

    def refuse(
        self, status: int, code: str, *, retryable: bool, retry_after: str | None = None, times: int = 1
    ) -> None:
        """Answer the next requests with a problem."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        body = wire.Problem(title="A problem", status=status, detail="It is so.", code=code, retryable=retryable)
        for _ in range(times):
            self.refusals.append((status, headers, body.model_dump_json().encode()))

    def count(self, method: str, path: str) -> int:
        """How often a request came."""
        return sum((method, path) == (m, p) for m, p, _ in self.seen)

    def content(self, job: Job) -> bytes:
        """The one file of a result."""
        return (job.request.get("prompt") or "").encode() * 50

    def generation(self, job: Job) -> wire.Generation:
        """The generation object as it stands."""
        data = self.content(job)
        ended = "failed" if self.failure else "succeeded"
        status = "canceled" if job.canceled else ended if job.is_over else "running"
        entry = wire.FileEntry(
            name=self.file_name,
            bytes=len(data) if self.announced is None else self.announced,
            sha256=hashlib.sha256(data).hexdigest(),
            media_type="model/stl",
            url=f"/v1/generations/{job.id}/files/{self.file_name}",
        )
        return wire.Generation.model_validate(
            {
                "id": job.id,
                "status": status,
                "created_at": START,
                "request": job.request,
                "files": (entry,) if status == "succeeded" else (),
                "quote": quote("pla", 1) if status == "succeeded" else None,
                "error": self.failure if status == "failed" else None,
            }
        )


class _Handlers:
    """The routes of the contract that the tests need."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def routes(self) -> list[Route]:
        return [
            Route("/v1/generations", self.submit, methods=["POST"]),
            Route("/v1/generations", self.listing, methods=["GET"]),
            Route("/v1/generations/{id}", self.one, methods=["GET", "DELETE"]),
            Route("/v1/generations/{id}/cancel", self.cancel, methods=["POST"]),
            Route("/v1/generations/{id}/events", self.events),
            Route("/v1/generations/{id}/files/{name:path}", self.file),
            Route("/v1/generations/{id}/quotes", self.requote, methods=["POST"]),
            Route("/v1/conversions", self.form, methods=["POST"]),
            Route("/v1/quotes", self.form, methods=["POST"]),
            Route("/v1/materials", self.materials),
        ]

    def _job_of(self, request: Request) -> Job | None:
        return self._peer.jobs.get(request.path_params["id"])

    async def submit(self, request: Request) -> Response:
        body = await request.body()
        try:
            asked = wire.GenerationRequest.model_validate_json(body)
        except ValidationError as error:
            fields = [wire.FieldError(field=".".join(map(str, e["loc"])), message=e["msg"]) for e in error.errors()]
            return _problem(422, "input.invalid", "The request is not valid.", fields)
        key = request.headers["idempotency-key"]
        if key not in self._peer.keys:
            job_id = f"gen_{len(self._peer.jobs)}"
            first = sum(len(job.events) for job in self._peer.jobs.values()) + 1
            events = [
                wire.Event(id=first + n, generation_id=job_id, kind=kind, at=START, data={"n": n})
                for n, kind in enumerate(KINDS)
            ]
            self._peer.jobs[job_id] = Job(job_id, asked.model_dump(), events)
            self._peer.keys[key] = job_id
        return _model(self._peer.generation(self._peer.jobs[self._peer.keys[key]]), 202)

    async def one(self, request: Request) -> Response:
        job = self._job_of(request)
        if job is None:
            return _problem(404, "job.not_found", "There is no such generation.")
        if request.method == "DELETE":
            del self._peer.jobs[job.id]
            return Response(status_code=204)
        if self._peer.streams != "fine":
            job.reached += 1  # work goes on while one asks
        return _model(self._peer.generation(job))

    async def listing(self, request: Request) -> Response:
        start = int(base64.b64decode(request.query_params.get("cursor", "MA==")))
        limit = int(request.query_params.get("limit", "2"))
        chosen = list(reversed(self._peer.jobs.values()))[start : start + limit]
        following = (
            base64.b64encode(str(start + limit).encode()).decode() if start + limit < len(self._peer.jobs) else None
        )
        page = wire.GenerationPage(items=tuple(map(self._peer.generation, chosen)), next_cursor=following)
        return _model(page)

    async def cancel(self, request: Request) -> Response:
        job = self._job_of(request)
        if job is None:
            return _problem(404, "job.not_found", "There is no such generation.")
        job.canceled = True
        return _model(self._peer.generation(job))

    async def events(self, request: Request) -> Response:
        job = self._job_of(request)
        if job is None or self._peer.streams == "absent":
            return _problem(404, "job.not_found", "There is no such generation.")
        if self._peer.streams == "page":
            return Response("<html>Please log in to the guest network</html>", media_type="text/html")
        after = 0 if self._peer.streams == "forgetful" else int(request.headers["last-event-id"])

        async def stream() -> AsyncIterator[str]:
            yield ": hello\n\n"
            due = [(n, event) for n, event in enumerate(job.events, start=1) if event.id > after]
            for sent, (n, event) in enumerate(due):
                if sent == self._peer.stall_after:
                    await asyncio.sleep(30)
                if sent == self._peer.events_per_stream:
                    raise ConnectionResetError("ordered by the test")
                job.reached = max(job.reached, n)
                yield f"id: {event.id}\nevent: {event.kind}\ndata: {event.model_dump_json()}\n\n"

        return StreamingResponse(stream(), media_type="text/event-stream")

    async def file(self, request: Request) -> Response:
        job = self._job_of(request)
        if job is None or request.path_params["name"] != self._peer.file_name:
            return _problem(404, "job.not_found", "There is no such file.")
        data = self._peer.content(job)
        if self._peer.damage == "bytes":
            data = data[::-1]
        if self._peer.damage == "long":
            data += b"!"
        return Response(data, media_type="model/stl")

    async def requote(self, request: Request) -> Response:
        asked = wire.QuoteRequest.model_validate_json(await request.body())
        return _model(quote(asked.material or "pla", asked.quantity or 1), 201)

    async def form(self, request: Request) -> Response:
        async with request.form() as sent:
            return await self._tool(request.url.path, sent)

    async def _tool(self, path: str, sent: FormData) -> Response:
        file = sent["file"]
        assert not isinstance(file, str)
        text = {name: value for name, value in sent.items() if isinstance(value, str)}
        data = await file.read()
        if path.endswith("conversions"):
            return Response(json.dumps({"name": file.filename, **text}).encode() + data, media_type="model/3mf")
        asked = wire.FileQuoteRequest.model_validate(text)
        return _model(quote(asked.material, asked.quantity))

    async def materials(self, _: Request) -> Response:
        return JSONResponse({"items": [], "added_in_2031": {"deep": True}})


def app(peer: Peer) -> Starlette:
    """The peer as an ASGI application."""
    inner = Starlette(routes=_Handlers(peer).routes())

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        request = Request(scope)
        peer.seen.append((request.method, request.url.path, dict(request.headers)))
        if request.headers.get("authorization") != f"Bearer {KEY}":
            await _problem(401, "auth.missing", "An API key is required.")(scope, receive, send)
        elif peer.refusals:
            status, headers, body = peer.refusals.popleft()
            answer = Response(body, status, headers, media_type="application/problem+json")
            await answer(scope, receive, send)
        elif peer.losses and peer.losses[0] == f"{request.method} {request.url.path}":
            peer.losses.popleft()
            await inner(scope, receive, _cut(send))
        else:
            await inner(scope, receive, send)

    return outer  # type: ignore[return-value]


@contextmanager
def serving(peer: Peer) -> Iterator[str]:
    """The peer on a free port of its own; yields its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app(peer), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def quote(material: str, quantity: int) -> wire.Quote:
    """A price of 5.00 a piece."""
    line = wire.QuoteLine(code="print", label="Print", amount_minor=500 * quantity, source="geometry", error_band=0.1)
    return wire.Quote(
        quote_id="q1",
        currency="USD",
        total_minor=500 * quantity,
        unit_minor=500,
        quantity=quantity,
        material=material,
        infill=0.2,
        mass_g=12.5,
        print_time_s=3600,
        lines=(line,),
        expires_at=START,
    )


def _cut(send: Any) -> Any:
    async def cutting(message: Any) -> None:
        if message["type"] == "http.response.start":
            await send({**message, "headers": [(b"content-length", b"100000")]})
        elif message.get("body"):
            await send({"type": "http.response.body", "body": message["body"][:1], "more_body": True})
            raise ConnectionResetError("ordered by the test")

    return cutting


def _model(model: Any, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, media_type="application/json")


def _problem(status: int, code: str, detail: str, errors: list[wire.FieldError] | None = None) -> Response:
    body = wire.Problem(
        title="A problem", status=status, detail=detail, code=code, retryable=False, errors=tuple(errors or ())
    )
    return Response(body.model_dump_json(), status, media_type="application/problem+json")
