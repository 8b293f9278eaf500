"""How near the print model is to PrusaSlicer on shapes that it was not fitted to, and what a report and a quote cost.

    python -m bench.quote_accuracy

`golden` is tests/golden/slicer_truth.json under the shipped calibration. `unseen` are other shapes with and without
supports, for the generic printer and for one with gyroid infill and vertical shells, each under a calibration made
here from stored slices of the calibration parts (tests/golden/model_slices.json). Times are of whole prints.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from time import perf_counter

import numpy as np

from pipelines.geometry import TriangleMesh
from pipelines.pricing import QuoteRequest, default_price_book, quote
from pipelines.pricing.calibration import default_calibration
from pipelines.pricing.calibration_fit import calibrate
from pipelines.pricing.weights import Bands
from pipelines.printability import inspect
from tests.golden.model_slices import PrinterName, calibration_slices, missed, profile_of
from tests.golden.slicer_truth import as_mesh, misses, support_misses

RUNS = 5
ISSUED = datetime(2026, 11, 21, tzinfo=UTC)
PRINTERS: tuple[PrinterName, ...] = ("generic_i3", "gyroid_i3")


def main() -> None:
    print("Error against PrusaSlicer 2.5.0 in percent; band: of nine in ten; inside: share of prints within it")
    print(f"{'prints':<28} {'':>8} {'n':>4} {'median':>7} {'p90':>6} {'worst':>6} {'band':>6} {'inside':>7}")
    _print_golden()
    for printer in PRINTERS:
        _print_unseen(printer)
    print("\nTime of one call, ms: median of", RUNS)
    for name, mesh in _timed_meshes():
        _print_times(name, mesh)


def _print_golden() -> None:
    bands = default_calibration().bands
    for setting in dict.fromkeys(miss.slice.setting for miss in misses()):
        found = [miss for miss in misses() if miss.slice.setting == setting]
        _print_errors(f"golden {setting}", bands, [m.mass for m in found], [m.time for m in found])
    held = [miss.quote / miss.slicer - 1 for miss in support_misses() if miss.slicer]
    _print_errors("golden, all", bands, [m.mass for m in misses()], [m.time for m in misses()], held)


def _print_unseen(printer: PrinterName) -> None:
    start = perf_counter()
    calibration = calibrate(profile_of(printer), calibration_slices(printer), date(2026, 11, 21)).calibration
    took = perf_counter() - start
    found = missed(printer, calibration)
    supports = [m.supports for m in found if m.supports is not None]
    name = f"unseen, {printer}"
    _print_errors(name, calibration.bands, [m.mass for m in found], [m.time for m in found], supports)
    print(f"{'':<28} fitted to {calibration.slices} slices in {took:.1f} s")


def _print_errors(
    name: str, bands: Bands, mass: Sequence[float], time: Sequence[float], supports: Sequence[float] = ()
) -> None:
    for figure, errors, band in (
        ("mass", mass, bands.mass),
        ("time", time, bands.time),
        ("supports", supports, bands.supports),
    ):
        if not errors:
            continue
        shares = np.abs(errors) * 100
        inside = (shares <= float(band) * 100).mean()
        cells = f"{len(shares):4} {np.median(shares):7.1f} {np.percentile(shares, 90):6.1f} {shares.max():6.1f}"
        print(f"{name:<28} {figure:>8} {cells} {float(band) * 100:6.1f} {inside:7.0%}")


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
