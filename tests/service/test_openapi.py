"""The served document against the served answers: schemathesis tries what nobody thought of."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
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


@pytest.fixture(scope="session")
def api_schema(service: Service) -> schemathesis.schemas.BaseSchema:
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    # A stream that never ends cannot be checked by reading it to its end.
    return schema.exclude(path="/v1/events")


schema = schemathesis.pytest.from_fixture("api_schema")


@schema.parametrize()
@settings(
    max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
def test_every_answer_matches_its_schema(case: schemathesis.Case) -> None:
    answer = case.call(timeout=60)
    case.validate_response(answer, checks=CHECKS)
