"""A load of one HTTP request over and over on a few kept connections, with little work of its own."""

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What a load came to."""

    per_s: float
    p50_ms: float
    p99_ms: float
    failures: int

    def __str__(self) -> str:
        times = f"p50 {self.p50_ms:6.1f} ms   p99 {self.p99_ms:6.1f} ms"
        return f"{self.per_s:7.0f} req/s   {times}   failures {self.failures}"


def request(method: str, path: str, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request as it goes over the wire."""
    kind = "Content-Type: application/json\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{kind}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def load(port: int, wire: bytes, *, connections: int = 16, seconds: float = 6.0, expect: int = 200) -> Load:
    """Send `wire` on every connection, the next when the last is answered, after one second of warming."""
    return asyncio.run(_load(port, wire, connections, seconds, expect))


async def _load(port: int, wire: bytes, connections: int, seconds: float, expect: int) -> Load:
    await asyncio.gather(*(_one(port, wire, 1.0, expect) for _ in range(connections)))
    began = time.perf_counter()
    runs = await asyncio.gather(*(_one(port, wire, seconds, expect) for _ in range(connections)))
    took = time.perf_counter() - began
    times = sorted(t for times, _ in runs for t in times)
    failures = sum(failed for _, failed in runs)
    return Load(len(times) / took, _at(times, 0.5), _at(times, 0.99), failures)


def _at(times: list[float], share: float) -> float:
    return times[min(int(len(times) * share), len(times) - 1)] * 1e3


async def _one(port: int, wire: bytes, seconds: float, expect: int) -> tuple[list[float], int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    times: list[float] = []
    failures = 0
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        began = time.perf_counter()
        writer.write(wire)
        status = await _answer(reader)
        times.append(time.perf_counter() - began)
        failures += status != expect
    writer.close()
    return times, failures


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    at = head.find(b"content-length:")
    length = int(head[at + 15 : head.index(b"\r\n", at)])
    await reader.readexactly(length)
    return int(head[9:12])
