"""What a prompt asks for, read in English and Portuguese."""

from pipelines.prompt.analysis import analyse
from pipelines.prompt.types import PromptAnalysis

__all__ = ["PromptAnalysis", "analyse"]
