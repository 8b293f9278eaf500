"""What a model of Replicate made, brought here: from the hosts it may be on, without the token, and checked."""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import httpx

from adapters.addresses import Network, https_parts
from adapters.replicate_models import HostedModel, Kind
from jobs.model import FilePayload
from pipelines.errors import BackendFailed, InvalidInput, MoldarError

HOSTS: Final = ("replicate.delivery",)  # and names below it
GONE: Final = "Replicate keeps what a model made for an hour, and this is gone."
_KINDS: Final[dict[str, Kind]] = {
    "ply": "splats.ply", "glb": "glb", "obj": "obj", "png": "png", "webp": "webp", "jpg": "jpg", "jpeg": "jpg",
}  # fmt: skip
_FILES: Final[dict[Kind, tuple[str, str]]] = {
    "splats.ply": ("gaussians.ply", "application/octet-stream"),
    "glb": ("model.glb", "model/gltf-binary"),
    "obj": ("model.obj", "model/obj"),
    "png": ("picture.png", "image/png"),
    "webp": ("picture.webp", "image/webp"),
    "jpg": ("picture.jpg", "image/jpeg"),
}
_MAX_REDIRECTS: Final = 3
_MAX_TRIED: Final = 4  # of the files of one output
_REDIRECTS: Final = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Caps:
    """What one download may take."""

    size_bytes: int = 300_000_000  # four million splats of 14 floats are 224 MB
    wall_s: float = 120.0


class Outputs:
    """Downloads of one replica. `client` trusts the machine's certificates and carries no token."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        network: Network | None = None,
        hosts: Sequence[str] = HOSTS,
        caps: Caps | None = None,
    ) -> None:
        self._client = client
        self._network = network or Network()
        self._hosts = tuple(hosts)
        self._caps = caps or Caps()

    async def fetch(self, model: HostedModel, addresses: Sequence[str]) -> FilePayload:
        """The first file of the kinds that are taken of `model`, told by what is in it.

        Raises:
            BackendFailed: nothing of the kind is among them, or it is gone, too large, elsewhere, or not what it
                should be.
        """
        failed = BackendFailed(f"The model {model.name!r} gave nothing of what is taken of it.")
        for address in _ordered(model, addresses)[:_MAX_TRIED]:
            try:
                data = await self._content(address)
                return await asyncio.to_thread(_checked, data, model.takes)
            except BackendFailed as error:
                failed = error
        raise failed

    async def _content(self, address: str) -> bytes:
        if address.startswith("data:"):
            return _inline(address, self._caps.size_bytes)
        try:
            async with asyncio.timeout(self._caps.wall_s):
                return await self._downloaded(address)
        except TimeoutError as error:
            raise BackendFailed("Replicate's output took too long to arrive.") from error
        except httpx.HTTPError as error:
            raise BackendFailed(f"Replicate's output did not arrive ({type(error).__name__}).") from error

    async def _downloaded(self, address: str) -> bytes:
        for _ in range(_MAX_REDIRECTS + 1):
            answer = await self._opened(address)
            try:
                if answer.status_code not in _REDIRECTS:
                    return await self._read(answer)
                address = urljoin(address, answer.headers.get("location", ""))
            finally:
                await answer.aclose()
        raise BackendFailed("Replicate's output is redirected without end.")

    async def _opened(self, address: str) -> httpx.Response:
        """One request, to a host and an address that are both allowed."""
        try:
            self._refuse_strangers(https_parts(address).hostname or "")
            target = await self._network.pin(address)
        except InvalidInput as error:
            raise BackendFailed(f"Replicate's output is where we do not go: {error}") from error
        # What is compressed on the way may grow without bound here: it is neither asked for nor taken.
        headers = {"host": target.host, "accept-encoding": "identity", "user-agent": "moldar"}
        request = self._client.build_request(
            "GET", target.url, headers=headers, extensions={"sni_hostname": target.name}
        )
        return await self._client.send(request, stream=True, follow_redirects=False)

    def _refuse_strangers(self, name: str) -> None:
        if not any(name == host or name.endswith(f".{host}") for host in self._hosts):
            raise BackendFailed(f"Replicate's output is on {name!r}, which is none of its hosts.")

    async def _read(self, answer: httpx.Response) -> bytes:
        if answer.status_code in (403, 404, 410):
            raise BackendFailed(GONE)
        if answer.status_code != 200:
            raise BackendFailed(f"Replicate's output answers with status {answer.status_code}.")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise BackendFailed("Replicate's output is compressed, which was not asked for.")
        if answer.headers.get("content-length", "0").isdigit():
            self._allow(int(answer.headers.get("content-length", "0")))
        data = bytearray()
        async for chunk in answer.aiter_raw():
            self._allow(len(data) + len(chunk))
            data += chunk
        return bytes(data)

    def _allow(self, size_bytes: int) -> None:
        if size_bytes > self._caps.size_bytes:
            raise BackendFailed(f"Replicate's output is larger than {self._caps.size_bytes:,} bytes.")


def _ordered(model: HostedModel, addresses: Sequence[str]) -> list[str]:
    """Addresses in the order of what is taken, then those that do not say what they are; never by their place."""
    known = {address: _said_kind(address) for address in addresses}
    wanted = [address for kind in model.takes for address, said in known.items() if said == kind]
    return wanted + [address for address, said in known.items() if said is None]


def _said_kind(address: str) -> Kind | str | None:
    """What the address says it is; None where it says nothing, its extension where that is none of ours."""
    if address.startswith("data:"):
        media_type = address[5:].partition(",")[0].partition(";")[0]
        named = {media: kind for kind, (_, media) in _FILES.items() if media != "application/octet-stream"}
        return named.get(media_type)
    extension = PurePosixPath(urlsplit(address).path).suffix.lower().lstrip(".")
    return _KINDS.get(extension, extension or None)


def _inline(address: str, limit_bytes: int) -> bytes:
    head, _, content = address.partition(",")
    if len(content) > 2 * limit_bytes:
        raise BackendFailed(f"Replicate's output is larger than {limit_bytes:,} bytes.")
    try:
        return base64.b64decode(content, validate=True) if head.endswith(";base64") else unquote_to_bytes(content)
    except (binascii.Error, ValueError) as error:
        raise BackendFailed("Replicate's output is damaged.") from error


def _checked(data: bytes, takes: Sequence[Kind]) -> FilePayload:
    """The file, once its content was read as what its first bytes say it is."""
    kind = _found_kind(data)
    if kind is None or kind not in takes:
        raise BackendFailed(f"Replicate's output is not what was asked for ({' or '.join(takes)}).")
    try:
        _read_through(data, kind)
    except MoldarError as error:
        raise BackendFailed(f"Replicate's output is damaged: {error}") from error
    name, media_type = _FILES[kind]
    return FilePayload(name, media_type, data)


def _found_kind(data: bytes) -> Kind | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    magics: dict[bytes, Kind] = {
        b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"glTF\x02\x00\x00\x00": "glb",
        b"ply\n": "splats.ply", b"ply\r": "splats.ply",
    }  # fmt: skip
    found = next((kind for magic, kind in magics.items() if data.startswith(magic)), None)
    # OBJ has no magic; nothing that is a page or an archive has a line of a vertex near its start.
    is_obj = found is None and any(line.startswith(b"v ") for line in data[:4096].splitlines())
    return "obj" if is_obj else found


def _read_through(data: bytes, kind: Kind) -> None:
    """Read it whole, as the next stage will. Raises MoldarError."""
    # The readers bring numba and scipy, which a replica that only waits for webhooks must not pay for.
    if kind == "splats.ply":
        from pipelines.splats import read_splats  # noqa: PLC0415 - of the readers, each output needs one

        read_splats(data, "ply")
    elif kind in ("glb", "obj"):
        from pipelines.meshing import read_mesh  # noqa: PLC0415 - as above

        read_mesh(data, kind)
    else:
        from pipelines.images import decode  # noqa: PLC0415 - as above

        decode(data)
