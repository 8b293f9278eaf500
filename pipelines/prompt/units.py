"""Units of length: the words people use for them, and their size in millimetres by pint."""

from functools import cache
from typing import Any, Final

from pipelines.prompt.tokens import PhraseTable, phrases

# Definitions in pint's own notation, equal to those of its default registry (a test compares them). Reading that
# registry's thousand units takes 130 ms, these 3 ms, and a first prompt should not wait.
_DEFINITIONS: Final = (
    "millimeter = [length] = mm",
    "micrometer = 0.001 * millimeter = um",
    "centimeter = 10 * millimeter = cm",
    "decimeter = 100 * millimeter = dm",
    "meter = 1000 * millimeter = m",
    "kilometer = 1000000 * millimeter = km",
    "inch = 25.4 * millimeter = in",
    "foot = 12 * inch = ft",
    "yard = 3 * foot = yd",
)

_WORDS: Final = {
    "um": phrases("μm, micron, microns, micrometer, micrometers, micrometre, micrometres, micrometro, micrometros"),
    "mm": phrases(
        "mm, mms, millimeter, millimeters, millimetre, millimetres, milimeter, milimeters, milimetro, milimetros",
        "milimetre, milimetres, millimetro, millimetros",
    ),
    "cm": phrases(
        "cm, cms, centimeter, centimeters, centimetre, centimetres, centimetro, centimetros, sentimetro",
        "sentimetros, centimentro, centimentros",
    ),
    "dm": phrases("dm, decimeter, decimeters, decimetre, decimetres, decimetro, decimetros"),
    "m": phrases("m, mt, mts, meter, meters, metre, metres, metro, metros"),
    "km": phrases("km, kilometer, kilometers, kilometre, kilometres, quilometro, quilometros"),
    "in": phrases("in, inch, inches, inchs, pol, polegada, polegadas"),
    "ft": phrases("ft, foot, feet, pe, pes"),
    "yd": phrases("yd, yard, yards, jarda, jardas"),
}

UNITS: Final = PhraseTable.of((word, unit) for unit, words in _WORDS.items() for word in words)
# Units that "a" or "um" may count: "an inch", "meia polegada". Feet are also parts of a table.
SPELLED: Final = frozenset(word for unit, words in _WORDS.items() if unit != "ft" for word in words if len(word) > 3)

# What else a number may carry: it is then no length, no count and no quantity.
FOREIGN_UNITS: Final = frozenset(
    phrases(
        "kg, g, mg, gram, grams, grama, gramas, quilo, quilos, lb, lbs, oz, ounce, ounces, ml, l, cl, dl, liter",
        "liters, litre, litres, litro, litros, v, volt, volts, w, watt, watts, kw, hz, khz, mhz, ghz, kb, mb, gb",
        "amp, amps, mah, hp, rpm, psi, deg, degree, degrees, grau, graus, percent, sec, second, seconds",
        "segundo, segundos, min, minute, minutes, minuto, minutos, hour, hours, hora, horas, day, days, dia, dias",
        "week, weeks, semana, semanas, month, months, mes, meses, year, years, yr, ano, anos, times, vezes",
        "usd, eur, brl, dollars, dollar, reais, real, euros, euro, px, dpi, %, °, º, $, €, £",
    )
)
# These are units only where they touch the number: 3D, 2nd, 10h, 4K.
FOREIGN_SUFFIXES: Final = frozenset(phrases("st, nd, rd, th, d, a, c, f, s, h, k, am, pm"))
ANGLE_UNITS: Final = frozenset(phrases("deg, degree, degrees, grau, graus, °, º"))
CAPACITY_UNITS: Final = frozenset(
    phrases("ml, l, cl, dl, oz, ounce, ounces, liter, liters, litre, litres, litro, litros")
)


@cache
def _registry() -> Any:
    # Importing pint takes 100 ms: only a process that meets a length pays it.
    from pint import UnitRegistry  # noqa: PLC0415

    registry = UnitRegistry(None)
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry


@cache
def millimetres_per(unit: str) -> float:
    """How many millimetres one `unit` ("mm", "cm", "m", "in", "ft", ...) is.

    Source:
        pint, with the definitions above; the inch is 25.4 mm exactly since 1959.
    """
    return float(_registry().Quantity(1.0, unit).to("mm").magnitude)
