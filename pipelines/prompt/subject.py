"""The object that is asked for: the head noun of the first noun phrase, never a word that merely occurs."""

from dataclasses import dataclass, replace
from typing import Final

from pipelines.prompt.english import english_noun
from pipelines.prompt.nouns import BOUNDARIES, Jumps, Noun, skip_modifiers
from pipelines.prompt.numerals import NUMBER_WORDS
from pipelines.prompt.portuguese import portuguese_noun
from pipelines.prompt.tokens import Reading, phrases
from pipelines.prompt.vocabulary_families import ENGLISH, PORTUGUESE, SOLIDS
from pipelines.prompt.vocabulary_grammar import (
    BESIDE,
    CONTAINERS,
    GENERIC_HOLDERS,
    ON_TOP,
    PENS,
    PHONES,
    PLANTS,
    POTS,
    PREAMBLE,
    PREPOSITIONS,
    SIDE_BY_SIDE,
    SIGNS,
    UNDER,
)
from pipelines.prompt.vocabulary_lengths import AXES

_STOPS: Final = frozenset(".;:!?()[]{}\n|")
_SAYS: Final = frozenset(
    phrases("name, nome, text, texto, saying, says, reading, word, words, palavra, frase, escrito, escrita")
)
_MOST_SOLIDS: Final = 8


@dataclass(frozen=True, slots=True)
class Subject:
    """The object, what it stands on where both are plain solids, and the end of the part that names it."""

    noun: Noun | None
    solids: tuple[Noun, ...] = ()  # all of them when there are several, in order of mention
    on_top: tuple[int, int] | None = (
        None  # tokens that say it; after the last solid's beginning when that one is on top
    )
    end: int = 0  # the token after all that names the object


def find_subject(reading: Reading, jumps: Jumps) -> Subject:
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


def _first_noun(reading: Reading, jumps: Jumps) -> Noun | None:
    """The first noun phrase that is not inside a prepositional one; "a set of" is stepped over."""
    index = _skip_preamble(reading, 0)
    while index < len(reading.tokens):
        text = reading.text_at(index)
        if text in ("of", "de") and reading.text_at(index - 1) in NUMBER_WORDS:
            index += 1  # "uma dúzia de ganchos"
            continue
        if text in ("not", "nao"):
            index = _after_ruled_out(reading, index)  # "not a vase but a bowl"
            continue
        if text in PREPOSITIONS and reading.text_at(index + 1) != ",":
            index = _skip_preamble(reading, _after_clause(reading, index))
            continue
        noun = _noun_at(reading, index, jumps)
        if noun is None:
            index = max(index + 1, skip_modifiers(reading, index, jumps))
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
        if (text not in PREAMBLE and not linking) or (len(text) == 1 and _is_name(reading, index)):
            break  # "u bolt", "d6"
        if text in ("for", "de", "of") and reading.text_at(index - 1) not in PREAMBLE:
            break
        index += 1
    return index


def _is_name(reading: Reading, index: int) -> bool:
    """Whether a name of several words begins here."""
    match = ENGLISH.match(reading, index)
    return match is not None and match.end > index + 1


def _after_clause(reading: Reading, index: int) -> int:
    """The token after the comma or stop that ends the clause."""
    while index < len(reading.tokens) and reading.text_at(index) not in _STOPS and reading.text_at(index) != ",":
        index += 1
    return index + 1


def _after_ruled_out(reading: Reading, index: int) -> int:
    """The token after the "but" or the comma that ends what is not wanted."""
    while index < len(reading.tokens) and reading.text_at(index) not in ("but", "mas", ",", ";", "."):
        index += 1
    return index + 1


def _noun_at(reading: Reading, index: int, jumps: Jumps) -> Noun | None:
    """The noun phrase that begins at `index`, read head-last in English and head-first in Portuguese."""
    start = index
    index = skip_modifiers(reading, index, jumps)
    token = reading.at(index)
    if token.kind != "word" or (token.text in BOUNDARIES and not _is_name(reading, index)):
        return None
    portuguese = PORTUGUESE.match(reading, index)
    if reading.language == "pt":
        if portuguese is None and ENGLISH.match(reading, index) is not None:
            return english_noun(reading, start, index, jumps)
        return portuguese_noun(reading, start, index, jumps)
    if portuguese is not None and ENGLISH.match(reading, index) is None:
        return portuguese_noun(reading, start, index, jumps)
    return english_noun(reading, start, index, jumps)


def _generic(reading: Reading, noun: Noun, jumps: Jumps) -> Subject:
    """`a stand for my phone`, `a holder for pens`, `a pot for a cactus`, `a sign with the name Ana`."""
    heads = {reading.text_at(index) for index in range(noun.head_start, noun.head_end)}
    family = noun.family
    holder = reading.text_at(noun.head_end - 1 if reading.language == "en" else noun.head_start)
    plain = noun.head_end - noun.head_start == 1
    if (plain or noun.family) and reading.text_at(noun.end) in ("for", "para", "pra", "pro", "p", "de", "of", "to"):
        thing = skip_modifiers(reading, noun.end + 1, jumps)
        word = reading.text_at(thing)
        if holder in GENERIC_HOLDERS and word in PHONES:
            family = "phone_stand"
        elif holder in GENERIC_HOLDERS and word in PENS:
            family = "pen_holder"
        elif holder in POTS and (word in PLANTS or reading.text_at(thing + 1) in PLANTS):
            family = "plant_pot"
    if not family and plain and heads & SIGNS and _says_something(reading, noun.end):
        family = "name_sign"
    return Subject(replace(noun, family=family), end=noun.end)


def _says_something(reading: Reading, index: int) -> bool:
    """Whether a text to be written follows within a few words."""
    window = range(index, min(index + 8, len(reading.tokens)))
    return any(reading.at(i).kind == "quoted" or reading.text_at(i) in _SAYS for i in window)


def _combination(reading: Reading, noun: Noun, jumps: Jumps) -> Subject:
    """Plain solids that stand on each other: "a sphere on top of a cylinder", "a cube with a sphere on top"."""
    row = _row(reading, noun, jumps)
    if len(row.solids) > 1:
        return row
    solids, on_top, index = [noun], (0, 0), noun.end
    while len(solids) < _MOST_SOLIDS:
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


def _row(reading: Reading, noun: Noun, jumps: Jumps) -> Subject:
    """Plain solids in a row: "a cube next to a sphere", "a cube, a cone and a sphere side by side"."""
    solids, joints, index = [noun], 0, noun.end
    while len(solids) < _MOST_SOLIDS:
        index = _skip_extent(reading, index, jumps)
        beside = BESIDE.match(reading, index)
        is_listed = reading.text_at(index) in ("and", "e", "&", "plus", "mais")
        begun = beside.end if beside is not None else index + is_listed
        following = _noun_at(reading, begun, jumps) if begun > index or reading.text_at(index - 1) == "," else None
        if following is None or following.family not in SOLIDS:
            break
        solids.append(following)
        joints += beside is not None
        index = following.end
    closing = SIDE_BY_SIDE.match(reading, index + (reading.text_at(index) in ("placed", "standing", "joined")))
    if joints < len(solids) - 1 and closing is None:
        return Subject(noun, end=noun.end)
    return Subject(noun, tuple(solids), None, index if closing is None else closing.end)


def _with_on_top(reading: Reading, noun: Noun, index: int, jumps: Jumps) -> Subject:
    if reading.text_at(index) in ("with", "com", "and", "e"):
        following = _noun_at(reading, index + 1, jumps)
        if following is not None and following.family in SOLIDS:
            after = _skip_extent(reading, following.end, jumps)
            match = ON_TOP.match(reading, after)
            if match is not None and reading.at(match.end).kind != "word":
                return Subject(noun, (noun, following), (match.start, match.end), match.end)
    return Subject(noun, end=noun.end)


def _skip_extent(reading: Reading, index: int, jumps: Jumps) -> int:
    """The token after lengths that stand between two solids: "a sphere of 20 mm on a cube"."""
    begun = index
    while index < len(reading.tokens):
        step = index + (reading.text_at(index) in ("of", "de", "with", "com", ","))
        if step in jumps:
            index = jumps.over(step)
        elif AXES.match(reading, step) and begun != index:
            index = AXES.match(reading, step).end  # type: ignore[union-attr]
        elif reading.text_at(step) in ("in", "de") and AXES.match(reading, step + 1):
            index = step + 1
        else:
            break
    return index + (reading.text_at(index) == ",")
