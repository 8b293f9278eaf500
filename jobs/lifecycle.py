"""The life of a job as one table. No I/O, no clock: callers say what happened."""

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class Move(StrEnum):
    """What moves it."""

    CLAIM = "claim"
    RELEASE = "release"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"


class Stage(StrEnum):
    """The steps of a job, in their order of definition."""

    ANALYSIS = "analysis"
    GENERATION = "generation"
    CONVERSION = "conversion"
    PRINTABILITY = "printability"
    QUOTE = "quote"


# The whole behaviour. RUNNING + CLAIM is a new holder taking over an expired lease; RELEASE hands a job back when its
# holder shuts down in good order. A status that is no key with any move is terminal.
TRANSITIONS: Final = {
    (Status.QUEUED, Move.CLAIM): Status.RUNNING,
    (Status.QUEUED, Move.CANCEL): Status.CANCELED,
    (Status.RUNNING, Move.CLAIM): Status.RUNNING,
    (Status.RUNNING, Move.RELEASE): Status.RUNNING,
    (Status.RUNNING, Move.SUCCEED): Status.SUCCEEDED,
    (Status.RUNNING, Move.FAIL): Status.FAILED,
    (Status.RUNNING, Move.CANCEL): Status.CANCELED,
}

TERMINAL: Final = frozenset(Status) - {status for status, _ in TRANSITIONS}

# Share of the whole that is done when a stage is: what a progress bar shows. From the medians in docs/benchmarks.md.
PROGRESS: Final = {
    Stage.ANALYSIS: 0.05,
    Stage.GENERATION: 0.35,
    Stage.CONVERSION: 0.75,
    Stage.PRINTABILITY: 0.9,
    Stage.QUOTE: 1.0,
}


def within(stage: Stage, share: float) -> float:
    """The share of the whole that is done when `share` of `stage` is."""
    before = PROGRESS[list(Stage)[list(Stage).index(stage) - 1]]
    return before + (PROGRESS[stage] - before) * min(max(share, 0.0), 1.0)


def after(status: Status, move: Move) -> Status:
    """The status that follows, or ValueError naming both for a move that the table does not know."""
    try:
        return TRANSITIONS[status, move]
    except KeyError:
        raise ValueError(f"a {status} job cannot {move}") from None


def sources(move: Move) -> tuple[Status, ...]:
    """The statuses from which `move` is possible."""
    return tuple(status for status, known in TRANSITIONS if known is move)


def following(stage: Stage) -> Stage | None:
    """The stage after `stage`, None after the last."""
    order = list(Stage)
    place = order.index(stage) + 1
    return order[place] if place < len(order) else None
