"""What goes over the wire to api.replicate.com and comes back, as values. Nothing here connects.

Source: the vendor's OpenAPI document (api.replicate.com/openapi.json, copy of 2026-03-16), and answers of the live
service as recorded in public repositories.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal

from adapters.replicate_models import HostedModel
from jobs.hosted import OrderState, Progressed
from pipelines.errors import BackendFailed, BudgetExceeded, InvalidInput, MoldarError, Saturated

NAME: Final = "replicate"
CallKind = Literal["create", "other"]
LEAST_CANCEL_AFTER_S: Final = 5  # the API's own
LONGEST_RUN_S: Final = 1800  # the host stops every prediction after half an hour
LONGEST_RETRY_AFTER_S: Final = 300.0  # a day, as a broken header once said, is no hint
RETRY_AFTER_S: Final = 10.0  # where a 429 says nothing: one token of 6 a minute
_MAX_OUTPUTS: Final = 64
_MAX_DEPTH: Final = 4
_SAID_CHARS: Final = 300
_STATES: Final[Mapping[str, OrderState]] = {
    "starting": "waiting",
    "processing": "running",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "canceled",
    "aborted": "aborted",  # its deadline passed before it began; free
}
_MADE: Final = re.compile(r"[a-z0-9._-]+/[a-z0-9._-]+:[0-9a-f]{64}")
_SECRETS: Final = re.compile(r"\b(r8_|whsec_|Bearer\s+)\S+")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer tells of the rate limits. `remaining` calls may follow in the next `reset_s`."""

    remaining: float
    reset_s: float
    is_low_credit: bool = False  # below 5 USD the host takes 6 creates a minute


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True)
class Prediction:
    """A prediction or training as the host tells of it, in an answer or a webhook."""

    id: str
    ref: str  # owner/name
    version: str
    state: OrderState
    created_at: float | None  # seconds since the epoch
    output: tuple[str, ...]
    made: str  # the new version of a training
    error: str
    predict_time_s: Decimal | None
    is_erased: bool
    input: Mapping[str, object]
    webhook: str | None  # not documented to be echoed; taken where it is

    def progressed(self, model: HostedModel) -> Progressed:
        """The same in the words of jobs, priced."""
        return Progressed(
            self.state,
            self._cost_micros(model),
            None if self.predict_time_s is None else float(self.predict_time_s),
            self.error,
            self.output,
            self.made,
            expired=self.is_erased and self.state == "succeeded" and not self.output,
        )

    def _cost_micros(self, model: HostedModel) -> int | None:
        if self.state == "aborted":
            return 0
        if self.state in ("waiting", "running"):
            return None
        if model.usd_each is not None:
            return model.cost_micros(Decimal(0), len(self.output)) if self.output else None
        return None if self.predict_time_s is None else model.cost_micros(self.predict_time_s, 1)


def prediction_of(body: bytes) -> Prediction:
    """What an answer or a webhook tells.

    Raises:
        InvalidInput: it is not about a prediction.
    """
    try:
        told = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("Replicate's answer is not JSON.") from error
    return _prediction(told)


def page_of(body: bytes) -> tuple[tuple[Prediction, ...], str | None]:
    """A page of the list, and the address of the next. Raises InvalidInput."""
    try:
        told = json.loads(body, parse_float=Decimal)
        results, following = told["results"], told.get("next")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput("Replicate's list of predictions is none.") from error
    return tuple(_prediction(one) for one in results), following if isinstance(following, str) else None


def _prediction(told: object) -> Prediction:
    if not isinstance(told, Mapping) or not isinstance(told.get("id"), str) or not isinstance(told.get("status"), str):
        raise InvalidInput("Replicate's answer is not about a prediction.")
    metrics, given, output = told.get("metrics"), told.get("input"), told.get("output")
    made = output.get("version") if isinstance(output, Mapping) else None
    return Prediction(
        id=told["id"],
        ref=str(told.get("model") or ""),
        version=str(told.get("version") or ""),
        state=_STATES.get(told["status"], "running"),  # a word of the future is no end; our deadline applies
        created_at=_seconds(told.get("created_at")),
        output=tuple(_addresses(output))[:_MAX_OUTPUTS],
        made=made if isinstance(made, str) and _MADE.fullmatch(made) else "",
        error=said(told.get("error")),
        predict_time_s=_duration(metrics.get("predict_time") if isinstance(metrics, Mapping) else None),
        is_erased=told.get("data_removed") is True,
        input=given if isinstance(given, Mapping) else {},
        webhook=told["webhook"] if isinstance(told.get("webhook"), str) else None,
    )


def _addresses(output: object, depth: int = 0) -> Iterator[str]:
    """Every address in an output, be it a string, a list or an object."""
    if isinstance(output, str):
        if output.startswith(("https://", "data:")):
            yield output
    elif depth < _MAX_DEPTH and isinstance(output, Mapping | list):
        for one in output.values() if isinstance(output, Mapping) else output:
            yield from _addresses(one, depth + 1)


def _seconds(stamp: object) -> float | None:
    try:
        moment = datetime.fromisoformat(str(stamp))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def _duration(told: object) -> Decimal | None:
    if isinstance(told, bool) or not isinstance(told, Decimal | int):
        return None
    seconds = Decimal(told)
    return seconds if seconds.is_finite() and seconds >= 0 else None


def stamp_of(seconds: float) -> str:
    """A moment as the API's filters take it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def said(told: object) -> str:
    """Foreign words fit to be shown: one line, not long, no secrets in them."""
    line = " ".join(str(told or "").split())
    return _SECRETS.sub(r"\1***", "".join(c for c in line if c.isprintable()))[:_SAID_CHARS]


def refusal(answer: Answer) -> MoldarError:
    """The error for an answer that says no. Of a create it means that nothing was begun, unless `is_unclear`."""
    told = _problem(answer.body)
    detail = said(told.get("detail") or told.get("title") or told.get("error")) or f"status {answer.status}"
    if answer.status == 429:
        return Saturated(NAME, retry_after_s(answer))
    if answer.status == 402:
        return BudgetExceeded("The account with Replicate has no credit left.")
    if answer.status in (401, 403):
        return BackendFailed("Replicate does not take the token.")
    if answer.status == 422 and ("invalid_fields" in told or str(told.get("title", "")).startswith("Input")):
        return InvalidInput(f"Replicate's model does not take this: {detail}.".replace("..", "."))
    return BackendFailed(f"Replicate refused: {detail}.".replace("..", "."))


def is_unclear(status: int) -> bool:
    """Whether an answer to a create leaves open that it was begun."""
    return status >= 500 or status in (408, 409)


def limits_of(answer: Answer) -> Limits | None:
    """What the answer tells of the rate limits, None where it tells nothing."""
    if answer.status == 429:
        detail = str(_problem(answer.body).get("detail", ""))
        return Limits(0.0, retry_after_s(answer), "6 requests per minute" in detail)
    remaining, reset = (_number(answer.headers.get(f"ratelimit-{part}")) for part in ("remaining", "reset"))
    return None if remaining is None or reset is None else Limits(remaining, reset)


def retry_after_s(answer: Answer) -> float:
    """When to ask again: the body's word, the header's, the sentence's, or a guess; never longer than five minutes."""
    told = _problem(answer.body)
    sentence = re.search(r"resets in ~(\d+)\s*s", str(told.get("detail", "")))
    words = (told.get("retry_after"), answer.headers.get("retry-after"), sentence and sentence[1])
    wait_s = next((wait for word in words if (wait := _number(word)) is not None), RETRY_AFTER_S)
    return min(wait_s, LONGEST_RETRY_AFTER_S)


def _number(word: object) -> float | None:
    try:
        number = float(str(word))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _problem(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, Mapping) else {}
