"""`moldar repair`, and what the commands on files have in common: units, JSON, progress and what was mended."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import manifold3d
import numpy as np
import pytest
import trimesh
from PIL import Image

from moldar import wire
from moldar.cli.commands import dispatch
from moldar.cli.outcome import run

SOLID = manifold3d.Manifold
Moldar = Callable[..., tuple[int, str, str]]


def save(solid: Any, path: Path) -> None:
    raw = solid.to_mesh()
    trimesh.Trimesh(np.array(raw.vert_properties)[:, :3], np.array(raw.tri_verts)).export(path)


@pytest.fixture
def moldar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Moldar:
    """The command, run in this process in a folder with a few parts."""
    monkeypatch.chdir(tmp_path)
    save(SOLID.cube((40, 40, 30)) - SOLID.cube((39.2, 39.2, 30)).translate((0.4, 0.4, 0.6)), tmp_path / "thin.stl")
    save(SOLID.cube((500, 30, 30)), tmp_path / "bar.stl")
    save(SOLID.cube((20, 20, 20)), tmp_path / "cube.stl")
    lidless = trimesh.creation.box((20, 30, 40))
    lidless.update_faces(np.arange(len(lidless.faces)) > 1)
    lidless.export(tmp_path / "open.stl")

    def call(*args: object) -> tuple[int, str, str]:
        code = run(lambda: dispatch([str(arg) for arg in args]))
        return code, *capfd.readouterr()

    return call


def test_walls_are_thickened_and_both_scores_are_shown(moldar: Moldar, tmp_path: Path) -> None:
    code, out, err = moldar("repair", "thin.stl", "deep/thick.3mf", "--thicken", "auto")
    assert (code, err) == (0, "")
    assert "Thickened walls from 0.40 to 1.2" in out
    assert "Print report: 3.0 of 10 before, 9" in out
    assert "gone: Walls of 0.40 mm are too thin" in out
    assert (tmp_path / "deep" / "thick.3mf").is_file()


def test_json_is_one_object_that_names_what_was_written(moldar: Moldar, tmp_path: Path) -> None:
    code, out, err = moldar("repair", "thin.stl", "thick.stl", "--thicken", "1.6", "--fill-voids", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert set(told) == {
        "written", "applied", "declined", "before", "parts", "gone", "raised", "mended", "seconds",
    }  # fmt: skip
    (file,) = told["written"]
    assert (file["path"], file["bytes"]) == ("thick.stl", (tmp_path / "thick.stl").stat().st_size)
    after = wire.Printability.model_validate(told["parts"][0]["printability"])
    assert after.min_wall_mm == pytest.approx(1.6, abs=0.05)
    assert [one["kind"] for one in told["declined"]] == ["fill_voids"]
    assert "wall.thin" in told["gone"]


def test_parts_of_a_split_are_written_beside_the_target(moldar: Moldar, tmp_path: Path) -> None:
    code, out, _ = moldar("repair", "bar.stl", "cut.stl", "--split")
    assert code == 0
    assert {path.name for path in tmp_path.glob("cut*")} == {"cut-1.stl", "cut-2.stl", "cut-3.stl", "cut-dowel.stl"}
    assert "4 pieces" in out
    volumes = [trimesh.load_mesh(tmp_path / f"cut-{n}.stl").volume for n in (1, 2, 3)]
    assert sum(volumes) == pytest.approx(500 * 30 * 30 - 4 * 12.3 * np.pi * 2.15**2, rel=1e-4)


def test_a_hollow_part_keeps_the_wall_and_gets_the_holes_asked_for(moldar: Moldar, tmp_path: Path) -> None:
    assert moldar("repair", "cube.stl", "shell.stl", "--hollow", "3", "--drain", "2")[0] == 0
    shell = trimesh.load_mesh(tmp_path / "shell.stl")
    assert shell.is_volume
    # At most 14 mm a side are taken out, and at least 12.5: the grid's voxels are a quarter of the wall.
    assert 20**3 - 14**3 - 60 < shell.volume < 20**3 - 12.5**3


def test_all_does_what_the_report_offers(moldar: Moldar) -> None:
    save(SOLID.cube((60, 10, 10)).translate((0, 0, 50)) + SOLID.cube((10, 10, 50)).translate((25, 0, 0)), Path("t.stl"))
    offered = {finding["repair"] for finding in json.loads(moldar("inspect", "t.stl", "--json")[1])["findings"]}
    told = json.loads(moldar("repair", "t.stl", "laid.stl", "--all", "--json")[1])
    done = {one["kind"] for one in [*told["applied"], *told["declined"]]}
    assert done == offered - {None}
    assert told["parts"][0]["printability"]["support_volume_mm3"] == 0


def test_without_repairs_it_is_made_solid_and_told_what_is_offered(moldar: Moldar, tmp_path: Path) -> None:
    code, out, _ = moldar("repair", "open.stl", "shut.stl")
    assert code == 0
    assert "filled 1 hole" in out
    assert trimesh.load_mesh(tmp_path / "shut.stl").is_volume
    assert "--all would do what is offered: thicken" in moldar("repair", "thin.stl", "same.stl")[1]


def test_a_table_of_findings_names_the_repairs(moldar: Moldar) -> None:
    assert "Repairs that are offered: thicken." in moldar("inspect", "thin.stl")[1]
    assert "filled 1 hole" in moldar("inspect", "open.stl")[1]


def test_what_a_report_found_is_painted(moldar: Moldar, tmp_path: Path) -> None:
    assert moldar("inspect", "thin.stl", "--picture", "thin.png")[0] == 0
    assert moldar("inspect", "cube.stl", "--picture", "cube.png")[0] == 0

    def reds(name: str) -> float:
        pixels = np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int)
        return float((pixels[..., 0] - pixels[..., 1:].max(axis=2) > 60).mean())

    assert reds("cube.png") == 0
    assert reds("thin.png") > 0.1  # nearly all of its walls are too thin, which is an error
    assert moldar("inspect", "cube.stl", "--picture", "cube.jpg")[0] == 2


def test_what_cannot_be_repaired_writes_nothing(moldar: Moldar, tmp_path: Path) -> None:
    code, out, err = moldar("repair", "cube.stl", "x.stl", "--thicken", "auto")
    assert (code, out) == (2, "")
    assert err == "No wall is thinner than 1.2 mm: there is nothing to thicken.\n"
    assert not (tmp_path / "x.stl").exists()


@pytest.mark.parametrize(("unit", "longest"), [("mm", 20.0), ("cm", 200.0), ("inch", 508.0)])
def test_a_unit_is_taken_by_every_command_that_measures(moldar: Moldar, unit: str, longest: float) -> None:
    report = json.loads(moldar("inspect", "cube.stl", "--unit", unit, "--json")[1])
    assert report["size_mm"] == pytest.approx([longest] * 3, rel=1e-6)
    told = json.loads(moldar("convert", "cube.stl", "big.obj", "--unit", unit, "--json")[1])
    assert told["size_mm"] == pytest.approx([longest] * 3, rel=1e-6)
    whole = json.loads(moldar("repair", "cube.stl", "big.stl", "--unit", unit, "--json")[1])
    assert whole["parts"][0]["printability"]["size_mm"] == pytest.approx([longest] * 3, rel=1e-6)


def test_what_was_mended_on_the_way_is_said_beside_the_result(moldar: Moldar) -> None:
    code, out, err = moldar("convert", "open.stl", "shut.stl")
    assert (code, err) == (0, "Mended: filled 1 hole (19.2 % of the surface)\n")
    assert out.startswith("shut.stl (")
    told = json.loads(moldar("convert", "open.stl", "shut.stl", "--json")[1])
    assert told["written"]["path"] == "shut.stl"
    assert [(one["code"], one["count"]) for one in told["repairs"]] == [("filled_holes", 1)]
    assert told["seconds"] >= 0
    code, out, err = moldar("quote", "open.stl", "--json")
    assert (code, err) == (0, "")
    assert [one["code"] for one in json.loads(out)["repairs"]] == ["filled_holes"]


def test_a_picture_tells_its_size_as_json(moldar: Moldar) -> None:
    told = json.loads(moldar("render", "cube.stl", "c.png", "--size", "32", "--json")[1])
    assert (told["written"]["path"], told["size"], told["frames"]) == ("c.png", 32, 1)


def test_long_work_names_its_steps_on_a_terminal_and_only_there(moldar: Moldar, tmp_path: Path) -> None:
    """Progress is drawn for a person at a terminal, and taken away again: the result on stdout stays clean."""
    reader, writer = pty.openpty()
    command = [sys.executable, "-m", "moldar", "repair", "thin.stl", "thick.stl", "--thicken", "auto", "--json"]
    variables = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=writer, env=variables, cwd=tmp_path) as process:
        os.close(writer)
        drawn = b""
        while chunk := _read(reader):
            drawn += chunk
        out = process.stdout.read() if process.stdout else b""
    os.close(reader)
    assert process.returncode == 0
    assert json.loads(out)["applied"][0]["kind"] == "thicken"
    assert b"Thickening walls" in drawn


def _read(reader: int) -> bytes:
    try:
        return os.read(reader, 4096)
    except OSError:  # how a terminal says that its other end was closed
        return b""
