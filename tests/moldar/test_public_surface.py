"""What `import moldar` offers and what it costs."""

import pickle
import subprocess
import sys

import pytest

import moldar
from moldar import errors
from moldar.wire import FieldError

ERRORS = [
    errors.ApiError("limit.rate", "Too fast.", 429, True, 2.5, (FieldError(field="a", message="b"),)),
    errors.ApiError("job.not_found", "Gone.", None, False),
    errors.ConnectionFailed("http://x", "it cannot be reached"),
    errors.BadAnswer("model.stl", "is longer than announced"),
    errors.GenerationFailed("gen_1", "backend.failed", "It broke.", True),
    errors.NotConnected("moldar", "no cluster"),
]


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_everything_public_is_listed_and_there() -> None:
    assert sorted(moldar.__all__) == moldar.__dir__() == sorted(moldar._HOMES)
    for name in moldar.__all__:
        assert getattr(moldar, name).__name__ == name


def test_what_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Studios'"):
        _ = moldar.Studios


def test_every_error_is_below_one_base_and_can_be_caught_from_the_package() -> None:
    leaves = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, Exception)]
    assert {type(error) for error in ERRORS} == set(leaves) - {errors.MoldarClientError}
    assert all(issubclass(cls, moldar.MoldarClientError) and cls.__name__ in moldar.__all__ for cls in leaves)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_survives_the_trip_between_processes(error: errors.MoldarClientError) -> None:
    came = pickle.loads(pickle.dumps(error))
    assert (type(came), came.args, vars(came), str(came)) == (type(error), error.args, vars(error), str(error))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_one_sentence(error: errors.MoldarClientError) -> None:
    assert str(error).endswith(".")
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("what", "forbidden"),
    [
        ("import moldar", {"ray", "torch", "pipelines", "httpx", "pydantic", "deployments"}),
        ("from moldar import GenerationRequest", {"ray", "torch", "pipelines", "httpx", "deployments"}),
        ("from moldar import Client, AsyncClient", {"ray", "torch", "pipelines", "deployments", "numpy"}),
        ("from moldar import connect, Studio", {"ray", "torch", "pipelines", "deployments", "numpy"}),
        ("import moldar.cli", {"ray", "torch", "pipelines", "httpx", "deployments", "numpy", "serve_app"}),
    ],
)
def test_imports_are_light(what: str, forbidden: set[str]) -> None:
    loaded = set(run(f"{what}; import sys; print(*sorted(sys.modules))").split())
    assert loaded & forbidden == set()


def test_every_error_of_httpx_has_words() -> None:
    import httpx

    from moldar._http import lost

    def below(cls: type[httpx.RequestError]) -> list[type[httpx.RequestError]]:
        return [cls, *(leaf for sub in cls.__subclasses__() for leaf in below(sub))]

    reasons = {cls: lost("http://x", cls("internal words")).reason for cls in below(httpx.RequestError)}
    assert all(reason and "internal" not in reason for reason in reasons.values())
    assert reasons[httpx.ReadTimeout] == "it took too long"
    assert reasons[httpx.ConnectTimeout] == "it cannot be reached in time"
