"""A real slicer behind the running service: uploads, finished generations and new ones priced by its word."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import trimesh

from tests.peers.slicer import stand_in
from tests.service.harness import Service, free_port, until

pytestmark = pytest.mark.service
needs_slicer = pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="prusa-slicer is not installed")


def stl(*sides_mm: float) -> bytes:
    data: bytes = trimesh.creation.box(sides_mm).export(file_type="stl")
    return data


def drifts(http: httpx.Client) -> int:
    """How many quotes were held against the model so far."""
    lines = http.get("/metrics").text.splitlines()
    found = next(line for line in lines if line.startswith('moldar_quote_drift_ratio_count{source="slicer"}'))
    return int(float(found.split()[-1]))


def sources(quote: dict[str, Any]) -> dict[str, str]:
    return {line["code"]: line["source"] for line in quote["lines"]}


@needs_slicer
def test_an_upload_is_priced_by_the_slicers_word_and_the_drift_is_seen(http: httpx.Client) -> None:
    before, file = drifts(http), {"file": ("box.stl", stl(40, 40, 40))}
    computed = http.post("/v1/quotes", files=file).json()
    sliced = http.post("/v1/quotes", files=file, data={"source": "slicer"}).json()
    assert sources(computed)["machine_time"] == "geometry"
    assert sources(sliced)["machine_time"] == sources(sliced)["material"] == "slicer"
    assert sliced["print_time_s"] == pytest.approx(5543, abs=10)  # the golden slice of this box
    assert sliced["mass_g"] == pytest.approx(20_146.56 * 1.24 / 1000, abs=0.05)
    assert sum(line["amount_minor"] for line in sliced["lines"]) == sliced["total_minor"]
    until(lambda: drifts(http) == before + 1, 10, "the drift to be seen")


@needs_slicer
def test_a_generation_is_priced_by_the_slicer_with_it_and_after_it(http: httpx.Client, service: Service) -> None:
    asked = {"prompt": "a box 40 mm wide 30 mm deep 20 mm tall", "source": "slicer", "formats": ["stl"]}
    made = http.post("/v1/generations", json=asked, headers={"Prefer": "wait=60"}, timeout=90).json()
    assert made["status"] == "succeeded", made
    assert made["request"]["source"] == "slicer"
    assert sources(made["quote"])["machine_time"] == "slicer"
    again = http.post(f"/v1/generations/{made['id']}/quotes", json={"infill": 0.6, "source": "slicer"}).json()
    assert sources(again)["machine_time"] == "slicer"
    assert again["mass_g"] > made["quote"]["mass_g"]
    model = http.post(f"/v1/generations/{made['id']}/quotes", json={"source": "geometry"}).json()
    assert sources(model)["machine_time"] == "geometry"
    assert model["mass_g"] == pytest.approx(made["quote"]["mass_g"], rel=0.15)


def test_what_the_slicer_cannot_price_is_told(http: httpx.Client) -> None:
    resin = http.post(
        "/v1/quotes", files={"file": ("box.stl", stl(20, 20, 20))}, data={"source": "slicer", "material": "resin"}
    )
    assert (resin.status_code, resin.json()["code"]) == (422, "input.invalid")
    assert "no slicer" in resin.json()["detail"]
    wrong = http.post("/v1/quotes", files={"file": ("box.stl", stl(20, 20, 20))}, data={"source": "vendor"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "input.invalid")
    job = http.post("/v1/generations", json={"prompt": "a vase", "source": "slicer", "material": "resin"})
    assert (job.status_code, job.json()["code"]) == (422, "input.invalid")


@needs_slicer
def test_a_sheet_that_no_slicer_slices_is_a_problem_and_no_trace(http: httpx.Client) -> None:
    thin = {"file": ("sheet.stl", stl(30, 30, 0.05))}
    answer = http.post("/v1/quotes", files=thin, data={"source": "slicer", "unit": "mm"})
    assert (answer.status_code, answer.json()["code"]) == (503, "slicer.failed")
    assert "No layers were detected" in answer.json()["detail"]


@pytest.fixture(scope="module")
def hanging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    """A service whose slicer never ends, and where that writes down its number."""
    folder = tmp_path_factory.mktemp("hanging")
    (folder / "run").mkdir()
    variables = {"MOLDAR_SLICER__EXECUTABLE": stand_in(folder, "hangs"), "MOLDAR_SLICER__TIMEOUT_S": "600"}
    running = Service(folder / "run" / "data", variables)
    running.start()
    yield running, folder / "pid"
    running.stop()


def slicing(pid: Path) -> int | None:
    """The number of the slicer, while it runs."""
    number = int(pid.read_text() or 0) if pid.exists() else 0
    return number if number and psutil.pid_exists(number) else None


def ended(number: int) -> None:
    until(lambda: not psutil.pid_exists(number), 5, "the slicer to be killed")


def test_nobody_waits_behind_a_slicer_that_hangs_and_cancelling_kills_it(hanging: tuple[Service, Path]) -> None:
    service, pid = hanging
    held = service.submit("a cube of 20 mm", source="slicer", formats=["stl"])
    number = until(lambda: slicing(pid), 30, "the slicer to begin")
    assert service.await_end(service.submit("a cube of 25 mm", formats=["stl"]), 30) == "succeeded"
    with service.client() as http:
        http.post(f"/v1/generations/{held}/cancel")
    ended(number)
    assert service.await_end(held, 10) == "canceled"


def test_a_deadline_ends_it_too(hanging: tuple[Service, Path]) -> None:
    service, pid = hanging
    late = service.submit("a cube of 20 mm", source="slicer", formats=["stl"], deadline_s=3)
    number = until(lambda: slicing(pid), 30, "the slicer to begin")
    assert service.await_end(late, 30) == "failed"
    ended(number)


def test_a_caller_who_hangs_up_takes_it_along(hanging: tuple[Service, Path]) -> None:
    service, pid = hanging
    pid.unlink(missing_ok=True)
    file, asked = {"file": ("box.stl", stl(20, 20, 20))}, {"source": "slicer"}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{service.url}/v1/quotes", files=file, data=asked, timeout=httpx.Timeout(30, read=5))
    ended(int(pid.read_text()))


def test_it_does_not_outlive_its_replica(hanging: tuple[Service, Path]) -> None:
    service, pid = hanging
    pid.unlink(missing_ok=True)
    service.submit("a cube of 20 mm", source="slicer", formats=["stl"])
    number = until(lambda: slicing(pid), 30, "the slicer to begin")
    service.kill("quoting")
    ended(number)


def test_a_wrong_price_book_stops_the_start_with_its_sentence(tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text('currency = "USD"\n')
    environment = {**os.environ, "MOLDAR_PRICE_BOOK": "book.toml", "MOLDAR_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "moldar", "serve", "--port", str(free_port())]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 2
    assert "MOLDAR_PRICE_BOOK, book.toml: The price book " in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
