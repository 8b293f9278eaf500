"""From what a prompt asks to a design: which family, which dimensions were said, what follows from them."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pipelines.errors import ContradictoryPrompt, InvalidInput, NoBackend
from pipelines.parametric.building import active_parameters, build, check_value, longest_side
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
_FARTHEST_FACTOR: Final = 100.0
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
    if analysis.problems:
        raise ContradictoryPrompt(analysis.problems[0].message)
    family = family_of(outline)
    reading = _read_parts(outline, words, analysis) if outline.parts else _read_whole(family, analysis)
    outline = replace(outline, features=tuple(sorted({*outline.features, *reading.features})))
    said = {**dict(reading.said), **_threaded(family, analysis, dict(reading.said))}
    _check_said(family, said)
    settled = family.settle(said, outline.inscription) if family.settle else said
    chosen = replace(outline, parameters=_derived(family, outline, settled))
    if size_mm is not None:
        chosen = _sized(family, chosen, said, size_mm)
    # Built once, coarsely: what cannot be made is refused now, in words, and not by the next stage.
    build(replace(chosen, chord_error_mm=_MEASURING_CHORD_MM))
    return replace(chosen, notes=(*chosen.notes, *_notes(family, chosen, said)))


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
    low, high = parameter.derived or (0.0, math.inf)
    return float(min(max(grown, low), high))


# --- a size for the whole


def _sized(family: Family, chosen: Design, said: dict[str, float], size_mm: float) -> Design:
    """The design whose longest side is `size_mm`: what was not said grows, and a uniform factor takes the rest."""
    if not (math.isfinite(size_mm) and _SMALLEST_MM <= size_mm <= _LARGEST_MM):
        raise InvalidInput(f"size_mm can be {_SMALLEST_MM:g} to {_LARGEST_MM:g}, got {size_mm}.")
    best = _grow_to(family, chosen, said, size_mm)
    reached = longest_side(best)
    if abs(reached - size_mm) <= _EXACT * size_mm:
        return best
    if not said:
        note = f"everything is scaled by {size_mm / reached:.4g} to reach {size_mm:g} mm, walls and threads too"
        return replace(best, fit_scale=size_mm / reached, notes=(note,))
    words = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in said.items())
    raise ContradictoryPrompt(
        f"With {words} as said, the longest side of {family.title} is {longest_side(chosen):.5g} mm "
        f"and cannot become the {size_mm:g} mm of size_mm."
    )


def _grow_to(family: Family, chosen: Design, said: dict[str, float], size_mm: float) -> Design:
    """Multiply what was left open until the longest side fits; the nearest design when it cannot."""
    coarse = replace(chosen, chord_error_mm=_MEASURING_CHORD_MM)
    factor, grown = 1.0, coarse
    for _ in range(_SEARCH_STEPS):
        reached = longest_side(grown)
        if abs(reached - size_mm) <= _EXACT * size_mm / 2:
            break
        factor *= size_mm / reached
        if not 1 / _FARTHEST_FACTOR < factor < _FARTHEST_FACTOR:
            grown = coarse
            break
        grown = replace(coarse, parameters=tuple(_open_grown(family, chosen, said, factor)))
    return replace(grown, chord_error_mm=chosen.chord_error_mm)


def _open_grown(family: Family, chosen: Design, said: dict[str, float], factor: float) -> Iterator[tuple[str, float]]:
    for name, value in chosen.parameters:
        yield name, value if name in said else _grown(family.parameter(name), value, factor)


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
