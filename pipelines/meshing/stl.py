"""STL: triangle soup in 32-bit floats. No unit; colours only as two programs put them into a spare field."""

import re
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import PLAIN, with_corner_colors
from pipelines.meshing.limits import check_faces
from pipelines.meshing.normals import face_normals, unit

_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_HEADER = b"Moldar, millimetres".ljust(80, b"\0")  # fixed: the same mesh gives the same bytes
# Text as Fortran (1.5D+01) and as machines set to a decimal comma write it, besides the usual.
_NUMBER = rb"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eEdD][-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)"
_CORNER = re.compile(rb"^[ \t]*vertex[ \t]+(" + rb")[ \t]+(".join([_NUMBER] * 3) + rb")[ \t]*$", re.I | re.M)
_ANY_CORNER = re.compile(rb"^[ \t]*vertex\b", re.I | re.M)
_AS_PYTHON = bytes.maketrans(b",dD", b".ee")
_PIECE_BYTES = 4 * 1024 * 1024  # of text at once: the words of a whole file would take ten times its size
_HASH: Final = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)


def write_stl(mesh: TriangleMesh) -> bytes:
    """Binary STL."""
    facets = np.zeros(len(mesh.faces), _FACET)
    facets["normal"] = unit(face_normals(mesh))
    facets["corners"] = mesh.vertices[mesh.faces]
    return _HEADER + np.uint32(len(facets)).tobytes() + facets.tobytes()


def read_stl(data: bytes) -> TriangleMesh:
    """Binary or ASCII STL; equal corners become one vertex.

    Which of the two is told by the count and the length, not by the first word: many a binary file begins with "solid".
    Colours are read as VisCAM, SolidView and Materialise Magics write them.
    """
    facets = _facets(data)
    if facets is None:
        return _welded(_ascii_corners(data))
    return _colored(_welded(facets["corners"].reshape(-1, 3)), facets["attribute"], data[:80])


def _facets(data: bytes) -> NDArray[Any] | None:
    """The rows of a binary file, or None where it is text."""
    held = (len(data) - 84) // _FACET.itemsize
    declared = int.from_bytes(data[80:84], "little") if len(data) >= 84 else -1
    exact = declared >= 0 and len(data) == 84 + _FACET.itemsize * declared
    if not exact and _looks_like_text(data):
        return None
    if declared < 0:
        raise Unreadable("The file is not an STL: it is shorter than an STL header.")
    if declared == 0 and held > 0 and len(data) == 84 + _FACET.itemsize * held:
        declared = held  # streamed by a writer that never went back to fill in its count
    if declared > held:
        raise Unreadable(f"The STL declares {declared:,} triangles but holds {max(len(data) - 84, 0) / 50:g}.")
    check_faces(declared)
    return np.frombuffer(data, _FACET, declared, 84)


def _looks_like_text(data: bytes) -> bool:
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return head.startswith(b"solid") and (b"facet" in head or b"endsolid" in head) and b"\0" not in head


def _ascii_corners(data: bytes) -> NDArray[np.float32]:
    pieces: list[NDArray[np.float32]] = []
    total = 0
    for piece in _pieces(data):
        words = [word for corner in _CORNER.findall(piece) for word in corner]
        if len(words) != 3 * len(_ANY_CORNER.findall(piece)):
            raise Unreadable("The ASCII STL is damaged: a corner does not have three readable coordinates.")
        total += len(words) // 3
        check_faces(total // 3)
        pieces.append(np.fromiter(map(float, words), np.float64, len(words)).astype(np.float32))
    if total % 3:
        raise Unreadable("The ASCII STL is damaged: a triangle does not have three corners.")
    return np.concatenate([np.zeros(0, np.float32), *pieces]).reshape(-1, 3)


def _pieces(data: bytes) -> Any:
    """The text in pieces that end with a line, line ends and numbers as Python writes them."""
    start = 0
    while start < len(data):
        end = start + _PIECE_BYTES
        if end < len(data):
            newline = max(data.rfind(b"\n", start, end), data.rfind(b"\r", start, end))
            end = newline + 1 if newline >= start else end
        piece = data[start:end].replace(b"\r", b"\n")
        yield _plain(piece)
        start = end


def _plain(piece: bytes) -> bytes:
    """Commas and Fortran's exponents made plain, in lines of corners only: names may hold anything."""
    if b"," not in piece and not re.search(rb"\d[dD][-+\d]", piece):
        return piece
    return re.sub(rb"(?im)^[ \t]*vertex\b([^\n]*)", lambda line: b"vertex" + line[1].translate(_AS_PYTHON), piece)


def _welded(corners: NDArray[np.float32]) -> TriangleMesh:
    """Corners [3 F, 3] that are equal bit by bit as one vertex, in the order in which they first come."""
    corners = corners + np.float32(0.0)  # -0.0 is 0.0
    bits = np.ascontiguousarray(corners).view(np.uint32)
    # Sorting one number for three takes a fifth of the time; should two corners ever share one, all three are sorted.
    mixed = bits.astype(np.uint64) @ _HASH
    _, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
    if (bits[first][inverse] != bits).any():
        _, first, inverse = np.unique(bits, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return TriangleMesh(corners[first[order]].astype(np.float64), rank[inverse.ravel()].reshape(-1, 3))


def _colored(mesh: TriangleMesh, attribute: NDArray[np.uint16], header: bytes) -> TriangleMesh:
    """Fifteen bits of colour: VisCAM's are marked by the sixteenth and blue first, Magics' unmarked and red first."""
    at = header.find(b"COLOR=")
    marked = attribute >= 0x8000
    five_bits = np.stack([attribute & 31, attribute >> 5 & 31, attribute >> 10 & 31], axis=1)
    if 0 <= at <= 70:
        colors, own, rest = five_bits, ~marked, np.frombuffer(header, np.uint8, 3, at + 6)
    else:
        colors, own, rest = five_bits[:, ::-1], marked, np.array(PLAIN, np.uint8)
        if not marked.any():
            return mesh
    faces = np.where(own[:, None], np.rint(colors * (255 / 31)).astype(np.uint8), rest)
    return with_corner_colors(mesh.vertices, mesh.faces, np.repeat(faces[:, None], 3, axis=1))
