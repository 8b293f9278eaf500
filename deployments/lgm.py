"""Serve shell around `pipelines.shaping`: one replica of the pool that holds LGM, MVDream and ImageDream."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from deployments.batching import Batcher
from deployments.calls import Handle, call
from deployments.logs import configure
from deployments.settings import LgmSettings
from deployments.telemetry import Reporter
from jobs.local import LgmCard, Offer, Order, SamplerCard, generated, order_of
from jobs.model import Generated, Job
from pipelines.errors import BackendFailed, WeightsError
from pipelines.shaping import ModelFiles, OwnFiles, Shaped, find, require

if TYPE_CHECKING:
    from pipelines.shaping.models import Device, Models

PULSE_S: Final = 0.1  # between looks at how far the work is: what a bar can show
GAUGE_S: Final = 5.0
PROBE_S: Final = 5.0  # an idle GPU answers in microseconds


@dataclass(slots=True, eq=False)
class _Ticket:
    """One job among the others of its batch."""

    order: Order
    stopped: threading.Event = field(default_factory=threading.Event)
    share: float = 0.0


class LgmPool:
    """One replica. Its models compute on one thread of their own; the event loop stays free."""

    def __init__(self, settings: LgmSettings, rembg_weights: Path, telemetry: Handle, log_level: str) -> None:
        configure(log_level)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="models")
        self._gauge: asyncio.Task[None] | None = None
        self._stall_s = settings.stall_s
        self._batches = Batcher[_Ticket, Shaped](self._make, _kind, settings.max_batch_size, settings.batch_wait_s)
        self._moved_at: float | None = None  # when the work under way last moved; None while there is none
        self._lost = ""  # why the device is of no use any more
        self._unfit: WeightsError | None = None  # why it has no models
        self._reporter = Reporter(lambda batch: call(telemetry, "record", batch))
        self._device = _prepared_device(settings)
        try:
            # On the thread that will compute: CUDA keeps some of what it sets up per thread.
            self._thread.submit(self._load, settings, rembg_weights).result()
        except WeightsError as error:
            # Not raised: jobs would wait while Serve builds one replica after the other. Told by this one, each of them
            # ends at once with the reason.
            self._unfit = error
            structlog.get_logger().error("lgm.unfit", code=error.code, reason=str(error))
        self._reporter.level("moldar_backend_up", float(self._unfit is None), "lgm")
        if self._device == "cuda":
            self._gauge = asyncio.get_running_loop().create_task(self._report_memory())

    def _load(self, settings: LgmSettings, rembg_weights: Path) -> None:
        began = time.monotonic()
        files = require(models_here(settings))
        self.models = _loaded(files, settings, self._device, rembg_weights)
        self._offer = _offer(files, self.models, rembg_weights)
        models = [*(held.name for held in self.models.splatters), *(card.name for card in self._offer.samplers)]
        seconds = round(time.monotonic() - began, 2)
        gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        structlog.get_logger().info("lgm.ready", device=self._device, gpus=gpus, models=models, s=seconds)

    async def generate(self, job: Job, images: tuple[bytes, ...]) -> AsyncGenerator[float | Generated, None]:
        """The share of the work that is done, now and then, and in the end what was made. Raises errors of the tree.

        Closing or cancelling it stops the work at the sampler's next step.
        """
        if self._unfit is not None:
            raise self._unfit
        if self._lost:
            raise BackendFailed(f"This worker's device is lost: {self._lost}")
        order = await asyncio.to_thread(order_of, job, images, self._offer)
        ticket = _Ticket(order)
        work = asyncio.get_running_loop().create_task(self._batches(ticket))
        said = 0.0
        try:
            while not (await asyncio.wait({work}, timeout=PULSE_S))[0]:
                if ticket.share > said:
                    said = ticket.share
                    yield said
            yield await asyncio.to_thread(generated, job, order, await work, self._offer)
        finally:
            ticket.stopped.set()
            work.cancel()

    async def check_health(self) -> None:
        """Unhealthy once the device is lost or the work under way has stopped moving: Serve replaces this replica."""
        if self._lost:
            raise RuntimeError(self._lost)
        if self._moved_at is not None:
            if time.monotonic() - self._moved_at > self._stall_s:
                raise RuntimeError(f"the work has not moved for {self._stall_s:g} s")
        elif self._device == "cuda":
            await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(self._thread, _touch_gpu), PROBE_S)

    def __del__(self) -> None:
        if self._gauge is not None:
            self._gauge.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _make(self, tickets: Sequence[_Ticket]) -> Sequence[Shaped | Exception]:
        self._reporter.observe("moldar_batch_jobs", len(tickets), "lgm")
        began = self._moved_at = time.monotonic()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._compute, tickets)
        finally:
            self._moved_at = None
            seconds = round(time.monotonic() - began, 3)
            structlog.get_logger().info("lgm.batch", jobs=len(tickets), way=tickets[0].order.way.name, s=seconds)

    def _compute(self, tickets: Sequence[_Ticket]) -> Sequence[Shaped | Exception]:
        import torch  # noqa: PLC0415 - only replicas of this deployment load it

        from pipelines.shaping.shape import Watch, shape  # noqa: PLC0415 - as above

        def tell(share: float) -> None:
            self._moved_at = time.monotonic()
            for ticket in tickets:
                ticket.share = max(ticket.share, share)

        try:
            watch = Watch(tell, lambda index: tickets[index].stopped.is_set())
            return shape(self.models, [ticket.order.wish for ticket in tickets], watch)
        except torch.AcceleratorError as error:
            # Sticky: every later call of this process would fail too.
            self._lost = str(error).splitlines()[0]
            raise BackendFailed("The GPU failed in the middle of the work.") from error

    async def _report_memory(self) -> None:
        from ray import serve  # noqa: PLC0415 - the rank is known only within Serve

        slot = str(serve.get_replica_context().rank.rank)
        while True:
            self._reporter.level("moldar_gpu_memory_used_ratio", _memory_used_ratio(), slot)
            await asyncio.sleep(GAUGE_S)


def models_here(settings: LgmSettings) -> ModelFiles:
    """What a replica with these settings would load; reads no weights."""
    own = OwnFiles(settings.nano_file, settings.mvdream_dir, settings.imagedream_dir)
    return find(settings.weights_dir, own)


def _kind(ticket: _Ticket) -> Hashable:
    wish = ticket.order.wish
    return wish.way, wish.model, wish.steps


def _prepared_device(settings: LgmSettings) -> "Device":
    """The device to compute on, with its share of threads or memory set."""
    # Read when torch's OpenMP is loaded. Threads that spin at its barriers are the faster ones on a quiet machine by
    # microseconds; beside other work on the same cores they made a sampler's step 25 to 40 times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch  # noqa: PLC0415 - only replicas of this deployment load it

    if settings.num_gpus > 0 and torch.cuda.is_available():
        torch.cuda.set_per_process_memory_fraction(settings.gpu_memory_fraction or min(settings.num_gpus, 1.0))
        return "cuda"
    if settings.num_gpus > 0:
        structlog.get_logger().warning("lgm.no_cuda", num_gpus=settings.num_gpus)
    # Ray sets OMP_NUM_THREADS to the CPUs that an actor asks for, here a tenth of one.
    torch.set_num_threads(settings.cpu_threads or len(os.sched_getaffinity(0)))
    return "cpu"


def _loaded(files: ModelFiles, settings: LgmSettings, device: "Device", rembg_weights: Path) -> "Models":
    from pipelines.acceleration import Acceleration  # noqa: PLC0415 - torch, as above
    from pipelines.shaping.models import Loading, load_models  # noqa: PLC0415 - as above

    how = {"narrow": Acceleration("bfloat16"), "quick": Acceleration.quick(), "full": Acceleration.full()}
    return load_models(
        files,
        Loading(
            device,
            settings.attention,
            settings.solver,
            settings.max_batch_size,
            rembg_weights,
            how[settings.acceleration],
        ),
    )


def _offer(files: ModelFiles, models: "Models", rembg_weights: Path) -> Offer:
    lgms = tuple(LgmCard(held.name, held.model.config.input_size, held.sha256) for held in models.splatters)
    restricted = {file.name: file.restrictions for file in (files.mvdream, files.imagedream) if file}
    samplers = tuple(
        SamplerCard(held.name, held.sha256, models.solver, restricted[held.name])
        for held in (models.text, models.picture)
        if held
    )
    return Offer(files.ways, lgms, samplers, rembg_weights)


def _touch_gpu() -> None:
    import torch  # noqa: PLC0415 - as above

    torch.ones(1, device="cuda").item()


def _memory_used_ratio() -> float:
    """Of the device's memory, by everybody on it."""
    import torch  # noqa: PLC0415 - as above

    free, total = torch.cuda.mem_get_info()
    return 1 - free / total
