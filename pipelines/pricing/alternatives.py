"""What else could be ordered: the same order with one thing changed, and what that saves.

All of it is the model's word, walked coarsely. Where a slicer measured the order itself, the model's figures are scaled
by how far it was off there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf, log, sqrt
from typing import Final

from pipelines.errors import InvalidInput
from pipelines.pricing.costs import Print, Terms, amounts, lies_on_plate
from pipelines.pricing.estimate import PrintEstimate, SlicedPart, in_whole_units
from pipelines.pricing.materials import Material, suits
from pipelines.pricing.money import rounded
from pipelines.pricing.quotation import Alternative, AlternativeKind, QuoteRequest, Workshop
from pipelines.printability import PrintReport, Turn

LEAST_SAVING: Final = 0.01  # of the total: less is within what a coarse walk knows
LEAST_SIDE_MM: Final = 5.0  # of the longest side: nobody orders less, and few printers make it
COARSE_ERROR: Final = 0.02  # of a coarse walk's total against a fine one's: a size is sought under the budget less this
MOST_WALKS: Final = 5  # of the search for a size, each 40 layers
NEAR_ENOUGH: Final = 0.01  # of every length, or of the price


@dataclass(frozen=True, slots=True)
class Order:
    """What is quoted, and with what."""

    part: SlicedPart
    report: PrintReport
    request: QuoteRequest
    terms: Terms
    workshop: Workshop
    made: Print
    model: PrintEstimate  # the model's own for `made`, which a slicer may have measured
    total_minor: int


def alternatives(order: Order) -> tuple[Alternative, ...]:
    """Materials that suit the uses at any price, and what is cheaper: half the infill, half the size, a better turn.

    Last the largest size under the request's budget, where it has one and there is such a size.
    """
    return (*_materials(order), *_thinner(order), *_halved(order), *_laid(order), *_affordable(order))


def _materials(order: Order) -> Iterator[Alternative]:
    made, request = order.made, order.request
    for name in order.terms.book.materials:
        other = order.terms.book.material(name)
        if name == made.material.name or not suits(other, request.uses) or not _walls_print(order, other, 1.0):
            continue
        printed = _print(order, order.part, other)
        found = _offered(order, "material", f"{other.title} instead of {made.material.title}", printed)
        if found is not None and lies_on_plate(printed, order.terms.book):
            yield found


def _thinner(order: Order) -> Iterator[Alternative]:
    share = order.request.infill
    if order.made.is_resin or share < 0.1:
        return
    label = f"{share / 2:.0%} infill instead of {share:.0%}"
    thin = _print(order, order.part, order.made.material, share / 2)
    yield from _cheaper(_offered(order, "infill", label, thin, infill=share / 2), order)


def _halved(order: Order) -> Iterator[Alternative]:
    if not _walls_print(order, order.made.material, 0.5):
        return
    small = _print(order, order.part.scaled(0.5), order.made.material)
    label = f"Half the size: {_sides(small)}"
    yield from _cheaper(_offered(order, "size", label, small, scale=0.5), order)


def _laid(order: Order) -> Iterator[Alternative]:
    """The report's best turn that fits the printer."""
    turn = next((turn for turn in order.report.turns if turn.fits), None)
    if turn is None:
        return
    laid = _print(order, order.part.turned(turn.rotation, _support_mm3(order, turn)), order.made.material)
    less_g = order.made.estimate.support_g - laid.estimate.support_g
    label = f"Laid with {turn.up} up" + (f": {less_g:.1f} g less support" if less_g > 0 else "")
    yield from _cheaper(_offered(order, "orientation", label, laid, up=turn.up), order)


def _affordable(order: Order) -> Iterator[Alternative]:
    budget = order.request.budget_minor
    if budget is None:
        return
    largest = _largest(order, budget * (1 - COARSE_ERROR))
    if largest is None:
        return
    label = f"Largest size within the budget: {_sides(largest.made)}"
    if found := _offered(order, "budget", label, largest.made, scale=round(largest.scale, 4)):
        yield found


@dataclass(frozen=True, slots=True)
class _Sized:
    """The order at another scale, and what it comes to; infinite where it cannot be sent."""

    scale: float
    made: Print
    minor: float


def _largest(order: Order, budget_minor: float) -> _Sized | None:
    """The largest size within a budget, to about one in a hundred; None where there is none.

    It stays within the build volume, and above the least wall and side. Costs grow with the size but for steps of a
    few percent where a wall gains a line: what is given was priced itself.
    """
    least, most = _scales(order)
    if least > most:
        return None
    own = _Sized(1.0, order.made, order.total_minor)
    if least <= 1.0 <= most:
        end = _sized(order, most if own.minor <= budget_minor else least)
        fits, over = (own, end) if own.minor <= budget_minor else (end, own)
    else:
        fits, over = _sized(order, least), _sized(order, most)
    if over.minor <= budget_minor:
        return over
    return _narrowed(order, fits, over, budget_minor) if fits.minor <= budget_minor else None


def _narrowed(order: Order, fits: _Sized, over: _Sized, budget_minor: float) -> _Sized:
    """The size that fits, brought near to the one that does not."""
    for _ in range(MOST_WALKS):
        if over.scale <= fits.scale * (1 + NEAR_ENOUGH) or fits.minor >= budget_minor * (1 - NEAR_ENOUGH):
            break
        tried = _sized(order, _between(fits, over, budget_minor))
        fits, over = (tried, over) if tried.minor <= budget_minor else (fits, tried)
    return fits


def _between(fits: _Sized, over: _Sized, budget_minor: float) -> float:
    """Where a power law through both ends meets the budget, kept off the ends; the middle where one is unknown."""
    if over.minor == inf or fits.minor <= 0:
        return sqrt(fits.scale * over.scale)
    share = log(budget_minor / fits.minor) / log(over.minor / fits.minor)
    return fits.scale * float((over.scale / fits.scale) ** min(0.95, max(0.05, share)))


def _scales(order: Order) -> tuple[float, float]:
    """Least and largest scale that can be printed."""
    sides = order.part.size_mm
    most = min(room / side for room, side in zip(order.workshop.build_volume_mm, sides, strict=True))
    wall = order.report.min_wall_mm
    least_wall = order.made.material.process.least_wall_mm / wall if wall else 0.0
    return max(LEAST_SIDE_MM / max(sides), least_wall), most


def _sized(order: Order, scale: float) -> _Sized:
    made = _print(order, order.part.scaled(scale), order.made.material)
    try:
        return _Sized(scale, made, _minor(order, made))
    except InvalidInput:
        return _Sized(scale, made, inf)


def _print(order: Order, part: SlicedPart, material: Material, infill: float | None = None) -> Print:
    estimate = part.estimate(material, order.request.infill if infill is None else infill)
    return Print(in_whole_units(_as_measured(order, estimate, material)), material, part.size_mm)


def _as_measured(order: Order, estimate: PrintEstimate, material: Material) -> PrintEstimate:
    """The model's estimate, off by as much as it was off from the slicer for the order itself."""
    measured, model = order.made.estimate, order.model
    if measured.source == "geometry" or material.process.name != order.made.material.process.name:
        return estimate
    return replace(
        estimate,
        part_g=estimate.part_g * _ratio(measured.part_g, model.part_g),
        part_s=estimate.part_s * _ratio(measured.part_s, model.part_s),
        support_g=estimate.support_g * _ratio(measured.support_g, model.support_g),
        support_s=estimate.support_s * _ratio(measured.support_s, model.support_s),
        support_mm3=estimate.support_mm3 * _ratio(measured.support_mm3, model.support_mm3),
    )


def _support_mm3(order: Order, turn: Turn) -> float:
    """Support of a turn, off by as much as the report's was where it stands; none where none may be printed."""
    if not order.request.support:
        return 0.0
    measured, reported = order.made.estimate.support_mm3, order.report.support_volume_mm3
    return turn.support_mm3 * (_ratio(measured, reported) if order.made.estimate.source == "slicer" else 1.0)


def _ratio(one: float, other: float) -> float:
    return one / other if one and other else 1.0


def _minor(order: Order, made: Print) -> int:
    return rounded(amounts(made, order.request.quantity, order.terms).total)


def _offered(
    order: Order,
    kind: AlternativeKind,
    label: str,
    made: Print,
    *,
    infill: float | None = None,
    scale: float = 1.0,
    up: str | None = None,
) -> Alternative | None:
    """An alternative with its price; None where it cannot be sent."""
    try:
        total = _minor(order, made)
    except InvalidInput:
        return None
    x, y, z = (round(side, 2) for side in made.size_mm)
    return Alternative(
        kind=kind,
        label=label,
        material=made.material.name,
        infill=float(order.request.infill) if infill is None else infill,
        scale=scale,
        total_minor=total,
        mass_g=round(made.estimate.mass_g, 3),
        print_time_s=int(made.estimate.time_s),
        saving_minor=order.total_minor - total,
        size_mm=(x, y, z),
        up=up,
    )


def _cheaper(found: Alternative | None, order: Order) -> Iterator[Alternative]:
    if found is not None and found.saving_minor > LEAST_SAVING * order.total_minor:
        yield found


def _walls_print(order: Order, material: Material, scale: float) -> bool:
    wall = order.report.min_wall_mm
    return wall is not None and wall * scale >= material.process.least_wall_mm


def _sides(made: Print) -> str:
    return " × ".join(f"{side:.0f}" for side in made.size_mm) + " mm"
