"""Arithmetic over named variables with two readings: a number in Python, a formula in OpenSCAD.

Every operation builds both readings at once, so a family is written once and its mesh and its OpenSCAD source cannot
disagree. Angles are degrees, as in OpenSCAD. This module does not know what a solid is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

Scope = Mapping[str, Any]
"""Values of the variables: floats, or arrays [n] where a loop index runs over all its values at once."""

# How tightly OpenSCAD binds, loosest first (user manual, "Operator precedence").
_COMPARISON: Final = 0
_SUM: Final = 1
_PRODUCT: Final = 2
_SIGN: Final = 3
_ATOM: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A formula: `source` is its OpenSCAD text, `value(scope)` its number (or array of numbers)."""

    source: str
    value: Callable[[Scope], Any]
    rank: int = _ATOM

    def __add__(self, other: "Number") -> "Expression":
        return _binary(self, "+", other, _SUM, np.add)

    def __radd__(self, other: "Number") -> "Expression":
        return lift(other) + self

    def __sub__(self, other: "Number") -> "Expression":
        return _binary(self, "-", other, _SUM, np.subtract)

    def __rsub__(self, other: "Number") -> "Expression":
        return lift(other) - self

    def __mul__(self, other: "Number") -> "Expression":
        return _binary(self, "*", other, _PRODUCT, np.multiply)

    def __rmul__(self, other: "Number") -> "Expression":
        return lift(other) * self

    def __truediv__(self, other: "Number") -> "Expression":
        return _binary(self, "/", other, _PRODUCT, np.divide)

    def __rtruediv__(self, other: "Number") -> "Expression":
        return lift(other) / self

    def __mod__(self, other: "Number") -> "Expression":
        return _binary(self, "%", other, _PRODUCT, np.mod)

    def __neg__(self) -> "Expression":
        return Expression(f"-{_wrap(self, _SIGN)}", lambda scope: -self.value(scope), _SIGN)

    def __lt__(self, other: "Number") -> "Expression":
        return _binary(self, "<", other, _COMPARISON, np.less)

    def __le__(self, other: "Number") -> "Expression":
        return _binary(self, "<=", other, _COMPARISON, np.less_equal)


Number = Expression | float


def lift(number: Number) -> Expression:
    """A plain number as an expression; an expression as it is."""
    if isinstance(number, Expression):
        return number
    constant = float(number)
    return Expression(f"{constant:.10g}", lambda _: constant, _ATOM if constant >= 0 else _SIGN)


def variable(name: str) -> Expression:
    """The variable called `name`."""
    return Expression(name, lambda scope: scope[name])


def _wrap(part: Expression, rank: int) -> str:
    return part.source if part.rank > rank else f"({part.source})"


def _binary(left: Expression, sign: str, right: Number, rank: int, compute: Callable[..., Any]) -> Expression:
    other = lift(right)
    if sign in "+-" and other.source == "0":
        return left  # keeps the printed source readable
    if sign == "+" and left.source == "0":
        return other
    # The left operand may share the rank: a - b - c reads from the left. Comparisons do not chain.
    first = _wrap(left, rank if rank == _COMPARISON else rank - 1)
    return Expression(
        f"{first} {sign} {_wrap(other, rank)}", lambda scope: compute(left.value(scope), other.value(scope)), rank
    )


def call(name: str, compute: Callable[..., Any], *arguments: Number) -> Expression:
    """`name(arguments)` in OpenSCAD, `compute(*arguments)` in Python."""
    lifted = [lift(argument) for argument in arguments]
    source = f"{name}({', '.join(argument.source for argument in lifted)})"
    return Expression(source, lambda scope: compute(*(argument.value(scope) for argument in lifted)))


def _exact(compute: Callable[..., Any], degrees: Any) -> Any:
    """Sine or cosine of degrees, exactly 0 and +-1 at quarter turns as in OpenSCAD: profiles must meet their axis."""
    quarters = np.asarray(degrees) / 90.0
    angle = np.deg2rad(degrees)
    return np.where(quarters == np.round(quarters), np.round(compute(angle)), compute(angle))[()]


def sin(degrees: Number) -> Expression:
    """Sine of an angle in degrees."""
    return call("sin", lambda angle: _exact(np.sin, angle), degrees)


def cos(degrees: Number) -> Expression:
    """Cosine of an angle in degrees."""
    return call("cos", lambda angle: _exact(np.cos, angle), degrees)


def tan(degrees: Number) -> Expression:
    """Tangent of an angle in degrees."""
    return call("tan", lambda angle: np.tan(np.deg2rad(angle)), degrees)


def acos(ratio: Number) -> Expression:
    """Angle in degrees whose cosine is `ratio`."""
    return call("acos", lambda x: np.rad2deg(np.arccos(x)), ratio)


def atan2(y: Number, x: Number) -> Expression:
    """Angle in degrees of the direction (x, y)."""
    return call("atan2", lambda rise, run: np.rad2deg(np.arctan2(rise, run)), y, x)


def sqrt(square: Number) -> Expression:
    """Square root."""
    return call("sqrt", np.sqrt, square)


def smaller(first: Number, second: Number) -> Expression:
    """The smaller of two."""
    return call("min", np.minimum, first, second)


def larger(first: Number, second: Number) -> Expression:
    """The larger of two."""
    return call("max", np.maximum, first, second)


def ceil(number: Number) -> Expression:
    """Next whole number above."""
    return call("ceil", np.ceil, number)


def floor(number: Number) -> Expression:
    """Whole number below."""
    return call("floor", np.floor, number)


def either(condition: Expression, yes: Number, no: Number) -> Expression:
    """`yes` where the condition holds, else `no`. Both are evaluated: neither may be undefined."""
    first, second = lift(yes), lift(no)
    return Expression(
        f"({condition.source} ? {first.source} : {second.source})",
        lambda scope: np.where(condition.value(scope), first.value(scope), second.value(scope))[()],
    )


def function(name: str, arguments: tuple[str, ...], body: Expression) -> Callable[..., Expression]:
    """A caller of the OpenSCAD function `name`; its Python reading binds the arguments in a scope of their own."""

    def invoke(*values: Number) -> Expression:
        given = [lift(value) for value in values]

        def evaluate(scope: Scope) -> Any:
            bound = dict(zip(arguments, (value.value(scope) for value in given), strict=True))
            return body.value({**scope, **bound})

        return Expression(f"{name}({', '.join(value.source for value in given)})", evaluate)

    return invoke


def highest(index: str, last: int, make: Callable[[Expression], Expression]) -> Expression:
    """The largest of `make(i)` for i = 0 ... last."""
    return _chosen("max", np.max, index, last, make)


def lowest(index: str, last: int, make: Callable[[Expression], Expression]) -> Expression:
    """The smallest of `make(i)` for i = 0 ... last."""
    return _chosen("min", np.min, index, last, make)


def _chosen(
    name: str, choose: Callable[..., Any], index: str, last: int, make: Callable[[Expression], Expression]
) -> Expression:
    body, running = make(variable(index)), np.arange(last + 1, dtype=np.float64)
    return Expression(
        f"{name}([for ({index} = [0 : {last}]) {body.source}])",
        lambda scope: choose(body.value({**scope, index: running})),
    )
