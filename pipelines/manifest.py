"""The weights that Moldar knows by name: what they are, where they come from, which files they are made of.

Pure and without torch, so that the gateway and the command line can ask what a model backend would need.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final, Literal, cast, get_args

from pipelines.errors import InvalidInput, WeightsMismatch, WeightsMissing

# As in `pipelines.routing`, which takes a second to import and is not needed to read a table.
Licence = Literal["commercial", "restricted", "non_commercial"]
_LICENCES: Final = get_args(Licence)
_SHA256: Final = re.compile("[0-9a-f]{64}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]*")
_REPO: Final = re.compile(r"[\w.-]+/[\w.-]+")
_FILE_KEYS: Final = ("path", "bytes", "sha256", "reported_sha256", "tensors", "numbers", "optional")
_ENTRY_KEYS: Final = ("name", "what", "repo", "revision", "licence", "terms", "note", "files")


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file of an entry. None is a fact that nobody has shown."""

    path: str  # relative to the entry's folder and to the repo's root, with forward slashes
    bytes: int | None = None
    sha256: str | None = None  # shown: another file is refused
    reported_sha256: str | None = None  # the word of third parties: another file is refused unless it is trusted
    tensors: int | None = None  # how many a .safetensors holds
    numbers: int | None = None  # in all its tensors together
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Weights:
    """One entry: a model's weights as they are fetched, kept and licensed."""

    name: str
    what: str
    licence: Licence
    terms: str  # the licence's own name
    files: tuple[WeightsFile, ...]
    repo: str | None = None  # None: the files ship with Moldar
    revision: str | None = None
    note: str = ""

    @property
    def is_shipped(self) -> bool:
        """Whether the files come with Moldar itself."""
        return self.repo is None

    @property
    def bytes(self) -> int | None:
        """Size of all files that must be there, None where one of the tensor files' is unknown."""
        sizes = [file.bytes for file in self.files if file.path.endswith(".safetensors")]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def folder(self, weights_dir: Path) -> Path:
        """Where the files are kept: `<weights_dir>/<name>`, or Moldar's own folder for what ships."""
        return pretrained_dir() if self.is_shipped else weights_dir / self.name

    @property
    def remedy(self) -> str:
        """What brings the files, in words for a terminal."""
        return "install Moldar anew: they ship with it" if self.is_shipped else f"moldar weights fetch {self.name}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Every entry, each name once."""

    weights: tuple[Weights, ...]

    def named(self, name: str) -> Weights:
        """The entry of this name. Raises InvalidInput, naming those there are."""
        for entry in self.weights:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in self.weights)
        raise InvalidInput(f"There are no weights called {name!r}; there are {known}.")


def pretrained_dir() -> Path:
    """The folder of the manifest and of the weights that ship, in a checkout and in an installed wheel alike."""
    return Path(__file__).resolve().parents[1] / "pretrained"


@cache
def shipped_manifest() -> Manifest:
    """The manifest that ships. Raises WeightsMissing, WeightsMismatch."""
    return read_manifest(pretrained_dir() / "manifest.toml")


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file.

    Raises:
        WeightsMissing: there is no such file.
        WeightsMismatch: it is no manifest; the sentence says which entry and which field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise WeightsMismatch(f"The manifest {path} is no text.") from error
    except OSError as error:
        raise WeightsMissing(f"There is no manifest of weights at {path}.") from error
    return parse_manifest(text)


def parse_manifest(text: str) -> Manifest:
    """The manifest in TOML. Raises WeightsMismatch, saying which entry and which field is wrong."""
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WeightsMismatch(f"The manifest of weights is no TOML: {error}.") from error
    entries = tuple(_entry(table) for table in _tables(parsed, "weights", "the manifest"))
    _refuse_twice([entry.name for entry in entries], "the manifest")
    return Manifest(entries)


def _entry(table: Mapping[str, object]) -> Weights:
    name = _text(table, "name", "an entry", _NAME)
    _refuse_unknown(table, _ENTRY_KEYS, name)
    files = tuple(_file(part, name) for part in _tables(table, "files", name))
    if not files:
        raise WeightsMismatch(f"In the manifest, {name} has no files.")
    _refuse_twice([file.path for file in files], name)
    repo = _text(table, "repo", name, _REPO) if "repo" in table else None
    if (repo is None) != ("revision" not in table):
        raise WeightsMismatch(f"In the manifest, {name} must have both repo and revision, or neither.")
    licence = _text(table, "licence", name)
    if licence not in _LICENCES:
        raise WeightsMismatch(f"In the manifest, the licence of {name} is {licence!r}, not one of {_LICENCES}.")
    return Weights(
        name=name,
        what=_text(table, "what", name),
        licence=cast(Licence, licence),
        terms=_text(table, "terms", name),
        files=files,
        repo=repo,
        revision=_text(table, "revision", name) if repo else None,
        note=_text(table, "note", name) if "note" in table else "",
    )


def _file(table: Mapping[str, object], entry: str) -> WeightsFile:
    path = _text(table, "path", entry)
    where = f"{path} of {entry}"
    _refuse_unknown(table, _FILE_KEYS, where)
    # What is fetched is written below the entry's folder and nowhere else.
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or "\\" in path or ":" in path:
        raise WeightsMismatch(f"In the manifest, {entry} has the path {path!r}, which leaves its folder.")
    optional = table.get("optional", False)
    if not isinstance(optional, bool):
        raise WeightsMismatch(f"In the manifest, optional of {where} is neither true nor false.")
    return WeightsFile(
        path=path,
        bytes=_count(table, "bytes", where),
        sha256=_text(table, "sha256", where, _SHA256) if "sha256" in table else None,
        reported_sha256=_text(table, "reported_sha256", where, _SHA256) if "reported_sha256" in table else None,
        tensors=_count(table, "tensors", where),
        numbers=_count(table, "numbers", where),
        optional=optional,
    )


def _tables(table: Mapping[str, object], key: str, where: str) -> list[Mapping[str, object]]:
    rows = table.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise WeightsMismatch(f"In the manifest, {key} of {where} is no list of tables.")
    return rows


def _text(table: Mapping[str, object], key: str, where: str, pattern: re.Pattern[str] | None = None) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise WeightsMismatch(f"In the manifest, {where} has no {key}.")
    if pattern is not None and not pattern.fullmatch(value):
        raise WeightsMismatch(f"In the manifest, the {key} of {where} cannot be {value!r}.")
    return value


def _count(table: Mapping[str, object], key: str, where: str) -> int | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise WeightsMismatch(f"In the manifest, the {key} of {where} is {value!r}, no positive whole number.")
    return value


def _refuse_unknown(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    if unknown := [key for key in table if key not in known]:
        raise WeightsMismatch(f"In the manifest, {where} has unknown fields: {', '.join(unknown)}.")


def _refuse_twice(names: list[str], where: str) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WeightsMismatch(f"In the manifest, {where} names twice: {', '.join(twice)}.")
