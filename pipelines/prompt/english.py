"""English noun phrases: the head is the last noun."""

from pipelines.prompt.nouns import BOUNDARIES, Jumps, Noun, is_plain_word, skip_modifiers
from pipelines.prompt.numerals import NUMBER_WORDS
from pipelines.prompt.spelling import nearest_family
from pipelines.prompt.tokens import Match, Reading
from pipelines.prompt.vocabulary_families import ENGLISH, STRICT, Family
from pipelines.prompt.vocabulary_grammar import ADJECTIVES, DETERMINERS, TRAILING
from pipelines.prompt.vocabulary_lengths import AXES, PARTS
from pipelines.prompt.vocabulary_style import COLORS, MATERIALS, SIDES


def english_noun(reading: Reading, start: int, first: int, jumps: Jumps) -> Noun:
    """The phrase whose first word is at `first`; modifiers were skipped from `start`."""
    words = _english_words(reading, first, jumps)
    words = _with_whole_name(reading, words)
    if reading.text_at(words[-1] + 1) in ("and", "or", "&"):
        words = _with_shared_head(reading, words, jumps)
    end = words[-1] + 1
    while len(words) > 1 and reading.text_at(words[-1]) in TRAILING and ENGLISH.match(reading, words[-2]):
        words = words[:-1]
    head_end = words[-1] + 1
    family = _family_ending_at(reading, words)
    if family is None:
        near = nearest_family(reading.text_at(words[-1]))
        family = None if near is None else Match(near, words[-1], head_end)
    if family is None or not family.value.family:
        return Noun(start, first, head_end, end, "", reading.text_at(head_end - 1).endswith("s"))
    unknown = _unknown_modifiers(reading, words, family.start) + _unknown_content(reading, end, jumps)
    if unknown and family.value.family in STRICT and not _shaped_only(reading, unknown):
        return Noun(start, first, head_end, end, "", family.value.is_plural)
    head_end, end = max(head_end, family.end), max(end, family.end)  # "d6" ends with a number
    return Noun(start, family.start, head_end, end, family.value.family, family.value.is_plural, unknown)


def _with_whole_name(reading: Reading, words: list[int]) -> list[int]:
    """The words of a name that goes on after them: "pen and pencil holder"."""
    for index in words:
        match = ENGLISH.match(reading, index)
        if match is not None and match.end > words[-1] + 1:
            return words + [later for later in range(words[-1] + 1, match.end) if reading.at(later).kind == "word"]
    return words


def _with_shared_head(reading: Reading, words: list[int], jumps: Jumps) -> list[int]:
    """The words of "nuts and bolts organizer": what is beside the last word is shared; the first noun is no head."""
    start = words[-1] + 2
    if not _goes_on(reading, start, jumps) or reading.text_at(start) in ADJECTIVES:
        return words
    following = _english_words(reading, start, jumps)
    is_name = (match := ENGLISH.match(reading, start)) is not None and match.end > following[-1]
    if len(following) == 1 or (is_name and _family_ending_at(reading, words) is not None):
        return words  # "bolts and nuts", "a vase and flower pot"
    return words + following


def _unknown_content(reading: Reading, end: int, jumps: Jumps) -> tuple[tuple[int, int], ...]:
    """`cone of shame`, `house of cards`: what comes after "of" and is no length, material or known content."""
    if reading.text_at(end) != "of":
        return ()
    step = skip_modifiers(reading, end + 1, jumps)
    return ((step, step + 1),) if is_plain_word(reading, step) and step not in jumps else ()


def _english_words(reading: Reading, index: int, jumps: Jumps) -> list[int]:
    """Tokens of the words up to the end of the phrase; a possessor ("Saturn's") is one of them, its 's is not."""
    words = [index]
    index += 1
    while index < len(reading.tokens):
        text = reading.text_at(index)
        if text == "'" and reading.text_at(index + 1) in ("s", "") and reading.touches(index):
            following = skip_modifiers(reading, index + 2, jumps)
            if reading.at(following).kind != "word" or reading.text_at(following) in BOUNDARIES:
                break
            words.append(following)
            index = following + 1
            continue
        if text == "-" and reading.touches(index) and reading.touches(index + 1):
            index += 1
            continue
        if text in ("shaped", "style", "styled") and _goes_on(reading, index + 1, jumps):
            words.append(index)
            index += 1
            continue
        after = _after_inner_modifier(reading, index, jumps)
        if after is not None and _goes_on(reading, after, jumps):
            index = after
            continue
        if (
            reading.at(index).kind != "word"
            or text in BOUNDARIES
            or index in jumps
            or _ends_phrase(reading, index, jumps)
        ):
            break
        words.append(index)
        index += 1
    return words


def _after_inner_modifier(reading: Reading, index: int, jumps: Jumps) -> int | None:
    """Colours, materials and adjectives between nouns; numbers end the phrase."""
    if index in jumps or reading.at(index).kind != "word" or ENGLISH.match(reading, index):
        return None
    for table in (COLORS, MATERIALS):
        match = table.match(reading, index)
        if match is not None:
            return match.end
    return index + 1 if reading.text_at(index) in ADJECTIVES else None


def _goes_on(reading: Reading, index: int, jumps: Jumps) -> bool:
    token = reading.at(index)
    return (
        token.kind == "word"
        and token.text not in BOUNDARIES
        and index not in jumps
        and not _ends_phrase(reading, index, jumps)
    )


def _ends_phrase(reading: Reading, index: int, jumps: Jumps) -> bool:
    """An axis word, a material or a colour after the noun describes it: "vase height 120", "mug blue"."""
    if reading.text_at(index) == "x" and index + 1 in jumps:
        return True  # "nuts x 20"
    part = PARTS.match(reading, index)
    if part is not None and part.end in jumps:
        return True  # "vase wall 2 mm"
    axis = AXES.match(reading, index)
    if axis is not None and ENGLISH.match(reading, index) is None:
        return True
    if (
        reading.text_at(index) in DETERMINERS
        or reading.text_at(index) in NUMBER_WORDS
        or reading.text_at(index + 1) == "="
    ):
        return True
    for table in (COLORS, MATERIALS):
        match = table.match(reading, index)
        if match is not None and reading.at(match.end).kind != "word":
            return True
    return False


def _family_ending_at(reading: Reading, words: list[int]) -> Match[Family] | None:
    """The longest name that ends at the last word, or goes on after it: the "set" of "planetary gear set"."""
    for index in words[-5:]:
        match = ENGLISH.match(reading, index)
        if match is not None and match.end > words[-1]:
            return match
    return None


def _unknown_modifiers(reading: Reading, words: list[int], head_start: int) -> tuple[tuple[int, int], ...]:
    """Words before the head that change the object in a way no table knows; "vase shaped" is one of them."""
    found = []
    for position, index in enumerate(words):
        if index >= head_start:
            break
        after = words[position + 1] if position + 1 < len(words) else -1
        if reading.text_at(after) in ("shaped", "style", "styled") and reading.text_at(index) not in ADJECTIVES:
            if SIDES.match(reading, index) is None:
                found.append((index, after + 1))
        elif is_plain_word(reading, index) and ENGLISH.match(reading, index) is None:
            found.append((index, index + 1))
    return tuple(found)


def _shaped_only(reading: Reading, unknown: tuple[tuple[int, int], ...]) -> bool:
    return all(reading.text_at(end - 1) in ("shaped", "style", "styled") for _, end in unknown)
