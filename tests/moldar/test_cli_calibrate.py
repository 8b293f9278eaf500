"""`moldar calibrate` as a user meets it: the file it writes, quotes made with it, and every way it ends otherwise."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import trimesh

from moldar.cli.commands import dispatch
from moldar.cli.outcome import run
from pipelines.pricing.calibration import default_calibration, read_calibration
from pipelines.pricing.calibration_parts import calibration_parts
from pipelines.pricing.profile import generic_profile_text, read_profile
from tests.moldar.test_cli_weights import Done, Shell
from tests.peers.slicer import stand_in

needs_slicer = pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="prusa-slicer is not installed")


@pytest.fixture
def moldar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """The command in a folder of its own that holds a profile, with a slicer that is quick."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOLDAR_SLICER__EXECUTABLE", stand_in(tmp_path, "weighs"))
    (tmp_path / "mk.ini").write_text(generic_profile_text())
    return Shell(tmp_path, capfd)


def left_behind(folder: Path) -> set[str]:
    """Files that were not there before the command."""
    return (
        {path.name for path in folder.rglob("*") if path.is_file()}
        - {"mk.ini", "pid"}
        - {path.name for path in folder.glob("slicer-*")}
    )


@needs_slicer
def test_a_real_slicer_calibrates_and_quotes_are_made_with_it(moldar: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A printer at half the speed of the generic one: its quotes take longer, and the slicer agrees."""
    monkeypatch.setenv("MOLDAR_SLICER__EXECUTABLE", "prusa-slicer")
    lines = generic_profile_text().splitlines()
    halved = [
        f"{key} = {float(value) / 2:g}"
        if key.endswith("_speed") and key not in ("min_print_speed", "retract_speed")
        else f"{key} = {value}"
        for key, value in (line.split(" = ", 1) for line in lines if " = " in line)
    ]
    slow = moldar.folder / "slow.ini"
    slow.write_text("\n".join(halved))
    told = json.loads(moldar("calibrate", slow, "--quick", "--json").out)
    assert told["setting"] == f"MOLDAR_CALIBRATION={moldar.folder / '.moldar/calibrations/slow.toml'}"
    made = read_calibration((moldar.folder / told["file"]).read_text())
    assert (made.slicer, made.slices) == ("PrusaSlicer 2.5.0", told["slices"])
    assert made.profile_sha256 == read_profile(slow.read_text()).sha256
    assert told["skipped"] == []
    assert told["left_out"]["time"]["median"] < 0.05
    assert told["left_out"]["mass"]["median"] < 0.05
    assert told["left_out"]["mass"]["band"] == float(made.bands.mass)

    trimesh.creation.box((35, 35, 35)).export(moldar.folder / "box.stl")
    generic = json.loads(moldar("quote", "box.stl", "--json").out)
    monkeypatch.setenv("MOLDAR_CALIBRATION", str(moldar.folder / told["file"]))
    monkeypatch.setenv("MOLDAR_SLICER__PROFILE", str(slow))
    mine = json.loads(moldar("quote", "box.stl", "--json").out)
    sliced = json.loads(moldar("quote", "box.stl", "--source", "slicer", "--json").out)
    assert mine["print_time_s"] > 1.6 * generic["print_time_s"]
    assert mine["print_time_s"] == pytest.approx(sliced["print_time_s"], rel=0.06)
    assert mine["mass_g"] == pytest.approx(sliced["mass_g"], rel=0.06)
    rows = {row["check"]: row for row in json.loads(moldar("doctor", "--json").out)["checks"]}
    assert f"{made.slices} slices by PrusaSlicer 2.5.0" in rows["calibration"]["detail"]
    assert "another profile" not in rows["calibration"]["detail"]


class TestTheFile:
    def test_it_is_written_where_it_was_asked_and_says_what_to_set(self, moldar: Shell) -> None:
        done = moldar("calibrate", "mk.ini", "--quick", "--out", "shop/mine.toml")
        assert (done.code, done.err) == (0, "")
        assert f"export MOLDAR_CALIBRATION={moldar.folder / 'shop/mine.toml'}" in done.out
        for words in ("shapes left out of the fit", "mass", "time", "supports", "±"):
            assert words in done.out
        made = read_calibration((moldar.folder / "shop/mine.toml").read_text())
        assert f"{made.slices} slices by PrusaSlicer 2.5.0" in done.out
        assert left_behind(moldar.folder) == {"mine.toml"}
        assert default_calibration().weights != made.weights

    def test_quick_asks_for_fewer_slices_of_fewer_shapes(self, moldar: Shell) -> None:
        told = json.loads(moldar("calibrate", "mk.ini", "--quick", "--json").out)
        assert 12 <= told["slices"] < len(calibration_parts()) / 2
        assert told["left_out"]["supports"]["slices"] == sum(part.request.supports for part in calibration_parts())

    def test_parts_that_could_not_be_sliced_are_told_and_left_out(
        self, moldar: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MOLDAR_SLICER__EXECUTABLE", stand_in(moldar.folder, "picky"))
        told = json.loads(moldar("calibrate", "mk.ini", "--json").out)
        assert told["skipped"]
        assert len(told["skipped"]) + told["slices"] == len(calibration_parts())
        assert all(
            reason.endswith("The slicer did not slice the part: too many facets for me.") for reason in told["skipped"]
        )


class TestRefusals:
    def test_without_a_slicer_it_says_what_brings_one(self, moldar: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOLDAR_SLICER__EXECUTABLE", "no-such-slicer")
        done = moldar("calibrate", "mk.ini")
        assert (done.code, done.out) == (3, "")
        assert "apt-get install prusa-slicer" in done.err
        assert left_behind(moldar.folder) == set()

    @pytest.mark.parametrize("behaviour", ["other", "mute"])
    def test_another_program_is_no_slicer(self, moldar: Shell, monkeypatch: pytest.MonkeyPatch, behaviour: str) -> None:
        monkeypatch.setenv("MOLDAR_SLICER__TIMEOUT_S", "1")
        monkeypatch.setenv("MOLDAR_SLICER__EXECUTABLE", stand_in(moldar.folder, behaviour))
        assert moldar("calibrate", "mk.ini").code == 3

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"\x00\x01\xff\xfe",
            b"hello",
            b"[printer:MK3]\nbed_shape = 0x0",
            b"printer_technology = SLA\n",
            b"\xff" * 99,
        ],
    )
    def test_what_is_no_profile_is_the_users_fault(self, moldar: Shell, text: bytes) -> None:
        (moldar.folder / "mk.ini").write_bytes(text)
        done = moldar("calibrate", "mk.ini")
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
        assert left_behind(moldar.folder) == set()

    @pytest.mark.parametrize("name", ["nowhere.ini", "."])
    def test_a_profile_that_is_no_file(self, moldar: Shell, name: str) -> None:
        assert moldar("calibrate", name).code == 2

    @pytest.mark.parametrize(
        ("behaviour", "words"),
        [
            ("refuses", "parts could not be sliced, the first being brick: "),
            ("hangs", "brick: The slicer was not done within 0.3 s."),
        ],
    )
    def test_a_slicer_that_slices_nothing_leaves_the_earlier_file(
        self, moldar: Shell, monkeypatch: pytest.MonkeyPatch, behaviour: str, words: str
    ) -> None:
        (moldar.folder / "mine.toml").write_text("the earlier one")
        monkeypatch.setenv("MOLDAR_SLICER__EXECUTABLE", stand_in(moldar.folder, behaviour))
        monkeypatch.setenv("MOLDAR_SLICER__TIMEOUT_S", "0.3" if behaviour == "hangs" else "60")
        done = moldar("calibrate", "mk.ini", "--out", "mine.toml", "--quick")
        assert (done.code, done.out) == (4, "")
        assert words in done.err
        assert (moldar.folder / "mine.toml").read_text() == "the earlier one"
        assert left_behind(moldar.folder) == {"mine.toml"}

    def test_a_folder_that_cannot_be_written_is_told(self, moldar: Shell) -> None:
        done = moldar("calibrate", "mk.ini", "--quick", "--out", "mk.ini/mine.toml")
        assert (done.code, done.err.count("\n")) == (4, 1)


def test_ctrl_c_kills_the_slicers_and_leaves_nothing_half(tmp_path: Path) -> None:
    (tmp_path / "mk.ini").write_text(generic_profile_text())
    environment = {**os.environ, "MOLDAR_SLICER__EXECUTABLE": stand_in(tmp_path, "hangs")}
    command = [sys.executable, "-m", "moldar", "calibrate", "mk.ini"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)  # both are under way
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 2
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "Interrupted.\n")
    assert not any(child.is_running() for child in children)
    assert left_behind(tmp_path) == set()


def test_help_needs_no_slicer(moldar: Shell) -> None:
    done: Done = moldar("calibrate", "--help")
    assert done.code == 0
    assert "PROFILE.ini" in done.out
    assert run(lambda: dispatch(["calibrate"])) == 2
