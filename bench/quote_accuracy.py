"""How near the instant mass and time model is to PrusaSlicer, and what a report and a quote cost.

    python -m bench.quote_accuracy

The slices are tests/golden/slicer_truth.json. The weights of the model are physical, not fitted to them; its rules
(what becomes solid, what bridges) were chosen with these shapes in view, so new shapes may come out worse.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter

import numpy as np

from pipelines.geometry import TriangleMesh
from pipelines.pricing import QuoteRequest, default_price_book, quote
from pipelines.printability import inspect
from tests.golden.slicer_truth import Miss, as_mesh, misses, support_misses

RUNS = 5
ISSUED = datetime(2026, 11, 21, tzinfo=UTC)


def main() -> None:
    found = misses()
    print(f"Error against PrusaSlicer 2.5.0 on {len(found)} slices without supports, in percent")
    print(f"{'setting':<10} {'mass median':>12} {'p90':>6} {'worst':>7} {'time median':>12} {'p90':>6} {'worst':>7}")
    for setting in dict.fromkeys(miss.slice.setting for miss in found):
        _print_row(setting, [miss for miss in found if miss.slice.setting == setting])
    _print_row("all", found)
    print("\nSupport volume, mm^3: slicer, report")
    for miss in support_misses():
        if miss.slicer or miss.report:
            print(f"{miss.shape:<10} {miss.slicer:8.0f} {miss.report:8.0f}  {miss.report / miss.slicer - 1:+.0%}")
    print("\nTime of one call, ms: median of", RUNS)
    for name, mesh in _timed_meshes():
        _print_times(name, mesh)


def _print_row(name: str, found: Sequence[Miss]) -> None:
    mass, time = (np.array([getattr(miss, field) for miss in found]) * 100 for field in ("mass", "time"))
    cells = [
        f"{np.median(np.abs(e)):{w}.1f} {np.percentile(np.abs(e), 90):6.1f} {e[np.abs(e).argmax()]:+7.1f}"
        for e, w in ((mass, 12), (time, 12))
    ]
    print(f"{name:<10} {' '.join(cells)}")


def _timed_meshes() -> list[tuple[str, TriangleMesh]]:
    return [
        ("cube, 12 faces", as_mesh("box", x=20, y=20, z=20)),
        ("vase, 10k faces", as_mesh("vase", r0=30, a=8, k=1.5, h=120, n=96, m=52)),
        ("cup, 2 mm wall, 1.6k faces", as_mesh("cup", r=25, h=100, t=2, b=2, n=200)),
        ("blob, 100k faces", as_mesh("blob", R=40, a=0.25, m=3, b=0.12, nu=320, nv=160)),
    ]


def _print_times(name: str, mesh: TriangleMesh) -> None:
    book = default_price_book()
    report_ms, quote_ms = [], []
    for _ in range(RUNS):
        start = perf_counter()
        report = inspect(mesh)
        between = perf_counter()
        quote(mesh, report, QuoteRequest(), book, ISSUED, "bench")
        report_ms.append((between - start) * 1000)
        quote_ms.append((perf_counter() - between) * 1000)
    print(f"{name:<28} report {np.median(report_ms):6.0f}   quote {np.median(quote_ms):6.0f}")


if __name__ == "__main__":
    main()
