"""The pool of models in the real service, on models of random weights: every way to make Gaussians, and what may happen
on the way."""

import base64
import io
import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from moldar.wire import image_bytes
from pipelines.splats import read_splats
from tests.service.harness import Service, kill, until
from tests.support.hub import write_hub
from tests.support.lgm import write_lgm

pytestmark = pytest.mark.service
COLD_START_S = 60.0  # of a replica: torch, diffusers and transformers on two cores that others use too


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("pool")
    write_lgm(folder / "lgm.safetensors")
    write_hub(folder / "mvdream", "mvdream")
    write_hub(folder / "imagedream", "imagedream")
    variables = {
        "NANO_FILE": folder / "lgm.safetensors",
        "MVDREAM_DIR": folder / "mvdream",
        "IMAGEDREAM_DIR": folder / "imagedream",
        "BATCH_WAIT_S": 0.5,
        "DOWNSCALE_DELAY_S": 20,
        "CPU_THREADS": 1,
    }
    running = Service(folder / "data", {f"MOLDAR_LGM__{name}": str(value) for name, value in variables.items()})
    running.start()
    yield running
    running.stop()


def picture(tint: int = 0) -> str:
    """A red brick on white, seen a little from above, as a data URI."""
    image = np.full((96, 96, 3), 255, np.uint8)
    image[30:70, 25:75] = (200, 40 + tint, 30)
    image[30:40, 25:75] = (230, 90, 70)
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def made(service: Service, **fields: Any) -> dict[str, Any]:
    """A generation that must succeed."""
    answer = accepted(service, **fields)
    assert service.await_end(answer["id"], COLD_START_S) == "succeeded", stored(service, answer["id"])["error"]
    return stored(service, answer["id"])


def accepted(service: Service, **fields: Any) -> dict[str, Any]:
    asked = {"method": "local", "steps": 3, "formats": ["stl"], **fields}
    answer = httpx.post(f"{service.url}/v1/generations", json=asked, timeout=30)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def stored(service: Service, job_id: str) -> dict[str, Any]:
    return dict(httpx.get(f"{service.url}/v1/generations/{job_id}", timeout=30).json())


def digests(generation: dict[str, Any]) -> dict[str, str]:
    return {file["name"]: file["sha256"] for file in generation["files"]}


def progress_of(service: Service, job_id: str) -> list[float]:
    rows = service.rows("SELECT data FROM events WHERE job_id = ? AND kind = 'progress' ORDER BY id", job_id)
    return [float(json.loads(row["data"])["progress"]) for row in rows]


def replicas(service: Service) -> list[psutil.Process]:
    return [worker for worker in service.workers() if service.is_replica(worker, "lgm")]


def test_nothing_runs_until_it_is_asked_for_and_a_sentence_then_becomes_gaussians(service: Service) -> None:
    assert replicas(service) == []
    generation = made(service, prompt="a red chair")
    names = {file["name"] for file in generation["files"]}
    views = {"view_0.png", "view_1.png", "view_2.png", "view_3.png"}
    assert {"gaussians.ply", *views, "draft.glb", "preview.png"} <= names
    provenance = generation["provenance"]
    assert (provenance["backend"], provenance["model"], provenance["licence"]) == ("lgm", "lgm-nano", "restricted")
    assert provenance["parameters"]["views"] == "mvdream"
    assert any("use restrictions" in note for note in provenance["notes"])
    assert len(replicas(service)) == 1


def test_the_same_request_gives_the_same_bytes_and_another_seed_others(service: Service) -> None:
    first, again = (digests(made(service, prompt="a vase", method="local", seed=7)) for _ in range(2))
    other = digests(made(service, prompt="a vase", seed=8))
    names = ("gaussians.ply", "view_0.png", "model.stl")
    assert [first[name] for name in names] == [again[name] for name in names]
    assert all(first[name] != other[name] for name in names)


def test_one_picture_goes_through_imagedream(service: Service) -> None:
    generation = made(service, images=[picture()])
    assert generation["provenance"]["parameters"]["views"] == "imagedream"
    assert generation["provenance"]["parameters"]["steps"] == "3"


def test_four_own_views_go_straight_to_lgm(service: Service) -> None:
    generation = made(service, images=[picture(tint) for tint in (0, 40, 80, 120)], size_mm=80)
    assert generation["provenance"]["parameters"]["views"] == "own"
    assert generation["provenance"]["licence"] == "commercial"
    assert max(generation["printability"]["size_mm"]) == pytest.approx(80)
    ply = httpx.get(f"{service.url}/v1/generations/{generation['id']}/files/gaussians.ply", timeout=30).content
    assert len(read_splats(ply)) > 1000


def test_a_form_carries_views_and_cameras_like_json(service: Service) -> None:
    views = [("images", (f"{k}.png", image_bytes(picture(k)) or b"", "image/png")) for k in range(4)]
    cameras = [{"elevation_deg": 10 * k, "azimuth_deg": 90 * k, "radius": 3} for k in range(4)]
    fields = {"method": "local", "formats": "stl", "cameras": json.dumps(cameras)}
    answer = httpx.post(f"{service.url}/v1/generations", files=views, data=fields, timeout=30)
    assert answer.status_code == 202, answer.text
    told = answer.json()["request"]["cameras"]
    assert [(pose["elevation_deg"], pose["azimuth_deg"], pose["radius"]) for pose in told] == [
        (10 * k, 90 * k, 3) for k in range(4)
    ]
    assert service.await_end(answer.json()["id"], COLD_START_S) == "succeeded"
    parameters = stored(service, answer.json()["id"])["provenance"]["parameters"]
    assert (parameters["views"], parameters["cameras"]) == ("own", "given")


MIRRORED = np.diag([1.0, 1, -1, 1]).tolist()
IN_THE_OBJECT = {"c2w": np.eye(4).tolist()}


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"images": 4, "cameras": [{"c2w": MIRRORED}] * 4}, "input.invalid", "not a rotation"),
        ({"images": 4, "cameras": [{"c2w": np.diag([2.0, 2, 2, 1]).tolist()}] * 4}, "input.invalid", "not a rotation"),
        ({"images": 4, "cameras": [IN_THE_OBJECT] * 3}, "input.invalid", "3 cameras for 4 images"),
        ({"images": 3}, "backend.none_available", "four views of the object, not 3"),
        ({"images": 1, "cameras": [IN_THE_OBJECT]}, "backend.none_available", "cameras are for four views"),
        ({"images": 4, "best_of": 2}, "backend.none_available", "best_of needs a model that samples"),
        ({"prompt": "a dragon", "licence": "permissive"}, "backend.none_available", "its licence is restricted"),
        ({"prompt": "a dragon", "model": "lgm-big"}, "backend.none_available", "and this has lgm-nano"),
        ({"prompt": "a chair", "best_of": 9}, "input.invalid", "best_of"),
        ({"prompt": "a chair", "steps": 0}, "input.invalid", "steps"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_accepted(
    service: Service, fields: dict[str, Any], code: str, says: str
) -> None:
    before = len(service.rows("SELECT id FROM jobs"))
    pictures = {"images": [picture(k) for k in range(fields["images"])]} if "images" in fields else {}
    answer = httpx.post(f"{service.url}/v1/generations", json={"method": "local", **fields, **pictures}, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert says in answer.json()["detail"]
    assert len(service.rows("SELECT id FROM jobs")) == before


def test_pictures_that_are_no_views_fail_with_their_number(service: Service) -> None:
    wide = "data:image/png;base64," + base64.b64encode(_white_png((64, 32))).decode()
    job_id = accepted(service, images=[picture(), wide, picture(), picture()])["id"]
    assert service.await_end(job_id, COLD_START_S) == "failed"
    error = stored(service, job_id)["error"]
    assert error["code"] == "input.invalid"
    assert "View 2 has 64 x 32 pixels" in error["message"]


def test_the_pool_says_what_it_can_start_from(service: Service) -> None:
    items = httpx.get(f"{service.url}/v1/backends", timeout=30).json()["items"]
    lgm = next(item for item in items if item["name"] == "lgm")
    assert lgm["available"]
    assert lgm["capacity"] == 8
    assert "lgm-nano and mvdream and imagedream" in lgm["reason"]
    asked = {"prompt": "a chair", "method": "local"}
    plan = httpx.post(f"{service.url}/v1/analyses", json=asked, timeout=30).json()["plan"]
    assert (plan[0]["backend"], plan[0]["decision"]) == ("lgm", "chosen")
    assert "MVDream" in plan[0]["reason"]


def test_an_exact_design_is_photographed_where_no_sampler_is_admitted(service: Service) -> None:
    # licence=permissive refuses MVDream, so that the prompt's own design is what is left to start from.
    generation = made(service, prompt="a vase 120 mm tall", licence="permissive", model="lgm-nano")
    assert generation["provenance"]["parameters"]["views"] == "parametric"
    assert generation["provenance"]["parameters"]["family"] == "vase"
    assert max(generation["printability"]["size_mm"]) == pytest.approx(120)


def test_the_best_of_several_seeds_is_the_one_whose_views_agree_best(service: Service) -> None:
    generation = made(service, prompt="a chair", seed=4, best_of=3)
    scores = {
        name: float(value.split()[0])
        for name, value in generation["provenance"]["parameters"].items()
        if name.startswith("candidate_")
    }
    assert set(scores) == {"candidate_4", "candidate_5", "candidate_6"}
    assert scores[f"candidate_{generation['provenance']['seed']}"] == max(scores.values())


def test_jobs_that_wait_share_a_batch(service: Service) -> None:
    before = batches(service)
    jobs = [accepted(service, prompt=f"a chair {number}", steps=6)["id"] for number in range(4)]
    assert {service.await_end(job_id, COLD_START_S) for job_id in jobs} == {"succeeded"}
    until(lambda: batches(service)[1] - before[1] == 4, 10, "the metric")
    assert batches(service)[0] - before[0] <= 2


def batches(service: Service) -> tuple[float, float]:
    """How many batches there were, and jobs in them."""
    lines = httpx.get(f"{service.url}/metrics", timeout=30).text.splitlines()
    values = {line.split("{")[0]: float(line.split()[-1]) for line in lines if line.startswith("moldar_batch_jobs_")}
    return values["moldar_batch_jobs_count"], values["moldar_batch_jobs_sum"]


def test_progress_grows_step_by_step_in_the_log_and_in_the_object(service: Service) -> None:
    job_id = accepted(service, prompt="a vase", steps=120)["id"]
    seen: list[float] = []
    with httpx.stream("GET", f"{service.url}/v1/generations/{job_id}/events", timeout=COLD_START_S) as lines:
        kind = ""
        for line in lines.iter_lines():
            kind = line.removeprefix("event: ") if line.startswith("event: ") else kind
            if line.startswith("data: ") and kind == "progress":
                seen.append(json.loads(line.removeprefix("data: "))["data"]["progress"])
                assert stored(service, job_id)["progress"] >= seen[-1]
            if line.startswith("data: ") and kind == "stage_done":
                break
    assert len(seen) >= 3
    assert seen == sorted(set(seen))
    assert 0.05 < seen[0] < seen[-1] <= 0.35
    assert service.await_end(job_id) == "succeeded"


def test_cancelling_stops_the_sampler_itself(service: Service) -> None:
    job_id = accepted(service, prompt="a vase", steps=1000)["id"]
    until(lambda: progress_of(service, job_id), COLD_START_S, "the sampler to be at work")
    (worker,) = replicas(service)
    httpx.post(f"{service.url}/v1/generations/{job_id}/cancel", timeout=30)
    assert service.await_end(job_id, 10) == "canceled"
    time.sleep(1.0)  # a step, and what else was under way
    began = sum(worker.cpu_times()[:2])
    time.sleep(2.0)
    assert sum(worker.cpu_times()[:2]) - began < 0.5  # a sampler at work would have taken a core
    assert progress_of(service, job_id)[-1] < 0.3


def test_a_replica_killed_in_the_middle_is_replaced_and_the_job_ends_once(service: Service) -> None:
    job_id = accepted(service, prompt="a chair", steps=200)["id"]
    until(lambda: progress_of(service, job_id), COLD_START_S, "the sampler to be at work")
    (worker,) = replicas(service)
    kill(worker, signal.SIGKILL)
    assert service.await_end(job_id, 2 * COLD_START_S) == "succeeded"
    events = service.rows("SELECT kind, data FROM events WHERE job_id = ? ORDER BY id", job_id)
    retried = [json.loads(row["data"]) for row in events if row["kind"] == "retried"]
    assert retried[0]["attempt"] == 2
    assert "lgm worker was lost" in retried[0]["reason"]
    assert progress_of(service, job_id) == sorted(progress_of(service, job_id))
    done = service.rows("SELECT stage FROM checkpoints WHERE job_id = ?", job_id)
    assert len(done) == len({row["stage"] for row in done}) == 4


def test_a_job_that_fails_leaves_its_batch_mates_alone(service: Service) -> None:
    blank = "data:image/png;base64," + base64.b64encode(_white_png()).decode()
    bad = accepted(service, images=[blank, *[picture(tint) for tint in (1, 2, 3)]])["id"]
    good = accepted(service, images=[picture(tint) for tint in (9, 49, 89, 129)])["id"]
    assert service.await_end(bad, COLD_START_S) == "failed"
    assert stored(service, bad)["error"]["code"] == "input.no_subject"
    assert service.await_end(good, COLD_START_S) == "succeeded"


def _white_png(size: tuple[int, int] = (64, 64)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, "PNG")
    return out.getvalue()


def test_a_quiet_pool_goes_back_to_nothing(service: Service) -> None:
    until(lambda: not replicas(service), 90, "the last replica to go")
