"""`moldar weights` and doctor's rows of models, as a user meets them: processes, streams, exit codes."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from moldar.cli.commands import dispatch
from moldar.cli.outcome import run
from pipelines.manifest import pretrained_dir, shipped_manifest
from tests.peers.hub import hub, read_all

MOLDAR = [sys.executable, "-m", "moldar"]
NAMES = ["lgm-nano", "lgm-big", "mvdream", "imagedream"]
LGM = "model_fp16_fixrot.safetensors"


@dataclass
class Done:
    """How one command ended."""

    code: int
    out: str
    err: str


class Shell:
    """The command, run in this process with a folder of its own."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def __call__(self, *args: object) -> Done:
        code = run(lambda: dispatch([str(arg) for arg in args]))
        return Done(code, *self._capture.readouterr())

    def told(self, *args: object) -> dict[str, dict[str, Any]]:
        """The entries of one JSON answer, by name."""
        done = self(*args, "--json")
        rows = json.loads(done.out)["weights"]
        return {row["name"]: row for row in rows}


@pytest.fixture
def moldar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOLDAR_LGM__WEIGHTS_DIR", str(tmp_path / "kept"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return Shell(tmp_path, capfd)


def lgm_sized(folder: Path, name: str = LGM) -> Path:
    """A file with the published size and listing, and zeros for weights: a hole, which takes no room."""
    facts = shipped_manifest().named("lgm-big").files[0]
    assert facts.bytes is not None
    assert facts.numbers is not None
    head = {f"t{i}": {"dtype": "F16", "shape": [0], "data_offsets": [0, 0]} for i in range(375)}
    head["all"] = {"dtype": "F16", "shape": [facts.numbers], "data_offsets": [0, 2 * facts.numbers]}
    text = json.dumps(head).encode()
    text += b" " * (facts.bytes - 2 * facts.numbers - 8 - len(text))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(facts.bytes)
    return folder / name


def mvdream_files() -> dict[str, bytes]:
    """The small files of the layout, and weights that are far too few."""
    entry = shipped_manifest().named("mvdream")
    few = save({"a": np.zeros(3, np.float16)})
    return {file.path: few if file.path.endswith(".safetensors") else b"{}\n" for file in entry.files}


class TestListing:
    def test_every_entry_is_told_with_licence_size_and_what_brings_it(self, moldar: Shell) -> None:
        rows = moldar.told("weights", "list")
        assert list(rows) == NAMES
        assert rows["lgm-big"] | {"files": []} == {
            "name": "lgm-big",
            "what": "LGM: four views of 256 x 256 to 65,536 Gaussians",
            "state": "missing",
            "detail": f"{LGM} is not in {moldar.folder / 'kept/lgm-big'}.",
            "remedy": "moldar weights fetch lgm-big",
            "folder": str(moldar.folder / "kept/lgm-big"),
            "bytes": 830_126_160,
            "licence": "commercial",
            "terms": "MIT",
            "note": shipped_manifest().named("lgm-big").note,
            "repo": "ashawkey/LGM",
            "revision": "main",
            "files": [],
        }
        assert rows["mvdream"]["licence"] == "restricted"
        assert rows["mvdream"]["bytes"] is None  # nobody has shown the size of its network
        assert rows["lgm-nano"]["folder"] == str(pretrained_dir())

    def test_the_table_has_a_line_for_each_and_nothing_on_stderr(self, moldar: Shell) -> None:
        done = moldar("weights", "list")
        assert (done.code, done.err) == (0, "")
        lines = done.out.splitlines()
        assert [line.split()[0] for line in lines[1:]] == NAMES
        assert "830.1 MB" in done.out
        assert "OpenRAIL (restricted)" in done.out
        assert "moldar weights fetch imagedream" in done.out

    def test_a_list_is_made_without_torch_and_without_the_network(self, tmp_path: Path) -> None:
        blocked = (
            "import sys; sys.modules.update(torch=None, ray=None, huggingface_hub=None);"
            "asked = []; sys.addaudithook(lambda event, _: asked.append(event));"
            "from moldar.cli.commands import dispatch; dispatch(['weights', 'list', '--json']);"
            "sys.exit(any(event in ('socket.connect', 'socket.getaddrinfo') for event in asked))"
        )
        done = subprocess.run([sys.executable, "-c", blocked], check=True, capture_output=True, cwd=tmp_path)
        assert len(json.loads(done.stdout)["weights"]) == 4


class TestVerifying:
    def test_what_is_not_fetched_is_no_damage_unless_it_was_asked_for(self, moldar: Shell) -> None:
        assert moldar("weights", "verify").code == 0
        done = moldar("weights", "verify", "lgm-big")
        assert done.code == 3
        assert done.err == "The weights lgm-big are not here, or not all of them: moldar weights fetch lgm-big\n"

    def test_a_list_looks_at_size_and_listing_and_verify_at_every_bit(self, moldar: Shell) -> None:
        lgm_sized(moldar.folder / "kept/lgm-big")
        assert moldar.told("weights", "list")["lgm-big"]["state"] == "whole"
        done = moldar("weights", "verify", "lgm-big")
        assert (done.code, done.err) == (4, "These weights are damaged or of another model: lgm-big.\n")
        assert "wrong hash" in done.out
        assert "others report 744d63246563" in done.out.replace("\n", " ").replace("  ", "")

    def test_a_truncated_file_is_told_with_both_sizes(self, moldar: Shell) -> None:
        os.truncate(lgm_sized(moldar.folder / "kept/lgm-big"), 830_126_159)
        row = moldar.told("weights", "list")["lgm-big"]
        assert (row["state"], row["detail"]) == ("wrong_size", f"{LGM} has 830,126,159 bytes, not 830,126,160.")
        assert moldar("weights", "verify").code == 4

    def test_an_unknown_name_is_the_users_error(self, moldar: Shell) -> None:
        for command in ("verify", "fetch"):
            done = moldar("weights", command, "lgm")
            assert (done.code, done.out) == (2, "")
            assert "'lgm'; there are lgm-nano, lgm-big, mvdream, imagedream" in done.err


class TestFetching:
    def test_a_folder_is_taken_from_and_proven(self, moldar: Shell) -> None:
        lgm_sized(moldar.folder / "mine")
        done = moldar("weights", "fetch", "lgm-big", "--from", moldar.folder / "mine")
        assert done.code == 4
        assert done.err.count("\n") == 1
        assert "--trust" in done.err
        assert read_all(moldar.folder / "kept/lgm-big") == {}
        row = moldar.told("weights", "fetch", "lgm-big", "--from", moldar.folder / "mine", "--trust")["lgm-big"]
        assert row["state"] == "whole"
        assert moldar("weights", "verify", "lgm-big").code == 0

    def test_an_old_lgm_file_is_refused_with_the_reason(self, moldar: Shell) -> None:
        lgm_sized(moldar.folder / "mine", "model_fp16.safetensors")
        done = moldar("weights", "fetch", "lgm-big", "--from", moldar.folder / "mine", "--trust")
        assert done.code == 4
        assert "normalised along the wrong axis" in done.err

    def test_a_mirror_with_another_model_is_refused_and_nothing_is_left(self, moldar: Shell) -> None:
        with hub("ashawkey/mvdream-sd2.1-diffusers", mvdream_files()) as peer:
            done = moldar("weights", "fetch", "mvdream", "--mirror", peer.url)
        assert (done.code, done.out) == (4, "")
        assert "holds 1 tensors, not 690: it is of another model" in done.err
        assert read_all(moldar.folder / "kept/mvdream") == {}

    @pytest.mark.parametrize(
        ("args", "code", "words"),
        [
            (["lgm-nano"], 2, "ship with Moldar"),
            (["lgm-big", "--mirror", "nonsense"], 2, "A mirror is an address"),
            (["lgm-big", "--from", "nowhere"], 2, "is no folder"),
            (["lgm-big", "--offline"], 3, "not in the hub's cache"),
            (["lgm-big", "--mirror", "http://127.0.0.1:9"], 3, "cannot be reached"),
        ],
    )
    def test_each_refusal_is_one_sentence(self, moldar: Shell, args: list[str], code: int, words: str) -> None:
        done = moldar("weights", "fetch", *args)
        assert (done.code, done.out, done.err.count("\n")) == (code, "", 1), done.err
        assert words in done.err

    def test_the_token_of_the_settings_is_used_and_never_shown(
        self, moldar: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MOLDAR_HF_TOKEN", "hf_very_secret")
        with hub("ashawkey/LGM", {}) as peer:
            peer.gated = True
            done = moldar("weights", "fetch", "lgm-big", "--mirror", peer.url)
            assert {one.token for one in peer.asked} == {"Bearer hf_very_secret"}
        assert done.code == 3
        assert "is gated" in done.err
        assert "hf_very_secret" not in done.out + done.err


class TestDoctor:
    def test_models_and_what_runs_them_are_told_with_what_mends_them(self, moldar: Shell) -> None:
        lgm_sized(moldar.folder / "kept/lgm-big")
        rows = {row["check"]: row for row in json.loads(moldar("doctor", "--json").out)["checks"]}
        import torch

        assert torch.__version__ in rows["torch"]["detail"]
        assert rows["cuda"]["ok"] is torch.cuda.is_available()
        assert rows["attention"]["detail"].split()[0] in ("sdpa", "xformers")
        assert rows["weights lgm-big"]["ok"] is True
        assert "MIT" in rows["weights lgm-big"]["detail"]
        assert rows["weights mvdream"]["ok"] is False
        assert rows["weights mvdream"]["remedy"] == "moldar weights fetch mvdream"
        assert {"diffusers", "transformers", "rasterizer gsplat"} <= set(rows)
        assert (rows["rasterizer cpu"]["ok"], rows["rasterizer cpu"]["detail"]) == (True, "commercial")
        assert "research and evaluation only" in rows["rasterizer diff-gaussian-rasterization"]["detail"]
        assert not any(row["required"] for name, row in rows.items() if name.startswith(("weights", "rasterizer")))

    def test_what_is_half_fetched_is_told(self, moldar: Shell) -> None:
        folder = moldar.folder / "kept/lgm-big"
        folder.mkdir(parents=True)
        (folder / f"{LGM}.0123456789ab.part").write_bytes(b"half")
        row = next(
            row for row in json.loads(moldar("doctor", "--json").out)["checks"] if row["check"] == "weights lgm-big"
        )
        assert (row["ok"], row["remedy"]) == (False, "moldar weights fetch lgm-big")
        assert "partly fetched" in row["detail"]
