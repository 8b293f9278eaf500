"""Wishes to Gaussians, many at a time: views where there are none yet, then LGM over all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

import torch

from pipelines.errors import Canceled, GpuOutOfMemory, InvalidInput, MoldarError
from pipelines.geometry import Gaussians, Views
from pipelines.lgm import agreement, splat, within_outlines
from pipelines.multiview import NEGATIVE_PROMPT, Outcome, ViewRequest
from pipelines.shaping.batching import divided
from pipelines.shaping.models import Models, Sampler
from pipelines.shaping.wish import Agreement, Shaped, Wish

Item = TypeVar("Item")
Output = TypeVar("Output")

_SAMPLING: Final = 0.95  # share of the work that sampling is, where there is any; LGM takes less than one of 30 steps
_SPLITS_ON: Final = (MoldarError, torch.OutOfMemoryError)


@dataclass(frozen=True, slots=True)
class Watch:
    """How the caller follows the work and stops parts of it. Both are called on the thread that computes."""

    tell: Callable[[float], None] = lambda share: None  # share of the whole batch that is done
    canceled: Callable[[int], bool] = lambda index: False  # whether nobody wants this wish any more


def shape(models: Models, wishes: Sequence[Wish], watch: Watch | None = None) -> list[Shaped | MoldarError]:
    """The Gaussians of every wish, or the error that it ended with. One that fails does not fail its mates.

    A batch that does not fit the device's memory is tried again in halves; what does not fit alone is answered by
    `GpuOutOfMemory`, what was cancelled by `Canceled`.

    Args:
        models: Weights on the device that is to compute.
        wishes: Of one way, one model and one number of steps.
        watch: See there.

    Raises:
        InvalidInput: wishes that cannot share a batch.
        WeightsMissing: the model or the sampler is not among `models`.
    """
    if not wishes:
        return []
    if len({(wish.way, wish.model, wish.steps) for wish in wishes}) > 1:
        raise InvalidInput("A batch has one way, one model and one number of steps.")
    batch = _Batch(models, wishes, watch or Watch())
    return batch.best(*batch.candidates())


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """One candidate of one wish."""

    index: int  # of the wish
    wish: Wish
    seed: int


class _Batch:
    """Wishes with one row for each of their candidates."""

    def __init__(self, models: Models, wishes: Sequence[Wish], watch: Watch) -> None:
        self._models = models
        self._watch = watch
        self._splatter = models.splatter(wishes[0].model)
        self._rows = [_Row(k, wish, seed) for k, wish in enumerate(wishes) for seed in _seeds(wish)]
        self._sampler = None if wishes[0].views is not None else models.view_sampler(wishes[0].way).sampler
        self._count = len(wishes)
        self._sampled = 0  # rows whose sampling has ended

    def candidates(self) -> tuple[list[Views | MoldarError], list[Gaussians | MoldarError]]:
        """Views and Gaussians of every row."""
        views = self._views()
        clouds = self._clouds(views)
        self._watch.tell(1.0)
        return views, clouds

    def best(
        self, views: Sequence[Views | MoldarError], clouds: Sequence[Gaussians | MoldarError]
    ) -> list[Shaped | MoldarError]:
        """For every wish the candidate whose own views agree best, the first among equals."""
        found: list[Shaped | MoldarError] = []
        for index in range(self._count):
            made: list[Shaped] = []
            errors: list[MoldarError] = []
            for row, seen, cloud in zip(self._rows, views, clouds, strict=True):
                if row.index != index:
                    continue
                if isinstance(cloud, Gaussians) and isinstance(seen, Views):
                    made.append(Shaped(cloud, seen, row.seed, notes=self._notes(row)))
                elif isinstance(cloud, MoldarError):
                    errors.append(cloud)
            found.append(_chosen(made) if made else errors[0])
        return found

    def _notes(self, row: _Row) -> tuple[str, ...]:
        return self._sampler.notes(_view_request(row.wish, row.seed)) if self._sampler else ()

    def _views(self) -> list[Views | MoldarError]:
        if self._sampler is None:
            return [Canceled() if row.wish.views is None else row.wish.views for row in self._rows]
        return self._answers(partial(self._sample, self._sampler), self._rows)

    def _sample(self, sampler: Sampler, rows: Sequence[_Row]) -> list[Outcome]:
        def stepped(step: int, steps: int) -> None:
            done = (self._sampled + len(rows) * step / steps) / len(self._rows)
            self._watch.tell(_SAMPLING * min(done, 1.0))

        asked = [_view_request(row.wish, row.seed) for row in rows]
        steps, solver = rows[0].wish.steps, self._models.solver
        views = sampler.sample_each(asked, steps, solver, stepped, lambda k: self._watch.canceled(rows[k].index))
        self._sampled += len(rows)
        return views

    def _clouds(self, views: Sequence[Views | MoldarError]) -> list[Gaussians | MoldarError]:
        wanted = [
            (k, seen)
            for k, (row, seen) in enumerate(zip(self._rows, views, strict=True))
            if isinstance(seen, Views) and not self._watch.canceled(row.index)
        ]
        made = self._answers(lambda some: self._splatted([seen for _, seen in some]), wanted)
        by_row = {k: cloud for (k, _), cloud in zip(wanted, made, strict=True)}
        return [by_row.get(k, seen if isinstance(seen, MoldarError) else Canceled()) for k, seen in enumerate(views)]

    def _splatted(self, views: Sequence[Views]) -> list[Gaussians]:
        clouds = splat(self._splatter.model, views)
        if self._sampler is not None or self._splatter.model.config.position != "ray":
            return clouds
        # Views of one real object bound it: the small network's depths are held to that, at 20 ms an object. Sampled
        # views contradict each other, and what the published network says is left as upstream has it.
        return [within_outlines(cloud, seen) for cloud, seen in zip(clouds, views, strict=True)]

    def _answers(
        self, work: Callable[[Sequence[Item]], Sequence[Output | MoldarError | None]], items: Sequence[Item]
    ) -> list[Output | MoldarError]:
        """What `work` gives for each item, at most `max_rows` at a time."""
        size = self._models.max_rows
        return [
            _answer(given)
            for first in range(0, len(items), size)
            for given in divided(work, items[first : first + size], _SPLITS_ON, self._models.relieve)
        ]


def _seeds(wish: Wish) -> tuple[int, ...]:
    return wish.seeds[:1] if wish.views is not None else wish.seeds


def _view_request(wish: Wish, seed: int) -> ViewRequest:
    unwanted = wish.negative_prompt or NEGATIVE_PROMPT
    return ViewRequest(wish.prompt, unwanted, wish.picture, seed, wish.guidance_scale, wish.elevation_deg)


def _answer(given: Output | Exception | None) -> Output | MoldarError:
    """The one place where the device's own error becomes ours."""
    if given is None:
        return Canceled()
    if isinstance(given, torch.OutOfMemoryError):
        return GpuOutOfMemory("The device has no room for this object, even by itself.")
    assert isinstance(given, MoldarError) or not isinstance(given, Exception), "only these two are split on"
    return given


def _chosen(made: Sequence[Shaped]) -> Shaped:
    if len(made) == 1:
        return made[0]
    scores = tuple(Agreement(one.seed, round(agreement(one.gaussians, one.views), 3)) for one in made)
    best = max(range(len(made)), key=lambda k: scores[k].psnr_db)
    return replace(made[best], candidates=scores)
