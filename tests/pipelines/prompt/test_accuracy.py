"""The analyser against labelled prompts. Figures are printed by `python -m bench.prompt_accuracy`."""

import pytest

from bench.prompt_accuracy import FIELDS, labels, scores, wrong_families

# Both sets reach 1.0 in every field; the floors leave room for one slip in the fields with many labels.
FLOOR = 0.97


@pytest.mark.parametrize("name", ["before", "after"])
def test_each_set_is_large_and_in_both_languages(name: str) -> None:
    found = labels(name)
    assert len(found) >= 64
    assert len({label["text"] for label in found}) == len(found)
    assert min(sum(label["language"] == language for label in found) for language in ("en", "pt")) >= 16


@pytest.mark.parametrize("name", ["before", "after"])
def test_every_field_is_precise_and_complete(name: str) -> None:
    measured = scores(name)
    assert set(measured) == set(FIELDS)
    assert {field: score for field, score in measured.items() if min(score.precision, score.recall) < FLOOR} == {}


@pytest.mark.parametrize("name", ["before", "after"])
def test_no_prompt_is_answered_with_another_object(name: str) -> None:
    assert wrong_families(name) == []
