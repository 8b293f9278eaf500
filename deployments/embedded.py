"""Serve shell around the solids that need no model: `pipelines.parametric` and `pipelines.relief`."""

import asyncio

from jobs.model import Generated, Job
from jobs.work import parametric, relief


class EmbeddedSolids:
    """One CPU replica."""

    async def generate(self, job: Job, images: tuple[bytes, ...]) -> Generated:
        """The solid a job asks for. Raises errors of the tree."""
        if job.plan.chosen == "relief":
            return await asyncio.to_thread(relief, job, images[0])
        return await asyncio.to_thread(parametric, job)
