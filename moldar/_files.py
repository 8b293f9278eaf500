"""Files of a result on the caller's disk: safe names, whole and undamaged or not there at all."""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from uuid import uuid4

from moldar.errors import BadAnswer
from moldar.wire import FileEntry

# Names that mean devices on Windows, whatever their ending.
_DEVICES = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}


def safe_name(name: str) -> str:
    """`name`, if it names a file inside a folder on every system and nothing else; BadAnswer otherwise."""
    stem = name.partition(".")[0].casefold().rstrip()
    unsafe = set('/\\:*?"<>|') & set(name) or any(ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF for c in name)
    if unsafe or name.strip(". ") != name or not name or len(name.encode()) > 255 or stem in _DEVICES:
        raise BadAnswer("The service", f"named a file {name[:80]!r}, which is not safe to write")
    return name


class FileSink:
    """One file on its way down. It appears under its name only when its size and digest are right."""

    def __init__(self, entry: FileEntry, directory: Path) -> None:
        self._entry = entry
        self._path = directory / safe_name(entry.name)
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._discard()

    def restart(self) -> None:
        """Forget what came so far: a new attempt begins."""
        self._discard()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Not tempfile: its files can be read by their owner alone, and a result is an ordinary file.
        self._file = (self._path.parent / f".moldar-{uuid4().hex}.part").open("xb")
        self._digest = hashlib.sha256()
        self._bytes = 0

    def write(self, chunk: bytes) -> None:
        """Take one piece. Raises BadAnswer as soon as there is more than was announced."""
        if self._file is None:
            raise ValueError("restart() comes first")
        self._bytes += len(chunk)
        if self._bytes > self._entry.bytes:
            raise BadAnswer(self._entry.name, f"is longer than the {self._entry.bytes} bytes that were announced")
        self._digest.update(chunk)
        self._file.write(chunk)

    def finish(self) -> Path:
        """Check what came and put it in its place."""
        if self._file is None:
            raise ValueError("nothing was written")
        if self._bytes != self._entry.bytes:
            raise BadAnswer(self._entry.name, f"came with {self._bytes} of {self._entry.bytes} bytes")
        if self._digest.hexdigest() != self._entry.sha256:
            raise BadAnswer(self._entry.name, "came with another SHA-256 than was announced")
        self._file.close()
        Path(self._file.name).replace(self._path)
        self._file = None
        return self._path

    def _discard(self) -> None:
        if self._file is not None:
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)
            self._file = None
