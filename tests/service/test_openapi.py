"""The served document against the served answers: schemathesis tries what nobody thought of."""

import httpx
import pytest
import schemathesis
import trimesh
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service.harness import Service

pytestmark = [
    pytest.mark.service,
    pytest.mark.filterwarnings("default"),  # schemathesis and its libraries warn about each other
]
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


JSON = "application/json"
ENDLESS = "/v1/events"  # a stream without an end cannot be checked by reading it to its end


def test_every_answer_matches_its_schema(service: Service) -> None:
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path != ENDLESS:
            _try(operation.as_strategy())
            tried += 1
    assert tried >= 25


def test_every_good_answer_matches_its_schema(service: Service) -> None:
    """Random requests seldom succeed; these do, on every route that has something to say."""
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    vase = {"prompt": "a vase 80 mm tall"}
    cube = {"file": trimesh.creation.box((20, 20, 20)).export(file_type="stl")}
    job = service.submit(vase["prompt"])
    service.await_end(job)
    batch = httpx.post(f"{service.url}/v1/batches", json={"generations": [vase]}, timeout=30).json()["id"]
    one = {"generation_id": job}
    for method, path, sent, status in (
        ("POST", "/v1/generations", {"body": vase, "media_type": JSON}, 202),
        ("POST", "/v1/generations", {"body": vase, "media_type": JSON, "headers": {"Prefer": "wait=30"}}, 200),
        ("GET", "/v1/generations", {}, 200),
        ("GET", "/v1/generations/{generation_id}", {"path_parameters": one}, 200),
        ("GET", "/v1/generations/{generation_id}/events", {"path_parameters": one}, 200),
        ("GET", "/v1/generations/{generation_id}/files/{name}", {"path_parameters": {**one, "name": "model.stl"}}, 200),
        ("POST", "/v1/generations/{generation_id}/quotes",
         {"path_parameters": one, "body": {"material": "petg"}, "media_type": JSON}, 200),
        ("POST", "/v1/generations/{generation_id}/repairs",
         {"path_parameters": one, "body": {"offered": True}, "media_type": JSON}, 200),
        ("GET", "/v1/generations/{generation_id}/repairs", {"path_parameters": one}, 200),
        ("GET", "/v1/generations/{generation_id}/turntable.webp",
         {"path_parameters": one, "query": {"size": 128}}, 200),
        ("POST", "/v1/generations/{generation_id}/cancel", {"path_parameters": one}, 200),
        ("DELETE", "/v1/generations/{generation_id}", {"path_parameters": one}, 204),
        ("POST", "/v1/batches", {"body": {"generations": [vase]}, "media_type": JSON}, 202),
        ("GET", "/v1/batches/{batch_id}", {"path_parameters": {"batch_id": batch}}, 200),
        ("POST", "/v1/analyses", {"body": vase, "media_type": JSON}, 200),
        ("GET", "/v1/materials", {}, 200),
        ("GET", "/v1/backends", {}, 200),
        ("GET", "/healthz", {}, 200),
        ("GET", "/readyz", {}, 200),
        ("GET", "/metrics", {}, 200),
        ("POST", "/api/gerar-3d-lgm", {"body": {"prompt": "um vaso de 8 cm"}, "media_type": JSON}, 200),
    ):  # fmt: skip
        case = schema[path][method].Case(**sent)
        answer = case.call(timeout=60)
        assert answer.status_code == status, (method, path, answer.text[:300])
        case.validate_response(answer, checks=CHECKS)
    tools: tuple[tuple[str, dict[str, str]], ...] = (
        ("/v1/printability", {}), ("/v1/quotes", {}), ("/v1/conversions", {"format": "glb"}),
        ("/v1/repairs", {"format": "glb"}), ("/v1/pictures", {"size": "64"}),
    )  # fmt: skip
    for path, fields in tools:
        told = httpx.post(f"{service.url}{path}", files={"file": ("a.stl", cube["file"])}, data=fields, timeout=30)
        assert told.status_code == 200, (path, told.text[:300])


def _try(cases: SearchStrategy[schemathesis.Case]) -> None:
    @settings(
        max_examples=12,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(case=cases)
    def answers_as_documented(case: schemathesis.Case) -> None:
        answer = case.call(timeout=60)
        case.validate_response(answer, checks=CHECKS)

    answers_as_documented()
