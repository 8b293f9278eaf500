"""serve.yaml on a running Ray cluster, as an operator does it: `ray start`, `serve deploy`; and what runs where."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from tests.service.harness import ROOT, free_port, kill, title, until
from tests.support.hub import write_hub
from tests.support.lgm import write_lgm

pytestmark = pytest.mark.service
BIN = Path(sys.executable).parent


WORKER = {"num_gpus": 0.5, "max_replicas": 2, "target_ongoing_requests": 1, "max_batch_size": 1, "downscale_delay_s": 3}
STEPS = 250  # of a miniature sampler: some seconds, in which replicas can be counted and killed


@dataclass
class Cluster:
    """A head with two CPUs and a worker with nothing but a GPU, as cluster.yaml has them; and the service on it."""

    folder: Path
    environment: dict[str, str]
    logs: Path
    head: psutil.Process
    gpu_worker: psutil.Process
    url: str = ""

    def replicas(self, node: psutil.Process) -> list[tuple[str, psutil.Process]]:
        """Deployment and process of each replica on a node."""
        found = [(title(process), process) for process in node.children(recursive=True)]
        marked = [(name.rpartition("ServeReplica:moldar:")[2], process) for name, process in found if MARK in name]
        return [(name.split()[0].partition(".")[0], process) for name, process in marked]

    def pool(self) -> list[psutil.Process]:
        return [process for name, process in self.replicas(self.gpu_worker) if name == "lgm"]

    def said(self, event: str) -> list[dict[str, Any]]:
        """What the replicas logged of one event."""
        lines = [line for file in self.logs.glob("worker-*.out") for line in file.read_text().splitlines()]
        return [json.loads(line) for line in lines if f'"{event}"' in line]

    def submit(self, **fields: Any) -> str:
        asked = {"method": "local", "formats": ["stl"], **fields}
        answer = httpx.post(f"{self.url}/v1/generations", json=asked, timeout=30)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def get(self, job_id: str) -> dict[str, Any]:
        return dict(httpx.get(f"{self.url}/v1/generations/{job_id}", timeout=30).json())


MARK = "ray::ServeReplica:moldar:"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    port, dashboard = free_port(), free_port()
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(16),
        "MOLDAR_DATA_DIR": str(folder / "data"),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    temporary = Path(f"/tmp/r{port}")  # sockets in it: the path must be short
    ray = [str(BIN / "ray"), "start", "--block"]
    head = [*ray, "--head", f"--port={port}", f"--dashboard-port={dashboard}", "--num-cpus=2", "--num-gpus=0"]
    worker = [*ray, f"--address=127.0.0.1:{port}", "--num-cpus=0", "--num-gpus=1"]
    running: list[subprocess.Popen[bytes]] = []
    with (folder / "ray.log").open("wb") as log:

        def start(command: list[str]) -> psutil.Process:
            running.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
            return psutil.Process(running[-1].pid)

        on_head = start([*head, f"--temp-dir={temporary}", "--include-dashboard=true"])
        until(lambda: any("raylet" in title(process) for process in on_head.children()), 60, "the head")
        on_worker = start(worker)
    environment["RAY_ADDRESS"] = f"127.0.0.1:{port}"
    environment["RAY_DASHBOARD_ADDRESS"] = f"http://127.0.0.1:{dashboard}"
    made = Cluster(folder, environment, temporary / "session_latest" / "logs", on_head, on_worker)
    try:
        _deploy(made)
        yield made
    finally:
        for node in (on_worker, on_head):
            for process in (*node.children(recursive=True), node):
                kill(process, signal.SIGKILL)  # Ray's own stop drains for half a minute
        for one in running:
            one.wait(60)
        shutil.rmtree(temporary, ignore_errors=True)


def _deploy(cluster: Cluster) -> None:
    """`serve deploy` of serve.yaml with a pool of GPU workers, as its comments say."""
    write_lgm(cluster.folder / "lgm.safetensors")
    write_hub(cluster.folder / "mvdream", "mvdream")
    files = {"nano_file": cluster.folder / "lgm.safetensors", "mvdream_dir": cluster.folder / "mvdream"}
    config = yaml.safe_load((ROOT / "serve.yaml").read_text())
    config["http_options"] |= {"port": free_port(), "host": "127.0.0.1"}
    config["proxy_location"] = "HeadOnly"  # both nodes are one machine here, and have one port
    config["applications"][0]["args"] = {"lgm": WORKER | {name: str(path) for name, path in files.items()}}
    target = cluster.folder / "serve.yaml"
    target.write_text(yaml.safe_dump(config))
    command = [str(BIN / "serve"), "deploy", "-a", cluster.environment["RAY_DASHBOARD_ADDRESS"], str(target)]

    def deployed() -> bool:
        done = subprocess.run(command, cwd=ROOT, env=cluster.environment, capture_output=True, check=False)
        return done.returncode == 0

    until(deployed, 60, "serve deploy to be taken")
    cluster.url = f"http://127.0.0.1:{config['http_options']['port']}"
    until(lambda: _ready(cluster.url), 120, "the deployed service to be ready")


def test_serve_deploy_brings_the_service_up(cluster: Cluster) -> None:
    asked = {"prompt": "a washer 20 mm outside diameter"}
    made = httpx.post(f"{cluster.url}/v1/generations", json=asked, headers={"Prefer": "wait=60"}, timeout=90)
    assert made.json()["status"] == "succeeded"


def test_the_pool_grows_shares_a_gpu_and_loses_no_job_with_a_replica(cluster: Cluster) -> None:
    assert cluster.pool() == []
    jobs = [cluster.submit(prompt="a chair", steps=STEPS, seed=seed) for seed in range(4)]
    until(lambda: len(cluster.pool()) == 2, 90, "the pool to grow from nothing to two")
    until(lambda: len(cluster.said("lgm.ready")) == 2, 90, "both to be ready")
    assert [told["gpus"] for told in cluster.said("lgm.ready")] == ["0", "0"]  # half of the one GPU each
    # Nothing else lands on the GPU worker, and the pool nowhere else.
    assert {name for name, _ in cluster.replicas(cluster.gpu_worker)} == {"lgm"}
    assert "lgm" not in {name for name, _ in cluster.replicas(cluster.head)}
    until(lambda: any(cluster.get(job_id)["progress"] > 0.06 for job_id in jobs), 60, "the samplers to be at work")
    kill(_busiest(cluster.pool()), signal.SIGKILL)
    until(lambda: all(cluster.get(job_id)["finished_at"] for job_id in jobs), 240, "all jobs to end")
    assert [cluster.get(job_id)["error"] for job_id in jobs] == [None] * len(jobs)
    retried = [event for job_id in jobs for event in _events(cluster, job_id) if event["kind"] == "retried"]
    # What the lost replica was at, and what lay ready for it beside that.
    assert [event["data"]["attempt"] for event in retried] in ([2], [2, 2])
    until(lambda: cluster.pool() == [], 90, "the pool to go back to nothing")


def _busiest(processes: list[psutil.Process]) -> psutil.Process:
    before = [sum(process.cpu_times()[:2]) for process in processes]
    time.sleep(1.0)
    spent = [sum(process.cpu_times()[:2]) - then for process, then in zip(processes, before, strict=True)]
    return processes[spent.index(max(spent))]


def _events(cluster: Cluster, job_id: str) -> list[dict[str, Any]]:
    text = httpx.get(f"{cluster.url}/v1/generations/{job_id}/events", timeout=30).text
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
