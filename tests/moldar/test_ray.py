"""`connect()`: what its errors mean, and the examples as other people's programs against the real service."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from moldar import ApiError, ConnectionFailed
from moldar._ray import translate
from moldar.wire import Generation
from pipelines.errors import MoldarError, NoBackend, Saturated

ROOT = Path(__file__).resolve().parents[2]


class Twin(Exception):
    """What Ray makes of an error: its text is a traceback, the error itself is its cause."""

    def __init__(self, cause: Exception) -> None:
        super().__init__("Traceback (most recent call last):\n  File ...")
        self.cause = cause


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("error", [NoBackend("Nothing here makes dragons."), Saturated("lgm", 7.0)])
def test_an_error_of_the_service_keeps_its_code_and_sentence(error: MoldarError, wrapped: bool) -> None:
    told = translate(Twin(error) if wrapped else error, "moldar")
    assert isinstance(told, ApiError)
    assert (told.code, str(told), told.retryable) == (error.code, str(error), error.retryable)
    assert (told.status, told.retry_after_s) == (None, getattr(error, "retry_after_s", None))
    assert str(pickle.loads(pickle.dumps(told))) == str(error)


def test_what_has_no_code_is_a_lost_connection_in_one_line() -> None:
    told = translate(RuntimeError("The actor died.\nMore about it"), "moldar")
    assert isinstance(told, ConnectionFailed)
    assert str(told) == "No answer from Serve application 'moldar': The actor died."


SERVICE = """
    import sys
    from pathlib import Path
    import ray
    from deployments.settings import Settings
    from serve_app import local_service

    with local_service(Settings(data_dir=Path(sys.argv[1]))) as url:
        print(url, ray.get_runtime_context().gcs_address, flush=True)
        sys.stdin.read()
"""


@dataclass(frozen=True)
class Running:
    """A service in a process of its own."""

    url: str
    ray_address: str

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        # Ray protects a local cluster with a token, which another process has to be told to use.
        env = {**os.environ, "RAY_ADDRESS": self.ray_address, "RAY_AUTH_MODE": "token", "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, *map(str, command)], check=False, capture_output=True, text=True, timeout=180, env=env
        )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    command = [sys.executable, "-c", dedent(SERVICE), str(tmp_path_factory.mktemp("data"))]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=env, cwd=ROOT) as service:
        assert service.stdin is not None
        assert service.stdout is not None
        yield Running(*service.stdout.readline().split())
        service.stdin.close()
        service.wait(60)


@pytest.mark.service
def test_another_job_on_the_cluster_gets_its_objects(running: Running, tmp_path: Path) -> None:
    done = running.run(ROOT / "examples" / "from_a_ray_job.py", tmp_path, "a vase 60 mm tall", "a 20 mm cube")
    assert done.returncode == 0, done.stderr
    assert [line.split(": ")[1].split(", ")[0] for line in done.stdout.splitlines()] == [
        "a vase 60 mm tall",
        "a 20 mm cube",
    ]
    for number in "01":
        assert {"model.stl", "model.glb", "preview.png", "quote.json"} <= {
            p.name for p in (tmp_path / number).iterdir()
        }


@pytest.mark.service
def test_a_program_elsewhere_gets_its_object_over_http(running: Running, tmp_path: Path) -> None:
    done = running.run(ROOT / "examples" / "http_client.py", "a 20 mm cube", tmp_path, running.url)
    assert done.returncode == 0, done.stderr
    assert "ten in PETG" in done.stdout
    assert [line.split()[0] for line in done.stderr.splitlines()][-1] == "succeeded"


@pytest.mark.service
def test_a_job_on_the_cluster_repairs_what_it_made(running: Running) -> None:
    program = """
        import asyncio
        from moldar import connect

        async def main():
            studio = connect()
            ball = await studio.generate("a sphere 40 mm in diameter", formats=("stl",))
            made = await studio.repair(ball.id, repairs=[{"kind": "flatten_base"}])
            kept = await studio.repairs(ball.id)
            print(made.applied[0].kind, made.files[0].name, len(kept.items), made.parts[0].quote.quantity)

        asyncio.run(main())
    """
    done = running.run("-c", dedent(program))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["flatten_base", "repaired-1.stl", "1", "1"]


@pytest.mark.service
def test_a_refusal_crosses_ray_with_its_code(running: Running) -> None:
    program = """
        import asyncio
        from moldar import ApiError, connect

        async def main():
            studio = connect()
            asks = [studio.generate("a dragon riding a horse"), studio.get("gen_none"), studio.file("gen_none", "x")]
            for ask in asks:
                try:
                    await ask
                except ApiError as error:
                    print(error.code)

        asyncio.run(main())
    """
    done = running.run("-c", dedent(program))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["backend.none_available", "job.not_found", "job.not_found"]


@pytest.mark.service
def test_an_application_that_is_not_there_is_told(running: Running) -> None:
    program = (
        "from moldar import NotConnected, connect\ntry: connect('other')\nexcept NotConnected as error: print(error)"
    )
    done = running.run("-c", program)
    assert done.stdout.startswith("No Serve application 'other' is reachable"), done.stderr


@pytest.mark.service
def test_the_command_line_makes_an_object_with_the_running_service(running: Running, tmp_path: Path) -> None:
    done = running.run("-m", "moldar", "generate", "a 20 mm cube", "--url", running.url, "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    made = Generation.model_validate_json(done.stdout)
    assert made.printability is not None
    assert made.printability.size_mm == pytest.approx((20, 20, 20), abs=0.01)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"job.json", "preview.png", "model.stl", "model.glb", "model.3mf"} <= names
    assert {"model.scad", "printability.json", "quote.json"} <= names


@pytest.mark.service
def test_what_nothing_can_make_is_exit_code_3(running: Running, tmp_path: Path) -> None:
    done = running.run("-m", "moldar", "generate", "a dragon riding a horse", "--url", running.url, "--out", tmp_path)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert done.stderr.count("\n") == 1


def test_where_no_cluster_listens_one_is_told_so_at_once() -> None:
    program = "from moldar import NotConnected, connect\ntry: connect()\nexcept NotConnected as error: print(error)"
    env = {**os.environ, "RAY_ADDRESS": "127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=30, env=env
    )
    assert done.stdout.startswith("No Serve application 'moldar' is reachable: "), done.stderr
    assert "refused" in done.stdout
