"""`moldar weights`: the model weights that the manifest names, where they are kept and whether they are whole."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moldar.cli.outcome import FAILED, UNAVAILABLE, Failure
from moldar.cli.terminal import Terminal, size_of
from pipelines.manifest import Weights, shipped_manifest
from pipelines.weight_files import State, WeightsState, verify

if TYPE_CHECKING:
    from adapters.hub import Progress as Hear
    from adapters.hub import Source

_DAMAGED: Final[tuple[State, ...]] = ("wrong_size", "wrong_tensors", "wrong_hash")
_IN_WORDS: Final[dict[State, str]] = {
    "whole": "whole",
    "missing": "missing",
    "partial": "partly here",
    "wrong_size": "wrong size",
    "wrong_tensors": "another model",
    "wrong_hash": "wrong hash",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What `fetch` was asked for."""

    name: str | None  # None: everything that does not ship
    local: Path | None
    mirror: str | None
    revision: str | None
    is_offline: bool
    trust: bool


def weights_dir() -> Path:
    """Where fetched weights are kept."""
    from deployments.settings import Settings  # noqa: PLC0415 - the manifest can be shown without

    return Settings().lgm.weights_dir.resolve()


def states(*, thorough: bool, name: str | None = None) -> tuple[tuple[Weights, WeightsState], ...]:
    """Every entry of the manifest, or the one of this name, with how its files lie there."""
    folder = weights_dir()
    manifest = shipped_manifest()
    entries = manifest.weights if name is None else (manifest.named(name),)
    return tuple((entry, verify(entry, entry.folder(folder), thorough=thorough)) for entry in entries)


def show(*, as_json: bool) -> None:
    """List the manifest, told by size and listing: quick."""
    _told(states(thorough=False), as_json=as_json)


def check(name: str | None, *, as_json: bool) -> None:
    """Read every byte of what is here; fail where something is damaged, or where what was named is not here."""
    found = states(thorough=True, name=name)
    _told(found, as_json=as_json)
    damaged = [entry.name for entry, state in found if state.state in _DAMAGED]
    if damaged:
        raise Failure(FAILED, f"These weights are damaged or of another model: {', '.join(damaged)}.")
    lacking = [entry for entry, state in found if not state.is_whole]
    if name is not None and lacking:
        raise Failure(UNAVAILABLE, f"The weights {name} are not here, or not all of them: {lacking[0].remedy}")


def fetch(wish: Wish, *, as_json: bool) -> None:
    """Bring weights, going on where an earlier run ended, and prove them."""
    from adapters.hub import Source  # noqa: PLC0415 - see weights_dir

    source = Source(wish.local, wish.mirror, _token(), wish.revision, wish.is_offline)
    manifest = shipped_manifest()
    shipped_too = (manifest.named(wish.name),) if wish.name is not None else manifest.weights
    wanted = [entry for entry in shipped_too if wish.name is not None or not entry.is_shipped]
    for entry in wanted:
        _fetch(entry, entry.folder(weights_dir()), source, trust=wish.trust)
    names = {entry.name for entry in wanted}
    _told(tuple(row for row in states(thorough=False) if row[0].name in names), as_json=as_json)


def _fetch(entry: Weights, folder: Path, source: "Source", *, trust: bool) -> None:
    from adapters.hub import fetch as bring  # noqa: PLC0415 - see weights_dir

    with Terminal() as terminal, _bar(terminal, entry) as progress:
        bring(entry, folder, source, trust=trust, progress=progress)


@contextmanager
def _bar(terminal: Terminal, entry: Weights) -> "Iterator[Hear]":
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn  # noqa: PLC0415

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    is_hidden = not terminal.err.is_terminal
    with Progress(*columns, console=terminal.err, transient=True, disable=is_hidden, redirect_stdout=False) as drawn:
        task = drawn.add_task(entry.name, total=None)

        def hear(file: str, here: int, in_all: int | None) -> None:
            drawn.update(task, description=f"{entry.name} {file}", completed=here, total=in_all)

        yield hear


def _token() -> str | None:
    from deployments.settings import Settings  # noqa: PLC0415 - see weights_dir

    token = Settings().hf_token
    return token.get_secret_value() if token is not None else None


def _told(found: tuple[tuple[Weights, WeightsState], ...], *, as_json: bool) -> None:
    with Terminal() as terminal:
        if as_json:
            terminal.print_json(json.dumps({"weights": [_row(entry, state) for entry, state in found]}))
        else:
            _table(terminal, found)


def _row(entry: Weights, state: WeightsState) -> dict[str, object]:
    return {
        "name": entry.name,
        "what": entry.what,
        "state": state.state,
        "detail": state.detail,
        "remedy": "" if state.is_whole else entry.remedy,
        "folder": str(state.folder),
        "bytes": entry.bytes,
        "licence": entry.licence,
        "terms": entry.terms,
        "note": entry.note,
        "repo": entry.repo,
        "revision": entry.revision,
        "files": [
            {"path": file.path, "state": file.state, "sha256": file.sha256, "proof": file.proof} for file in state.files
        ],
    }


def _table(terminal: Terminal, found: tuple[tuple[Weights, WeightsState], ...]) -> None:
    from rich.table import Table  # noqa: PLC0415 - not for --json
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("name", "size", "licence", "state", "where, or what brings it"):
        table.add_column(heading, overflow="fold")
    for entry, state in found:
        colour = "green" if state.is_whole else "red" if state.state in _DAMAGED else "yellow"
        table.add_row(
            entry.name,
            size_of(entry.bytes) if entry.bytes is not None else "",
            Text(f"{entry.terms} ({entry.licence.replace('_', '-')})"),
            Text(_IN_WORDS[state.state], colour),
            Text(_where(entry, state)),
        )
    terminal.out.print(table)


def _where(entry: Weights, state: WeightsState) -> str:
    if state.is_whole:
        return str(state.folder)
    return entry.remedy if state.state == "missing" else f"{state.detail} {entry.remedy}"
