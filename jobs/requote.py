"""Another price for a solid that is already made: other material, size, infill, quantity, currency or place."""

from dataclasses import dataclass, replace

from jobs.checkpoints import load_solid
from jobs.model import Job
from jobs.options import Resolved, print_options
from jobs.ports import ArtifactStore
from pipelines.errors import InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.meshing import place
from pipelines.pricing import EstimateSource


@dataclass(frozen=True, slots=True)
class Change:
    """What shall differ; None keeps what the job was quoted with."""

    material: str | None = None
    size_mm: float | None = None
    infill: float | None = None
    quantity: int | None = None
    currency: str | None = None
    source: EstimateSource | None = None
    ship_to: str | None = None
    budget_minor: int | None = None


async def resized_solid(artifacts: ArtifactStore, job: Job, size_mm: float | None) -> TriangleMesh:
    """The job's solid at another longest side. Raises InvalidInput before there is one."""
    mesh = await load_solid(artifacts, job)
    if mesh is None:
        raise InvalidInput(f"Generation {job.id} has no solid to quote yet; it is {job.status}.")
    return place(mesh, size_mm, up="z").mesh if size_mm is not None else mesh


def changed_options(job: Job, change: Change) -> Resolved:
    """The job's print options with the change applied."""
    asked = job.request.options
    # A budget is an amount of one currency: it does not outlive a change to another.
    kept = asked.budget_minor if change.currency in {None, asked.currency} else None
    options = replace(
        asked,
        material=change.material or asked.material,
        infill=asked.infill if change.infill is None else change.infill,
        quantity=asked.quantity if change.quantity is None else change.quantity,
        currency=change.currency or asked.currency,
        source=change.source or asked.source,
        ship_to=change.ship_to or asked.ship_to,
        budget_minor=change.budget_minor or kept,
    )
    return print_options(replace(job, request=replace(job.request, options=options)))
