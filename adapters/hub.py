"""Weights from the Hugging Face hub, a mirror of it, its local cache or a folder, proven before they are used.

A file arrives under another name beside its own (`<name>.<version>.part`), so that the service never loads half a file
and a next run goes on where this one ended. It takes its own name once size, listing and hash are what they must be.
"""

import hashlib
import importlib
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pipelines.errors import InvalidInput, StorageFailed, WeightsMismatch, WeightsMissing
from pipelines.manifest import Weights, WeightsFile
from pipelines.weight_files import (
    RECEIPT,
    UNFIXED_NAMES,
    Receipt,
    Received,
    accept,
    proof_of,
    read_receipt,
    receipt_text,
    refuse_unfixed,
    verify,
)

# File, bytes of it that are here, bytes that it has in all (None: unknown).
Progress = Callable[[str, int, int | None], None]
_SHA256: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Source:
    """Where weights come from."""

    local: Path | None = None  # a folder that has them: nothing else is asked
    mirror: str | None = None  # address of another hub; None: HF_ENDPOINT, or the hub itself
    token: str | None = field(default=None, repr=False)  # sent to the hub or its mirror, and to nobody else
    revision: str | None = None  # a branch, tag or commit instead of the manifest's
    is_offline: bool = False  # only what the hub's local cache has

    def __post_init__(self) -> None:
        address = urlsplit(self.mirror) if self.mirror is not None else None
        if address is not None and (address.scheme not in ("http", "https") or not address.hostname):
            raise InvalidInput(f"A mirror is an address such as https://hub.example, not {self.mirror!r}.")
        if self.local is not None and not self.local.is_dir():
            raise InvalidInput(f"{self.local} is no folder to take weights from.")


@dataclass(frozen=True, slots=True)
class _Remote:
    """One file on the hub."""

    commit: str
    etag: str
    size: int | None

    @property
    def sha256(self) -> str | None:
        """The hub's own hash of a large file; small ones have another kind of tag."""
        return self.etag if _SHA256.fullmatch(self.etag) else None


@dataclass(frozen=True, slots=True)
class _Fetch:
    """One call of `fetch`: what stays the same from file to file."""

    entry: Weights
    repo: str
    folder: Path
    source: Source
    trust: bool
    progress: Progress


def fetch(
    entry: Weights,
    folder: Path,
    source: Source | None = None,
    *,
    trust: bool = False,
    progress: Progress | None = None,
) -> Receipt:
    """Bring every file of `entry` that is not whole in `folder` yet.

    Args:
        entry: What to bring.
        folder: The entry's own, `entry.folder(weights_dir)`; made where it is not there.
        source: Where from; the hub by default.
        trust: Take files whose hash is not the one that third parties report.
        progress: Called now and then, from this thread.

    Returns:
        What was received, now and before, with the commit it is of.

    Raises:
        InvalidInput: the entry ships with Moldar and cannot be fetched.
        WeightsMissing: the source cannot be reached or does not have it; the sentence says what to do.
        WeightsMismatch: what came is not what it must be; it was removed.
        StorageFailed: the disk is full or cannot be written.
    """
    if entry.repo is None:
        raise InvalidInput(f"The weights {entry.name} ship with Moldar: there is nothing to fetch.")
    job = _Fetch(entry, entry.repo, folder, source or Source(), trust, progress or (lambda *_: None))
    with _translated(job), _alone(folder):
        receipt = read_receipt(folder) or Receipt("", ())
        settled = _settled(job, receipt)
        revision = job.source.revision or entry.revision or "main"
        for file in entry.files:
            commit, received = ("", settled[file.path]) if file.path in settled else _brought(job, file, revision)
            revision = commit or revision  # all files are of one commit, whatever happens to the branch meanwhile
            if received is not None:
                receipt = _noted(receipt, received, commit)
                _write(folder / RECEIPT, receipt_text(receipt))
    return receipt


def _settled(job: _Fetch, receipt: Receipt) -> dict[str, Received]:
    """The files that need not be fetched: whole, with a hash that says so, and of the commit that was asked for."""
    is_same = job.source.revision in (None, receipt.revision)
    files = {file.path: file for file in verify(job.entry, job.folder).files}
    return {
        path: Received(path, (job.folder / path).stat().st_size, file.sha256, file.proof)
        for path, file in files.items()
        if file.state == "whole" and file.sha256 and file.proof
        if is_same or file.proof in ("manifest", "reported")
    }


def _brought(job: _Fetch, file: WeightsFile, revision: str) -> tuple[str, Received | None]:
    """The commit it is of, empty where that is unknown, and the file in its place; None for an optional one."""
    if job.source.local is not None:
        return "", _from_folder(job, file, job.source.local)
    if job.source.is_offline or _hub_is_offline():
        return _from_cache(job, file, revision)
    return _from_hub(job, file, revision)


def _from_folder(job: _Fetch, file: WeightsFile, local: Path) -> Received | None:
    """From `<local>/<name>/`, `<local>/<the repo's last part>/` or `<local>` itself."""
    folders = (local / job.entry.name, local / job.repo.rpartition("/")[2], local)
    found = next((folder / file.path for folder in folders if (folder / file.path).is_file()), None)
    if found is not None:
        return _linked(job, file, found.resolve())
    if file.optional:
        return None
    if "fixrot" in file.path:
        for path in (folder / name for folder in folders for name in UNFIXED_NAMES if (folder / name).is_file()):
            refuse_unfixed(path)
    raise WeightsMissing(f"{local} has no {file.path} for the weights {job.entry.name}.")


def _from_cache(job: _Fetch, file: WeightsFile, revision: str) -> tuple[str, Received | None]:
    cached = _cached(job, file, revision)
    if cached is not None:
        return _commit_of(cached), _linked(job, file, cached.resolve())
    if file.optional:
        return "", None
    raise WeightsMissing(
        f"{file.path} of {job.repo} is not in the hub's cache on this machine, and offline nothing else is asked: "
        f"fetch it elsewhere, copy the folder here and run 'moldar weights fetch {job.entry.name} --from FOLDER'."
    )


def _from_hub(job: _Fetch, file: WeightsFile, revision: str) -> tuple[str, Received | None]:
    from huggingface_hub.errors import EntryNotFoundError  # noqa: PLC0415 - takes 0.2 s; only fetching needs it

    try:
        remote = _asked(job, file, revision)
    except EntryNotFoundError:
        if file.optional:
            return revision, None
        raise
    _refuse_early(job, file, remote)
    cached = _cached(job, file, remote.commit)
    if cached is not None:
        return remote.commit, _linked(job, file, cached.resolve(), remote)
    return remote.commit, _downloaded(job, file, remote)


def _asked(job: _Fetch, file: WeightsFile, revision: str) -> _Remote:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url  # noqa: PLC0415 - see _from_hub

    url = hf_hub_url(job.repo, file.path, revision=revision, endpoint=job.source.mirror)
    told = get_hf_file_metadata(url, token=job.source.token, endpoint=job.source.mirror)
    if not told.commit_hash or not told.etag:
        raise WeightsMissing(f"What answers for {job.repo} is no hub: it names no commit. Check the mirror's address.")
    return _Remote(told.commit_hash, told.etag, told.size)


def _refuse_early(job: _Fetch, file: WeightsFile, remote: _Remote) -> None:
    """Before gigabytes are fetched for nothing."""
    if file.bytes is not None and remote.size is not None and remote.size != file.bytes:
        raise WeightsMismatch(
            f"The hub's {file.path} has {remote.size:,} bytes, not {file.bytes:,}: it is another file."
        )
    if remote.sha256 is not None:
        proof_of(file, remote.sha256, hub=remote.sha256, trust=job.trust)


def _downloaded(job: _Fetch, file: WeightsFile, remote: _Remote) -> Received:
    from huggingface_hub import hf_hub_url  # noqa: PLC0415 - see _from_hub
    from huggingface_hub.file_download import http_get  # noqa: PLC0415

    part = _part(job, file, remote.etag)
    url = hf_hub_url(job.repo, file.path, revision=remote.commit, endpoint=job.source.mirror)
    with _Told(part, lambda here: job.progress(file.path, here, remote.size)) as target:
        # Not `hf_hub_download`: from 1.0 on it throws away what an interrupted run had fetched.
        http_get(
            url,
            target,
            resume_size=part.stat().st_size,
            headers=_headers(job.source.token),
            expected_size=remote.size,
        )
    return _accepted(job, file, part, remote)


def _linked(job: _Fetch, file: WeightsFile, found: Path, remote: _Remote | None = None) -> Received:
    """The file's bytes shared with where they were found, or copied where that is another disk."""
    part = _part(job, file, f"local {found}")
    part.unlink(missing_ok=True)
    try:
        os.link(found, part)
    except OSError:
        shutil.copyfile(found, part)
    job.progress(file.path, part.stat().st_size, part.stat().st_size)
    return _accepted(job, file, part, remote)


def _accepted(job: _Fetch, file: WeightsFile, part: Path, remote: _Remote | None) -> Received:
    try:
        received = accept(file, part, hub_sha256=remote.sha256 if remote else None, trust=job.trust)
    except WeightsMismatch:
        part.unlink(missing_ok=True)  # going on with it would never end well
        raise
    part.replace(job.folder / file.path)
    part.unlink(missing_ok=True)  # where both names were one file already, replacing leaves both
    return received


def _part(job: _Fetch, file: WeightsFile, version: str) -> Path:
    """Where this version of the file arrives; parts of other versions go."""
    target = job.folder / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{hashlib.sha256(version.encode()).hexdigest()[:12]}.part")
    for other in target.parent.glob(f"{target.name}.*.part"):
        if other != part:
            other.unlink(missing_ok=True)
    return part


def _noted(receipt: Receipt, received: Received, commit: str) -> Receipt:
    others = tuple(file for file in receipt.files if file.path != received.path)
    return Receipt(commit or receipt.revision, (*others, received))


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _cached(job: _Fetch, file: WeightsFile, revision: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - see _from_hub

    found = try_to_load_from_cache(job.repo, file.path, revision=revision)
    return Path(found) if isinstance(found, str) else None


def _commit_of(cached: Path) -> str:
    parts = cached.parts  # .../snapshots/<commit>/<path>
    return parts[parts.index("snapshots") + 1]


def _headers(token: str | None) -> dict[str, str]:
    # What a hub compresses on the way has no length to go on from.
    return {**_library().build_hf_headers(token=token), "Accept-Encoding": "identity"}


def _hub_is_offline() -> bool:
    from huggingface_hub import constants  # noqa: PLC0415 - see _from_hub

    return bool(constants.HF_HUB_OFFLINE)


def _library() -> Any:
    """The library's parts that have no types."""
    return importlib.import_module("huggingface_hub.utils")


class _Told(io.BufferedWriter):
    """A file that is appended to and tells how long it has become."""

    def __init__(self, path: Path, tell: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path, "ab"))
        self._tell_length = tell

    def write(self, data: Any) -> int:
        written = super().write(data)
        self._tell_length(self.tell())
        return written


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two fetches into one folder follow each other."""
    folder.mkdir(parents=True, exist_ok=True)
    with _library().WeakFileLock(folder / ".lock"):
        yield


@contextmanager
def _translated(job: _Fetch) -> Iterator[None]:
    """The one place where the hub's and the disk's errors become ours."""
    from huggingface_hub import errors  # noqa: PLC0415 - see _from_hub

    library = _library()
    library.logging.set_verbosity_error()  # it would write of each retry to stderr, where our progress is
    library.disable_progress_bars()
    try:
        yield
    except errors.HfHubHTTPError as error:
        raise WeightsMissing(_refused(job, error)) from error
    except (_transport_error(), errors.OfflineModeIsEnabled) as error:
        raise WeightsMissing(
            f"The hub cannot be reached for {job.repo} ({type(error).__name__}): mend the connection and run 'moldar "
            f"weights fetch {job.entry.name}' again, which goes on where it ended, or give --mirror or --from."
        ) from error
    except OSError as error:
        if error.errno is None:  # what the library says of a file that ended early or went on too long
            raise WeightsMissing(
                f"The connection for {job.repo} ended early: run 'moldar weights fetch {job.entry.name}' again."
            ) from error
        raise StorageFailed(f"The weights cannot be kept in {job.folder}: {error.strerror}.") from error


def _transport_error() -> type[Exception]:
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - see _from_hub

    # httpx in older versions of the library, its successor in newer ones: what its own error is made of is either's.
    return next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")


def _refused(job: _Fetch, error: Exception) -> str:
    from huggingface_hub import errors  # noqa: PLC0415 - see _from_hub

    status = getattr(getattr(error, "response", None), "status_code", 0)
    revision = job.source.revision or job.entry.revision
    if isinstance(error, errors.GatedRepoError):
        return f"{job.repo} is gated: accept its terms on its page, and set HF_TOKEN to a token of that account."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{job.repo} has no revision {revision!r}."
    if isinstance(error, errors.EntryNotFoundError):
        return f"{job.repo} at {revision!r} lacks a file that the manifest names; another --revision may have it."
    if isinstance(error, errors.RepositoryNotFoundError) or status in (401, 403):
        return f"{job.repo} is not there or not for everyone: set HF_TOKEN to a token that may read it."
    again = f"run 'moldar weights fetch {job.entry.name}' again later, which goes on where it ended"
    return f"The hub answers {status} for {job.repo}: {again}."
