"""Learning: a step helps, threads change nothing, a stopped run goes on, what is shipped is what was learned."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipelines.lgm import LgmConfig, load_lgm, splat
from training import curve
from training.data import Pool, make_subject, record_of, standard_poses, views_of
from training.optimizer import orthogonal
from training.targets import inputs_of, targets_of
from training.train import Plan, Trainer, batches, recoloured, run, ship

DEEPEST = (False, False, False, False, True)
SMALL = LgmConfig(
    128, 64, (4, 4, 8, 8, 8), DEEPEST, True, (8, 8, 8, 4), (True, *DEEPEST[:3]), groups=4, heads=4, position="ray"
)
PLAN = Plan(60.0, seed=4, lr=4e-3, warm_up=1, hold=0.9)


@pytest.fixture(scope="module")
def records() -> NDArray[np.void]:
    return np.stack([record_of(make_subject("figure", (8, i)), standard_poses()) for i in range(2)])


@pytest.mark.parametrize("muon", [True, False])
def test_steps_lower_the_loss(records: NDArray[np.void], muon: bool) -> None:
    trainer = Trainer(Plan(60.0, lr=4e-3, warm_up=1, hold=0.9, muon=muon), SMALL)
    batch = inputs_of(records), targets_of(records)
    totals = [trainer.step(*batch)[0] for _ in range(6)]
    assert totals[-1] < 0.8 * totals[0]


def test_a_batch_shared_by_two_threads_teaches_the_same(records: NDArray[np.void]) -> None:
    alone, shared = Trainer(PLAN, SMALL), Trainer(PLAN, SMALL, workers=2)
    # The loss of a batch is a mean over the pixels that see the object, of each thread's share a mean of its own:
    # with the same object twice they agree.
    twice = np.stack([records[0], records[0]])
    batch = inputs_of(twice), targets_of(twice)
    assert alone.step(*batch) == pytest.approx(shared.step(*batch), rel=0.01)
    for one, other in zip(alone.model.parameters(), shared.model.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert (one.grad - other.grad).norm() <= 0.05 * one.grad.norm() + 1e-6  # bf16


def test_a_stopped_run_goes_on_where_it_was(records: NDArray[np.void], tmp_path: Path) -> None:
    batch = inputs_of(records), targets_of(records)
    straight, stopped = Trainer(PLAN, SMALL), Trainer(PLAN, SMALL)
    for _ in range(2):
        stopped.step(*batch)
    stopped.save(tmp_path / "last.pt")
    resumed = Trainer(PLAN, SMALL)
    resumed.resume(tmp_path / "last.pt")
    resumed.step(*batch)
    for _ in range(3):
        straight.step(*batch)
    assert resumed.iteration == straight.iteration == 3
    for name, value in straight.averaged().state_dict().items():
        torch.testing.assert_close(resumed.averaged().state_dict()[name], value)


def test_a_run_ends_by_its_clock_and_ships_what_it_learned(tmp_path: Path) -> None:
    pool = Pool(tmp_path / "pool.bin")
    pool.fill(seed=1, count=2)
    ticks: Iterator[int] = count(0, 20)
    trainer = Trainer(Plan(1.0, seed=2, report_every=2, checks=1), SMALL)
    run(trainer, pool, tmp_path, clock=lambda: float(next(ticks)))
    assert trainer.iteration == 3  # 20 s a step by that clock
    assert trainer.optimizers[0].param_groups[0]["lr"] < trainer.plan.lr
    lines = (tmp_path / "curve.csv").read_text().splitlines()
    assert [line.split(",")[3] for line in lines] == ["set", "train", "check"]
    ship(trainer, tmp_path / "nano.safetensors")
    model = load_lgm(tmp_path / "nano.safetensors")
    assert model.config == SMALL
    learned = trainer.averaged().state_dict()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, learned[name], atol=1e-3, rtol=1e-3)
    assert len(splat(model, [views_of(pool.batch(np.array([0]))[0])])[0]) == 4 * 64 * 64


def test_the_learning_rate_warms_up_holds_and_falls_to_nothing() -> None:
    plan = Plan(1.0, lr=0.1, warm_up=10, hold=0.5)
    assert plan.rate(0, 0.0) == pytest.approx(0.01)
    assert plan.rate(9, 0.01) == plan.rate(5000, 0.5) == pytest.approx(0.1)
    assert plan.rate(5000, 0.75) == pytest.approx(0.05)
    assert plan.rate(5000, 1.0) == plan.rate(5000, 1.3) == pytest.approx(0.0)


def test_recolouring_keeps_white_white_and_shapes_as_they_are(records: NDArray[np.void]) -> None:
    other = recoloured(records, np.random.default_rng(0))
    assert (other["images"] != records["images"]).any()
    white = (records["images"] == 255).all(axis=-1)
    assert (other["images"][white] == 255).all()
    for name in ("points", "normals", "seen", "c2w"):
        assert np.array_equal(other[name], records[name])


def test_batches_are_those_of_their_iteration(tmp_path: Path) -> None:
    pool = Pool(tmp_path / "pool.bin")
    pool.fill(seed=1, count=3)
    from_start, from_second = batches(pool, PLAN, 0), batches(pool, PLAN, 1)
    next(from_start)
    torch.testing.assert_close(next(from_start)[0], next(from_second)[0])


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (9, 9)])
def test_an_orthogonal_factor_keeps_directions_and_evens_their_lengths(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    found = orthogonal(matrix)
    assert torch.linalg.svdvals(found).min() > 0.5
    assert torch.linalg.svdvals(found).max() < 1.4
    alike = torch.nn.functional.cosine_similarity(found.flatten(), (left @ right).flatten(), dim=0)
    assert alike > 0.95


def test_a_curve_is_drawn_from_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "curve.csv").write_text(
        "minutes,iteration,lr,set,total,position,opacity,scale,normal,rgb\n"
        "1.0,50,1e-3,train,2.0,0.2,0,0,0,0\n1.0,50,1e-3,check,1.0,0.4,0,0,0,0\n4.0,90,1e-3,check,0.5,0.1,0,0,0,0\n"
    )
    monkeypatch.setattr("sys.argv", ["curve", str(tmp_path / "curve.csv"), str(tmp_path / "curve.svg")])
    curve.main()
    lines = ElementTree.fromstring((tmp_path / "curve.svg").read_text()).findall(".//{*}polyline")
    heights = [[float(point.split(",")[1]) for point in line.attrib["points"].split()] for line in lines]
    train, check = heights[0], heights[1]
    assert train[0] < check[0] < check[1]  # 2 is drawn above 1 above 0.5
    assert check[0] - train[0] == pytest.approx(check[1] - check[0], abs=0.2)  # halving is one step on this scale
