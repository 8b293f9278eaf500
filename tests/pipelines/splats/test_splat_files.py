import dataclasses
import gzip
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from pipelines.errors import EmptyGeometry, InvalidInput, MoldarError, TooLarge, Unreadable
from pipelines.geometry import Camera, Gaussians
from pipelines.meshing import export_mesh
from pipelines.splats import SplatFormat, is_splat_ply, read_splats, render, write_splats
from tests.support.solids import brick, random_gaussians

MODELS = Path(__file__).parents[2] / "golden/models"
OURS = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2"]
OURS += ["rot_0", "rot_1", "rot_2", "rot_3"]
NAMES = ["x", "y", "z", "opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
NAMES += ["f_dc_0", "f_dc_1", "f_dc_2"]
ROW = [0.5, -1.0, 2.0, 0.0, np.log(0.1), np.log(0.2), np.log(0.3), 2.0, 0.0, 0.0, 0.0, 0.0, 1.0, -1.0]


def header(encoding: str, names: list[str], count: int) -> bytes:
    lines = ["ply", f"format {encoding} 1.0", "comment by hand", f"element vertex {count}"]
    return "\n".join([*lines, *(f"property float {name}" for name in names), "end_header", ""]).encode()


def check_row(gaussians: Gaussians) -> None:
    """The values of `ROW`, activated by hand."""
    assert gaussians.means.tolist() == [[0.5, -1.0, 2.0]]
    assert gaussians.opacity.tolist() == [0.5]
    assert gaussians.scaling[0] == pytest.approx([0.1, 0.2, 0.3])
    assert gaussians.rotation.tolist() == [[1, 0, 0, 0]]
    assert gaussians.rgb[0] == pytest.approx([0.5, 0.5 + 0.28209479, 0.5 - 0.28209479])


def close(one: Gaussians, other: Gaussians, name: str, tolerance: float) -> None:
    assert getattr(one, name) == pytest.approx(getattr(other, name), abs=tolerance), name


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_binary_file_in_either_byte_order_is_read(order: str) -> None:
    encoding = {"<": "binary_little_endian", ">": "binary_big_endian"}[order]
    check_row(read_splats(header(encoding, NAMES, 1) + np.array(ROW, order + "f4").tobytes()))


def test_an_ascii_file_is_read() -> None:
    check_row(read_splats(header("ascii", NAMES, 1) + " ".join(map(str, ROW)).encode() + b"\n"))


@pytest.mark.parametrize("rest", [0, 9, 24, 45])
def test_any_degree_and_order_of_properties_is_read(rest: int) -> None:
    names = [f"f_rest_{k}" for k in range(rest)] + NAMES[::-1] + ["nx", "label"]
    row = [7.0] * rest + ROW[::-1] + [0.0, 3.0]
    check_row(read_splats(header("binary_little_endian", names, 1) + np.array(row, "<f4").tobytes()))


def test_the_written_ply_is_lgms_own_file_byte_for_byte() -> None:
    rows = load_file(MODELS / "lgm_parity_a.safetensors")["output.gaussians"][0]
    gaussians = Gaussians(rows[:, :3], rows[:, 3], rows[:, 4:7], rows[:, 7:11], rows[:, 11:])
    assert write_splats(gaussians, "ply") == (MODELS / "lgm_parity_a.ply").read_bytes()
    assert len(gaussians) == 4096
    assert len(read_splats(MODELS / "lgm_parity_a.ply")) == 4095  # one is fainter than 0.005


def with_opacity(*opacity: float) -> Gaussians:
    return dataclasses.replace(random_gaussians(len(opacity)), opacity=np.array(opacity, np.float32))


def test_a_ply_leaves_out_what_is_fainter_than_five_thousandths() -> None:
    back = read_splats(write_splats(with_opacity(0.0049, 0.005, 0.0, 1.0), "ply"))
    assert back.opacity == pytest.approx([0.005, 1.0], abs=2e-6)
    assert (back.means == random_gaussians(4).means[[1, 3]]).all()
    with pytest.raises(EmptyGeometry):
        write_splats(with_opacity(0.0049, 0.0), "ply")
    assert len(read_splats(write_splats(with_opacity(0.0049, 0.0), "spz"))) == 2


@pytest.mark.parametrize("kind", ["ply", "splat", "spz"])
def test_how_the_arrays_lie_in_memory_does_not_matter(kind: SplatFormat) -> None:
    plain = random_gaussians(5)
    columns = np.concatenate([np.atleast_2d(getattr(plain, f.name).T).T for f in dataclasses.fields(plain)], axis=1)
    parts = columns[:, :3], columns[:, 3], columns[:, 4:7], columns[:, 7:11], columns[:, 11:]
    for laid in (parts, tuple(np.asfortranarray(part) for part in parts), tuple(np.flip(p, 0) for p in parts)):
        given = Gaussians(*laid)
        contiguous = Gaussians(*(np.ascontiguousarray(part) for part in laid))
        assert write_splats(given, kind) == write_splats(contiguous, kind)
        assert (render(given, Camera(), 20)[0] == render(contiguous, Camera(), 20)[0]).all()


@pytest.mark.parametrize("kind", ["ply", "splat", "spz"])
def test_numbers_that_are_none_are_not_written(kind: SplatFormat) -> None:
    with pytest.raises(InvalidInput, match="finite"):
        write_splats(with_opacity(0.5, np.nan), kind)


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
@settings(max_examples=15, deadline=None)
@given(count=st.integers(1, 20), seed=st.integers(0, 1000), shuffle=st.randoms(use_true_random=False))
def test_files_of_other_writers_are_read(encoding: str, count: int, seed: int, shuffle: random.Random) -> None:
    """Any order of properties of any width, with others among them, other elements around and comments."""
    ours = random_gaussians(count, seed)
    columns = dict(
        zip(OURS, np.frombuffer(write_splats(ours, "ply")[-56 * count :], "<f4").reshape(-1, 14).T, strict=True)
    )
    wanted = [*OURS, "nx", "segment", *(f"f_rest_{k}" for k in range(9))]
    shuffle.shuffle(wanted)
    mark = ">" if encoding.endswith("big_endian") else "<"
    kinds = {name: shuffle.choice([("float", "f4"), ("double", "f8"), ("float64", "f8")]) for name in wanted}
    kinds["segment"] = ("uchar", "u1")
    rows = np.zeros(count, [(name, mark + kinds[name][1]) for name in wanted])
    for name in wanted:
        rows[name] = columns.get(name, 7)
    lines = ["ply", f"format {encoding} 1.0", "obj_info made elsewhere", "element origin 1", "property double height"]
    lines += ["comment splats follow", f"element vertex {count}"]
    lines += [f"property {kinds[name][0]} {name}" for name in wanted]
    lines += ["element note 1", "property list uchar int words", "end_header", ""]
    if encoding == "ascii":
        body = "\n".join(["2.5", *(" ".join(map(repr, row)) for row in rows.tolist()), "2 5 6"]).encode()
    else:
        body = np.array(2.5, mark + "f8").tobytes() + rows.tobytes() + b"\2" + np.array([5, 6], mark + "i4").tobytes()
    data = "\n".join(lines).encode() + body
    assert is_splat_ply(data)
    back = read_splats(data)
    for field in dataclasses.fields(ours):
        close(back, ours, field.name, 1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_property_is_named(name: str) -> None:
    names = [other for other in NAMES if other != name]
    data = header("binary_little_endian", names, 1) + np.zeros(13, "<f4").tobytes()
    with pytest.raises(Unreadable, match=rf"lack {name}\."):
        read_splats(data, "ply")


def test_a_property_that_is_a_list_is_named_and_other_lists_are_passed_over() -> None:
    lines = header("binary_little_endian", NAMES, 1).decode()
    body = np.array(ROW, "<f4").tobytes()
    more = lines.replace("end_header", "property list uchar float extra\nend_header").encode()
    check_row(read_splats(more + body + b"\2" + np.array([1, 2], "<f4").tobytes()))
    wrong = lines.replace("property float rot_3", "property list uchar float rot_3").encode()
    with pytest.raises(Unreadable, match="rot_3 should be numbers, not lists"):
        read_splats(wrong + body, "ply")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 900), st.sampled_from(["ply", "splat", "spz"]))
def test_a_truncated_file_is_refused_wherever_it_ends(end: int, kind: SplatFormat) -> None:
    whole = write_splats(random_gaussians(9), kind)
    trailer = 8 if kind == "spz" else 0  # gzip's check sum and length, after the last splat
    part = whole[: min(end, len(whole) - trailer - 1)]
    if kind == "splat" and part and len(part) % 32 == 0:
        assert len(read_splats(part, kind)) == len(part) // 32  # it has no header: fewer splats are a file too
        return
    with pytest.raises((Unreadable, EmptyGeometry)):
        read_splats(part, kind)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(0, 1000))
def test_ply_keeps_everything(count: int, seed: int) -> None:
    gaussians = random_gaussians(count, seed)
    data = write_splats(gaussians, "ply")
    back = read_splats(data)
    for field in dataclasses.fields(gaussians):
        close(back, gaussians, field.name, 1e-5)
    assert len(write_splats(back, "ply")) == len(data)


def test_an_spz_of_a_wide_scene_gives_up_precision_not_positions() -> None:
    near = random_gaussians(3)
    far = dataclasses.replace(near, means=np.array([[9000, -5, 3], [0.25, 0, -70_000], [1, 2, 3]], np.float32))
    assert read_splats(write_splats(far, "spz")).means == pytest.approx(far.means, abs=0.5 / 64)
    beyond = dataclasses.replace(near, means=np.full((3, 3), 9e6, np.float32))
    with pytest.raises(InvalidInput, match="8,388,607"):
        write_splats(beyond, "spz")


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(0, 1000))
def test_spz_keeps_what_its_bits_hold(count: int, seed: int) -> None:
    gaussians = random_gaussians(count, seed)
    back = read_splats(write_splats(gaussians, "spz"))
    close(back, gaussians, "means", 0.5 / 4096 + 1e-6)
    close(back, gaussians, "opacity", 0.5 / 255 + 1e-6)
    assert np.log(back.scaling) == pytest.approx(np.log(gaussians.scaling), abs=0.5 / 16 + 1e-5)
    close(back, gaussians, "rgb", 0.5 / 255 * 0.2821 / 0.15 + 1e-5)
    agreement = np.abs(np.einsum("ij,ij->i", back.rotation, gaussians.rotation))
    assert agreement.min() > 0.995  # w is what the bytes of x, y, z leave over, coarse where it is small


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(0, 1000))
def test_splat_keeps_what_its_bytes_hold_largest_first(count: int, seed: int) -> None:
    gaussians = random_gaussians(count, seed)
    back = read_splats(write_splats(gaussians, "splat"))
    order = np.argsort(-np.prod(gaussians.scaling.astype(float), axis=1) * gaussians.opacity, kind="stable")
    assert (back.means == gaussians.means[order]).all()
    assert (back.scaling == gaussians.scaling[order]).all()
    assert back.rgb == pytest.approx(gaussians.rgb[order], abs=0.5 / 255 + 1e-6)
    assert np.abs(np.einsum("ij,ij->i", back.rotation, gaussians.rotation[order])).min() > 0.999


def test_an_spz_of_version_3_is_read() -> None:
    # One splat at (1, -2, 0.5); rotation wxyz (0.5, 0.5, -0.5, 0.5): w is named largest, the others are
    # 0.5 / sqrt(0.5) * 511 = 361 with a sign bit, x highest.
    parts = (361, 361 | 512, 361)
    bits = 3 << 30 | parts[0] << 20 | parts[1] << 10 | parts[2]
    position = b"".join((value & 0xFFFFFF).to_bytes(3, "little") for value in (4096, -8192, 2048))
    fixed = bytes([255]) + bytes([128, 128, 128]) + bytes([160, 160, 160])
    head = (
        (0x5053474E).to_bytes(4, "little")
        + (3).to_bytes(4, "little")
        + (1).to_bytes(4, "little")
        + bytes([0, 12, 0, 0])
    )
    found = read_splats(gzip.compress(head + position + fixed + bits.to_bytes(4, "little")))
    assert found.means.tolist() == [[1, -2, 0.5]]
    assert found.rotation[0] == pytest.approx([0.5, 0.5, -0.5, 0.5], abs=2e-3)
    assert found.scaling[0] == pytest.approx([1, 1, 1])


def test_a_splat_ply_is_told_from_a_mesh_ply_and_from_text() -> None:
    assert is_splat_ply(write_splats(random_gaussians(1), "ply"))
    assert not is_splat_ply(export_mesh(brick(), "ply"))
    assert not is_splat_ply(b"ply is a word")
    assert not is_splat_ply(b"")


def damaged(column: int, value: float) -> bytes:
    row = list(ROW)
    row[column] = value
    return header("binary_little_endian", NAMES, 1) + np.array(row, "<f4").tobytes()


@pytest.mark.parametrize(
    "data",
    [
        b"a text file that is named .ply, long enough to hold a header but it has none",
        header("binary_little_endian", NAMES, 10_000_000) + b"\0" * 700,
        header("ascii", NAMES, 10_000_000) + b"0 " * 300,
        header("ascii", NAMES, 1) + b"0 0 zero" + b" 0" * 11,
        *(damaged(column, np.nan) for column in range(14)),
        damaged(0, np.inf),
        damaged(4, 1000.0),
        damaged(7, 0.0),  # no direction
        header("binary_little_endian", NAMES[:-1], 1) + np.array(ROW[:-1], "<f4").tobytes(),
        export_mesh(brick(), "ply"),
    ],
)
def test_a_damaged_or_lying_ply_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_splats(data, "ply")


@pytest.mark.parametrize("count", [0, -5])
def test_a_ply_of_no_splats_is_empty(count: int) -> None:
    with pytest.raises(EmptyGeometry):
        read_splats(header("binary_little_endian", NAMES, count))


def test_an_spz_that_lies_or_explodes_is_refused() -> None:
    honest = gzip.decompress(write_splats(random_gaussians(2), "spz"))
    boast = gzip.compress(honest[:8] + (3_000_000).to_bytes(4, "little") + honest[12:])
    with pytest.raises(Unreadable):
        read_splats(boast, "spz")
    with pytest.raises(TooLarge):
        read_splats(gzip.compress(honest[:8] + b"\xff\xff\xff\xff" + honest[12:]), "spz")
    bomb = gzip.compress(honest + bytes(50_000_000))
    assert len(read_splats(bomb, "spz")) == 2  # what follows the promised splats is never unpacked


def test_a_splat_of_a_broken_length_or_of_text_is_unreadable() -> None:
    for data in (write_splats(random_gaussians(2), "splat")[:-1], b"plain text, thirty-two bytes...!" * 2):
        with pytest.raises(Unreadable):
            read_splats(data, "splat")


def test_a_path_is_opened_and_a_missing_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.spz"
    path.write_bytes(write_splats(random_gaussians(4), "spz"))
    assert len(read_splats(path)) == 4
    with pytest.raises(InvalidInput, match=r"none\.ply"):
        read_splats(tmp_path / "none.ply")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["ply", "splat", "spz"]), st.data())
def test_a_file_with_flipped_bytes_is_read_or_refused(kind: SplatFormat, data: st.DataObject) -> None:
    content = bytearray(write_splats(random_gaussians(3), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        gaussians = read_splats(bytes(content), kind)
    except MoldarError:
        return
    assert np.isfinite(gaussians.means).all()
    assert (gaussians.scaling > 0).all()
    assert np.linalg.norm(gaussians.rotation, axis=1) == pytest.approx(1.0, abs=1e-5)
