"""Every error that Moldar raises on purpose.

* MoldarError
  x InputError            the caller can mend it; never retried, never sent to another backend
    - InvalidInput          input.invalid
    - NoSubject             input.no_subject
    - TooLarge              input.too_large
    - Unreadable            input.unreadable
    - ContradictoryPrompt   prompt.contradictory
    - ModeratedPrompt       prompt.moderated
    - NoBackend             backend.none_available
    - JobNotFound           job.not_found
    - IdempotencyConflict   idempotency.conflict
    - AuthInvalid           auth.invalid
  x GeometryError         the shape cannot be made into a printable solid
    - EmptyGeometry         geometry.empty
    - NotSolid              geometry.not_solid
    - GeometryTooLarge      geometry.too_large
  x CapacityError         nothing is wrong but load; later may help
    - Saturated             capacity.saturated
    - DeadlineExceeded      capacity.deadline
    - GpuOutOfMemory        capacity.gpu_out_of_memory
    - CircuitOpen           capacity.circuit_open
    - BudgetExceeded        budget.exceeded
  x Canceled              job.canceled: the work was stopped because nobody wants it any more
  x UpstreamError         something behind us failed
    - BackendFailed         backend.failed
    - OutcomeUnknown        backend.outcome_unknown
    - StorageFailed         storage.failed
  x WeightsError          a model's weights; mended on the machine, not in the request
    - WeightsMissing        weights.missing
    - WeightsMismatch       weights.mismatch

An error's `code` is public: documented in docs/errors.md, stable, one per leaf. Arguments are positional and all of
them reach `super().__init__`: an error whose `.args` cannot rebuild it does not survive the trip between Ray actors.
"""

from typing import ClassVar


class MoldarError(Exception):
    """Base of the tree. `str(error)` is one sentence that a user may read."""

    code: ClassVar[str]
    retryable: ClassVar[bool] = False


class InputError(MoldarError):
    """The request itself is at fault."""


class GeometryError(MoldarError):
    """The shape cannot be printed as it is."""


class CapacityError(MoldarError):
    """Load, not fault."""

    retryable = True


class UpstreamError(MoldarError):
    """Something this service stands on failed."""

    retryable = True


class WeightsError(MoldarError):
    """The weights of a model are not as they must be."""


class _Sentence(MoldarError):
    """A leaf whose only field is the sentence shown to the user."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class InvalidInput(_Sentence, InputError):
    """A field of the request is outside what is allowed."""

    code = "input.invalid"


class NoSubject(_Sentence, InputError):
    """Nothing is left of the picture once its background is gone."""

    code = "input.no_subject"


class TooLarge(_Sentence, InputError):
    """More bytes, pixels, points or archive members than are accepted."""

    code = "input.too_large"


class Unreadable(_Sentence, InputError):
    """The file is not what it claims to be, or is damaged."""

    code = "input.unreadable"


class ContradictoryPrompt(_Sentence, InputError):
    """The prompt asks for something that cannot be, such as a negative height."""

    code = "prompt.contradictory"


class ModeratedPrompt(InputError):
    """The prompt asks for something this service does not make."""

    code = "prompt.moderated"

    def __init__(self, category: str, reason: str) -> None:
        super().__init__(category, reason)
        self.category = category
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class NoBackend(_Sentence, InputError):
    """No configured backend can serve the request; the sentence names what would."""

    code = "backend.none_available"


class JobNotFound(InputError):
    """No such job, or it was erased."""

    code = "job.not_found"

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id

    def __str__(self) -> str:
        return f"There is no generation {self.job_id!r}."


class IdempotencyConflict(InputError):
    """The same idempotency key came with another body."""

    code = "idempotency.conflict"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"Idempotency-Key {self.key!r} was already used with a different request."


class AuthInvalid(_Sentence, InputError):
    """A key or a signature that this service did not give out, or no longer takes."""

    code = "auth.invalid"


class EmptyGeometry(_Sentence, GeometryError):
    """There is no surface or volume to work with."""

    code = "geometry.empty"


class NotSolid(_Sentence, GeometryError):
    """No closed, oriented solid could be made of the surface."""

    code = "geometry.not_solid"


class GeometryTooLarge(_Sentence, GeometryError):
    """More triangles, points or millimetres than are accepted."""

    code = "geometry.too_large"


class Saturated(CapacityError):
    """The queue in front of the backend is full."""

    code = "capacity.saturated"

    def __init__(self, backend: str, retry_after_s: float) -> None:
        super().__init__(backend, retry_after_s)
        self.backend = backend
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"Backend {self.backend!r} is saturated; try again in {self.retry_after_s:.0f} s."


class DeadlineExceeded(CapacityError):
    """The job's deadline passed before its work was done."""

    code = "capacity.deadline"

    def __init__(self, deadline_s: float) -> None:
        super().__init__(deadline_s)
        self.deadline_s = deadline_s

    def __str__(self) -> str:
        return f"The deadline of {self.deadline_s:g} s passed before the work was done."


class GpuOutOfMemory(_Sentence, CapacityError):
    """The device has no room for the work, even for one object at a time."""

    code = "capacity.gpu_out_of_memory"


class BudgetExceeded(_Sentence, CapacityError):
    """No more may be spent on the backend: a cap of ours is reached, or the account with it is empty."""

    code = "budget.exceeded"


class CircuitOpen(CapacityError):
    """Every backend that could serve the request has failed so often that it is left alone for a while."""

    code = "capacity.circuit_open"

    def __init__(self, backend: str, retry_after_s: float) -> None:
        super().__init__(backend, retry_after_s)
        self.backend = backend
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"Backend {self.backend!r} fails and is left alone for now; try again in {self.retry_after_s:.0f} s."


class Canceled(MoldarError):
    """The work was stopped before its end because nobody wants its result."""

    code = "job.canceled"

    def __str__(self) -> str:
        return "The work was cancelled."


class WeightsMissing(_Sentence, WeightsError):
    """A file of weights is not there; the sentence says what brings it."""

    code = "weights.missing"


class WeightsMismatch(_Sentence, WeightsError):
    """A file of weights is damaged, or of another model than the one it is loaded into."""

    code = "weights.mismatch"


class BackendFailed(_Sentence, UpstreamError):
    """The chosen backend failed in a way that another try may not repeat."""

    code = "backend.failed"


class OutcomeUnknown(_Sentence, UpstreamError):
    """A paid call went out and no answer came: it may be running, so it is looked for and never placed again."""

    code = "backend.outcome_unknown"
    retryable = False  # asking again would pay again


class SlicerFailed(_Sentence, UpstreamError):
    """The slicer is not there, is of an unknown version, took too long, or did not slice what it was given."""

    code = "slicer.failed"


class StorageFailed(_Sentence, UpstreamError):
    """The database or the artifact store could not keep or give what was asked."""

    code = "storage.failed"


def leaves(base: type[MoldarError] = MoldarError) -> list[type[MoldarError]]:
    """Every concrete error below `base`, each once, in order of definition."""
    found: dict[type[MoldarError], None] = {}
    for cls in base.__subclasses__():
        if "code" in vars(cls):
            found[cls] = None
        found.update(dict.fromkeys(leaves(cls)))
    return list(found)
