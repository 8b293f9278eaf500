"""What happens around every request: a cap on its body, its metrics, and one log line."""

import time
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.problems import problem
from pipelines.errors import TooLarge

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from deployments.telemetry import Reporter

QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})  # asked for every few seconds; only failures are logged


class BodyCap:
    """Refuses bodies over a limit: by their declared length at once, else when they pass it."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self._app = app
        self._limit = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._limit:
            await self._refuse(scope, receive, send)
            return
        await self._watch(scope, receive, send)

    async def _watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        received, refused, started = 0, False, False

        async def counted() -> Message:
            nonlocal received, refused
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit and not started:
                refused = True
                await self._refuse(scope, receive, send)
                return {"type": "http.disconnect"}
            return message

        async def unless_refused(message: Message) -> None:
            nonlocal started
            started = True
            if not refused:
                await send(message)

        await self._app(scope, counted, unless_refused)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = TooLarge(f"The request is larger than the {self._limit / 2**20:.0f} MiB that are accepted.")
        await problem(error, scope["path"])(scope, receive, send)


class Observed:
    """Counts and times every request by its route, and writes one line about it."""

    def __init__(self, app: ASGIApp, reporter: "Reporter", log: "FilteringBoundLogger") -> None:
        self._app = app
        self._reporter = reporter
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The template, never the path: label values must stay a closed set.
        route = getattr(scope.get("route"), "path", "other")
        status_class = f"{status // 100}xx"
        self._reporter.count("moldar_http_requests_total", route, status_class)
        self._reporter.observe("moldar_http_request_seconds", seconds, route, status_class)
        if scope["path"] in QUIET and status < 400:
            return
        path = scope["path"].encode("utf-8", "replace").decode()
        self._log.info(
            "http.request", method=scope["method"], path=path, route=route, status=status, ms=round(seconds * 1e3, 1)
        )
