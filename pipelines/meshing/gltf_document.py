"""The container of glTF 2.0: its JSON document, its buffers, and the numbers in them.

Only what the file itself carries is read: a buffer or picture that lives elsewhere is refused, never fetched.
"""

import base64
import binascii
import json
import struct
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import TooLarge, Unreadable

_MAX_COUNT: Final = 2**40  # of rows, which no memory holds; what is read of them is counted elsewhere
# Scenes of CAD programs have some 100,000; each takes about 100 bytes, be it written in two.
_MAX_VALUES: Final = 4_000_000
_KINDS: Final = {5120: "i1", 5121: "u1", 5122: "i2", 5123: "u2", 5125: "u4", 5126: "f4"}
_WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
# Without these in hand the geometry cannot be found, so they are refused even where the file calls them optional.
_COMPRESSED: Final = {
    "KHR_draco_mesh_compression": "Draco",
    "EXT_meshopt_compression": "meshopt",
    "KHR_meshopt_compression": "meshopt",
}
# Extensions that may be required of a reader and are read, or change only what a print does not show.
_READ: Final = {
    "KHR_mesh_quantization", "KHR_texture_transform", "KHR_texture_basisu", "EXT_texture_webp", "EXT_texture_avif",
    "EXT_mesh_gpu_instancing", "KHR_lights_punctual", "KHR_node_visibility", "KHR_animation_pointer",
}  # fmt: skip


def open_gltf(data: bytes) -> "Document":
    """The document of a .glb or a .gltf.

    Raises:
        Unreadable: neither, damaged, of version 1, or in need of an extension that is not read.
        TooLarge: a document of more values than are accepted.
    """
    document = Document(*_chunks(data)) if data[:4] == b"glTF" else Document(_parse_json(data), None)
    version = str(document.json["asset"].get("version", ""))
    if not version.startswith("2"):
        raise Unreadable(f"The glTF is of version {version[:10]!r}; only 2 is read: export it again.")
    _check_extensions(document.json)
    return document


def _chunks(data: bytes) -> tuple[dict[str, Any], memoryview | None]:
    if len(data) < 20:
        raise Unreadable("The GLB ends within its header.")
    version, _, length, kind = struct.unpack_from("<III4s", data, 4)
    if version != 2:
        raise Unreadable(f"The GLB is of version {version}; only 2 is read: export it again.")
    if kind != b"JSON" or 20 + length > len(data):
        raise Unreadable("The GLB does not hold the document that it declares.")
    binary, at = None, 20 + length
    if at + 8 <= len(data):
        size, kind = struct.unpack_from("<I4s", data, at)
        if kind == b"BIN\0":
            if at + 8 + size > len(data):
                raise Unreadable("The GLB does not hold the buffer that it declares.")
            binary = memoryview(data)[at + 8 : at + 8 + size]
    return _parse_json(data[20 : 20 + length]), binary


def _parse_json(text: bytes) -> dict[str, Any]:
    values = text.count(b",") + text.count(b"[") + text.count(b"{")
    if values > _MAX_VALUES:
        raise TooLarge(f"The glTF's document holds {values:,} values; at most {_MAX_VALUES:,} are accepted.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The file is not a glTF: its document is not JSON.") from error
    if not isinstance(document, dict) or not isinstance(document.get("asset"), dict):
        raise Unreadable("The file is not a glTF: it has no asset header.")
    return document


def _check_extensions(document: dict[str, Any]) -> None:
    required = {str(name) for name in document.get("extensionsRequired", [])}
    for name in sorted(required & set(_COMPRESSED)):
        raise Unreadable(f"The glTF is compressed with {_COMPRESSED[name]} ({name}): export it without compression.")
    if unknown := sorted(name[:40] for name in required - _READ if not name.startswith("KHR_materials_")):
        raise Unreadable(f"The glTF needs {', '.join(unknown[:5])}, which is not read here: export it without.")


def at(rows: Any, index: Any) -> Any:
    """Row `index` of a JSON list. Raises Unreadable where there is none: -1 is not the last one here."""
    if not isinstance(rows, list) or not isinstance(index, int) or not 0 <= index < len(rows):
        raise Unreadable("The glTF is damaged: it names a part that it does not hold.")
    return rows[index]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """The JSON as it stands in the file, and its buffers."""

    json: dict[str, Any]
    binary: memoryview | None  # the buffer that a .glb carries behind its document
    buffers: dict[int, memoryview] = field(default_factory=dict)  # decoded so far

    def named(self, table: str, index: Any) -> Any:
        """Row `index` of a table of the document. Raises Unreadable where there is none."""
        return at(self.json.get(table), index)

    def view(self, index: Any) -> memoryview:
        """The bytes of a buffer view. Raises Unreadable where its buffer is shorter, or lies elsewhere."""
        spec = self.named("bufferViews", index)
        if any(name in spec.get("extensions", {}) for name in _COMPRESSED):
            raise Unreadable("The glTF is compressed with meshopt: export it without compression.")
        raw = self._buffer(spec["buffer"])
        start, length = int(spec.get("byteOffset", 0)), int(spec["byteLength"])
        if start < 0 or length < 0 or start + length > len(raw):
            raise Unreadable("The glTF is damaged: a buffer view reaches past its buffer.")
        return raw[start : start + length]

    def _buffer(self, index: Any) -> memoryview:
        spec = self.named("buffers", index)
        if index not in self.buffers:
            if "uri" in spec:
                self.buffers[index] = memoryview(inline(spec["uri"]))
            elif self.binary is not None:
                self.buffers[index] = self.binary
            else:
                raise Unreadable("The glTF is damaged: a buffer has no content.")
        return self.buffers[index]

    def column(self, index: Any) -> "Column":
        """The numbers of an accessor, not yet read. Raises Unreadable where its layout cannot be."""
        spec = self.named("accessors", index)
        kind, width, count = np.dtype("<" + _KINDS[spec["componentType"]]), _WIDTHS[spec["type"]], int(spec["count"])
        if not 0 < count < _MAX_COUNT:
            raise Unreadable("The glTF is damaged: an accessor of no values, or of more than any file holds.")
        base = None
        if "bufferView" in spec:
            stride = int(self.named("bufferViews", spec["bufferView"]).get("byteStride", kind.itemsize * width))
            base = _rows(self.view(spec["bufferView"]), int(spec.get("byteOffset", 0)), (count, width), kind, stride)
        places = values = None
        if "sparse" in spec:
            places, values = self._sparse(spec["sparse"], kind, width, count)
        return Column(count, width, kind, bool(spec.get("normalized")), base, places, values)

    def _sparse(
        self, spec: dict[str, Any], kind: np.dtype[Any], width: int, count: int
    ) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Rows that replace others: where, rising, and what."""
        number, where, what = int(spec["count"]), spec["indices"], spec["values"]
        place = np.dtype("<" + _KINDS[where["componentType"]])
        if not 0 < number <= count or place.kind != "u":
            raise Unreadable("The glTF is damaged: a sparse accessor has an impossible layout.")
        start = int(where.get("byteOffset", 0))
        places = _rows(self.view(where["bufferView"]), start, (number, 1), place, place.itemsize)[:, 0].astype(np.int64)
        if places[-1] >= count or (np.diff(places) <= 0).any():
            raise Unreadable("The glTF is damaged: a sparse accessor names rows that cannot be.")
        start = int(what.get("byteOffset", 0))
        return places, _rows(self.view(what["bufferView"]), start, (number, width), kind, kind.itemsize * width)


def _rows(raw: memoryview, start: int, shape: tuple[int, int], kind: np.dtype[Any], stride: int) -> NDArray[Any]:
    """A look [count, width] at the bytes, without a copy."""
    count, width = shape
    if start < 0 or stride < kind.itemsize * width:
        raise Unreadable("The glTF is damaged: an accessor has an impossible layout.")
    if start + stride * (count - 1) + kind.itemsize * width > len(raw):
        raise Unreadable(f"The glTF declares {count:,} values where its buffer holds fewer.")
    return np.ndarray(shape, kind, raw, start, (stride, kind.itemsize))


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Numbers of an accessor, read when they are taken: many parts may share few of them, or few share many."""

    count: int
    width: int
    kind: np.dtype[Any]
    is_normalized: bool
    base: NDArray[Any] | None  # [count, width], None for zeros
    places: NDArray[np.int64] | None  # [S] rising rows of the sparse ones
    values: NDArray[Any] | None  # [S, width]

    def take(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """The rows as the file has them, [len(rows), width]."""
        taken = np.zeros((len(rows), self.width), self.kind) if self.base is None else self.base[rows]
        if self.places is not None and self.values is not None:
            nearest = np.minimum(np.searchsorted(self.places, rows), len(self.places) - 1)
            replaced = self.places[nearest] == rows
            taken[replaced] = self.values[nearest[replaced]]
        return taken

    def numbers(self, rows: NDArray[np.int64], *, fraction: bool = False) -> NDArray[np.float64]:
        """The rows as numbers; integers that are marked so, or that can be nothing else, as parts of their range."""
        taken = self.take(rows).astype(np.float64)
        if self.kind.kind != "f" and (self.is_normalized or fraction):
            return np.maximum(taken / np.iinfo(self.kind).max, -1.0)
        return taken

    def indices(self) -> NDArray[np.int64]:
        """All of it as rows of another accessor, [count]."""
        if self.kind.kind == "f" or self.width != 1:
            raise Unreadable("The glTF is damaged: its faces are not numbered by integers.")
        return self.take(np.arange(self.count))[:, 0].astype(np.int64)


def inline(uri: Any) -> bytes:
    """The bytes that a data URI carries. Raises Unreadable for any other address: nothing is fetched."""
    head, comma, body = str(uri).partition(",")
    if not (head.startswith("data:") and comma):
        raise Unreadable("The glTF refers to another file; only files that carry everything inside are read: use .glb.")
    if not head.endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("The glTF carries a buffer that is not base64.") from error
