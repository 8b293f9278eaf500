"""How long a print head takes: moves at limited speed, acceleration and jerk, as Marlin's planner makes them."""

from math import sqrt

import numpy as np

from pipelines.pricing.printers import FdmPrinter
from pipelines.pricing.toolpaths import Floats


def start_s(speed_mm_s: Floats | float, acceleration_mm_s2: float, jerk_mm_s: float) -> Floats:
    """Time that a line loses by starting and ending at the jerk speed."""
    speed = np.maximum(speed_mm_s, 1e-6)
    return np.maximum(speed - jerk_mm_s, 0.0) ** 2 / (acceleration_mm_s2 * speed)


def move_s(
    length_mm: Floats | float, speed_mm_s: Floats | float, acceleration_mm_s2: float, jerk_mm_s: float
) -> Floats:
    """Time of a move that begins and ends at the jerk speed."""
    speed = np.maximum(speed_mm_s, jerk_mm_s)
    peak = np.minimum(speed, np.sqrt(acceleration_mm_s2 * np.asarray(length_mm) + jerk_mm_s**2))
    ramps = (peak**2 - jerk_mm_s**2) / acceleration_mm_s2
    return 2 * (peak - jerk_mm_s) / acceleration_mm_s2 + np.maximum(length_mm - ramps, 0.0) / peak


def from_rest_s(length_mm: float, speed_mm_s: float, acceleration_mm_s2: float) -> float:
    """Time of a move that begins and ends at rest."""
    ramps = speed_mm_s**2 / acceleration_mm_s2
    if length_mm < ramps:
        return 2 * sqrt(length_mm / acceleration_mm_s2)
    return length_mm / speed_mm_s + speed_mm_s / acceleration_mm_s2


def retraction_s(printer: FdmPrinter) -> float:
    """Retract, lift, lower and prime."""
    acceleration = printer.retract_acceleration_mm_s2
    lift = from_rest_s(printer.z_lift_mm, printer.z_speed_mm_s, printer.z_acceleration_mm_s2)
    back = from_rest_s(printer.retract_mm, printer.retract_speed_mm_s, acceleration)
    return back + 2 * lift + from_rest_s(printer.retract_mm, printer.prime_speed_mm_s, acceleration)


def next_layer_s(printer: FdmPrinter) -> float:
    """The move up, with a retraction where the printer makes one."""
    up = from_rest_s(printer.layer_height_mm, printer.z_speed_mm_s, printer.z_acceleration_mm_s2)
    return up + (retraction_s(printer) if printer.retract_each_layer else 0.0)
