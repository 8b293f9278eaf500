"""The real service as its own process tree, and a hand to kill any part of it."""

import contextlib
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

Found = TypeVar("Found")
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Service:
    """`moldar serve` with a data folder of its own."""

    data_dir: Path
    variables: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and return once it is ready."""
        self.port = self.port or free_port()
        environment = {**os.environ, **self.variables, "MOLDAR_DATA_DIR": str(self.data_dir)}
        command = [sys.executable, "-m", "moldar", "serve", "--port", str(self.port)]
        with (self.data_dir.parent / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        until(self.is_ready, 90, "the service to be ready")

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.data_dir.parent / "serve.log").read_text()[-4000:]
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """Stop as Ctrl-C does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)

    def kill_everything(self) -> None:
        """SIGKILL to the driver, Ray's daemons and every replica at once: the power cord."""
        assert self.process is not None
        tree = psutil.Process(self.process.pid)
        doomed = [*tree.children(recursive=True), tree]
        for victim in doomed:
            kill(victim, signal.SIGKILL)
        psutil.wait_procs(doomed, timeout=20)
        self.process.wait(20)

    def replica(self, deployment: str) -> psutil.Process:
        """The process of a deployment's replica, once there is one."""

        def found() -> psutil.Process | None:
            return next((p for p in self.workers() if self.is_replica(p, deployment)), None)

        return until(found, 60, f"a replica of {deployment}")

    def is_replica(self, process: psutil.Process, deployment: str) -> bool:
        """Whether the process is a replica of the deployment."""
        return f":{deployment}" in title(process)

    def workers(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self, deployment: str) -> None:
        """SIGKILL to one deployment's replica."""
        kill(self.replica(deployment), signal.SIGKILL)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30)

    def submit(self, prompt: str, **fields: Any) -> str:
        """Accept one job; tries again while the ingress restarts, under one idempotency key."""
        key = {"Idempotency-Key": f"{prompt}-{time.time_ns()}"}

        def accepted() -> str | None:
            try:
                answer = httpx.post(
                    f"{self.url}/v1/generations", json={"prompt": prompt, **fields}, headers=key, timeout=30
                )
            except httpx.HTTPError:
                return None
            assert answer.status_code in (202, 500, 503), answer.text
            return str(answer.json()["id"]) if answer.status_code == 202 else None

        return until(accepted, 60, "a job to be accepted")

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """The record itself."""
        db = sqlite3.connect(f"file:{self.data_dir / 'moldar.db'}?mode=ro", uri=True, timeout=10)
        db.row_factory = sqlite3.Row
        try:
            return db.execute(query, values).fetchall()
        finally:
            db.close()

    def status(self, job_id: str) -> str:
        return str(self.rows("SELECT status FROM jobs WHERE id = ?", job_id)[0]["status"])

    def stage_open(self, job_id: str, stage: str) -> bool:
        """Whether an attempt at the stage is under way."""
        query = "SELECT 1 FROM attempts WHERE job_id = ? AND stage = ? AND ended_at IS NULL"
        return bool(self.rows(query, job_id, stage))

    def stage_done(self, job_id: str, stage: str) -> bool:
        return bool(self.rows("SELECT 1 FROM checkpoints WHERE job_id = ? AND stage = ?", job_id, stage))

    def await_end(self, job_id: str, seconds: float = 90) -> str:
        final = ("succeeded", "failed", "canceled")
        until(lambda: self.status(job_id) in final, seconds, f"{job_id} to end")
        return self.status(job_id)


def title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def kill(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def until(check: Callable[[], Found | None], seconds: float, what: str) -> Found:
    """The first truthy answer of `check`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError(f"waited {seconds:g} s for {what}")


def free_port() -> int:
    """Below the ephemeral ports, out of which Ray's daemons take theirs, and above its worker ports."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")
