"""The object that is asked for: the head noun of the first noun phrase, never a word that merely occurs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipelines.prompt.lengths import Numbers
from pipelines.prompt.numbers import NUMBER_WORDS
from pipelines.prompt.spelling import nearest_family
from pipelines.prompt.tokens import Match, Reading
from pipelines.prompt.vocabulary_families import ENGLISH, PORTUGUESE, SOLIDS, STRICT, Family
from pipelines.prompt.vocabulary_grammar import (
    ADJECTIVES,
    BENIGN_NOUNS,
    CONNECTIVES,
    CONTAINERS,
    DETERMINERS,
    GENERIC_HOLDERS,
    ON_TOP,
    PENS,
    PHONES,
    PLANTS,
    POTS,
    PREAMBLE,
    PREPOSITIONS,
    SIGNS,
    TRAILING,
    UNDER,
    VERBS,
)
from pipelines.prompt.vocabulary_lengths import AXES, COUNTED, PARTS
from pipelines.prompt.vocabulary_style import COLORS, FEATURES, MATERIALS, SIDES, USES

_BOUNDARIES: Final = PREPOSITIONS | CONNECTIVES | VERBS
_STOPS: Final = frozenset(".;:!?()[]{}\n|")
_PLACES: Final = frozenset({"kind", "type", "sort", "tipo"})


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun phrase: tokens `start .. end - 1`, its head, and the words beside the head that no table knows."""

    start: int
    head_start: int
    head_end: int
    end: int
    family: str  # "" for an object no family makes
    is_plural: bool
    unknown: tuple[tuple[int, int], ...] = ()  # modifiers, tokens start .. end - 1


@dataclass(frozen=True, slots=True)
class Subject:
    """The object, what it stands on where both are plain solids, and the end of the part that names it."""

    noun: Noun | None
    solids: tuple[Noun, ...] = ()  # all of them when there are several, in order of mention
    on_top: tuple[int, int] | None = None  # tokens that say it; after the last solid's beginning when that one is on top
    end: int = 0  # the token after all that names the object


def find_subject(reading: Reading, jumps: Mapping[int, int]) -> Subject:
    """The object asked for; `Subject(None)` when no noun is found. `jumps` leads over numbers (see `number_jumps`)."""
    noun = _first_noun(reading, jumps)
    if noun is None:
        return Subject(None)
    if not noun.family:
        return _generic(reading, noun, jumps)
    if noun.family in SOLIDS:
        return _combination(reading, noun, jumps)
    if noun.family == "vase":
        return _generic(reading, noun, jumps)
    return Subject(noun, end=noun.end)


def number_jumps(numbers: Numbers, threads: Mapping[int, int]) -> dict[int, int]:
    """First token of each number or thread -> the token after it, unit included."""
    return {**{measure.start: measure.end for measure in numbers.measures}, **dict(numbers.foreign), **threads}


def is_plain_word(reading: Reading, index: int) -> bool:
    """Whether the token is a word that no table knows: a thing of its own."""
    token = reading.at(index)
    if token.kind != "word" or token.text in _KNOWN or token.text in _BOUNDARIES:
        return False
    part = PARTS.match(reading, index)
    if part is not None and part.value != "other":
        return False
    return not any(table.match(reading, index) for table in (AXES, COLORS, COUNTED, MATERIALS, FEATURES, SIDES, USES))


_KNOWN: Final = DETERMINERS | ADJECTIVES | BENIGN_NOUNS | CONTAINERS | PREAMBLE | NUMBER_WORDS | {"half", "shaped", "x", "s"}


def _first_noun(reading: Reading, jumps: Mapping[int, int]) -> Noun | None:
    """The first noun phrase that is not inside a prepositional one; "a set of" is stepped over."""
    index = _skip_preamble(reading, 0)
    while index < len(reading.tokens):
        text = reading.text_at(index)
        if text in ("of", "de") and reading.text_at(index - 1) in NUMBER_WORDS:
            index += 1  # "uma dúzia de ganchos"
            continue
        if text in PREPOSITIONS and not reading.text_at(index + 1) == ",":
            index = _after_clause(reading, index)
            continue
        noun = _noun_at(reading, index, jumps)
        if noun is None:
            index = max(index + 1, _skip_modifiers(reading, index, jumps))
            index = _skip_preamble(reading, index)
            continue
        if _is_container(reading, noun):
            index = noun.end + 1
            continue
        return noun
    return None


def _is_container(reading: Reading, noun: Noun) -> bool:
    head = reading.text_at(noun.head_end - 1)
    return not noun.family and head in CONTAINERS and reading.text_at(noun.end) in ("of", "de", "do", "da")


def _skip_preamble(reading: Reading, index: int) -> int:
    """The token after "please make me", "I'm looking for", "gostaria de"."""
    started = index
    while index < len(reading.tokens):
        text = reading.text_at(index)
        linking = text in ("for", "de", "of", "'", ",", "!", "-", "print") and index > started
        if text not in PREAMBLE and not linking:
            break
        if text in ("for", "de", "of") and reading.text_at(index - 1) not in PREAMBLE:
            break
        index += 1
    return index


def _after_clause(reading: Reading, index: int) -> int:
    """The token after the comma or stop that ends the clause."""
    while index < len(reading.tokens) and reading.text_at(index) not in _STOPS and reading.text_at(index) != ",":
        index += 1
    return index + 1


def _skip_modifiers(reading: Reading, index: int, jumps: Mapping[int, int]) -> int:
    while index < len(reading.tokens):
        following = _after_modifier(reading, index, jumps)
        if following is None:
            return index
        index = following
    return index


def _after_modifier(reading: Reading, index: int, jumps: Mapping[int, int]) -> int | None:
    """The token after a determiner, number, adjective, colour or the like; `None` if none stands there."""
    if index in jumps:
        return jumps[index]
    text = reading.text_at(index)
    for table in (COLORS, MATERIALS, SIDES):
        match = table.match(reading, index)
        if match is not None:
            return match.end
    if text in ("flexible", "flexivel", "hollow", "oco", "oca", "outdoor", "mechanical"):
        return index + 1
    if text == "'" and reading.text_at(index + 1) == "s":
        return index + 2
    if reading.at(index).kind in ("hex", "number") or text in ("-", ",", "'", '"', "⌀", "~"):
        return index + 1
    axis = AXES.match(reading, index)
    if axis is not None and (axis.value.is_adjective or index + 1 in jumps or axis.start in jumps.values()):
        return axis.end
    if text in ("in", "de", "of", "=") and index in jumps.values() and AXES.match(reading, index + 1):
        return index + 1
    if text in DETERMINERS or text in ADJECTIVES or text in NUMBER_WORDS:
        return index + 1
    return None


def _noun_at(reading: Reading, index: int, jumps: Mapping[int, int]) -> Noun | None:
    """The noun phrase that begins at `index`, read head-last in English and head-first in Portuguese."""
    start = index
    index = _skip_modifiers(reading, index, jumps)
    token = reading.at(index)
    if token.kind not in ("word", "quoted") or token.text in _BOUNDARIES:
        return None
    if token.kind == "quoted":
        return None
    portuguese = PORTUGUESE.match(reading, index)
    if reading.language == "pt":
        if portuguese is None and ENGLISH.match(reading, index) is not None:
            return _english_noun(reading, start, index, jumps)
        return _portuguese_noun(reading, start, index, jumps)
    if portuguese is not None and ENGLISH.match(reading, index) is None:
        return _portuguese_noun(reading, start, index, jumps)
    return _english_noun(reading, start, index, jumps)


# --- English: the head is the last noun -------------------------------------------------------------------------------


def _english_noun(reading: Reading, start: int, first: int, jumps: Mapping[int, int]) -> Noun:
    words = _english_words(reading, first, jumps)
    first, end = words[0], words[-1] + 1
    while len(words) > 1 and reading.text_at(words[-1]) in TRAILING and ENGLISH.match(reading, words[-2]):
        words = words[:-1]
    head_end = words[-1] + 1
    family = _family_ending_at(reading, words)
    if family is None:
        near = nearest_family(reading.text_at(words[-1]), "en")
        family = None if near is None else Match(near, words[-1], head_end)
    if family is None or not family.value.family:
        return Noun(start, first, head_end, end, "", reading.text_at(head_end - 1).endswith("s"))
    unknown = _unknown_modifiers(reading, words, family.start)
    if unknown and family.value.family in STRICT and not _shaped_only(reading, unknown):
        return Noun(start, first, head_end, end, "", family.value.is_plural)
    return Noun(start, family.start, head_end, end, family.value.family, family.value.is_plural, unknown)


def _english_words(reading: Reading, index: int, jumps: Mapping[int, int]) -> list[int]:
    """Tokens of the words up to the end of the phrase; a possessor ("Saturn's") is one of them, its 's is not."""
    words = [index]
    index += 1
    while index < len(reading.tokens):
        text = reading.text_at(index)
        if text == "'" and reading.text_at(index + 1) in ("s", "") and reading.touches(index):
            following = _skip_modifiers(reading, index + 2, jumps)
            if reading.at(following).kind != "word" or reading.text_at(following) in _BOUNDARIES:
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
        if reading.at(index).kind != "word" or text in _BOUNDARIES or index in jumps or _ends_phrase(reading, index):
            break
        words.append(index)
        index += 1
    return words


def _after_inner_modifier(reading: Reading, index: int, jumps: Mapping[int, int]) -> int | None:
    """Colours, materials and adjectives between nouns; numbers end the phrase."""
    if index in jumps or reading.at(index).kind != "word" or ENGLISH.match(reading, index):
        return None
    for table in (COLORS, MATERIALS):
        match = table.match(reading, index)
        if match is not None:
            return match.end
    return index + 1 if reading.text_at(index) in ADJECTIVES else None


def _goes_on(reading: Reading, index: int, jumps: Mapping[int, int]) -> bool:
    token = reading.at(index)
    return token.kind == "word" and token.text not in _BOUNDARIES and index not in jumps and not _ends_phrase(reading, index)


def _ends_phrase(reading: Reading, index: int) -> bool:
    """An axis word, a material or a colour after the noun describes it: "vase height 120", "mug blue"."""
    axis = AXES.match(reading, index)
    if axis is not None and ENGLISH.match(reading, index) is None:
        return True
    if reading.text_at(index) in DETERMINERS or reading.text_at(index) in NUMBER_WORDS:
        return True
    for table in (COLORS, MATERIALS):
        match = table.match(reading, index)
        if match is not None and reading.at(match.end).kind != "word":
            return True
    return False


def _family_ending_at(reading: Reading, words: list[int]) -> Match[Family] | None:
    """The longest name that ends at the last word."""
    for index in words[-5:]:
        match = ENGLISH.match(reading, index)
        if match is not None and match.end >= words[-1] + 1:
            return Match(match.value, match.start, words[-1] + 1)
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


# --- Portuguese: the head is the first noun ---------------------------------------------------------------------------


def _portuguese_noun(reading: Reading, start: int, first: int, jumps: Mapping[int, int]) -> Noun:
    match = PORTUGUESE.match(reading, first)
    if match is None:
        near = nearest_family(reading.text_at(first), "pt")
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


def _portuguese_end(reading: Reading, index: int, jumps: Mapping[int, int]) -> tuple[int, list[tuple[int, int]]]:
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
            step = index + 1 + (reading.text_at(index + 1) in ("'", "um", "uma", "o", "a"))
        elif reading.at(index).kind != "word" or text in _BOUNDARIES:
            break
        if _ends_complement(reading, step, jumps):
            break
        if is_plain_word(reading, step):
            unknown.append((step, step + 1))
        index = step + 1
    return index, unknown


def _after_complement(reading: Reading, index: int, jumps: Mapping[int, int]) -> int | None:
    """Colours, materials, shapes and adjectives, with or without `de`."""
    step = index + (reading.text_at(index) in ("de", "-"))
    if step in jumps:
        return None
    for table in (COLORS, MATERIALS, SIDES):
        match = table.match(reading, step)
        if match is not None:
            return match.end
    return step + 1 if reading.text_at(step) in ADJECTIVES and AXES.match(reading, step) is None else None


def _ends_complement(reading: Reading, index: int, jumps: Mapping[int, int]) -> bool:
    token = reading.at(index)
    if token.kind != "word" or token.text in _BOUNDARIES or index in jumps or token.text in NUMBER_WORDS:
        return True
    return AXES.match(reading, index) is not None and token.text not in ("parede", "lado")


# --- What the words after the noun make of it -------------------------------------------------------------------------


def _generic(reading: Reading, noun: Noun, jumps: Mapping[int, int]) -> Subject:
    """`a stand for my phone`, `a holder for pens`, `a pot for a cactus`, `a sign with the name Ana`."""
    heads = {reading.text_at(index) for index in range(noun.head_start, noun.head_end)}
    family = noun.family
    holder = reading.text_at(noun.head_end - 1 if reading.language == "en" else noun.head_start)
    plain = noun.head_end - noun.head_start == 1
    if (plain or noun.family) and reading.text_at(noun.end) in ("for", "para", "pra", "pro", "p", "de", "of", "to"):
        thing = _skip_modifiers(reading, noun.end + 1, jumps)
        word = reading.text_at(thing)
        if holder in GENERIC_HOLDERS and word in PHONES:
            family = "phone_stand"
        elif holder in GENERIC_HOLDERS and word in PENS:
            family = "pen_holder"
        elif holder in POTS and (word in PLANTS or reading.text_at(thing + 1) in PLANTS):
            family = "plant_pot"
    if not family and plain and heads & SIGNS and _says_something(reading, noun.end):
        family = "name_sign"
    named = Noun(noun.start, noun.head_start, noun.head_end, noun.end, family, noun.is_plural, noun.unknown)
    return Subject(named, end=noun.end)


def _says_something(reading: Reading, index: int) -> bool:
    """Whether a text to be written follows within a few words."""
    window = range(index, min(index + 8, len(reading.tokens)))
    says = {"name", "nome", "text", "texto", "saying", "says", "reading", "word", "words", "palavra", "frase", "escrito", "escrita"}
    return any(reading.at(i).kind == "quoted" or reading.text_at(i) in says for i in window)


def _combination(reading: Reading, noun: Noun, jumps: Mapping[int, int]) -> Subject:
    """Plain solids that stand on each other: "a sphere on top of a cylinder", "a cube with a sphere on top"."""
    solids, on_top, index = [noun], (0, 0), noun.end
    while len(solids) < 8:
        index = _skip_extent(reading, index, jumps)
        joint = ON_TOP.match(reading, index)
        under = UNDER.match(reading, index)
        if joint is None and under is None and len(solids) == 1:
            return _with_on_top(reading, noun, index, jumps)
        match = joint or under
        if match is None:
            break
        following = _noun_at(reading, match.end, jumps)
        if following is None or following.family not in SOLIDS:
            break
        solids.append(following)
        # "A on B" is shown by its "on"; "A under B" by the B that is on top.
        on_top = (match.start, match.end) if joint else (following.head_start, following.head_end)
        index = following.end
    if len(solids) == 1:
        return Subject(noun, end=noun.end)
    return Subject(noun, tuple(solids), on_top, index)


def _with_on_top(reading: Reading, noun: Noun, index: int, jumps: Mapping[int, int]) -> Subject:
    if reading.text_at(index) in ("with", "com", "and", "e"):
        following = _noun_at(reading, index + 1, jumps)
        if following is not None and following.family in SOLIDS:
            after = _skip_extent(reading, following.end, jumps)
            match = ON_TOP.match(reading, after)
            if match is not None and reading.at(match.end).kind != "word":
                return Subject(noun, (noun, following), (match.start, match.end), match.end)
    return Subject(noun, end=noun.end)


def _skip_extent(reading: Reading, index: int, jumps: Mapping[int, int]) -> int:
    """The token after lengths that stand between two solids: "a sphere of 20 mm on a cube"."""
    begun = index
    while index < len(reading.tokens):
        step = index + (reading.text_at(index) in ("of", "de", "with", "com", ","))
        if step in jumps:
            index = jumps[step]
        elif AXES.match(reading, step) and begun != index:
            index = AXES.match(reading, step).end  # type: ignore[union-attr]
        elif reading.text_at(step) in ("in", "de") and AXES.match(reading, step + 1):
            index = step + 1
        else:
            break
    return index + (reading.text_at(index) == ",")
