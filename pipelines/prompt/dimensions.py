"""Lengths get their names: which axis or part of the object each one measures."""

import math
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from pipelines.prompt.clauses import Clauses
from pipelines.prompt.lengths import Amount, Measure, Numbers
from pipelines.prompt.nouns import is_plain_word
from pipelines.prompt.part_names import Named, resolve
from pipelines.prompt.problems import problem
from pipelines.prompt.subject import Subject
from pipelines.prompt.tokens import Match, Reading, phrases
from pipelines.prompt.types import Dimension, DimensionName, Problem
from pipelines.prompt.units import millimetres_per
from pipelines.prompt.vocabulary_families import ENGLISH, PORTUGUESE
from pipelines.prompt.vocabulary_grammar import (
    ADJECTIVES,
    CONNECTIVES,
    CONTAINERS,
    DETERMINERS,
    PREAMBLE,
    PREPOSITIONS,
    VERBS,
)
from pipelines.prompt.vocabulary_lengths import AXES, COUNTED, PARTS, Axis, PartName
from pipelines.prompt.vocabulary_style import COLORS, MATERIALS

# Words between a name and its number: "height of about 12 cm", "altura: até 12 cm".
_FILLERS: Final = frozenset(
    phrases(
        "of, is, are, =, :, ~, ≈, about, approximately, approx, around, roughly, exactly, be, equal, to, with, at",
        "most, least, up, than, more, less, no, max, min, maximum, minimum, a, an, the, should, must",
        "measuring, measures",
        "have, has, (, -, that, which, from, de, com, cerca, aproximadamente, aprox, deve, ser, seja, sera, igual, um",
        "uma, o, ate, maximo, minimo, tem, medindo, mede, e, em, torno, que",
    )
)
_LOOSE_ADJECTIVES: Final = frozenset(
    phrases(
        "central, center, centre, through, round, rounded, outer, inner, thick, wide, passante, vertical, single, only",
        "mounting, screw",
    )
)
_INTERNAL: Final = frozenset(phrases("internal, inside, interior, inner, interno, interna, internos, internas"))
_EXTENTS: Final = frozenset(
    phrases("dimensions, dimension, size, measurements, space, dimensoes, medidas, medida, tamanho, espaco")
)
# What AxBxC says of parts that catalogues list by diameters; anything else is width, depth and height.
_PRODUCTS: Final[Mapping[str, tuple[DimensionName, ...]]] = {
    "washer": ("diameter", "inner_diameter", "thickness"),
    "spacer": ("diameter", "inner_diameter", "height"),
}
# What AxB says of things that have no front and depth of their own.
_PAIRS: Final[Mapping[str, tuple[DimensionName, ...]]] = {
    "bracket": ("height", "depth"),
    "cylinder": ("diameter", "height"),
    "cone": ("diameter", "height"),
}
_REACH: Final = 6  # fillers stepped over at most
_LETTERS: Final = {
    "en": {"l": "length", "w": "width", "d": "depth", "h": "height"},
    "pt": {"c": "length", "l": "width", "p": "depth", "a": "height"},
}
_LETTER_ROW: Final = re.compile(r"\b[a-z](?: ?x ?[a-z]){1,2}\b")
_LEAST_MM: Final = 0.05  # an eighth of a common 0.4 mm nozzle line; resin pixels are 0.02 to 0.05 mm


@dataclass(slots=True)
class Lengths:
    """Named lengths, what is wrong with them, and the measures that were used up (first tokens)."""

    dimensions: list[Dimension] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    hole_counts: list[Amount] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Words:
    """Axis and part phrases of a prompt by where they begin and end."""

    axis_from: Mapping[int, Match[Axis]]
    axis_to: Mapping[int, Match[Axis]]
    part_from: Mapping[int, Match[PartName]]
    part_to: Mapping[int, Match[PartName]]


@dataclass(frozen=True, slots=True)
class _Group:
    """A measure with the axis words that belong to it: tokens `start .. end - 1`."""

    measure: Measure
    axes: tuple[Match[Axis], ...]
    start: int
    end: int


def name_lengths(reading: Reading, numbers: Numbers, subject: Subject, clauses: Clauses) -> Lengths:
    """Every length of the prompt with its name; lengths of other things ("for 30 cm flowers") are left out."""
    namer = _Namer(reading, numbers, subject, clauses)
    for measure in numbers.measures:
        namer.name(measure)
    return namer.lengths


class _Namer:
    """Names measures from left to right; an axis word is used once."""

    def __init__(self, reading: Reading, numbers: Numbers, subject: Subject, clauses: Clauses) -> None:
        self._reading = reading
        self._subject = subject
        self._clauses = clauses
        # Bare numbers that count something are no extents: "40 mm diameter 20 teeth".
        self._measured = {
            measure.start
            for measure in numbers.measures
            if measure.amounts[0].unit or COUNTED.match(reading, measure.end) is None
        }
        axes = [m for m in AXES.matches(reading) if not self._is_stray_letter(m)]
        parts = PARTS.matches(reading)
        self._words = _Words(
            {m.start: m for m in axes}, {m.end: m for m in axes}, {m.start: m for m in parts}, {m.end: m for m in parts}
        )
        united = [(m.start, a.unit) for m in numbers.measures for a in m.amounts if a.unit]
        self._unit_starts = [start for start, _ in united]
        self._units = [unit for _, unit in united]
        self._used_axes: set[int] = set()
        self._hole_end = -1  # the token after the last length of a hole
        self.lengths = Lengths()

    def _is_stray_letter(self, axis: Match[Axis]) -> bool:
        """`r`, `d`, `l` and `m` are names only in "r=10"."""
        is_letter = self._reading.text_at(axis.start) in ("r", "d", "l", "m") and axis.end == axis.start + 1
        return is_letter and self._reading.text_at(axis.end) not in ("=", ":")

    def name(self, measure: Measure) -> None:
        group = self._group(measure)
        is_bare = all(amount.unit is None for amount in measure.amounts)
        if is_bare and not self._is_length(group):
            return
        self._used_axes.update(axis.start for axis in group.axes)
        self.lengths.used.add(measure.start)
        if any(axis.value.name == "print_setting" for axis in group.axes):
            return
        self._tell_internal(group)
        part = self._part(group)
        is_plain = self._clauses.kind(group.start) is None and self._is_followed_by_thing(group)
        if self._belongs_elsewhere(group, part):
            if is_plain:
                self._tell("feature.unsupported", group.start, group.end + 1)  # "a vase 20 cm zebra"
            elif self._clauses.is_adding(group.start):
                self._tell("feature.unsupported", group.start, group.end)  # "with a dragon of 3 cm"
            return
        if is_plain:
            self._tell("feature.unsupported", group.end, group.end + 1)  # "a vase 20 cm tall zebra"
        if len(measure.amounts) > 1:
            self._name_product(group, part)
        else:
            self._name_single(group, part)

    def _tell_internal(self, group: _Group) -> None:
        """Inner extents other than diameters have no name: "internal dimensions 5 x 3 cm" is told."""
        index = group.start - 1
        while self._is_filler(index) or self._reading.text_at(index) in _EXTENTS:
            index -= 1
        is_used = index in self._used_axes or self._family == "ring"  # "10 mm interno 2 mm"; rings are measured inside
        if self._reading.text_at(index) in _INTERNAL and index >= self._subject.end and not is_used:
            self._tell("feature.unsupported", index, group.start if group.start > index + 1 else group.end)

    # --- which axis words belong to a measure -------------------------------------------------------------------------

    def _group(self, measure: Measure) -> _Group:
        left = self._left_axis(measure.start)
        if left is not None and not left.value.is_adjective:
            axes = (*self._joined_before(left), left)
            return _Group(measure, axes, axes[0].start, measure.end)
        right = self._right_axis(measure.end)
        if right is not None:
            axes = (right, *self._joined_after(right))
            return _Group(measure, axes, measure.start, axes[-1].end)
        return _Group(measure, (), measure.start, measure.end)

    def _left_axis(self, index: int) -> Match[Axis] | None:
        for _ in range(_REACH):
            match = self._words.axis_to.get(index)
            if match is not None:
                return None if match.start in self._used_axes else match
            if not self._is_filler(index - 1):
                return None
            index -= 1
        return None

    def _is_filler(self, index: int) -> bool:
        """Whether the word only links a name with its number; of "é" and "e" only the verb does."""
        text = self._reading.text_at(index)
        return text in _FILLERS and (text != "e" or self._reading.written(index, index + 1) in ("é", "É"))

    def _right_axis(self, index: int) -> Match[Axis] | None:
        if self._reading.text_at(index) in ("in", "de", "of", "no", "na", "em", "-", "×"):
            index += 1
        match = self._words.axis_from.get(index)
        if match is None or match.start in self._used_axes:
            return None
        # "12 cm wall 2 mm": a name that has its own number after it is that number's.
        named_next = not match.value.is_adjective and self._number_follows(match.end)
        return None if named_next and not self._is_chained(match.end) else match

    def _is_chained(self, index: int) -> bool:
        """In "12 cm height 8 cm width" each name follows its number: the next number has a name of its own."""
        while index not in self._measured and self._is_filler(index):
            index += 1
        ends = [index + step for step in (1, 2, 3)]
        return any(end in self._words.axis_from or self._reading.text_at(end) == "de" for end in ends)

    def _number_follows(self, index: int) -> bool:
        for _ in range(3):
            if index in self._measured:
                return True
            if not self._is_filler(index):
                return False
            index += 1
        return False

    def _joined_before(self, axis: Match[Axis]) -> tuple[Match[Axis], ...]:
        """`width and height of 12 cm`."""
        if self._reading.text_at(axis.start - 1) not in ("and", "e", "&", "/"):
            return ()
        other = self._words.axis_to.get(axis.start - 1)
        if other is None or other.value.is_adjective or other.start in self._used_axes:
            return ()
        return (other,)

    def _joined_after(self, axis: Match[Axis]) -> tuple[Match[Axis], ...]:
        """`10 cm wide and deep`, `10 cm de largura e altura`, unless the second has a number of its own."""
        if self._reading.text_at(axis.end) not in ("and", "e", "&", "/"):
            return ()
        other = self._words.axis_from.get(axis.end + 1)
        return () if other is None or self._number_follows(other.end) else (other,)

    def _is_length(self, group: _Group) -> bool:
        """Whether a bare number is a length: it has an axis, or it is a row of three, or of two that are no counts."""
        values = [amount.value for amount in group.measure.amounts]
        if len(values) > 1:
            return not math.isnan(sum(values)) and (len(values) == 3 or max(values) >= 10) and not self._is_grid(group)
        if not group.axes:
            before = self._words.part_to.get(group.start)
            return before is not None and before.value == "wall"  # "wall 3 height 30 mm"
        if group.axes[0].value.name == "print_setting":
            return True
        follows = self._reading.at(group.end)
        if group.end == group.measure.end:  # "height 120", not "size 10 shoes" or "diameter 2 times"
            if group.axes[0].value.name != "size" and self._describes(group.end):
                return True  # "módulo 1,5 furo de 5 mm", "height 120 red"
            return (
                follows.kind != "word" or follows.text in _NOT_NOUNS or self._words.axis_from.get(group.end) is not None
            )
        return not (group.axes[0].value.is_adjective and self._is_noun(group.end))  # "3 long legs"

    def _describes(self, index: int) -> bool:
        """Whether a part, a colour, a material or a quality of the object is named here."""
        if self._reading.text_at(index) in ADJECTIVES:
            return True
        tables = (COLORS, MATERIALS)
        return index in self._words.part_from or any(table.match(self._reading, index) for table in tables)

    def _is_grid(self, group: _Group) -> bool:
        return self._reading.text_at(group.end) in (
            "grid",
            "matrix",
            "cells",
            "compartments",
            "compartimentos",
            "stud",
            "studs",
        )

    # --- which part it measures ---------------------------------------------------------------------------------------

    def _part(self, group: _Group) -> PartName | None:
        return self._part_after(group) or self._part_before(group)

    def _part_after(self, group: _Group) -> PartName | None:
        """`10 mm hole`, `2 mm thick walls`, `6 cm na base`, `10 cm wide at the top`."""
        where = group.end
        if self._reading.text_at(where) in ("na", "no", "at", "in", "de"):
            where += 1 + (self._reading.text_at(where + 1) in ("the", "its"))
            match = self._words.part_from.get(where)
            if match is not None and match.value in ("top", "base"):
                return match.value
        if self._reading.language == "pt":
            return None
        index = group.end
        for _ in range(3):
            match = self._words.part_from.get(index)
            if match is not None and match.start not in self._used_axes:
                axis_with_number = index in self._words.axis_from and self._number_follows(
                    self._words.axis_from[index].end
                )
                own = match.value != "hole" and match.end in self._measured and self._is_unnamed(match.end)
                return None if own or axis_with_number else match.value
            if self._reading.text_at(index) not in _LOOSE_ADJECTIVES | {"-", "diameter", "in"}:
                return None
            index += 1
        return None

    def _is_unnamed(self, index: int) -> bool:
        """Whether the measure at `index` has no extent after it, or a thickness: then a part before it is its own."""
        for end in range(index + 1, index + 5):
            match = self._words.axis_from.get(end)
            if match is not None:
                return match.value.name == "thickness"
        return True

    def _part_before(self, group: _Group) -> PartName | None:
        """`hole of 10 mm`, `furo central com 8 mm de diâmetro`, `walls 2 mm thick`."""
        index = group.start
        for _ in range(_REACH):
            match = self._words.part_to.get(index)
            if match is not None:
                return None if self._in_subject(match.start) else match.value
            if not self._is_filler(index - 1) and self._reading.text_at(index - 1) not in _LOOSE_ADJECTIVES:
                return None
            index -= 1
        return None

    def _in_subject(self, index: int) -> bool:
        """Whether the token is one of the words that name the object: the cap of "bottle cap" is no part."""
        noun = self._subject.noun
        return noun is not None and noun.head_start <= index < self._subject.end

    def _belongs_elsewhere(self, group: _Group, part: PartName | None) -> bool:
        """Whether the length describes another thing: "for 30 cm flowers", "with a dragon of 3 cm"."""
        noun = self._subject.noun
        if part is not None or noun is None or group.start < noun.head_end:
            return False
        if self._reading.language == "en" and self._is_noun(group.end) and not self._is_whole_extent(group):
            return True
        if any(solid.start <= group.start < solid.end for solid in self._subject.solids):
            return False
        return self._clauses.is_adding(group.start) and self._follows_unknown(group.start)

    def _is_whole_extent(self, group: _Group) -> bool:
        """Whether a word after the length cannot take it away: "80x60x40 mm walnut", "chair 9 cm tall walnut"."""
        is_product = len(group.measure.amounts) == 3
        return is_product or (bool(group.axes) and self._clauses.kind(group.start) is None)

    def _is_followed_by_thing(self, group: _Group) -> bool:
        """Whether a word that no table knows follows the length, once the object is named."""
        noun = self._subject.noun
        is_named = noun is not None and bool(noun.family) and group.start >= self._subject.end
        return is_named and self._reading.language == "en" and is_plain_word(self._reading, group.end)

    def _is_noun(self, index: int) -> bool:
        """Whether a thing is named here, adjectives before it included."""
        while self._reading.text_at(index) in ADJECTIVES and index not in self._words.axis_from:
            index += 1
        token = self._reading.at(index)
        if token.kind != "word" or token.text in _NOT_NOUNS or index in self._words.axis_from:
            return False
        if any(solid.head_start == index for solid in self._subject.solids):
            return False
        return COLORS.match(self._reading, index) is None and MATERIALS.match(self._reading, index) is None

    def _follows_unknown(self, index: int) -> bool:
        for _ in range(_REACH):
            index -= 1
            if not self._is_filler(index):
                return index >= self._subject.end and self._is_other_thing(index)
        return False

    def _is_other_thing(self, index: int) -> bool:
        match = ENGLISH.match(self._reading, index) or PORTUGUESE.match(self._reading, index)
        return is_plain_word(self._reading, index) and (match is None or match.value.family != self._family)

    # --- what it is called --------------------------------------------------------------------------------------------

    def _name_single(self, group: _Group, part: PartName | None) -> None:
        amount = group.measure.amounts[0]
        for axis in group.axes or (None,):
            axis_name = None if axis is None else axis.value.name
            if axis_name == "depth" and part in (None, "hole") and self._hole_end in (group.start, group.start - 1):
                part = "hole"  # "a 10 mm hole 5 mm deep"
            named = resolve(axis_name, part, self._family)
            if named is None:
                self._tell("feature.unsupported", group.start, group.end)
                return
            if axis_name == "size" and amount.unit is None and self._family == "ring":
                self._tell("feature.unsupported", group.start, group.end)  # a ring size is no length
                return
            self._keep(named, amount, group.start, group.end)
        if part == "hole":
            self._hole_end = self._after_part(group.end)

    def _after_part(self, index: int) -> int:
        match = self._words.part_from.get(index)
        return index if match is None else match.end

    @property
    def _family(self) -> str:
        return "" if self._subject.noun is None else self._subject.noun.family

    def _name_product(self, group: _Group, part: PartName | None) -> None:
        amounts = group.measure.amounts
        if part == "hole" and amounts[0].unit == amounts[-1].unit and len(amounts) == 2:
            self.lengths.hole_counts.append(amounts[0])  # "4 x 5 mm holes"
            self._keep(Named("hole_diameter"), amounts[1], amounts[1].start, amounts[1].end)
            return
        is_bare = any(amount.unit is None for amount in amounts) and not self._units
        if is_bare:
            self._tell("dimension.ambiguous_unit", group.measure.start, group.measure.end)
        for name, amount in zip(self._product_names(group), amounts, strict=False):
            self._keep(Named(name), replace(amount, unit="mm") if is_bare else amount, amount.start, amount.end)

    def _product_names(self, group: _Group) -> tuple[DimensionName, ...]:
        if group.axes and group.axes[0].value.name in ("diameter", "inner_diameter"):
            extent: DimensionName = "length" if self._family == "bolt" else "height"
            return ("diameter", extent)
        values = [amount.value for amount in group.measure.amounts]
        if len(values) == 2 and self._family in _PAIRS:
            return _PAIRS[self._family]
        if self._family == "bracket" and len(values) == 3 and values[0] == values[1] > values[2]:
            return self._lettered(group) or ("height", "depth", "width")  # a profile of equal legs: leg x leg x length
        return self._lettered(group) or _PRODUCTS.get(self._family, ("width", "depth", "height"))

    def _lettered(self, group: _Group) -> tuple[DimensionName, ...]:
        """`40x30x20 mm (LxWxH)`, `C x L x A: 40 x 30 x 20 cm`."""
        measure = group.measure
        window = [*range(measure.start - 8, measure.start), *range(measure.end, measure.end + 7)]
        joined = " ".join(self._reading.text_at(index) for index in window)
        letters = _LETTERS[self._reading.language]
        for row in _LETTER_ROW.findall(joined):
            names = [letters.get(letter) for letter in row.replace(" ", "").split("x")]
            if len(names) == len(measure.amounts) and None not in names and len(set(names)) == len(names):
                return tuple(names)  # type: ignore[arg-type]
        return ()

    def _keep(self, named: Named, amount: Amount, start: int, end: int) -> None:
        """One length, or what is wrong with it."""
        unit = amount.unit
        if unit is None:
            unit = self._carried_unit(named.name, start)
            if unit is None and not math.isnan(amount.value):
                self._tell("dimension.ambiguous_unit", start, end)
        unit = unit or "mm"
        value_mm = amount.value * millimetres_per(unit) * (2.0 if named.doubled else 1.0)
        code = _impossible(value_mm)
        if code:
            self._tell(code, start, end)
            return
        self.lengths.dimensions.append(Dimension(named.name, value_mm, unit, self._reading.span(start, end)))

    def _carried_unit(self, name: DimensionName, start: int) -> str | None:
        """A bare number has the unit of the length before it, or of the next one; module and pitch are always mm."""
        if name in ("module", "pitch"):
            return "mm"
        if not self._units:
            return None
        before = bisect_right(self._unit_starts, start) - 1
        return self._units[max(before, 0)]

    def _tell(self, code: str, start: int, end: int) -> None:
        span = self._reading.span(start, end)
        self.lengths.problems.append(problem(code, self._reading.language, self._reading.folded.text, span))


_NOT_NOUNS: Final = (
    PREPOSITIONS
    | VERBS
    | CONNECTIVES
    | DETERMINERS
    | CONTAINERS
    | (PREAMBLE - {"d", "s"})  # "D-shaft"
    | frozenset({"x", "please", "thanks", "obrigado"})
)


def _impossible(value_mm: float) -> str:
    if not math.isfinite(value_mm):
        return "dimension.not_finite"
    if value_mm <= 0.0:
        return "dimension.not_positive"
    return "dimension.too_small" if value_mm < _LEAST_MM else ""
