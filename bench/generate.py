"""`moldar generate` cold, service start included, and warm against a running service; what is not the stages' own."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from deployments.settings import Settings

PROMPT = "a vase 120 mm tall"


def main() -> None:
    """Print times in seconds."""
    import serve_app

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "moldar", "generate", PROMPT, "--out", f"{folder}/out"]
        colds = [_timed(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(3)]
        print(f"cold `moldar generate`, start and stop of the service included: {_spread(colds)}")
        with serve_app.local_service(Settings(data_dir=Path(folder) / "data")) as url:
            warm = [*command, "--url", url]
            whole = [_timed(lambda: subprocess.run(warm, check=True, capture_output=True)) for _ in range(5)]
            print(f"warm `moldar generate --url`, a process each time: {_spread(whole)}")
            _over_http(url)


def _over_http(url: str) -> None:
    totals: list[float] = []
    overheads: list[float] = []
    stages: dict[str, list[float]] = {}
    with httpx.Client(base_url=url, timeout=60) as http:
        for _ in range(15):
            began = time.perf_counter()
            made = http.post("/v1/generations", json={"prompt": PROMPT}, headers={"Prefer": "wait=60"}).json()
            totals.append(time.perf_counter() - began)
            assert made["status"] == "succeeded", made
            overheads.append(totals[-1] - made["cost"]["seconds"])
            for line in http.get(f"/v1/generations/{made['id']}/events").text.splitlines():
                if '"stage_done"' in line and line.startswith("data: "):
                    data = json.loads(line[6:])["data"]
                    stages.setdefault(data["stage"], []).append(data["seconds"])
    print(f"warm request to the finished quote: {_spread(totals[3:])}")
    print("  stages: " + ", ".join(f"{name} {statistics.median(times) * 1e3:.0f} ms" for name, times in stages.items()))
    print(f"  beside the stages' own work: {_spread(overheads[3:])}")


def _timed(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - began


def _spread(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f}, n={len(seconds)})"


if __name__ == "__main__":
    main()
