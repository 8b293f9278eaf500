"""What a prompt is understood to ask: the value objects that every later stage reads."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "pt"]
Use = Literal["decorative", "mechanical", "food_contact", "outdoor", "flexible"]

# Names a length may carry, in mm whatever unit was written. `size` is a length whose axis was not said ("a 12 cm
# vase", "a 20 mm cube"); a radius is stored doubled, as the diameter it means. One word per thing.
DimensionName = Literal[
    "size",
    "height",
    "width",
    "depth",
    "length",
    "diameter",
    "inner_diameter",
    "top_diameter",
    "bottom_diameter",
    "hole_diameter",
    "thickness",
    "wall",
    "base_thickness",
    "corner_radius",
    "text_height",
    "pitch",
    "module",
    "leg_thickness",
    "seat_height",
    "lip",
    "spacing",
]

# Names a bare number may carry.
CountName = Literal["teeth", "holes", "sides", "compartments", "legs", "floors", "hooks", "starts"]


@dataclass(frozen=True, slots=True)
class Span:
    """Where in the prompt a finding was read: `text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Dimension:
    """One length, converted to millimetres."""

    name: DimensionName
    value_mm: float
    unit: str  # as understood: "mm", "cm", "m", "in", "ft"
    span: Span


@dataclass(frozen=True, slots=True)
class Count:
    """One counted part, such as 20 teeth."""

    name: CountName
    value: int
    span: Span


@dataclass(frozen=True, slots=True)
class Word:
    """A finding that is a word of a closed set (family, material, colour, use) or a quoted text."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    """A finding that is a bare number, such as the quantity."""

    value: int
    span: Span


@dataclass(frozen=True, slots=True)
class Problem:
    """Something contradictory or impossible in the prompt. It is said, not guessed away."""

    code: str  # "dimension.not_positive", "dimension.exceeds_bed", "dimension.contradictory", ...
    message: str  # one sentence in the prompt's language
    span: Span


@dataclass(frozen=True, slots=True)
class PromptAnalysis:
    """Everything found in one prompt; what was not said is empty, never guessed."""

    text: str
    language: Language
    subject: str  # the noun phrase that names the object, "" if none
    families: tuple[Word, ...] = ()  # values are names of pipelines.parametric families, the object itself first
    dimensions: tuple[Dimension, ...] = ()
    counts: tuple[Count, ...] = ()
    thread: Word | None = None  # ISO designation, "M8"
    inscription: Word | None = None  # text to put on the object
    material: Word | None = None  # "pla", "petg", "abs", "asa", "tpu", "nylon", "resin"
    color: Word | None = None  # "#rrggbb" of the named colour
    quantity: Number | None = None
    uses: tuple[Word, ...] = ()
    features: tuple[Word, ...] = ()  # what is added to the object: "hole", "lid", "handle", "drainage", "hollow"
    problems: tuple[Problem, ...] = ()

    def dimension(self, *names: DimensionName) -> float | None:
        """The first dimension that carries one of `names`, in mm."""
        for name in names:
            for found in self.dimensions:
                if found.name == name:
                    return found.value_mm
        return None

    def count(self, name: CountName) -> int | None:
        """The count of that name."""
        return next((found.value for found in self.counts if found.name == name), None)
