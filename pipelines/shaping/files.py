"""Which models can be made of the files that are here, and what they can start from. Without torch: the router asks."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pipelines.errors import WeightsMissing
from pipelines.manifest import shipped_manifest
from pipelines.routing import Licence, Way
from pipelines.weight_files import read_receipt, verify

NANO, BIG = "lgm-nano", "lgm-big"
_SAMPLERS_NEED: Final = ("diffusers", "transformers")  # the extra `multiview`
_STRICTNESS: Final[tuple[Licence, ...]] = ("commercial", "restricted", "non_commercial")


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """Weights of the operator's own in place of the manifest's; what is in them is the operator's word."""

    nano: Path | None = None  # a checkpoint of `make train-nano`, its shape in its metadata
    mvdream: Path | None = None  # a folder in the hub's layout
    imagedream: Path | None = None  # likewise


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model whose files are here."""

    name: str
    path: Path  # of an LGM the file, of a sampler the folder
    licence: Licence
    terms: str
    sha256: str | None = None  # of the file that was accepted when it was fetched

    @property
    def restrictions(self) -> str:
        """What whoever gets its results must be told; empty where nothing."""
        if self.licence == "commercial":
            return ""
        return f"{self.name} is under {self.terms}: its use restrictions go with this result."


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Every model that can be loaded."""

    splatters: tuple[ModelFile, ...] = ()  # LGMs, the largest first
    mvdream: ModelFile | None = None
    imagedream: ModelFile | None = None

    @property
    def ways(self) -> tuple[Way, ...]:
        """What these models can start from, and under which licence."""
        if not self.splatters:
            return ()
        names = tuple(file.name for file in self.splatters)
        plain = _strictest(*self.splatters)
        # The small model was trained on such photographs of such designs, the large one was not.
        ways = [Way("views", names, plain), Way("design", tuple(reversed(names)), plain)]
        if self.mvdream:
            ways.append(Way("text", names, _strictest(*self.splatters, self.mvdream)))
        if self.imagedream:
            ways.append(Way("picture", names, _strictest(*self.splatters, self.imagedream)))
        return tuple(ways)


def find(weights_dir: Path, own: OwnFiles | None = None) -> ModelFiles:
    """The models whose files are whole by size and listing; their hashes are read when they are loaded."""
    own = own or OwnFiles()
    splatters = (_found(BIG, weights_dir), _found(NANO, weights_dir, own.nano))
    found = tuple(file for file in splatters if file is not None)
    if not all(map(find_spec, _SAMPLERS_NEED)):
        return ModelFiles(found)
    mvdream = _found("mvdream", weights_dir, own.mvdream)
    return ModelFiles(found, mvdream, _found("imagedream", weights_dir, own.imagedream))


def require(files: ModelFiles) -> ModelFiles:
    """`files`, if there is an LGM among them. Raises WeightsMissing."""
    if not files.splatters:
        raise WeightsMissing(f"No LGM is here: {shipped_manifest().named(BIG).remedy} brings the published one.")
    return files


def _found(name: str, weights_dir: Path, own: Path | None = None) -> ModelFile | None:
    entry = shipped_manifest().named(name)
    if own is not None:
        return ModelFile(name, own, entry.licence, entry.terms) if own.exists() else None
    folder = entry.folder(weights_dir)
    if not verify(entry, folder, thorough=False).is_whole:
        return None
    received = receipt.of(entry.files[0].path) if (receipt := read_receipt(folder)) else None
    path = folder if name in ("mvdream", "imagedream") else folder / entry.files[0].path
    sha256 = entry.files[0].sha256 or (received.sha256 if received else None)
    return ModelFile(name, path, entry.licence, entry.terms, sha256)


def _strictest(*files: ModelFile) -> Licence:
    return max((file.licence for file in files), key=_STRICTNESS.index)
