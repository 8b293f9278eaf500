"""What lgm-nano learns from: solids that are closed, seen whole, and the same for a seed wherever they are made."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from manifold3d import Error, Manifold, Mesh64

from pipelines.cameras import FOVY_DEG, checked_c2w, rays
from training.data import MAP_SIZE, Pool, make_subject, random_poses, record_of, standard_poses, training_records
from training.solids import HELD_OUT, KINDS, TRAINED, make_solid


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_closed_solids_that_the_cameras_see_whole(kind: str) -> None:
    for seed in range(4):
        mesh = make_solid(kind, np.random.default_rng(seed))
        made = Manifold(Mesh64(mesh.vertices, mesh.faces.astype(np.uint64)))
        assert made.status() == Error.NoError
        assert made.volume() > 0.003  # of a sphere's 0.95: no sheet, no needle
        assert 0.5 <= np.linalg.norm(mesh.vertices, axis=1).max() <= 0.61


def test_a_kind_is_held_out_and_the_others_share_all_training() -> None:
    assert HELD_OUT in KINDS
    assert HELD_OUT not in TRAINED
    assert sum(TRAINED.values()) == pytest.approx(1)


def test_an_object_is_its_seed() -> None:
    one, same, other = (record_of(make_subject("union", (5, i)), standard_poses()) for i in (0, 0, 1))
    assert one.tobytes() == same.tobytes()
    assert one.tobytes() != other.tobytes()


def test_maps_lie_on_the_rays_of_their_own_pixels() -> None:
    record = record_of(make_subject("figure", (1, 2)), standard_poses())
    directions = rays(record["c2w"], FOVY_DEG, MAP_SIZE)
    eyes = record["c2w"][:, None, None, :3, 3]
    reach = record["points"].astype(np.float32) - eyes
    beside = np.linalg.norm(np.cross(reach, directions), axis=-1)
    seen = record["seen"]
    assert 0.03 < seen.mean() < 0.6
    assert beside[seen].max() < 1e-3  # half floats
    facing = np.einsum("vijc,vijc->vij", record["normals"].astype(np.float32) / 127, directions)
    assert facing[seen].max() < 0.02  # smoothed normals may lean away from the eye by a rounding only


def test_pictures_and_maps_show_the_same() -> None:
    record = record_of(make_subject("primitive", (1, 3)), standard_poses())
    blocks = record["images"].reshape(4, MAP_SIZE, 2, MAP_SIZE, 2, 3).astype(np.int64)
    white = (blocks == 255).all(axis=(2, 4, 5))
    assert not (record["seen"] & white).any()
    plain = record["seen"] & (np.ptp(blocks, axis=(2, 4)).max(axis=-1) <= 2)  # away from edges of paint and outline
    assert plain.sum() > 300
    assert np.abs(blocks.mean(axis=(2, 4)) - record["rgb"])[plain].max() <= 4


def test_poses_are_poses_and_mostly_the_standard_ones() -> None:
    drawn = [random_poses(np.random.default_rng(seed)) for seed in range(200)]
    for poses in drawn:
        checked_c2w(poses)
    standard = np.mean([np.array_equal(poses, standard_poses()) for poses in drawn])
    assert 0.7 < standard < 0.92
    assert standard_poses()[0, 1, 3] == pytest.approx(0.75)  # the first camera is above: 1.5 sin 30 degrees
    assert standard_poses()[1, 1, 3] == pytest.approx(-0.75)


def test_a_pool_that_was_cut_short_is_filled_as_if_it_were_not(tmp_path: Path) -> None:
    whole, cut = Pool(tmp_path / "whole"), Pool(tmp_path / "cut")
    whole.fill(seed=3, count=3)
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:-1000])
    assert len(cut) == 2
    cut.fill(seed=3, count=3)
    assert (tmp_path / "cut").read_bytes() == (tmp_path / "whole").read_bytes()
    expected = np.stack(list(islice(training_records(3), 3)))
    assert whole.batch(np.array([2, 0])).tobytes() == expected[[2, 0]].tobytes()
