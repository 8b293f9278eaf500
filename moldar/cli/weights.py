"""`moldar weights`: the model weights that the manifest names."""

import hashlib
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moldar.cli.outcome import FAILED, UNAVAILABLE, Failure
from moldar.cli.terminal import Terminal


class Weights(BaseModel):
    """One file of weights, as `pretrained/manifest.toml` names it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    licence: str
    source: str
    revision: str


class _Manifest(BaseModel):
    weights: tuple[Weights, ...] = ()


def folder() -> Path:
    """Where weights are kept: beside the service's composition root."""
    return Path(__file__).resolve().parents[2] / "pretrained"


def manifest() -> tuple[Weights, ...]:
    """Every entry of the manifest; none where there is no manifest."""
    path = folder() / "manifest.toml"
    try:
        return _Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).weights
    except FileNotFoundError:
        return ()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise Failure(FAILED, f"The manifest {path} cannot be read: {str(error).splitlines()[0]}.") from error


def state_of(weights: Weights) -> str:
    """`present`, `missing` or `damaged`."""
    path = folder() / weights.file
    if not path.is_file():
        return "missing"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return "present" if digest == weights.sha256 else "damaged"


def show(*, verify: bool) -> None:
    """List the manifest; with `verify`, fail unless every file is there and whole."""
    known = manifest()
    states = {weights.name: state_of(weights) for weights in known}
    with Terminal() as terminal:
        if not known:
            terminal.out.print("No weights are needed or shipped yet: the embedded backends compute without any.")
        for one in known:
            line = f"{states[one.name]:8} {one.name} ({one.licence}, {one.source} at {one.revision})"
            terminal.out.print(line, markup=False)
    wrong = [name for name, state in states.items() if state != "present"]
    if verify and wrong:
        raise Failure(FAILED, f"These weights are missing or damaged: {', '.join(wrong)}.")


def fetch(name: str | None) -> None:
    """There is nothing yet that would use them."""
    wanted = f"the weights {name!r}" if name else "weights"
    raise Failure(UNAVAILABLE, f"This version has no model backend that could use {wanted}, so none are fetched.")
