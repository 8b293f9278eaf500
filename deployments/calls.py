"""Calls between deployments: cancellation that reaches the callee, and Ray's errors made ours at this one place."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any, Final

from ray import serve
from ray.exceptions import RayActorError, RayError, TaskCancelledError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException
from ray.serve.handle import DeploymentHandle

from pipelines.errors import BackendFailed, MoldarError

_GONE: Final = (RayActorError, DeploymentUnavailableError, RayServeException, BackPressureError, TaskCancelledError)


Handle = DeploymentHandle[Any]
"""A handle of any deployment of this application."""


async def call(handle: Handle, method: str, *args: object) -> Any:
    """Await `handle.method(*args)`.

    Raises:
        MoldarError: what the callee raised, as it was raised there.
        BackendFailed: the callee died or could not be reached; the work may be tried again.
    """
    response = getattr(handle, method).remote(*args)
    with _translated(handle):
        try:
            return await response
        except asyncio.CancelledError:
            # Dropping the await would let the callee run on to the end.
            response.cancel()
            raise


async def stream(handle: Handle, method: str, *args: object) -> AsyncGenerator[Any, None]:
    """What the generator `handle.method(*args)` yields, as it comes. Close it to stop the callee's work.

    Raises:
        MoldarError, BackendFailed: as `call`.
    """
    response = getattr(handle.options(stream=True), method).remote(*args)
    ended = False
    try:
        with _translated(handle):
            async for word in response:
                yield word
        ended = True
    finally:
        if not ended:  # cancelled, closed by a reader who has enough, or failed: where it is over this does nothing
            response.cancel()


async def running_replicas(handle: Handle) -> int:
    """How many replicas of the handle's deployment are ready, as Serve's controller knows it."""
    name, app = handle.deployment_id.name, handle.deployment_id.app_name
    with _translated(handle):
        status = await asyncio.to_thread(serve.status)
    held = status.applications[app].deployments.get(name) if app in status.applications else None
    return sum(count for state, count in held.replica_states.items() if state == "RUNNING") if held else 0


@contextmanager
def _translated(handle: Handle) -> Iterator[None]:
    """The one place where Ray's errors become ours."""
    try:
        yield
    except MoldarError as error:
        # Ray hands over a twin whose text is a traceback; its cause is the error that was raised.
        raise getattr(error, "cause", error) from None
    except _GONE as error:
        name = handle.deployment_id.name if hasattr(handle, "deployment_id") else "worker"
        raise BackendFailed(f"The {name} worker was lost in the middle of its work.") from error
    except RayError as error:
        raise BackendFailed("A worker failed in a way that was not foreseen; the log has its trace.") from error
