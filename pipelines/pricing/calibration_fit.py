"""The weights of a printer, from a slicer's own slices of the calibration parts.

Every term of the model gets a factor that is never negative, found by least squares on the relative errors of whole
prints. A ridge pulls each factor towards 1, which is physics: few slices then bend the model only as far as they
know better. The bands come from shapes that were left out of the fit, by the quantile that makes them hold for the
next shape too.

Source:
    Lei et al. 2018, "Distribution-free predictive inference for regression": the k-th smallest of n residuals of
    shapes left out, k = ceil((n + 1) * 0.9), covers nine in ten new ones.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from decimal import Decimal
from math import ceil, isfinite
from typing import Final

import numpy as np

from pipelines.errors import InvalidInput
from pipelines.pricing.calibration import Calibration, band_of
from pipelines.pricing.calibration_parts import CalibrationPart
from pipelines.pricing.estimate import MOST_LAYERS, solid_of
from pipelines.pricing.print_time import Features, layer_costs, print_features
from pipelines.pricing.printers import FdmPrinter
from pipelines.pricing.profile import PrinterProfile
from pipelines.pricing.slicing import Sliced
from pipelines.pricing.supports import SupportFeatures, support_features
from pipelines.pricing.toolpaths import Floats, toolpaths
from pipelines.pricing.weights import (
    MASS_TERMS,
    MOVES,
    TIME_TERMS,
    Bands,
    MassWeights,
    SupportWeights,
    TimeWeights,
    Weights,
)

LEAST_SLICES: Final = 12
LEAST_SHAPES: Final = 6
COVERED: Final = 0.9
MASS_RIDGE: Final = 3e-3  # of a factor that is off by 1, against the mean squared error: 1e-3 for 3 %
TIME_RIDGE: Final = 5e-3
SUPPORT_RIDGE: Final = 1e-2
START_S: Final = 100.0  # moves before and after a part that are as odd as a factor which is off by 1
UNKNOWN_BAND: Final = Decimal("0.5")  # of supports, where none were sliced
# Seven supported slices are too few to say what nine in ten new ones keep to: on 22 unseen ones of two printers it
# was 21 %.
LEAST_SUPPORT_BAND: Final = Decimal("0.25")
_ROUNDS: Final = 4  # which layers are slowed depends on the weights, and the weights on which


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How far the slicer was from a model that had not seen the shape: a signed share of the model for each slice."""

    mass: tuple[float, ...]
    time: tuple[float, ...]  # of slices without supports
    supports: tuple[float, ...]  # volume, of slices with supports


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration, and what it was judged by."""

    calibration: Calibration
    left_out: LeftOut


def calibrate(profile: PrinterProfile, slices: Sequence[tuple[CalibrationPart, Sliced]], made_on: date) -> Fit:
    """The calibration of a printer.

    Args:
        profile: The profile that the slicer was given.
        slices: `calibration_parts` of its printer, each with what the slicer said of it; parts that could not be
            sliced may be missing.
        made_on: Today.

    Returns:
        Weights, and the bands within which nine in ten shapes that were left out of the fit came out.

    Raises:
        InvalidInput: Fewer than 12 slices or 6 shapes, slices of several slicers, or one that extruded nothing.
    """
    _check(slices)
    seen = [_seen(part, sliced, profile.printer) for part, sliced in slices]
    weights, left_out = _fit(seen), _left_out(seen)
    calibration = Calibration(
        name=profile.name,
        slicer=slices[0][1].slicer,
        profile_sha256=profile.sha256,
        slices=len(slices),
        made_on=made_on,
        build_volume_mm=profile.build_volume_mm,
        printer=profile.printer,
        weights=weights,
        bands=_bands(left_out),
    )
    return Fit(calibration, left_out)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """One slice: what physics says of it, term by term, and what the slicer says."""

    shape: str
    features: Features
    supports: SupportFeatures | None
    sliced: Sliced

    def part_s(self, weights: Weights) -> float:
        """Time of the part by the model, without supports."""
        return float(layer_costs(self.features, weights).time_s.sum()) + weights.start_s

    def part_mm3(self, weights: Weights) -> float:
        """Volume of the part by the model."""
        return float(layer_costs(self.features, weights).volume_mm3.sum())


def _check(slices: Sequence[tuple[CalibrationPart, Sliced]]) -> None:
    shapes = {part.name for part, _ in slices}
    if len(slices) < LEAST_SLICES or len(shapes) < LEAST_SHAPES:
        raise InvalidInput(
            f"A calibration takes at least {LEAST_SLICES} slices of {LEAST_SHAPES} shapes, "
            f"got {len(slices)} of {len(shapes)}."
        )
    slicers = sorted({sliced.slicer for _, sliced in slices})
    if len(slicers) > 1:
        raise InvalidInput(f"A calibration is of one slicer, got {' and '.join(slicers)}.")
    for part, sliced in slices:
        figures = (sliced.part_mm3, sliced.time_s)
        if not all(isfinite(figure) and figure > 0 for figure in figures) or not 0 <= sliced.support_mm3 < np.inf:
            raise InvalidInput(f"The slice of {part.name!r} extruded nothing, or says no time.")


def _seen(part: CalibrationPart, sliced: Sliced, printer: FdmPrinter) -> _Seen:
    asked = part.request
    changed = replace(
        printer,
        layer_height_mm=asked.layer_height_mm or printer.layer_height_mm,
        perimeters=asked.perimeters or printer.perimeters,
    )
    solid = solid_of(part.mesh)
    paths = toolpaths(solid, changed, "hollow" if asked.infill == 0.0 else "sparse", MOST_LAYERS)
    features = print_features(paths, changed, asked.infill, changed.max_flow_mm3_s)
    supports = support_features(solid, changed, MOST_LAYERS) if asked.supports else None
    return _Seen(part.name, features, supports, sliced)


def _fit(seen: Sequence[_Seen]) -> Weights:
    bare, held = [one for one in seen if not one.supports], [one for one in seen if one.supports]
    weights = _fit_time(bare, Weights(mass=_fit_mass(seen)))
    return replace(weights, supports=_fit_supports(held, weights)) if held else weights


def _fit_mass(seen: Sequence[_Seen]) -> MassWeights:
    terms = np.array([one.features.volumes_mm3.sum(axis=1) / one.sliced.part_mm3 for one in seen])
    return MassWeights(*_solved(terms, np.ones(len(seen)), np.full(len(MASS_TERMS), MASS_RIDGE), 1.0))


def _fit_time(bare: Sequence[_Seen], weights: Weights) -> Weights:
    """Factors on times. Slowed layers bear on `cooling`, all others on their moves: looked at anew in each round."""
    ridge, prior = np.full(len(TIME_TERMS) + 1, TIME_RIDGE), np.r_[np.ones(len(TIME_TERMS)), 0.0]
    for _ in range(_ROUNDS):
        terms = np.array([np.r_[_borne_s(one.features, weights.time), START_S] / one.sliced.time_s for one in bare])
        *times, starts = _solved(terms, np.ones(len(bare)), ridge, prior)
        weights = replace(weights, time=TimeWeights(*times), start_s=starts * START_S)
    return weights


def _borne_s(features: Features, weights: TimeWeights) -> Floats:
    """Time that each term bears, [T]: of a layer either its moves or what it is slowed to, whichever is longer."""
    factors, times = np.array(astuple(weights)), features.times_s
    slowed = factors[MOVES] * times[MOVES] > factors[:MOVES] @ times[:MOVES]
    borne = times.copy()
    borne[:MOVES, slowed] = 0.0
    borne[MOVES, ~slowed] = 0.0
    return np.asarray(borne.sum(axis=1))


def _fit_supports(held: Sequence[_Seen], weights: Weights) -> SupportWeights:
    """Factors on supports: their time is what the model of the part leaves of the whole."""
    found = [(one, one.supports) for one in held if one.supports and one.sliced.support_mm3 > 0.0]
    if not found:
        return SupportWeights()
    supports_mm3 = np.array([one.sliced.support_mm3 for one, _ in found])
    whole_s = np.array([one.sliced.time_s for one, _ in found])
    volumes = np.array([[f.columns_mm3, f.interfaces_mm3] for _, f in found]) / supports_mm3[:, None]
    times = np.array([[f.columns_s, f.interfaces_s] for _, f in found]) / whole_s[:, None]
    left = np.array([1.0 - one.part_s(weights) / one.sliced.time_s for one, _ in found])
    ridge = np.full(2, SUPPORT_RIDGE)
    columns, interfaces = _solved(volumes, np.ones(len(found)), ridge, 1.0)
    columns_time, interfaces_time = _solved(times, left, ridge, 1.0)
    return SupportWeights(columns, interfaces, columns_time, interfaces_time)


def _solved(terms: Floats, target: Floats, ridge: Floats, prior: Floats | float) -> list[float]:
    """Factors >= 0 of the columns of `terms`, [N, T], whose sum is near `target`, [N], pulled towards the prior."""
    from scipy.optimize import nnls  # noqa: PLC0415  quotes never fit, and need not wait for scipy

    pull = np.sqrt(ridge * len(target))
    factors, _ = nnls(np.vstack([terms, np.diag(pull)]), np.r_[target, pull * prior])
    return [float(factor) for factor in factors]


def _left_out(seen: Sequence[_Seen]) -> LeftOut:
    """How near each slice came with its own shape left out of the fit."""
    mass, time, supports = [], [], []
    for shape in dict.fromkeys(one.shape for one in seen):
        weights = _fit([one for one in seen if one.shape != shape])
        for one in (one for one in seen if one.shape == shape):
            mass.append(one.sliced.part_mm3 / one.part_mm3(weights) - 1)
            if one.supports is None:
                time.append(one.sliced.time_s / one.part_s(weights) - 1)
            elif one.sliced.support_mm3 > 0.0:
                w = weights.supports
                modelled = w.columns * one.supports.columns_mm3 + w.interfaces * one.supports.interfaces_mm3
                supports.append(one.sliced.support_mm3 / max(modelled, 1e-9) - 1)
    return LeftOut(tuple(mass), tuple(time), tuple(supports))


def _bands(missed: LeftOut) -> Bands:
    supports = max(_covering(missed.supports), LEAST_SUPPORT_BAND) if missed.supports else UNKNOWN_BAND
    return Bands(_covering(missed.mass), _covering(missed.time), supports)


def _covering(errors: Sequence[float]) -> Decimal:
    """The band that covers nine in ten new shapes: a little wider than that of the shapes seen."""
    ordered = sorted(map(abs, errors))
    return band_of(ordered[min(ceil((len(ordered) + 1) * COVERED), len(ordered)) - 1])
