"""What is made of a solid that is already there, without generating again: another price, repairs, a film."""

import hashlib
import uuid
from typing import TYPE_CHECKING, Final, cast

from adapters.clock import wall_clock
from deployments import mapping, repair_mapping
from deployments.calls import call
from jobs import requote
from jobs.checkpoints import load_solid, store
from jobs.model import FileRecord, Job, StoredQuote, StoredRepair
from jobs.options import Resolved, priced, print_options
from jobs.repair import (
    MOST_REPAIRS,
    REPAIR,
    RepairedSolid,
    RepairRecord,
    RepairWish,
    priced_pieces,
    recorded,
    renamed,
    solid_to_repair,
)
from moldar import wire
from pipelines.errors import GeometryTooLarge, InvalidInput, JobNotFound
from pipelines.pricing import PriceBook, Quote

if TYPE_CHECKING:
    from adapters.artifacts import Artifacts
    from adapters.database import Database
    from deployments.gateway import Handles
    from pipelines.printability import PrintReport
    from pipelines.printability.repairs import Part

FILM: Final = "turntable.webp"


class Finished:
    """What the gateway does with finished solids. Nothing here changes a file that a job has written."""

    def __init__(self, handles: "Handles", jobs: "Database", artifacts: "Artifacts", book: PriceBook) -> None:
        self._handles = handles
        self._book = book
        self._jobs = jobs
        self._artifacts = artifacts

    async def requote(self, generation_id: str, request: wire.QuoteRequest) -> wire.Quote:
        """Another price of a finished solid. Raises JobNotFound, InvalidInput."""
        job = await self._jobs.get(generation_id)
        change = mapping.quote_change(request)
        mesh = await requote.resized_solid(self._artifacts, job, change.size_mm)
        options = requote.changed_options(job, change)
        report = cast("PrintReport", await call(self._handles.quoting, "inspect", mesh, options.material))
        quote = await call(self._handles.quoting, "quote", mesh, report, priced(options))
        await self._jobs.keep_quote(StoredQuote(job.id, quote, report))
        return mapping.quote(quote)

    async def repair(self, generation_id: str, request: wire.RepairRequest) -> wire.GenerationRepair:
        """Repairs of a finished solid, measured and priced again. Raises JobNotFound, InvalidInput, GeometryError."""
        job = await self._jobs.get(generation_id)
        if len(await self._jobs.repairs(job.id)) >= MOST_REPAIRS:
            raise InvalidInput(f"Generation {job.id} has been repaired {MOST_REPAIRS} times; more are not kept.")
        mesh = await solid_to_repair(self._artifacts, job)
        options = print_options(job)
        process = self._book.process(options.material)
        wish = RepairWish(repair_mapping.repair_steps(request.repairs), request.offered, process, job.request.formats)
        solid = cast("RepairedSolid", await call(self._handles.conversion, "repair", mesh, wish))
        quotes = [await self._priced(part, options) for part in solid.outcome.parts]
        return await self._kept(job, solid, quotes)

    async def repairs(self, generation_id: str) -> wire.RepairList:
        """Every repair of a generation. Raises JobNotFound."""
        kept = await self._jobs.repairs(generation_id)
        return repair_mapping.repair_list(generation_id, kept)

    async def film(self, generation_id: str, size: int) -> tuple[FileRecord, bytes]:
        """A turn around a finished solid, drawn when it is first asked for. Raises JobNotFound."""
        job = await self._jobs.get(generation_id)
        key = f"jobs/{job.id}/pictures/turntable-{size}.webp"
        data = await self._artifacts.find(key)
        if data is None:
            mesh = await load_solid(self._artifacts, job)
            if mesh is None:
                raise JobNotFound(f"{generation_id}/{FILM}")
            data = cast("bytes", await call(self._handles.conversion, "film", mesh, size))
            await self._artifacts.put(key, data)
            await self._still_there(job, f"jobs/{job.id}/pictures")
        record = FileRecord(FILM, key, len(data), hashlib.sha256(data).hexdigest(), "image/webp", public=False)
        return record, data

    async def _priced(self, part: "Part", options: Resolved) -> Quote | None:
        try:
            asked = (part.mesh, part.report, priced_pieces(options, part.pieces))
            return cast("Quote", await call(self._handles.quoting, "quote", *asked))
        except GeometryTooLarge:  # it has no price until it is cut up or made smaller, and its report says so
            return None

    async def _kept(self, job: Job, solid: RepairedSolid, quotes: list[Quote | None]) -> wire.GenerationRepair:
        """Write the files and the record of a repair; where the job is erased meanwhile, nothing of it stays."""
        prefix, made_at = f"jobs/{job.id}/repairs/{uuid.uuid4().hex}", wall_clock()
        files = await store(self._artifacts, prefix, tuple(file for files in solid.files for file in files))
        told: list[wire.GenerationRepair] = []

        def numbered(number: int) -> StoredRepair:
            record: RepairRecord = recorded(solid, quotes, number, made_at)
            listed = renamed(files, number)
            told.append(repair_mapping.generation_repair(job.id, record, listed))
            reports = (part.report for part in solid.outcome.parts)
            both = zip(quotes, reports, strict=True)
            kept = tuple(StoredQuote(job.id, quote, report) for quote, report in both if quote is not None)
            return StoredRepair(listed, REPAIR.dump_json(record).decode(), kept)

        try:
            await self._jobs.keep_repair(job.id, numbered)
        except JobNotFound:
            await self._artifacts.delete_prefix(prefix)
            raise
        return told[-1]

    async def _still_there(self, job: Job, prefix: str) -> None:
        """Take back what was written for a job that was erased meanwhile: its sweep may be over."""
        try:
            await self._jobs.get(job.id)
        except JobNotFound:
            await self._artifacts.delete_prefix(prefix)
            raise
