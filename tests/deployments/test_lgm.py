"""One replica of the pool as the plain class that it is, on miniature weights and without Ray."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from deployments.lgm import LgmPool
from deployments.settings import LgmSettings
from jobs.lifecycle import Stage, Status
from jobs.model import Generated, Job, JobRequest, Lease
from pipelines.errors import BackendFailed, GpuOutOfMemory, MoldarError, WeightsMismatch, WeightsMissing
from pipelines.multiview import Outcome, SolverName, ViewRequest
from pipelines.prompt import analyse
from pipelines.routing import Plan, PlanStep
from pipelines.shaping.models import ViewSampler
from tests.support.hub import write_hub
from tests.support.jobs import new_job
from tests.support.lgm import write_lgm

NOWHERE = Path("nowhere")


class Telephone:
    """A handle whose calls go nowhere: the telemetry of a replica that stands alone."""

    class _Method:
        def remote(self, *args: object) -> asyncio.Future[None]:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done

    record = _Method()


def job(prompt: str = "a chair", **fields: Any) -> Job:
    """A job as a runner holds it."""
    new = new_job(prompt)
    request = JobRequest(prompt=prompt, method="local", **fields)
    plan = Plan((PlanStep("lgm", "chosen", ""),))
    lease = Lease("a", 1, 0.0)
    return Job(
        new.id, 1, "local", Status.RUNNING, Stage.GENERATION, request, analyse(prompt), plan, 0.0, claims=1, lease=lease
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> LgmSettings:
    folder = tmp_path_factory.mktemp("weights")
    write_lgm(folder / "lgm.safetensors")
    write_hub(folder / "mvdream", "mvdream")
    return LgmSettings(
        weights_dir=folder, nano_file=folder / "lgm.safetensors", mvdream_dir=folder / "mvdream", cpu_threads=1,
        batch_wait_s=0.05,
    )  # fmt: skip


@pytest.fixture
async def pool(settings: LgmSettings) -> LgmPool:
    return replica(settings)


def replica(settings: LgmSettings) -> LgmPool:
    return LgmPool(settings, NOWHERE, Telephone(), "WARNING")  # type: ignore[arg-type]


async def result(pool: LgmPool, asked: Job) -> Generated:
    words = [word async for word in pool.generate(asked, ())]
    assert isinstance(words[-1], Generated)
    return words[-1]


async def test_a_replica_without_weights_ends_each_job_with_the_reason(tmp_path: Path) -> None:
    pool = replica(LgmSettings(weights_dir=tmp_path, nano_file=NOWHERE))
    error = await error_of(pool, job("a vase"))
    assert isinstance(error, WeightsMissing)
    assert "weights fetch" in str(error)
    await pool.check_health()  # another replica would have no others


async def test_a_checkpoint_of_another_model_ends_each_job_with_the_reason(settings: LgmSettings) -> None:
    assert settings.mvdream_dir is not None
    other = settings.mvdream_dir / "vae" / "diffusion_pytorch_model.safetensors"
    error = await error_of(replica(settings.model_copy(update={"nano_file": other})), job("a vase"))
    assert isinstance(error, WeightsMismatch)


async def test_shares_of_the_work_come_before_what_was_made(pool: LgmPool) -> None:
    words = [word async for word in pool.generate(job(steps=100), ())]
    shares = [word for word in words if isinstance(word, float)]
    assert shares == sorted(set(shares))
    assert shares
    made = words[-1]
    assert isinstance(made, Generated)
    assert made.gaussians is not None
    assert [file.name for file in made.files] == ["gaussians.ply", *(f"view_{k}.png" for k in range(4))]
    await pool.check_health()


async def test_closing_the_stream_stops_the_sampler_and_the_next_job_has_the_device(pool: LgmPool) -> None:
    async with asyncio.timeout(60):
        words = pool.generate(job(steps=1000), ())
        assert isinstance(await anext(words), float)
        await words.aclose()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await result(pool, job(steps=2))
        assert loop.time() - began < 10  # the thousand steps would have kept the one thread busy for longer


class Breaks:
    """A sampler whose device fails in some way."""

    def __init__(self, fail: Callable[[int], None]) -> None:
        self.fail = fail

    def sample_each(
        self,
        asked: Sequence[ViewRequest],
        steps: int,
        solver: SolverName,
        on_step: Callable[[int, int], None] | None,
        canceled: Callable[[int], bool] | None,
    ) -> list[Outcome]:
        self.fail(len(asked))
        return [None] * len(asked)

    def notes(self, asked: ViewRequest) -> tuple[str, ...]:
        return ()


def break_sampler(pool: LgmPool, fail: Callable[[int], None]) -> None:
    pool.models = replace(pool.models, text=ViewSampler("mvdream", Breaks(fail), "0" * 64))


async def error_of(pool: LgmPool, asked: Job) -> MoldarError:
    with pytest.raises(MoldarError) as caught:
        await result(pool, asked)
    return caught.value


def full(count: int) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory.")


def lost(count: int) -> None:
    raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered\nmore lines")


async def test_a_full_device_is_a_lack_of_capacity_and_the_replica_lives(pool: LgmPool) -> None:
    whole = pool.models
    break_sampler(pool, full)
    assert isinstance(await error_of(pool, job(steps=2)), GpuOutOfMemory)
    await pool.check_health()
    pool.models = whole
    await result(pool, job(steps=2))


async def test_a_lost_device_fails_the_job_in_a_way_that_is_tried_again_and_the_replica_is_sick(pool: LgmPool) -> None:
    break_sampler(pool, lost)
    assert isinstance(await error_of(pool, job(steps=2)), BackendFailed)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        await pool.check_health()
    error = await error_of(pool, job("a vase", licence="permissive"))  # nothing more is tried on this device
    assert "illegal memory access" in str(error)


async def test_work_that_does_not_move_makes_the_replica_sick(settings: LgmSettings) -> None:
    pool = replica(settings.model_copy(update={"stall_s": 0.5}))
    release = threading.Event()

    def hang(count: int) -> None:
        release.wait(30)

    break_sampler(pool, hang)
    stuck = asyncio.create_task(result(pool, job(steps=2)))
    await asyncio.sleep(0.1)
    await pool.check_health()
    await asyncio.sleep(1.0)
    with pytest.raises(RuntimeError, match="not moved"):
        await pool.check_health()
    release.set()
    with pytest.raises(MoldarError):
        await stuck
    await pool.check_health()  # it moved after all
