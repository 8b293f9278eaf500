"""A hub of one repo over real HTTP: what huggingface_hub asks of one, and the ways in which one fails."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from safetensors.numpy import save

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    range: str | None
    token: str | None


@dataclass
class Hub:
    """The repo and how it answers. Change a field between requests to change its mind."""

    repo: str
    files: dict[str, bytes]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    needs_token: str | None = None
    gated: bool = False
    status: int | None = None  # answer everything with it
    cut_after: int | None = None  # close the connection once, after so many bytes of a file
    stall_after: int | None = None  # say nothing more after so many bytes of a file
    flip_on_the_way: bool = False  # one bit of each file, though the ETag is the whole file's
    knows_ranges: bool = True
    names_commits: bool = True
    storage: "Hub | None" = None  # another host that large files are redirected to

    def gets(self, path: str) -> list[Asked]:
        """What was asked for the bytes of a file."""
        return [one for one in self.asked if one.method == "GET" and one.path.endswith(path)]


@contextmanager
def hub(repo: str, files: dict[str, bytes]) -> Iterator[Hub]:
    """Serve `files` as the only revision, `main`, of `repo`."""
    known = Hub(repo, files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(known))
    server.daemon_threads = True
    known.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(known: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(send_body=False)

        def do_GET(self) -> None:
            self._answer(send_body=True)

        def log_message(self, *_: object) -> None:
            """Nothing: the tests read `asked`."""

        def _answer(self, *, send_body: bool) -> None:
            path = unquote(self.path)
            token = self.headers.get("authorization")
            known.asked.append(Asked(self.command, path, self.headers.get("range"), token))
            repo, _, rest = path.removeprefix("/").partition("/resolve/")
            revision, _, name = rest.partition("/")
            refusals = [
                (known.status is not None, known.status or 0, None),
                (known.gated, 403, "GatedRepo"),
                (known.needs_token is not None and token != f"Bearer {known.needs_token}", 401, "RepoNotFound"),
                (repo != known.repo, 404, "RepoNotFound"),
                (revision not in ("main", COMMIT), 404, "RevisionNotFound"),
                (name not in known.files, 404, "EntryNotFound"),
            ]
            for is_so, status, code in refusals:
                if is_so:
                    return self._refuse(status, code)
            return self._redirect(name) if known.storage is not None else self._file(name, send_body=send_body)

        def _redirect(self, name: str) -> None:
            assert known.storage is not None
            self.send_response(302)
            self._tell(name, linked=True)
            # Another host name of the same machine: what is another host for whoever carries a token.
            where = known.storage.url.replace("127.0.0.1", "localhost")
            self.send_header("Location", f"{where}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _file(self, name: str, *, send_body: bool) -> None:
            data = known.files[name]
            start = 0
            asked = self.headers.get("range")
            if asked and known.knows_ranges:
                start = int(asked.removeprefix("bytes=").partition("-")[0])
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            self._tell(name, linked=False)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            if send_body:
                self._send(bytearray(data), start)

        def _send(self, data: bytearray, start: int) -> None:
            if known.flip_on_the_way:
                data[-1] ^= 1
            for limit, is_cut in ((known.cut_after, True), (known.stall_after, False)):
                if limit is not None:
                    self.wfile.write(data[start : start + limit])
                    self.wfile.flush()
                    known.cut_after = None
                    self.close_connection = True
                    while not is_cut and known.stall_after is not None:
                        time.sleep(0.02)
                    return
            self.wfile.write(data[start:])

        def _tell(self, name: str, *, linked: bool) -> None:
            data = known.files[name]
            # Large files are tagged with their SHA-256, small ones with git's hash, as on the hub.
            is_large = name.endswith(".safetensors")
            tag = hashlib.sha256(data).hexdigest() if is_large else hashlib.sha1(data).hexdigest()
            if known.names_commits:
                self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("X-Linked-Etag" if linked else "ETag", f'"{tag}"')
            if linked:
                self.send_header("X-Linked-Size", str(len(data)))

        def _refuse(self, status: int, code: str | None = None) -> None:
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler


def tensors(seed: int = 0, count: int = 3, numbers: int = 1000) -> bytes:
    """A .safetensors file of `count` tensors of `numbers` half floats each."""
    import numpy as np

    drawn = np.random.default_rng(seed)
    return save({f"layer.{i}.weight": drawn.normal(size=numbers).astype(np.float16) for i in range(count)})


def read_all(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but for what the fetching itself keeps there."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("receipt.json", ".lock")
    }
