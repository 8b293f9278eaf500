"""The value objects of parametric solids: what a family is, what a design is, what is built of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.errors import InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.parametric.sketch import Sketch
from pipelines.parametric.solids import Solid
from pipelines.prompt.types import CountName, DimensionName

Unit = Literal["mm", "count", "deg", "text"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that can be set. For "text", `low` and `high` bound its length.

    A value that nobody said follows the first known parameter of `follows`: default * (known / its default) ** growth,
    kept within `derived`. Growth 1 keeps proportions, 0.5 lets a wall thicken slowly, 0 keeps the default.
    """

    name: str
    unit: Unit
    default: float | str
    low: float
    high: float
    description: str
    said_as: tuple[DimensionName | CountName, ...] = ()
    """Words of the analysis that set it, the best fitting first."""
    follows: tuple[str, ...] = ()
    growth: float = 1.0
    derived: tuple[float, float] | None = None
    feature: str = ""
    """Present only when the prompt asks for this feature."""

    @property
    def number(self) -> float:
        """The default of a parameter that is a number."""
        return float(self.default)


Settle = Callable[[dict[str, float], str], dict[str, float]]
"""What a table or a formula adds to the parameters that were said; the second argument is the inscription."""


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of object: what can be set on it and how it is drawn."""

    name: str
    title: str
    """Name with its article, for sentences: "a vase"."""
    parameters: tuple[Parameter, ...]
    example: str
    """A prompt that this family answers."""
    draw: Callable[[Sketch], Solid]
    color: str = "#c8b8a0"
    features: frozenset[str] = frozenset()
    """Features of an analysis that this family can answer, whether always there or on request."""
    threads: tuple[tuple[str, str], ...] = ()
    """Columns of the thread table and the parameters they set; the first may not be contradicted."""
    settle: Settle | None = None
    hints: tuple[Parameter, ...] = ()
    """Measures that may be said instead of a parameter; `settle` turns them into parameters."""
    needs_inscription: bool = False
    remark: str = ""
    """What a maker should know of every object of this family."""

    def parameter(self, name: str) -> Parameter:
        """The parameter called `name`."""
        return next(parameter for parameter in self.parameters if parameter.name == name)


@dataclass(frozen=True, slots=True)
class Design:
    """A family with every parameter settled. Equal designs build equal solids."""

    family: str
    parameters: tuple[tuple[str, float], ...]
    inscription: str = ""
    color: str = "#c8b8a0"  # sRGB
    features: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    """Families of a combination, from the bed up or from left to right; empty otherwise."""
    fit_scale: float = 1.0
    """Uniform factor applied last, so that the longest side is what the request says."""
    chord_error_mm: float = 0.02
    """How far a facet may stray from the circle it stands for."""
    notes: tuple[str, ...] = ()

    def value(self, name: str) -> float:
        """The parameter called `name`: mm, degrees or a count."""
        return dict(self.parameters)[name]

    def replaced(self, name: str, value: float) -> "Design":
        """The same design with one parameter changed, as editing that line of the OpenSCAD source does.

        Raises:
            InvalidInput: The design has no such parameter.
        """
        if name not in dict(self.parameters):
            names = ", ".join(known for known, _ in self.parameters)
            raise InvalidInput(f"This {self.family} has no parameter {name!r}; it has {names}.")
        changed = tuple((known, value if known == name else old) for known, old in self.parameters)
        return replace(self, parameters=changed)


@dataclass(frozen=True, slots=True, eq=False)
class ParametricObject:
    """A design built: its mesh in the object frame (mm, z up, on z = 0, centred) and its OpenSCAD source."""

    mesh: TriangleMesh
    scad: str
    design: Design


Families = Mapping[str, Family]
