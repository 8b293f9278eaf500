"""A texture that a request asks for, in the file that the conversion stage writes."""

from dataclasses import replace

import manifold3d
import numpy as np
import pytest

from jobs.lifecycle import Status
from jobs.model import Converted, Generated, Job, JobId, JobRequest, Provenance
from jobs.work import convert
from pipelines.errors import InvalidInput
from pipelines.geometry import Gaussians, TriangleMesh
from pipelines.meshing import MeshFormat, export_mesh
from pipelines.prompt import analyse
from pipelines.routing import Plan, PlanStep
from pipelines.splats import write_splats
from pipelines.uploads import FileConversion, convert_file
from tests.golden.splat_cases import splats
from tests.support.solids import as_mesh, brick
from tests.support.textures import read_back, sampled

MADE_BY = Provenance("lgm", "lgm-nano", None, 0, "commercial")


def converted(shape: TriangleMesh | Gaussians, formats: tuple[MeshFormat, ...], texture: bool = True) -> Converted:
    request = JobRequest(prompt="a vase", formats=formats, texture=texture)
    plan = Plan((PlanStep("lgm", "chosen", "splats"),))
    job = Job(JobId("gen_1"), 1, "local", Status.RUNNING, None, request, analyse("a vase"), plan, 0.0)
    made = Generated(MADE_BY, gaussians=shape) if isinstance(shape, Gaussians) else Generated(MADE_BY, mesh=shape)
    return convert(job, made)


def test_only_the_glb_has_the_texture_and_only_where_it_is_asked_for() -> None:
    blob = splats("blob", "ideal", 8_000)
    asked, plain = converted(blob, ("stl", "glb", "obj")), converted(blob, ("glb",), texture=False)
    files = {file.name: file.data for file in asked.files}
    painted, bare = read_back(files["model.glb"]), read_back(plain.files[-1].data)
    assert painted.visual.material.baseColorTexture.size == (1024, 1024)
    assert bare.visual.material.baseColorTexture is None
    assert painted.bounds == pytest.approx(bare.bounds, abs=1e-3)  # a millimetre, of 100
    assert files["model.obj"] == export_mesh(asked.mesh, "obj")


def test_the_texture_of_splats_shows_what_no_vertex_of_a_flat_side_tells() -> None:
    # A flat side has corners and few other vertices: the stripes on it are in the splats alone.
    rng = np.random.default_rng(0)
    means, axis = rng.uniform(-0.5, 0.5, (40_000, 3)), rng.integers(0, 3, 40_000)
    rows = np.arange(40_000)
    means[rows, axis] = np.sign(means[rows, axis]) * 0.5
    flat = np.full((40_000, 3), 0.005)
    flat[rows, axis] = 0.0005
    shade = np.repeat((np.floor(means[:, :1] * 10) % 2), 3, axis=1)  # ten stripes across x
    turn = np.tile([1.0, 0, 0, 0], (40_000, 1))
    box = Gaussians(*(part.astype(np.float32) for part in (means, np.full(40_000, 0.9), flat, turn, shade)))
    result = converted(box, ("glb",))
    points, shown = sampled(read_back(result.files[-1].data))
    stripe = points[:, 0] / 10  # the box is 100 mm wide, about the origin
    inner = np.abs(stripe - np.rint(stripe)) > 0.15
    assert np.abs(shown[inner, 0] - 255 * (np.floor(stripe[inner]) % 2)).mean() < 12
    assert len(result.mesh.faces) < 40_000


def test_what_is_too_intricate_keeps_its_colours_on_vertices_and_says_so() -> None:
    balls = [manifold3d.Manifold.sphere(1, 16).translate([3.0 * (k % 30), 3.0 * (k // 30), 0]) for k in range(900)]
    result = converted(as_mesh(manifold3d.Manifold.compose(balls), (200, 10, 10)), ("glb",))
    assert read_back(result.files[-1].data).visual.material.baseColorTexture is None
    assert any("too intricate" in repair for repair in result.repairs)


@pytest.mark.parametrize("target", ["stl", "splat"])
def test_a_file_that_can_carry_no_texture_is_not_written_with_one(target: str) -> None:
    data = write_splats(splats("blob", "ideal", 2_000), "ply")
    with pytest.raises(InvalidInput, match="texture"):
        convert_file(data, replace(FileConversion("ply", "glb", texture=True), target=target))  # type: ignore[arg-type]


def test_an_uploaded_mesh_gets_its_texture_from_its_vertices() -> None:
    data = convert_file(export_mesh(brick((20, 90, 200)), "ply"), FileConversion("ply", "glb", texture=True))
    assert (np.asarray(read_back(data).visual.material.baseColorTexture.convert("RGB")) == [20, 90, 200]).all()
