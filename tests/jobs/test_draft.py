"""The coarse solid that comes before the final one, in jobs run by the real stages, stores and foreman."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from adapters.artifacts import Artifacts
from adapters.clock import wall_clock
from adapters.database import Database
from jobs.model import FilePayload, Generated, Job, JobRequest, Provenance
from jobs.ports import Progress
from jobs.runner import Policy, Runner, Tools
from pipelines.errors import BackendFailed
from pipelines.geometry import Gaussians
from pipelines.meshing import read_mesh
from pipelines.routing import Plan, PlanStep
from tests.golden.splat_cases import splats
from tests.support.jobs import DirectStages, SilentObserver, new_job
from tests.support.solids import random_gaussians, volume


class Splats(DirectStages):
    """Real stages around a model that answers with these Gaussians."""

    def __init__(self, gaussians: Gaussians) -> None:
        super().__init__()
        self.gaussians = gaussians

    async def generate(self, job: Job, images: Sequence[bytes], progress: Progress) -> Generated:
        provenance = Provenance("lgm", "lgm-nano", None, 0, "commercial")
        file = FilePayload("gaussians.ply", "application/x-ply", b"ply")
        return Generated(provenance, gaussians=self.gaussians, files=(file,), size_mm=60.0)


@dataclass
class Shop:
    jobs: Database
    artifacts: Artifacts

    async def run(self, stages: DirectStages, policy: Policy, **request: object) -> tuple[str, Job]:
        """A job of splats from its acceptance to its end."""
        plan = Plan((PlanStep("lgm", "chosen", "splats"),))
        asked = new_job(request=JobRequest(prompt="a vase", formats=("glb",), **request), plan=plan)  # type: ignore[arg-type]
        await self.jobs.accept([asked])
        claimed = await self.jobs.claim("a", wall_clock(), 60.0)
        assert claimed is not None
        tools = Tools(self.jobs, self.artifacts, stages, SilentObserver(), wall_clock, policy)
        return await Runner(tools).run(claimed), await self.jobs.get(asked.id)

    async def file(self, job: Job, name: str) -> bytes:
        return await self.artifacts.get(next(record.key for record in job.files() if record.name == name))


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    jobs = Database(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield Shop(jobs, Artifacts(str(tmp_path / "artifacts")))
    jobs.close()


QUICK = Policy(max_claims=1, stage_tries=1)
BLOB = splats("blob", "noisy", 16_384)


@pytest.mark.parametrize(("asked_mm", "longest_mm"), [(None, 60.0), (35.0, 35.0)])
async def test_a_draft_stands_where_the_final_solid_will_and_looks_like_it(
    shop: Shop, asked_mm: float | None, longest_mm: float
) -> None:
    outcome, job = await shop.run(Splats(BLOB), QUICK, size_mm=asked_mm)
    assert outcome == "succeeded"
    draft = read_mesh(await shop.file(job, "draft.glb"), "glb")
    final = read_mesh(await shop.file(job, "model.glb"), "glb")
    assert draft.size.max() == pytest.approx(longest_mm, rel=1e-5)
    for bound in (np.min, np.max):
        assert bound(draft.vertices, axis=0) == pytest.approx(bound(final.vertices, axis=0), abs=0.01 * longest_mm)
    # Its ears' tips, which end between voxels, are a little blunter, and the whole therefore scaled up by a per cent.
    assert volume(draft) == pytest.approx(volume(final), rel=0.05)
    assert len(draft.faces) < 0.6 * len(final.faces)


async def test_the_draft_is_listed_and_told_before_the_conversion_begins(shop: Shop) -> None:
    _, job = await shop.run(Splats(BLOB), QUICK)
    events = [(event.kind, json.loads(event.data)) for event in await shop.jobs.events_of(job.id, 0, 100)]
    told = next(k for k, (kind, data) in enumerate(events) if "draft.glb" in data.get("files", ()))
    assert events[told][0] == "stage_done"
    assert events[told][1]["files"] == ["gaussians.ply", "draft.glb"]  # what is stored for a later holder is not told
    assert ("stage", "conversion") in [(kind, data.get("stage")) for kind, data in events[told + 1 :]]
    assert [record.name for record in job.files()][:2] == ["gaussians.ply", "draft.glb"]


class NoDraft(Splats):
    """Real stages whose draft fails, or never comes."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__(BLOB)
        self.error = error

    async def draft(self, job: Job, shape: Generated) -> FilePayload:
        if self.error is None:
            await asyncio.sleep(60)
        raise self.error or AssertionError


@pytest.mark.parametrize("error", [BackendFailed("The worker was lost."), None])
async def test_a_draft_that_fails_or_lingers_costs_the_job_nothing_but_the_draft(
    shop: Shop, error: Exception | None
) -> None:
    outcome, job = await shop.run(NoDraft(error), replace(QUICK, draft_s=0.05))
    names = [record.name for record in job.files()]
    assert outcome == "succeeded"
    assert "draft.glb" not in names
    assert "model.glb" in names


async def test_splats_of_no_solid_fail_in_the_conversion_with_its_reason(shop: Shop) -> None:
    outcome, job = await shop.run(Splats(random_gaussians(10)), QUICK)
    assert outcome == "failed"
    assert job.failure is not None
    assert job.failure.code == "geometry.empty"
    assert [record.name for record in job.files()] == ["gaussians.ply"]
