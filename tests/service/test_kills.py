"""What was answered with 202 ends, once, whatever dies: real SIGKILL, strikes inside and between all stages.

A stage can be held open without slowing anything down: its replica is stopped with SIGSTOP, so that the strike surely
falls inside it.
"""

import signal
from collections import Counter
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.service.harness import Service, kill, until
from tests.support.lgm import write_lgm

pytestmark = pytest.mark.service
STAGES = ("generation", "conversion", "printability", "quote")
WORKER = {
    "generation": "embedded",
    "conversion": "mesh_conversion",
    "printability": "quoting",
    "quote": "quoting",
}
PROMPT = "a vase 60 mm tall"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("kills")
    write_lgm(folder / "lgm.safetensors")
    variables = {
        "MOLDAR_STUDIO__LEASE_S": "2",
        "MOLDAR_LIMITS__QUEUED_JOBS": "30",
        "MOLDAR_LGM__NANO_FILE": str(folder / "lgm.safetensors"),
        "MOLDAR_LGM__MIN_REPLICAS": "1",
    }
    running = Service(folder / "data", variables)
    running.start()
    yield running
    running.stop()


def assert_done_once(service: Service, job_id: str, *, repeated: str | None = None) -> None:
    """Succeeded; every stage stored once and begun once, but for the one that was struck."""
    assert service.await_end(job_id) == "succeeded"
    stored = Counter(row["stage"] for row in service.rows("SELECT stage FROM checkpoints WHERE job_id = ?", job_id))
    assert stored == dict.fromkeys(STAGES, 1)
    attempts = service.rows("SELECT stage, outcome FROM attempts WHERE job_id = ?", job_id)
    finished = Counter(row["stage"] for row in attempts if row["outcome"] == "succeeded")
    assert finished == dict.fromkeys(STAGES, 1)
    abandoned = [row["stage"] for row in attempts if row["outcome"] != "succeeded"]
    assert abandoned == ([repeated] if repeated else [])
    endings = service.rows("SELECT kind FROM events WHERE job_id = ? AND kind = 'succeeded'", job_id)
    assert len(endings) == 1


def hold_open(service: Service, stage: str) -> tuple[str, Iterator[None]]:
    """A job that is inside `stage` and cannot leave it, and a way to let it go on."""
    worker = service.replica(WORKER[stage])
    if stage == "quote":  # shares its worker with the report: stop it between the two
        job_id = service.submit(PROMPT)
        until(lambda: service.stage_done(job_id, "printability"), 60, "the report")
        kill(worker, signal.SIGSTOP)
    else:
        kill(worker, signal.SIGSTOP)
        job_id = service.submit(PROMPT)
        until(lambda: service.stage_open(job_id, stage), 60, f"{stage} to begin")

    def release() -> Iterator[None]:
        kill(worker, signal.SIGCONT)
        yield

    return job_id, release()


@pytest.mark.parametrize("stage", STAGES)
def test_a_worker_killed_inside_its_stage_costs_that_stage_only(service: Service, stage: str) -> None:
    job_id, _ = hold_open(service, stage)
    service.kill(WORKER[stage])
    # The same holder goes on with a new worker: its attempt is the same one.
    assert_done_once(service, job_id)


def hold_models(service: Service) -> tuple[str, psutil.Process]:
    """A job that the pool of models works on and cannot end, and the replica that holds it."""
    worker = service.replica("lgm")
    kill(worker, signal.SIGSTOP)
    job_id = service.submit(PROMPT, method="local")
    until(lambda: service.stage_open(job_id, "generation"), 60, "generation to begin")
    return job_id, worker


def test_a_job_of_the_pool_survives_the_loss_of_its_replica(service: Service) -> None:
    job_id, _ = hold_models(service)
    service.kill("lgm")
    assert_done_once(service, job_id)


def test_the_next_holder_finds_the_pool_as_it_was(service: Service) -> None:
    job_id, worker = hold_models(service)
    service.kill("studio")
    kill(worker, signal.SIGCONT)
    assert_done_once(service, job_id, repeated="generation")


@pytest.mark.parametrize("stage", STAGES)
def test_a_studio_killed_inside_a_stage_repeats_that_stage_only(service: Service, stage: str) -> None:
    job_id, release = hold_open(service, stage)
    inside = service.stage_open(job_id, stage)
    service.kill("studio")
    next(release)
    assert_done_once(service, job_id, repeated=stage if inside else None)


@pytest.mark.parametrize("stage", STAGES[:-1])
def test_a_studio_killed_right_after_a_stage_never_repeats_it(service: Service, stage: str) -> None:
    job_id = service.submit(PROMPT)
    until(lambda: service.stage_done(job_id, stage), 60, f"{stage} to end")
    service.kill("studio")
    assert service.await_end(job_id) == "succeeded"
    begun = service.rows("SELECT stage FROM attempts WHERE job_id = ? AND stage = ?", job_id, stage)
    assert len(begun) == 1


@pytest.mark.parametrize("deployment", ["gateway", "router", "prompt_analysis", "telemetry"])
def test_a_deployment_that_holds_no_job_may_die_at_any_time(service: Service, deployment: str) -> None:
    jobs = [service.submit(PROMPT) for _ in range(3)]
    service.kill(deployment)
    jobs.append(service.submit(PROMPT))
    for job_id in jobs:
        assert_done_once(service, job_id)
    until(service.is_ready, 60, "the service to be whole again")


def test_more_than_may_wait_is_refused_and_what_waits_is_done(service: Service) -> None:
    studio = service.replica("studio")
    kill(studio, signal.SIGSTOP)
    waiting = [service.submit(PROMPT) for _ in range(30)]
    refused = httpx.post(f"{service.url}/v1/generations", json={"prompt": PROMPT}, timeout=30)
    kill(studio, signal.SIGCONT)
    assert refused.status_code == 429
    assert refused.json()["code"] == "capacity.saturated"
    assert int(refused.headers["Retry-After"]) >= 1
    assert {service.await_end(job_id) for job_id in waiting} == {"succeeded"}


def test_everything_killed_at_once_and_started_again_finishes_what_was_accepted(service: Service) -> None:
    jobs = [service.submit(f"a vase {60 + n} mm tall") for n in range(8)]
    until(lambda: service.stage_done(jobs[0], "generation"), 60, "the first stage")
    service.kill_everything()
    unfinished = [job_id for job_id in jobs if service.status(job_id) in ("queued", "running")]
    assert unfinished, "the strike came too late to show anything"
    service.start()
    for job_id in jobs:
        assert service.await_end(job_id) == "succeeded"
        stored = service.rows("SELECT stage FROM checkpoints WHERE job_id = ?", job_id)
        assert Counter(row["stage"] for row in stored) == dict.fromkeys(STAGES, 1)
        done = service.rows("SELECT stage FROM attempts WHERE job_id = ? AND outcome = 'succeeded'", job_id)
        assert Counter(row["stage"] for row in done) == dict.fromkeys(STAGES, 1)
    assert len(service.rows("SELECT id FROM jobs")) == len(service.rows("SELECT DISTINCT id FROM jobs"))
