"""The service from inside a Ray cluster: through the handle of its ingress, without HTTP. Ray is imported on use."""

import asyncio
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from moldar import _calls
from moldar._files import FileSink
from moldar._talk import PATIENT
from moldar.errors import ApiError, ConnectionFailed, MoldarClientError, NotConnected
from moldar.wire import Generation, GenerationRepair, GenerationRequest, Quote, QuoteRequest, RepairList, RepairRequest

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

# One call to `wait` holds a slot of the ingress for at most this long, so that a restarted ingress is noticed.
_WAIT_S: Final = 30.0
_REACH_S: Final = 5.0


def connect(app_name: str = "moldar") -> "Studio":
    """The running Moldar application of this Ray cluster.

    Works in a driver, a task and an actor; a driver that has not called `ray.init()` joins the cluster of this machine
    or of RAY_ADDRESS.

    Raises:
        NotConnected: There is no cluster, or the application does not run on it.
    """
    import ray  # noqa: PLC0415 - `import moldar` must stay light and work without Ray
    from ray import serve  # noqa: PLC0415 - as above
    from ray.exceptions import RayError  # noqa: PLC0415 - as above
    from ray.serve.exceptions import RayServeException  # noqa: PLC0415 - as above

    try:
        if not ray.is_initialized():
            _check_address(os.environ.get("RAY_ADDRESS", ""))
            ray.init(address="auto", log_to_driver=False)
        return Studio(serve.get_app_handle(app_name), app_name)
    except (OSError, RuntimeError, RayError, RayServeException) as error:
        raise NotConnected(app_name, _first_line(error)) from error


class Studio:
    """A running Moldar application, reached through Ray. Make one with `connect()`.

    Every call raises ApiError where the service refuses and ConnectionFailed where its ingress was lost on the way.
    """

    def __init__(self, handle: "DeploymentHandle[Any]", app_name: str = "moldar") -> None:
        self._handle = handle
        self._app_name = app_name

    def __repr__(self) -> str:
        return f"Studio({self._app_name!r})"

    async def generate(self, request: GenerationRequest | str | None = None, **fields: object) -> Generation:
        """Ask for an object and wait until it is made, or failed: look at `status`.

        The service keeps working on it when this is cancelled; `cancel` stops it.

        Args:
            request: The request, or its prompt with further fields as keywords.
            fields: Fields of GenerationRequest; ValueError says what is wrong with them.
        """
        return await self.wait((await self.submit(_calls.wish(GenerationRequest, request, fields))).id)

    async def submit(self, request: GenerationRequest) -> Generation:
        """Ask for an object; return as soon as it is accepted."""
        return cast("Generation", await self._call("submit", request))

    async def get(self, generation_id: str) -> Generation:
        """One generation as it stands."""
        return cast("Generation", await self._call("get", generation_id))

    async def wait(self, generation_id: str) -> Generation:
        """Wait until a generation is final, through restarts of the ingress."""
        lost = 0
        while True:
            try:
                generation = cast("Generation", await self._call("wait", generation_id, _WAIT_S))
            except ConnectionFailed:
                lost += 1
                if lost >= PATIENT.attempts:
                    raise
                await asyncio.sleep(PATIENT.wait_s(lost))
                continue
            if generation.is_final:
                return generation
            lost = 0

    async def cancel(self, generation_id: str) -> Generation:
        """Stop the work on a generation."""
        return cast("Generation", await self._call("cancel", generation_id))

    async def file(self, generation_id: str, name: str) -> bytes:
        """One file of a result."""
        return cast("bytes", await self._call("file", generation_id, name))

    async def download(self, generation: Generation, directory: Path | str) -> tuple[Path, ...]:
        """Put every file of a result into `directory` of this machine, each checked against its size and SHA-256."""
        _calls.require_success(generation)
        paths = []
        for entry in generation.files:
            data = await self.file(generation.id, entry.name)
            with FileSink(entry, Path(directory)) as sink:
                sink.restart()
                sink.write(data)
                paths.append(sink.finish())
        return tuple(paths)

    async def quote(self, generation_id: str, request: QuoteRequest | None = None, **fields: object) -> Quote:
        """Another price for the same object: give what is to be different."""
        asked = request or QuoteRequest.model_validate(fields)
        return cast("Quote", await self._call("requote", generation_id, asked))

    async def repair(
        self, generation_id: str, request: RepairRequest | None = None, **fields: object
    ) -> GenerationRepair:
        """Repairs of the same object, measured and priced: `repair(id, repairs=[{"kind": "thicken"}])`."""
        asked = request or RepairRequest.model_validate(fields)
        return cast("GenerationRepair", await self._call("repair", generation_id, asked))

    async def repairs(self, generation_id: str) -> RepairList:
        """Every repair of a generation."""
        return cast("RepairList", await self._call("repairs", generation_id))

    async def _call(self, method: str, *args: object) -> Any:
        from ray.exceptions import RayError  # noqa: PLC0415 - there is no Studio without Ray, but there is this module
        from ray.serve.exceptions import RayServeException  # noqa: PLC0415 - as above

        response = getattr(self._handle, method).remote(*args)
        try:
            return await response
        except asyncio.CancelledError:
            response.cancel()  # dropping the await would let it run on to the end
            raise
        except Exception as error:
            # What the ingress raised arrives as a twin that is both RayTaskError and its own class, so one place has
            # to look at everything; what is neither Ray's nor coded is a bug here and passes on.
            if not (isinstance(error, RayError | RayServeException) or _is_coded(error)):
                raise
            raise translate(error, self._app_name) from error


def translate(error: BaseException, app_name: str) -> MoldarClientError:
    """What an exception from a handle means. The cause is asked for its code: `str()` of the twin is a traceback."""
    cause: Any = getattr(error, "cause", None) or error
    if _is_coded(cause):
        return ApiError(cause.code, str(cause), None, bool(cause.retryable), getattr(cause, "retry_after_s", None))
    return ConnectionFailed(f"Serve application {app_name!r}", _first_line(cause))


def _check_address(address: str) -> None:
    """Raise OSError where nobody listens: Ray itself waits for a minute and then ends the process."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S).close()


def _is_coded(error: Any) -> bool:
    return isinstance(getattr(error, "code", None), str) and hasattr(error, "retryable")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
