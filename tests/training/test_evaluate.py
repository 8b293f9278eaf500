"""Scores: volumes by hand, hulls that contain what they are of."""

import numpy as np
import pytest

from pipelines.errors import NotSolid
from pipelines.geometry import TriangleMesh
from tests.pipelines.pictures.test_photograph import box
from training.data import make_subject, standard_poses
from training.evaluate import TEST_SEED, bound, carved, iou, outlines, psnr_db, trial, unseen_poses, visual_hull
from training.train import CHECK_SEED


def test_volumes_shared_are_those_worked_out_by_hand() -> None:
    one = box((0, 0, 0), (2, 2, 2))
    assert iou(one, one) == pytest.approx(1)
    assert iou(one, box((1, 0, 0), (3, 2, 2))) == pytest.approx(4 / 12)
    assert iou(one, box((1, 1, 1), (3, 3, 4))) == pytest.approx(1 / (8 + 12 - 1))
    assert iou(one, box((5, 0, 0), (6, 1, 1))) == 0


def test_what_is_no_solid_has_no_volume_to_share() -> None:
    whole = box((0, 0, 0), (1, 1, 1))
    with pytest.raises(NotSolid):
        iou(TriangleMesh(whole.vertices, whole.faces[:-1]), whole)


@pytest.mark.parametrize("kind", ["figure", "union"])
def test_a_hull_contains_its_object_and_casts_the_same_outlines(kind: str) -> None:
    subject, poses = make_subject(kind, (6, 1)), standard_poses()
    masks = outlines(subject, poses)
    hull = visual_hull(masks, poses)
    assert np.abs(hull.vertices).max() < 0.64
    again = outlines(type(subject)(kind, hull, subject.paint), poses)
    assert np.abs(again - masks).mean() < 0.01
    given = trial(kind, 1)
    shared, volume = iou(hull, subject.mesh), _volume(subject.mesh) / _volume(hull)
    assert shared == pytest.approx(volume, abs=0.02)  # the union is the hull itself
    assert carved(given).iou < bound(given).iou


def _volume(mesh: TriangleMesh) -> float:
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def test_pictures_are_compared_from_other_sides_than_were_given() -> None:
    given, unseen = standard_poses()[:, :3, 2], unseen_poses()[:, :3, 2]
    assert np.degrees(np.arccos((unseen @ given.T).max())) > 20
    assert len(unseen) == 8


def test_a_shifted_answer_scores_lower() -> None:
    given = trial("primitive", 0)
    right = bound(given)
    moved = type(right.gaussians)(
        right.gaussians.means + np.float32(0.05),
        right.gaussians.opacity,
        right.gaussians.scaling,
        right.gaussians.rotation,
        right.gaussians.rgb,
    )
    assert psnr_db(moved, given.unseen) < right.psnr_db - 3


def test_objects_of_the_test_are_not_those_of_training() -> None:
    assert TEST_SEED not in (CHECK_SEED, *range(1, 100))
