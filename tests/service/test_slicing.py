"""A real slicer behind the running service: uploads, finished generations and new ones priced by its word."""

import shutil
from typing import Any

import httpx
import pytest
import trimesh

from tests.service.harness import Service, until

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="prusa-slicer is not installed"),
]


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


def test_a_sheet_that_no_slicer_slices_is_a_problem_and_no_trace(http: httpx.Client) -> None:
    thin = {"file": ("sheet.stl", stl(30, 30, 0.05))}
    answer = http.post("/v1/quotes", files=thin, data={"source": "slicer", "unit": "mm"})
    assert (answer.status_code, answer.json()["code"]) == (503, "slicer.failed")
    assert "No layers were detected" in answer.json()["detail"]
