"""Damage to files: to their bytes, and to the JSON, XML, zip and gzip inside. Everything follows from a seed."""

import copy
import gzip
import io
import json
import random
import re
import struct
import zipfile
import zlib
from typing import Any

_ODD_BYTES = (
    b"", b"\0", b"\xff" * 4, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\x80", b"\0\0\xc0\x7f",
    b"\0\0\x80\x7f", b"\x01\0\0\0", b"\0\0\0\x01", b"\n", b" ",
)  # fmt: skip
_ODD_WORDS = (
    "-1", "0", "1", "2", "3", "255", "256", "65535", "2147483647", "4294967296", "99999999999999999999", "1e308",
    "-1e39", "1e-320", "nan", "inf", "-inf", "", "x", "0x10", "1_0", "1,5", "１", "9" * 400, "true", "null", "-0.0",
)  # fmt: skip
_ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2, 7, 255, 5120, 5126, 2**31, 2**63, 10**30, -1e308, 1e308, 0.5, float("nan"), "", "x",
    "VEC3", "MAT4", "SCALAR", [], {}, [0], [0, 0, 0], [1e200] * 16, {"0": 0}, "data:,", "file:///etc/passwd",
    "../x.bin",
)  # fmt: skip
_WORD = re.compile(rb"[^\s<>\"/]+")


def mutated(data: bytes, rng: random.Random, other: bytes = b"") -> bytes:
    """The file with one to four wounds; `other` is a file that pieces are taken from."""
    inside = _inside(data, rng, other) if rng.random() < 0.6 else None
    if inside is not None:
        return inside
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice((_bytes, _bytes, _words, _cut, _splice))(data, rng, other)
    return data


def _inside(data: bytes, rng: random.Random, other: bytes) -> bytes | None:
    if data[:4] == b"glTF" and len(data) > 28:
        return _glb(data, rng)
    if data[:1] == b"{":
        return _json(data, rng)
    if data[:2] == b"PK":
        return _zip(data, rng, other)
    if data[:2] == b"\x1f\x8b":
        try:
            return gzip.compress(mutated(gzip.decompress(data), rng, other), mtime=0, compresslevel=1)
        except (OSError, EOFError, zlib.error):
            return None
    return None


def _bytes(data: bytes, rng: random.Random, _: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    # Headers decide more than bodies do.
    at = min(at, rng.randrange(200)) if rng.random() < 0.4 else at
    piece = rng.choice(_ODD_BYTES) if rng.random() < 0.6 else rng.randbytes(rng.choice((1, 2, 4, 8)))
    over = rng.choice((0, len(piece), len(piece), 1, 4))
    return data[:at] + piece + data[at + over :]


def _words(data: bytes, rng: random.Random, _: bytes) -> bytes:
    found = list(_WORD.finditer(data[:20_000]))
    if not found:
        return data
    word = rng.choice(found)
    new = rng.choice(_ODD_WORDS).encode() if rng.random() < 0.7 else rng.choice(found)[0]
    return data[: word.start()] + new + data[word.end() :]


def _cut(data: bytes, rng: random.Random, _: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    match rng.randrange(3):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[at + rng.choice((1, 4, 12, 50, 500)) :]
        case _:
            piece = data[at : at + rng.choice((1, 4, 12, 50, 500))]
            return data[:at] + piece * rng.choice((2, 3, 20)) + data[at:]


def _splice(data: bytes, rng: random.Random, other: bytes) -> bytes:
    if not other:
        return data
    start = rng.randrange(len(other))
    piece = other[start : start + rng.choice((4, 16, 64, 400))]
    at = rng.randrange(len(data) + 1)
    return data[:at] + piece + data[at + rng.choice((0, len(piece))) :]


def _glb(data: bytes, rng: random.Random) -> bytes:
    length = struct.unpack_from("<I", data, 12)[0]
    text = _json(data[20 : 20 + length], rng)
    text += b" " * (-len(text) % 4)
    rest = data[20 + length :]
    return struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text) + len(rest), len(text), b"JSON") + text + rest


def _json(data: bytes, rng: random.Random) -> bytes:
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return data[:-1]
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = list(_places(tree))
        if places:
            holder, key = rng.choice(places)
            _wound(holder, key, rng, places)
    return json.dumps(tree).encode()


def _places(tree: Any) -> Any:
    """Each value of a tree as (its holder, its key)."""
    pending = [tree]
    while pending:
        holder = pending.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            yield holder, key
            pending.append(holder[key])


def _wound(holder: Any, key: Any, rng: random.Random, places: list[Any]) -> None:
    value = holder[key]
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(value, int | float) and not isinstance(value, bool):
            holder[key] = value + rng.choice((-1, 1, 2, 1000, 2**32))
        case 2 if isinstance(value, list) and value:
            holder[key] = value * rng.choice((2, 50))
        case 3:
            giver, at = rng.choice(places)
            holder[key] = copy.deepcopy(giver[at])
        case _:
            holder[key] = copy.deepcopy(rng.choice(_ODD_VALUES))


def _zip(data: bytes, rng: random.Random, other: bytes) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return None
    if not members:
        return None
    name = rng.choice(list(members))
    match rng.randrange(8):
        case 0:
            del members[name]
        case 1:
            members[rng.choice(("3D/3dmodel.model", "x.model", "../../x", "_rels/.rels"))] = members[name]
        case 2:
            members[name] = b'<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + members[name] + b"&a;"
        case 3:
            members[name] = members[name].decode("latin-1").encode("utf-16")
        case _:
            for _ in range(rng.choice((1, 1, 2, 4))):
                members[name] = rng.choice((_words, _words, _words, _cut, _bytes, _splice))(members[name], rng, other)
    out = io.BytesIO()
    method = rng.choice((zipfile.ZIP_DEFLATED,) * 8 + (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(out, "w", method) as archive:
        for member, content in members.items():
            archive.writestr(zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), content, method)
    return out.getvalue()
