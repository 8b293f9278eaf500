"""Serve shell around `pipelines.prompt` and the decoding of pictures: what is asked, before anything is accepted."""

import asyncio

import structlog

from deployments.logs import configure
from pipelines.errors import ContradictoryPrompt, ModeratedPrompt
from pipelines.images import decode, encode_png
from pipelines.prompt import Moderator, analyse, contradictions, moderate
from pipelines.prompt.types import PromptAnalysis


class PromptAnalyser:
    """One CPU replica. Every moderator is asked; the first refusal counts."""

    def __init__(
        self, build_volume_mm: tuple[float, float, float], moderators: tuple[Moderator, ...], log_level: str
    ) -> None:
        configure(log_level)
        self._build_volume_mm = build_volume_mm
        self._moderators = moderators
        analyse("a vase 10 cm tall", build_volume_mm)  # builds the unit registry before the first caller waits for it

    async def understand(self, prompt: str) -> PromptAnalysis:
        """What the prompt asks. Raises ModeratedPrompt, ContradictoryPrompt."""
        found = await self.read(prompt)
        wrong = contradictions(found)
        if wrong:
            raise ContradictoryPrompt(" ".join(problem.message for problem in wrong))
        return found

    async def read(self, prompt: str) -> PromptAnalysis:
        """What the prompt asks, with what is impossible in it among its problems. Raises ModeratedPrompt."""
        try:
            moderate(prompt, self._moderators)
        except ModeratedPrompt as refusal:
            # The category is enough to watch the rules by; the words stay with who wrote them.
            structlog.get_logger().info("prompt.moderated", category=refusal.category)
            raise
        return analyse(prompt, self._build_volume_mm)

    async def sanitise(self, picture: bytes) -> bytes:
        """A picture decoded under caps and written anew as PNG. Raises Unreadable, TooLarge."""
        return await asyncio.to_thread(lambda: encode_png(decode(picture).rgba))
