"""What the two clients share of httpx: options, requests, answers, and the one table of its errors."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from httpx_sse import ServerSentEvent
from pydantic import ValidationError

from moldar._calls import Call
from moldar._talk import Lost, Reply
from moldar.wire import Event

# The service sends a comment on every open stream each 15 s; three missed ones are a dead connection.
STREAM_SILENCE_S: Final = 45.0

# The most specific match wins; a test fails when httpx grows an error that is not below one of these.
_REASONS: Final[dict[type[httpx.RequestError], str]] = {
    httpx.ConnectError: "it cannot be reached",
    httpx.ConnectTimeout: "it cannot be reached in time",
    httpx.ProxyError: "the proxy refused",
    httpx.UnsupportedProtocol: "only http:// and https:// are spoken",
    httpx.TimeoutException: "it took too long",
    httpx.NetworkError: "the connection broke",
    httpx.ProtocolError: "the connection broke in the middle of an answer",
    httpx.DecodingError: "the answer's compression is damaged",
    httpx.RequestError: "the request failed",
}


@dataclass(frozen=True, slots=True)
class Options:
    """Where the service is and how it is spoken to. Its repr keeps the key to itself."""

    base_url: str
    api_key: str | None
    timeout_s: float

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"the service's URL must begin with http:// or https://, got {self.base_url!r}")
        if self.api_key is not None and not (self.api_key.isascii() and self.api_key.isprintable() and self.api_key):
            raise ValueError("the API key must be printable ASCII")

    def __repr__(self) -> str:
        key = None if self.api_key is None else "***"
        return f"Options(base_url={self.base_url!r}, api_key={key!r}, timeout_s={self.timeout_s!r})"

    def arguments(self) -> dict[str, Any]:
        """Arguments of httpx.Client and httpx.AsyncClient."""
        headers = {"User-Agent": "moldar-python"}
        if self.api_key is not None:
            headers["Authorization"] = f"Bearer {self.api_key}"
        timeout = httpx.Timeout(self.timeout_s, connect=min(5.0, self.timeout_s))
        return {"base_url": self.base_url, "headers": headers, "timeout": timeout}


def arguments(call: Call[Any]) -> dict[str, Any]:
    """`call` as arguments of httpx's `request` and `stream`."""
    wanted: dict[str, Any] = {"method": call.method, "url": call.path, "headers": dict(call.headers)}
    if call.params:
        wanted["params"] = dict(call.params)
    if call.json is not None:
        wanted["content"] = call.json
        wanted["headers"]["Content-Type"] = "application/json"
    if call.upload is not None:
        wanted["files"] = {"file": (call.upload.name, call.upload.data)}
        wanted["data"] = dict(call.form)
    return wanted


def reply(response: httpx.Response, body: bytes) -> Reply:
    """An answer, free of httpx."""
    return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def lost(base_url: str, error: httpx.RequestError) -> Lost:
    """What a failure of httpx means."""
    reason = next(_REASONS[cls] for cls in type(error).__mro__ if cls in _REASONS)
    return Lost(base_url, reason)


def stream_timeout(timeout: httpx.Timeout) -> httpx.Timeout:
    """`timeout` for a stream that may be silent between two events."""
    return httpx.Timeout(connect=timeout.connect, read=STREAM_SILENCE_S, write=timeout.write, pool=timeout.pool)


def is_event_stream(response: httpx.Response) -> bool:
    """Whether a success carries events: some proxies answer with a page of their own."""
    media_type: str = response.headers.get("content-type", "")
    return media_type.partition(";")[0].strip().lower() == "text/event-stream"


def event(base_url: str, sent: ServerSentEvent) -> Event | Lost | None:
    """The event that a server-sent one carries; None for one without data, such as a keep-alive."""
    if not sent.data:
        return None
    try:
        return Event.model_validate_json(sent.data)
    except ValidationError:
        return Lost(base_url, "it sent an event that cannot be read")
