"""The slices of `slicer_truth.json` as values, with the mesh and the printer of each."""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from pipelines.geometry import TriangleMesh
from pipelines.pricing import FDM_PRINTER, MATERIALS, FdmPrinter, SlicedPart, slice_part
from pipelines.pricing.calibration import default_calibration
from pipelines.printability import inspect
from tests.golden.meshgen import build

MM3_PER_MM = np.pi / 4 * 1.75**2  # of filament


@dataclass(frozen=True, slots=True)
class Slice:
    """One run of the slicer."""

    shape: str
    setting: str
    mesh: TriangleMesh
    printer: FdmPrinter
    infill: float
    grams: float
    seconds: float
    support_mm3: float


@dataclass(frozen=True, slots=True)
class Miss:
    """How far the model is from one slice, as signed shares."""

    slice: Slice
    mass: float
    time: float


@dataclass(frozen=True, slots=True)
class SupportMiss:
    """Support volumes of one slice in mm^3: the slicer's, the quote's and the report's."""

    shape: str
    slicer: float
    quote: float
    report: float


def as_mesh(kind: str, **params: float) -> TriangleMesh:
    """A mesh of the generator as the pipelines take it."""
    vertices, faces = build(kind, **params)
    return TriangleMesh(vertices, faces.astype(np.int64))


@cache
def slices() -> tuple[Slice, ...]:
    """Every stored slice."""
    rows = json.loads(Path(__file__).with_name("slicer_truth.json").read_text())["rows"]
    return tuple(_slice(row) for row in rows)


def _slice(row) -> Slice:  # type: ignore[no-untyped-def]
    changed = row["overrides"]
    printer = FdmPrinter(
        layer_height_mm=changed.get("layer_height", FDM_PRINTER.layer_height_mm),
        perimeters=changed.get("perimeters", FDM_PRINTER.perimeters),
        pattern=changed.get("fill_pattern") if changed.get("fill_pattern") == "gyroid" else "grid",
    )
    support = sum(mm for name, mm in row["feature_filament_mm"].items() if "upport" in name)
    return Slice(
        shape=row["mesh"],
        setting=row["setting"],
        mesh=as_mesh(row["kind"], **row["params"]),
        printer=printer,
        infill=changed.get("fill_density", 0.2),
        grams=row["grams"],
        seconds=row["seconds"],
        support_mm3=support * MM3_PER_MM,
    )


@cache
def misses() -> tuple[Miss, ...]:
    """The model against every slice without supports."""
    return tuple(_miss(s) for s in slices() if s.setting != "sup")


def _part(truth: Slice, support_mm3: float = 0.0) -> SlicedPart:
    calibration = replace(default_calibration(), printer=truth.printer)
    return slice_part(truth.mesh, support_mm3, calibration)


def _miss(truth: Slice) -> Miss:
    estimate = _part(truth).estimate(MATERIALS["pla"], truth.infill)
    return Miss(truth, estimate.part_g / truth.grams - 1, estimate.part_s / truth.seconds - 1)


@cache
def support_misses() -> tuple[SupportMiss, ...]:
    """The support volumes of the quote and of the report against every slice with supports."""
    return tuple(_support_miss(s) for s in slices() if s.setting == "sup")


def _support_miss(truth: Slice) -> SupportMiss:
    report = inspect(truth.mesh).support_volume_mm3
    estimate = _part(truth, report).estimate(MATERIALS["pla"], truth.infill)
    return SupportMiss(truth.shape, truth.support_mm3, estimate.support_mm3, report)
