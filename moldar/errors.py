"""Every error that the clients raise on purpose.

* MoldarClientError
  x ApiError            the service refused or failed, and says so with a code of docs/errors.md
  x ConnectionFailed    nobody answered, or the connection was lost more often than is bearable
  x BadAnswer           the answer is not what the contract says: another program answered, or a damaged file came
  x GenerationFailed    files were asked of a generation that failed or was canceled
  x NotConnected        `connect()` found no Ray cluster, or no such application on it

Arguments are positional and all of them reach `super().__init__`, so that each error survives the trip between Ray
actors and processes. `str(error)` is one sentence.
"""

from moldar.wire import FieldError


class MoldarClientError(Exception):
    """Base of the tree."""


class ApiError(MoldarClientError):
    """The service refused or failed. `code` is stable; `retryable` says whether trying later can help."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int | None,
        retryable: bool,
        retry_after_s: float | None = None,
        errors: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(code, message, status, retryable, retry_after_s, errors)
        self.code = code
        self.message = message
        self.status = status  # of HTTP; None where the error came through a Ray handle
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.errors = errors

    def __str__(self) -> str:
        fields = "; ".join(f"{error.field}: {error.message}" for error in self.errors)
        return f"{self.message.rstrip('.')} ({fields})." if fields else self.message


class ConnectionFailed(MoldarClientError):
    """No answer came from the service."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"No answer from {self.url}: {self.reason}."


class BadAnswer(MoldarClientError):
    """What came is not what the contract says."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(source, reason)
        self.source = source
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.source} {self.reason}."


class GenerationFailed(MoldarClientError):
    """There is no result to take: the generation failed, was canceled or is not done."""

    def __init__(self, generation_id: str, code: str, message: str, retryable: bool) -> None:
        super().__init__(generation_id, code, message, retryable)
        self.generation_id = generation_id
        self.code = code
        self.message = message
        self.retryable = retryable

    def __str__(self) -> str:
        return self.message


class NotConnected(MoldarClientError):
    """There is no running Moldar application to talk to through Ray."""

    def __init__(self, app_name: str, reason: str) -> None:
        super().__init__(app_name, reason)
        self.app_name = app_name
        self.reason = reason

    def __str__(self) -> str:
        return f"No Serve application {self.app_name!r} is reachable: {self.reason}."
