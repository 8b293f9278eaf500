"""A real https server on this machine, and the trust of its certificate, which is made for the occasion."""

import datetime
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NAMES = ("*.replicate.delivery", "replicate.delivery", "shop.example", "*.example")


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass
class Reply:
    """An answer, whose pieces are sent one by one until the connection closes."""

    status: int = 200
    pieces: Iterator[bytes] = field(default_factory=lambda: iter(()))
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Https:
    """The running server."""

    port: int
    trust: ssl.SSLContext  # for a client
    received: list[Received] = field(default_factory=list)


@contextmanager
def https(reply: Callable[[Received], Reply]) -> Iterator[Https]:
    """Answer each request with what `reply` makes of it."""
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "server.pem"
        pem.write_bytes(_certificate())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        known = Https(0, ssl.create_default_context(cafile=str(pem)))
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(known, reply))
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        known.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(known: Https, reply: Callable[[Received], Reply]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # a client that does not trust us, or that has heard enough
                super().handle()

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked = Received(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            known.received.append(asked)
            given = reply(asked)
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in given.pieces:
                self.wfile.write(piece)

        do_GET = do_POST = _answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Nothing: the tests read `received`."""

    return Handler


def _certificate() -> bytes:
    """A key and a certificate for NAMES that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a peer of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in NAMES]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return private + certificate.public_bytes(serialization.Encoding.PEM)
