"""STL: triangle soup in 32-bit floats. No unit, no colour."""

import re

import numpy as np

from pipelines.errors import Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.limits import check_faces
from pipelines.meshing.normals import face_normals, unit

_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_HEADER = b"Moldar, millimetres".ljust(80, b"\0")  # fixed: the same mesh gives the same bytes
_NUMBER = rb"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf(?:inity)?)"
_VERTEX = re.compile(rb"vertex\s+(" + _NUMBER + rb")\s+(" + _NUMBER + rb")\s+(" + _NUMBER + rb")", re.IGNORECASE)


def write_stl(mesh: TriangleMesh) -> bytes:
    """Binary STL."""
    facets = np.zeros(len(mesh.faces), _FACET)
    facets["normal"] = unit(face_normals(mesh))
    facets["corners"] = mesh.vertices[mesh.faces]
    return _HEADER + np.uint32(len(facets)).tobytes() + facets.tobytes()


def read_stl(data: bytes) -> TriangleMesh:
    """Binary or ASCII STL; equal corners become one vertex."""
    declared = int.from_bytes(data[80:84], "little") if len(data) >= 84 else -1
    if declared >= 0 and len(data) == 84 + 50 * declared:
        check_faces(declared)
        corners = np.frombuffer(data, _FACET, declared, 84)["corners"].reshape(-1, 3)
    elif data.lstrip()[:5].lower() == b"solid" and b"facet" in data[:4096].lower():
        corners = _ascii_corners(data)
    elif declared >= 0:
        raise Unreadable(f"The STL declares {declared} triangles but holds {max(len(data) - 84, 0) / 50:g}.")
    else:
        raise Unreadable("The file is not an STL: it is shorter than an STL header.")
    vertices, inverse = np.unique(corners + np.float32(0.0), axis=0, return_inverse=True)  # -0.0 is 0.0
    return TriangleMesh(vertices.astype(np.float64), inverse.reshape(-1, 3).astype(np.int64))


def _ascii_corners(data: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    check_faces(data.lower().count(b"endfacet"))
    corners = np.array(_VERTEX.findall(data)).astype(np.float32).reshape(-1, 3)
    if len(corners) % 3 or len(corners) != len(re.findall(rb"\bvertex\b", data, re.IGNORECASE)):
        raise Unreadable("The ASCII STL is damaged: a triangle does not have three readable corners.")
    return corners
