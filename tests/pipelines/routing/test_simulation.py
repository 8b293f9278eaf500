"""The policy on a day that it was not tuned on: 10,000 requests in bursts, with outages and slow backends."""

import numpy as np

from bench.routing import DEADLINE_S, REQUESTS, Outcome, Rival, Run, a_day, decision_s

UNSEEN = 11


def outcome(rival: Rival) -> Outcome:
    return Run(rival, a_day(UNSEEN)).to_the_end()


def test_every_request_ends_once_and_the_policy_costs_less_and_waits_no_longer_than_the_others() -> None:
    ours, hosted, least = outcome("ours"), outcome("always hosted"), outcome("least in flight")
    for found in (ours, hosted, least):
        assert len(found.totals_s) + found.failed + found.refused == REQUESTS
    assert ours.micros < min(hosted.micros, least.micros)
    waits = [float(np.percentile(found.waits_s, 99)) for found in (ours, hosted, least)]
    assert waits[0] == min(waits)
    assert ours.in_time > max(hosted.in_time, least.in_time)
    assert np.percentile(ours.totals_s, 99) < DEADLINE_S


def test_a_decision_among_twenty_backends_takes_microseconds() -> None:
    assert decision_s(20, 300) < 500e-6  # ten times the goal: a machine that others use too
