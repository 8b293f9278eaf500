"""The stages' own time without the service: where a generation's milliseconds go."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pipelines.meshing import export_mesh, make_solid
from pipelines.parametric import FAMILIES, build, design
from pipelines.pictures import encode_png, render_mesh
from pipelines.pricing import QuoteRequest, default_price_book, quote
from pipelines.printability import inspect
from pipelines.prompt import analyse


def main() -> None:
    """Print medians in milliseconds, the default vase in detail, then every family."""
    print("a vase 120 mm tall: " + _row(_stages("a vase 120 mm tall")))
    for name, family in FAMILIES.items():
        print(f"{name:12s} " + _row(_stages(family.example)))


def _stages(prompt: str) -> dict[str, float]:
    runs: list[dict[str, float]] = []
    for _ in range(4):
        took: dict[str, float] = {}

        def timed(name: str, work: Callable[..., Any], *args: Any, took: dict[str, float] = took) -> Any:
            began = time.perf_counter()
            made = work(*args)
            took[name] = time.perf_counter() - began
            return made

        made = timed("build", build, timed("design", design, timed("analyse", analyse, prompt)))
        mesh = timed("solid", make_solid, made.mesh).mesh
        timed("picture", lambda mesh=mesh: encode_png(render_mesh(mesh)))
        timed("files", lambda mesh=mesh: [export_mesh(mesh, form) for form in ("stl", "glb", "3mf")])
        report = timed("report", inspect, mesh)
        timed("quote", quote, mesh, report, QuoteRequest(), default_price_book(), datetime.now(UTC), "q")
        runs.append(took)
    return {name: statistics.median(run[name] for run in runs[1:]) * 1e3 for name in runs[0]}


def _row(times: dict[str, float]) -> str:
    return " ".join(f"{name} {ms:.0f}" for name, ms in times.items()) + f"  = {sum(times.values()):.0f} ms"


if __name__ == "__main__":
    main()
