"""The life of a job: what the table says, and what it forbids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.lifecycle import PROGRESS, TERMINAL, TRANSITIONS, Move, Stage, Status, after, following, within


def test_a_job_ends_in_exactly_three_ways() -> None:
    assert {Status.SUCCEEDED, Status.FAILED, Status.CANCELED} == TERMINAL


@given(st.lists(st.sampled_from(Move), max_size=30))
def test_nothing_leaves_a_terminal_status(moves: list[Move]) -> None:
    status, ended_as = Status.QUEUED, None
    for move in moves:
        if (status, move) in TRANSITIONS:
            status = after(status, move)
        else:
            with pytest.raises(ValueError, match=f"a {status} job cannot {move}"):
                after(status, move)
        if ended_as is not None:
            assert status is ended_as
        if status in TERMINAL:
            ended_as = status


def test_a_queued_job_can_be_cancelled_but_not_finished() -> None:
    assert after(Status.QUEUED, Move.CANCEL) is Status.CANCELED
    with pytest.raises(ValueError, match="cannot succeed"):
        after(Status.QUEUED, Move.SUCCEED)


def test_stages_follow_each_other_and_progress_only_grows() -> None:
    walked: list[Stage] = []
    stage: Stage | None = Stage.ANALYSIS
    while stage is not None:
        walked.append(stage)
        stage = following(stage)
    assert walked == list(Stage)
    assert [PROGRESS[s] for s in walked] == sorted(PROGRESS.values())
    assert PROGRESS[Stage.QUOTE] == 1.0


@pytest.mark.parametrize("stage", list(Stage)[1:])
def test_a_share_of_a_stage_lies_between_what_is_done_before_and_after_it(stage: Stage) -> None:
    before = PROGRESS[list(Stage)[list(Stage).index(stage) - 1]]
    assert [within(stage, 0.0), within(stage, 1.0)] == pytest.approx([before, PROGRESS[stage]])
    assert within(stage, 0.25) == pytest.approx(before + (PROGRESS[stage] - before) / 4)
    assert [within(stage, -3.0), within(stage, 7.0)] == pytest.approx([before, PROGRESS[stage]])
