"""Inch threads: refused for what has a thread, none of our business for what does not."""

import pytest

from pipelines.prompt import analyse, contradictions


@pytest.mark.parametrize("prompt", ["a 1/4-20 bolt", "a #8-32 nut", "porca 3/8-16", "a 1/2 UNC bolt 40 mm long"])
def test_a_threaded_part_in_inches_is_refused_rather_than_made_metric(prompt: str) -> None:
    found = analyse(prompt)
    codes = {problem.code for problem in contradictions(found)}
    assert "thread.unsupported" in codes
    for problem in found.problems:
        assert prompt[problem.span.start : problem.span.end]


@pytest.mark.parametrize("prompt", ["a box for 1/4-20 bolts", "a vase 3/4 in tall", "a bolt M6x30", "a 1/2 inch cube"])
def test_other_objects_may_name_them(prompt: str) -> None:
    assert "thread.unsupported" not in {problem.code for problem in analyse(prompt).problems}
