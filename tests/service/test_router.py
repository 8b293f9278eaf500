"""The router in the real service: refused at once what cannot be in time, and nothing lost when it dies under load."""

import signal
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.service.harness import Service, kill, until

pytestmark = pytest.mark.service
STAGES = ("generation", "conversion", "printability", "quote")
PROMPT = "a vase 60 mm tall"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    variables = {"MOLDAR_STUDIO__LEASE_S": "2", "MOLDAR_ROUTER__QUEUE_BOUND": "12", "MOLDAR_ROUTER__PREFETCH": "0"}
    running = Service(tmp_path_factory.mktemp("router") / "data", variables)
    running.start()
    yield running
    running.stop()


def in_flight(service: Service, backend: str) -> int:
    """Slots of a backend that the router knows to be held."""
    return int(state(service, backend)["in_flight"])


def state(service: Service, backend: str) -> dict[str, int]:
    items = httpx.get(f"{service.url}/v1/backends", timeout=30).json()["items"]
    return dict(next(item for item in items if item["name"] == backend))


def assert_each_done_once(service: Service, jobs: list[str]) -> None:
    assert {service.await_end(job_id) for job_id in jobs} == {"succeeded"}
    for job_id in jobs:
        stored = Counter(row["stage"] for row in service.rows("SELECT stage FROM checkpoints WHERE job_id = ?", job_id))
        assert stored == dict.fromkeys(STAGES, 1)
        finished = service.rows("SELECT stage FROM attempts WHERE job_id = ? AND outcome = 'succeeded'", job_id)
        assert Counter(row["stage"] for row in finished) == dict.fromkeys(STAGES, 1)
        endings = service.rows("SELECT 1 FROM events WHERE job_id = ? AND kind = 'succeeded'", job_id)
        assert len(endings) == 1


def post(service: Service, **fields: object) -> httpx.Response:
    return httpx.post(f"{service.url}/v1/generations", json={"prompt": PROMPT, **fields}, timeout=30)


def test_a_router_killed_under_load_costs_no_job_and_doubles_none(service: Service) -> None:
    jobs = [service.submit(f"a vase {40 + number} mm tall") for number in range(8)]
    service.kill("router")
    jobs += [service.submit(f"a vase {60 + number} mm tall") for number in range(4)]
    until(lambda: any(service.stage_open(job_id, "generation") for job_id in jobs), 60, "a generation")
    service.kill("router")
    assert_each_done_once(service, jobs)


def test_a_router_killed_while_slots_are_held_and_waited_for_is_followed_by_one_that_knows(service: Service) -> None:
    worker = service.replica("embedded")
    kill(worker, signal.SIGSTOP)
    jobs = [service.submit(PROMPT) for _ in range(4)]
    for job_id in jobs:
        until(lambda job_id=job_id: service.stage_open(job_id, "generation"), 60, "all holders at work")  # type: ignore[misc]
    service.kill("router")
    until(service.is_ready, 60, "the next router")
    kill(worker, signal.SIGCONT)
    assert_each_done_once(service, jobs)


def test_a_studio_that_dies_with_slots_gives_them_back(service: Service) -> None:
    worker = service.replica("embedded")
    kill(worker, signal.SIGSTOP)
    jobs = [service.submit(PROMPT) for _ in range(4)]
    until(lambda: sum(service.stage_open(job_id, "generation") for job_id in jobs) == 4, 60, "all holders at work")
    service.kill("studio")
    kill(worker, signal.SIGCONT)
    assert_each_done_once(service, jobs)


def test_a_request_that_cannot_be_in_time_is_refused_at_once_and_told_when_to_ask_again(service: Service) -> None:
    worker = service.replica("embedded")
    kill(worker, signal.SIGSTOP)
    jobs = [service.submit(PROMPT) for _ in range(9)]
    until(lambda: sum(service.stage_open(job_id, "generation") for job_id in jobs) == 4, 60, "all holders at work")
    until(lambda: post(service, deadline_s=1.0).status_code != 202, 10, "the router to see the queue")
    late = post(service, deadline_s=1.0)
    assert (late.status_code, late.json()["code"]) == (429, "capacity.saturated")
    assert late.json()["retryable"] is True
    assert int(late.headers["Retry-After"]) >= 1
    patient = post(service, deadline_s=3600)
    assert patient.status_code == 202
    kill(worker, signal.SIGCONT)
    assert_each_done_once(service, [*jobs, patient.json()["id"]])


def test_what_takes_longer_than_its_deadline_however_idle_is_refused_for_good(service: Service) -> None:
    refused = post(service, deadline_s=0.001)
    assert (refused.status_code, refused.json()["code"]) == (503, "capacity.deadline")


def test_more_than_may_wait_for_a_backend_is_refused_and_what_waits_is_done(service: Service) -> None:
    studio = service.replica("studio")
    kill(studio, signal.SIGSTOP)
    answers = [post(service, method="parametric") for _ in range(20)]
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    refused = [answer for answer in answers if answer.status_code != 202]
    assert {answer.json()["code"] for answer in refused} == {"capacity.saturated"}
    assert 11 <= len(accepted) <= 14
    kill(studio, signal.SIGCONT)
    assert_each_done_once(service, accepted)
