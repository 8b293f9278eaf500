"""What is not made, whoever asks: weapons, hate symbols and sexual content, by a list of rules with reasons."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, Protocol

from pipelines.errors import ModeratedPrompt
from pipelines.prompt.folding import fold
from pipelines.prompt.language import detect_language
from pipelines.prompt.tokens import tokenize
from pipelines.prompt.types import Language
from pipelines.prompt.vocabulary_moderation import INNOCENT, RULES

Category = Literal["weapons", "hate", "sexual"]

REASONS: Final[dict[Category, dict[Language, str]]] = {
    "weapons": {
        "en": "Weapons and parts of weapons are not made here.",
        "pt": "Armas e peças de armas não são feitas aqui.",
    },
    "hate": {
        "en": "Symbols of hate groups are not made here.",
        "pt": "Símbolos de grupos de ódio não são feitos aqui.",
    },
    "sexual": {
        "en": "Sexual content is not made here.",
        "pt": "Conteúdo sexual não é feito aqui.",
    },
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a prompt is refused: a category for the metrics, a sentence for the reader, never the prompt itself."""

    category: str
    reason: str


class Moderator(Protocol):
    """Anything that can refuse a text: a rule list, a classifier, a hosted service."""

    def __call__(self, text: str) -> Refusal | None:
        """The refusal, or `None` when the text may pass."""


def rule_list(text: str) -> Refusal | None:
    """Refuse by whole words, in English and Portuguese, through accents, digits for letters and s p a c i n g.

    Innocent phrases that hold such a word ("glue gun", "sex bolt", "knife block") are taken out first.
    """
    folded = fold(text)
    for words in _readings(folded.plain):
        for category, pattern in _patterns():
            if pattern.search(words):
                language = detect_language(folded, tokenize(folded.plain))
                return Refusal(category, REASONS[category][language])
    return None


def moderate(text: str, moderators: Sequence[Moderator] = (rule_list,)) -> None:
    """Let a prompt pass, or say why not.

    Args:
        text: The prompt as written.
        moderators: Asked in order; the first refusal counts.

    Raises:
        ModeratedPrompt: Some moderator refuses; `category` is "weapons", "hate" or "sexual" from the rule list.
    """
    for moderator in moderators:
        refusal = moderator(text)
        if refusal is not None:
            raise ModeratedPrompt(refusal.category, refusal.reason)


# Digits and signs that stand for letters; only inside words that also hold a letter, so that "AR-15" keeps its number.
_LEET: Final = str.maketrans("013457@$!|", "oieastasii")
_LEET_WORD: Final = re.compile(r"[a-z0-9@$!|]+")
_SPACED: Final = re.compile(r"(?<![^\W_])[^\W_](?:[ .\-_*]{1,2}[^\W_](?![^\W_])){2,40}")
_NOT_WORD: Final = re.compile(r"[\W_]+")


def _readings(plain: str) -> tuple[str, ...]:
    """The text as words between single spaces: as written, with digits as letters, with spaced words closed."""
    decoded = _LEET_WORD.sub(lambda found: _decode(found.group()), plain)
    closed = _SPACED.sub(lambda found: _NOT_WORD.sub("", found.group()), decoded)
    return tuple(dict.fromkeys(_without_innocent(_words(reading)) for reading in (plain, decoded, closed)))


def _decode(word: str) -> str:
    letters = sum("a" <= char <= "z" for char in word)
    return word.translate(_LEET) if letters and letters * 2 >= len(word) - 1 else word


def _words(text: str) -> str:
    return f" {_NOT_WORD.sub(' ', text).strip()} "


def _without_innocent(words: str) -> str:
    return _innocent().sub(" ", words)


@cache
def _innocent() -> re.Pattern[str]:
    # Compiled on first use: the lists together take a few milliseconds, which an import should not.
    return re.compile(rf" (?:{_alternatives(INNOCENT)})(?= )")


@cache
def _patterns() -> tuple[tuple[Category, re.Pattern[str]], ...]:
    return tuple((category, re.compile(rf" (?:{_alternatives(phrases)}) ")) for category, phrases in RULES.items())


def _alternatives(phrases: Sequence[str]) -> str:
    """The longest first: of "gun" and "gun holder" the phrase must win."""
    return "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
