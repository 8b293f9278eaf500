"""From a sentence to everything it is understood to ask."""

from dataclasses import replace
from typing import Final

from pipelines.prompt.clauses import Clauses, find_clauses
from pipelines.prompt.counting import Counter
from pipelines.prompt.dimensions import name_lengths
from pipelines.prompt.findings import find_color, find_features, find_material, find_uses
from pipelines.prompt.folding import fold
from pipelines.prompt.inscriptions import find_inscription
from pipelines.prompt.language import detect_language
from pipelines.prompt.lengths import read_numbers
from pipelines.prompt.nouns import Jumps, Noun, number_jumps
from pipelines.prompt.problems import check_lengths
from pipelines.prompt.subject import Subject, find_subject
from pipelines.prompt.threads import find_threads
from pipelines.prompt.tokens import Reading, tokenize
from pipelines.prompt.types import PromptAnalysis, Word
from pipelines.prompt.unsupported import Found, find_unsupported
from pipelines.prompt.vocabulary_grammar import DETERMINERS
from pipelines.prompt.vocabulary_lengths import AXES

DEFAULT_BUILD_VOLUME_MM: Final = (220.0, 220.0, 250.0)  # a common desktop printer (Ender 3 class)


def analyse(text: str, build_volume_mm: tuple[float, float, float] = DEFAULT_BUILD_VOLUME_MM) -> PromptAnalysis:
    """What a prompt in English or Portuguese asks for, each finding with the stretch of text it was read from.

    Any text is accepted: one that asks for nothing gives an empty analysis. The time is linear in the length.

    Args:
        text: The prompt as written.
        build_volume_mm: Sides of the printable volume; an outer length beyond the longest is a problem.

    Returns:
        The analysis. Lengths are in millimetres, positive and finite; those that are not are only among its problems.
        Several solids come in order of mention. The span of the feature "on_top" begins before the last of them in
        "A on top of B", where A is the upper one, and not before it in "B with A on top" and "B under A".
    """
    folded = fold(text)
    tokens = tokenize(folded.plain)
    language = detect_language(folded, tokens)
    inscription = find_inscription(folded, tokens, Reading(folded, tokens, language))
    reading = Reading(folded, inscription.tokens, language)
    threads = find_threads(reading)
    numbers = read_numbers(reading, threads.taken)
    jumps = number_jumps(numbers, threads.taken)
    subject = find_subject(reading, jumps)
    clauses = find_clauses(reading, subject)
    lengths = name_lengths(reading, numbers, subject, clauses)
    bare = [m for m in numbers.measures if m.start not in lengths.used and m.amounts[0].unit is None]
    threads = threads.for_object(reading, subject, clauses)
    counted = Counter(reading, subject, bare, lengths.hole_counts, jumps).read()
    analysis = PromptAnalysis(
        text=text,
        language=language,
        subject=_subject_text(reading, jumps, subject.noun),
        families=_families(reading, subject),
        dimensions=tuple(sorted((*threads.dimensions, *lengths.dimensions), key=lambda found: found.span.start)),
        counts=counted.counts,
        thread=threads.word,
        inscription=inscription.word,
        material=find_material(reading),
        color=find_color(reading, subject, clauses),
        quantity=counted.quantity,
        uses=find_uses(reading, subject),
        features=_features(reading, subject, clauses),
    )
    problems = (
        *lengths.problems,
        *threads.problems,
        *counted.problems,
        *check_lengths(analysis, build_volume_mm, is_combination=len(subject.solids) > 1),
        *find_unsupported(reading, subject, clauses, Found(numbers, counted.unused, analysis.dimensions)),
    )
    return replace(analysis, problems=tuple(sorted(problems, key=lambda found: found.span.start)))


def _families(reading: Reading, subject: Subject) -> tuple[Word, ...]:
    nouns = subject.solids or (() if subject.noun is None else (subject.noun,))
    return tuple(Word(noun.family, reading.span(noun.head_start, noun.head_end)) for noun in nouns if noun.family)


def _features(reading: Reading, subject: Subject, clauses: Clauses) -> tuple[Word, ...]:
    found = find_features(reading, subject, clauses)
    if subject.on_top is None:
        return found
    return (Word("on_top", reading.span(*subject.on_top)), *found)


def _subject_text(reading: Reading, jumps: Jumps, noun: Noun | None) -> str:
    """The noun phrase without article and numbers."""
    if noun is None:
        return ""
    start = noun.start
    while start < noun.head_start:
        axis = AXES.match(reading, start)
        if start in jumps:
            start = jumps.over(start)
        elif axis is not None:
            start = axis.end
        elif reading.text_at(start) in DETERMINERS or reading.text_at(start) == ",":
            start += 1
        else:
            break
    return reading.written(min(start, noun.head_start), max(noun.end, noun.head_end))
