"""Portuguese noun phrases: the head is the first noun."""

from pipelines.prompt.nouns import BOUNDARIES, Jumps, Noun, is_plain_word
from pipelines.prompt.numerals import NUMBER_WORDS
from pipelines.prompt.spelling import nearest_family
from pipelines.prompt.tokens import Match, Reading
from pipelines.prompt.vocabulary_families import PORTUGUESE, STRICT
from pipelines.prompt.vocabulary_grammar import ADJECTIVES, CONTAINERS, SIDE_BY_SIDE
from pipelines.prompt.vocabulary_lengths import AXES, PARTS
from pipelines.prompt.vocabulary_style import COLORS, MATERIALS, SIDES


def portuguese_noun(reading: Reading, start: int, first: int, jumps: Jumps) -> Noun:
    """The phrase whose head begins at `first`; modifiers were skipped from `start`."""
    match = PORTUGUESE.match(reading, first)
    if match is None:
        near = nearest_family(reading.text_at(first))
        match = None if near is None else Match(near, first, first + 1)
    if match is None or not match.value.family:
        end = first + 1 if match is None else match.end
        end = _portuguese_end(reading, end, jumps)[0]
        head_end = first + 1 if reading.text_at(first) in CONTAINERS else end
        return Noun(start, first, head_end, head_end, "", reading.text_at(first).endswith("s"))
    end, unknown = _portuguese_end(reading, match.end, jumps)
    family = match.value
    if unknown and family.family in STRICT:
        return Noun(start, first, end, end, "", family.is_plural)
    return Noun(start, match.start, match.end, end, family.family, family.is_plural, tuple(unknown))


def _portuguese_end(reading: Reading, index: int, jumps: Jumps) -> tuple[int, list[tuple[int, int]]]:
    """The token after the adjectives and `de` complements of a head, and those among them that are unknown."""
    unknown: list[tuple[int, int]] = []
    while index < len(reading.tokens):
        text = reading.text_at(index)
        after = _after_complement(reading, index, jumps)
        if after is not None:
            index = after
            continue
        step = index
        if text in ("de", "do", "da", "dos", "das", "d"):
            is_article = index + 1 not in jumps and reading.text_at(index + 1) in ("'", "um", "uma", "o", "a")
            step = index + 1 + is_article
        elif reading.at(index).kind != "word" or text in BOUNDARIES:
            break
        if _ends_complement(reading, step, jumps) or SIDE_BY_SIDE.match(reading, step) is not None:
            break
        if is_plain_word(reading, step):
            unknown.append((step, step + 1))
        index = step + 1
    return index, unknown


def _after_complement(reading: Reading, index: int, jumps: Jumps) -> int | None:
    """Colours, materials, shapes and adjectives, with or without `de`."""
    step = index + (reading.text_at(index) in ("de", "-"))
    if step in jumps:
        return None
    for table in (COLORS, MATERIALS, SIDES):
        match = table.match(reading, step)
        if match is not None:
            return match.end
    return step + 1 if reading.text_at(step) in ADJECTIVES and AXES.match(reading, step) is None else None


def _ends_complement(reading: Reading, index: int, jumps: Jumps) -> bool:
    token = reading.at(index)
    if token.kind != "word" or token.text in BOUNDARIES or index in jumps or token.text in NUMBER_WORDS:
        return True
    part = PARTS.match(reading, index)
    if part is not None and part.end in jumps:
        return True  # "cone truncado base 40 mm"
    return AXES.match(reading, index) is not None and token.text not in ("parede", "lado")
