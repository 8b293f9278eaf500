"""Requests to views, on models of random weights."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipelines.cameras import orbit
from pipelines.errors import BackendFailed, InvalidInput, MoldarError, NoSubject
from pipelines.geometry import Views
from pipelines.multiview import SOLVERS, MultiView, SolverName, ViewRequest, load_multiview

CAMERAS = Path(__file__).parents[2] / "golden" / "models" / "mvdream_cameras.json"
STEPS = 3
TOLERANCE = (
    2e-4  # of batch mates: the order in which sums of a larger matrix product are taken, float32, random weights
)


def picture(seed: int = 0) -> NDArray[np.float32]:
    """A coloured block on white."""
    image = np.ones((50, 50, 3), np.float32)
    image[10:40, 15:35] = np.random.default_rng(seed).random(3, np.float32)
    return image


def views_of(outcome: Views | MoldarError | None) -> Views:
    assert isinstance(outcome, Views), outcome
    return outcome


def test_a_sentence_becomes_four_centred_views_on_white_and_bit_equal_twice(mvdream: MultiView) -> None:
    asked = [ViewRequest("a red vase", seed=3, elevation_deg=20.0), ViewRequest("a chair", seed=4)]
    first, again = mvdream.sample(asked, STEPS), mvdream.sample(asked, STEPS)
    for views, same in zip(first, again, strict=True):
        assert views is not None
        assert same is not None
        np.testing.assert_array_equal(views.images, same.images)
        assert views.images.shape == (4, 64, 64, 3)
        assert views.images.dtype == np.float32
        for image in views.images:
            ys, xs = np.nonzero((image < 1).any(axis=2))
            assert max(np.ptp(ys), np.ptp(xs)) + 1 in (50, 51)  # 0.8 * 64, rounded down, and what is drawn of it
            assert abs(int(ys.min()) - (63 - int(ys.max()))) <= 1
            np.testing.assert_array_equal(image[0], 1.0)
    assert first[0] is not None
    np.testing.assert_array_equal(first[0].c2w, orbit([20.0] * 4))
    assert first[0].c2w[0, 1, 3] > 0, "positive elevation is above"
    assert first[1] is not None
    assert not np.array_equal(first[0].images, first[1].images)


@torch.inference_mode()
def upstreams_loop(model: MultiView, asked: ViewRequest, elevation: int, scale: float) -> NDArray[np.float32]:
    """SPEC B.5 to B.7, plainly: one object, five frames, the picture's tokens anew in every step."""
    from diffusers import DDIMScheduler

    parts = model._parts
    assert parts.picture is not None
    assert asked.image is not None
    scheduler = DDIMScheduler.from_config(parts.scheduler)
    scheduler.set_timesteps(STEPS)
    camera = torch.tensor(json.loads(CAMERAS.read_text())[f"mvdream_diffusers_elevation_{elevation}"])
    clip = parts.picture.tokens(asked.image)
    ip = torch.cat([torch.zeros_like(clip)] * 5 + [clip] * 5)
    pixels = torch.from_numpy(asked.image).permute(2, 0, 1)[None] * 2 - 1
    pixels = nn.functional.interpolate(pixels, (64, 64), mode="bilinear")
    latent = parts.autoencoder.model.encode(pixels).latent_dist.mean * 0.18215
    words = parts.text.encode([asked.negative_prompt, asked.prompt]).repeat_interleave(5, dim=0)
    x = torch.randn((5, 4, 8, 8), generator=torch.Generator().manual_seed(asked.seed))
    for timestep in scheduler.timesteps:
        both = model.unet(
            torch.cat([x, x]), torch.full((10,), float(timestep)), words, torch.cat([camera, camera]), 5, ip,
            torch.cat([torch.zeros_like(latent), latent]),
        )  # fmt: skip
        noise = both[:5] + scale * (both[5:] - both[:5])
        x = scheduler.step(noise, timestep, x).prev_sample
    decoded: Tensor = parts.autoencoder.model.decode(x / 0.18215).sample
    return (decoded / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()[[1, 2, 3, 0]]


@pytest.mark.parametrize(("scale", "elevation"), [(5.0, 0), (2.5, 15), (1.0, 15), (0.0, 0), (0.5, 0)])
def test_a_picture_becomes_the_views_that_upstreams_loop_makes_of_it(
    imagedream: MultiView, scale: float, elevation: int
) -> None:
    asked = ViewRequest("a vase", "red", picture(), 7, scale, float(elevation))
    (views,) = imagedream.sample([asked], STEPS)
    assert views is not None
    np.testing.assert_allclose(views.images, upstreams_loop(imagedream, asked, elevation, scale), atol=TOLERANCE)
    np.testing.assert_array_equal(views.c2w, orbit([float(elevation)] * 4))


def test_without_a_scale_the_models_own_is_taken(imagedream: MultiView) -> None:
    own, stated = imagedream.sample([ViewRequest(image=picture(), guidance_scale=s) for s in (None, 5.0)], STEPS)
    assert own is not None
    assert stated is not None
    np.testing.assert_allclose(own.images, stated.images, atol=TOLERANCE)


def test_pictures_are_bit_equal_twice_and_leave_global_randomness_alone(imagedream: MultiView) -> None:
    asked = [ViewRequest(image=picture(1), seed=5)]
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # type: ignore[index]
    first = views_of(imagedream.sample_each(asked, STEPS)[0])
    torch.manual_seed(99)
    again = views_of(imagedream.sample_each(asked, STEPS)[0])
    np.testing.assert_array_equal(first.images, again.images)
    torch.manual_seed(99)
    expected = torch.get_rng_state()
    imagedream.sample_each(asked, STEPS)
    assert torch.equal(torch.get_rng_state(), expected)
    assert np.random.get_state()[1].tolist() == before[1]  # type: ignore[index]


def test_an_object_does_not_depend_on_who_shares_its_batch(imagedream: MultiView) -> None:
    asked = [
        ViewRequest("a vase", image=picture(1), seed=1, guidance_scale=4.0),
        ViewRequest("", image=picture(2), seed=2, guidance_scale=1.0),
        ViewRequest("red", image=picture(3), seed=3, guidance_scale=9.0, elevation_deg=-30.0),
    ]
    together = imagedream.sample_each(asked, STEPS)
    for request, outcome in zip(asked, together, strict=True):
        (alone,) = imagedream.sample_each([request], STEPS)
        np.testing.assert_allclose(views_of(outcome).images, views_of(alone).images, atol=TOLERANCE)
    backwards = imagedream.sample_each(asked[::-1], STEPS)[::-1]
    for one, other in zip(together, backwards, strict=True):
        np.testing.assert_allclose(views_of(one).images, views_of(other).images, atol=TOLERANCE)


def test_at_a_guidance_of_one_the_negative_prompt_is_not_looked_at(imagedream: MultiView) -> None:
    asked = ViewRequest("a vase", image=picture(), guidance_scale=1.0)
    (plain,) = imagedream.sample_each([asked], STEPS)
    (other,) = imagedream.sample_each([replace(asked, negative_prompt="a chair")], STEPS)
    np.testing.assert_array_equal(views_of(plain).images, views_of(other).images)


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"prompt": "a chair"}, {"negative_prompt": "red"}, {"elevation_deg": 40.0}, {"image": picture(9)}],
)
def test_each_part_of_a_request_matters(imagedream: MultiView, change: dict[str, Any]) -> None:
    asked = ViewRequest("a vase", image=picture())
    one, other = imagedream.sample([asked, replace(asked, **change)], STEPS)
    assert one is not None
    assert other is not None
    assert np.abs(one.images - other.images).max() > 10 * TOLERANCE


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_makes_views_of_its_own(imagedream: MultiView, solver: SolverName) -> None:
    asked = [ViewRequest(image=picture(), seed=2)]
    views = views_of(imagedream.sample_each(asked, STEPS, solver)[0])
    assert views.images.min() >= 0
    assert views.images.max() <= 1
    if solver != "ddim":
        assert not np.allclose(views.images, views_of(imagedream.sample_each(asked, STEPS)[0]).images, atol=1e-3)


def test_progress_is_told_after_every_step(imagedream: MultiView) -> None:
    told: list[tuple[int, int]] = []
    imagedream.sample([ViewRequest(image=picture())], STEPS, on_step=lambda *done: told.append(done))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_cancelled_object_leaves_the_batch_and_the_others_stay_as_they_were(imagedream: MultiView) -> None:
    asked = [ViewRequest(image=picture(n), seed=n) for n in range(3)]
    done: list[int] = []
    rows: list[int] = []
    hook = imagedream.unet.register_forward_pre_hook(lambda _, given: rows.append(len(given[0])))
    outcomes = imagedream.sample_each(
        asked, 4, on_step=lambda k, _: done.append(k), canceled=lambda index: index == 1 and len(done) >= 2
    )
    hook.remove()
    assert outcomes[1] is None
    assert rows == [30, 30, 20, 20], "its ten rows are computed no more"
    for index in (0, 2):
        (alone,) = imagedream.sample_each([asked[index]], 4)
        np.testing.assert_allclose(views_of(outcomes[index]).images, views_of(alone).images, atol=TOLERANCE)


def test_when_all_are_cancelled_the_work_ends_at_once(mvdream: MultiView) -> None:
    done: list[int] = []
    asked = [ViewRequest("a vase"), ViewRequest("a chair")]
    outcomes = mvdream.sample(asked, 1000, on_step=lambda k, _: done.append(k), canceled=lambda _: len(done) >= 2)
    assert outcomes == [None, None]
    assert done == [1, 2]
    assert mvdream.sample(asked, 1000, canceled=lambda _: True) == [None, None]


def test_cancelled_after_the_last_step_is_still_cancelled(mvdream: MultiView) -> None:
    done: list[int] = []
    outcomes = mvdream.sample(
        [ViewRequest("a vase")], 2, on_step=lambda k, _: done.append(k), canceled=lambda _: len(done) == 2
    )
    assert outcomes == [None]


def test_a_prompt_of_two_thousand_tokens_is_cut_and_the_cut_is_noted(mvdream: MultiView) -> None:
    long = ViewRequest("a red " * 1000, negative_prompt="")
    cut = replace(long, prompt="a red " * 37 + "a")  # 75 tokens between beginning and end
    assert mvdream.notes(long) == ("The prompt has 2000 tokens; only the first 75 are looked at.",)
    assert mvdream.notes(cut) == ()
    assert len(mvdream.notes(replace(cut, negative_prompt="red " * 76))) == 1
    one, other = mvdream.sample([long, cut], 2)
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one.images, other.images, atol=0.02)  # through the cut-out, which has thresholds


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (ViewRequest(""), "needs a prompt"),
        (ViewRequest(" \n"), "needs a prompt"),
        (ViewRequest("a vase", image=picture()), "a picture needs ImageDream"),
        (ViewRequest("half a pair \ud800"), "no Unicode text"),
        (ViewRequest("x" * 100_001), "at most 100,000"),
        (ViewRequest("a vase", negative_prompt=None), "negative_prompt must be a text"),  # type: ignore[arg-type]
        (ViewRequest("a vase", seed=-1), "seed must be"),
        (ViewRequest("a vase", seed=2**63), "seed must be"),
        (ViewRequest("a vase", seed=1.5), "seed must be"),  # type: ignore[arg-type]
        (ViewRequest("a vase", guidance_scale=float("nan")), "guidance_scale must be a number"),
        (ViewRequest("a vase", guidance_scale=-1.0), "guidance_scale must be from 0 to 100"),
        (ViewRequest("a vase", elevation_deg=91.0), "elevation_deg must be from -90 to 90"),
    ],
)
def test_one_bad_request_fails_alone(mvdream: MultiView, request_: ViewRequest, reason: str) -> None:
    bad, good = mvdream.sample_each([request_, ViewRequest("a vase")], 1)
    assert isinstance(bad, InvalidInput)
    assert reason in str(bad)
    assert isinstance(good, Views)
    with pytest.raises(InvalidInput, match=r"must|needs|Unicode"):
        mvdream.sample([request_], 1)


def damaged(change: tuple[int, int, int], value: float) -> NDArray[np.float32]:
    image = picture()
    image[change] = value
    return image


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (None, "none was given"),
        (damaged((0, 0, 0), np.nan), "not from 0 to 1"),
        (damaged((0, 0, 0), 1.5), "not from 0 to 1"),
        (damaged((0, 0, 0), -0.1), "not from 0 to 1"),
        (picture()[:, :30], r"\[50, 30, 3\]"),
        (picture()[:4, :4], r"\[4, 4, 3\]"),
        (picture()[:, :, 0], r"\[50, 50\]"),
    ],
)
def test_pictures_that_are_none_are_refused(
    imagedream: MultiView, image: NDArray[np.float32] | None, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        imagedream.sample([ViewRequest("a vase", image=image)], 1)


@pytest.mark.parametrize(("steps", "solver"), [(0, "ddim"), (1001, "ddim"), (3, "euler")])
def test_steps_and_solvers_out_of_range_are_refused(mvdream: MultiView, steps: int, solver: SolverName) -> None:
    with pytest.raises(InvalidInput, match="must be"):
        mvdream.sample_each([ViewRequest("a vase")], steps, solver)


def test_of_nothing_comes_nothing(mvdream: MultiView) -> None:
    assert mvdream.sample([]) == []


def test_latents_that_are_not_finite_are_a_failed_backend(hub: Path) -> None:
    model = load_multiview(hub / "imagedream")
    next(model.unet.out.parameters()).data.fill_(float("nan"))
    with pytest.raises(BackendFailed, match="not finite"):
        model.sample([ViewRequest(image=picture())], 1)


def test_a_view_that_shows_nothing_is_named(hub: Path) -> None:
    model = load_multiview(hub / "mvdream")
    model._parts.autoencoder.model.decoder.conv_out.weight.data.zero_()
    with pytest.raises(NoSubject, match="View 1 of the object shows nothing"):
        model.sample([ViewRequest("a vase")], 1)


def test_narrow_weights_give_nearly_the_same_views(hub: Path, imagedream: MultiView) -> None:
    narrow = load_multiview(hub / "imagedream", dtype=torch.bfloat16)
    asked = [ViewRequest(image=picture(), seed=2)]
    exact, rough = (views_of(model.sample_each(asked, STEPS)[0]).images for model in (imagedream, narrow))
    assert np.abs(exact - rough).mean() < 0.05
    assert narrow.unet.dtype == torch.bfloat16
