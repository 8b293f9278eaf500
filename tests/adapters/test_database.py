"""The record's contract, on every database it runs on."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from adapters import database as module
from adapters.database import Database
from jobs.lifecycle import Stage, Status
from jobs.model import Checkpoint, Failure, FileRecord, Job
from jobs.ports import LeaseLost
from pipelines.errors import IdempotencyConflict, JobNotFound, StorageFailed
from tests.support.jobs import new_job

DONE = Checkpoint(Stage.GENERATION, 1, (FileRecord("model.scad", "k", 3, "0" * 64, "x/y", True),), "{}", 5.0, 0.5)


def token(job: Job | None) -> int:
    assert job is not None
    assert job.lease is not None
    return job.lease.token


async def test_what_was_accepted_reads_back_unchanged(database: Database) -> None:
    asked = new_job("a vase 12 cm tall, blue PETG, 3 copies")
    (made,) = await database.accept([asked])
    read = await database.get(asked.id)
    assert read == made
    assert (read.request, read.analysis, read.plan) == (asked.request, asked.analysis, asked.plan)


async def test_the_oldest_waiting_job_is_claimed_first_and_only_once(database: Database) -> None:
    jobs = await database.accept([new_job() for _ in range(3)])
    claimed = [await database.claim("a", 10.0, 5.0) for _ in range(4)]
    assert [job.id if job else None for job in claimed] == [*(job.id for job in jobs), None]


async def test_many_holders_at_once_never_share_a_job(database: Database) -> None:
    await database.accept([new_job() for _ in range(12)])
    claimed = await asyncio.gather(*(database.claim(f"holder-{n % 4}", 10.0, 5.0) for n in range(20)))
    ids = [job.id for job in claimed if job]
    assert len(ids) == len(set(ids)) == 12


async def test_an_expired_lease_passes_on_and_fences_off_its_former_holder(database: Database) -> None:
    await database.accept([new_job()])
    first = await database.claim("a", 10.0, 5.0)
    assert await database.claim("b", 14.9, 5.0) is None
    second = await database.claim("b", 15.1, 5.0)
    assert token(second) == token(first) + 1
    assert second is not None
    for late in (
        database.finish_stage(second.id, token(first), DONE, Stage.CONVERSION),
        database.succeed(second.id, token(first), 16.0),
        database.fail(second.id, token(first), Failure("x", "y", False), 16.0),
        database.cancel(second.id, token(first), 16.0),
        database.release(second.id, token(first)),
    ):
        with pytest.raises(LeaseLost):
            await late
    assert (await database.get(second.id)).status is Status.RUNNING


async def test_renewal_keeps_a_lease_and_reports_a_wish_to_cancel(database: Database) -> None:
    await database.accept([new_job(), new_job()])
    kept, stopped = await database.claim("a", 10.0, 5.0), await database.claim("a", 10.0, 5.0)
    assert kept is not None
    assert stopped is not None
    await database.request_cancel(stopped.id, 11.0)
    held = {h.job_id: h.stop for h in await database.renew("a", [kept.id, stopped.id], 14.0, 5.0)}
    assert held == {kept.id: False, stopped.id: True}
    assert await database.claim("b", 18.9, 5.0) is None


async def test_the_lease_of_a_job_that_its_owner_lost_sight_of_runs_out(database: Database) -> None:
    await database.accept([new_job(), new_job()])
    held, lost = await database.claim("a", 10.0, 5.0), await database.claim("a", 10.0, 5.0)
    assert held is not None
    assert lost is not None
    assert [h.job_id for h in await database.renew("a", [held.id], 14.0, 5.0)] == [held.id]
    assert await database.renew("b", [held.id], 14.0, 50.0) == []
    assert await database.renew("a", [], 14.0, 50.0) == []
    taken = await database.claim("b", 15.1, 5.0)
    assert taken is not None
    assert taken.id == lost.id


async def test_a_released_job_is_taken_up_at_once(database: Database) -> None:
    await database.accept([new_job()])
    job = await database.claim("a", 10.0, 500.0)
    assert job is not None
    await database.release(job.id, token(job))
    assert (await database.claim("b", 10.1, 5.0)) is not None


async def test_a_finished_stage_stays_finished_for_the_next_holder(database: Database) -> None:
    await database.accept([new_job()])
    job = await database.claim("a", 10.0, 5.0)
    assert job is not None
    await database.begin(job.id, token(job), Stage.GENERATION, 10.0)
    await database.finish_stage(job.id, token(job), DONE, Stage.CONVERSION)
    again = await database.claim("b", 20.0, 5.0)
    assert again is not None
    assert again.checkpoint(Stage.GENERATION) == DONE
    assert again.stage is Stage.CONVERSION
    assert [record.name for record in again.files()] == ["model.scad"]


async def test_events_tell_the_whole_story_in_order(database: Database) -> None:
    asked = new_job()
    await database.accept([asked])
    job = await database.claim("a", 10.0, 5.0)
    await database.begin(asked.id, token(job), Stage.GENERATION, 10.0)
    await database.finish_stage(asked.id, token(job), DONE, Stage.CONVERSION)
    await database.fail(asked.id, token(job), Failure("backend.failed", "no", True), 11.0)
    events = await database.events_after(0, 100)
    assert [e.kind for e in events] == ["queued", "started", "stage", "stage_done", "stage", "failed"]
    assert [e.id for e in events] == sorted(e.id for e in events)
    assert await database.events_of(asked.id, events[2].id, 100) == events[3:]
    assert await database.last_event() == events[-1].id


async def test_the_same_key_with_the_same_body_answers_with_the_earlier_job(database: Database) -> None:
    first = new_job(idempotency_key="k", fingerprint="f")
    second = new_job(idempotency_key="k", fingerprint="f")
    await database.accept([first])
    (answer,) = await database.accept([second])
    assert answer.id == first.id
    with pytest.raises(JobNotFound):
        await database.get(second.id)


async def test_the_same_key_with_another_body_is_refused_and_writes_nothing(database: Database) -> None:
    await database.accept([new_job(idempotency_key="k", fingerprint="f")])
    other = new_job(idempotency_key="k", fingerprint="g")
    with pytest.raises(IdempotencyConflict):
        await database.accept([new_job(), other])
    assert await database.waiting() == 1


async def test_two_callers_and_a_day_later_may_use_a_key_again(database: Database) -> None:
    first = new_job(idempotency_key="k", fingerprint="f")
    await database.accept([first])
    await database.accept([new_job(idempotency_key="k", fingerprint="g", caller="somebody else")])
    later = new_job(idempotency_key="k", fingerprint="g", created_at=first.created_at + 24 * 3600 + 1)
    (made,) = await database.accept([later])
    assert made.id == later.id


async def test_racing_requests_with_one_key_make_one_job(database: Database) -> None:
    twins = [new_job(idempotency_key="k", fingerprint="f") for _ in range(6)]
    answers = await asyncio.gather(*(database.accept([twin]) for twin in twins))
    assert len({answer[0].id for answer in answers}) == 1
    assert await database.waiting() == 1


async def test_cancelling_ends_a_waiting_job_at_once_and_leaves_an_ended_one_alone(database: Database) -> None:
    asked = new_job()
    await database.accept([asked])
    assert (await database.request_cancel(asked.id, 2000.0)).status is Status.CANCELED
    assert (await database.request_cancel(asked.id, 3000.0)).finished_at == 2000.0
    assert await database.claim("a", 10.0, 5.0) is None


async def test_an_erased_job_is_hidden_at_once_and_purged_when_nobody_holds_it(database: Database) -> None:
    asked = new_job(idempotency_key="k", fingerprint="f")
    await database.accept([asked])
    job = await database.claim("a", 10.0, 5.0)
    assert job is not None
    await database.erase(asked.id, 11.0)
    with pytest.raises(JobNotFound):
        await database.get(asked.id)
    assert await database.page("local", None, 10) == []
    assert await database.erasable(12.0) == []
    assert await database.claim("b", 99.0, 5.0) is None
    assert await database.erasable(15.1) == [asked.id]
    await database.purge(asked.id)
    assert await database.erasable(15.1) == []
    assert await database.events_of(asked.id, 0, 100) == []


async def test_pages_walk_backwards_without_gaps_or_repeats(database: Database) -> None:
    jobs = await database.accept([new_job() for _ in range(7)])
    seen, before = [], None
    while page := await database.page("local", before, 3):
        seen += [job.id for job in page]
        before = page[-1].sequence
    assert seen == [job.id for job in reversed(jobs)]


async def test_load_counts_by_backend(database: Database) -> None:
    await database.accept([new_job(), new_job(), new_job()])
    await database.claim("a", 10.0, 5.0)
    load = await database.load()
    assert (dict(load.queued), dict(load.running)) == ({"parametric": 2}, {"parametric": 1})


async def test_unknown_jobs_are_said_to_be_unknown(database: Database) -> None:
    for ask in (database.get("gen_x"), database.request_cancel("gen_x", 1.0), database.erase("gen_x", 1.0)):
        with pytest.raises(JobNotFound, match="gen_x"):
            await ask


async def test_a_locked_database_is_one_clear_error_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 200)  # a number for time
    store = Database(f"sqlite:///{tmp_path / 'jobs.db'}")
    other = sqlite3.connect(tmp_path / "jobs.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageFailed, match="locked"):
        await store.accept([new_job()])
    other.execute("ROLLBACK")
    other.close()
    assert await store.waiting() == 0
    await store.accept([new_job()])
    assert await store.waiting() == 1
    store.close()


async def test_a_database_of_another_build_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    Database(url).close()
    with sqlite3.connect(tmp_path / "jobs.db") as db:
        db.execute("UPDATE schema_info SET version = 99")
    db.close()
    with pytest.raises(StorageFailed, match="schema 99"):
        Database(url)
