"""Repairs in the record: counted, listed with their job, gone with it."""

import asyncio
from collections.abc import Callable

import pytest

from adapters.artifacts import Artifacts
from adapters.database import Database
from jobs.model import FileRecord, StoredRepair
from pipelines.errors import InvalidInput, JobNotFound
from tests.support.jobs import new_job


def repair(told: list[int]) -> Callable[[int], StoredRepair]:
    """A repair with one file that is named by its number."""

    def made(number: int) -> StoredRepair:
        told.append(number)
        return StoredRepair((FileRecord(f"repaired-{number}.stl", f"k{number}", 3, "0" * 64, "x/y", True),), "{}")

    return made


async def test_repairs_are_counted_from_one_even_when_made_at_once(database: Database) -> None:
    (job,) = await database.accept([new_job()])
    await database.claim("a", 10.0, 5.0)
    told: list[int] = []
    await asyncio.gather(*(database.keep_repair(job.id, repair(told)) for _ in range(6)))
    kept = await database.repairs(job.id)
    assert sorted(told) == [1, 2, 3, 4, 5, 6]
    assert [one.files[0].name for one in kept] == [f"repaired-{n}.stl" for n in range(1, 7)]


async def test_files_of_repairs_are_listed_with_their_own_job_after_its_files(database: Database) -> None:
    one, other = await database.accept([new_job(), new_job()])
    for _ in range(2):
        await database.claim("a", 10.0, 5.0)
    for _ in range(2):
        await database.keep_repair(one.id, repair([]))
    await database.keep_repair(other.id, repair([]))
    assert [file.name for file in (await database.get(one.id)).files()] == ["repaired-1.stl", "repaired-2.stl"]
    listed = {job.id: len(job.files()) for job in await database.page("local", None, 9)}
    assert listed == {one.id: 2, other.id: 1}


async def test_a_repair_that_is_refused_when_it_is_numbered_is_not_kept(database: Database) -> None:
    (job,) = await database.accept([new_job()])

    def refuse(_: int) -> StoredRepair:
        raise InvalidInput("Enough.")

    with pytest.raises(InvalidInput):
        await database.keep_repair(job.id, refuse)
    assert await database.repairs(job.id) == []


async def test_what_was_erased_is_not_repaired_and_takes_its_repairs_along(database: Database) -> None:
    (job,) = await database.accept([new_job()])
    await database.keep_repair(job.id, repair([]))
    await database.erase(job.id, 11.0)
    with pytest.raises(JobNotFound):
        await database.keep_repair(job.id, repair([]))
    with pytest.raises(JobNotFound):
        await database.repairs(job.id)
    await database.purge(job.id)
    (again,) = await database.accept([new_job(id=job.id)])
    assert await database.repairs(again.id) == []


async def test_what_is_not_under_a_key_is_found_to_be_nothing(tmp_path: object) -> None:
    artifacts = Artifacts(str(tmp_path))
    assert await artifacts.find("jobs/a/pictures/x.webp") is None
    await artifacts.put("jobs/a/pictures/x.webp", b"film")
    assert await artifacts.find("jobs/a/pictures/x.webp") == b"film"
