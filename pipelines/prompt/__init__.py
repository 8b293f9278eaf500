"""What a prompt asks for, read in English and Portuguese, and whether it may be made at all.

`analyse` gives every finding with the stretch of text it came from; `contradictions` are the problems that must stop a
job; `moderate` raises for what is not made here.
"""

from pipelines.prompt.analysis import DEFAULT_BUILD_VOLUME_MM, analyse
from pipelines.prompt.counting import MAX_QUANTITY
from pipelines.prompt.moderation import Moderator, Refusal, moderate, rule_list
from pipelines.prompt.problems import contradictions
from pipelines.prompt.types import (
    Count,
    CountName,
    Dimension,
    DimensionName,
    Language,
    Number,
    Problem,
    PromptAnalysis,
    Span,
    Use,
    Word,
)

__all__ = [
    "DEFAULT_BUILD_VOLUME_MM",
    "MAX_QUANTITY",
    "Count",
    "CountName",
    "Dimension",
    "DimensionName",
    "Language",
    "Moderator",
    "Number",
    "Problem",
    "PromptAnalysis",
    "Refusal",
    "Span",
    "Use",
    "Word",
    "analyse",
    "contradictions",
    "moderate",
    "rule_list",
]
