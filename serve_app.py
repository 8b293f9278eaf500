"""Composition root of the service: read settings once, build, decorate, bind. No logic.

`app` is what serve.yaml names. `local_service` runs the same graph on a Ray of its own, for the command line.
"""

import logging
import os
import random
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from deployments.settings import LgmSettings, Settings

APP_NAME: Final = "moldar"
# Replica counts and queue limits of a cluster are in serve.yaml; these are the laptop's.
EMBEDDED_CAPACITY: Final = 2
QUOTES: Final = 8  # a slice takes seconds to minutes; quotes by the model are not to wait behind two of them
STREAMS: Final = 1000  # open event streams count as ongoing requests; Serve's default of 5 would block the ingress
FAST_ROUTING: Final[dict[str, Any]] = {
    "initial_backoff_s": 0.005,
    "max_backoff_s": 0.02,
}  # Serve's own back-off idles a busy pool


def build(settings: Settings) -> Any:
    """The whole application graph, bottom to top: a Serve `Application`."""
    from ray import serve  # noqa: PLC0415 - settings are validated, and `--help` answers, without Ray
    from ray.serve.config import RequestRouterConfig  # noqa: PLC0415

    from deployments import api, backends, telemetry  # noqa: PLC0415
    from deployments.embedded import EmbeddedSolids  # noqa: PLC0415
    from deployments.gateway import Gateway, Handles  # noqa: PLC0415
    from deployments.lgm import LgmPool  # noqa: PLC0415
    from deployments.mesh_conversion import MeshConversion  # noqa: PLC0415
    from deployments.prompt_analysis import PromptAnalyser  # noqa: PLC0415
    from deployments.quoting import Quoting  # noqa: PLC0415
    from deployments.router import Router  # noqa: PLC0415
    from deployments.shop import read_shop  # noqa: PLC0415
    from deployments.studio import StageHandles, Studio  # noqa: PLC0415
    from pipelines.prompt import rule_list  # noqa: PLC0415

    def deployment(name: str, cls: type, **options: Any) -> Any:
        defaults = {
            "request_router_config": RequestRouterConfig(**FAST_ROUTING),
            "ray_actor_options": {"num_cpus": 0.1},
        }
        return serve.deployment(name=name, **{**defaults, **options})(cls)

    stores = (settings.database, settings.artifacts)
    volume = settings.build_volume_mm
    shop = read_shop(settings)
    metrics = (*telemetry.METRICS, *telemetry.http_metrics(api.routes()))
    meter = deployment("telemetry", telemetry.Telemetry, max_ongoing_requests=100).bind(metrics)
    embedded = deployment("embedded", EmbeddedSolids, max_ongoing_requests=EMBEDDED_CAPACITY).bind(
        settings.rembg_weights.expanduser()
    )
    lgm = deployment("lgm", LgmPool, **pool_options(settings.lgm)).bind(
        settings.lgm, settings.rembg_weights.expanduser(), meter, settings.log_level
    )
    conversion = deployment("mesh_conversion", MeshConversion, max_ongoing_requests=2).bind(meter, volume)
    quoting = deployment("quoting", Quoting, max_ongoing_requests=QUOTES).bind(shop, meter, settings.log_level)
    prompts = deployment("prompt_analysis", PromptAnalyser, max_ongoing_requests=16).bind(
        volume, (rule_list,), settings.log_level
    )
    router = deployment("router", Router, max_ongoing_requests=1000).bind(
        backends.configured(settings, EMBEDDED_CAPACITY), meter, settings.database, settings.router
    )
    studio = deployment("studio", Studio, max_ongoing_requests=1000, health_check_period_s=5).bind(
        StageHandles(embedded, lgm, conversion, quoting, router), meter, stores, settings.studio, settings.log_level
    )
    handles = Handles(prompts, router, studio, conversion, quoting, meter)
    ingress = deployment("gateway", serve.ingress()(Gateway), max_ongoing_requests=STREAMS)
    return ingress.bind(handles, stores, settings.limits, shop.book, settings.log_level)


def pool_options(lgm: LgmSettings) -> dict[str, Any]:
    """How Serve is to run the pool of models: where its replicas go, and how many of them there are when."""
    # With GPUs it asks for no CPU: the GPU workers of cluster.yaml offer none, so that nothing else lands on them.
    actor = {"num_gpus": lgm.num_gpus, "num_cpus": 0} if lgm.num_gpus else {"num_cpus": 0.1}
    return {
        "ray_actor_options": actor,
        "max_ongoing_requests": 2 * lgm.max_batch_size,  # one batch at work, the next one gathering
        "autoscaling_config": {
            "min_replicas": lgm.min_replicas,
            "max_replicas": lgm.max_replicas,
            "target_ongoing_requests": lgm.target_ongoing_requests,
            # Serve's defaults take 51 s to start a second replica; these were measured to take 2 to 4 s. Ray 2.60 calls
            # metrics_interval_s deprecated, but its default of 10 s overrules the variables that are to replace it.
            "upscale_delay_s": 0,
            "downscale_delay_s": lgm.downscale_delay_s,
            "metrics_interval_s": 1,
            "look_back_period_s": 3,
        },
        "max_constructor_retry_count": 2,  # weights that are missing do not come back by trying
        "health_check_period_s": 2,
        "health_check_timeout_s": 10,
        "graceful_shutdown_timeout_s": 120,  # what is under way may end
    }


def app(args: dict[str, Any]) -> Any:
    """Entry point named in serve.yaml; its arguments override variables."""
    return build(Settings(**args))


@contextmanager
def local_service(settings: Settings | None = None, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The service on a local Ray of its own that ends with the block; yields its base URL.

    It never joins a running cluster. Port 0 takes a free one.
    """
    _quiet_ray()
    import ray  # noqa: PLC0415 - the environment must be set first
    from ray import serve  # noqa: PLC0415

    settings = settings or Settings()
    port = port or _free_port(host)
    graph = ThreadPoolExecutor(1).submit(build, settings)  # its imports take 0.7 s, which Ray's daemons leave free
    ray.init(
        address="local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, num_cpus=_cpus()
    )
    try:
        serve.start(http_options={"host": host, "port": port}, logging_config=_logging(settings))
        serve.run(graph.result(), name=APP_NAME, logging_config=_logging(settings))
        yield f"http://{host}:{port}"
    finally:
        # Not serve.shutdown(): it drains for 9 s what the end of this Ray takes along in 1.4 s. Accepted jobs are in
        # the record and go on at the next start.
        ray.shutdown()


def serve_forever(host: str, port: int, settings: Settings | None = None) -> None:
    """Run the service until SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with local_service(settings, host, port):
        stop.wait()


def _logging(settings: Settings) -> dict[str, Any]:
    return {"log_level": settings.log_level, "enable_access_log": False, "encoding": "JSON"}


def _cpus() -> int:
    return max(os.cpu_count() or 1, 2)  # replicas ask for a tenth each: two are enough for all of them


def _free_port(host: str) -> int:
    # Below the ephemeral ports, out of which Ray's daemons take theirs, and above its worker ports.
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port on {host}")


def _quiet_ray() -> None:
    # Read by Ray when it is imported or started: no usage reports, no chatter on the user's terminal.
    for name, value in {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DEDUP_LOGS": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "2",
    }.items():
        os.environ.setdefault(name, value)
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
