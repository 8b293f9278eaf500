"""From what a prompt asks to a design: which family, which dimensions were said, what follows from them."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pipelines.errors import ContradictoryPrompt, InvalidInput, NoBackend
from pipelines.parametric.building import active_parameters, build, check_value, longest_side, require_inscription
from pipelines.parametric.catalog import FAMILIES, family_of
from pipelines.parametric.families.combination import COMBINABLE, MOST_PARTS, STACKED, prefixes
from pipelines.parametric.parts import Reading, measures, measures_of_parts, part_order, read
from pipelines.parametric.threads import thread_named
from pipelines.parametric.types import Design, Family, Parameter
from pipelines.prompt.types import PromptAnalysis, Word

_SMALLEST_MM: Final = 1.0
_LARGEST_MM: Final = 2000.0
# Coarse circles still have their exact width, and the search for a size only measures.
_MEASURING_CHORD_MM: Final = 0.5
_SEARCH_STEPS: Final = 40
# Problems that say what the object is made without, or how a bare number was read: passed on as notes. All others
# forbid the object.
_TOLD: Final = frozenset({"feature.unsupported", "dimension.ambiguous_unit"})
_FARTHEST_MM: Final = 1e5
# A thing scaled to less than half has walls and letters that no nozzle makes.
_STRONGEST_SHRINK: Final = 0.5
_EXACT: Final = 1e-9


def serves(analysis: PromptAnalysis) -> bool:
    """Whether some family makes what is asked without leaving a part of it out.

    Dimensions are not judged: a request that a family understands but cannot fulfil is `design`'s to refuse, in words.
    """
    try:
        _chosen(analysis)
    except NoBackend:
        return False
    return True


def design(analysis: PromptAnalysis, size_mm: float | None = None) -> Design:
    """The design that an analysis asks for, every dimension settled.

    What was said holds exactly; what was not said follows it in proportion, while walls stay between 1.2 and 3 mm.

    Args:
        analysis: What the prompt asks.
        size_mm: Longest side of the finished object, 1..2000; it moves only what the prompt left open.

    Returns:
        A design that `build` accepts.

    Raises:
        NoBackend: No family makes this, or not with all that is asked; the sentence names what exists.
        ContradictoryPrompt: Dimensions exclude each other or `size_mm`; the sentence names both numbers.
        InvalidInput: A number is not finite, or the inscription cannot be drawn.
    """
    outline, words = _chosen(analysis)
    for problem in analysis.problems:
        if problem.code not in _TOLD:
            raise ContradictoryPrompt(problem.message)
    family = family_of(outline)
    reading = _read_parts(outline, words, analysis) if outline.parts else _read_whole(family, analysis)
    outline = replace(outline, features=tuple(sorted({*outline.features, *reading.features})))
    said = {**dict(reading.said), **_threaded(family, analysis, dict(reading.said))}
    _check_said(family, said)
    chosen = _settled(family, outline, said) if size_mm is None else _sized(family, outline, said, size_mm)
    told = (problem.message for problem in analysis.problems)
    return replace(chosen, notes=(*told, *chosen.notes, *_notes(family, chosen, said)))


# --- which family


def _chosen(analysis: PromptAnalysis) -> tuple[Design, tuple[Word, ...]]:
    """The design with its parameters still empty, and the words that name its parts."""
    words = tuple(word for word in analysis.families if word.value in FAMILIES)
    if not words:
        raise NoBackend(f"No parametric family makes this; there are {', '.join(FAMILIES)}.")
    features = frozenset(word.value for word in analysis.features)
    words = part_order(words, analysis) if _is_combination(words, features) else words[:1]
    parts = tuple(word.value for word in words) if len(words) > 1 else ()
    outline = Design("combination" if parts else words[0].value, (), parts=parts, features=tuple(sorted(features)))
    family = family_of(outline)
    _refuse_what_it_lacks(family, analysis, features)
    return replace(
        outline,
        color=analysis.color.value if analysis.color else family.color,
        inscription=analysis.inscription.value if analysis.inscription else "",
    ), words


def _is_combination(words: tuple[Word, ...], features: frozenset[str]) -> bool:
    """Whether several solids are asked for. One noun said twice is one object, unless it stands on itself."""
    distinct = dict.fromkeys(word.value for word in words)
    if len(distinct) == 1 and (STACKED not in features or len(words) == 1):
        return False
    if not all(name in COMBINABLE for name in distinct):
        raise NoBackend(
            f"No parametric family joins {' and '.join(distinct)}; only {', '.join(COMBINABLE)} can be combined."
        )
    if len(words) > MOST_PARTS:
        raise NoBackend(f"At most {MOST_PARTS} solids can be combined, and {len(words)} are asked for.")
    return True


def _refuse_what_it_lacks(family: Family, analysis: PromptAnalysis, features: frozenset[str]) -> None:
    title = family.title[0].upper() + family.title[1:]
    missing = sorted(features - family.features)
    if missing:
        raise NoBackend(f"{title} cannot be made here with this: {', '.join(missing)}.")
    if analysis.inscription and not any(parameter.unit == "text" for parameter in family.parameters):
        raise NoBackend(f"{title} cannot carry a text here.")
    if analysis.thread and not family.threads:
        raise NoBackend(f"{title} has no thread, and {analysis.thread.value} is asked for.")


# --- what was said


def _read_whole(family: Family, analysis: PromptAnalysis) -> Reading:
    return read((*family.parameters, *family.hints), measures(analysis), family.title)


def _read_parts(outline: Design, words: tuple[Word, ...], analysis: PromptAnalysis) -> Reading:
    """Each part reads the measures around its own noun."""
    said: list[tuple[str, float]] = []
    shares = measures_of_parts(words, measures(analysis), analysis.text)
    for word, prefix, share in zip(words, prefixes(outline.parts), shares, strict=True):
        part = FAMILIES[word.value]
        plain = tuple(parameter for parameter in part.parameters if not parameter.feature)
        said += [(prefix + name, value) for name, value in read(plain, share, part.title).said]
    return Reading(tuple(said), frozenset())


def _threaded(family: Family, analysis: PromptAnalysis, said: dict[str, float]) -> dict[str, float]:
    """What an ISO thread sets: its first column must hold, the others where nothing else was said."""
    if analysis.thread is None:
        return {}
    row = thread_named(analysis.thread.value)
    (column, first), *others = family.threads
    value = float(getattr(row, column))
    if said.get(first, value) != value:
        raise ContradictoryPrompt(
            f"{row.designation} asks for {first.replace('_', ' ')} {value:g} mm, but {said[first]:g} mm is said too."
        )
    return {first: value, **{name: getattr(row, other) for other, name in others if name not in said}}


def _check_said(family: Family, said: dict[str, float]) -> None:
    known = {parameter.name: parameter for parameter in (*family.hints, *family.parameters)}
    for name, value in said.items():
        check_value(family, known[name], value)


# --- what follows


def _settled(family: Family, outline: Design, said: dict[str, float]) -> Design:
    """The design with every parameter, built once, coarsely: what cannot be made is refused now, in words."""
    chosen = _completed(family, outline, said)
    build(replace(chosen, chord_error_mm=_MEASURING_CHORD_MM))
    return chosen


def _completed(family: Family, outline: Design, said: dict[str, float]) -> Design:
    require_inscription(family, outline.inscription)
    settled = family.settle(said, outline.inscription) if family.settle else said
    return replace(outline, parameters=_derived(family, outline, settled))


def _derived(family: Family, outline: Design, settled: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """All parameters: those settled, and the others in proportion to what they follow."""
    parameters = active_parameters(family, frozenset(outline.features))
    default = {parameter.name: parameter.number for parameter in parameters}
    values = {name: value for name, value in settled.items() if name in default}
    pending = [parameter for parameter in parameters if parameter.name not in values]
    while pending:
        ready = next((one for one in pending if any(name in values for name in one.follows)), pending[0])
        pending.remove(ready)
        leader = next((name for name in ready.follows if name in values), None)
        factor = values[leader] / default[leader] if leader and default[leader] else 1.0
        values[ready.name] = _grown(ready, ready.number, factor)
    return tuple((parameter.name, values[parameter.name]) for parameter in parameters)


def _grown(parameter: Parameter, value: float, factor: float) -> float:
    """A value nobody said, after what it follows has grown by a factor. Printable walls stay printable."""
    if parameter.unit != "mm" or parameter.growth == 0:
        return value
    grown = value * factor**parameter.growth
    low, high = parameter.derived or (parameter.low, parameter.high)
    return float(min(max(grown, low), high))


# --- a size for the whole


def _sized(family: Family, outline: Design, said: dict[str, float], size_mm: float) -> Design:
    """The design whose longest side is `size_mm`.

    One dimension that nobody said leads, the others follow it as if it had been said. Where none can, and nothing was
    said at all, a uniform factor does it.
    """
    if not (math.isfinite(size_mm) and _SMALLEST_MM <= size_mm <= _LARGEST_MM):
        raise InvalidInput(f"size_mm can be {_SMALLEST_MM:g} to {_LARGEST_MM:g}, got {size_mm}.")
    refusal: ContradictoryPrompt | None = None
    for leader in _leaders(family, outline, said):
        try:
            led = _led(family, outline, said, leader, size_mm)
            if led is not None:
                return _settled(family, outline, led)
        except ContradictoryPrompt as error:
            refusal = refusal or error
    plain = _settled(family, outline, said)
    reached = longest_side(plain)
    factor = size_mm / reached
    if abs(factor - 1) <= _EXACT:
        return plain
    if said or factor < _STRONGEST_SHRINK:
        raise ContradictoryPrompt(_misfit(family, said, reached, size_mm, refusal)) from refusal
    note = f"everything is scaled by {factor:.4g} to reach {size_mm:g} mm, walls and threads too"
    return replace(plain, fit_scale=factor, notes=(note,))


def _leaders(family: Family, outline: Design, said: dict[str, float]) -> list[Parameter]:
    """Dimensions that nobody said, those first that the word "size" means."""
    known = (*family.hints, *active_parameters(family, frozenset(outline.features)))
    free = [one for one in known if one.unit == "mm" and one.growth == 1 and one.number > 0 and one.name not in said]
    return sorted(free, key=lambda parameter: "size" not in parameter.said_as)


def _led(
    family: Family, outline: Design, said: dict[str, float], leader: Parameter, size_mm: float
) -> dict[str, float] | None:
    """What was said and the leader's value at which the longest side fits; nothing if it never does."""
    coarse = replace(outline, chord_error_mm=_MEASURING_CHORD_MM)
    value, before = leader.number, (0.0, 0.0)
    for _ in range(_SEARCH_STEPS):
        reached = longest_side(_completed(family, coarse, {**said, leader.name: value}))
        if abs(reached - size_mm) <= _EXACT * size_mm:
            return {**said, leader.name: round(value, 6)}
        here, slope = (value, reached), (reached - before[1]) / (value - before[0])
        # The longest side grows straight with its leader, once the leader is the longest: a secant then hits it.
        straight = value + (size_mm - reached) / slope if slope > 0 else 0.0
        value, before = (straight if straight > value / 10 else value * size_mm / reached), here
        if value == before[0] or not value < _FARTHEST_MM:
            return None
    return None


def _misfit(
    family: Family, said: dict[str, float], reached: float, size_mm: float, refusal: ContradictoryPrompt | None
) -> str:
    words = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in said.items())
    as_said = f" with {words}" if words else ""
    reason = f" {refusal}" if refusal else ""
    return (
        f"The longest side of {family.title}{as_said} is {reached:.5g} mm and cannot become the {size_mm:g} mm "
        f"of size_mm.{reason}"
    )


# --- what the user should know


def _notes(family: Family, chosen: Design, said: dict[str, float]) -> Iterator[str]:
    open_values = [
        f"{name.replace('_', ' ')} {value:.4g}" + (" mm" if family.parameter(name).unit == "mm" else "")
        for name, value in chosen.parameters
        if name not in said
    ]
    if open_values:
        yield "not said, so chosen in proportion: " + ", ".join(open_values)
    if family.remark:
        yield family.remark
