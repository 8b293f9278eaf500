"""What follows the object: clauses that add something to it, and clauses that only say what it is for."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.prompt.nouns import is_plain_word
from pipelines.prompt.subject import Subject
from pipelines.prompt.tokens import Reading
from pipelines.prompt.vocabulary_families import ENGLISH, PORTUGUESE
from pipelines.prompt.vocabulary_grammar import ADDING, OTHER_CLAUSES, UNSUPPORTED_LOOKS
from pipelines.prompt.vocabulary_lengths import AXES, PARTS
from pipelines.prompt.vocabulary_style import FEATURES

_ENDINGS = frozenset(".;!?|")
_GOES_ON = frozenset({"of", "de", "do", "da", "dos", "das"})
_AND = frozenset({"and", "e", "&", "plus", "mais"})
_ARTICLES = frozenset({"a", "an", "um", "uma"})


@dataclass(frozen=True, slots=True)
class Clauses:
    """Where clauses begin, after the words that open them, and whether each adds to the object (`None`: no clause)."""

    starts: tuple[int, ...]
    kinds: tuple[bool | None, ...]

    def kind(self, index: int) -> bool | None:
        """`True` in a clause that adds, `False` in one that does not, `None` outside both."""
        position = bisect_right(self.starts, index) - 1
        return None if position < 0 else self.kinds[position]

    def is_adding(self, index: int) -> bool:
        """Whether the token stands in "with a dragon" rather than in "for a dragon"."""
        return self.kind(index) is True


def find_clauses(reading: Reading, subject: Subject) -> Clauses:
    """The clauses after the words that name the object."""
    starts: list[int] = []
    kinds: list[bool | None] = []
    index = subject.end
    while index < len(reading.tokens):
        kind, end = _opening(reading, index, kinds[-1] if kinds else None)
        if end > index:
            starts.append(end)
            kinds.append(kind)
        index = max(end, index + 1)
    return Clauses(tuple(starts), tuple(kinds))


def _opening(reading: Reading, index: int, current: bool | None) -> tuple[bool | None, int]:
    """The kind of clause that begins at the token and the token after its opening; the token itself if none does."""
    text = reading.text_at(index)
    if text in _ENDINGS:
        return None, index + 1
    if text in _GOES_ON:
        return current, index
    if text in _AND or text == ",":
        return (None, index + 1) if current is False and _names_a_part(reading, index + 1) else (current, index)
    adding, other = ADDING.match(reading, index), OTHER_CLAUSES.match(reading, index)
    if adding is not None and (other is None or adding.end >= other.end):
        return True, adding.end
    return (False, other.end) if other is not None else (current, index)


def _names_a_part(reading: Reading, index: int) -> bool:
    """Whether "and a hole" or ", 3 teeth" is said of the object again, after "for roses"."""
    tables = (FEATURES, PARTS, AXES)
    return any(table.match(reading, step) for step in range(index, index + 4) for table in tables)


def find_additions(
    reading: Reading, subject: Subject, clauses: Clauses, covered: set[int]
) -> Iterator[tuple[int, int]]:
    """Things asked for that no family makes: tokens `start .. end - 1` of each."""
    if subject.noun is None or not subject.noun.family:
        return
    yield from subject.noun.unknown
    index = subject.end
    while index < len(reading.tokens):
        begun = index
        while index not in covered and _is_addition(reading, index, clauses):
            index += 1
            joined = reading.text_at(index) in _GOES_ON and _is_addition(reading, index + 1, clauses)
            index += joined  # "orelhas de gato" is one thing
        if index > begun:
            yield _with_prefix(reading, begun, covered), index
        elif (second := _second_object(reading, index, clauses)) > index:
            yield index + 1, second
            index = second
        else:
            index += 1


def _is_addition(reading: Reading, index: int, clauses: Clauses) -> bool:
    if reading.text_at(index) in UNSUPPORTED_LOOKS:
        return True
    return clauses.is_adding(index) and is_plain_word(reading, index)


def _with_prefix(reading: Reading, index: int, covered: set[int]) -> int:
    """`3D effect` is one thing: a number that touches a letter belongs to the word after it."""
    glued = (
        reading.at(index - 1).kind == "word" and reading.at(index - 2).kind == "number" and reading.touches(index - 1)
    )
    return index - 2 if glued and index - 2 not in covered else index


def _second_object(reading: Reading, index: int, clauses: Clauses) -> int:
    """The token after a second object ("and a mug"): one request makes one object. `index` if there is none."""
    if reading.text_at(index) not in _AND or clauses.kind(index) is not None:
        return index
    has_article = reading.text_at(index + 1) in _ARTICLES or reading.at(index + 1).kind == "number"
    for step in range(index + 2, index + 6) if has_article else (index + 1,):
        match = ENGLISH.match(reading, step) or PORTUGUESE.match(reading, step)
        if match is not None and AXES.match(reading, step) is None:
            return match.end
    return index
