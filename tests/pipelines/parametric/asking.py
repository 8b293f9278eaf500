"""Analyses as the prompt pipeline would make them, with every finding placed where it stands in the text."""

from typing import get_args

import manifold3d
import numpy as np
import trimesh

from pipelines.parametric import Design, ParametricObject, build
from pipelines.prompt.types import (
    Count,
    CountName,
    Dimension,
    DimensionName,
    Problem,
    PromptAnalysis,
    Span,
    Word,
)

NAMES = (
    *("vase", "bowl", "mug", "cup", "box", "tray", "plate", "coaster", "pen_holder", "phone_stand", "hook", "bracket"),
    *("washer", "spacer", "knob", "nut", "bolt", "gear", "ring", "keychain", "name_sign", "die", "funnel", "bottle"),
    *("plant_pot", "table", "chair", "house", "cone", "sphere", "cylinder", "cube", "torus"),
)
"""The families that the product promises; their names never change."""

_NOWHERE = Span(0, 0)


def ask(
    family: str, *features: str, inscription: str = "", thread: str = "", color: str = "", **numbers: float
) -> PromptAnalysis:
    """One object; `numbers` are dimensions in mm and counts, by their names."""
    lengths = {name: value for name, value in numbers.items() if name in get_args(DimensionName)}
    counts = {name: int(value) for name, value in numbers.items() if name in get_args(CountName)}
    assert len(lengths) + len(counts) == len(numbers), f"unknown names among {sorted(numbers)}"
    return PromptAnalysis(
        text=family,
        language="en",
        subject=family,
        families=(Word(family, _NOWHERE),),
        dimensions=tuple(Dimension(name, value, "mm", _NOWHERE) for name, value in lengths.items()),  # type: ignore[arg-type]
        counts=tuple(Count(name, value, _NOWHERE) for name, value in counts.items()),  # type: ignore[arg-type]
        features=tuple(Word(feature, _NOWHERE) for feature in features),
        inscription=Word(inscription, _NOWHERE) if inscription else None,
        thread=Word(thread, _NOWHERE) if thread else None,
        color=Word(color, _NOWHERE) if color else None,
    )


def ask_parts(text: str, parts: str, lengths: tuple[tuple[str, DimensionName, float], ...] = ()) -> PromptAnalysis:
    """Several solids: `parts` are the nouns in the order of the text, `lengths` the phrases that give a dimension."""
    words, start = [], 0
    for name in parts.split():
        start = text.index(name, start)
        words.append(Word(name, Span(start, start + len(name))))
        start += len(name)
    dimensions = tuple(
        Dimension(name, value, "mm", Span(text.index(phrase), text.index(phrase) + len(phrase)))
        for phrase, name, value in lengths
    )
    on_top = text.find("on top")
    features = (Word("on_top", Span(on_top, on_top + 6)),) if on_top >= 0 else ()
    return PromptAnalysis(text, "en", text, families=tuple(words), dimensions=dimensions, features=features)


def ask_default(family: str) -> PromptAnalysis:
    """The family with nothing said but the text it cannot do without."""
    return ask(family, inscription="Ana" if family in {"name_sign", "keychain"} else "")


def with_problem(analysis: PromptAnalysis, code: str, message: str) -> PromptAnalysis:
    """The same analysis, with a problem found in the prompt."""
    problem = Problem(code, message, _NOWHERE)
    return PromptAnalysis(analysis.text, "en", analysis.subject, analysis.families, problems=(problem,))


def solid_of(made: ParametricObject) -> trimesh.Trimesh:
    """The mesh as it is, without any repair."""
    return trimesh.Trimesh(made.mesh.vertices, made.mesh.faces, process=False)


def volume_of(design: Design) -> float:
    """Volume in mm^3."""
    return float(solid_of(build(design)).volume)


def manifold_of(made: ParametricObject) -> manifold3d.Manifold:
    """The mesh as a manifold, to slice and to intersect."""
    vertices = np.array(made.mesh.vertices, order="C")
    return manifold3d.Manifold(manifold3d.Mesh64(vertices, np.array(made.mesh.faces, dtype=np.uint64)))
