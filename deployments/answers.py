"""Answers that are more than a model: JSON in one pass, files with ranges and ETags, streams of events."""

from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel

from deployments import mapping
from deployments.bodies import byte_range
from jobs.model import FileRecord, JobEvent

Slice = Callable[[int, int], Awaitable[bytes]]
"""Bytes from the first number on, up to the second one."""


def json_answer(model: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A model as JSON."""
    # One pass in pydantic's own writer: FastAPI's response_model would validate and walk the object again.
    return Response(model.model_dump_json(), status, headers, "application/json")


def attachment(data: bytes, name: str, media_type: str, headers: dict[str, str] | None = None) -> Response:
    """A file that was made for this one request; its name is ours."""
    named = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(data, 200, {**named, **(headers or {})}, media_type)


async def kept_file(request: Request, record: FileRecord, content: Slice) -> Response:
    """A file that stays as it is for good: the whole, a range, or the word that the caller has it."""
    headers = {
        "ETag": f'"{record.sha256}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{record.name}"',
        "Cache-Control": "private, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    if _matches(request.headers.get("if-none-match"), record.sha256):
        return Response(status_code=304, headers=headers)
    span = None
    if request.headers.get("if-range", headers["ETag"]) == headers["ETag"]:
        try:
            span = byte_range(request.headers.get("range"), record.bytes)
        except ValueError:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{record.bytes}"})
    start, end = span or (0, record.bytes)
    if span:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{record.bytes}"
    return Response(await content(start, end), 206 if span else 200, headers, record.media_type)


def event_stream(events: AsyncIterator[JobEvent | None]) -> Response:
    """A log as server-sent events; a comment for each None."""

    async def lines() -> AsyncIterator[bytes]:
        async for event in events:
            if event is None:
                yield KEEPALIVE_COMMENT
                continue
            data = mapping.event(event).model_dump_json()
            yield format_sse_event(data_str=data, event=event.kind, id=str(event.id))

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), 200, headers, "text/event-stream")


async def again(events: list[JobEvent | None]) -> AsyncIterator[JobEvent | None]:
    """Events that were read already."""
    for event in events:
        yield event


def _matches(header: str | None, sha256: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in (header or "").split(",")]
    return sha256 in tags or "*" in tags
