"""The run: its device, its clock, its time limit, and the guard around each part."""

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Final

import torch

from bench.gpu.lines import Line, Log
from bench.gpu.networks import Shapes
from pipelines.acceleration import Acceleration

_WARM_UPS: Final = 2
_FOR_S: Final = 1.0  # each figure is the median of as many calls as fit
_LEAST: Final = 5
_MOST: Final = 50


class Missing(Exception):
    """What a part needs and this machine has not."""


@dataclass(slots=True)
class Bench:
    """One run."""

    device: torch.device
    shapes: Shapes
    log: Log
    seconds: float  # after which no further part is begun
    thorough: bool = True  # else every call is timed once: for a run that shows the harness, not the device
    rate_tflop_per_s: float = 0.0  # of a large bf16 matrix product on this device
    best: Acceleration = field(default_factory=Acceleration.quick)  # the fastest that the UNet's step has shown
    _began: float = field(default_factory=perf_counter)

    def run(self, part: str, work: Callable[["Bench"], None], least_s: float = 0.0) -> None:
        """Do one part; whatever stops it is one line, and the next part begins.

        Args:
            part: Its name.
            work: Adds lines to the log.
            least_s: Without so many seconds left it is not begun.
        """
        left = self.seconds - (perf_counter() - self._began)
        if left < least_s:
            self.log.add(Line(part, part, "skipped", note=f"{left:.0f} s left, {least_s:.0f} needed"))
            return
        print(f"\n== {part} ({perf_counter() - self._began:.0f} s)", flush=True)
        try:
            work(self)
        except (Missing, ImportError) as error:
            self.log.add(Line(part, part, "skipped", note=str(error)))
        except Exception as error:  # noqa: BLE001 - the edge: one failed part must not take the others' figures along
            told = (str(error).strip().splitlines() or [""])[0]
            self.log.add(Line(part, part, "failed", note=f"{type(error).__name__}: {told[:300]}"))
        finally:
            self.tidy()

    def tidy(self) -> None:
        """Give back what nobody holds, so that the next peak is its own."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def median_ms(self, work: Callable[[], object]) -> float:
        """Median wall time of a call, the device waited for before and after."""
        for _ in range(_WARM_UPS if self.thorough else 0):
            work()
        times: list[float] = []
        least, for_s = (_LEAST, _FOR_S) if self.thorough else (1, 0.0)
        while len(times) < least or (sum(times) < for_s and len(times) < _MOST):
            self.wait()
            start = perf_counter()
            work()
            self.wait()
            times.append(perf_counter() - start)
        return median(times) * 1e3

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def peak_gib(self) -> float | None:
        """What the process has held at once since `tidy`, private pools of graphs included."""
        return torch.cuda.max_memory_reserved() / 2**30 if self.device.type == "cuda" else None

    def measure(self, part: str, name: str, work: Callable[[], object], how: str = "", batch: int = 1,
                tflop: float | None = None, note: str = "") -> float:  # fmt: skip
        """Time a call that makes `batch` objects and log it. Gives the median in ms."""
        self.tidy()
        took = self.median_ms(work)
        share = tflop / took * 1e3 / self.rate_tflop_per_s if tflop and self.rate_tflop_per_s else None
        self.log.add(
            Line(part, name, "measured", how, batch, took, batch / took * 1e3, self.peak_gib(), tflop, share, note=note)
        )
        return took


def rate(bench: Bench) -> None:
    """The card's own ceilings: a large bf16 matrix product and a large copy, both of random numbers."""
    size = bench.shapes.matrix
    first, second = (torch.randn(size, size, device=bench.device).bfloat16() for _ in range(2))
    took = bench.measure("rate", f"bf16 matrix product, {size}", lambda: first @ second, tflop=2 * size**3 / 1e12)
    bench.rate_tflop_per_s = 2 * size**3 / 1e12 / took * 1e3
    large = torch.randn(size * size, device=bench.device)
    copied = bench.median_ms(large.clone)
    note = f"{bench.rate_tflop_per_s:.3g} TFLOP/s; copies {2 * 4 * size**2 / 1e9 / copied * 1e3:.3g} GB/s"
    bench.log.add(Line("rate", "ceilings of this device", "measured", note=note))
