"""Bodies that FastAPI's own parsing does not cover: one route that takes JSON or a form, files, and byte ranges."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from moldar import wire
from pipelines.errors import InvalidInput, Unreadable

Model = TypeVar("Model", bound=BaseModel)

MAX_FORM_FIELDS: Final = 64
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class InvalidBody(InvalidInput):
    """A body whose fields are at fault, each with its reason."""

    def __init__(self, message: str, errors: tuple[tuple[str, str], ...]) -> None:
        super().__init__(message)
        self.args = (message, errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded file and the fields beside it."""

    data: bytes
    extension: str
    fields: Mapping[str, str]


async def generation_request(request: Request) -> wire.GenerationRequest:
    """A generation request from JSON or from a form with pictures. Raises InvalidInput, Unreadable."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return parse_json(wire.GenerationRequest, await _body(request))
    if kind not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise Unreadable("Send application/json or multipart/form-data.")
    form = await _form(request)
    pictures = []
    for value in form.getlist("images"):
        if isinstance(value, UploadFile):
            # The type that the sender claims is not believed: the picture itself is decoded later.
            pictures.append("data:image/x-upload;base64," + base64.b64encode(await value.read()).decode())
        else:
            pictures.append(value)
    fields: dict[str, Any] = {
        name: value for name, value in form.items() if isinstance(value, str) and name != "images"
    }
    for name in ("formats", "metadata", "cameras"):
        if name in fields:
            fields[name] = _structured(name, fields[name])
    return parse(wire.GenerationRequest, {**fields, **({"images": pictures} if pictures else {})})


async def upload(request: Request) -> Upload:
    """The one file of a form, and the fields beside it. Raises InvalidInput, Unreadable."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Unreadable("Send the file as multipart/form-data in the field 'file'.")
    form = await _form(request)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidInput("The form has no file in its field 'file'.")
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    # Only the extension of the name that was sent is used, and only to choose a reader.
    extension = PurePosixPath(file.filename or "").suffix.lower().lstrip(".")
    return Upload(await file.read(), extension, fields)


def parse_json(model: type[Model], body: bytes) -> Model:
    """A body as a request. Raises InvalidBody."""
    try:
        return model.model_validate_json(body or b"null")
    except ValidationError as error:
        raise invalid(error) from None


def parse(model: type[Model], fields: Mapping[str, Any]) -> Model:
    """Form fields as a request. Raises InvalidBody."""
    try:
        return model.model_validate(fields, context=wire.FORM)
    except ValidationError as error:
        raise invalid(error) from None


def invalid(error: ValidationError) -> InvalidBody:
    """Pydantic's findings as one sentence and a list."""
    findings = tuple(
        (printable(".".join(str(part) for part in found["loc"])), printable(found["msg"])) for found in error.errors()
    )
    first = f"{findings[0][0] or 'body'}: {findings[0][1]}" if findings else "The request is not valid."
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return InvalidBody(first + more, findings[:32])


def printable(text: str) -> str:
    """Text that can be sent: what a caller wrote may hold lone surrogates."""
    return text.encode("utf-8", "replace").decode()[:500]


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of a single range, None for the whole.

    What is not understood is ignored, as RFC 9110 (14.2) lets a server do. Raises ValueError when nothing of it exists.
    """
    matched = _RANGE.fullmatch(header.strip()) if header else None
    if matched is None or matched.group() == "bytes=-":
        return None
    first, last = matched.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    if start >= size or start >= end:
        raise ValueError(f"no bytes {header} in {size}")
    return start, end


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect:
        raise InvalidInput("The request ended before its body did.") from None


async def _form(request: Request) -> FormData:
    try:
        return await request.form(max_files=8, max_fields=MAX_FORM_FIELDS)
    except ClientDisconnect:
        raise InvalidInput("The request ended before its body did.") from None
    except (MultiPartException, ValueError, KeyError) as error:
        raise InvalidInput(f"The form cannot be read: {printable(str(error))}") from error


def _structured(name: str, text: str) -> Any:
    if name == "formats" and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",")]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(f"The field {name!r} is not JSON.") from None
