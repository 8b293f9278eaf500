"""Gaussians to and from files."""

import struct
from pathlib import Path
from typing import Literal

import numpy as np

from pipelines.errors import InvalidInput, MoldarError, Unreadable
from pipelines.geometry import Gaussians
from pipelines.splats.encoding import check_count, check_finite
from pipelines.splats.packed import read_splat, read_spz, write_splat, write_spz
from pipelines.splats.ply import read_splat_ply, write_splat_ply

SplatFormat = Literal["ply", "splat", "spz"]

_READERS = {"ply": read_splat_ply, "splat": read_splat, "spz": read_spz}
_WRITERS = {"ply": write_splat_ply, "splat": write_splat, "spz": write_spz}


def read_splats(source: bytes | Path, format: SplatFormat | None = None) -> Gaussians:  # noqa: A002 - field's word
    """The Gaussians in a file, activated, in the file's own frame.

    Args:
        source: The whole file, or where it lies.
        format: None takes the first bytes' word for it, and `.splat`, which has no mark, for what is left.

    Returns:
        At most `MAX_SPLATS` Gaussians; colours are those of the constant band, brought into [0, 1].

    Raises:
        Unreadable: not the format it claims, damaged, numbers that are not finite, or a rotation of length zero.
        EmptyGeometry: no splats.
        TooLarge: more than `MAX_SPLATS`.
        InvalidInput: a format that is not one of `SplatFormat`, or no such file.
    """
    data = _content(source) if isinstance(source, Path) else source
    kind = _recognised(data) if format is None else format
    if kind not in _READERS:
        raise InvalidInput(f"Splats are not read from {kind[:20]!r}; use one of {', '.join(_READERS)}.")
    _refuse_others(data)
    try:
        # Numbers near the end of their range overflow on the way; `activated` looks at what comes of it.
        with np.errstate(all="ignore"):
            return _READERS[kind](data)
    except MoldarError:
        raise
    except (ValueError, TypeError, LookupError, ArithmeticError, struct.error) as error:
        # Text where numbers should be: the caller can only mend the file.
        raise Unreadable(f"The {kind.upper()} file is damaged.") from error


def write_splats(gaussians: Gaussians, format: SplatFormat) -> bytes:  # noqa: A002 - as above
    """The Gaussians as a file; the same Gaussians give the same bytes.

    `.ply` is LGM's: it leaves out what is fainter than 0.005 and keeps the rest to 32 bits. `.splat` rounds colour,
    opacity and rotation to bytes, `.spz` also positions to 1/4096 and sizes to 6 %.

    Raises:
        EmptyGeometry: no Gaussians, or for `.ply` none that is as opaque as 0.005.
        InvalidInput: a format that is not one of `SplatFormat`, or numbers that are not finite.
    """
    if format not in _WRITERS:
        raise InvalidInput(f"Splats are not written as {format!r}; choose one of {', '.join(_WRITERS)}.")
    check_count(len(gaussians))
    check_finite(gaussians)
    return _WRITERS[format](gaussians)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"The file {path.name!r} cannot be opened.") from error


def _recognised(data: bytes) -> SplatFormat:
    if data.startswith(b"ply"):
        return "ply"
    return "spz" if data.startswith((b"\x1f\x8b", b"NGSP")) else "splat"


def _refuse_others(data: bytes) -> None:
    """Kinds of splats that are known and not read, whatever name they come under."""
    if data.startswith(b"PK\x03\x04"):
        raise Unreadable("The file is an archive, maybe a .sog of SuperSplat, which is not read: save it as .ply.")
    if data.startswith(b"glTF"):
        raise Unreadable("The file is a GLB; splats inside of one are not read: save them as .ply.")
