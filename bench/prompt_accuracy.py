"""Precision and recall of the prompt analysis, per field, on the labelled prompts.

The set "before" was labelled before the analyser existed, the set "after" afterwards, without looking at its answers.

    python -m bench.prompt_accuracy
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.prompt import PromptAnalysis, analyse

GOLDEN: Final = Path(__file__).parent.parent / "tests" / "golden" / "prompts.jsonl"
FIELDS: Final = (
    "language", "families", "dimensions", "counts", "thread", "inscription", "material", "color", "quantity", "uses",
    "features", "problems",
)  # fmt: skip
Label = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Score:
    """How many findings were right, found and labelled."""

    right: int
    found: int
    labelled: int

    @property
    def precision(self) -> float:
        """Share of the findings that are right; 1 when nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the labels that were found; 1 when there are none."""
        return self.right / self.labelled if self.labelled else 1.0


def labels(name: str) -> list[Label]:
    """The labelled prompts of one set."""
    with GOLDEN.open(encoding="utf-8") as lines:
        return [label for label in map(json.loads, lines) if label["set"] == name]


def found_items(analysis: PromptAnalysis, field: str) -> Counter[Any]:
    """The findings of one field as comparable items; lengths to the micrometre."""
    if field == "language":
        return Counter([analysis.language])
    if field == "dimensions":
        return Counter((found.name, round(found.value_mm, 3)) for found in analysis.dimensions)
    if field == "counts":
        return Counter((found.name, found.value) for found in analysis.counts)
    if field == "problems":
        return Counter(found.code for found in analysis.problems)
    found = getattr(analysis, field)
    words = found if isinstance(found, tuple) else (() if found is None else (found,))
    return Counter(word.value for word in words)


def labelled_items(label: Label, field: str) -> Counter[Any]:
    """The labels of one field as comparable items."""
    value = label[field]
    if field == "dimensions":
        return Counter((item["name"], round(item["value_mm"], 3)) for item in value)
    if field == "counts":
        return Counter(value.items())
    return Counter(value if isinstance(value, list) else [] if value is None else [value])


def scores(name: str) -> dict[str, Score]:
    """One score per field over a whole set."""
    analyses = [(label, analyse(label["text"])) for label in labels(name)]
    return {field: _score(analyses, field) for field in FIELDS}


def _score(analyses: list[tuple[Label, PromptAnalysis]], field: str) -> Score:
    right = found = labelled = 0
    for label, analysis in analyses:
        seen, meant = found_items(analysis, field), labelled_items(label, field)
        right += (seen & meant).total()
        found += seen.total()
        labelled += meant.total()
    return Score(right, found, labelled)


def mistakes(name: str) -> Iterator[tuple[str, str, str]]:
    """Prompt, field and what was found instead of what was meant."""
    for label in labels(name):
        analysis = analyse(label["text"])
        for field in FIELDS:
            seen, meant = found_items(analysis, field), labelled_items(label, field)
            if seen != meant:
                yield label["text"], field, f"found {sorted(map(str, seen))}, labelled {sorted(map(str, meant))}"


def wrong_families(name: str) -> list[str]:
    """Prompts answered with a family that is not the one asked for; none found is not wrong."""
    pairs = [(label, analyse(label["text"])) for label in labels(name)]
    return [
        label["text"]
        for label, analysis in pairs
        if analysis.families and [word.value for word in analysis.families] != label["families"]
    ]


def main() -> None:
    """Print one table per set."""
    for name in ("before", "after"):
        print(f"{name}: {len(labels(name))} prompts, {len(wrong_families(name))} wrong families")
        print(f"  {'field':<12} {'precision':>9} {'recall':>7} {'labels':>7}")
        for field, score in scores(name).items():
            print(f"  {field:<12} {score.precision:>9.3f} {score.recall:>7.3f} {score.labelled:>7}")
        for text, field, difference in mistakes(name):
            print(f"  - {field}: {text!r}: {difference}")


if __name__ == "__main__":
    main()
