"""Bad files over HTTP: one problem each, never a fault of the service."""

import httpx
import pytest

from tests.support.bad_files import BAD_FILES, FINE, BadFile, box, of

pytestmark = pytest.mark.service
TOOLS: dict[str, dict[str, str]] = {
    "/v1/conversions": {"format": "stl"},
    "/v1/repairs": {"offered": "true"},
    "/v1/quotes": {},
    "/v1/printability": {},
    "/v1/pictures": {"size": "32"},
}
SOLIDS = ("/v1/conversions", "/v1/repairs", "/v1/quotes")  # these need a solid; the others show what is there


@pytest.mark.parametrize("bad", BAD_FILES, ids=str)
def test_each_tool_answers_with_one_problem(bad: BadFile, http: httpx.Client) -> None:
    for path, form in TOOLS.items():
        answer = http.post(path, files={"file": (bad.name, bad.data)}, data=form)
        assert answer.status_code in (200, 413, 415, 422), (path, answer.text)
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            told = answer.json()
            assert told["code"].startswith(("input.", "geometry.")), (path, told)
            assert told["detail"].endswith("."), (path, told)
            assert told["retryable"] is False
        if path in SOLIDS:
            code = FINE if answer.status_code == 200 else answer.json()["code"]
            assert code in bad.ends, (path, answer.text[:300])


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/v1/quotes", {"quantity": "1000000000"}),
        ("/v1/quotes", {"size_mm": "0"}),
        ("/v1/quotes", {"size_mm": "10000"}),
        ("/v1/quotes", {"infill": "nan"}),
        ("/v1/conversions", {"format": "stl", "size_mm": "0"}),
        ("/v1/conversions", {"format": "stl", "size_mm": "10000"}),
        ("/v1/conversions", {"format": "step"}),
        ("/v1/printability", {"unit": "furlong"}),
        ("/v1/repairs", {"repairs": "mend"}),
        ("/v1/repairs", {"repairs": "[{"}),
        ("/v1/repairs", {"repairs": '[{"kind": "hollow", "wall_mm": 1e9}]'}),
        ("/v1/repairs", {"format": "splat"}),
    ],
)
def test_figures_that_cannot_be_are_the_callers_fault(path: str, form: dict[str, str], http: httpx.Client) -> None:
    answer = http.post(path, files={"file": ("a.stl", of(box(20, 20, 20)))}, data=form)
    assert (answer.status_code, answer.json()["code"]) == (422, "input.invalid"), answer.text
    assert answer.json()["errors"]
