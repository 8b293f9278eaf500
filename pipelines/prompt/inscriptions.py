"""Texts to be written on the object: quoted, or named by "with the name", "saying", "escrito"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipelines.prompt.folding import Folded
from pipelines.prompt.tokens import PhraseTable, Reading, Token, phrases
from pipelines.prompt.types import Word
from pipelines.prompt.units import UNITS
from pipelines.prompt.vocabulary_families import ENGLISH, PORTUGUESE
from pipelines.prompt.vocabulary_grammar import CONNECTIVES, DETERMINERS, PREPOSITIONS, VERBS
from pipelines.prompt.vocabulary_style import COLORS, MATERIALS

_Trigger = Literal["name", "saying", "weak"]
_MAX_LENGTH: Final = 120  # characters; the search for a closing mark looks no further
_MAX_WORDS: Final = 6
# A mark opens where a word could begin: in 3" and in "it's" it does not.
_OPENING: Final = re.compile(r"(?<![^\s(\[,:=])[\"'“‘«](?=\S)")
_CLOSING: Final = {'"': '"”', "“": '”"', "«": "»", "'": "'", "‘": "'’"}

_TRIGGERS: Final[PhraseTable[_Trigger]] = PhraseTable.of(
    [
        *(
            (phrase, "name")
            for phrase in phrases(
                "with the name, with name, with the names, the name, the names, named, with the initials, initials",
                "with the letter",
                "com o nome, com os nomes, com nome, o nome, com as iniciais, iniciais, com a letra, chamado",
                "com a inicial",
                "with the number, com o numero, with the letters, com as letras, do nome, de nome",
            )
        ),
        *(
            (phrase, "saying")
            for phrase in phrases(
                "saying, that says, which says, says, that reads, with the text, the text, with text, with the word",
                "the word, with the words",
                "the words, with the phrase, the phrase, with the message, with the inscription, lettered",
                "with the label",
                "escrito, escrita, com a palavra, a palavra, com as palavras, com o texto, o texto, com a frase",
                "a frase, dizendo, que diz",
                "com texto, com a mensagem, com a inscricao, com os dizeres, onde se le, que diga, com o escrito",
            )
        ),
        *(
            (phrase, "weak")
            for phrase in phrases(
                "name, text, reading, engraved, engraved with, written, embossed, label, nome, texto, gravado",
                "gravada, gravado com, word",
                "palavra, frase, letter, letra, inscription, inscricao, gravada com, initial",
            )
        ),
    ]
)
_PARTICLES: Final = frozenset({"da", "de", "do", "das", "dos", "e", "and", "of", "the", "&", "-", "'", "+"})
_STOPS: Final = (PREPOSITIONS | CONNECTIVES | VERBS) - {"e", "de", "do", "da", "of"}

_AFTER_TEXT: Final = frozenset({"in", "with", "for", "on", "em", "com", "para", "na", "of", "de"})


@dataclass(frozen=True, slots=True)
class Inscription:
    """The text, if any, and the tokens with each quotation made one `quoted` token that nothing else reads."""

    word: Word | None
    tokens: tuple[Token, ...]


def find_inscription(folded: Folded, tokens: Sequence[Token], reading: Reading) -> Inscription:
    """The first quoted text that does not name the object itself, else the words after a phrase that announces one."""
    quotes = list(_quotes(folded.plain))
    named_at = _first_name(reading) if quotes else len(folded.plain)
    for start, end in quotes:
        if named_at < start or not _is_object(folded.plain[start + 1 : end - 1]):
            span = folded.span(start + 1, end - 1)
            return Inscription(Word(folded.text[span.start : span.end], span), _collapse(tokens, quotes))
    found = next(_announced(reading), None)
    if found is None:
        return Inscription(
            None, _collapse(tokens, [q for q in quotes if not _is_object(folded.plain[q[0] + 1 : q[1] - 1])])
        )
    first, last = found
    span = reading.span(first, last)
    text = folded.text[span.start : span.end]
    return Inscription(Word(text, span), _collapse(tokens, [(tokens[first].start, tokens[last - 1].end)]))


def _quotes(plain: str) -> Iterator[tuple[int, int]]:
    """Quoted stretches, marks included, that do not overlap."""
    begin = 0
    for match in _OPENING.finditer(plain):
        if match.start() < begin:
            continue
        start = match.start()
        for index in range(start + 2, min(start + 2 + _MAX_LENGTH, len(plain))):
            if plain[index] == "\n":
                break
            if plain[index] in _CLOSING[match.group()] and not plain[index + 1 : index + 2].isalnum():
                yield start, index + 1
                begin = index + 1
                break


def _is_object(content: str) -> bool:
    words = tuple(content.split())
    return words in ENGLISH.entries or words in PORTUGUESE.entries or not content.strip()


def _first_name(reading: Reading) -> int:
    """Where the first name of an object stands: in `chaveiro "CASA"` the house is what to write."""
    names = (
        token.start
        for index, token in enumerate(reading.tokens)
        if ENGLISH.match(reading, index) or PORTUGUESE.match(reading, index)
    )
    return next(names, len(reading.folded.plain))


def _collapse(tokens: Sequence[Token], stretches: Sequence[tuple[int, int]]) -> tuple[Token, ...]:
    kept: list[Token] = []
    waiting = list(reversed(stretches))
    for token in tokens:
        while waiting and token.start >= waiting[-1][1]:
            waiting.pop()
        if waiting and waiting[-1][0] <= token.start < waiting[-1][1]:
            if not kept or kept[-1].start != waiting[-1][0] or kept[-1].kind != "quoted":
                kept.append(Token("quoted", "", waiting[-1][0], waiting[-1][1]))
        else:
            kept.append(token)
    return tuple(kept)


def _announced(reading: Reading) -> Iterator[tuple[int, int]]:
    for trigger in _TRIGGERS.matches(reading):
        start = trigger.end
        while reading.text_at(start) in (":", "is", "=", "e") and start < trigger.end + 2:
            start += 1
        if reading.at(start).kind not in ("word", "number"):
            continue
        end = _announced_end(reading, start, trigger.value)
        if end > start:
            yield start, end


def _announced_end(reading: Reading, start: int, trigger: _Trigger) -> int:
    """The token after the announced text: capitalised words",
    "or a few plain ones where the phrase leaves no doubt."""
    if reading.at(start).kind == "number":
        is_text = trigger != "weak" and UNITS.match(reading, start + 1) is None and reading.at(start + 1).kind != "word"
        return start + 1 if is_text else start
    if _is_capitalised(reading, start) and MATERIALS.match(reading, start) is None:
        return _capitals_end(reading, start)
    first = reading.text_at(start)
    if trigger == "weak" or first in _AFTER_TEXT or (trigger == "name" and (first in _STOPS or first in DETERMINERS)):
        return start
    return _words_end(reading, start, 1 if trigger == "name" else _MAX_WORDS)


def _is_capitalised(reading: Reading, index: int) -> bool:
    return 0 <= index < len(reading.tokens) and reading.written(index, index + 1)[:1].isupper()


def _capitals_end(reading: Reading, index: int) -> int:
    index += 1
    while index < len(reading.tokens):
        text = reading.text_at(index)
        if text in _STOPS or MATERIALS.match(reading, index):
            break
        step = index + (text in _PARTICLES)
        is_number = reading.at(step).kind == "number" and UNITS.match(reading, step + 1) is None and step == index
        if not _is_capitalised(reading, step) and not is_number:
            break
        index = step + 1
    return index


def _words_end(reading: Reading, start: int, limit: int) -> int:
    index = start
    while index - start < limit and reading.at(index).kind == "word" and reading.text_at(index) not in _AFTER_TEXT:
        if index > start and (COLORS.match(reading, index) or MATERIALS.match(reading, index)):
            break
        index += 1
    return index
