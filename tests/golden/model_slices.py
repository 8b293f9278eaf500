"""PrusaSlicer's word on shapes that the print model was fitted to, and on shapes that it never saw, for two printers.

`model_slices.json` was made with PrusaSlicer 2.5.0 (Debian 12), `--load PROFILE --fill-density ... [--support-material]
[--layer-height ...] [--perimeters ...]` (rectilinear at 100 %), extrusion summed by `;TYPE:`. The profiles:
`pipelines/pricing/profiles/generic_i3.ini` and `gyroid_i3.ini` beside this file.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from pipelines.pricing import MATERIALS, Sliced, SliceRequest, slice_part
from pipelines.pricing.calibration import Calibration
from pipelines.pricing.calibration_parts import CalibrationPart, calibration_parts
from pipelines.pricing.profile import PrinterProfile, generic_profile, read_profile
from tests.golden.unseen_shapes import mesh_of

PrinterName = Literal["generic_i3", "gyroid_i3"]


@dataclass(frozen=True, slots=True)
class Missed:
    """How far the model is from one slice, as signed shares of the model."""

    shape: str
    mass: float
    time: float  # of the whole print
    supports: float | None  # volume; None where the slicer prints none


@cache
def profile_of(printer: PrinterName) -> PrinterProfile:
    """The profile that the slicer was given."""
    if printer == "generic_i3":
        return generic_profile()
    return read_profile(Path(__file__).with_name("gyroid_i3.ini").read_text())


@cache
def _rows(printer: PrinterName, kind: str):
    stored = json.loads(Path(__file__).with_name("model_slices.json").read_text())
    return tuple(
        (_request(row), row["shape"], _sliced(row, stored["slicer"])) for row in stored["profiles"][printer][kind]
    )


def _request(row) -> SliceRequest:
    return SliceRequest(row["infill"], row["supports"], row["layer_height_mm"], row["perimeters"])


def _sliced(row, slicer: str) -> Sliced:
    volumes = row["features_mm3"]
    part = sum(mm3 for name, mm3 in volumes.items() if name not in ("supports", "other"))
    return Sliced(slicer, part, volumes.get("supports", 0.0), row["time_s"], row["layers"], tuple(volumes.items()))


def calibration_slices(printer: PrinterName) -> list[tuple[CalibrationPart, Sliced]]:
    """Every calibration part with what the slicer said of it."""
    said = {(shape, request): sliced for request, shape, sliced in _rows(printer, "calibration")}
    return [(part, said[part.name, part.request]) for part in calibration_parts(profile_of(printer).printer)]


def missed(printer: PrinterName, calibration: Calibration) -> list[Missed]:
    """The model with its calibration against every slice of the shapes that it never saw."""
    return [_missed(calibration, *row) for row in _rows(printer, "unseen")]


def _missed(calibration: Calibration, request: SliceRequest, shape: str, sliced: Sliced) -> Missed:
    printer = replace(
        calibration.printer,
        layer_height_mm=request.layer_height_mm or calibration.printer.layer_height_mm,
        perimeters=request.perimeters or calibration.printer.perimeters,
    )
    part = slice_part(mesh_of(shape), float(request.supports), replace(calibration, printer=printer))
    estimate = part.estimate(MATERIALS["pla"], request.infill)
    return Missed(
        shape,
        sliced.part_mm3 / (estimate.part_g / MATERIALS["pla"].density_g_cm3 * 1000) - 1,
        sliced.time_s / estimate.time_s - 1,
        sliced.support_mm3 / estimate.support_mm3 - 1 if sliced.support_mm3 else None,
    )
