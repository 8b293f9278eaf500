"""What the network should answer, and what its answer costs."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipelines.cameras import FOVY_DEG
from pipelines.lgm import network_input
from training.data import MAP_SIZE, make_subject, record_of, standard_poses, views_of
from training.evaluate import bound, trial
from training.targets import FLATNESS, INSET, SIGMA_PX, inputs_of, losses, targets_of, true_gaussians


@pytest.mark.parametrize(("kind", "psnr_db", "iou"), [("primitive", 22, 0.9), ("figure", 22, 0.9)])
def test_gaussians_of_true_maps_look_like_the_object_and_bound_its_volume(
    kind: str, psnr_db: float, iou: float
) -> None:
    outcome = bound(trial(kind, 1, seed=77))
    assert outcome.psnr_db > psnr_db
    assert outcome.iou > iou


def test_centres_lie_below_the_surface_by_a_share_of_their_size() -> None:
    record = record_of(make_subject("vase", (2, 2)), standard_poses())
    truth = targets_of(record[None])
    seen = truth.seen[0]
    surface = torch.from_numpy(record["points"].astype(np.float32).reshape(-1, 3))[seen]
    inward = ((surface - truth.points[0][seen]) * truth.normals[0][seen]).sum(dim=1)
    torch.testing.assert_close(inward, INSET * truth.scales[0][seen], atol=1e-4, rtol=0.02)  # normals are bytes
    # A pixel of the map is 2 tan(24.55 deg) / 64 = 0.01427 wide at distance 1; the surface is 0.9 to 2.1 away.
    pixel = 2 * np.tan(np.deg2rad(FOVY_DEG / 2)) / MAP_SIZE
    assert 0.9 * pixel * SIGMA_PX < truth.scales[0][seen].min()
    assert truth.scales[0][seen].max() < 2.1 * pixel * SIGMA_PX


def test_the_input_of_a_batch_is_that_of_its_views() -> None:
    records = np.stack([record_of(make_subject("table", (2, i)), standard_poses()) for i in range(2)])
    for row, record in zip(inputs_of(records), records, strict=True):
        torch.testing.assert_close(row, network_input(views_of(record), 128))


def _rows_of(record: NDArray[np.void]) -> torch.Tensor:
    """The answer that makes no error, [1, N, 14]."""
    truth = targets_of(record[None])
    rows = torch.zeros(1, truth.seen.shape[1], 14)
    given = true_gaussians(record)
    fields = (given.means, given.opacity[:, None], given.scaling, given.rotation, given.rgb)
    rows[truth.seen] = torch.from_numpy(np.concatenate(fields, axis=1))
    return rows


def test_the_true_answer_costs_nothing_and_each_error_its_own_loss() -> None:
    record = record_of(make_subject("cup", (2, 4)), standard_poses())
    truth, rows = targets_of(record[None]), _rows_of(record)
    right = losses(rows, truth)
    assert float(right.total) < 2e-3  # opacities 0 and 1 are held a little inside
    for field, column in (("position", 0), ("opacity", 3), ("scale", 4), ("rgb", 11)):
        wrong = rows.clone()
        wrong[..., column] = wrong[..., column] * 0.5 + 0.25
        found = losses(wrong, truth)
        others = {"position", "opacity", "scale", "normal", "rgb"} - {field}
        assert getattr(found, field) > getattr(right, field) + 0.02
        for other in others:
            assert float(getattr(found, other)) == pytest.approx(float(getattr(right, other)), abs=1e-6)


def test_a_normal_that_points_inward_costs_twice_one_that_lies_in_the_surface() -> None:
    record = record_of(make_subject("primitive", (2, 5)), standard_poses())
    truth, rows = targets_of(record[None]), _rows_of(record)
    turned = {}
    for name, step in (
        ("across", (1.0, 1.0, 0.0, 0.0)),
        ("inward", (0.0, 1.0, 0.0, 0.0)),
    ):  # quarter, half turn about x
        w, x, y, z = rows[..., 7:11].unbind(dim=-1)
        a, b, _, _ = step
        rotation = torch.stack([a * w - b * x, a * x + b * w, a * y + b * z, a * z - b * y], dim=-1)
        wrong = rows.clone()
        wrong[..., 7:11] = torch.nn.functional.normalize(rotation, dim=-1)
        turned[name] = float(losses(wrong, truth).normal)
    assert turned["across"] == pytest.approx(1.0, abs=0.01)
    assert turned["inward"] == pytest.approx(2.0, abs=0.01)


def test_true_gaussians_are_flat_along_the_surface() -> None:
    given = true_gaussians(record_of(make_subject("union", (2, 6)), standard_poses()))
    np.testing.assert_allclose(given.scaling[:, 2] / given.scaling[:, 0], FLATNESS, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(given.rotation, axis=1), 1, rtol=1e-5)
