"""200 jobs submitted at once: all end, none is lost, none is done twice; how long it takes and what it needs."""

import concurrent.futures
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import psutil

from deployments.settings import Settings

JOBS = 200
PROMPTS = ("a vase {} mm tall", "a washer {} mm outside diameter", "a box {} mm wide with a lid", "a cube of {} mm")


def main() -> None:
    """Print counts, time and peak memory."""
    import serve_app

    with tempfile.TemporaryDirectory() as folder, serve_app.local_service(Settings(data_dir=Path(folder))) as url:
        peak = _Peak()
        began = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            ids = list(pool.map(lambda n: _submit(url, n), range(JOBS)))
        accepted = time.perf_counter() - began
        states = _await(url, set(ids))
        took = time.perf_counter() - began
        peak.stop()
        db = sqlite3.connect(Path(folder) / "moldar.db")
        twice = db.execute("SELECT COUNT(*) FROM (SELECT 1 FROM attempts GROUP BY job_id, stage HAVING COUNT(*) > 1)")
        endings = db.execute("SELECT COUNT(*) FROM events WHERE kind IN ('succeeded', 'failed', 'canceled')")
        print(f"accepted {len(set(ids))} of {JOBS} in {accepted:.1f} s; all ended after {took:.1f} s: {dict(states)}")
        print(f"stages begun twice: {twice.fetchone()[0]}; endings written: {endings.fetchone()[0]}")
        print(f"peak memory, all processes: {peak.bytes / 2**30:.2f} GiB (proportional set size)")
        db.close()


def _submit(url: str, number: int) -> str:
    prompt = PROMPTS[number % len(PROMPTS)].format(30 + number % 50)
    answer = httpx.post(f"{url}/v1/generations", json={"prompt": prompt, "formats": ["stl", "3mf"]}, timeout=120)
    answer.raise_for_status()
    return str(answer.json()["id"])


def _await(url: str, ids: set[str]) -> Counter[str]:
    while True:
        states: dict[str, str] = {}
        cursor = None
        while True:
            page = httpx.get(
                f"{url}/v1/generations", params={"limit": 100, **({"cursor": cursor} if cursor else {})}, timeout=60
            ).json()
            states |= {item["id"]: item["status"] for item in page["items"]}
            cursor = page["next_cursor"]
            if not cursor:
                break
        if ids <= states.keys() and not {"queued", "running"} & {states[i] for i in ids}:
            return Counter(states[i] for i in ids)
        time.sleep(1)


class _Peak:
    """The most memory that this process and its descendants held, looked at twice a second."""

    def __init__(self) -> None:
        self.bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._done.wait(0.5):
            total = 0
            for process in (me, *me.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.bytes = max(self.bytes, total)


if __name__ == "__main__":
    main()
