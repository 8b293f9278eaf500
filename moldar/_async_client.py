"""The asyncio HTTP client: `client.Client` with awaits. What it decides and sends is the same code."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from uuid import uuid4

import httpx

from moldar import _calls
from moldar._calls import Call, File, Upload
from moldar._files import FileSink
from moldar._http import Options
from moldar._lines import AsyncLine
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


class AsyncClient:
    """Talks to a Moldar service from asyncio: the calls, arguments and errors of `Client`."""

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        timeout_s: float = 60.0,
        retry: Retry | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._options = Options(base_url, api_key, timeout_s)
        self._retry = retry or Retry()
        self._http = httpx.AsyncClient(**self._options.arguments(), transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    async def generate(
        self,
        request: GenerationRequest | str | None = None,
        *,
        wait: bool = True,
        on_event: OnEvent | None = None,
        **fields: object,
    ) -> Generation:
        """Ask for an object and wait until it is made, or failed: look at `status`."""
        accepted = await self.submit(_calls.wish(GenerationRequest, request, fields))
        if not wait or accepted.is_final:
            return accepted
        return await self._run(follow(accepted.id), on_event)

    async def submit(self, request: GenerationRequest, *, idempotency_key: str | None = None) -> Generation:
        """Ask for an object; return as soon as it is accepted. Repetitions after a lost connection are harmless."""
        return await self._perform(_calls.submit(request, idempotency_key or uuid4().hex))

    async def get(self, generation_id: str) -> Generation:
        """One generation as it stands."""
        return await self._perform(_calls.get(generation_id))

    async def wait(self, generation_id: str, *, on_event: OnEvent | None = None) -> Generation:
        """Wait until a generation is final."""
        return await self._run(follow(generation_id), on_event)

    async def events(self, generation_id: str) -> AsyncIterator[Event]:
        """What happens to a generation, from its first event until it is final, across broken connections."""
        async with AsyncLine(self._http, self._options, follow(generation_id)) as line:
            while (event := await line.until_told()) is not None:
                yield event

    async def list(self, *, cursor: str | None = None, limit: int | None = None) -> GenerationPage:
        """One page of the caller's generations, the newest first."""
        return await self._perform(_calls.page(cursor, limit))

    async def iterate(self) -> AsyncIterator[Generation]:
        """All of the caller's generations, the newest first."""
        page = await self.list()
        for generation in page.items:
            yield generation
        while page.next_cursor is not None:
            page = await self.list(cursor=page.next_cursor)
            for generation in page.items:
                yield generation

    async def cancel(self, generation_id: str) -> Generation:
        """Stop the work on a generation."""
        return await self._perform(_calls.cancel(generation_id))

    async def delete(self, generation_id: str) -> None:
        """Erase a generation and its files."""
        await self._perform(_calls.delete(generation_id))

    async def file(self, generation_id: str, name: str) -> bytes:
        """One file of a result, unchecked: `download` checks."""
        return await self._perform(_calls.file(generation_id, name))

    async def download(self, generation: Generation, directory: Path | str) -> tuple[Path, ...]:
        """Put every file of a result into `directory`, each checked against its size and SHA-256."""
        _calls.require_success(generation)
        paths = []
        for entry in generation.files:
            with FileSink(entry, Path(directory)) as sink:
                await self._run(perform(_calls.file(generation.id, entry.name), self._retry, sink))
                paths.append(sink.finish())
        return tuple(paths)

    async def quote(self, generation_id: str, request: QuoteRequest | None = None, **fields: object) -> Quote:
        """Another price for the same object: give what is to be different."""
        return await self._perform(_calls.requote(generation_id, request or QuoteRequest.model_validate(fields)))

    async def repair(
        self, generation_id: str, request: RepairRequest | None = None, **fields: object
    ) -> GenerationRepair:
        """Repairs of the same object, measured and priced: `repair(id, repairs=[{"kind": "thicken"}])`."""
        return await self._perform(_calls.repair(generation_id, request or RepairRequest.model_validate(fields)))

    async def repairs(self, generation_id: str) -> RepairList:
        """Every repair of a generation."""
        return await self._perform(_calls.repairs(generation_id))

    async def turntable(self, generation_id: str, size: int = 512) -> bytes:
        """A turn around the object as an animated WebP of 256 or 512 pixels."""
        return await self._perform(_calls.turntable(generation_id, size))

    async def rate(self, generation_id: str, stars: int, comment: str | None = None) -> None:
        """Say how good it is, 1 to 5."""
        await self._perform(_calls.rate(generation_id, Rating(stars=stars, comment=comment)))

    async def batch(self, request: BatchRequest, *, idempotency_key: str | None = None) -> Batch:
        """Ask for many objects under one id."""
        return await self._perform(_calls.batch(request, idempotency_key or uuid4().hex))

    async def get_batch(self, batch_id: str) -> Batch:
        """A batch as it stands."""
        return await self._perform(_calls.get_batch(batch_id))

    async def analyse(self, request: AnalysisRequest | str | None = None, **fields: object) -> AnalysisResponse:
        """What a request is understood to ask, who would serve it and for how much."""
        return await self._perform(_calls.analyse(_calls.wish(AnalysisRequest, request, fields)))

    async def convert(self, file: File, **fields: object) -> bytes:
        """A mesh or splats in another format: `convert("part.stl", format="3mf", size_mm=80)`."""
        return await self._perform(_calls.convert(Upload.read(file), ConversionRequest.model_validate(fields)))

    async def inspect(self, file: File, **fields: object) -> Printability:
        """The print report of a mesh: `inspect("part.stl", process="resin")`."""
        return await self._perform(_calls.inspect(Upload.read(file), InspectionRequest.model_validate(fields)))

    async def quote_file(self, file: File, **fields: object) -> Quote:
        """The price of printing a mesh: `quote_file("part.stl", material="petg", quantity=10)`."""
        return await self._perform(_calls.quote_file(Upload.read(file), FileQuoteRequest.model_validate(fields)))

    async def repair_file(self, file: File, **fields: object) -> RepairedFile:
        """A mesh made solid and repaired: `repair_file("part.stl", repairs="thicken,flatten_base", format="3mf")`."""
        return await self._perform(_calls.repair_file(Upload.read(file), FileRepairRequest.model_validate(fields)))

    async def draw(self, file: File, **fields: object) -> bytes:
        """A picture of a mesh or splats: `draw("part.stl", size=256)`, or a turn around it: `format="webp"`."""
        return await self._perform(_calls.draw(Upload.read(file), PictureRequest.model_validate(fields)))

    async def cutout(self, file: File) -> Cutout:
        """A picture without its background; use `f"cutout:{id}"` in `images`."""
        return await self._perform(_calls.cutout(Upload.read(file)))

    async def materials(self) -> MaterialList:
        """What can be printed in."""
        return await self._perform(_calls.materials())

    async def backends(self) -> BackendList:
        """Who can serve, and why not."""
        return await self._perform(_calls.backends())

    async def health(self) -> Health:
        """Whether the service is ready; ApiError with status 503 where it is not."""
        return await self._perform(_calls.health())

    async def _perform(self, call: Call[T]) -> T:
        return await self._run(perform(call, self._retry))

    async def _run(self, talk: Talk[T], on_event: OnEvent | None = None) -> T:
        async with AsyncLine(self._http, self._options, talk) as line:
            while (event := await line.until_told()) is not None:
                if on_event is not None:
                    on_event(event)
            return line.result()
