"""Backends that are somebody else's: paid for or borrowed. What an adapter of one fulfils, and the words for it.

A call is an order. It is written down, with the money it may cost, before it is placed; it is placed once. Whoever
placed it looks after it until it ends, or until its end is known from the other side.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from jobs.model import FilePayload

OrderState = Literal["waiting", "running", "succeeded", "failed", "canceled", "aborted"]
TERMINAL: Final[frozenset[OrderState]] = frozenset({"succeeded", "failed", "canceled", "aborted"})


@dataclass(frozen=True, slots=True)
class Order:
    """One call to be placed."""

    id: str  # ours: att_...; also what finds it again on the other side
    model: str  # a name of the adapter's own table
    prompt: str
    negative_prompt: str | None
    image: bytes | None  # PNG
    seed: int
    steps: int | None
    guidance_scale: float | None
    finish_by: float  # seconds since the epoch; the other side is told to stop then
    placed_after: float  # when the intent was written
    bound_micros: int  # millionths of a US dollar that it may cost at the most


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """A style to be learnt from photos."""

    id: str
    model: str
    photos: bytes  # a zip archive
    trigger_word: str
    steps: int
    learning_rate: float
    batch_size: int
    resolution: int
    destination: str  # owner/name, ours and there already; it gets a new version
    finish_by: float
    placed_after: float
    bound_micros: int


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that the other side has taken, under its own name for it."""

    order_id: str
    model: str  # of the adapter's table
    remote_id: str
    placed_at: float


@dataclass(frozen=True, slots=True)
class Progressed:
    """Where a placed order stands. Terminal states are for ever."""

    state: OrderState
    cost_micros: int | None = None  # once it has ended and the other side has said what it took
    seconds: float | None = None  # billed
    error: str = ""
    output: tuple[str, ...] = ()  # addresses of what came out, valid for an hour
    made: str = ""  # the version that a training made, owner/name:version
    expired: bool = False  # it came out, and is not kept any more

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in TERMINAL


def later(known: Progressed, heard: Progressed) -> Progressed:
    """What is known after hearing `heard`, in whatever order news arrives.

    A terminal state stays, and nothing that runs waits again. News of the same state fill in what was not known, such
    as the cost; output that was known is not forgotten when the other side has erased it.
    """
    rank: dict[OrderState, int] = {"waiting": 0, "running": 1}
    if heard.state != known.state:
        return known if known.is_over or rank.get(heard.state, 2) < rank.get(known.state, 2) else heard
    return replace(
        known,
        cost_micros=heard.cost_micros if known.cost_micros is None else known.cost_micros,
        seconds=heard.seconds if known.seconds is None else known.seconds,
        error=known.error or heard.error,
        output=known.output or heard.output,
        made=known.made or heard.made,
        expired=not known.output and not heard.output and (known.expired or heard.expired),
    )


class Hosted(Protocol):
    """An adapter. Methods are async and bounded in time by themselves."""

    async def place(self, order: Order) -> Placed:
        """Place it, once.

        Raises:
            Saturated: the other side is busy and certainly did not take it; `retry_after_s` says when to ask again.
            BudgetExceeded: nothing more can be paid for there, or not within the order's bound; it was not taken.
            BackendFailed: it certainly did not take it.
            OutcomeUnknown: it may have: `find` it, never place it again.
            InvalidInput: what is asked for can never be done there.
            DeadlineExceeded: too little time is left to begin; nothing was sent.

        A call that is cancelled from outside while it waits has an unknown outcome too.
        """

    async def find(self, order: Order, others: Collection[str] = ()) -> Placed | None:
        """An order whose placing had an unknown outcome, or None when the other side does not know it (yet).

        Args:
            order: As it was placed.
            others: Names on the other side that belong to other orders.

        Raises:
            OutcomeUnknown: several there could be it.
            BackendFailed, Saturated: the other side could not be asked.
        """

    async def look(self, placed: Placed) -> Progressed:
        """How far it is. Raises BackendFailed or Saturated where that cannot be learnt now."""

    async def cancel(self, placed: Placed) -> Progressed:
        """Stop it; what it has cost until then is in the answer, once known."""

    async def fetch(self, placed: Placed, progressed: Progressed) -> tuple[FilePayload, ...]:
        """What came out, checked. Raises BackendFailed for what is not what it should be, or is no longer there."""
