"""The HTTP contract as values: one small function per call. Nothing here opens a connection."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, Generic, TypeVar
from urllib.parse import quote as percent_encode

from pydantic import BaseModel, ValidationError

from moldar.errors import ApiError, BadAnswer, GenerationFailed
from moldar.wire import (
    AnalysisRequest,
    AnalysisResponse,
    BackendList,
    Batch,
    BatchRequest,
    ConversionRequest,
    Cutout,
    FileQuoteRequest,
    FileRepairRequest,
    Generation,
    GenerationPage,
    GenerationRepair,
    GenerationRequest,
    Health,
    InspectionRequest,
    MaterialList,
    PictureRequest,
    Printability,
    Problem,
    Quote,
    QuoteRequest,
    Rating,
    RepairedFile,
    RepairList,
    RepairRequest,
)

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=GenerationRequest)

RETRIED: Final = frozenset({429, 502, 503, 504})  # 502 and 504 come from proxies in front of the service


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send, under the name it is sent with; the name's ending says what it is."""

    name: str
    data: bytes = field(repr=False)

    @classmethod
    def read(cls, file: "File") -> "Upload":
        """`file` itself, or what the path names. Raises OSError where it cannot be read."""
        if isinstance(file, Upload):
            return file
        path = Path(file)
        return cls(path.name, path.read_bytes())


File = Path | str | Upload


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how to read its answer. Every call may be sent again after a lost connection."""

    method: str
    path: str
    read: Callable[[bytes], T]
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: bytes | None = None
    upload: Upload | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    missing_is_done: bool = False  # a second DELETE finds nothing: the first one did its work


def submit(request: GenerationRequest, idempotency_key: str) -> Call[Generation]:
    """Accept a generation. The key makes a repetition harmless."""
    return _post("/v1/generations", request, Generation, {"Idempotency-Key": idempotency_key})


def get(generation_id: str) -> Call[Generation]:
    """One generation as it stands."""
    return Call("GET", _generation(generation_id), _model(Generation))


def page(cursor: str | None, limit: int | None) -> Call[GenerationPage]:
    """Some generations, the newest first."""
    asked = {"cursor": cursor, "limit": None if limit is None else str(limit)}
    params = {name: value for name, value in asked.items() if value is not None}
    return Call("GET", "/v1/generations", _model(GenerationPage), params)


def cancel(generation_id: str) -> Call[Generation]:
    """Stop the work on it."""
    return Call("POST", f"{_generation(generation_id)}/cancel", _model(Generation))


def delete(generation_id: str) -> Call[None]:
    """Erase it and its files."""
    return Call("DELETE", _generation(generation_id), _nothing, missing_is_done=True)


def events(generation_id: str, last_event_id: int) -> Call[None]:
    """The stream of what happened after `last_event_id`; 0 asks for all of it."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store", "Last-Event-ID": str(last_event_id)}
    return Call("GET", f"{_generation(generation_id)}/events", _nothing, headers=headers)


def file(generation_id: str, name: str) -> Call[bytes]:
    """One file of the result."""
    return Call("GET", f"{_generation(generation_id)}/files/{percent_encode(name, safe='')}", _raw)


def requote(generation_id: str, request: QuoteRequest) -> Call[Quote]:
    """Another price for the same object."""
    return _post(f"{_generation(generation_id)}/quotes", request, Quote)


def repair(generation_id: str, request: RepairRequest) -> Call[GenerationRepair]:
    """Repairs of the same object. Sent again after a lost connection, it may be kept twice, under two numbers."""
    return _post(f"{_generation(generation_id)}/repairs", request, GenerationRepair)


def repairs(generation_id: str) -> Call[RepairList]:
    """Every repair of it."""
    return Call("GET", f"{_generation(generation_id)}/repairs", _model(RepairList))


def turntable(generation_id: str, size: int) -> Call[bytes]:
    """A turn around it, as an animated WebP."""
    return Call("GET", f"{_generation(generation_id)}/turntable.webp", _raw, {"size": str(size)})


def rate(generation_id: str, rating: Rating) -> Call[None]:
    """A person's judgement of it."""
    return Call("POST", f"{_generation(generation_id)}/rating", _nothing, json=_json(rating))


def batch(request: BatchRequest, idempotency_key: str) -> Call[Batch]:
    """Accept many generations."""
    return _post("/v1/batches", request, Batch, {"Idempotency-Key": idempotency_key})


def get_batch(batch_id: str) -> Call[Batch]:
    """A batch as it stands."""
    return Call("GET", f"/v1/batches/{percent_encode(batch_id, safe='')}", _model(Batch))


def analyse(request: AnalysisRequest) -> Call[AnalysisResponse]:
    """What a request is understood to ask, before anything is spent."""
    return _post("/v1/analyses", request, AnalysisResponse)


def convert(upload: Upload, request: ConversionRequest) -> Call[bytes]:
    """A mesh or splats in another format."""
    return Call("POST", "/v1/conversions", _raw, upload=upload, form=_form(request))


def inspect(upload: Upload, request: InspectionRequest) -> Call[Printability]:
    """The print report of a mesh."""
    return Call("POST", "/v1/printability", _model(Printability), upload=upload, form=_form(request))


def quote_file(upload: Upload, request: FileQuoteRequest) -> Call[Quote]:
    """The price of printing a mesh."""
    return Call("POST", "/v1/quotes", _model(Quote), upload=upload, form=_form(request))


def repair_file(upload: Upload, request: FileRepairRequest) -> Call[RepairedFile]:
    """A mesh made a closed solid and repaired for printing."""
    headers = {"Accept": "application/json"}
    return Call("POST", "/v1/repairs", _model(RepairedFile), headers=headers, upload=upload, form=_form(request))


def draw(upload: Upload, request: PictureRequest) -> Call[bytes]:
    """A picture of a mesh or splats, or a turn around them."""
    return Call("POST", "/v1/pictures", _raw, upload=upload, form=_form(request))


def cutout(upload: Upload) -> Call[Cutout]:
    """A picture without its background."""
    return Call("POST", "/v1/cutouts", _model(Cutout), upload=upload)


def materials() -> Call[MaterialList]:
    """What can be printed in."""
    return Call("GET", "/v1/materials", _model(MaterialList))


def backends() -> Call[BackendList]:
    """Who can serve, and why not."""
    return Call("GET", "/v1/backends", _model(BackendList))


def health() -> Call[Health]:
    """Whether the service is ready."""
    return Call("GET", "/readyz", _model(Health))


def wish(model: type[R], request: R | str | None, fields: Mapping[str, object]) -> R:
    """`request` itself, or one made of a prompt and further fields. Raises ValueError where they do not fit."""
    if isinstance(request, model):
        if fields:
            raise ValueError(f"give a {model.__name__} or its fields, not both: {', '.join(sorted(fields))}")
        return request
    return model.model_validate(dict(fields) if request is None else {"prompt": request, **fields})


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error that an answer of 400 and above means."""
    retry_after_s = _retry_after_s(headers.get("retry-after", ""))
    try:
        problem = Problem.model_validate_json(body)
    except ValidationError:
        # Not ours: a proxy's page or Ray's own text. Its words are for an operator, not for the caller.
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "an unknown status"
        return ApiError(
            f"http.{status}", f"The service answered {status} {phrase}.", status, status in RETRIED, retry_after_s
        )
    return ApiError(problem.code, problem.detail, status, problem.retryable, retry_after_s, problem.errors)


def require_success(generation: Generation) -> None:
    """Raise GenerationFailed unless there is a result to take."""
    if generation.status == "succeeded":
        return
    if generation.error is not None:
        error = generation.error
        raise GenerationFailed(generation.id, error.code, error.message, error.retryable)
    code = "job.canceled" if generation.status == "canceled" else "job.unfinished"
    raise GenerationFailed(generation.id, code, f"Generation {generation.id} is {generation.status}.", False)


def _generation(generation_id: str) -> str:
    return f"/v1/generations/{percent_encode(generation_id, safe='')}"


def _post(path: str, request: BaseModel, answer: type[M], headers: Mapping[str, str] | None = None) -> Call[M]:
    return Call("POST", path, _model(answer), headers=headers or {}, json=_json(request))


def _json(request: BaseModel) -> bytes:
    # What was left out stays out: the service's defaults hold, and an older service is not asked for newer fields.
    return request.model_dump_json(exclude_unset=True).encode()


def _form(request: BaseModel) -> dict[str, str]:
    values = request.model_dump(exclude_none=True, exclude_unset=True).items()
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values}


def _model(model: type[M]) -> Callable[[bytes], M]:
    def read(body: bytes) -> M:
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            raise BadAnswer("The service", f"did not answer with a {model.__name__}") from error

    return read


def _raw(body: bytes) -> bytes:
    return body


def _nothing(_: bytes) -> None:
    return None


def _retry_after_s(value: str) -> float | None:
    # The service sends seconds. The date form of RFC 9110 would need the two clocks to agree.
    return float(value) if value.isascii() and value.isdecimal() else None
