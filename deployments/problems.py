"""The only table from our errors to HTTP, and the one error body (RFC 9457)."""

from typing import Final

from fastapi.responses import Response

from moldar.wire import FieldError, Problem
from pipelines import errors as e

# A test demands a row for every leaf of the tree.
STATUS: Final[dict[type[e.MoldarError], int]] = {
    e.InvalidInput: 422,
    e.NoSubject: 422,
    e.TooLarge: 413,
    e.Unreadable: 415,
    e.ContradictoryPrompt: 422,
    e.ModeratedPrompt: 422,
    e.NoBackend: 422,
    e.JobNotFound: 404,
    e.IdempotencyConflict: 409,
    e.AuthInvalid: 401,
    e.EmptyGeometry: 422,
    e.NotSolid: 422,
    e.GeometryTooLarge: 413,
    e.Saturated: 429,
    e.DeadlineExceeded: 503,
    e.GpuOutOfMemory: 503,
    e.CircuitOpen: 503,
    e.BudgetExceeded: 503,
    e.Canceled: 409,
    e.WeightsMissing: 422,  # not servable by what is configured
    e.WeightsMismatch: 422,
    e.BackendFailed: 503,
    e.OutcomeUnknown: 502,  # not 503: trying later would pay twice
    e.SlicerFailed: 503,
    e.StorageFailed: 503,
}
RETRY_AFTER_S: Final = 5


class ProblemResponse(Response):
    """An `application/problem+json` answer."""

    media_type = "application/problem+json"


def problem(error: e.MoldarError, instance: str | None = None, errors: tuple[FieldError, ...] = ()) -> ProblemResponse:
    """The answer for one error of the tree."""
    cls = next(cls for cls in type(error).__mro__ if cls in STATUS)
    title = (cls.__doc__ or cls.__name__).splitlines()[0].rstrip(".")
    return _respond(STATUS[cls], title, error, instance, errors)


def _respond(
    status: int, title: str, error: e.MoldarError, instance: str | None, errors: tuple[FieldError, ...]
) -> ProblemResponse:
    body = Problem(
        type="about:blank",
        title=title,
        status=status,
        detail=str(error),
        code=error.code,
        retryable=error.retryable,
        instance=instance,
        errors=errors,
    )
    headers = {}
    if status in (429, 503):
        headers["Retry-After"] = str(max(1, round(getattr(error, "retry_after_s", RETRY_AFTER_S))))
    return ProblemResponse(body.model_dump_json(), status, headers)


def plain_problem(status: int, code: str, detail: str, instance: str | None = None) -> ProblemResponse:
    """The answer for what the web framework refuses by itself: no such route, wrong method."""
    body = Problem(
        type="about:blank", title=detail, status=status, detail=detail, code=code, retryable=False, instance=instance
    )
    return ProblemResponse(body.model_dump_json(), status)
