"""The blocking HTTP client. What it decides stands in `_talk`, what it sends in `_calls`; its twin awaits."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from uuid import uuid4

import httpx

from moldar import _calls
from moldar._calls import Call, File, Upload
from moldar._files import FileSink
from moldar._http import Options
from moldar._lines import Line
from moldar._talk import Retry, Talk, follow, perform
from moldar.wire import (
    AnalysisRequest,
    AnalysisResponse,
    BackendList,
    Batch,
    BatchRequest,
    ConversionRequest,
    Cutout,
    Event,
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
    Quote,
    QuoteRequest,
    Rating,
    RepairedFile,
    RepairList,
    RepairRequest,
)

T = TypeVar("T")
OnEvent = Callable[[Event], None]


class Client:
    """Talks to a Moldar service, blocking. Threads may share one; close it, or use it as a context manager.

    Args:
        base_url: Where the service is, such as "http://127.0.0.1:8000".
        api_key: Sent as a bearer token.
        timeout_s: How long the service may be silent within one answer.
        retry: When a request is sent again; `Retry(attempts=1)` never does.
        transport: In place of a network, for tests.

    Raises:
        ValueError: `base_url` or `api_key` cannot be sent.

    Every call raises ApiError where the service refuses, ConnectionFailed where nobody answers and BadAnswer where
    the answer is not what the contract says.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        timeout_s: float = 60.0,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._options = Options(base_url, api_key, timeout_s)
        self._retry = retry or Retry()
        self._http = httpx.Client(**self._options.arguments(), transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def generate(
        self,
        request: GenerationRequest | str | None = None,
        *,
        wait: bool = True,
        on_event: OnEvent | None = None,
        **fields: object,
    ) -> Generation:
        """Ask for an object and wait until it is made, or failed: look at `status`.

        Args:
            request: The request, or its prompt with further fields as keywords.
            wait: Return when the generation is final, rather than when it is accepted.
            on_event: Called with each event while waiting.
            fields: Fields of GenerationRequest; pydantic's ValidationError (a ValueError) says what is wrong with them.
        """
        accepted = self.submit(_calls.wish(GenerationRequest, request, fields))
        if not wait or accepted.is_final:
            return accepted
        return self._run(follow(accepted.id), on_event)

    def submit(self, request: GenerationRequest, *, idempotency_key: str | None = None) -> Generation:
        """Ask for an object; return as soon as it is accepted. Repetitions after a lost connection are harmless."""
        return self._perform(_calls.submit(request, idempotency_key or uuid4().hex))

    def get(self, generation_id: str) -> Generation:
        """One generation as it stands."""
        return self._perform(_calls.get(generation_id))

    def wait(self, generation_id: str, *, on_event: OnEvent | None = None) -> Generation:
        """Wait until a generation is final."""
        return self._run(follow(generation_id), on_event)

    def events(self, generation_id: str) -> Iterator[Event]:
        """What happens to a generation, from its first event until it is final, across broken connections."""
        with Line(self._http, self._options, follow(generation_id)) as line:
            while (event := line.until_told()) is not None:
                yield event

    def list(self, *, cursor: str | None = None, limit: int | None = None) -> GenerationPage:
        """One page of the caller's generations, the newest first."""
        return self._perform(_calls.page(cursor, limit))

    def iterate(self) -> Iterator[Generation]:
        """All of the caller's generations, the newest first."""
        page = self.list()
        yield from page.items
        while page.next_cursor is not None:
            page = self.list(cursor=page.next_cursor)
            yield from page.items

    def cancel(self, generation_id: str) -> Generation:
        """Stop the work on a generation."""
        return self._perform(_calls.cancel(generation_id))

    def delete(self, generation_id: str) -> None:
        """Erase a generation and its files."""
        self._perform(_calls.delete(generation_id))

    def file(self, generation_id: str, name: str) -> bytes:
        """One file of a result, unchecked: `download` checks."""
        return self._perform(_calls.file(generation_id, name))

    def download(self, generation: Generation, directory: Path | str) -> tuple[Path, ...]:
        """Put every file of a result into `directory`, each checked against its size and SHA-256.

        Raises:
            GenerationFailed: There is no result.
            BadAnswer: A file is damaged or its name unsafe; it is not left behind.
            OSError: The folder cannot be written.
        """
        _calls.require_success(generation)
        paths = []
        for entry in generation.files:
            with FileSink(entry, Path(directory)) as sink:
                self._run(perform(_calls.file(generation.id, entry.name), self._retry, sink))
                paths.append(sink.finish())
        return tuple(paths)

    def quote(self, generation_id: str, request: QuoteRequest | None = None, **fields: object) -> Quote:
        """Another price for the same object: give what is to be different."""
        return self._perform(_calls.requote(generation_id, request or QuoteRequest.model_validate(fields)))

    def repair(self, generation_id: str, request: RepairRequest | None = None, **fields: object) -> GenerationRepair:
        """Repairs of the same object, measured and priced: `repair(id, repairs=[{"kind": "thicken"}])`."""
        return self._perform(_calls.repair(generation_id, request or RepairRequest.model_validate(fields)))

    def repairs(self, generation_id: str) -> RepairList:
        """Every repair of a generation."""
        return self._perform(_calls.repairs(generation_id))

    def turntable(self, generation_id: str, size: int = 512) -> bytes:
        """A turn around the object as an animated WebP of 256 or 512 pixels."""
        return self._perform(_calls.turntable(generation_id, size))

    def rate(self, generation_id: str, stars: int, comment: str | None = None) -> None:
        """Say how good it is, 1 to 5."""
        self._perform(_calls.rate(generation_id, Rating(stars=stars, comment=comment)))

    def batch(self, request: BatchRequest, *, idempotency_key: str | None = None) -> Batch:
        """Ask for many objects under one id."""
        return self._perform(_calls.batch(request, idempotency_key or uuid4().hex))

    def get_batch(self, batch_id: str) -> Batch:
        """A batch as it stands."""
        return self._perform(_calls.get_batch(batch_id))

    def analyse(self, request: AnalysisRequest | str | None = None, **fields: object) -> AnalysisResponse:
        """What a request is understood to ask, who would serve it and for how much."""
        return self._perform(_calls.analyse(_calls.wish(AnalysisRequest, request, fields)))

    def convert(self, file: File, **fields: object) -> bytes:
        """A mesh or splats in another format: `convert("part.stl", format="3mf", size_mm=80)`."""
        return self._perform(_calls.convert(Upload.read(file), ConversionRequest.model_validate(fields)))

    def inspect(self, file: File, **fields: object) -> Printability:
        """The print report of a mesh: `inspect("part.stl", process="resin")`."""
        return self._perform(_calls.inspect(Upload.read(file), InspectionRequest.model_validate(fields)))

    def quote_file(self, file: File, **fields: object) -> Quote:
        """The price of printing a mesh: `quote_file("part.stl", material="petg", quantity=10)`."""
        return self._perform(_calls.quote_file(Upload.read(file), FileQuoteRequest.model_validate(fields)))

    def repair_file(self, file: File, **fields: object) -> RepairedFile:
        """A mesh made solid and repaired: `repair_file("part.stl", repairs="thicken,flatten_base", format="3mf")`."""
        return self._perform(_calls.repair_file(Upload.read(file), FileRepairRequest.model_validate(fields)))

    def draw(self, file: File, **fields: object) -> bytes:
        """A picture of a mesh or splats: `draw("part.stl", size=256)`, or a turn around it: `format="webp"`."""
        return self._perform(_calls.draw(Upload.read(file), PictureRequest.model_validate(fields)))

    def cutout(self, file: File) -> Cutout:
        """A picture without its background; use `f"cutout:{id}"` in `images`."""
        return self._perform(_calls.cutout(Upload.read(file)))

    def materials(self) -> MaterialList:
        """What can be printed in."""
        return self._perform(_calls.materials())

    def backends(self) -> BackendList:
        """Who can serve, and why not."""
        return self._perform(_calls.backends())

    def health(self) -> Health:
        """Whether the service is ready; ApiError with status 503 where it is not."""
        return self._perform(_calls.health())

    def _perform(self, call: Call[T]) -> T:
        return self._run(perform(call, self._retry))

    def _run(self, talk: Talk[T], on_event: OnEvent | None = None) -> T:
        with Line(self._http, self._options, talk) as line:
            while (event := line.until_told()) is not None:
                if on_event is not None:
                    on_event(event)
            return line.result()
