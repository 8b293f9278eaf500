"""Which kind of relief a sentence beside the picture asks for."""

import re
from typing import Final

from pipelines.prompt.types import PromptAnalysis
from pipelines.relief.build import ReliefMode

# English and Portuguese, most particular first.
_WORDS: Final[tuple[tuple[ReliefMode, re.Pattern[str]], ...]] = (
    ("cutter", re.compile(r"\b(cookie|biscuit|pastry|fondant)?\s*cutter\b|\bcortador(es)?\b", re.IGNORECASE)),
    ("plate", re.compile(r"\b(relief|plaque|plate|lithophane|relevo|placa|quadro)\b", re.IGNORECASE)),
    ("inflate", re.compile(r"\b(inflat\w*|puff\w*|badge|magnet|inflad\w*|almofad\w*|broche|imã|ímã)\b", re.IGNORECASE)),
)


def mode_asked(analysis: PromptAnalysis) -> ReliefMode:
    """The mode that is named, else auto."""
    return next((mode for mode, words in _WORDS if words.search(analysis.text)), "auto")
