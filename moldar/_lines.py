"""The two loops that do what a talk asks for: one blocks, one awaits. No other code touches a connection."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import httpx
from httpx_sse import EventSource, ServerSentEvent

from moldar import _http
from moldar._calls import Call
from moldar._files import FileSink
from moldar._http import Options
from moldar._talk import Listen, Lost, NextEvent, Outcome, Send, Sleep, Step, Talk, Tell
from moldar.wire import Event

T = TypeVar("T")


class _Talker(Generic[T]):
    """Where a talk stands: what its last step came to, and its result once it is over."""

    def __init__(self, options: Options, talk: Talk[T]) -> None:
        self._url = options.base_url
        self._talk = talk
        self._outcome: Outcome = None
        self._result: list[T] = []

    def result(self) -> T:
        """What the talk returned; only once it is over."""
        return self._result[0]

    def _step(self) -> Step | None:
        try:
            return self._talk.send(self._outcome)
        except StopIteration as over:
            self._result.append(over.value)
            return None


class Line(_Talker[T]):
    """One talk over a blocking client."""

    def __init__(self, http: httpx.Client, options: Options, talk: Talk[T]) -> None:
        super().__init__(options, talk)
        self._http = http
        self._stream = ExitStack()
        self._sent: Iterator[ServerSentEvent] = iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._talk.close()
        self._stream.close()

    def until_told(self) -> Event | None:
        """Do what the talk asks for until it tells an event; None when it is over."""
        while (step := self._step()) is not None:
            if isinstance(step, Tell):
                self._outcome = None
                return step.event
            self._outcome = self._do(step)
        return None

    def _do(self, step: Send | Sleep | Listen | NextEvent) -> Outcome:
        try:
            match step:
                case Send(call, sink):
                    return self._send(call, sink)
                case Sleep(seconds):
                    time.sleep(seconds)
                    return None
                case Listen(call):
                    return self._listen(call)
                case NextEvent():
                    return self._next_event()
        except httpx.RequestError as error:
            return _http.lost(self._url, error)

    def _send(self, call: Call[Any], sink: FileSink | None) -> Outcome:
        if sink is None:
            response = self._http.request(**_http.arguments(call))
            return _http.reply(response, response.content)
        with self._http.stream(**_http.arguments(call)) as response:
            if not response.is_success:
                return _http.reply(response, response.read())
            sink.restart()
            for chunk in response.iter_bytes():
                sink.write(chunk)
            return _http.reply(response, b"")

    def _listen(self, call: Call[None]) -> Outcome:
        self._stream.close()
        timeout = _http.stream_timeout(self._http.timeout)
        response = self._stream.enter_context(self._http.stream(**_http.arguments(call), timeout=timeout))
        if not response.is_success:
            return _http.reply(response, response.read())
        if not _http.is_event_stream(response):
            return Lost(self._url, "it does not stream events")
        self._sent = EventSource(response).iter_sse()
        return _http.reply(response, b"")

    def _next_event(self) -> Outcome:
        for sent in self._sent:
            if (heard := _http.event(self._url, sent)) is not None:
                return heard
        return Lost(self._url, "")


class AsyncLine(_Talker[T]):
    """One talk over an asyncio client."""

    def __init__(self, http: httpx.AsyncClient, options: Options, talk: Talk[T]) -> None:
        super().__init__(options, talk)
        self._http = http
        self._stream = AsyncExitStack()
        self._sent: AsyncIterator[ServerSentEvent] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._talk.close()
        await self._stream.aclose()

    async def until_told(self) -> Event | None:
        """Do what the talk asks for until it tells an event; None when it is over."""
        while (step := self._step()) is not None:
            if isinstance(step, Tell):
                self._outcome = None
                return step.event
            self._outcome = await self._do(step)
        return None

    async def _do(self, step: Send | Sleep | Listen | NextEvent) -> Outcome:
        try:
            match step:
                case Send(call, sink):
                    return await self._send(call, sink)
                case Sleep(seconds):
                    await asyncio.sleep(seconds)
                    return None
                case Listen(call):
                    return await self._listen(call)
                case NextEvent():
                    return await self._next_event()
        except httpx.RequestError as error:
            return _http.lost(self._url, error)

    async def _send(self, call: Call[Any], sink: FileSink | None) -> Outcome:
        if sink is None:
            response = await self._http.request(**_http.arguments(call))
            return _http.reply(response, response.content)
        async with self._http.stream(**_http.arguments(call)) as response:
            if not response.is_success:
                return _http.reply(response, await response.aread())
            sink.restart()
            async for chunk in response.aiter_bytes():
                sink.write(chunk)
            return _http.reply(response, b"")

    async def _listen(self, call: Call[None]) -> Outcome:
        await self._stream.aclose()
        timeout = _http.stream_timeout(self._http.timeout)
        opened = self._http.stream(**_http.arguments(call), timeout=timeout)
        response = await self._stream.enter_async_context(opened)
        if not response.is_success:
            return _http.reply(response, await response.aread())
        if not _http.is_event_stream(response):
            return Lost(self._url, "it does not stream events")
        events = EventSource(response).aiter_sse()
        self._stream.push_async_callback(events.aclose)
        self._sent = events
        return _http.reply(response, b"")

    async def _next_event(self) -> Outcome:
        if self._sent is not None:
            async for sent in self._sent:
                if (heard := _http.event(self._url, sent)) is not None:
                    return heard
        return Lost(self._url, "")
