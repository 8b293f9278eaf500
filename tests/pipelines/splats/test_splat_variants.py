"""Splat files of other programs: training runs, SuperSplat, Niantic's first format."""

import gzip
import struct

import numpy as np
import pytest

from pipelines.errors import EmptyGeometry, TooLarge, Unreadable
from pipelines.splats import is_splat_ply, read_splats, write_splats
from tests.support import wild
from tests.support.solids import random_gaussians


def sigmoid(x: float) -> float:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_a_training_runs_file_of_any_degree_is_read(degree: int) -> None:
    data = wild.splat_ply(degree, count=4, more=("filter_3D", "label"))
    names = [line.split()[2] for line in data[: data.index(b"end_header")].decode().splitlines() if "property" in line]
    rows = np.frombuffer(data[data.index(b"end_header\n") + 11 :], "<f4").reshape(4, -1)
    of = {name: rows[:, k].astype(float) for k, name in enumerate(names)}
    assert len(names) == 17 + 3 * ((degree + 1) ** 2 - 1) + 2
    assert is_splat_ply(data)
    found = read_splats(data)
    assert found.means[:, 1] == pytest.approx(of["y"])
    assert found.opacity == pytest.approx([sigmoid(value) for value in of["opacity"]], rel=1e-5)
    assert found.scaling[:, 2] == pytest.approx(np.exp(of["scale_2"]), rel=1e-5)
    length = np.sqrt(sum(of[f"rot_{k}"] ** 2 for k in range(4)))
    assert found.rotation[:, 3] == pytest.approx(of["rot_3"] / length, abs=1e-5)
    assert found.rgb[:, 0] == pytest.approx(np.clip(0.5 + 0.28209479 * of["f_dc_0"], 0, 1), abs=1e-6)


def test_a_compressed_ply_is_read_to_the_precision_of_its_bits() -> None:
    rng = np.random.default_rng(11)
    count = 200
    means, log_scales = rng.normal(0, 2, (count, 3)), rng.uniform(-7, -1, (count, 3))
    turns = rng.normal(size=(count, 4))
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    rgba = rng.uniform(0, 1, (count, 4))
    data = wild.compressed_ply(means, log_scales, turns, rgba)
    assert is_splat_ply(data)
    found = read_splats(data, "ply")
    step = np.ptp(means, axis=0) / np.array([2047, 1023, 2047])
    assert (np.abs(found.means - means) <= 0.51 * step + 1e-6).all()
    step = np.ptp(log_scales, axis=0) / np.array([2047, 1023, 2047])
    assert (np.abs(np.log(found.scaling) - log_scales) <= 0.51 * step + 1e-5).all()
    assert np.abs(np.einsum("ij,ij->i", found.rotation, turns)).min() > 1 - 1e-5
    assert found.rgb == pytest.approx(rgba[:, :3], abs=0.51 / 255)
    assert found.opacity == pytest.approx(rgba[:, 3], abs=0.51 / 255)


@pytest.mark.parametrize("turn", [(1, 0, 0, 0), (0.1, -0.7, 0.1, 0.7), (0.5, 0.5, -0.7, 0.05), (-0.2, 0.3, 0.1, -0.9)])
def test_each_place_of_the_largest_component_is_known(turn: tuple[float, ...]) -> None:
    wanted = np.array(turn) / np.linalg.norm(turn)
    found = read_splats(wild.compressed_ply(np.zeros((1, 3)), np.zeros((1, 3)), wanted[None], np.ones((1, 4))))
    assert abs(float(found.rotation[0] @ wanted)) > 1 - 1e-5
    assert found.scaling[0] == pytest.approx([1, 1, 1])


def test_compressed_files_of_before_there_were_colour_bounds_are_read() -> None:
    data = wild.small_compressed_ply()
    whole = read_splats(data, "ply")
    names = [f"property float {end}_{band}\n".encode() for end in ("min", "max") for band in "rgb"]
    body = data.index(b"end_header\n") + 11
    chunk, packed = data[body : body + 72], data[body + 72 :]
    head = data[:body]
    for name in names:
        head = head.replace(name, b"")
    old = read_splats(head + chunk[:48] + packed, "ply")
    assert (old.means == whole.means).all()
    assert (old.opacity == whole.opacity).all()
    low, high = np.frombuffer(chunk[48:], "<f4").reshape(2, 3)
    assert whole.rgb == pytest.approx(low + old.rgb * (high - low), abs=1e-6)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"element chunk 1", b"element chunk 0"),
        lambda data: data.replace(b"property float max_scale_y\n", b"property float max_scale_q\n"),
        lambda data: data.replace(b"element vertex 5", b"element vertex 500"),
        lambda data: data[:-3],
        lambda data: data.replace(b"property uint packed_scale", b"property int packed_scale"),
        lambda data: data.replace(b"element chunk", b"element chunks"),
    ],
)
def test_a_damaged_compressed_ply_is_unreadable(damage: object) -> None:
    assert callable(damage)
    with pytest.raises(Unreadable):
        read_splats(damage(wild.small_compressed_ply()), "ply")


def test_a_compressed_ply_of_nothing_or_of_too_much_is_refused() -> None:
    data = wild.small_compressed_ply()
    with pytest.raises(EmptyGeometry):
        read_splats(data.replace(b"element vertex 5", b"element vertex 0"), "ply")
    with pytest.raises(TooLarge):
        read_splats(data.replace(b"element vertex 5", b"element vertex 900000000"), "ply")


def test_the_first_spz_has_positions_of_half_precision() -> None:
    position = np.array([1.5, -0.25, 1000.0], "<f2").tobytes()
    fixed = bytes([255]) + bytes([128, 128, 128]) + bytes([160, 144, 160]) + bytes([128, 128, 255])
    head = struct.pack("<IIIBBBB", 0x5053474E, 1, 1, 0, 0, 0, 0)
    found = read_splats(gzip.compress(head + position + fixed))
    assert found.means.tolist() == [[1.5, -0.25, 1000.0]]
    assert found.scaling[0] == pytest.approx([1, np.exp(-1), 1])
    assert found.rotation[0] == pytest.approx([0, 0, 0, 1], abs=0.01)  # a half turn about z


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_bands_of_an_spz_are_passed_over_but_must_be_there(degree: int) -> None:
    data = gzip.decompress(wild.spz(2, degree))
    plain = gzip.decompress(wild.spz(2, 0))
    whole = read_splats(gzip.compress(data))
    assert len(whole) == 2
    assert (whole.means == read_splats(gzip.compress(plain)).means).all()
    with pytest.raises(Unreadable, match="holds fewer"):
        read_splats(gzip.compress(data[:-1]))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"NGSP" + struct.pack("<I", 4) + bytes(50), r"version 4, packed with Zstandard.*save it as \.ply"),
        (wild.package({"meta.json": "{}", "means_l.webp": b""}), r"\.sog of SuperSplat.*save it as \.ply"),
        (wild.textured_glb(), r"GLB"),
        (gzip.compress(struct.pack("<IIIBBBB", 0x5053474E, 9, 1, 0, 12, 0, 0)), "version 1, 2 or 3"),
        (gzip.compress(b"not a splat file at all"), "version 1, 2 or 3"),
    ],
)
def test_kinds_of_splats_that_are_not_read_are_refused_by_name(data: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        read_splats(data)


def test_two_dimensional_splats_are_refused_by_what_they_lack() -> None:
    data = write_splats(random_gaussians(2), "ply").replace(b"property float scale_2\n", b"property float thickness\n")
    with pytest.raises(Unreadable, match=r"lack scale_2\."):
        read_splats(data)
