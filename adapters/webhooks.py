"""Standard Webhooks (standardwebhooks.com), in and out: verified on the raw bytes, signed.

    signature = "v1," + base64(HMAC-SHA256(key, f"{webhook-id}.{webhook-timestamp}.{body}"))

The key is the base64 after `whsec_` in the secret. Replicate and Svix sign this way.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import AsyncIterable, Mapping
from typing import Final, NewType

from pipelines.errors import AuthInvalid, InvalidInput, TooLarge

WebhookId = NewType("WebhookId", str)
WINDOW_S: Final = 300.0  # the standard's own
MAX_BODY_BYTES: Final = 4 * 1024 * 1024  # a prediction whose inputs hold pictures as data URIs of 256 kB each
_LONGEST_HEADER: Final = 4096
_ID: Final = re.compile(r"[\x21-\x7e]{1,256}")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")  # `int` would also take signs, underscores and other scripts' digits


def key_of(secret: str) -> bytes:
    """The signing key in a secret. Raises InvalidInput where there is none; the sentence does not hold the secret."""
    try:
        key = base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("The webhook secret must be 'whsec_' and base64.") from error
    if not key:
        raise InvalidInput("The webhook secret is empty.")
    return key


def sign(secret: str, webhook_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a webhook."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": "v1," + _signature(key_of(secret), webhook_id, str(timestamp_s), body).decode(),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> WebhookId:
    """The id of a webhook that was signed with `secret`, within the window.

    Args:
        secret: `whsec_...`.
        headers: Of the request, names in any case.
        body: As it came, before any parsing.
        now: Seconds since the epoch.

    Returns:
        The id; a repeated delivery has the same one.

    Raises:
        AuthInvalid: forged, damaged, older or newer than `WINDOW_S`, or lacking a header.
        TooLarge: more than `MAX_BODY_BYTES`; nothing was hashed.
        InvalidInput: the secret is none.

    Source:
        github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, "Verifying webhook authenticity".
    """
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    key = key_of(secret)
    given = {name.lower(): value for name, value in headers.items()}
    webhook_id, stamp, signatures = (given.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (_ID.fullmatch(webhook_id) and _SECONDS.fullmatch(stamp) and 0 < len(signatures) <= _LONGEST_HEADER):
        raise AuthInvalid("The webhook lacks the headers of a signed one.")
    if not abs(now - int(stamp)) <= WINDOW_S:
        raise AuthInvalid("The webhook is not of now: its timestamp is outside the window.")
    expected = _signature(key, webhook_id, stamp, body)
    offered = [one[3:].encode("utf-8", "replace") for one in signatures.split(" ") if one.startswith("v1,")]
    if not any(hmac.compare_digest(expected, one) for one in offered):
        raise AuthInvalid("The webhook's signature does not fit its body.")
    return WebhookId(webhook_id)


def _signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> bytes:
    signed = b".".join((webhook_id.encode("ascii"), timestamp.encode("ascii"), body))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())


async def capped(chunks: AsyncIterable[bytes], limit_bytes: int = MAX_BODY_BYTES) -> bytes:
    """A request's body, given up as soon as it is longer than may be. Raises TooLarge."""
    body = bytearray()
    async for chunk in chunks:
        if len(body) + len(chunk) > limit_bytes:
            raise _too_large()
        body += chunk
    return bytes(body)


def _too_large() -> TooLarge:
    return TooLarge(f"A webhook's body has at most {MAX_BODY_BYTES:,} bytes.")


class SeenIds:
    """The ids of the last webhooks. What is older than it remembers is refused by its timestamp."""

    def __init__(self, limit: int = 100_000) -> None:
        self._at: OrderedDict[WebhookId, float] = OrderedDict()
        self._limit = limit

    def is_new(self, webhook_id: WebhookId, now: float) -> bool:
        """Whether it comes for the first time; from now on it does not.

        Beyond `limit` the oldest are forgotten: what a webhook says must therefore be harmless twice, as it is where
        terminal states stay (`jobs.hosted.later`).
        """
        while self._at and (len(self._at) > self._limit or next(iter(self._at.values())) < now - 2 * WINDOW_S):
            self._at.popitem(last=False)
        if webhook_id in self._at:
            return False
        self._at[webhook_id] = now
        return True
