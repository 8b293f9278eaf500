"""Artifacts through fsspec: a local folder by default, `s3://` and every other fsspec scheme by one setting."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TypeVar

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pipelines.errors import StorageFailed

Result = TypeVar("Result")


class Artifacts:
    """Bytes under keys below one root. Fulfils `jobs.ports.ArtifactStore`."""

    def __init__(self, root: str, *, threads: int = 4) -> None:
        with _translated():
            self._fs, self._root = fsspec.core.url_to_fs(root)
            self._is_local = isinstance(self._fs, LocalFileSystem)
            if self._is_local:
                self._fs.makedirs(self._root, exist_ok=True)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="artifacts")

    async def put(self, key: str, data: bytes) -> None:
        await self._run(self._put, self._path(key), data)

    async def get(self, key: str) -> bytes:
        return bytes(await self._run(self._fs.cat_file, self._path(key)))

    async def find(self, key: str) -> bytes | None:
        def work(path: str) -> bytes | None:
            try:
                return bytes(self._fs.cat_file(path))
            except FileNotFoundError:
                return None

        return await self._run(work, self._path(key))

    async def slice(self, key: str, start: int, end: int) -> bytes:
        # Keywords: the order of the rest differs between file systems.
        return bytes(await self._run(lambda path: self._fs.cat_file(path, start=start, end=end), self._path(key)))

    async def delete_prefix(self, prefix: str) -> None:
        def work(path: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                self._fs.rm(path, recursive=True)

        await self._run(work, self._path(prefix))

    def _path(self, key: str) -> str:
        # Keys are made by us; this is the last line against one that was not.
        parts = PurePosixPath(key).parts
        if not parts or key.startswith("/") or ".." in parts:
            raise ValueError(f"not an artifact key: {key!r}")
        return f"{self._root}/{key}"

    def _put(self, path: str, data: bytes) -> None:
        if not self._is_local:
            self._fs.pipe_file(path, data)  # object stores publish an object whole
            return
        # A reader, or a holder after a crash, sees the whole file or none.
        temporary = f"{path}.{uuid.uuid4().hex}.part"
        self._fs.makedirs(self._fs._parent(path), exist_ok=True)
        try:
            with open(temporary, "wb") as file:  # noqa: PTH123 - a path of fsspec
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)  # noqa: PTH105 - likewise
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 - likewise
            raise

    async def _run(self, work: Callable[..., Result], *args: object) -> Result:
        def guarded() -> Result:
            with _translated():
                return work(*args)

        # Shielded: a cancelled caller must not leave half a file; the write ends and its outcome is dropped.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._threads, guarded))


@contextmanager
def _translated() -> Iterator[None]:
    """The one place where file systems' errors become ours."""
    try:
        yield
    except (OSError, ImportError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise StorageFailed(f"The artifact store could not do its work: {reason}.") from error
