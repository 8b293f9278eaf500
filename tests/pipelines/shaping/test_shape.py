"""Batches of wishes on models in miniature: real networks, and samplers that fail where real ones may."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from pipelines.cameras import FOVY_DEG, orbit
from pipelines.errors import Canceled, GpuOutOfMemory, InvalidInput, NoSubject, WeightsMissing
from pipelines.geometry import Views
from pipelines.lgm import agreement, splat, within_outlines
from pipelines.multiview import Outcome, SolverName, ViewRequest
from pipelines.shaping import NANO, ModelFiles, Shaped, Wish
from pipelines.shaping.models import Loading, Models, ViewSampler, load_models
from pipelines.shaping.shape import Watch, shape

A_CHAIR = Wish("text", NANO, prompt="a chair", steps=3, seeds=(5,))


@pytest.fixture(scope="module")
def models(files: ModelFiles) -> Iterator[Models]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # networks this small only lose by more
    yield load_models(files, Loading(max_rows=3))
    torch.set_num_threads(threads)


def views(shade: float, seed: int = 0) -> Views:
    """Four pictures of a block on white, no two alike."""
    images = np.ones((4, 64, 64, 3), np.float32)
    images[:, 16:48, 20:44] = shade
    images[:, 20:30, 24:40] = np.random.default_rng(seed).uniform(0, 0.9, (4, 10, 16, 3))
    return Views(images, orbit([0.0] * 4), FOVY_DEG)


def own(shade: float) -> Wish:
    return Wish("views", NANO, views=views(shade))


def made(answer: object) -> Shaped:
    assert isinstance(answer, Shaped), answer
    return answer


def test_own_views_become_gaussians_and_come_back(models: Models) -> None:
    (answer,) = shape(models, [own(0.3)])
    assert len(made(answer).gaussians) == 4 * 32 * 32
    assert made(answer).views.images.tolist() == views(0.3).images.tolist()
    assert made(answer).candidates == ()


def test_the_small_models_depths_are_held_to_the_outlines_of_given_views_only(models: Models) -> None:
    one = views(0.3)
    alone, moved = splat(models.splatter(NANO).model, [one])[0], made(shape(models, [own(0.3)])[0]).gaussians
    np.testing.assert_array_equal(moved.means, within_outlines(alone, one).means)
    assert not np.allclose(moved.means, alone.means, atol=1e-3), "weights that were never trained are outside"
    sampled = made(shape(models, [A_CHAIR])[0])
    unmoved = splat(models.splatter(NANO).model, [sampled.views])[0]
    np.testing.assert_allclose(sampled.gaussians.means, unmoved.means, atol=1e-6)


def test_an_object_does_not_depend_on_its_batch_mates(models: Models) -> None:
    mates = [own(0.1), own(0.5), own(0.8), own(0.2)]  # one more than a pass takes
    together = [made(answer).gaussians for answer in shape(models, mates)]
    for wish, cloud in zip(mates, together, strict=True):
        (alone,) = shape(models, [wish])
        np.testing.assert_allclose(cloud.means, made(alone).gaussians.means, atol=1e-5)


def test_words_and_pictures_are_sampled_and_the_same_twice(models: Models) -> None:
    picture = np.ones((64, 64, 3), np.float32)
    picture[20:50, 12:40] = (0.7, 0.2, 0.1)
    for wish in (A_CHAIR, Wish("picture", NANO, picture=picture, steps=3)):
        first, again = (made(shape(models, [wish])[0]) for _ in range(2))
        other = made(shape(models, [replace(wish, seeds=(77,))])[0])
        assert first.gaussians.means.tolist() == again.gaussians.means.tolist()
        assert first.gaussians.means.tolist() != other.gaussians.means.tolist()


def test_the_best_of_several_seeds_is_kept_with_every_score(models: Models) -> None:
    wish = replace(A_CHAIR, seeds=(5, 6, 7, 8))  # two passes of at most three
    best = made(shape(models, [wish])[0])
    alone = [made(shape(models, [replace(A_CHAIR, seeds=(seed,))])[0]) for seed in wish.seeds]
    scores = [agreement(one.gaussians, one.views) for one in alone]
    assert [one.seed for one in best.candidates] == list(wish.seeds)
    assert [one.psnr_db for one in best.candidates] == pytest.approx(scores, abs=0.01)
    assert best.seed == wish.seeds[int(np.argmax(scores))]


def test_a_view_that_shows_nothing_fails_alone(models: Models) -> None:
    blank = Wish("views", NANO, views=Views(np.ones((4, 64, 64, 3), np.float32), orbit([0.0] * 4), FOVY_DEG))
    first, second, third = shape(models, [own(0.2), blank, own(0.7)])
    assert isinstance(second, NoSubject)
    assert made(first).views.images.mean() != made(third).views.images.mean()


def test_progress_reaches_one_and_never_falls(models: Models) -> None:
    told: list[float] = []
    shape(models, [A_CHAIR] * 4, Watch(tell=told.append))
    assert told == sorted(told)
    assert len(told) == 2 * 3 + 1  # two passes of three steps, and LGM
    assert told[-1] == 1.0


def test_a_cancelled_wish_is_dropped_between_steps_and_its_mate_is_not(models: Models) -> None:
    asked = 0

    def canceled(index: int) -> bool:
        nonlocal asked
        asked += index == 0
        return index == 0 and asked > 2

    stopped, other = shape(models, [replace(A_CHAIR, steps=6), replace(A_CHAIR, steps=6)], Watch(canceled=canceled))
    assert isinstance(stopped, Canceled)
    made(other)


def test_what_everybody_gave_up_is_not_worked_off(models: Models) -> None:
    told: list[float] = []
    watch = Watch(told.append, lambda index: len(told) >= 2)
    answers = shape(models, [replace(A_CHAIR, steps=500)] * 2, watch)
    assert all(isinstance(answer, Canceled) for answer in answers)
    assert len(told) <= 4  # of 500 steps


class Sampler:
    """A sampler on a device with room for so many objects at a time, whose every view is a block."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.passes: list[int] = []

    def sample_each(
        self,
        asked: Sequence[ViewRequest],
        steps: int,
        solver: SolverName,
        on_step: Callable[[int, int], None] | None,
        canceled: Callable[[int], bool] | None,
    ) -> list[Outcome]:
        self.passes.append(len(asked))
        if len(asked) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return [views(0.3, request.seed) for request in asked]

    def notes(self, asked: ViewRequest) -> tuple[str, ...]:
        return ()


def on_device(models: Models, room: int) -> tuple[Models, Sampler]:
    sampler = Sampler(room)
    return replace(models, text=ViewSampler("mvdream", sampler, "0" * 64), max_rows=8), sampler


def test_a_batch_that_is_too_large_for_the_device_is_made_in_parts(models: Models) -> None:
    small, sampler = on_device(models, room=2)
    answers = shape(small, [replace(A_CHAIR, seeds=(seed,)) for seed in range(7)])
    assert [made(answer).seed for answer in answers] == list(range(7))
    assert sampler.passes == [7, 4, 2, 2, 3, 2, 1]


def test_what_does_not_fit_alone_is_an_error_of_capacity(models: Models) -> None:
    tiny, sampler = on_device(models, room=0)
    answers = shape(tiny, [A_CHAIR, A_CHAIR])
    assert all(isinstance(answer, GpuOutOfMemory) and answer.retryable for answer in answers)
    assert sampler.passes == [2, 1, 1]


def test_wishes_that_cannot_share_a_pass_are_refused(models: Models) -> None:
    with pytest.raises(InvalidInput, match="one way"):
        shape(models, [A_CHAIR, replace(A_CHAIR, steps=4)])
    assert shape(models, []) == []


def test_weights_that_are_not_loaded_are_missing(models: Models) -> None:
    with pytest.raises(WeightsMissing, match="lgm-big"):
        shape(models, [replace(A_CHAIR, model="lgm-big")])
    with pytest.raises(WeightsMissing, match="MVDream"):
        shape(replace(models, text=None), [A_CHAIR])
