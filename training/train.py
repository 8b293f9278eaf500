"""`python -m training.train`: learn lgm-nano within so many minutes, on a CPU or a GPU."""

import argparse
import copy
import csv
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from pipelines.lgm import Lgm, LgmConfig
from pipelines.lgm.config import OUT_CHANNELS
from training.data import Pool, make_subject, record_of, standard_poses
from training.optimizer import optimizers
from training.solids import TRAINED
from training.targets import Losses, Targets, inputs_of, losses, targets_of

CHECK_SEED: Final = 990  # of objects that are never learned from
_COLUMNS: Final = ("minutes", "iteration", "lr", "set", "total", "position", "opacity", "scale", "normal", "rgb")
_CLIP: Final = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. The schedule follows the clock, for machines that do other work too."""

    minutes: float
    seed: int = 0
    batch: int = 2
    lr: float = 2e-3
    weight_decay: float = 0.01
    warm_up: int = 100  # iterations
    hold: float = 0.35  # share of the time before the learning rate falls
    ema: float = 0.998
    muon: bool = True
    bf16: bool = True
    report_every: int = 50
    check_every: int = 500
    checks: int = 28  # unseen objects
    save_every_s: float = 240.0

    def rate(self, iteration: int, share: float) -> float:
        """The learning rate after a share of the time, in [0, 1]."""
        fall = max(0.0, (share - self.hold) / (1 - self.hold))
        return self.lr * min(1.0, (iteration + 1) / self.warm_up) * 0.5 * (1 + math.cos(math.pi * min(fall, 1.0)))


class Trainer:
    """A network, its slow average, and what updates them.

    On a CPU the batch is shared by `workers` threads, each with its own gradients. They meet once a step; the threads
    of one matrix product meet a thousand times, which on cores with other work to do takes five times as long.
    """

    def __init__(self, plan: Plan, config: LgmConfig | None = None, device: str = "cpu", workers: int = 1) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.device = torch.device(device)
        self.model = _placed(started(Lgm(config or LgmConfig.nano())), self.device)
        self._replicas = [self.model, *(_sharing(self.model) for _ in range(workers - 1))]
        self._threads = ThreadPoolExecutor(workers, initializer=_one_thread_each) if workers > 1 else None
        self.mean = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.optimizers = optimizers(self.model, plan.lr, plan.weight_decay, muon=plan.muon, workers=workers)
        self.iteration = 0
        self.spent_s = 0.0

    def step(self, inputs: Tensor, truth: Targets) -> list[float]:
        """One update. Gives the losses before it, in the order of `Losses`."""
        rate = self.plan.rate(self.iteration, self.spent_s / (60 * self.plan.minutes))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        parts = len(self._replicas)
        shares = zip(self._replicas, inputs.chunk(parts), truth.chunks(parts), strict=True)
        found = self._each(lambda share: self._learned(*share), list(shares))
        for gradients in zip(*(_gradients(replica) for replica in self._replicas), strict=True):
            gradients[0].add_(sum(gradients[1:])).div_(parts)
        nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        self._each(lambda optimizer: optimizer.step(), self.optimizers)
        self.iteration += 1
        keep = min(self.plan.ema, self.iteration / (self.iteration + 10))
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                self.mean[name].lerp_(value, 1 - keep)
        return [float(value) for value in np.mean(found, axis=0)]

    def _each(self, work: Callable[[Any], Any], over: Sequence[Any]) -> list[Any]:
        return list(self._threads.map(work, over)) if self._threads else [work(one) for one in over]

    def _learned(self, replica: Lgm, inputs: Tensor, truth: Targets) -> list[float]:
        replica.zero_grad(set_to_none=True)
        found = losses(self.answer(replica, inputs), truth.to(self.device))
        found.total.backward()  # type: ignore[no-untyped-call]
        return _numbers(found)

    def answer(self, model: Lgm, inputs: Tensor) -> Tensor:
        """Activated rows, float32."""
        with torch.autocast(self.device.type, torch.bfloat16, self.plan.bf16, cache_enabled=False):
            rows: Tensor = model(inputs.to(self.device, non_blocking=True))
        return rows.float()

    def averaged(self) -> Lgm:
        """The network with its averaged weights."""
        return _placed(Lgm(self.model.config).load(self.mean), self.device).eval()

    def save(self, path: Path) -> None:
        """All that a later run needs to go on."""
        state = {
            "model": self.model.state_dict(),
            "mean": self.mean,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "iteration": self.iteration,
            "spent_s": self.spent_s,
        }
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def resume(self, path: Path) -> None:
        """Go on where `save` left."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.mean = state["mean"]
        for optimizer, stored in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(stored)
        self.iteration, self.spent_s = state["iteration"], state["spent_s"]


def _placed(model: Lgm, device: torch.device) -> Lgm:
    """The network on the device, its weights in the order that convolutions are fastest in."""
    model.to(device)
    for weight in model.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return model


def _sharing(model: Lgm) -> Lgm:
    """A second network on the first one's weights, with gradients of its own."""
    other = copy.deepcopy(model)
    for mine, its in zip(other.parameters(), model.parameters(), strict=True):
        mine.data = its.data
    return other


def _one_thread_each() -> None:
    torch.set_num_threads(1)


def _gradients(model: Lgm) -> list[Tensor]:
    return [weight.grad for weight in model.parameters() if weight.grad is not None]


def started(model: Lgm) -> Lgm:
    """The network as it begins: small discs of half opacity where each ray passes the origin."""
    begin = {
        "weight": torch.eye(OUT_CHANNELS)[:, :, None, None],
        "bias": torch.tensor([-0.35, 0, 0, -1, -2.5, -2.5, -4, 1, 0, 0, 0, 0, 0, 0]),
    }
    model.conv.load_state_dict(begin)
    with torch.no_grad():
        model.unet.conv_out.weight.mul_(0.3)
    return model


def recoloured(records: NDArray[np.void], random: np.random.Generator) -> NDArray[np.void]:
    """The same objects in other colours: channels swapped, each a little lighter or darker; white stays white."""
    records = records.copy()
    for record in records:
        swap = random.permutation(3)
        gamma = np.exp(random.normal(0, 0.12) + random.normal(0, 0.12, 3))
        table = np.rint(255 * (np.arange(256) / 255)[:, None] ** gamma).astype(np.uint8)  # [256, 3]
        for name in ("images", "rgb"):
            record[name] = table[record[name][..., swap], np.arange(3)]
    return records


def batches(pool: Pool, plan: Plan, start: int) -> Iterator[tuple[Tensor, Targets]]:
    """Batches without end, of whatever the pool holds by then."""
    for iteration in range(start, 2**31):
        random = np.random.default_rng([plan.seed, iteration])
        records = recoloured(pool.batch(random.choice(len(pool), plan.batch, replace=False)), random)
        yield inputs_of(records), targets_of(records)


def ahead(given: Iterator[tuple[Tensor, Targets]]) -> Iterator[tuple[Tensor, Targets]]:
    """The same batches, each made while the one before it is learned from."""
    with ThreadPoolExecutor(1, initializer=_one_thread_each) as maker:
        coming = maker.submit(next, given)
        while True:
            batch = coming.result()
            coming = maker.submit(next, given)
            yield batch


def check_records(count: int) -> NDArray[np.void]:
    """Objects to watch the run by, of the kinds that are learned, from the standard poses."""
    kinds = [kind for kind in TRAINED for _ in range(-(-count // len(TRAINED)))][:count]
    return np.stack([record_of(make_subject(kind, (CHECK_SEED, i)), standard_poses()) for i, kind in enumerate(kinds)])


def checked(trainer: Trainer, records: NDArray[np.void]) -> list[float]:
    """Mean losses of the averaged network, in the order of `Losses`."""
    model = trainer.averaged()

    def of(part: NDArray[np.void]) -> list[float]:
        return _numbers(losses(trainer.answer(model, inputs_of(part)), targets_of(part).to(trainer.device)))

    with torch.inference_mode():
        found = [of(part) for part in np.array_split(records, max(1, len(records) // 4))]
    return [float(value) for value in np.mean(found, axis=0)]


def _numbers(found: Losses) -> list[float]:
    return [
        float(value.detach())
        for value in (found.total, found.position, found.opacity, found.scale, found.normal, found.rgb)
    ]


def run(trainer: Trainer, pool: Pool, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
    """Learn until the time is spent, writing `curve.csv` and `last.pt` into the folder."""
    plan, recent = trainer.plan, list[list[float]]()
    checks = check_records(plan.checks)
    saved_s = last_s = clock()
    with (folder / "curve.csv").open("a", newline="") as file:
        curve = csv.writer(file)
        if not trainer.iteration:
            curve.writerow(_COLUMNS)

        def report(kind: str, values: list[float]) -> None:
            rate = trainer.optimizers[0].param_groups[0]["lr"]
            row = [f"{trainer.spent_s / 60:.2f}", trainer.iteration, f"{rate:.2e}", kind, *(f"{v:.4f}" for v in values)]
            curve.writerow(row)
            file.flush()

        for inputs, truth in ahead(batches(pool, plan, trainer.iteration)):
            recent.append(trainer.step(inputs, truth))
            now = clock()
            trainer.spent_s, last_s = trainer.spent_s + now - last_s, now
            if trainer.iteration % plan.report_every == 0:
                report("train", np.mean(recent, axis=0).tolist())
                recent.clear()
            if trainer.iteration % plan.check_every == 0:
                report("check", checked(trainer, checks))
            done = trainer.spent_s >= 60 * plan.minutes
            if done or now - saved_s > plan.save_every_s:
                trainer.save(folder / "last.pt")
                saved_s = now
            if done:
                report("check", checked(trainer, checks))
                return


def ship(trainer: Trainer, path: Path) -> None:
    """Write the averaged weights as they are served: fp16, with the network's shape in the file's metadata."""
    tensors = {name: value.detach().cpu().half().contiguous() for name, value in trainer.mean.items()}
    about = {
        "format": "pt",
        "config": json.dumps(asdict(trainer.model.config)),
        "seed": str(trainer.plan.seed),
        "iterations": str(trainer.iteration),
        "licence": "Apache-2.0",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, about)


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("--minutes", type=float, default=95.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--adamw", action="store_true", help="AdamW for all weights")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--objects", type=int, default=8000, help="in the pool, 0.4 MB each")
    parser.add_argument("--workers", type=int, default=2, help="threads on a CPU; the batch must divide by them")
    parser.add_argument("--folder", type=Path, default=Path("out/nano"), help="pool, checkpoints and curve")
    parser.add_argument("--ship", type=Path, help="write the weights here at the end")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    pool = Pool(asked.folder / "pool.bin")
    if asked.objects > len(pool):
        pool.fill(asked.seed + 1, asked.objects)
    plan = Plan(asked.minutes, asked.seed, asked.batch, asked.lr, muon=not asked.adamw)
    workers = asked.workers if asked.device == "cpu" else 1
    trainer = Trainer(plan, device=asked.device, workers=workers)
    if (asked.folder / "last.pt").exists():
        trainer.resume(asked.folder / "last.pt")
    run(trainer, pool, asked.folder)
    if asked.ship:
        ship(trainer, asked.ship)


if __name__ == "__main__":
    main()
