"""What FastAPI cannot infer of the interface: the one error body, bodies that are JSON or a form, streams and files."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from moldar import wire

_TEMPLATE: Final = "#/components/schemas/{model}"
_EVENT: Final = "#/components/schemas/Event"
_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_MEANING: Final = {
    "400": "The request cannot be read.",
    "404": "There is no such thing, or it was erased.",
    "405": "The route knows other methods.",
    "409": "It contradicts what was asked before.",
    "413": "More than is accepted.",
    "415": "Of a type that cannot be read.",
    "422": "Not valid, or nothing configured can serve it.",
    "429": "Too much at a time; see Retry-After.",
    "500": "A fault of the service.",
    "503": "Not now; see Retry-After.",
}
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    int(status): {"description": meaning, "content": _PROBLEM} for status, meaning in _MEANING.items()
}
# As FastAPI writes it for its own event streams (OpenAPI 3.2, 4.14.4).
_SERVER_SENT_EVENT: Final = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": {"$ref": _EVENT}},
    },
}
STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Server-sent events; `data` is an Event.",
        "content": {"text/event-stream": {"itemSchema": _SERVER_SENT_EVENT}},
    },
    204: {"description": "Nothing happened after `Last-Event-ID`, and nothing will."},
}
_BYTES: Final = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The whole file.", "content": _BYTES},
    206: {"description": "The range that was asked for.", "content": _BYTES},
    304: {"description": "The caller has it already."},
    416: {"description": "There is no such range."},
}
_REPAIRS: Final = {
    "Moldar-Repairs": {
        "description": "What was done to make a closed solid, as a JSON list of code, message, count and share.",
        "schema": {"type": "string"},
    }
}
CONVERTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The converted file.",
        "content": {"application/octet-stream": {}, "model/*": {}},
        "headers": _REPAIRS,
    }
}
PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The picture.", "content": {"image/png": {}, "image/webp": {}}}
}
FILM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The whole film.", "content": {"image/webp": {}}},
    **{status: FILE[status] for status in (206, 304, 416)},
}
REPAIRED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Reports and files; or the files alone, with what was done in a header.",
        "content": {"application/zip": {}, "application/octet-stream": {}, "model/*": {}},
        "headers": _REPAIRS,
    }
}
METRICS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Text exposition.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


def json_or_form(model: type[BaseModel], files: str) -> dict[str, Any]:
    """A body that is JSON, or a form whose field `files` holds pictures."""
    reference = {"$ref": _TEMPLATE.format(model=model.__name__)}
    fields = {name: {"type": "string"} for name in model.model_fields if name != files}
    pictures = {"type": "array", "maxItems": 4, "items": {"type": "string", "format": "binary"}}
    form = {"type": "object", "properties": {**fields, files: pictures}, "additionalProperties": False}
    content = {"application/json": {"schema": reference}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


def file_form(model: type[BaseModel]) -> dict[str, Any]:
    """A form with one file beside the fields of `model`."""
    schema = model.model_json_schema(ref_template=_TEMPLATE)
    properties = {"file": {"type": "string", "format": "binary"}, **schema["properties"]}
    form = {
        "type": "object",
        "properties": properties,
        "required": ["file", *schema.get("required", [])],
        "additionalProperties": False,
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}}}


def install(app: FastAPI) -> None:
    """Give `app` a document that also holds the models which only these helpers name."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            for model in (wire.Problem, wire.GenerationRequest, wire.Event):
                schema = model.model_json_schema(ref_template=_TEMPLATE)
                schemas.update(schema.pop("$defs", {}))
                schemas[model.__name__] = schema
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
