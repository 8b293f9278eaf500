"""What is impossible, contradictory or not made, said in the language of the prompt."""

from collections.abc import Iterator
from typing import Final

from pipelines.prompt.types import Dimension, DimensionName, Language, Problem, PromptAnalysis, Span

_MESSAGES: Final[dict[str, dict[Language, str]]] = {
    "dimension.not_positive": {
        "en": "A length must be greater than zero, but the prompt says {what!r}.",
        "pt": "Uma medida precisa ser maior que zero, mas o pedido diz {what!r}.",
    },
    "dimension.not_finite": {
        "en": "{what!r} is not a finite length.",
        "pt": "{what!r} não é uma medida finita.",
    },
    "dimension.too_small": {
        "en": "{what!r} is smaller than any printer can make; the least is 0.05 mm.",
        "pt": "{what!r} é menor do que qualquer impressora consegue fazer; o mínimo é 0,05 mm.",
    },
    "dimension.exceeds_bed": {
        "en": "{what!r} ({value:g} mm) does not fit: the longest side of the build volume is {limit:g} mm.",
        "pt": "{what!r} ({value:g} mm) não cabe: o maior lado do volume de impressão tem {limit:g} mm.",
    },
    "dimension.contradictory": {
        "en": "{what!r} contradicts {other!r}.",
        "pt": "{what!r} contradiz {other!r}.",
    },
    "dimension.ambiguous_unit": {
        "en": "{what!r} has no unit; it is read as millimetres.",
        "pt": "{what!r} não tem unidade; foi lido em milímetros.",
    },
    "quantity.not_positive": {
        "en": "The quantity must be at least 1, but the prompt says {what!r}.",
        "pt": "A quantidade precisa ser pelo menos 1, mas o pedido diz {what!r}.",
    },
    "quantity.too_large": {
        "en": "{what!r} is more than the {limit:g} copies that one request may ask for.",
        "pt": "{what!r} passa das {limit:g} cópias que um pedido pode ter.",
    },
    "count.not_positive": {
        "en": "A counted part must be there at least once, but the prompt says {what!r}.",
        "pt": "Uma parte contada precisa existir ao menos uma vez, mas o pedido diz {what!r}.",
    },
    "count.too_large": {
        "en": "{what!r} is more than can be made.",
        "pt": "{what!r} é mais do que se consegue fazer.",
    },
    "thread.unsupported": {
        "en": "{what!r} is not a metric thread; only threads such as M6 are made.",
        "pt": "{what!r} não é rosca métrica; só se fazem roscas como M6.",
    },
    "feature.unsupported": {
        "en": "{what!r} is not taken into account: this object is made without it.",
        "pt": "{what!r} não será considerado: o objeto é feito sem isso.",
    },
}
_STOPPING: Final = frozenset(_MESSAGES) - {"dimension.ambiguous_unit", "feature.unsupported"}
_MAX_QUOTED: Final = 60

OUTER: Final[frozenset[DimensionName]] = frozenset(
    {"size", "height", "width", "depth", "length", "diameter", "top_diameter", "bottom_diameter"}
)
# A wall or a hole must be smaller than these.
_ACROSS: Final[tuple[DimensionName, ...]] = ("diameter", "width", "depth", "size")


def problem(code: str, language: Language, text: str, span: Span, **details: object) -> Problem:
    """The problem with its sentence; long evidence is cut."""
    what = text[span.start : span.end]
    what = what if len(what) <= _MAX_QUOTED else what[: _MAX_QUOTED - 1] + "…"
    return Problem(code, _MESSAGES[code][language].format(what=what, **details), span)


def contradictions(analysis: PromptAnalysis) -> tuple[Problem, ...]:
    """The problems that must stop a job; the others are only told.

    Stopping are impossible, contradictory and oversized lengths, impossible quantities and threads that are not made.
    A missing unit and a part that is not made are told.
    """
    return tuple(found for found in analysis.problems if found.code in _STOPPING)


def check_lengths(
    analysis: PromptAnalysis, build_volume_mm: tuple[float, float, float], *, is_combination: bool
) -> Iterator[Problem]:
    """Lengths too large for the printer, and lengths that cannot both be true."""
    limit = max(build_volume_mm)
    for found in analysis.dimensions:
        if found.name in OUTER and found.value_mm > limit:
            details = {"limit": limit, "value": found.value_mm}
            yield problem("dimension.exceeds_bed", analysis.language, analysis.text, found.span, **details)
    if is_combination:
        return
    for found, other in (*_repeated(analysis), *_impossible_pairs(analysis), *_gear_pairs(analysis)):
        text = analysis.text[other.span.start : other.span.end]
        yield problem("dimension.contradictory", analysis.language, analysis.text, found.span, other=text)


def _repeated(analysis: PromptAnalysis) -> Iterator[tuple[Dimension, Dimension]]:
    """Two values for one length; holes may differ."""
    first: dict[DimensionName, Dimension] = {}
    for found in analysis.dimensions:
        other = first.setdefault(found.name, found)
        if found.name != "hole_diameter" and abs(found.value_mm - other.value_mm) > 1e-6 * other.value_mm:
            yield found, other


def _impossible_pairs(analysis: PromptAnalysis) -> Iterator[tuple[Dimension, Dimension]]:
    """What is inside and not smaller than what is outside."""
    for inside, share, outside in (
        ("wall", 0.5, _ACROSS),
        ("inner_diameter", 1.0, ("diameter",)),
        ("hole_diameter", 1.0, _ACROSS),
        ("base_thickness", 1.0, ("height",)),
        ("corner_radius", 0.5, ("width", "depth", "size")),
        ("seat_height", 1.0, ("height",)),
        ("lip", 1.0, ("height",)),
    ):
        small = _first(analysis, inside)
        for name in outside:
            large = _first(analysis, name)
            if small and large and small.value_mm > share * large.value_mm - 1e-9 + _slack(inside, share, large):
                yield small, large
                break


def _slack(inside: str, share: float, large: Dimension) -> float:
    """Corners may meet in a half circle: only more than half the side is impossible."""
    return 1e-6 * share * large.value_mm if inside == "corner_radius" else 0.0


def _gear_pairs(analysis: PromptAnalysis) -> Iterator[tuple[Dimension, Dimension]]:
    """A gear's diameter follows from module and teeth: m z at the pitch circle, m (z + 2) outside, m (z - 2.5) inside.

    Source:
        ISO 53 basic rack: addendum 1 m, dedendum 1.25 m.
    """
    module, diameter, hole = (_first(analysis, name) for name in ("module", "diameter", "hole_diameter"))
    teeth = analysis.count("teeth")
    if module is None or teeth is None:
        return
    pitch_mm, outer_mm = module.value_mm * teeth, module.value_mm * (teeth + 2)
    if diameter and min(abs(diameter.value_mm - size) / size for size in (pitch_mm, outer_mm)) > 0.02:
        yield diameter, module
    if hole and hole.value_mm >= module.value_mm * (teeth - 2.5):
        yield hole, module


def _first(analysis: PromptAnalysis, name: str) -> Dimension | None:
    return next((found for found in analysis.dimensions if found.name == name), None)
