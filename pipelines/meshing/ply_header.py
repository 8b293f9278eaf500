"""The header of a PLY file: the tables that it declares."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.errors import Unreadable

Encoding = Literal["ascii", "<", ">"]
_ENCODINGS: dict[str, Encoding] = {"ascii": "ascii", "binary_little_endian": "<", "binary_big_endian": ">"}
_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_MAX_HEADER_BYTES = 65_536  # a 3DGS file of SH degree 3 has 62 properties in 1.5 kB
_END = re.compile(rb"(?:\r\n|\n|\r)[ \t]*end_header[ \t]*")


@dataclass(frozen=True, slots=True)
class Property:
    """One value per row, or a list of them preceded by its length."""

    name: str
    dtype: str
    length_dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """A table that the header declares."""

    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def lists(self) -> tuple[Property, ...]:
        """The properties that are lists."""
        return tuple(prop for prop in self.properties if prop.length_dtype is not None)

    @property
    def scalars(self) -> tuple[Property, ...]:
        """The properties that are one number."""
        return tuple(prop for prop in self.properties if prop.length_dtype is None)


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says it holds."""

    encoding: Encoding
    elements: tuple[Element, ...]
    body_start: int

    def element(self, name: str) -> Element | None:
        """The element of that name."""
        return next((element for element in self.elements if element.name == name), None)


def read_header(data: bytes) -> Header:
    """The header of a PLY file.

    Raises:
        Unreadable: not a PLY, or a header that is damaged.
    """
    end = _END.search(data[:_MAX_HEADER_BYTES])
    if not re.match(rb"ply[ \t]*[\r\n]", data) or end is None:
        raise Unreadable("The file is not a PLY: its header is missing or has no end.")
    encoding: Encoding | None = None
    elements: list[Element] = []
    for line in data[: end.start()].decode("latin-1").splitlines()[1:]:
        match line.split():
            case ["format", name, *_] if name in _ENCODINGS:
                encoding = _ENCODINGS[name]
            case ["element", name, count] if re.fullmatch(r"-?[0-9]{1,18}", count):
                elements.append(Element(name, int(count), ()))
            case ["property", "list", length, kind, name] if elements and length in _TYPES and kind in _TYPES:
                _add(elements, Property(name, _TYPES[kind], _TYPES[length]))
            case ["property", kind, name] if elements and kind in _TYPES:
                _add(elements, Property(name, _TYPES[kind]))
            case [] | ["comment" | "obj_info", *_]:
                pass
            case _:
                raise Unreadable(f"The PLY header has a line that says nothing known: {line[:60]!r}.")
    if encoding is None:
        raise Unreadable("The PLY header names no known encoding.")
    return Header(encoding, tuple(elements), _body_start(data, end.end()))


def _body_start(data: bytes, at: int) -> int:
    """Behind the header's last line, whose end looks as that of the first: a row may begin with a line feed."""
    first = re.search(rb"\r\n|\n|\r", data)
    ending = first[0] if first else b"\n"
    return at + len(ending) if data.startswith(ending, at) else at + 1


def _add(elements: list[Element], prop: Property) -> None:
    last = elements[-1]
    if any(prop.name == other.name for other in last.properties):
        raise Unreadable(f"The PLY header declares {prop.name[:40]!r} twice.")
    elements[-1] = Element(last.name, last.count, (*last.properties, prop))


def check_declared(header: Header, size: int) -> None:
    """Refuse, with Unreadable, more rows than the file's bytes can hold, before anything is allocated."""
    least = 0
    for element in header.elements:
        if element.count < 0:
            raise Unreadable(f"The PLY declares {element.count} rows of {element.name[:40]!r}.")
        row = sum(
            2 if header.encoding == "ascii" else np.dtype(prop.length_dtype or prop.dtype).itemsize
            for prop in element.properties
        )
        least += max(row, 1) * element.count
    if least > size - header.body_start + 1:
        rows = ", ".join(f"{element.count:,} of {element.name[:40]!r}" for element in header.elements[:5])
        raise Unreadable(f"The PLY declares more rows ({rows}) than its {size:,} bytes can hold.")
