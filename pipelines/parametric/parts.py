"""Which measure of a prompt belongs to which part, and to which parameter of it."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipelines.errors import ContradictoryPrompt
from pipelines.parametric.families.combination import STACKED
from pipelines.parametric.types import Parameter
from pipelines.prompt.types import PromptAnalysis, Span, Word

# Words after which a prompt speaks of the next part, in English and Portuguese.
_SEPARATOR: Final = re.compile(
    r",|;|\b(?:and|on|over|under|atop|above|below|beside|next|plus|with"
    r"|e|sobre|sob|em cima|ao lado|acima|abaixo|mais|com)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Measure:
    """One said number: a length in mm or a count."""

    name: str
    value: float
    span: Span


@dataclass(frozen=True, slots=True)
class Reading:
    """Parameters that measures set, and the features they imply: a hole's diameter asks for a hole."""

    said: tuple[tuple[str, float], ...]
    features: frozenset[str]


def measures(analysis: PromptAnalysis) -> tuple[Measure, ...]:
    """Every length and count of the prompt; lengths without an axis last, so that the others choose first."""
    lengths = [Measure(found.name, found.value_mm, found.span) for found in analysis.dimensions]
    counts = [Measure(found.name, float(found.value), found.span) for found in analysis.counts]
    return tuple(sorted((*lengths, *counts), key=lambda measure: measure.name == "size"))


def part_order(words: tuple[Word, ...], analysis: PromptAnalysis) -> tuple[Word, ...]:
    """Parts from the bed up, or left to right: "A on top of B" names the upper one first, "B with A on top" last."""
    by_place = tuple(sorted(words, key=lambda word: word.span.start))
    stacked = next((word for word in analysis.features if word.value == STACKED), None)
    if stacked is not None and stacked.span.start < by_place[-1].span.start:
        return by_place[::-1]
    return by_place


def measures_of_parts(words: tuple[Word, ...], said: tuple[Measure, ...], text: str) -> tuple[tuple[Measure, ...], ...]:
    """The measures of each word: those around it, up to the word that leads to its neighbour."""
    by_place = sorted(words, key=lambda word: word.span.start)
    borders = [_border(left, right, said, text) for left, right in pairwise(by_place)]
    edges = [0, *borders, len(text) + 1]
    owned = {
        word: tuple(found for found in said if low <= found.span.start < high)
        for word, low, high in zip(by_place, edges, edges[1:], strict=False)
    }
    return tuple(owned[word] for word in words)


def _border(left: Word, right: Word, said: tuple[Measure, ...], text: str) -> int:
    """Where the left part's words end: the separator with no measure of the right part before it."""
    between = text[left.span.end : right.span.start]
    found = list(_SEPARATOR.finditer(between))
    if not found:
        # "cylinder 20 mm sphere": a measure without a joining word belongs to the noun that follows it.
        return left.span.end
    # "a cylinder with 20 mm diameter and a sphere": the last word that is followed by no measure of its own noun,
    # unless the measure leans on the right noun, as in "and a 20 mm sphere".
    joints = [match for match in found if match.group(0).lower() not in {"with", "com", ","}] or found
    return left.span.end + joints[-1].start()


def read(parameters: tuple[Parameter, ...], said: tuple[Measure, ...], title: str) -> Reading:
    """The parameters that the measures set.

    Raises:
        ContradictoryPrompt: A measure fits no parameter, or two different ones fit the same.
    """
    values: dict[str, float] = {}
    features: set[str] = set()
    for measure in said:
        candidates = sorted(
            (parameter for parameter in parameters if measure.name in parameter.said_as),
            key=lambda parameter: parameter.said_as.index(measure.name),
        )
        if not candidates:
            raise ContradictoryPrompt(_unknown(parameters, measure, title))
        free = next((parameter for parameter in candidates if parameter.name not in values), None)
        if free is None:
            _refuse_another(candidates[0], values[candidates[0].name], measure, title)
            continue
        values[free.name] = measure.value
        features |= {free.feature} - {""}
    return Reading(tuple(values.items()), frozenset(features))


def _refuse_another(parameter: Parameter, known: float, measure: Measure, title: str) -> None:
    if known != measure.value:
        words = parameter.name.replace("_", " ")
        raise ContradictoryPrompt(f"The {words} of {title} cannot be both {known:g} and {measure.value:g}.")


def _unknown(parameters: tuple[Parameter, ...], measure: Measure, title: str) -> str:
    names = ", ".join(parameter.name.replace("_", " ") for parameter in parameters if parameter.said_as)
    return f"{title[0].upper()}{title[1:]} has no {measure.name.replace('_', ' ')} ({measure.value:g}); it has {names}."
