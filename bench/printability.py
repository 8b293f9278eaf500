"""What a print report and the repairs cost, and how near its support volumes are to PrusaSlicer's.

    python -m bench.printability

Supports are held against the slices of tests/golden/slicer_truth.json that have some. Their weights were fitted to
shapes of the same generator, so other shapes may come out worse. Times are wall and CPU; memory is the process's peak.
"""

import resource
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import numpy as np

from pipelines.geometry import TriangleMesh
from pipelines.printability import FDM, RESIN, examine, inspect
from pipelines.printability.repairs import flatten_base, hollow, split_to_fit, thicken
from tests.golden.slicer_truth import as_mesh, support_misses

RUNS = 5


def main() -> None:
    _print_supports()
    print(f"\nOne call, median of {RUNS}: wall and CPU seconds")
    blob = as_mesh("blob", R=40, a=0.25, m=3, b=0.12, nu=320, nv=160)
    cup = as_mesh("cup", r=25, h=100, t=0.6, b=2, n=200)
    big = as_mesh("blob", R=200, a=0.25, m=3, b=0.12, nu=320, nv=160)
    _print_row("report, vase of 10k faces", lambda: inspect(as_mesh("vase", r0=30, a=8, k=1.5, h=120, n=96, m=52)))
    _print_row("report, blob of 100k faces", lambda: inspect(blob))
    _print_row("report, the same in resin", lambda: inspect(blob, RESIN))
    _print_row("report with every face marked", lambda: examine(blob, FDM))
    _print_row("thicken a cup of 0.6 mm to 1.2", lambda: thicken(cup, 1.2))
    _print_row("flatten the blob's base", lambda: flatten_base(blob, contact_mm2=1000.0))
    _print_row("hollow the blob", lambda: hollow(blob))
    _print_row("split a blob of 400 mm", lambda: split_to_fit(big))
    _print_upload()


def _print_supports() -> None:
    found = [miss for miss in support_misses() if miss.slicer or miss.report]
    print("Support volume, mm^3: slicer, report")
    for miss in found:
        print(f"{miss.shape:<10} {miss.slicer:8.0f} {miss.report:8.0f}  {miss.report / miss.slicer - 1:+.0%}")
    errors = np.array([abs(miss.report / miss.slicer - 1) for miss in found]) * 100
    none = len(support_misses()) - len(found)
    print(f"error: median {np.median(errors):.0f} %, p90 {np.percentile(errors, 90):.0f} %; {none} agree on none")


def _print_row(name: str, work: Callable[[], Any]) -> None:
    walls, cpus = [], []
    for _ in range(RUNS):
        wall, cpu = perf_counter(), process_time()
        work()
        walls.append(perf_counter() - wall)
        cpus.append(process_time() - cpu)
    print(f"{name:<34} {np.median(walls):6.2f} {np.median(cpus):6.2f}")


def _print_upload() -> None:
    """A soup of 2 million faces, as an STL file holds them."""
    n = 1000
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, n, endpoint=False), np.linspace(0, 2 * np.pi, n, endpoint=False))
    r = 12 + 0.5 * np.sin(24 * u) * np.sin(12 * v)
    points = np.stack([(40 + r * np.cos(v)) * np.cos(u), (40 + r * np.cos(v)) * np.sin(u), r * np.sin(v)], axis=-1)
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    right, up = (j + 1) % n, (i + 1) % n
    a, b, c, d = (p.ravel() for p in (i * n + j, i * n + right, up * n + right, up * n + j))
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    soup = TriangleMesh(points.reshape(-1, 3)[faces].reshape(-1, 3), np.arange(3 * len(faces)).reshape(-1, 3))
    wall, cpu = perf_counter(), process_time()
    report = inspect(soup)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    took = f"{perf_counter() - wall:.1f} {process_time() - cpu:.1f}"
    print(f"report, soup of {len(faces)} faces: {took}, peak {peak:.1f} GiB, score {report.score}")


if __name__ == "__main__":
    main()
