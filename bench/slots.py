"""What a slot of the router costs above a bare hop, and how soon a router that was killed is right again.

    python -m bench slots

Both hops are in one run, one after the other, through the service's own `deployments.calls`.
"""

import asyncio
import logging
import os
import signal
import tempfile
import time
from typing import Any, Final

import numpy as np

from deployments.settings import RouterSettings
from pipelines.routing import BackendState

ROUNDS: Final = 300
HELD: Final = 2
PARAMETRIC: Final = BackendState("parametric", True, "exact", "", capacity=HELD)


class Bare:
    """Answers at once."""

    async def hop(self, ticket_id: str, backend: str, start_by: float) -> str:
        return "granted"


class Caller:
    """Asks, as a studio does."""

    def __init__(self, router: Any, bare: Any) -> None:
        self._router, self._bare = router, bare

    async def costs_s(self, rounds: int) -> tuple[list[float], list[float]]:
        """Seconds of each bare hop, and of each slot until it is granted, in turn."""
        bare, slot = [], []
        for number in range(rounds):
            bare.append(await self._hop_s(self._bare, "hop", number))
            slot.append(await self._hop_s(self._router, "acquire", number))
            self._router.release.remote(f"job-{number}", "parametric", "succeeded")
            await asyncio.sleep(0.002)
        return bare, slot

    async def recovers_s(self, pid: int) -> float:
        """Seconds from the kill of the router until its successor counts what is held here."""
        from deployments.calls import call
        from deployments.router import ANNOUNCE_S, Held, Word

        word = Word("bench", 4, (Held("parametric", tuple(f"held-{k}" for k in range(HELD)), ()),), ())
        began = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        while True:
            try:
                await call(self._router, "announce", word)
                if (await call(self._router, "backends"))[0].in_flight == HELD:
                    return time.perf_counter() - began
            except Exception:  # noqa: BLE001 - it is dead; that is what is measured
                await asyncio.sleep(ANNOUNCE_S)

    async def _hop_s(self, to: Any, method: str, number: int) -> float:
        from deployments.calls import call

        began = time.perf_counter()
        await call(to, method, f"job-{number}", "parametric", float("inf"))
        return time.perf_counter() - began


def main() -> None:
    """Print the medians and 95th percentiles, and the recovery."""
    for name, value in {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}.items():
        os.environ.setdefault(name, value)
    import ray
    from ray import serve

    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, num_cpus=2)
    try:
        with tempfile.TemporaryDirectory() as folder:
            caller = serve.run(_graph(f"sqlite:///{folder}/moldar.db"), name="bench", route_prefix=None)
            _report(caller)
    finally:
        ray.shutdown()


def _graph(database_url: str) -> Any:
    from ray import serve
    from ray.serve.config import RequestRouterConfig

    import serve_app
    from deployments.router import Router
    from deployments.telemetry import METRICS, Telemetry

    def deployment(name: str, cls: type) -> Any:
        fast = RequestRouterConfig(**serve_app.FAST_ROUTING)
        options: dict[str, Any] = {"ray_actor_options": {"num_cpus": 0.1}, "max_ongoing_requests": 1000}
        return serve.deployment(name=name, request_router_config=fast, **options)(cls)

    telemetry = deployment("telemetry", Telemetry).bind(METRICS)
    router = deployment("router", Router).bind((PARAMETRIC,), telemetry, database_url, RouterSettings())
    return deployment("caller", Caller).bind(router, deployment("bare", Bare).bind())


def _report(caller: Any) -> None:
    caller.costs_s.remote(ROUNDS // 3).result()  # warm
    bare, slot = (1e3 * np.array(took) for took in caller.costs_s.remote(ROUNDS).result())
    for name, took in (("a bare hop", bare), ("a slot, granted", slot)):
        print(f"{name:<18} p50 {np.median(took):6.2f} ms   p95 {np.percentile(took, 95):6.2f} ms")
    again_s = [caller.recovers_s.remote(_router_pid()).result() for _ in range(3)]
    print(f"killed router, until its successor counts what is held: {', '.join(f'{one:.1f}' for one in again_s)} s")


def _router_pid() -> int:
    import psutil

    workers = psutil.Process().children(recursive=True)
    return next(worker.pid for worker in workers if ":router" in " ".join(worker.cmdline()))


if __name__ == "__main__":
    main()
