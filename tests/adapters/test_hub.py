"""Fetching weights, against a real HTTP server that answers, and fails, as a hub does."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.hub import Source, fetch
from pipelines.errors import InvalidInput, MoldarError, StorageFailed, WeightsMismatch, WeightsMissing
from pipelines.manifest import Weights, WeightsFile, shipped_manifest
from pipelines.weight_files import read_receipt, verify
from tests.peers.hub import COMMIT, Hub, hub, read_all, tensors

ROOT = Path(__file__).resolve().parents[2]
REPO = "maker/model"
FILES = {"unet/model.safetensors": tensors(1), "unet/config.json": b'{"width": 320}\n'}
BIG = tensors(2, count=2, numbers=6_000_000)  # 24 MB: more than two of the pieces that are written at a time


def entry(files: dict[str, bytes] = FILES, **facts: Any) -> Weights:
    """An entry that knows the size of its large files; `facts` go to the first file."""
    rows = [
        WeightsFile(path, bytes=len(data)) if path.endswith(".safetensors") else WeightsFile(path)
        for path, data in files.items()
    ]
    rows[0] = replace(rows[0], **facts)
    return Weights("model", "a model", "restricted", "OpenRAIL", tuple(rows), REPO, "main")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def peer() -> Iterator[Hub]:
    with hub(REPO, dict(FILES)) as known:
        yield known


def test_what_is_fetched_is_what_the_hub_has_and_is_recorded(peer: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    told: list[tuple[str, int, int | None]] = []
    receipt = fetch(entry(), folder, Source(mirror=peer.url), progress=lambda *now: told.append(now))
    assert read_all(folder) == FILES
    assert receipt == read_receipt(folder)
    assert receipt.revision == COMMIT
    assert [(file.path, file.sha256, file.proof) for file in receipt.files] == [
        ("unet/model.safetensors", sha256(FILES["unet/model.safetensors"]), "hub"),
        ("unet/config.json", sha256(FILES["unet/config.json"]), "first_use"),
    ]
    assert ("unet/config.json", 15, 15) in told
    assert verify(entry(), folder).is_whole


def test_what_is_whole_is_not_fetched_twice(peer: Hub, tmp_path: Path) -> None:
    fetch(entry(), tmp_path, Source(mirror=peer.url))
    peer.asked.clear()
    fetch(entry(), tmp_path, Source(mirror=peer.url))
    assert peer.asked == []


def test_all_files_are_of_the_commit_that_the_first_one_was(peer: Hub, tmp_path: Path) -> None:
    fetch(entry(), tmp_path, Source(mirror=peer.url))
    assert [one.path.split("/")[4] for one in peer.asked] == ["main", COMMIT, COMMIT, COMMIT]


def test_an_optional_file_may_be_absent_and_a_needed_one_may_not(peer: Hub, tmp_path: Path) -> None:
    del peer.files["unet/config.json"]
    whole = entry()
    lacking = replace(whole, files=(whole.files[0], WeightsFile("unet/config.json", optional=True)))
    fetch(lacking, tmp_path / "lacking", Source(mirror=peer.url))
    assert verify(lacking, tmp_path / "lacking").is_whole
    with pytest.raises(WeightsMissing, match="lacks a file"):
        fetch(whole, tmp_path / "whole", Source(mirror=peer.url))
    assert verify(whole, tmp_path / "whole").state == "partial"


def test_a_connection_that_breaks_goes_on_where_it_was(tmp_path: Path) -> None:
    with hub(REPO, {"a.safetensors": BIG}) as peer:
        peer.cut_after = 15_000_000
        told: list[int] = []
        fetch(entry(peer.files), tmp_path, Source(mirror=peer.url), progress=lambda _, here, __: told.append(here))
        ranges = [one.range for one in peer.gets("a.safetensors")]
    assert (tmp_path / "a.safetensors").read_bytes() == BIG
    assert ranges[0] is None
    assert ranges[1] == f"bytes={told[0]}-"
    assert told == sorted(told)
    assert told[-1] == len(BIG)


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_what_an_earlier_run_left_is_gone_on_with(tmp_path: Path, knows_ranges: bool) -> None:
    with hub(REPO, {"a.safetensors": BIG}) as peer:
        peer.knows_ranges = knows_ranges
        left = tmp_path / f"a.safetensors.{sha256(sha256(BIG).encode())[:12]}.part"
        left.write_bytes(BIG[:11_000_000])
        (tmp_path / "a.safetensors.000000000000.part").write_bytes(b"of another version")
        assert verify(entry(peer.files), tmp_path).state == "partial"
        fetch(entry(peer.files), tmp_path, Source(mirror=peer.url))
        assert [one.range for one in peer.gets("a.safetensors")] == ["bytes=11000000-"]
    assert read_all(tmp_path) == {"a.safetensors": BIG}


IN_A_PROCESS = """
import sys
from pathlib import Path
from adapters.hub import Source, fetch
from pipelines.manifest import Weights, WeightsFile
mirror, folder, offline = sys.argv[1:]
entry = Weights("model", "a model", "restricted", "OpenRAIL", (WeightsFile("a.safetensors"),), "maker/model", "main")
source = Source(mirror=mirror or None, is_offline=bool(offline))
print(fetch(entry, Path(folder), source, progress=lambda *now: print(*now, flush=True)).revision)
"""


def test_a_killed_run_is_gone_on_with_by_the_next(tmp_path: Path) -> None:
    with hub(REPO, {"a.safetensors": BIG}) as peer:
        peer.stall_after = 15_000_000
        command = [sys.executable, "-c", IN_A_PROCESS, peer.url, str(tmp_path), ""]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            assert run.stdout.readline().split()[0] == "a.safetensors"
            run.kill()
        assert not (tmp_path / "a.safetensors").exists()
        left = next(tmp_path.glob("a.safetensors.*.part")).stat().st_size
        peer.stall_after = None
        fetch(replace(entry(peer.files), files=(WeightsFile("a.safetensors"),)), tmp_path, Source(mirror=peer.url))
        assert [one.range for one in peer.gets("a.safetensors")] == [None, f"bytes={left}-"]
    assert 10_000_000 <= left <= 15_000_000
    assert read_all(tmp_path) == {"a.safetensors": BIG}


def test_two_at_once_fetch_each_byte_once(tmp_path: Path) -> None:
    with hub(REPO, {"a.safetensors": BIG}) as peer, ThreadPoolExecutor(3) as threads:
        source = Source(mirror=peer.url)
        list(threads.map(lambda _: fetch(entry(peer.files), tmp_path, source), range(3)))
        assert len(peer.gets("a.safetensors")) == 1
    assert read_all(tmp_path) == {"a.safetensors": BIG}


def test_what_the_hubs_own_cache_has_is_enough_offline(tmp_path: Path) -> None:
    from huggingface_hub import hf_hub_download

    with hub(REPO, {"a.safetensors": FILES["unet/model.safetensors"]}) as peer:
        hf_hub_download(REPO, "a.safetensors", cache_dir=tmp_path / "cache", endpoint=peer.url)
    for variables, offline in (({}, "offline"), ({"HF_HUB_OFFLINE": "1"}, "")):
        env = {**os.environ, "HF_HUB_CACHE": str(tmp_path / "cache"), **variables}
        folder = tmp_path / f"kept {offline}"
        command = [sys.executable, "-c", IN_A_PROCESS, "", str(folder), offline]
        done = subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == COMMIT
        assert read_all(folder) == {"a.safetensors": FILES["unet/model.safetensors"]}


def test_a_wrong_beginning_is_found_out_and_the_next_run_begins_anew(peer: Hub, tmp_path: Path) -> None:
    data = FILES["unet/model.safetensors"]
    left = tmp_path / "unet" / f"model.safetensors.{sha256(sha256(data).encode())[:12]}.part"
    left.parent.mkdir()
    left.write_bytes(data[:999] + bytes([data[999] ^ 4]))
    with pytest.raises(WeightsMismatch, match=r"damaged|listing"):
        fetch(entry(), tmp_path, Source(mirror=peer.url))
    assert read_all(tmp_path) == {}
    fetch(entry(), tmp_path, Source(mirror=peer.url))
    assert read_all(tmp_path) == FILES


def test_a_bit_flipped_on_the_way_is_refused_and_nothing_is_left_to_load(peer: Hub, tmp_path: Path) -> None:
    peer.flip_on_the_way = True
    with pytest.raises(WeightsMismatch, match="arrived damaged"):
        fetch(entry(), tmp_path, Source(mirror=peer.url))
    assert read_all(tmp_path) == {}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"bytes": 7}, "bytes, not 7"),
        ({"sha256": "a" * 64}, r"not aaaaaaaaaaaa\.\.\."),
        ({"reported_sha256": "b" * 64}, "--trust"),
    ],
)
def test_another_file_than_the_manifest_says_is_refused_before_it_is_fetched(
    peer: Hub, tmp_path: Path, facts: dict[str, Any], words: str
) -> None:
    with pytest.raises(WeightsMismatch, match=words):
        fetch(entry(**facts), tmp_path, Source(mirror=peer.url))
    assert peer.gets("model.safetensors") == []


@pytest.mark.parametrize("facts", [{"tensors": 4}, {"numbers": 2999}])
def test_a_checkpoint_of_another_model_is_refused_by_its_listing(
    peer: Hub, tmp_path: Path, facts: dict[str, Any]
) -> None:
    with pytest.raises(WeightsMismatch, match="of another model"):
        fetch(entry(**facts), tmp_path, Source(mirror=peer.url))
    assert read_all(tmp_path) == {}


def test_a_hash_that_is_only_reported_may_be_overruled_and_then_holds(peer: Hub, tmp_path: Path) -> None:
    asked = entry(reported_sha256="b" * 64)
    fetch(asked, tmp_path, Source(mirror=peer.url), trust=True)
    assert verify(asked, tmp_path).is_whole
    damaged = bytearray((tmp_path / "unet/model.safetensors").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "unet/model.safetensors").write_bytes(damaged)
    assert verify(asked, tmp_path).state == "wrong_hash"


def test_a_damaged_file_is_fetched_again(peer: Hub, tmp_path: Path) -> None:
    fetch(entry(), tmp_path, Source(mirror=peer.url))
    path = tmp_path / "unet/model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    fetch(entry(), tmp_path, Source(mirror=peer.url))
    assert read_all(tmp_path) == FILES


def test_a_file_that_nothing_speaks_for_is_not_taken_for_the_hubs(peer: Hub, tmp_path: Path) -> None:
    lay(tmp_path, {**FILES, "unet/config.json": b'{"width": 321}\n'})
    assert verify(entry(), tmp_path).is_whole  # as far as can be told
    receipt = fetch(entry(), tmp_path, Source(mirror=peer.url))
    assert read_all(tmp_path) == FILES
    assert {file.proof for file in receipt.files} == {"hub", "first_use"}


def test_another_revision_is_fetched_though_what_is_here_is_whole(peer: Hub, tmp_path: Path) -> None:
    fetch(entry(), tmp_path, Source(mirror=peer.url))
    peer.files["unet/config.json"] = b'{"width": 640}\n'
    fetch(entry(), tmp_path, Source(mirror=peer.url, revision="main"))
    assert (tmp_path / "unet/config.json").read_bytes() == b'{"width": 640}\n'


@pytest.mark.parametrize(
    ("change", "revision", "words"),
    [
        ({"gated": True}, None, "gated: accept its terms.*HF_TOKEN"),
        ({"needs_token": "hf_right"}, None, "set HF_TOKEN"),
        ({"repo": "maker/other"}, None, "not there or not for everyone"),
        ({}, "v9", "no revision 'v9'"),
        ({"status": 503}, None, "answers 503.*again later"),
        ({"status": 403}, None, "HF_TOKEN"),
        ({"names_commits": False}, None, "is no hub"),
    ],
)
def test_each_refusal_says_what_to_do(
    peer: Hub, tmp_path: Path, change: dict[str, object], revision: str | None, words: str
) -> None:
    for name, value in change.items():
        setattr(peer, name, value)
    with pytest.raises(WeightsMissing, match=words):
        fetch(entry(), tmp_path, Source(mirror=peer.url, revision=revision, token="hf_wrong"))
    assert read_all(tmp_path) == {}


def test_a_token_opens_a_private_repo_and_is_not_shown(peer: Hub, tmp_path: Path) -> None:
    peer.needs_token = "hf_right"
    source = Source(mirror=peer.url, token="hf_right")
    fetch(entry(), tmp_path, source)
    assert read_all(tmp_path) == FILES
    assert "hf_right" not in repr(source)


def test_the_token_does_not_go_to_where_large_files_are_stored(peer: Hub, tmp_path: Path) -> None:
    with hub(REPO, dict(FILES)) as storage:
        peer.storage, peer.needs_token = storage, "hf_right"
        fetch(entry(), tmp_path, Source(mirror=peer.url, token="hf_right"))
        assert read_all(tmp_path) == FILES
        assert {one.token for one in storage.asked} == {None}
        assert len(storage.gets(".safetensors")) == 1


def test_without_a_hub_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    with hub(REPO, {}) as gone:
        url = gone.url
    with pytest.raises(WeightsMissing, match=r"cannot be reached.*again.*--mirror or --from"):
        fetch(entry(), tmp_path, Source(mirror=url))


@pytest.mark.parametrize("mirror", ["hub.example", "ftp://hub.example", "http://", ""])
def test_a_mirror_must_be_an_address(mirror: str) -> None:
    with pytest.raises(InvalidInput, match="A mirror is an address"):
        Source(mirror=mirror)


def lay(folder: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.mark.parametrize("below", ["", "model", "inner/../model"])
def test_a_folder_is_a_source_and_costs_no_second_copy(tmp_path: Path, below: str) -> None:
    lay(tmp_path / "mine" / below, FILES)
    receipt = fetch(entry(), tmp_path / "kept", Source(local=tmp_path / "mine", mirror="http://127.0.0.1:9"))
    assert read_all(tmp_path / "kept") == FILES
    assert {file.proof for file in receipt.files} == {"first_use"}
    assert receipt.revision == ""
    inodes = {path.stat().st_ino for path in tmp_path.rglob("model.safetensors")}
    assert len(inodes) == 1


def test_links_in_the_folder_are_followed(tmp_path: Path) -> None:
    lay(tmp_path / "blobs", {"one": FILES["unet/model.safetensors"], "two": FILES["unet/config.json"]})
    (tmp_path / "mine/unet").mkdir(parents=True)
    (tmp_path / "mine/unet/model.safetensors").symlink_to(tmp_path / "blobs/one")
    (tmp_path / "mine/unet/config.json").symlink_to("../../blobs/two")
    fetch(entry(), tmp_path / "kept", Source(local=tmp_path / "mine"))
    assert read_all(tmp_path / "kept") == FILES
    assert not any(path.is_symlink() for path in (tmp_path / "kept").rglob("*"))


def test_the_folder_that_weights_are_kept_in_may_itself_be_the_source(tmp_path: Path) -> None:
    lay(tmp_path / "model", FILES)
    fetch(entry(), tmp_path / "model", Source(local=tmp_path))
    assert read_all(tmp_path / "model") == FILES
    assert verify(entry(), tmp_path / "model").is_whole


def test_a_folder_without_the_file_or_with_another_is_refused(tmp_path: Path) -> None:
    lay(tmp_path / "mine", {"unet/model.safetensors": FILES["unet/model.safetensors"][:-2]})
    with pytest.raises(WeightsMismatch, match="bytes, not"):
        fetch(entry(), tmp_path / "kept", Source(local=tmp_path / "mine"))
    (tmp_path / "mine/unet/model.safetensors").unlink()
    with pytest.raises(WeightsMissing, match=r"has no unet/model\.safetensors"):
        fetch(entry(), tmp_path / "kept", Source(local=tmp_path / "mine"))
    assert read_all(tmp_path / "kept") == {}
    with pytest.raises(InvalidInput, match="is no folder"):
        Source(local=tmp_path / "nowhere")


def test_a_folder_of_old_lgm_files_is_told_why_they_do_not_do(tmp_path: Path) -> None:
    lay(tmp_path / "mine", {"model_fp16.safetensors": tensors()})
    with pytest.raises(WeightsMismatch, match=r"wrong axis.*fixrot"):
        fetch(shipped_manifest().named("lgm-big"), tmp_path / "kept", Source(local=tmp_path / "mine"))


def test_what_ships_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="ship with Moldar"):
        fetch(shipped_manifest().named("lgm-nano"), tmp_path, Source(mirror="http://127.0.0.1:9"))


def test_offline_asks_nobody(peer: Hub, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"not in the hub's cache.*--from FOLDER"):
        fetch(entry(), tmp_path, Source(mirror=peer.url, is_offline=True))
    assert peer.asked == []


def test_a_disk_that_cannot_be_written_is_told(peer: Hub, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageFailed, match="cannot be kept"):
        fetch(entry(), tmp_path / "taken" / "model", Source(mirror=peer.url))


def test_every_error_is_one_line(peer: Hub, tmp_path: Path) -> None:
    peer.status = 500
    with pytest.raises(MoldarError) as told:
        fetch(entry(), tmp_path, Source(mirror=peer.url))
    assert "\n" not in str(told.value)
    assert peer.url not in str(told.value)
