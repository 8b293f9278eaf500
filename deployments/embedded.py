"""Serve shell around the solids that need no model: `pipelines.parametric` and `pipelines.relief`."""

import asyncio
from pathlib import Path

from jobs.model import Generated, Job
from jobs.work import parametric, relief


class EmbeddedSolids:
    """One CPU replica. `rembg_weights` may be missing: then its network takes no part."""

    def __init__(self, rembg_weights: Path) -> None:
        self._rembg_weights = rembg_weights

    async def generate(self, job: Job, images: tuple[bytes, ...]) -> Generated:
        """The solid a job asks for. Raises errors of the tree."""
        if job.plan.chosen == "relief":
            return await asyncio.to_thread(relief, job, images[0], self._rembg_weights)
        return await asyncio.to_thread(parametric, job)
