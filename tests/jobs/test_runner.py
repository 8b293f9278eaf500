"""Jobs run by the real stages, stores and foreman in one process, with failures and handovers at chosen moments."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.artifacts import Artifacts
from adapters.clock import wall_clock
from adapters.database import Database
from jobs.foreman import Foreman, Shift
from jobs.lifecycle import Stage, Status
from jobs.model import Converted, Generated, Job, JobId, JobRequest
from jobs.ports import LeaseLost, Progress
from jobs.runner import Policy, Runner, Tools
from pipelines.errors import BackendFailed, NotSolid, SlicerFailed, StorageFailed
from tests.support.jobs import DirectStages, SilentObserver, new_job

STAGES = (Stage.GENERATION, Stage.CONVERSION, Stage.PRINTABILITY, Stage.QUOTE)


@dataclass
class Shop:
    """Stores on disk and everything that a holder needs."""

    jobs: Database
    artifacts: Artifacts
    stages: DirectStages
    observer: SilentObserver

    def runner(self, stages: DirectStages | None = None) -> Runner:
        policy = Policy(max_claims=3, backoff_s=0.001)
        tools = Tools(self.jobs, self.artifacts, stages or self.stages, self.observer, wall_clock, policy)
        return Runner(tools)

    def foreman(self, owner: str, stages: DirectStages | None = None) -> Foreman:
        shift = Shift(owner, concurrency=3, lease_s=2.0, poll_s=0.02)
        return Foreman(self.jobs, self.artifacts, self.runner(stages), wall_clock, shift)

    async def claimed(self, lease_s: float = 60.0) -> Job:
        job = await self.jobs.claim("a", wall_clock(), lease_s)
        assert job is not None
        return job

    async def ended(self, job_id: str, seconds: float = 30.0) -> Job:
        async with asyncio.timeout(seconds):
            while not (job := await self.jobs.get(job_id)).is_terminal:
                await asyncio.sleep(0.01)
        return job


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    jobs = Database(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield Shop(jobs, Artifacts(str(tmp_path / "artifacts")), DirectStages(), SilentObserver())
    jobs.close()


@contextlib.asynccontextmanager
async def at_work(*foremen: Foreman) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(foreman.work()) for foreman in foremen]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_job_ends_with_every_stage_done_once_and_its_files_stored(shop: Shop) -> None:
    asked = new_job("a cube of 20 mm")
    await shop.jobs.accept([asked])
    assert await shop.runner().run(await shop.claimed()) == "succeeded"
    job = await shop.jobs.get(asked.id)
    assert job.status is Status.SUCCEEDED
    assert Counter(stage for _, stage in shop.stages.begun) == dict.fromkeys(STAGES, 1)
    for record in job.files():
        assert len(await shop.artifacts.get(record.key)) == record.bytes
    assert {record.name for record in job.files()} == {
        "model.scad", "preview.png", "thumbnail.webp", "model.stl", "printability.json", "quote.json",
    }  # fmt: skip


class Dies(DirectStages):
    """Real stages whose process is lost at one of them: nothing after it happens."""

    def __init__(self, at: Stage) -> None:
        super().__init__()
        self.at = at

    def strike(self, stage: Stage) -> None:
        if stage is self.at:
            raise asyncio.CancelledError

    async def generate(self, job: Job, images: object, progress: Progress) -> Generated:
        self.strike(Stage.GENERATION)
        return await super().generate(job, (), progress)

    async def convert(self, job: Job, shape: Generated) -> Converted:
        self.strike(Stage.CONVERSION)
        return await super().convert(job, shape)

    async def inspect(self, *args: object) -> object:  # type: ignore[override]
        self.strike(Stage.PRINTABILITY)
        return await super().inspect(*args)  # type: ignore[arg-type]

    async def quote(self, *args: object) -> object:  # type: ignore[override]
        self.strike(Stage.QUOTE)
        return await super().quote(*args)  # type: ignore[arg-type]


@pytest.mark.parametrize("stage", STAGES)
async def test_the_next_holder_goes_on_after_the_last_stored_stage(shop: Shop, stage: Stage) -> None:
    asked = new_job("a cube of 20 mm")
    await shop.jobs.accept([asked])
    first = Dies(stage)
    with pytest.raises(asyncio.CancelledError):
        await shop.runner(first).run(await shop.claimed(lease_s=-1.0))
    assert await shop.runner().run(await shop.claimed()) == "succeeded"
    begun = Counter(s for _, s in (*first.begun, *shop.stages.begun))
    assert begun == dict.fromkeys(STAGES, 1)


async def test_a_resumed_job_makes_the_same_files_as_one_that_ran_through(shop: Shop) -> None:
    through, resumed = new_job("a cube of 20 mm"), new_job("a cube of 20 mm")
    await shop.jobs.accept([through])
    await shop.runner().run(await shop.claimed())
    await shop.jobs.accept([resumed])
    with pytest.raises(asyncio.CancelledError):
        await shop.runner(Dies(Stage.CONVERSION)).run(await shop.claimed(lease_s=-1.0))
    await shop.runner().run(await shop.claimed())
    digests = [
        {r.name: r.sha256 for r in (await shop.jobs.get(j.id)).files() if r.name != "quote.json"}
        for j in (through, resumed)
    ]
    assert digests[0] == digests[1]


class Fails(DirectStages):
    """Real stages that fail a number of times before they work."""

    def __init__(self, error: Exception, times: int) -> None:
        super().__init__()
        self.error, self.left = error, times

    async def convert(self, job: Job, shape: Generated) -> Converted:
        if self.left:
            self.left -= 1
            raise self.error
        return await super().convert(job, shape)


async def test_a_worker_that_is_lost_is_asked_again_a_few_times(shop: Shop) -> None:
    await shop.jobs.accept([new_job()])
    assert await shop.runner(Fails(BackendFailed("lost"), 2)).run(await shop.claimed()) == "succeeded"


@pytest.mark.parametrize(
    ("error", "code"), [(BackendFailed("lost"), "backend.failed"), (NotSolid("open"), "geometry.not_solid")]
)
async def test_what_cannot_be_done_fails_with_its_code_and_sentence(shop: Shop, error: Exception, code: str) -> None:
    asked = new_job()
    await shop.jobs.accept([asked])
    assert await shop.runner(Fails(error, 99)).run(await shop.claimed()) == "failed"
    job = await shop.jobs.get(asked.id)
    assert job.failure is not None
    assert (job.failure.code, job.failure.message) == (code, str(error))
    assert [r.name for r in job.files()] == ["model.scad"]


async def test_each_further_try_of_a_stage_is_in_the_log_with_its_reason(shop: Shop) -> None:
    asked = new_job()
    await shop.jobs.accept([asked])
    await shop.runner(Fails(BackendFailed("The worker was lost."), 2)).run(await shop.claimed())
    told = [json.loads(e.data) for e in await shop.jobs.events_of(asked.id, 0, 100) if e.kind == "retried"]
    assert told == [{"stage": "conversion", "attempt": attempt, "reason": "The worker was lost."} for attempt in (2, 3)]


async def test_a_slicer_is_not_asked_again_what_it_has_failed_at(shop: Shop) -> None:
    await shop.jobs.accept([new_job()])
    stages = Fails(SlicerFailed("The slicer crashed."), 99)
    assert await shop.runner(stages).run(await shop.claimed()) == "failed"
    assert stages.left == 98


class Tells(DirectStages):
    """Real stages that say how far the generation is."""

    def __init__(self, shares: list[float], pause_s: float = 0.0) -> None:
        super().__init__()
        self.shares, self.pause_s = shares, pause_s
        self.seen: list[float | None] = []
        self.jobs: Database | None = None

    async def generate(self, job: Job, images: object, progress: Progress) -> Generated:
        for share in self.shares:
            await progress(share)
            await asyncio.sleep(self.pause_s)
            if self.jobs is not None:
                self.seen.append((await self.jobs.get(job.id)).progress)
        return await super().generate(job, (), progress)


async def told_by(shop: Shop, job_id: str) -> list[float]:
    return [json.loads(e.data)["progress"] for e in await shop.jobs.events_of(job_id, 0, 100) if e.kind == "progress"]


async def test_progress_within_a_stage_is_logged_and_seen_and_never_falls(shop: Shop) -> None:
    asked = new_job("a cube of 20 mm")
    await shop.jobs.accept([asked])
    stages = Tells([0.1, 0.5, 0.4, 1.0], pause_s=0.01)
    stages.jobs = shop.jobs
    tools = Tools(shop.jobs, shop.artifacts, stages, shop.observer, wall_clock, Policy(note_s=0.0))
    await Runner(tools).run(await shop.claimed())
    # The generation spans 0.05 to 0.35 of the whole.
    assert await told_by(shop, asked.id) == pytest.approx([0.08, 0.2, 0.35])
    assert stages.seen == pytest.approx([0.08, 0.2, 0.2, 0.35])
    assert (await shop.jobs.get(asked.id)).progress is None  # of a job that has ended, nothing is under way


async def test_progress_is_logged_now_and_then_only(shop: Shop) -> None:
    asked = new_job("a cube of 20 mm")
    await shop.jobs.accept([asked])
    tools = Tools(
        shop.jobs, shop.artifacts, Tells([k / 100 for k in range(1, 101)]), shop.observer, wall_clock, Policy(note_s=60)
    )
    await Runner(tools).run(await shop.claimed())
    assert len(await told_by(shop, asked.id)) == 1


async def test_a_word_of_progress_under_a_lost_lease_stops_the_work(shop: Shop) -> None:
    asked = new_job("a cube of 20 mm")
    await shop.jobs.accept([asked])
    slow = await shop.claimed(lease_s=-1.0)
    await shop.claimed()  # somebody else has it now
    stages = Tells([0.5])
    assert await shop.runner(stages).run(slow) == "lost"
    assert stages.begun == []
    assert await told_by(shop, asked.id) == []


async def test_a_fault_of_the_shape_is_not_tried_again(shop: Shop) -> None:
    await shop.jobs.accept([new_job()])
    stages = Fails(NotSolid("open"), 99)
    await shop.runner(stages).run(await shop.claimed())
    assert stages.left == 98


async def test_a_store_that_is_full_hands_the_job_back_until_there_is_room(shop: Shop) -> None:
    asked = new_job()
    await shop.jobs.accept([asked])
    with pytest.raises(StorageFailed):
        await shop.runner(Fails(StorageFailed("full"), 99)).run(await shop.claimed(lease_s=-1.0))
    assert (await shop.jobs.get(asked.id)).status is Status.RUNNING
    assert await shop.runner().run(await shop.claimed()) == "succeeded"


async def test_a_job_that_kills_its_holders_fails_in_the_end(shop: Shop) -> None:
    asked = new_job()
    await shop.jobs.accept([asked])
    for _ in range(3):
        with pytest.raises(asyncio.CancelledError):
            await shop.runner(Dies(Stage.CONVERSION)).run(await shop.claimed(lease_s=-1.0))
    assert await shop.runner().run(await shop.claimed()) == "failed"
    failure = (await shop.jobs.get(asked.id)).failure
    assert failure is not None
    assert "died 3 times" in failure.message


async def test_a_holder_that_was_fenced_off_writes_nothing_more(shop: Shop) -> None:
    asked = new_job("a cube of 20 mm")
    await shop.jobs.accept([asked])
    slow = await shop.claimed(lease_s=-1.0)
    assert await shop.runner().run(await shop.claimed()) == "succeeded"
    before = await shop.jobs.get(asked.id)
    assert await shop.runner().run(slow) == "lost"
    assert await shop.jobs.get(asked.id) == before


async def test_a_deadline_that_has_passed_fails_the_job(shop: Shop) -> None:
    asked = new_job(request=JobRequest(prompt="a cube", deadline_s=5.0), created_at=wall_clock() - 6)
    await shop.jobs.accept([asked])
    assert await shop.runner().run(await shop.claimed()) == "failed"
    failure = (await shop.jobs.get(asked.id)).failure
    assert failure is not None
    assert failure.code == "capacity.deadline"


async def test_two_foremen_share_the_work_without_doing_any_of_it_twice(shop: Shop) -> None:
    asked = [new_job(f"a cube of {n} mm") for n in range(10, 22)]
    await shop.jobs.accept(asked)
    async with at_work(shop.foreman("one"), shop.foreman("two")):
        ended = [await shop.ended(job.id) for job in asked]
    assert {job.status for job in ended} == {Status.SUCCEEDED}
    assert Counter(s for _, s in shop.stages.begun) == dict.fromkeys(STAGES, len(asked))


class Hangs(DirectStages):
    """Real stages, the conversion of which does not come back."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = asyncio.Event()
        self.stopped = asyncio.Event()

    async def convert(self, job: Job, shape: Generated) -> Converted:
        self.inside.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.stopped.set()
            raise
        raise AssertionError("not reached")


async def test_cancelling_stops_the_work_and_keeps_what_was_made(shop: Shop) -> None:
    asked = new_job()
    stages = Hangs()
    await shop.jobs.accept([asked])
    async with at_work(shop.foreman("one", stages)):
        await asyncio.wait_for(stages.inside.wait(), 10)
        await shop.jobs.request_cancel(asked.id, wall_clock())
        job = await shop.ended(asked.id)
    assert stages.stopped.is_set()
    assert job.status is Status.CANCELED
    assert [r.name for r in job.files()] == ["model.scad"]
    assert shop.observer.endings == [(asked.id, "canceled")]


async def test_a_lease_is_kept_for_as_long_as_the_work_takes(shop: Shop) -> None:
    asked = new_job()
    stages = Hangs()
    await shop.jobs.accept([asked])
    async with at_work(shop.foreman("one", stages), shop.foreman("two")):
        await asyncio.wait_for(stages.inside.wait(), 10)
        await asyncio.sleep(4.5)  # more than two leases
        job = await shop.jobs.get(asked.id)
    assert job.claims == 1
    assert job.lease is not None
    assert job.lease.owner == "one"


async def test_a_holder_ends_when_it_is_told_to_whatever_else_happens_then(shop: Shop) -> None:
    for turn in range(50):
        foreman = shop.foreman("one")
        work = asyncio.create_task(foreman.work())
        for _ in range(turn % 7 + 1):  # to be caught at another point of its rounds each time
            await asyncio.sleep(0.001)
        foreman.wake()
        work.cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(work, return_exceptions=True)


class LosesOnce(Database):
    """A database that fails the first time a job is handed back."""

    failures = 1

    async def release(self, job_id: JobId, token: int) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageFailed("locked")
        await super().release(job_id, token)


async def test_a_job_that_could_not_be_handed_back_is_taken_up_when_its_lease_runs_out(
    shop: Shop, tmp_path: Path
) -> None:
    asked = new_job("a cube of 20 mm")
    shop.jobs = LosesOnce(f"sqlite:///{tmp_path / 'jobs.db'}")
    await shop.jobs.accept([asked])
    async with at_work(shop.foreman("one", Fails(StorageFailed("full"), Policy().stage_tries))):
        job = await shop.ended(asked.id)
    assert job.status is Status.SUCCEEDED
    assert job.claims == 2


async def test_a_shutdown_hands_its_jobs_to_the_next_at_once(shop: Shop) -> None:
    asked = new_job()
    stages = Hangs()
    await shop.jobs.accept([asked])
    leaving = shop.foreman("leaving", stages)
    async with at_work(leaving):
        await asyncio.wait_for(stages.inside.wait(), 10)
    await leaving.hand_back()
    async with at_work(shop.foreman("next")):
        job = await shop.ended(asked.id)
    assert job.status is Status.SUCCEEDED
    assert job.claims == 2


async def test_an_erased_job_leaves_neither_rows_nor_files(shop: Shop, tmp_path: Path) -> None:
    asked = new_job("a cube of 20 mm")
    await shop.jobs.accept([asked])
    await shop.runner().run(await shop.claimed())
    await shop.jobs.erase(asked.id, wall_clock())
    async with at_work(shop.foreman("one")):
        await asyncio.wait_for(_until(lambda: not (tmp_path / "artifacts/jobs" / asked.id).exists()), 10)
        await asyncio.wait_for(_gone(shop, asked.id), 10)


async def _until(check: Callable[[], bool]) -> None:
    while not check():
        await asyncio.sleep(0.01)


async def _gone(shop: Shop, job_id: JobId) -> None:
    while await shop.jobs.erasable(wall_clock()):
        await asyncio.sleep(0.01)
    with pytest.raises(LeaseLost):
        await shop.jobs.release(job_id, 1)
