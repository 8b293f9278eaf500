"""What is asked of Replicate through its own client: account, models, versions, files. Nothing here is paid by use.

`replicate` 1.0.7 is held to what it does well: bounded in time from outside, never asked for predictions (its types
lack `aborted`, its create has no deadline and no timeout), and never given an output to fetch (the token
goes there too).
"""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from adapters.replicate_models import HostedModel, Models, is_ref, misfits
from adapters.replicate_wire import Answer, refusal
from pipelines.errors import BackendFailed, InvalidInput

if TYPE_CHECKING:
    pass

LIMIT_S: Final = 30.0
UPLOAD_S: Final = 120.0
MAX_UPLOAD_BYTES: Final = 100_000_000  # the API's own


@dataclass(frozen=True, slots=True)
class Misfit:
    """A model whose published schema is not what our table takes it for."""

    model: str
    reasons: tuple[str, ...]


class Library:
    """One per event loop: the client is bound to the first loop that uses it."""

    def __init__(self, token: str, base_url: str) -> None:
        from replicate.client import Client  # noqa: PLC0415 - takes 0.3 s; only a replica with a token needs it

        self._transport = httpx.AsyncHTTPTransport()  # ours, because the client cannot be closed
        self._client: Client = Client(api_token=token, base_url=base_url, transport=self._transport)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def account(self) -> str:
        """Whose token it is. Raises BackendFailed where it is nobody's, or nobody answers."""
        async with _translated(LIMIT_S):
            return (await self._client.accounts.async_current()).username

    async def webhook_secret(self) -> str:
        """What the account's webhooks are signed with: `whsec_...`. To be kept in memory and never logged."""
        async with _translated(LIMIT_S):
            return (await self._client.webhooks.default.async_secret()).key

    async def upload(self, name: str, data: bytes) -> str:
        """The address of a file that models of the account can read; it expires by itself.

        Raises:
            InvalidInput: more than 100 MB.
            BackendFailed, Saturated: it was not taken.
        """
        if len(data) > MAX_UPLOAD_BYTES:
            raise InvalidInput(f"Replicate takes files of at most {MAX_UPLOAD_BYTES:,} bytes.")
        async with _translated(UPLOAD_S):
            file = await self._client.files.async_create(io.BytesIO(data), filename=name)
            return str(file.urls["get"])

    async def schema(self, model: HostedModel) -> Mapping[str, Any]:
        """The OpenAPI document of the pinned version, or of the newest one of an official model."""
        async with _translated(LIMIT_S):
            if model.version is None:
                newest = (await self._client.models.async_get(model.ref)).latest_version
                return {} if newest is None else newest.openapi_schema
            from replicate.version import Versions  # noqa: PLC0415 - see __init__

            return (await Versions(self._client, model=model.ref).async_get(model.version)).openapi_schema

    async def misfits(self, models: Models) -> tuple[Misfit, ...]:
        """The models that cannot be used, with reasons: to be asked at start-up, before anything is paid for."""
        found = [(name, await self._reasons(models.get(name))) for name in models.names]
        return tuple(Misfit(name, reasons) for name, reasons in found if reasons)

    async def _reasons(self, model: HostedModel) -> tuple[str, ...]:
        try:
            return misfits(model, await self.schema(model))
        except BackendFailed as error:
            return (str(error),)

    async def ensure_destination(self, ref: str, hardware: str) -> None:
        """A private model of ours that a training may add versions to, made where it is not there.

        Raises:
            InvalidInput: `ref` is not `owner/name`.
            BackendFailed, Saturated: it is not there and could not be made.
        """
        if not is_ref(ref):
            raise InvalidInput(f"A model is named 'owner/name', not {ref!r}.")
        owner, _, name = ref.partition("/")
        async with _translated(LIMIT_S):
            if not await self._has(ref):
                await self._client.models.async_create(owner, name, visibility="private", hardware=hardware)

    async def _has(self, ref: str) -> bool:
        from replicate.exceptions import ReplicateError  # noqa: PLC0415 - see __init__

        try:
            await self._client.models.async_get(ref)
        except ReplicateError as error:
            if error.status == 404:
                return False
            raise
        return True


@asynccontextmanager
async def _translated(limit_s: float) -> AsyncIterator[None]:
    """The one place where the client's errors become ours."""
    from replicate.exceptions import ReplicateError  # noqa: PLC0415 - see Library.__init__

    try:
        async with asyncio.timeout(limit_s):  # the client obeys a Retry-After of a day, and uploads without a timeout
            yield
    except ReplicateError as error:
        body = json.dumps({"detail": error.detail or error.title}).encode()
        raise refusal(Answer(error.status or 0, {}, body)) from error
    except (httpx.HTTPError, TimeoutError) as error:
        raise BackendFailed(f"Replicate does not answer ({type(error).__name__}).") from error
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        # What the client makes of an answer that is no JSON, or not of the form that it knows.
        raise BackendFailed("Replicate's answer is not of its API.") from error
