"""How the clients behave, without I/O: when they send again, how they follow a job, when they give up.

Each function here is a generator that yields what is to be done and is sent what came of it. A client is a loop that
does it, blocking or not. So retries and resumption exist once, and tests need neither sockets nor clocks.
"""

import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from moldar import _calls
from moldar._calls import RETRIED, Call
from moldar._files import FileSink
from moldar.errors import ApiError, BadAnswer, ConnectionFailed
from moldar.wire import Event, Generation
from moldar.wire.generation import FINAL

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """When to send again: after a lost connection, 429, 502, 503 and 504. Waits double, with full jitter.

    `retry_after_max_s` bounds how long a `Retry-After` of the service is obeyed; a longer one ends the attempts.
    """

    attempts: int = 4
    first_s: float = 0.25
    max_s: float = 8.0
    retry_after_max_s: float = 60.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or not 0 < self.first_s <= self.max_s:
            raise ValueError(f"attempts must be >= 1 and 0 < first_s <= max_s, got {self}")

    def wait_s(self, attempt: int) -> float:
        """How long to wait after the failed `attempt`, counted from 1, beside what the service asks for."""
        ceiling: float = min(self.first_s * 2.0 ** min(attempt - 1, 60), self.max_s)
        # Jitter spreads clients that failed together; it decides nothing that must be reproducible.
        return random.uniform(0, ceiling)  # noqa: S311


# While a job is followed the service may be restarted under it, and the job goes on: some 25 s of patience.
PATIENT: Final = Retry(attempts=8)
_STREAMS_LOST: Final = 3  # in a row, with nothing heard: then polling takes over
_POLL_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Send:
    """Send this request; the answer's body goes to `sink` where there is one and the answer is a success."""

    call: Call[Any]
    sink: FileSink | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Listen:
    """Open this event stream in place of the one before it."""

    call: Call[None]


@dataclass(frozen=True, slots=True)
class NextEvent:
    """Wait for the next event of the stream that is open."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the caller."""

    event: Event


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever its status."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer, or the stream broke off. An empty reason: the stream ended in good order."""

    url: str
    reason: str


Step = Send | Sleep | Listen | NextEvent | Tell
Outcome = Reply | Lost | Event | None
Talk = Generator[Step, Outcome, T]


def perform(call: Call[T], retry: Retry, sink: FileSink | None = None) -> Talk[T]:
    """Send `call`, again where that is safe and may help, and read its answer.

    Raises:
        ApiError: The service refused, or still fails after the last attempt.
        ConnectionFailed: No attempt was answered.
        BadAnswer: The answer is not what the contract says.
    """
    attempt = 1
    while True:
        outcome = yield Send(call, sink)
        if isinstance(outcome, Reply) and outcome.status < 300:
            return call.read(outcome.body)
        if isinstance(outcome, Reply) and outcome.status == 404 and attempt > 1 and call.missing_is_done:
            return call.read(b"")
        error = _error(outcome)
        after_s = error.retry_after_s or 0.0 if isinstance(error, ApiError) else 0.0
        if attempt >= retry.attempts or after_s > retry.retry_after_max_s or not _worth_repeating(error):
            raise error
        yield Sleep(after_s + retry.wait_s(attempt))
        attempt += 1


def follow(generation_id: str, retry: Retry = PATIENT) -> Talk[Generation]:
    """Tell every event of a generation once, in order, until it is final; then return it.

    A stream that breaks off is resumed after the last event heard. Where streams do not work at all, as behind some
    proxies, the generation is polled and no events are told.
    """
    last_id = 0
    silent = 0
    while silent < _STREAMS_LOST:
        heard, over = yield from _listen(generation_id, last_id)
        generation = yield from perform(_calls.get(generation_id), retry)
        if generation.is_final:
            return generation
        silent = 0 if heard > last_id else silent + 1
        last_id = max(heard, last_id)
        if not over:
            yield Sleep(retry.wait_s(max(silent, 1)))
    while True:
        yield Sleep(_POLL_S)
        generation = yield from perform(_calls.get(generation_id), retry)
        if generation.is_final:
            return generation


def _listen(generation_id: str, last_id: int) -> Talk[tuple[int, bool]]:
    """One stream: the id of its last event, and whether it said that the generation is over."""
    opened = yield Listen(_calls.events(generation_id, last_id))
    if not (isinstance(opened, Reply) and opened.status < 300):
        return last_id, False
    while True:
        outcome = yield NextEvent()
        if not isinstance(outcome, Event):
            return last_id, False
        if outcome.id <= last_id:
            continue  # a server that ignores Last-Event-ID sends from the start again
        last_id = outcome.id
        yield Tell(outcome)
        if outcome.kind in FINAL:
            return last_id, True


def _error(outcome: Outcome) -> ApiError | ConnectionFailed | BadAnswer:
    if isinstance(outcome, Lost):
        return ConnectionFailed(outcome.url, outcome.reason)
    if not isinstance(outcome, Reply):
        raise TypeError(f"a Send is answered by a Reply or Lost, not {outcome!r}")
    if outcome.status < 400:
        return BadAnswer("The service", f"answered {outcome.status}, a redirection that the contract does not know")
    return _calls.refusal(outcome.status, outcome.headers, outcome.body)


def _worth_repeating(error: ApiError | ConnectionFailed | BadAnswer) -> bool:
    match error:
        case ConnectionFailed():
            return True
        case ApiError(status=int(status), retryable=True):
            return status in RETRIED
        case _:
            return False
