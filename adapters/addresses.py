"""Where a connection may go: https, a name that leads to public addresses only, and to the address that was checked.

A name is looked up once, every address it has is checked, and the connection is made to one of them by number: looking
it up again for the connection would let its owner answer differently the second time.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from pipelines.errors import BackendFailed, InvalidInput

Address = IPv4Address | IPv6Address
LOOKUP_S: Final = 5.0
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last four bytes
_LONGEST: Final = 2048  # characters of a URL; what browsers and proxies agree on


@dataclass(frozen=True, slots=True)
class Pinned:
    """A request's target with its name already looked up."""

    url: str  # with the address in the place of the name
    host: str  # the Host header
    name: str  # what the certificate must be for


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public internet: no private, loopback, link-local or reserved one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public(inner)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not (address.is_multicast or address.is_reserved)


async def look_up(name: str, port: int) -> Sequence[Address]:
    """The addresses of a name, by the machine's own resolver. Raises OSError where it has none."""
    async with asyncio.timeout(LOOKUP_S):
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


@dataclass(frozen=True, slots=True)
class Network:
    """Which names lead where, and which addresses are admitted."""

    look_up: Callable[[str, int], Awaitable[Sequence[Address]]] = look_up
    admits: Callable[[Address], bool] = is_public

    async def pin(self, url: str) -> Pinned:
        """The target of a request to `url`.

        Raises:
            InvalidInput: not https, with a user or password in it, or leading to an address that is not admitted.
            BackendFailed: the name is not found now.
        """
        parts = https_parts(url)
        assert parts.hostname is not None, "https_parts refuses a URL without one"
        port = parts.port or 443
        try:
            addresses = await self.look_up(parts.hostname, port)
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            raise BackendFailed(f"The address {parts.hostname!r} cannot be found.") from error
        if not addresses or not all(self.admits(address) for address in addresses):
            raise InvalidInput(f"The address {parts.hostname!r} does not lead to the public internet.")
        name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        host = name if parts.port is None else f"{name}:{port}"
        target = f"[{addresses[0]}]" if isinstance(addresses[0], IPv6Address) else str(addresses[0])
        return Pinned(parts._replace(netloc=f"{target}:{port}", fragment="").geturl(), host, parts.hostname)


def https_parts(url: str) -> SplitResult:
    """The parts of an https URL. Raises InvalidInput for anything else."""
    try:
        parts = urlsplit(url)
        is_fit = parts.scheme == "https" and bool(parts.hostname) and (parts.port or 443) > 0
    except ValueError as error:
        raise InvalidInput("The address is not one.") from error
    if not is_fit or len(url) > _LONGEST or not url.isprintable() or not url.isascii() or " " in url:
        raise InvalidInput("The address must be a URL that begins with https://.")
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("The address must have no user or password in it.")
    return parts
