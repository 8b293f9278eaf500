"""serve.yaml on a running Ray head, the way an operator does it: `ray start`, `serve deploy`."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

from tests.service.harness import ROOT, free_port, kill, until

pytestmark = pytest.mark.service
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], int]]:
    """A Ray head of its own; yields what its clients need in their environment, and the dashboard's port."""
    folder = tmp_path_factory.mktemp("head")
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(16),
        "RAY_TMPDIR": str(folder),
        "MOLDAR_DATA_DIR": str(folder / "data"),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    port, dashboard = free_port(), free_port()
    command: list[str | Path] = [
        BIN / "ray", "start", "--head", "--block", f"--port={port}", f"--dashboard-port={dashboard}",
        "--num-cpus=2", f"--temp-dir=/tmp/r{port}", "--include-dashboard=true",
    ]  # fmt: skip
    with (folder / "ray.log").open("wb") as log:
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    environment["RAY_ADDRESS"] = f"127.0.0.1:{port}"
    environment["RAY_DASHBOARD_ADDRESS"] = f"http://127.0.0.1:{dashboard}"
    yield environment, dashboard
    for process in (*psutil.Process(running.pid).children(recursive=True), psutil.Process(running.pid)):
        kill(process, signal.SIGKILL)  # Ray's own stop drains for half a minute
    running.wait(60)


def test_serve_deploy_brings_the_service_up(head: tuple[dict[str, str], int], tmp_path: Path) -> None:
    environment, dashboard = head
    config = yaml.safe_load((ROOT / "serve.yaml").read_text())
    config["http_options"] |= {"port": free_port(), "host": "127.0.0.1"}
    (tmp_path / "serve.yaml").write_text(yaml.safe_dump(config))
    url = f"http://127.0.0.1:{config['http_options']['port']}"

    def deployed() -> bool:
        command: list[str | Path] = [
            BIN / "serve",
            "deploy",
            "-a",
            f"http://127.0.0.1:{dashboard}",
            str(tmp_path / "serve.yaml"),
        ]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False).returncode == 0

    until(deployed, 60, "serve deploy to be taken")
    until(lambda: _ready(url), 120, "the deployed service to be ready")
    asked = {"prompt": "a washer 20 mm outside diameter"}
    made = httpx.post(f"{url}/v1/generations", json=asked, headers={"Prefer": "wait=60"}, timeout=90)
    assert made.json()["status"] == "succeeded"


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
