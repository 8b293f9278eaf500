"""Webhooks that leave: signed, retried with growing waits, over https to public addresses only."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import httpx

from adapters.addresses import Network
from adapters.webhooks import sign
from jobs.ports import Clock
from pipelines.errors import BackendFailed, InvalidInput

Outcome = Literal["delivered", "failed", "refused", "off"]
_GONE: Final = 410  # the standard: the receiver wants no more


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a caller wants webhooks, and how its deliveries went so far."""

    url: str
    secret: str = field(repr=False)
    failed_in_a_row: int = 0  # deliveries, each with all of its attempts
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event. `id` stays the same however often it is sent."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Persistence:
    """How hard a delivery is tried, and when an endpoint is given up."""

    attempts: int = 6
    first_wait_s: float = 2.0  # doubled each time: 2, 4, 8, 16, 32 s, a minute in all, as Replicate's own
    longest_wait_s: float = 300.0
    attempt_s: float = 10.0
    off_after: int = 5  # deliveries in a row that failed


@dataclass(frozen=True, slots=True)
class Delivered:
    """How a delivery ended, and the endpoint as it stands now: keep it, and give it to the next one."""

    outcome: Outcome
    endpoint: Endpoint
    attempts: int
    status: int | None = None  # of the last answer
    reason: str = ""


class WebhookSender:
    """One per event loop. Redirects are not followed, and no more of an answer is read than its status."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        network: Network,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: random.Random | None = None,
        persistence: Persistence | None = None,
    ) -> None:
        self._client = client
        self._network = network
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter or random.Random()  # noqa: S311 - spreads load; nothing is kept secret by it
        self._persistence = persistence or Persistence()

    async def deliver(self, endpoint: Endpoint, event: Outgoing) -> Delivered:
        """Send until it is taken, refused for good, or tried often enough. Raises nothing of the network's."""
        if endpoint.is_off:
            return Delivered("off", endpoint, 0, reason="switched off after repeated failure")
        done = Delivered("failed", endpoint, 0)
        for attempt in range(self._persistence.attempts):
            if attempt:
                await self._sleep(self._wait_s(attempt))
            done = await self._attempt(endpoint, event, attempt + 1)
            if done.outcome in ("delivered", "refused"):
                break
        return replace(done, endpoint=self._judged(endpoint, done))

    def _wait_s(self, attempt: int) -> float:
        longest: float = min(self._persistence.longest_wait_s, self._persistence.first_wait_s * 2 ** (attempt - 1))
        return longest * self._jitter.uniform(0.5, 1.0)

    def _judged(self, endpoint: Endpoint, done: Delivered) -> Endpoint:
        if done.outcome == "delivered":
            return replace(endpoint, failed_in_a_row=0)
        failed = endpoint.failed_in_a_row + 1
        return replace(
            endpoint, failed_in_a_row=failed, is_off=done.status == _GONE or failed >= self._persistence.off_after
        )

    async def _attempt(self, endpoint: Endpoint, event: Outgoing, number: int) -> Delivered:
        """One request. The name is looked up anew each time: it may have been moved, or moved inside."""
        headers = sign(endpoint.secret, event.id, int(self._clock()), event.body)
        try:
            target = await self._network.pin(endpoint.url)
        except InvalidInput as error:
            return Delivered("refused", endpoint, number, reason=str(error))
        except BackendFailed as error:
            return Delivered("failed", endpoint, number, reason=str(error))
        request = self._client.build_request(
            "POST",
            target.url,
            content=event.body,
            headers={**headers, "host": target.host, "content-type": "application/json", "user-agent": "moldar"},
            extensions={"sni_hostname": target.name},
        )
        try:
            async with asyncio.timeout(self._persistence.attempt_s):
                answer = await self._client.send(request, stream=True, follow_redirects=False)
                await answer.aclose()
        except (httpx.HTTPError, TimeoutError) as error:
            return Delivered("failed", endpoint, number, reason=type(error).__name__)
        return self._answered(endpoint, number, answer.status_code)

    @staticmethod
    def _answered(endpoint: Endpoint, number: int, status: int) -> Delivered:
        if 200 <= status < 300:
            return Delivered("delivered", endpoint, number, status)
        outcome: Outcome = "refused" if status == _GONE else "failed"
        return Delivered(outcome, endpoint, number, status, f"the receiver answered {status}")
