"""A folded prompt as a row of tokens, and tables of phrases that are looked up in it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, NamedTuple, TypeVar

from pipelines.prompt.folding import Folded
from pipelines.prompt.types import Language, Span

Kind = Literal["word", "number", "hex", "symbol", "quoted"]
Value = TypeVar("Value")

# Each alternative starts with another character, so that nothing is ever tried twice.
_TOKEN: Final = re.compile(
    r"(?P<hex>\#(?:[0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-z]))"
    r"|(?P<number>[0-9]+(?:[.,][0-9]+)*|(?<![^\s(:=~+\-⌀])[.,][0-9]+)"
    r"|(?P<word>[^\W\d_]+)"
    r"|(?P<symbol>\S)"
)


_BORDER: Final = re.compile(r"(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")
_SHORTENED: Final = {"p": "para", "c": "com", "s": "sem", "w": "with"}  # "p/", "c/", "s/", "w/"


class Token(NamedTuple):
    """One word, number or sign; `start` and `end` count characters of the folded text."""

    kind: Kind
    text: str
    start: int
    end: int


_OUTSIDE: Final = ("",) * 16  # no rule looks further than ten tokens from where it stands
_NOTHING: Final = Token("symbol", "", -1, -1)


def tokenize(plain: str) -> list[Token]:
    """Every word, number and sign of a folded text, in order."""
    found: list[Token] = []
    for match in _TOKEN.finditer(plain):
        kind = match.lastgroup
        if match.group() == "/" and found and found[-1].end == match.start() and found[-1].text in _SHORTENED:
            found[-1] = Token("word", _SHORTENED[found[-1].text], found[-1].start, match.end())
        else:
            found.append(Token(kind, match.group(), match.start(), match.end()))  # type: ignore[arg-type]
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt ready to be read: its tokens and the language it is taken to be in."""

    folded: Folded
    tokens: Sequence[Token]
    language: Language
    texts: Sequence[str] = field(init=False, repr=False)
    # The folded text of the token at an index, "" outside. It is asked some sixty times per token, so it is the list's
    # own access: the empty texts after the last token also stand, at negative indices, before the first.
    text_at: Callable[[int], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        padded = [*(token.text for token in self.tokens), *_OUTSIDE]
        object.__setattr__(self, "texts", padded)
        object.__setattr__(self, "text_at", padded.__getitem__)

    def at(self, index: int) -> Token:
        """The token there, or an empty symbol outside the text."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else _NOTHING

    def touches(self, index: int) -> bool:
        """Whether nothing separates the token from the one before it."""
        return 0 < index < len(self.tokens) and self.tokens[index].start == self.tokens[index - 1].end

    def span(self, start: int, end: int) -> Span:
        """Where the tokens `start .. end - 1` stand in the prompt as written."""
        return self.folded.span(self.tokens[start].start, self.tokens[end - 1].end)

    def written(self, start: int, end: int) -> str:
        """The tokens `start .. end - 1` as they were written."""
        span = self.span(start, end)
        return self.folded.text[span.start : span.end]


class Match(NamedTuple, Generic[Value]):
    """A phrase found at tokens `start .. end - 1`."""

    value: Value
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PhraseTable(Generic[Value]):
    """Phrases of one to five words. A hyphen or an apostrophe inside counts as a space: "azul-claro"."""

    entries: Mapping[tuple[str, ...], Value]
    longest: Mapping[str, int] = field(default_factory=dict)  # first word -> words of its longest phrase

    @classmethod
    def of(cls, entries: Iterable[tuple[str, Value]]) -> "PhraseTable[Value]":
        """A table of space-separated phrases; the first entry for a phrase wins."""
        table: dict[tuple[str, ...], Value] = {}
        longest: dict[str, int] = {}
        for phrase, value in entries:
            words = tuple(_BORDER.sub(" ", phrase).split())  # "d20" is read as two tokens
            table.setdefault(words, value)
            longest[words[0]] = max(longest.get(words[0], 0), len(words))
        return cls(table, longest)

    def match(self, reading: Reading, start: int) -> Match[Value] | None:
        """The longest phrase that begins at token `start`."""
        room = self.longest.get(reading.text_at(start), 0)
        if not room:
            return None
        words: list[str] = []
        best: Match[Value] | None = None
        index = start
        while len(words) < room and index < len(reading.tokens):
            token = reading.tokens[index]
            index += 1
            if token.text in ("-", "'") and words:
                continue
            if token.kind == "quoted":
                break
            words.append(token.text)
            value = self.entries.get(tuple(words))
            if value is not None:
                best = Match(value, start, index)
        return best

    def matches(self, reading: Reading) -> list[Match[Value]]:
        """Every phrase from left to right, the longest first, without overlaps."""
        found: list[Match[Value]] = []
        begins = self.longest
        for index, text in enumerate(reading.texts):
            if text in begins and (not found or index >= found[-1].end):
                match = self.match(reading, index)
                if match is not None:
                    found.append(match)
        return found


def phrases(*lines: str) -> list[str]:
    """Phrases separated by commas."""
    return [" ".join(phrase.split()) for line in lines for phrase in line.split(",") if phrase.strip()]
