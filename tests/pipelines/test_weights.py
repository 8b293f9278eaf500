"""Weights: the manifest, whether files are what it says, and what of them is let into a module."""

import json
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file
from torch import Tensor, nn

from pipelines import manifest
from pipelines.errors import InvalidInput, WeightsMismatch, WeightsMissing
from pipelines.manifest import (
    Weights,
    WeightsFile,
    parse_manifest,
    pretrained_dir,
    read_manifest,
    shipped_manifest,
)
from pipelines.routing import Licence
from pipelines.weight_files import (
    Receipt,
    Received,
    accept,
    listing_of,
    read_receipt,
    receipt_text,
    sha256_of,
    verify,
)
from pipelines.weights import load_strict, read_tensors, refuse_unfixed

ROOT = Path(__file__).resolve().parents[2]
ENTRY = """
[[weights]]
name = "one"
what = "a model"
repo = "maker/one"
revision = "main"
licence = "restricted"
terms = "OpenRAIL"
files = [{ path = "unet/model.safetensors", bytes = 12, sha256 = "HASH" }, { path = "config.json", optional = true }]
""".replace("HASH", "a" * 64)


class TestManifest:
    def test_an_entry_is_read_with_all_that_is_known_and_no_more(self) -> None:
        (entry,) = parse_manifest(ENTRY).weights
        assert (entry.name, entry.repo, entry.revision, entry.licence) == ("one", "maker/one", "main", "restricted")
        assert entry.files == (
            WeightsFile("unet/model.safetensors", bytes=12, sha256="a" * 64),
            WeightsFile("config.json", optional=True),
        )
        assert entry.folder(Path("kept")) == Path("kept/one")
        assert entry.remedy == "moldar weights fetch one"

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ('"one"', '"one two"', "name of an entry cannot be 'one two'"),
            ('name = "one"', "", "an entry has no name"),
            ('"restricted"', '"free"', "licence of one is 'free'"),
            ('"maker/one"', '"https://hub/maker/one"', "repo of one cannot be"),
            ('revision = "main"', "", "both repo and revision"),
            ('repo = "maker/one"', "", "both repo and revision"),
            ("bytes = 12", "bytes = 0", "no positive whole number"),
            ("bytes = 12", "bytes = 1.5", "no positive whole number"),
            ("bytes = 12", "bytes = true", "no positive whole number"),
            ("a" * 64, "A" * 64, "sha256 of unet/model.safetensors of one cannot be"),
            ("bytes = 12", "byte = 12", "unknown fields: byte"),
            ('terms = "OpenRAIL"', 'terms = "x"\nsha = "y"', "unknown fields: sha"),
            ("unet/model", "../model", "leaves its folder"),
            ("unet/model", "/model", "leaves its folder"),
            ("unet/model", "c:model", "leaves its folder"),
            ('"config.json"', '"unet/model.safetensors"', "one names twice"),
            ("optional = true", "optional = 1", "neither true nor false"),
            ("files = [", "files = [1, ", "no list of tables"),
            ("[[weights]]", "[weights]", "no list of tables"),
            ("[[weights]]", "[[weights", "no TOML"),
        ],
    )
    def test_each_fault_is_told_with_its_place(self, old: str, new: str, words: str) -> None:
        assert old in ENTRY
        with pytest.raises(WeightsMismatch, match=words):
            parse_manifest(ENTRY.replace(old, new, 1))

    def test_two_entries_of_one_name_are_refused(self) -> None:
        with pytest.raises(WeightsMismatch, match="names twice: one"):
            parse_manifest(ENTRY + ENTRY)

    def test_an_entry_without_files_is_refused(self) -> None:
        with pytest.raises(WeightsMismatch, match="one has no files"):
            parse_manifest(ENTRY.partition("files")[0])

    def test_a_manifest_that_is_not_there_or_no_text_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsMissing, match="no manifest"):
            read_manifest(tmp_path / "manifest.toml")
        (tmp_path / "manifest.toml").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(WeightsMismatch, match="no text"):
            read_manifest(tmp_path / "manifest.toml")

    @given(st.text(max_size=200))
    @settings(max_examples=100, deadline=None)
    def test_any_text_is_a_manifest_or_is_refused(self, text: str) -> None:
        try:
            parse_manifest(text)
        except WeightsMismatch:
            return

    def test_an_unknown_name_is_answered_with_the_known_ones(self) -> None:
        with pytest.raises(InvalidInput, match="'lgm'; there are lgm-nano, lgm-big, mvdream, imagedream"):
            shipped_manifest().named("lgm")


class TestWhatShips:
    def test_the_published_lgm_is_the_one_of_the_key_list(self) -> None:
        listed = json.loads((ROOT / "tests/golden/models/lgm_big_keys.json").read_text())
        keys = listed.get("keys", listed)
        shapes = [row["shape"] if isinstance(row, dict) else row for row in keys.values()]
        file = shipped_manifest().named("lgm-big").files[0]
        assert file.tensors == len(shapes)
        assert file.numbers == sum(torch.Size(shape).numel() for shape in shapes)
        assert file.bytes is not None
        assert 0 < file.bytes - 2 * file.numbers < 100_000  # halves, and a head
        assert file.sha256 is None  # nobody here could check the one that is reported

    @pytest.mark.parametrize("name", ["mvdream", "imagedream"])
    def test_the_published_unets_are_those_of_the_key_lists(self, name: str) -> None:
        listed = json.loads((ROOT / f"tests/golden/models/{name}_unet_keys.json").read_text())
        keys = listed.get("keys", listed)
        shapes = [row["shape"] if isinstance(row, dict) else row for row in keys.values()]
        unet = shipped_manifest().named(name).files[0]
        assert (unet.tensors, unet.numbers) == (len(shapes), sum(torch.Size(shape).numel() for shape in shapes))

    def test_sizes_and_numbers_agree_with_halves_and_a_head(self) -> None:
        files = [file for entry in shipped_manifest().weights for file in entry.files if file.bytes and file.numbers]
        assert len(files) == 8
        for file in files:
            assert 0 < (file.bytes or 0) - 2 * (file.numbers or 0) < 120_000, file.path

    def test_what_ships_is_here_whole_or_not_named_yet(self) -> None:
        for entry in shipped_manifest().weights:
            if entry.is_shipped:
                for file in entry.files:
                    path = pretrained_dir() / file.path
                    assert path.is_file() == (file.sha256 is not None), f"{file.path} and its hash come together"
                    assert file.sha256 is None or sha256_of(path) == file.sha256
                    assert file.sha256 is None or path.stat().st_size == file.bytes
                    assert file.sha256 is None or path.stat().st_size <= 12 * 2**20

    def test_every_licence_is_one_that_requests_can_ask_for(self) -> None:
        assert get_args(manifest.Licence) == get_args(Licence)
        assert shipped_manifest().named("lgm-big").licence == "commercial"
        assert {shipped_manifest().named(name).licence for name in ("mvdream", "imagedream")} == {"restricted"}

    def test_no_hub_is_named(self) -> None:
        assert "://" not in (pretrained_dir() / "manifest.toml").read_text()

    def test_the_wheel_carries_the_manifest_and_finds_it(self, tmp_path: Path) -> None:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
        subprocess.run(build, check=True, cwd=ROOT, capture_output=True)
        (wheel,) = tmp_path.glob("*.whl")
        subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(tmp_path / "there")], check=True)
        asked = (
            "from pipelines.manifest import *; print(pretrained_dir(), *(e.name for e in shipped_manifest().weights))"
        )
        done = subprocess.run(
            [sys.executable, "-c", asked],
            check=True, capture_output=True, text=True, cwd=tmp_path / "there", env={"PYTHONPATH": "."},
        )  # fmt: skip
        assert done.stdout.split() == [
            str(tmp_path / "there/pretrained"),
            *(e.name for e in shipped_manifest().weights),
        ]
        shipped = {str(path.relative_to(ROOT)) for path in pretrained_dir().iterdir() if path.is_file()}
        assert shipped <= {
            str(path.relative_to(tmp_path / "there")) for path in (tmp_path / "there").rglob("*") if path.is_file()
        }

    def test_nothing_heavy_is_imported_for_asking(self) -> None:
        asked = (
            "import sys; sys.modules.update(torch=None, numpy=None, safetensors=None, manifold3d=None);"
            "from pipelines import manifest, weight_files; from pathlib import Path;"
            "[weight_files.verify(e, e.folder(Path('x'))) for e in manifest.shipped_manifest().weights]"
        )
        subprocess.run([sys.executable, "-c", asked], check=True, cwd=ROOT)


def laid(folder: Path, tensors: dict[str, Tensor]) -> WeightsFile:
    """A file of weights with every fact of it."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "m.safetensors")
    listing = listing_of(folder / "m.safetensors")
    path = folder / "m.safetensors"
    return WeightsFile("m.safetensors", path.stat().st_size, sha256_of(path), None, listing.tensors, listing.numbers)


def entry(*files: WeightsFile) -> Weights:
    return Weights("one", "a model", "commercial", "MIT", files, "maker/one", "main")


TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4, dtype=torch.float16)}


class TestFilesAtHand:
    def test_a_listing_counts_tensors_numbers_and_bytes(self, tmp_path: Path) -> None:
        laid(tmp_path, TENSORS)
        listing = listing_of(tmp_path / "m.safetensors")
        assert (listing.tensors, listing.numbers) == (2, 10)
        assert listing.bytes == (tmp_path / "m.safetensors").stat().st_size

    def test_a_scalar_is_one_number_and_an_empty_tensor_none(self, tmp_path: Path) -> None:
        laid(tmp_path, {"scalar": torch.tensor(2.0), "empty": torch.zeros(0, 5)})
        assert (listing_of(tmp_path / "m.safetensors").tensors, listing_of(tmp_path / "m.safetensors").numbers) == (
            2,
            1,
        )

    @pytest.mark.parametrize(
        ("damage", "quick", "thorough"),
        [
            (lambda path: None, "whole", "whole"),
            (lambda path: path.unlink(), "missing", "missing"),
            (lambda path: path.rename(path.with_name("m.safetensors.0123456789ab.part")), "partial", "partial"),
            (lambda path: path.write_bytes(path.read_bytes()[:-1]), "wrong_size", "wrong_size"),
            (lambda path: path.write_bytes(path.read_bytes() + b"\0"), "wrong_size", "wrong_size"),
            (lambda path: path.write_bytes(flipped(path.read_bytes(), -1)), "whole", "wrong_hash"),
            (lambda path: path.write_bytes(flipped(path.read_bytes(), 8)), "wrong_tensors", "wrong_tensors"),
        ],
    )
    def test_a_quick_look_sees_size_and_listing_and_a_thorough_one_every_bit(
        self, tmp_path: Path, damage: Callable[[Path], object], quick: str, thorough: str
    ) -> None:
        known = entry(laid(tmp_path, TENSORS))
        damage(tmp_path / "m.safetensors")
        assert verify(known, tmp_path, thorough=False).state == quick
        state = verify(known, tmp_path)
        assert state.state == thorough
        assert bool(state.detail) is (thorough != "whole")

    def test_without_a_known_size_the_head_tells_that_a_file_is_cut_short(self, tmp_path: Path) -> None:
        laid(tmp_path, TENSORS)
        path = tmp_path / "m.safetensors"
        path.write_bytes(path.read_bytes()[:-2])
        state = verify(entry(WeightsFile("m.safetensors")), tmp_path, thorough=False)
        assert (state.state, state.is_whole) == ("wrong_size", False)
        assert "its own head says" in state.detail

    @pytest.mark.parametrize(("what", "fact"), [("tensors", {"tensors": 3}), ("numbers", {"numbers": 11})])
    def test_a_checkpoint_of_another_model_is_told_by_its_listing(
        self, tmp_path: Path, what: str, fact: dict[str, Any]
    ) -> None:
        file = replace(laid(tmp_path, TENSORS), bytes=None, sha256=None, **fact)
        state = verify(entry(file), tmp_path, thorough=False)
        assert state.state == "wrong_tensors"
        assert what in state.detail

    def test_some_files_here_and_some_not_is_partial_but_optional_ones_do_not_count(self, tmp_path: Path) -> None:
        file = laid(tmp_path, TENSORS)
        assert verify(entry(file, WeightsFile("config.json")), tmp_path).state == "partial"
        assert verify(entry(file, WeightsFile("config.json", optional=True)), tmp_path).is_whole

    def test_a_file_is_held_against_what_was_received_where_the_manifest_has_no_hash(self, tmp_path: Path) -> None:
        file = replace(laid(tmp_path, TENSORS), sha256=None)
        received = Received("m.safetensors", file.bytes or 0, sha256_of(tmp_path / "m.safetensors"), "hub")
        assert verify(entry(file), tmp_path).files[0].proof is None
        (tmp_path / "receipt.json").write_text(receipt_text(Receipt("c" * 40, (received,))))
        assert verify(entry(file), tmp_path).files[0].proof == "hub"
        path = tmp_path / "m.safetensors"
        path.write_bytes(flipped(path.read_bytes(), -1))
        assert verify(entry(file), tmp_path).state == "wrong_hash"

    def test_the_manifest_outranks_what_was_received(self, tmp_path: Path) -> None:
        file = replace(laid(tmp_path, TENSORS), sha256="b" * 64)
        received = Received("m.safetensors", file.bytes or 0, sha256_of(tmp_path / "m.safetensors"), "first_use")
        (tmp_path / "receipt.json").write_text(receipt_text(Receipt("", (received,))))
        assert verify(entry(file), tmp_path).state == "wrong_hash"

    def test_a_receipt_is_read_as_it_was_written_and_a_damaged_one_counts_for_nothing(self, tmp_path: Path) -> None:
        receipt = Receipt("c" * 40, (Received("a/b.json", 7, "d" * 64, "first_use"),))
        (tmp_path / "receipt.json").write_text(receipt_text(receipt))
        assert read_receipt(tmp_path) == receipt
        for text in ("", "[]", "{}", '{"revision": "x", "files": [{}]}', receipt_text(receipt).replace("first", "1st")):
            (tmp_path / "receipt.json").write_text(text)
            assert read_receipt(tmp_path) is None

    def test_a_reported_hash_must_match_unless_it_is_overruled(self, tmp_path: Path) -> None:
        file = replace(laid(tmp_path, TENSORS), sha256=None)
        path, found = tmp_path / "m.safetensors", sha256_of(tmp_path / "m.safetensors")
        assert accept(replace(file, reported_sha256=found), path).proof == "reported"
        doubtful = replace(file, reported_sha256="b" * 64)
        with pytest.raises(WeightsMismatch, match="--trust"):
            accept(doubtful, path, hub_sha256=found)
        assert accept(doubtful, path, hub_sha256=found, trust=True).proof == "hub"
        assert accept(doubtful, path, trust=True).proof == "first_use"
        with pytest.raises(WeightsMismatch, match="not bbbb"):
            accept(replace(file, sha256="b" * 64), path, trust=True)  # what is shown is not overruled

    @pytest.mark.parametrize(
        "content",
        [
            *(b"", b"{}", b"\xff" * 64, b"PK\x03\x04" + b"\0" * 40, struct.pack("<Q", 2) + b"[]", b"\2" + b"\0" * 7),
            struct.pack("<Q", 49) + b'{"a": {"shape": [1e999], "data_offsets": [0, 4]}}',
        ],
    )
    def test_what_is_no_safetensors_has_no_listing(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "m.safetensors").write_bytes(content)
        with pytest.raises(WeightsMismatch, match=r"not a \.safetensors"):
            listing_of(tmp_path / "m.safetensors")

    @given(st.binary(max_size=80), st.booleans())
    @settings(max_examples=60, deadline=None)
    def test_any_bytes_have_a_listing_or_are_refused(
        self, tmp_path_factory: pytest.TempPathFactory, content: bytes, framed: bool
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "any.safetensors"
        path.write_bytes(struct.pack("<Q", len(content)) + content if framed else content)
        try:
            assert listing_of(path).bytes >= 8
        except WeightsMismatch:
            return


class TestUnfixed:
    @pytest.mark.parametrize("name", ["model.safetensors", "model_fp16.safetensors"])
    def test_the_published_names_are_refused_before_anything_is_read(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(WeightsMismatch, match=r"wrong axis.*model_fp16_fixrot\.safetensors.*weights fetch lgm-big"):
            refuse_unfixed(tmp_path / name)

    @pytest.mark.parametrize("name", ["model_fp16_fixrot.safetensors", "model_fixrot.safetensors", "mine.safetensors"])
    def test_fixed_ones_and_those_of_your_own_are_not(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_bytes(save(TENSORS))
        refuse_unfixed(tmp_path / name)

    def test_one_of_the_published_size_and_another_hash_is_refused_under_any_name(self, tmp_path: Path) -> None:
        size = shipped_manifest().named("lgm-big").files[0].bytes or 0
        with (tmp_path / "renamed.safetensors").open("wb") as file:
            file.truncate(size)  # a hole: it takes no room
        with pytest.raises(WeightsMismatch, match="wrong axis"):
            refuse_unfixed(tmp_path / "renamed.safetensors")
        with (tmp_path / "renamed.safetensors").open("wb") as file:
            file.truncate(size - 1)
        refuse_unfixed(tmp_path / "renamed.safetensors")


def flipped(data: bytes, index: int, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[index] ^= 1 << bit
    return bytes(changed)


class Small(nn.Module):
    """Two floating point tensors and one of whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.register_buffer("steps", torch.zeros(2, dtype=torch.int64))


def fitting() -> dict[str, Tensor]:
    return {
        "linear.weight": torch.arange(6.0).reshape(2, 3),
        "linear.bias": torch.tensor([7.0, 8.0]),
        "steps": torch.tensor([9, 10]),
    }


class TestReading:
    def test_tensors_come_back_in_their_own_dtypes(self, tmp_path: Path) -> None:
        save_file({"a": torch.ones(2, dtype=torch.bfloat16), "b": torch.tensor([1, 2])}, tmp_path / "m.safetensors")
        read = read_tensors(tmp_path / "m.safetensors")
        assert {name: tensor.dtype for name, tensor in read.items()} == {"a": torch.bfloat16, "b": torch.int64}
        assert read["b"].tolist() == [1, 2]

    @pytest.mark.parametrize("name", ["nowhere.safetensors", "."])
    def test_what_is_not_there_is_missing(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(WeightsMissing):
            read_tensors(tmp_path / name)

    @pytest.mark.parametrize("zipped", [True, False])
    @pytest.mark.parametrize("name", ["model.pt", "model.safetensors"])
    def test_a_pickle_is_refused_whatever_it_is_called_and_never_run(
        self, tmp_path: Path, name: str, zipped: bool
    ) -> None:
        class Trap:
            def __reduce__(self) -> tuple[Any, ...]:
                return (Path.touch, (tmp_path / "sprung",))

        torch.save({"a": Trap()}, tmp_path / name, _use_new_zipfile_serialization=zipped)
        with pytest.raises(WeightsMismatch, match=r"pickled checkpoint.*runs what is in it"):
            read_tensors(tmp_path / name)
        assert not (tmp_path / "sprung").exists()
        (tmp_path / name).write_bytes(pickle.dumps({"a": 1}))
        with pytest.raises(WeightsMismatch, match="pickled"):
            read_tensors(tmp_path / name)

    def test_a_head_whose_length_looks_like_a_pickle_is_none(self, tmp_path: Path) -> None:
        # 640 is 0x0280: the bytes 80 02, which begin a pickle of protocol 2.
        path = tmp_path / "m.safetensors"
        bare = int.from_bytes(save({"a": torch.ones(1)}, metadata={"note": ""})[:8], "little")
        path.write_bytes(save({"a": torch.ones(1)}, metadata={"note": "x" * (640 - bare)}))
        assert path.read_bytes()[:2] == b"\x80\x02"
        assert read_tensors(path)["a"].tolist() == [1.0]

    @given(cut=st.integers(0, 200))
    @settings(max_examples=40, deadline=None)
    def test_a_file_cut_short_anywhere_is_refused(self, tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
        path = tmp_path_factory.getbasetemp() / "cut.safetensors"
        whole = save(fitting())
        path.write_bytes(whole[: min(cut, len(whole) - 1)])
        with pytest.raises(WeightsMismatch):
            read_tensors(path)

    @given(data=st.data())
    @settings(max_examples=150, deadline=None)
    def test_a_flipped_bit_is_refused_by_hash_always_and_else_never_ends_in_another_error(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        whole = save(fitting())
        path = tmp_path_factory.getbasetemp() / "flipped.safetensors"
        path.write_bytes(whole)
        sha256 = sha256_of(path)
        index, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
        path.write_bytes(flipped(whole, index, bit))
        with pytest.raises(WeightsMismatch, match="damaged, or another"):
            read_tensors(path, sha256)
        module = Small()
        before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        try:
            load_strict(module, read_tensors(path), "a small model")
        except WeightsMismatch:
            assert all(torch.equal(module.state_dict()[name], tensor) for name, tensor in before.items())
        else:
            assert index >= 8  # only what no head can tell: a number, or what its head calls a dtype of like kind


class TestLoading:
    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn])
    def test_what_fits_is_copied_and_cast_to_the_modules_own_dtype(self, dtype: torch.dtype) -> None:
        module = Small()
        load_strict(module, {**fitting(), "linear.bias": torch.tensor([7.0, 8.0]).to(dtype)}, "a model")
        assert module.linear.weight.tolist() == [[0, 1, 2], [3, 4, 5]]
        assert (module.linear.bias.tolist(), module.linear.bias.dtype) == ([7, 8], torch.float32)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"linear.bias": None}, r"1 missing \(linear\.bias\)"),
            ({"other.weight": torch.ones(1)}, r"1 extra \(other\.weight\)"),
            ({"linear.weight": torch.ones(3, 2)}, r"1 misshapen \(linear\.weight \[3, 2\] for \[2, 3\]\)"),
            ({"linear.bias": torch.tensor([1, 2])}, r"1 of the wrong dtype \(linear\.bias int64\)"),
            ({"steps": torch.tensor([1.0, 2.0])}, r"1 of the wrong dtype \(steps float32\)"),
            ({"linear.bias": torch.ones(2, dtype=torch.complex64)}, "1 of the wrong dtype"),
            ({"linear.bias": torch.tensor([1.0, torch.nan])}, r"damaged: 1 not finite \(linear\.bias\)"),
            ({"linear.bias": torch.tensor([1.0, -torch.inf])}, "not finite"),
            ({"linear.bias": torch.tensor([1.0, torch.nan]).to(torch.float8_e4m3fn)}, "not finite"),
            ({"linear.bias": torch.zeros(2, dtype=torch.uint8).view(torch.float8_e8m0fnu)}, "1 of the wrong dtype"),
        ],
    )
    def test_what_does_not_fit_is_told_and_nothing_is_half_loaded(
        self, change: dict[str, Tensor | None], words: str
    ) -> None:
        module = Small()
        before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        tensors = {name: tensor for name, tensor in {**fitting(), **change}.items() if tensor is not None}
        with pytest.raises(WeightsMismatch, match=words):
            load_strict(module, tensors, "a small model")
        assert all(torch.equal(module.state_dict()[name], tensor) for name, tensor in before.items())

    def test_a_checkpoint_of_another_model_is_told_in_counts_and_a_few_names(self) -> None:
        other = nn.Sequential(*(nn.Linear(2, 2) for _ in range(8)))
        with pytest.raises(WeightsMismatch) as told:
            load_strict(Small(), other.state_dict(), "a small model")
        assert "not those of a small model" in str(told.value)
        assert "3 missing (steps, linear.weight, linear.bias)" in str(told.value)
        assert "16 extra (0.weight, 0.bias, 1.weight, 1.bias, 2.weight and 11 more)" in str(told.value)
