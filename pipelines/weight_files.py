"""Whether the files of weights at hand are those that they should be: by size, listing and hash. Without torch."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from pipelines.errors import WeightsMismatch, WeightsMissing
from pipelines.manifest import Weights, WeightsFile, shipped_manifest

State = Literal["whole", "missing", "partial", "wrong_size", "wrong_tensors", "wrong_hash"]
# Why a hash is believed: the manifest has it, the hub gave it, third parties report it, or it was taken as it came.
Proof = Literal["manifest", "hub", "reported", "first_use"]
RECEIPT: Final = "receipt.json"
# Checkpoints whose quaternions were normalised over the Gaussians instead of over their four components, with the
# same keys, shapes and size as the right ones: nothing else tells them apart. Source: the LGM repository, 2024-04-03.
UNFIXED_NAMES: Final = ("model.safetensors", "model_fp16.safetensors")
_CHUNK_BYTES: Final = 2**22
_HEADER_BYTES: Final = 100_000_000  # what the format's own library reads at most


@dataclass(frozen=True, slots=True)
class Received:
    """A file as it was accepted once: what later ones are held against."""

    path: str
    bytes: int
    sha256: str
    proof: Proof


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was fetched into a folder, and of which commit."""

    revision: str  # the commit where it is known; empty for files of a local folder
    files: tuple[Received, ...]

    def of(self, path: str) -> Received | None:
        """The file of this path, if it was received."""
        return next((file for file in self.files if file.path == path), None)


@dataclass(frozen=True, slots=True)
class FileState:
    """One file as it lies there."""

    path: str
    state: State
    detail: str  # a sentence; empty when whole
    sha256: str | None = None  # read from the file, or None where it was not read
    proof: Proof | None = None  # None: nothing but size and listing speaks for the file
    optional: bool = False


@dataclass(frozen=True, slots=True)
class WeightsState:
    """An entry as it lies there."""

    name: str
    folder: Path
    files: tuple[FileState, ...]

    @property
    def state(self) -> State:
        """The worst of its files: wrong before partial before missing. Some there and some not is partial."""
        needed = {file.state for file in self.files if not (file.optional and file.state == "missing")}
        for wrong in ("wrong_hash", "wrong_tensors", "wrong_size"):
            if wrong in needed:
                return wrong
        if "partial" in needed or {"missing", "whole"} <= needed:
            return "partial"
        return "missing" if "missing" in needed else "whole"

    @property
    def is_whole(self) -> bool:
        """Whether the service can load them."""
        return self.state == "whole"

    @property
    def detail(self) -> str:
        """Why not, of the first file that is not; empty when whole."""
        worst = [file for file in self.files if file.state == self.state]
        lacking = [file for file in self.files if file.state != "whole" and not file.optional]
        return next((file.detail for file in (*worst, *lacking) if file.detail), "")


@dataclass(frozen=True, slots=True)
class Listing:
    """What the head of a .safetensors file says of its tensors."""

    tensors: int
    numbers: int  # in all tensors together
    bytes: int  # of the whole file, if it is whole


def verify(entry: Weights, folder: Path, *, thorough: bool = True) -> WeightsState:
    """How the files of `entry` lie in `folder`, which is the entry's own.

    Args:
        entry: What they should be.
        folder: Where they should be, `entry.folder(weights_dir)`.
        thorough: Read every byte; otherwise size and listing only, in milliseconds.
    """
    receipt = read_receipt(folder)
    return WeightsState(entry.name, folder, tuple(_state(file, folder, receipt, thorough) for file in entry.files))


def accept(file: WeightsFile, path: Path, *, hub_sha256: str | None = None, trust: bool = False) -> Received:
    """Take the file at `path` for `file`, or say why not.

    Args:
        file: What it should be.
        path: What has come, under any name.
        hub_sha256: What the hub says that its hash is.
        trust: Take it though its hash is not the one that third parties report.

    Raises:
        WeightsMissing: there is nothing at `path`.
        WeightsMismatch: another size, other tensors or another hash than it must have.
    """
    refuse_facts(file, path)
    sha256 = sha256_of(path)
    if hub_sha256 is not None and sha256 != hub_sha256:
        raise WeightsMismatch(f"{file.path} arrived damaged: its SHA-256 is {sha256[:12]}..., not {hub_sha256[:12]}...")
    return Received(file.path, path.stat().st_size, sha256, proof_of(file, sha256, hub=hub_sha256, trust=trust))


def proof_of(file: WeightsFile, sha256: str, *, hub: str | None = None, trust: bool = False) -> Proof:
    """Why a file of this hash is believed to be `file`. Raises WeightsMismatch where it is not."""
    if file.sha256 is not None:
        if sha256 != file.sha256:
            raise WeightsMismatch(f"{file.path} has the SHA-256 {sha256[:12]}..., not {file.sha256[:12]}...")
        return "manifest"
    if file.reported_sha256 is not None and sha256 == file.reported_sha256:
        return "reported"
    if file.reported_sha256 is not None and not trust:
        raise WeightsMismatch(
            f"{file.path} has the SHA-256 {sha256[:12]}..., and others report {file.reported_sha256[:12]}...; nobody "
            "here could check that report: give --trust if you know the file."
        )
    return "hub" if hub == sha256 else "first_use"


def refuse_facts(file: WeightsFile, path: Path) -> None:
    """Refuse what can be told without reading all of it: size and listing. Raises WeightsMissing, WeightsMismatch."""
    state, detail = _against_facts(file, path)
    if state == "missing":
        raise WeightsMissing(detail)
    if state != "whole":
        raise WeightsMismatch(detail)


def refuse_unfixed(path: Path) -> None:
    """Refuse a published LGM checkpoint from before its rotations were mended.

    Told by name, and for a file of another name but of exactly the published size by its hash.

    Raises:
        WeightsMismatch: it is one, or cannot be told from one.
    """
    fixed = shipped_manifest().named("lgm-big").files[0]
    if path.name in UNFIXED_NAMES:
        raise WeightsMismatch(_unfixed(path.name, fixed.path))
    if "fixrot" in path.name or not path.is_file() or path.stat().st_size != fixed.bytes:
        return
    if sha256_of(path) not in (fixed.sha256, fixed.reported_sha256):
        raise WeightsMismatch(_unfixed(path.name, fixed.path))


def _unfixed(name: str, wanted: str) -> str:
    return (
        f"{name} is taken for an LGM checkpoint from before 2024-04-03, whose rotations were normalised along the "
        f"wrong axis: its Gaussians would lie askew. Take {wanted}: moldar weights fetch lgm-big"
    )


def listing_of(path: Path) -> Listing:
    """What the head of a .safetensors file lists. Raises WeightsMissing, WeightsMismatch."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            head = file.read(length) if length <= _HEADER_BYTES else b""
    except OSError as error:
        raise WeightsMissing(f"There are no weights at {path}.") from error
    try:
        tensors = _listed(json.loads(head.decode()))
        numbers = sum(math.prod(int(side) for side in row["shape"]) for row in tensors)
        end = max((int(row["data_offsets"][1]) for row in tensors), default=0)
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        raise WeightsMismatch(f"{path.name} is not a .safetensors file, or its head is damaged.") from error
    return Listing(len(tensors), numbers, 8 + length + end)


def _listed(head: object) -> list[Any]:
    if not isinstance(head, dict):
        raise TypeError(head)
    return [row for name, row in head.items() if name != "__metadata__"]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as hex. Raises WeightsMissing."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise WeightsMissing(f"There are no weights at {path}.") from error
    return digest.hexdigest()


def read_receipt(folder: Path) -> Receipt | None:
    """What was received into `folder`; None where nothing was, or where the record itself is damaged."""
    try:
        record = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
        return Receipt(str(record["revision"]), tuple(_received(row) for row in record["files"]))
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return None


def receipt_text(receipt: Receipt) -> str:
    """The record that `read_receipt` reads."""
    files = [
        {"path": file.path, "bytes": file.bytes, "sha256": file.sha256, "proof": file.proof} for file in receipt.files
    ]
    return json.dumps({"revision": receipt.revision, "files": files}, indent=1) + "\n"


def _received(row: Mapping[str, object]) -> Received:
    if row["proof"] not in get_args(Proof):
        raise ValueError(row["proof"])
    return Received(str(row["path"]), int(str(row["bytes"])), str(row["sha256"]), cast(Proof, row["proof"]))


def _state(file: WeightsFile, folder: Path, receipt: Receipt | None, thorough: bool) -> FileState:
    path = folder / file.path
    state, detail = _against_facts(file, path)
    if state != "whole":
        return FileState(file.path, state, detail, optional=file.optional)
    received = receipt.of(file.path) if receipt else None
    if not thorough:
        return FileState(file.path, "whole", "", None, None, file.optional)
    sha256 = sha256_of(path)
    try:
        proof = _proven_now(file, sha256, received)
    except WeightsMismatch as error:
        return FileState(file.path, "wrong_hash", str(error), sha256, None, file.optional)
    return FileState(file.path, "whole", "", sha256, proof, file.optional)


def _proven_now(file: WeightsFile, sha256: str, received: Received | None) -> Proof | None:
    if file.sha256 is None and received is not None:
        if sha256 != received.sha256:
            raise WeightsMismatch(f"{file.path} is not the file that was fetched: it was changed or damaged since.")
        return received.proof
    proof = proof_of(file, sha256)
    return None if proof == "first_use" else proof


def _against_facts(file: WeightsFile, path: Path) -> tuple[State, str]:
    """What size and listing say, and the sentence for it."""
    if not path.is_file():
        if any(path.parent.glob(f"{path.name}.*.part")):
            return "partial", f"{file.path} is partly fetched."
        return "missing", f"{file.path} is not in {path.parent}."
    size = path.stat().st_size
    if file.bytes is not None and size != file.bytes:
        return "wrong_size", f"{file.path} has {size:,} bytes, not {file.bytes:,}."
    return _against_listing(file, path, size) if file.path.endswith(".safetensors") else ("whole", "")


def _against_listing(file: WeightsFile, path: Path, size: int) -> tuple[State, str]:
    try:
        listing = listing_of(path)
    except WeightsMismatch as error:
        return "wrong_tensors", str(error)
    if listing.bytes != size:
        return "wrong_size", f"{file.path} has {size:,} bytes, and its own head says {listing.bytes:,}."
    for what, found, wanted in (
        ("tensors", listing.tensors, file.tensors),
        ("numbers", listing.numbers, file.numbers),
    ):
        if wanted is not None and found != wanted:
            return "wrong_tensors", f"{file.path} holds {found:,} {what}, not {wanted:,}: it is of another model."
    return "whole", ""
