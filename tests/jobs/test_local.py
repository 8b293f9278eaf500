"""Jobs as orders to the models, and what the models gave as the stage's output."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from adapters.artifacts import Artifacts
from jobs.checkpoints import PROVENANCE, generated_files, load_generated, store
from jobs.lifecycle import Stage, Status
from jobs.local import LgmCard, Offer, SamplerCard, generated, order_of, poses
from jobs.model import CameraPose, Checkpoint, Generated, Job, JobRequest
from jobs.work import convert
from pipelines.cameras import FOVY_DEG, orbit, orbit_c2w
from pipelines.errors import InvalidInput, NoBackend, NoSubject
from pipelines.geometry import Views
from pipelines.parametric import build, design
from pipelines.prompt import analyse
from pipelines.routing import Plan, PlanStep, Way
from pipelines.shaping import BIG, NANO, Agreement, Shaped
from pipelines.splats import read_splats
from tests.golden.splat_cases import splats

BOTH = (BIG, NANO)
LAPTOP = Offer((Way("views", (NANO,)), Way("design", (NANO,))), (LgmCard(NANO, 128, "a" * 64),))
CLUSTER = Offer(
    (
        Way("views", BOTH),
        Way("design", (NANO, BIG)),
        Way("text", BOTH, "restricted"),
        Way("picture", BOTH, "restricted"),
    ),
    (LgmCard(BIG, 256, "b" * 64), LgmCard(NANO, 128, "a" * 64)),
    (
        SamplerCard("mvdream", "c" * 64, "unipc", "mvdream is under OpenRAIL: pass it on."),
        SamplerCard("imagedream", "d" * 64, "unipc"),
    ),
)
VASE = "a red vase 120 mm tall"


def job(prompt: str = "", pictures: int = 0, **fields: Any) -> Job:
    images = tuple(f"key{number}" for number in range(pictures))
    request = JobRequest(prompt=prompt, images=images, method="local", formats=("stl",), **fields)
    plan = Plan((PlanStep("lgm", "chosen", ""),))
    return Job(
        id="gen_1",  # type: ignore[arg-type]
        sequence=1,
        caller="local",
        status=Status.RUNNING,
        stage=Stage.GENERATION,
        request=request,
        analysis=analyse(prompt),
        plan=plan,
        created_at=0.0,
    )


def png(size: tuple[int, int] = (96, 96), color: tuple[int, int, int] = (200, 40, 30)) -> bytes:
    """A block of one colour on white, its left upper quarter."""
    width, height = size
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[height // 8 : height // 2, width // 8 : width // 2] = color
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def shaped(**fields: Any) -> Shaped:
    """What a model may have given for anything."""
    images = np.ones((4, 8, 8, 3), np.float32)
    images[1, :4] = (0.2, 0.4, 0.6)
    views = Views(images, orbit([0.0] * 4), FOVY_DEG)
    return Shaped(splats("blob", "ideal", 4000), views, 9, **fields)


def test_four_pictures_without_cameras_stand_around_the_object() -> None:
    order = order_of(job(pictures=4, elevation_deg=20), [png()] * 4, LAPTOP)
    assert order.way.name == "views"
    assert order.wish.views is not None
    np.testing.assert_allclose(order.wish.views.c2w, orbit([20.0] * 4))
    assert order.wish.views.images.shape == (4, 128, 128, 3)
    assert order.parameters == (("cameras", "standard at 20 deg"),)


def test_given_cameras_are_taken_in_the_order_of_their_pictures() -> None:
    matrix = orbit_c2w(-25.0, 200.0, 1.5)
    as_rows: Any = tuple(map(tuple, matrix.tolist()))
    cameras = (CameraPose(10.0, 0.0), CameraPose(20.0, 90.0), CameraPose(c2w=as_rows), CameraPose(0.0, 270.0, 1.5))
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (90, 90, 90)]
    order = order_of(job(pictures=4, cameras=cameras), [png(color=color) for color in colors], LAPTOP)
    seen = order.wish.views
    assert seen is not None
    expected = [orbit_c2w(10, 0), orbit_c2w(20, 90), matrix, orbit_c2w(0, 270)]
    np.testing.assert_allclose(seen.c2w, expected, atol=1e-6)
    np.testing.assert_allclose(seen.images[:, 32, 32] * 255, colors, atol=1.0)
    assert ("cameras", "given") in order.parameters


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([2.0, 1, 1, 1]),
        np.diag([-1.0, 1, 1, 1]),
        np.eye(4) + np.eye(4, k=1) * 0.3,
        np.full((4, 4), np.nan),
        np.vstack([np.eye(4)[:3], [0, 0, 1, 1]]),
    ],
)
def test_a_matrix_that_is_no_pose_is_refused(matrix: np.ndarray[Any, Any]) -> None:
    as_rows: Any = tuple(map(tuple, matrix.tolist()))
    with pytest.raises(InvalidInput, match="pose"):
        poses([CameraPose(0.0, 0.0), CameraPose(c2w=as_rows)])


def test_pictures_of_two_shapes_and_empty_ones_are_told_by_their_number() -> None:
    with pytest.raises(InvalidInput, match="View 2 has 96 x 64 pixels"):
        order_of(job(pictures=4), [png(), png((96, 64)), png(), png()], LAPTOP)
    transparent = io.BytesIO()
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(transparent, "PNG")
    with pytest.raises(NoSubject, match="View 3"):
        order_of(job(pictures=4), [png(), png(), transparent.getvalue(), png()], LAPTOP)


def test_a_design_is_photographed_from_above_and_below_in_turn() -> None:
    order = order_of(job(VASE), [], LAPTOP)
    seen = order.wish.views
    assert seen is not None
    np.testing.assert_allclose(seen.c2w, orbit([30.0, -30.0, 30.0, -30.0]), atol=1e-6)
    assert seen.images.shape == (4, 128, 128, 3)
    red, green, blue = seen.images[0][seen.images[0].min(axis=2) < 0.9].mean(axis=0)
    assert red > 2 * max(green, blue)
    assert dict(order.parameters)["family"] == "vase"


def test_a_design_has_the_size_of_its_solid_also_after_its_checkpoint(tmp_path: Path) -> None:
    asked = job(VASE)
    order = order_of(asked, [], LAPTOP)
    assert order.size_mm == pytest.approx(float(build(design(analyse(VASE))).mesh.size.max()))
    output = generated(asked, order, shaped(), LAPTOP)
    again = _through_the_store(output, tmp_path)
    for one in (output, again):
        assert convert(asked, one).mesh.size.max() == pytest.approx(order.size_mm)


def _through_the_store(output: Generated, folder: Path) -> Generated:
    import asyncio

    async def there_and_back() -> Generated:
        artifacts = Artifacts(str(folder))
        files = await store(artifacts, "jobs/1", generated_files(output))
        document = PROVENANCE.dump_json(output.provenance).decode()
        return await load_generated(artifacts, Checkpoint(Stage.GENERATION, 1, files, document, 0.0, 0.0))

    return asyncio.run(there_and_back())


def test_the_size_that_is_asked_for_wins_over_the_one_that_is_said() -> None:
    said = order_of(job("a dragon 80 mm tall and 12 cm wide"), [], CLUSTER)
    assert said.size_mm == 120
    asked = job("a dragon 80 mm tall", size_mm=55.0)
    output = generated(asked, order_of(asked, [], CLUSTER), shaped(), CLUSTER)
    assert convert(asked, output).mesh.size.max() == pytest.approx(55)
    unsaid = job("a dragon")
    output = generated(unsaid, order_of(unsaid, [], CLUSTER), shaped(), CLUSTER)
    assert convert(unsaid, output).mesh.size.max() == pytest.approx(100)


def test_what_is_asked_of_the_sampler_reaches_it() -> None:
    asked = job("a dragon", negative_prompt="blurry", steps=12, guidance_scale=3.5, seed=2**32 - 2, best_of=3)
    order = order_of(replace(asked, request=replace(asked.request, elevation_deg=-15.0)), [], CLUSTER)
    wish = order.wish
    assert (wish.prompt, wish.negative_prompt, wish.steps) == ("a dragon", "blurry", 12)
    assert (wish.guidance_scale, wish.elevation_deg, wish.model) == (3.5, -15.0, BIG)
    assert wish.seeds == (2**32 - 2, 2**32 - 1, 0)
    assert dict(order.parameters) == {"steps": "12", "guidance_scale": "3.5", "elevation_deg": "-15"}


def test_a_picture_comes_to_the_sampler_cut_out_and_in_the_middle() -> None:
    order = order_of(job(pictures=1), [png()], CLUSTER)
    picture = order.wish.picture
    assert picture is not None
    assert picture.shape == (256, 256, 3)
    ys, xs = np.nonzero(picture.min(axis=2) < 0.5)
    assert abs(ys.mean() - 127.5) < 3
    assert abs(xs.mean() - 127.5) < 3


@pytest.mark.parametrize(("asked", "model"), [("auto", BIG), ("lgm", BIG), ("lgm-nano", NANO), ("lgm-big", BIG)])
def test_the_model_that_is_asked_for_is_the_one_that_is_taken(asked: str, model: str) -> None:
    order = order_of(job(pictures=4, model=asked), [png()] * 4, CLUSTER)
    assert (order.lgm.name, order.wish.model) == (model, model)
    assert order.wish.views is not None
    assert order.wish.views.images.shape[1] == {BIG: 256, NANO: 128}[model]


def test_the_output_says_where_it_came_from() -> None:
    asked = job("a dragon", best_of=2, seed=8)
    order = order_of(asked, [], CLUSTER)
    given = shaped(candidates=(Agreement(8, 20.5), Agreement(9, 21.25)), notes=("The prompt was cut.",))
    made = generated(asked, order, given, CLUSTER).provenance
    assert (made.backend, made.model, made.weights_sha256, made.seed) == ("lgm", BIG, "b" * 64, 9)
    assert made.licence == "restricted"
    assert made.notes == ("The prompt was cut.", "mvdream is under OpenRAIL: pass it on.")
    assert dict(made.parameters) == {
        "views": "mvdream", "steps": "30", "elevation_deg": "0", "solver": "unipc", "mvdream_sha256": "c" * 64,
        "candidate_8": "20.50 dB", "candidate_9": "21.25 dB",
    }  # fmt: skip


def test_own_views_through_a_model_of_ours_are_free_of_restrictions() -> None:
    asked = job(pictures=4)
    made = generated(asked, order_of(asked, [png()] * 4, CLUSTER), shaped(), CLUSTER).provenance
    assert (made.licence, made.notes) == ("commercial", ())
    assert "solver" not in dict(made.parameters)


def test_the_views_and_the_gaussians_come_back_as_files() -> None:
    asked = job(pictures=4)
    given = shaped()
    files = {f.name: f for f in generated(asked, order_of(asked, [png()] * 4, LAPTOP), given, LAPTOP).files}
    assert set(files) == {"gaussians.ply", "view_0.png", "view_1.png", "view_2.png", "view_3.png"}
    assert all(file.public for file in files.values())
    second = np.asarray(Image.open(io.BytesIO(files["view_1.png"].data)))
    assert second[0, 0].tolist() == [51, 102, 153]
    assert second[7, 0].tolist() == [255, 255, 255]
    assert len(read_splats(files["gaussians.ply"].data)) == len(given.gaussians)


def test_a_worker_without_the_weights_of_the_plan_refuses() -> None:
    with pytest.raises(NoBackend, match="weights fetch mvdream"):
        order_of(job("a dragon"), [], LAPTOP)
    with pytest.raises(NoBackend, match="four views would do"):
        order_of(job(pictures=1), [png()], LAPTOP)
