"""A sheet on which a family is drawn: it collects variables, functions, conditions and modules.

Everything drawn refers to variables by name, so the finished sheet can be evaluated for any values of them and printed
as OpenSCAD that stays parametric.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pipelines.parametric.expressions import (
    Expression,
    Number,
    acos,
    ceil,
    function,
    larger,
    lift,
    smaller,
    variable,
)
from pipelines.parametric.lettering import Lettering
from pipelines.parametric.solids import Section, ShapeT, Solid, Source, named

# Bounds of the facets of one circle: below 16 a hole looks like a nut, above 256 slicers gain nothing.
_FEWEST_FACETS: Final = 16
_MOST_FACETS: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """`small` must stay below `large`."""

    small: Expression
    large: Expression
    why: str


@dataclass(slots=True)
class Sheet:
    """What sketches of one drawing share."""

    variables: list[tuple[str, Expression, str]] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)
    modules: dict[str, Section | Solid] = field(default_factory=dict)


class Sketch:
    """One part being drawn. Names are prefixed, so that a combination can hold two parts of the same family."""

    def __init__(
        self, features: frozenset[str] = frozenset(), lettering: Lettering | None = None, prefix: str = ""
    ) -> None:
        self.features = features
        self.lettering = lettering
        self.sheet = Sheet()
        self._prefix = prefix

    def part(self, prefix: str) -> "Sketch":
        """A sketch on the same sheet whose names begin with `prefix`."""
        child = Sketch(self.features, self.lettering, prefix)
        child.sheet = self.sheet
        return child

    def __getitem__(self, parameter: str) -> Expression:
        return variable(self._prefix + parameter)

    def let(self, name: str, formula: Number, comment: str = "") -> Expression:
        """A derived variable."""
        self.sheet.variables.append((self._prefix + name, lift(formula), comment))
        return variable(self._prefix + name)

    def function(self, name: str, argument: str, body: Callable[[Expression], Expression]) -> Callable[..., Expression]:
        """A function of one argument."""
        full, formula = self._prefix + name, body(variable(argument))
        self.sheet.functions[full] = f"function {full}({argument}) = {formula.source};"
        return function(full, (argument,), formula)

    def require(self, small: Number, large: Number, why: str) -> None:
        """Refuse values that do not keep `small` below `large`; `why` completes "otherwise ..."."""
        self.sheet.conditions.append(Condition(lift(small), lift(large), why))

    def module(self, name: str, shape: ShapeT) -> ShapeT:
        """The shape as a module of its own. It may use variables, but no loop index from outside."""
        full = self._prefix + name
        self.sheet.modules[full] = shape
        return named(full, shape)

    def facets(self, radius: Number) -> Expression:
        """Facets that keep a circle within `chord_error`: a multiple of 4, so that its width is exact."""
        r, chord_error = variable("radius"), variable("chord_error")
        # Sagitta of a chord: radius * (1 - cos(180 / n)) <= chord_error.
        wanted = 180 / acos(larger(1 - chord_error / r, 0.5))
        count = 4 * ceil(smaller(larger(wanted, _FEWEST_FACETS), _MOST_FACETS) / 4)
        self.sheet.functions["facets"] = f"function facets(radius) = {count.source};"
        return function("facets", ("radius",), count)(radius)

    def steps(self, radius: Number, degrees: Number) -> Expression:
        """Chords of an arc of so many degrees, as fine as the full circle would be."""
        return ceil(self.facets(radius) * degrees / 360)


def evaluate(sheet: Sheet, parameters: Mapping[str, float]) -> dict[str, Any]:
    """Values of all variables of the sheet."""
    scope: dict[str, Any] = dict(parameters)
    for name, formula, _ in sheet.variables:
        scope[name] = formula.value(scope)
    return scope


def broken(sheet: Sheet, scope: Mapping[str, Any]) -> Iterator[tuple[Condition, float, float]]:
    """Conditions that the values do not keep, with both numbers."""
    for condition in sheet.conditions:
        small, large = float(condition.small.value(scope)), float(condition.large.value(scope))
        if not small < large:
            yield condition, small, large


def print_sheet(header: Source, sheet: Sheet, solid: Solid, color: str) -> str:
    """The OpenSCAD source: parameters, functions, derived variables, conditions, modules, the object."""
    lines = [*header, ""]
    lines += [*sheet.functions.values(), ""] if sheet.functions else []
    for name, formula, comment in sheet.variables:
        lines.append(f"{name} = {formula.source};" + (f" // {comment}" if comment else ""))
    for condition in sheet.conditions:
        text = f"{condition.small.source} < {condition.large.source}"
        lines.append(f'assert({text}, "otherwise {condition.why}");')
    for name, shape in sheet.modules.items():
        lines += ["", f"module {name}() {{", *("  " + line for line in shape.source), "}"]
    first, *rest = solid.source
    lines += ["", f'color("{color}") scale(fit_scale) {first}', *rest]
    return "\n".join(lines) + "\n"
