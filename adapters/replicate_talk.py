"""Requests to Replicate's API: bounded in time and size, under the shared rate limits, to one host only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import httpx

from adapters.replicate_wire import NAME, Answer, CallKind, Limits, limits_of, refusal
from pipelines.errors import BackendFailed, InvalidInput, Saturated

BASE_URL: Final = "https://api.replicate.com"
_HERE: Final = ("127.0.0.1", "::1", "localhost")  # peers of the tests need no https
_MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024  # a page of a hundred predictions, some with pictures inline
_TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
_CALL_S: Final = 20.0  # from the first byte of the request to the last of the answer
_TRIES: Final = 3  # of a call that may be repeated
_FIRST_WAIT_S: Final = 0.5
# For a token: a create may better go elsewhere, whereas there is nobody else to ask how a prediction goes.
_PATIENCE_S: Final[dict[CallKind, float]] = {"create": 2.0, "other": 20.0}


class Tokens(Protocol):
    """The rate limits of the account, shared by all who call: 600 creates and 3,000 other calls a minute."""

    async def take(self, kind: CallKind) -> float:
        """0 where a token was taken; else in how many seconds one will be there, and none was taken."""

    async def told(self, kind: CallKind, limits: Limits) -> None:
        """What an answer said of the limits."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who calls, and where."""

    token: str = field(repr=False)
    hooks_url: str | None = None  # where our webhooks are received, https; an order's id is added to it
    base_url: str = BASE_URL  # without /v1

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        is_here = parts.hostname in _HERE
        if (parts.scheme != "https" and not is_here) or parts.path not in ("", "/") or not parts.hostname:
            raise InvalidInput("Replicate's address must be https://HOST, without a path.")
        hooks = urlsplit(self.hooks_url or "https://none")
        if hooks.scheme != "https" and hooks.hostname not in _HERE:
            raise InvalidInput("The address of our own webhooks must be https.")
        if not self.token or not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise InvalidInput("Replicate's token is empty, or no token.")


class NotSent(Exception):
    """No connection was made: nothing can have been begun."""


class Unanswered(Exception):
    """The request went out, and no whole answer came back."""


class Talk:
    """Two sets of connections: one that is kept, one that is made anew for each create.

    A kept connection may have been closed by the other side, which shows only when a request was written to it: for a
    create that would be an unknown outcome.
    """

    def __init__(self, account: Account, tokens: Tokens, sleep: Callable[[float], Awaitable[None]]) -> None:
        options: dict[str, Any] = {
            "base_url": account.base_url,
            "timeout": _TIMEOUT,
            "follow_redirects": False,  # the token goes to no other host
            "headers": {
                "authorization": f"Bearer {account.token}", "accept-encoding": "identity", "user-agent": "moldar",
            },
        }  # fmt: skip
        self._kept = httpx.AsyncClient(**options)
        self._fresh = httpx.AsyncClient(**options, limits=httpx.Limits(max_keepalive_connections=0))
        self._tokens = tokens
        self._sleep = sleep

    async def aclose(self) -> None:
        """Close the connections."""
        await self._kept.aclose()
        await self._fresh.aclose()

    async def create(self, path: str, body: Mapping[str, object], headers: dict[str, str]) -> Answer:
        """One POST that is never repeated.

        Raises:
            Saturated: no token is left in time.
            NotSent, Unanswered: see there.
        """
        await self.take("create")
        return await self._send(self._fresh, self._fresh.build_request("POST", path, json=body, headers=headers))

    async def ask(self, method: str, path: str) -> Answer:
        """An answer below 400 to a call that may be repeated, and is where that can help.

        Raises:
            Saturated: it is asked too often.
            BackendFailed: it says no, or nothing.
        """
        answer = await self.answer(method, path)
        if answer.status >= 300:
            raise refusal(answer)
        return answer

    async def answer(self, method: str, path: str) -> Answer:
        """As `ask`, with any answer that repeating would not change."""
        for tried in range(_TRIES):
            await self.take("other")
            try:
                answer = await self._send(self._kept, self._kept.build_request(method, path))
            except (NotSent, Unanswered) as error:
                if tried == _TRIES - 1:
                    raise BackendFailed("Replicate does not answer.") from error
            else:
                if answer.status < 500 or tried == _TRIES - 1:
                    return answer
            await self._sleep(_FIRST_WAIT_S * 2**tried)
        raise AssertionError("the last try returns or raises")

    async def take(self, kind: CallKind) -> None:
        """Wait for a token, for as long as that is worth it. Raises Saturated."""
        waited_s = 0.0
        while (wait_s := await self._tokens.take(kind)) > 0:
            waited_s += wait_s
            if waited_s > _PATIENCE_S[kind]:
                raise Saturated(NAME, wait_s)
            await self._sleep(wait_s)

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request) -> Answer:
        """The one place where the transport's errors become ours."""
        try:
            async with asyncio.timeout(_CALL_S):
                response = await client.send(request, stream=True)
                try:
                    answer = Answer(response.status_code, dict(response.headers), await _body(response))
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unanswered from error
        if (limits := limits_of(answer)) is not None:
            await self._tokens.told("create" if client is self._fresh else "other", limits)
        return answer


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _MAX_ANSWER_BYTES:
            raise httpx.RemoteProtocolError("the answer is too long")
    return bytes(body)
