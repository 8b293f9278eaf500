"""The two compact formats: .splat (32 bytes per splat) and .spz (gzip of quantised columns)."""

import gzip
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput, Unreadable
from pipelines.geometry import Gaussians
from pipelines.splats.encoding import SH_C0, activated, check_count

# Source: antimatter15/splat, README: position, scale, RGBA, quaternion wxyz around 128.
_ROW = np.dtype([("mean", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("rotation", "u1", 4)])

# Source: nianticlabs/spz, load-spz.cc. Its frame is right, up, back: ours.
_MAGIC, _HEADER = 0x5053474E, struct.Struct("<IIIBBBB")
_FRACTION_BITS = 12
_COLOR_SCALE = 0.15
_LEAST_SCALE = np.float32(np.exp(-10))  # what its byte 0 stands for
_SH_COEFFICIENTS = (0, 9, 24, 45, 72)  # bytes per splat by degree


def write_splat(gaussians: Gaussians) -> bytes:
    """`.splat`, the most visible first, as viewers that draw while loading like it."""
    volume = np.prod(gaussians.scaling.astype(np.float64), axis=1)
    order = np.argsort(-volume * gaussians.opacity, kind="stable")
    rows = np.zeros(len(gaussians), _ROW)
    rows["mean"], rows["scale"] = gaussians.means[order], gaussians.scaling[order]
    rows["rgba"][:, :3] = np.rint(255 * gaussians.rgb[order])
    rows["rgba"][:, 3] = np.rint(255 * gaussians.opacity[order])
    rows["rotation"] = np.clip(np.rint(128 * gaussians.rotation[order] + 128), 0, 255)
    return rows.tobytes()


def read_splat(data: bytes) -> Gaussians:
    """Gaussians of a `.splat` file."""
    if len(data) % _ROW.itemsize:
        raise Unreadable(f"The file is not a .splat: {len(data):,} bytes are no multiple of {_ROW.itemsize}.")
    check_count(len(data) // _ROW.itemsize)
    rows = np.frombuffer(data, _ROW)
    rgba = rows["rgba"] / 255.0
    rotation = (rows["rotation"].astype(np.float64) - 128) / 128
    return activated(rows["mean"], rgba[:, 3], rows["scale"], rotation, rgba[:, :3])


def write_spz(gaussians: Gaussians) -> bytes:
    """`.spz` version 2, degree 0: a sixth of the .ply, positions to 1/4096 within 2,048 of the origin."""
    count = len(gaussians)
    fraction_bits = _fraction_bits(float(np.abs(gaussians.means).max()))
    fixed = np.ascontiguousarray(np.rint(gaussians.means.astype(np.float64) * (1 << fraction_bits)), "<i4")
    positions = fixed.view("u1").reshape(count, 3, 4)[:, :, :3]
    color = ((gaussians.rgb - 0.5) / SH_C0) * _COLOR_SCALE + 0.5
    rotation = gaussians.rotation * np.where(gaussians.rotation[:, :1] < 0, -1, 1)
    columns = [
        positions.reshape(count, 9),
        _byte(255 * gaussians.opacity),
        _byte(255 * color),
        _byte(16 * (np.log(np.maximum(gaussians.scaling, _LEAST_SCALE)) + 10)),
        _byte(127.5 * rotation[:, 1:] + 127.5),
    ]
    header = _HEADER.pack(_MAGIC, 2, count, 0, fraction_bits, 0, 0)
    return gzip.compress(header + b"".join(column.tobytes() for column in columns), compresslevel=6, mtime=0)


def _fraction_bits(reach: float) -> int:
    """As many as leave room for `reach` in 24 signed bits, and no more than are usual."""
    for bits in range(_FRACTION_BITS, -1, -1):
        if round(reach * (1 << bits)) < 1 << 23:
            return bits
    raise InvalidInput(f"An .spz holds positions up to 8,388,607; these reach {reach:g}.")


def _byte(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def read_spz(data: bytes) -> Gaussians:
    """Gaussians of an `.spz` file of version 1, 2 or 3; bands above the constant are left out."""
    if data[:4] == _MAGIC.to_bytes(4, "little"):
        version = int.from_bytes(data[4:8], "little")
        raise Unreadable(
            f"The .spz is of version {version}, packed with Zstandard, which is not read: save it as .ply."
        )
    inflate = zlib.decompressobj(wbits=31)  # gzip
    try:
        header = inflate.decompress(data, _HEADER.size)
        if len(header) < _HEADER.size:
            raise Unreadable("The .spz ends within its header.")
        magic, version, count, degree, fraction_bits, _, _ = _HEADER.unpack(header)
        if magic != _MAGIC or version not in (1, 2, 3) or degree >= len(_SH_COEFFICIENTS) or fraction_bits > 24:
            raise Unreadable("The file is not an .spz of version 1, 2 or 3.")
        check_count(count)
        widths = (6 if version == 1 else 9, 1, 3, 3, 4 if version == 3 else 3)
        size = count * (sum(widths) + _SH_COEFFICIENTS[degree])
        # Never more than the header promised is unpacked, whatever the stream holds.
        body = inflate.decompress(inflate.unconsumed_tail, size)
    except zlib.error as error:
        raise Unreadable("The file is not an .spz: it cannot be unpacked.") from error
    if len(body) < size:
        raise Unreadable(f"The .spz declares {count:,} splats but holds fewer.")
    positions, opacity, color, scales, rotation = _columns(body, count, widths)
    means = _halves(positions) if version == 1 else _fixed_point(positions, fraction_bits)
    rgb = 0.5 + SH_C0 * (color / 255.0 - 0.5) / _COLOR_SCALE
    quaternions = _smallest_three(rotation) if version == 3 else _first_three(rotation)
    return activated(means, opacity[:, 0] / 255.0, np.exp(scales / 16.0 - 10), quaternions, rgb)


def _halves(packed: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.ascontiguousarray(packed).view("<f2").astype(np.float64)


def _fixed_point(packed: NDArray[np.uint8], fraction_bits: int) -> NDArray[np.float64]:
    padded = np.zeros((len(packed), 3, 4), np.uint8)
    padded[:, :, 1:] = packed.reshape(-1, 3, 3)  # into the high bytes, so that the sign comes along
    return np.asarray((padded.view("<i4")[:, :, 0] >> 8) / float(1 << fraction_bits))


def _columns(body: bytes, count: int, widths: tuple[int, ...]) -> list[NDArray[np.uint8]]:
    columns, at = [], 0
    for width in widths:
        columns.append(np.frombuffer(body, np.uint8, count * width, at).reshape(count, width))
        at += count * width
    return columns


def _first_three(packed: NDArray[np.uint8]) -> NDArray[np.float64]:
    """wxyz of x, y, z as bytes; w is what is left, never negative."""
    xyz = packed / 127.5 - 1.0
    w = np.sqrt(np.maximum(1.0 - (xyz**2).sum(axis=1, keepdims=True), 0.0))
    return np.concatenate([w, xyz], axis=1)


def _smallest_three(packed: NDArray[np.uint8]) -> NDArray[np.float64]:
    """wxyz of 32 bits: two name the largest of x, y, z, w, thrice ten hold sign and size of the others."""
    bits = np.ascontiguousarray(packed).view("<u4")[:, 0]
    largest = bits >> 30
    xyzw = np.zeros((len(bits), 4))
    for component in (3, 2, 1, 0):
        here = largest != component
        value = (bits & 511) / 511.0 * np.sqrt(0.5) * np.where(bits >> 9 & 1, -1.0, 1.0)
        xyzw[here, component] = value[here]
        bits = np.where(here, bits >> 10, bits)
    rest = np.sqrt(np.maximum(1.0 - (xyzw**2).sum(axis=1), 0.0))
    xyzw[np.arange(len(bits)), largest] = rest
    return xyzw[:, [3, 0, 1, 2]]
