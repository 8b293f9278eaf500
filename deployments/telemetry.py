"""Metrics: one table, one registry in one replica, and what every other replica sends to it each second.

prometheus-client in each replica would be seen at random through the load balancer; Ray's own metrics arrive 10 s late
and forget gauges (see docs/metrics.md). So replicas send deltas here, and `GET /metrics` renders this registry.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from jobs.lifecycle import Stage
from jobs.model import Job
from pipelines.errors import leaves
from pipelines.printability import PrintReport

BACKENDS: Final = ("parametric", "relief", "lgm", "openlrm", "replicate", "huggingface")
METHODS: Final = ("auto", "local", "replicate", "huggingface", "parametric", "relief")
OUTCOMES: Final = ("succeeded", "failed", "canceled")
STAGE_OUTCOMES: Final = ("succeeded", "failed", "refused")
STATUS_CLASSES: Final = ("2xx", "3xx", "4xx", "5xx")
CODES: Final = tuple(sorted(error.code for error in leaves()))
# From 5 ms to 10 minutes: an embedded stage takes milliseconds, a hosted generation minutes.
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
# About 1, where a model that does not drift stays: its own bands end at 4 and 8 %.
RATIOS: Final = (0.5, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.96, 0.98, 0.99, 1.0, 1.01, 1.02, 1.04, 1.06, 1.08, 1.1, 1.15,
                 1.2, 1.3, 1.5, 2.0)  # fmt: skip
FLUSH_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table: name, kind, help, and every label with its closed set of values."""

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    help: str
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    buckets: tuple[float, ...] = SECONDS


# Routes are filled in by `deployments.api`, which owns them; everything else is closed here.
METRICS: Final = (
    Metric("moldar_generations_total", "counter", "Generations that ended.",
           (("method", METHODS), ("backend", BACKENDS), ("outcome", OUTCOMES))),
    Metric("moldar_stage_seconds", "histogram", "Time of one stage.",
           (("stage", tuple(Stage)), ("backend", BACKENDS), ("outcome", STAGE_OUTCOMES))),
    Metric("moldar_generation_seconds", "histogram", "Time from claim to end.",
           (("backend", BACKENDS), ("outcome", OUTCOMES))),
    Metric("moldar_queue_wait_seconds", "histogram", "Time from acceptance to claim.", (("backend", BACKENDS),)),
    Metric("moldar_queue_depth", "gauge", "Jobs that wait.", (("backend", BACKENDS),)),
    Metric("moldar_in_flight", "gauge", "Jobs at work.", (("backend", BACKENDS),)),
    Metric("moldar_capacity", "gauge", "Jobs that may be at work at a time.", (("backend", BACKENDS),)),
    Metric("moldar_rejections_total", "counter", "Requests refused, by error code.", (("code", CODES),)),
    Metric("moldar_breaker_state", "gauge", "0 closed, 1 half open, 2 open.", (("backend", BACKENDS),)),
    Metric("moldar_backend_up", "gauge", "1 where a backend can serve.", (("backend", BACKENDS),)),
    Metric("moldar_meshes_total", "counter", "Solids made.", (("outcome", ("watertight", "repaired", "rejected")),)),
    Metric("moldar_printability_score", "histogram", "Print report scores.", (("backend", BACKENDS),),
           tuple(float(score) for score in range(11))),
    Metric("moldar_quote_drift_ratio", "histogram", "Total of a quote by this source over the model's own.",
           (("source", ("slicer",)),), RATIOS),
    Metric("moldar_batch_jobs", "histogram", "Jobs that shared one pass of a replica's models.",
           (("backend", ("lgm",)),), tuple(float(2**power) for power in range(7))),
    Metric("moldar_gpu_memory_used_ratio", "gauge", "Of a GPU's memory, as the replica of this slot sees it.",
           (("replica", tuple(str(slot) for slot in range(64))),)),
)  # fmt: skip


def http_metrics(routes: tuple[str, ...]) -> tuple[Metric, ...]:
    """The two metrics whose label values are the routes of the API."""
    label = ("route", (*routes, "other"))
    return (
        Metric("moldar_http_requests_total", "counter", "HTTP requests.", (label, ("status_class", STATUS_CLASSES))),
        Metric("moldar_http_request_seconds", "histogram", "Time to the last byte.",
               (label, ("status_class", STATUS_CLASSES))),
    )  # fmt: skip


Key = tuple[str, tuple[str, ...]]


@dataclass(slots=True)
class Batch:
    """What one replica saw since its last report."""

    counts: dict[Key, float] = field(default_factory=dict)
    values: dict[Key, list[float]] = field(default_factory=dict)
    levels: dict[Key, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.counts or self.values or self.levels)


class Telemetry:
    """One replica that holds the registry. Every known series exists from the start, at zero."""

    def __init__(self, metrics: tuple[Metric, ...]) -> None:
        self._registry = CollectorRegistry()
        self._by_name: dict[str, Any] = {}
        for metric in metrics:
            self._by_name[metric.name] = _declare(metric, self._registry)

    async def record(self, batch: Batch) -> None:
        """Add one replica's batch."""
        for (name, labels), amount in batch.counts.items():
            self._series(name, labels).inc(amount)
        for (name, labels), values in batch.values.items():
            for value in values:
                self._series(name, labels).observe(value)
        for (name, labels), level in batch.levels.items():
            self._series(name, labels).set(level)

    async def render(self) -> bytes:
        """The text exposition of everything recorded so far."""
        return generate_latest(self._registry)

    def _series(self, name: str, labels: tuple[str, ...]) -> Any:
        metric = self._by_name[name]
        return metric.labels(*labels) if labels else metric


def _declare(metric: Metric, registry: CollectorRegistry) -> Any:
    names = [label for label, _ in metric.labels]
    made: Any
    if metric.kind == "histogram":
        made = Histogram(metric.name, metric.help, names, registry=registry, buckets=metric.buckets)
    else:
        made = {"counter": Counter, "gauge": Gauge}[metric.kind](metric.name, metric.help, names, registry=registry)
    combinations: list[tuple[str, ...]] = [()]
    for _, values in metric.labels:
        combinations = [(*combination, value) for combination in combinations for value in values]
    for combination in combinations if metric.labels else ():
        made.labels(*combination)
    return made


class Sink(Protocol):
    """Where batches go: the telemetry deployment's handle, or a function."""

    async def __call__(self, batch: Batch) -> None: ...


class Reporter:
    """Collects in one replica and sends once a second. Never blocks the work it measures, never raises into it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._batch = Batch()
        self._task: asyncio.Task[None] | None = None

    def count(self, name: str, *labels: str, amount: float = 1.0) -> None:
        """Raise a counter."""
        self._start()
        key = (name, labels)
        self._batch.counts[key] = self._batch.counts.get(key, 0.0) + amount

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Add one value to a histogram."""
        self._start()
        self._batch.values.setdefault((name, labels), []).append(value)

    def level(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge."""
        self._start()
        self._batch.levels[name, labels] = value

    async def flush(self) -> None:
        """Send what there is; on failure keep it for the next time."""
        batch, self._batch = self._batch, Batch()
        if not batch:
            return
        try:
            await self._sink(batch)
        except Exception:  # noqa: BLE001 - the process edge: a lost telemetry replica must not touch the work
            _merge(batch, self._batch)
            self._batch = batch

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._every_second())

    async def _every_second(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(FLUSH_S)
                await self.flush()


def _merge(into: Batch, newer: Batch) -> None:
    for key, amount in newer.counts.items():
        into.counts[key] = into.counts.get(key, 0.0) + amount
    for key, values in newer.values.items():
        into.values.setdefault(key, []).extend(values)
    into.levels.update(newer.levels)


class JobObserver:
    """`jobs.ports.Observer` on a reporter."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def stage(self, stage: Stage, backend: str, outcome: str, seconds: float) -> None:
        self._reporter.observe("moldar_stage_seconds", seconds, stage, backend, outcome)

    def started(self, job: Job, waited_s: float) -> None:
        self._reporter.observe("moldar_queue_wait_seconds", max(waited_s, 0.0), job.plan.chosen)

    def inspected(self, job: Job, report: PrintReport) -> None:
        self._reporter.observe("moldar_printability_score", report.score, job.plan.chosen)

    def ended(self, job: Job, outcome: str, seconds: float) -> None:
        backend = job.plan.chosen
        structlog.get_logger().info(
            "job.ended", id=job.id, outcome=outcome, backend=backend, claims=job.claims, s=round(seconds, 3)
        )
        if outcome in OUTCOMES:
            self._reporter.count("moldar_generations_total", job.request.method, backend, outcome)
            self._reporter.observe("moldar_generation_seconds", seconds, backend, outcome)
