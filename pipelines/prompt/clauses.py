"""What follows the object: clauses that add something to it, and clauses that only say what it is for."""

from bisect import bisect_right
from dataclasses import dataclass

from pipelines.prompt.subject import Subject
from pipelines.prompt.tokens import Reading
from pipelines.prompt.vocabulary_grammar import ADDING, OTHER_CLAUSES
from pipelines.prompt.vocabulary_lengths import AXES, PARTS
from pipelines.prompt.vocabulary_style import FEATURES

_ENDINGS = frozenset(".;!?|")
GOES_ON = frozenset({"of", "de", "do", "da", "dos", "das"})
AND = frozenset({"and", "e", "&", "plus", "mais"})
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
    if text in GOES_ON:
        return current, index
    if text in AND or text == ",":
        return (None, index + 1) if current is False and _names_a_part(reading, index + 1) else (current, index)
    adding, other = ADDING.match(reading, index), OTHER_CLAUSES.match(reading, index)
    if adding is not None and (other is None or adding.end >= other.end):
        return True, adding.end
    return (False, other.end) if other is not None else (current, index)


def _names_a_part(reading: Reading, index: int) -> bool:
    """Whether "and a hole" or ", 3 teeth" is said of the object again, after "for roses"."""
    tables = (FEATURES, PARTS, AXES)
    return any(table.match(reading, step) for step in range(index, index + 4) for table in tables)
