"""Bad files through the command line: one sentence and an exit code, and nothing left behind."""

from pathlib import Path

import pytest

from moldar.cli.commands import dispatch
from moldar.cli.outcome import run
from tests.support.bad_files import BAD_FILES, FINE, BadFile

COMMANDS = {
    "convert": ("out.stl",),
    "repair": ("out.stl", "--all"),
    "quote": (),
    "inspect": (),
    "render": ("out.png", "--size", "32"),
}
SOLIDS = ("convert", "repair", "quote")  # these need a solid; the others show what is there


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("bad", BAD_FILES, ids=str)
def test_each_command_says_what_is_wrong_in_one_sentence(
    bad: BadFile, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / bad.name).write_bytes(bad.data)
    codes = {}
    for command, more in COMMANDS.items():
        codes[command] = run(lambda command=command, more=more: dispatch([command, bad.name, *more]))  # type: ignore[misc]
        out, err = capfd.readouterr()
        assert codes[command] in (0, 2), (command, err)
        assert "Traceback" not in err
        written = sorted(path.name for path in folder.iterdir() if path.name != bad.name)
        if codes[command] == 0:
            assert out
        else:
            assert (out, err.count("\n"), written) == ("", 1, []), (command, err)
            assert err.rstrip().endswith("."), (command, err)
            assert 10 < len(err) < 400, (command, err)
        for name in written:
            (folder / name).unlink()
    for command in SOLIDS:
        if FINE not in bad.ends:
            assert codes[command] == 2, command
        elif bad.ends == (FINE,):
            assert codes[command] == 0, command


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_or_nothing_is_no_file(command: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "part.stl").mkdir()
    for name in ("part.stl", "nowhere.stl"):
        assert run(lambda name=name: dispatch([command, name, *COMMANDS[command]])) == 2  # type: ignore[misc]
        assert capfd.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "args",
    [
        ["quote", "a.stl", "--quantity", "1000000000"],
        ["quote", "a.stl", "--quantity", "0"],
        ["quote", "a.stl", "--size-mm", "0"],
        ["quote", "a.stl", "--size-mm", "10000"],
        ["quote", "a.stl", "--infill", "nan"],
        ["convert", "a.stl", "b.stl", "--size-mm", "0"],
        ["convert", "a.stl", "b.stl", "--size-mm", "10000"],
        ["convert", "a.stl", "b.stl", "--unit", "furlong"],
        ["inspect", "a.stl", "--size-mm", "-1"],
        ["inspect", "a.stl", "--unit", ""],
        ["repair", "a.stl", "b.stl", "--thicken", "thick"],
        ["repair", "a.stl", "b.stl", "--thicken", "0"],
        ["repair", "a.stl", "b.stl", "--thicken", "21"],
        ["repair", "a.stl", "b.stl", "--thicken", "nan"],
        ["repair", "a.stl", "b.stl", "--hollow", "0.1"],
        ["repair", "a.stl", "b.stl", "--drain", "4"],
        ["repair", "a.stl", "b.stl", "--hollow", "2", "--drain", "99"],
        ["repair", "a.stl", "b.stl", "--turn", "worst"],
        ["repair", "a.stl", "b.stl", "--turn", "4"],
        ["repair", "a.stl", "b.stl", "--turn", "1.5"],
        ["repair", "a.stl", "b.splat", "--all"],
        ["repair", "a.stl", "b", "--all"],
        ["render", "a.stl", "b.png", "--size", "1000000"],
    ],
    ids=" ".join,
)
def test_figures_that_cannot_be_are_the_users_fault(
    args: list[str], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from tests.support.bad_files import box, of

    (folder / "a.stl").write_bytes(of(box(20, 20, 20)))
    assert run(lambda: dispatch(args)) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert [path.name for path in folder.iterdir()] == ["a.stl"]
