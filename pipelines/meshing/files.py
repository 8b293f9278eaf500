"""Meshes to and from files."""

import struct
import zipfile
import zlib
from typing import Literal, get_args

import numpy as np

from pipelines.errors import EmptyGeometry, InvalidInput, MoldarError, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.gltf import write_glb
from pipelines.meshing.gltf_reading import read_gltf
from pipelines.meshing.limits import check_faces
from pipelines.meshing.obj import read_obj, write_obj
from pipelines.meshing.off import read_off
from pipelines.meshing.ply import read_ply, write_ply
from pipelines.meshing.stl import read_stl, write_stl
from pipelines.meshing.threemf import write_3mf
from pipelines.meshing.threemf_reading import read_3mf

MeshFormat = Literal["stl", "obj", "ply", "glb", "3mf"]
ReadableFormat = Literal["stl", "obj", "ply", "glb", "gltf", "3mf", "off"]
LengthUnit = Literal["mm", "cm", "inch", "m"]

_WRITERS = {"stl": write_stl, "obj": write_obj, "ply": write_ply, "glb": write_glb, "3mf": write_3mf}
_READERS = {
    "stl": read_stl, "obj": read_obj, "off": read_off, "ply": read_ply, "glb": read_gltf, "gltf": read_gltf,
}  # fmt: skip
# Parsers of damaged files stumble in as many ways; the caller can only mend the file.
_STUMBLES = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, OSError, RuntimeError, EOFError, struct.error,
    zlib.error, zipfile.BadZipFile,
)  # fmt: skip
_MM = {"mm": 1.0, "cm": 10.0, "inch": 25.4, "m": 1000.0}


def export_mesh(mesh: TriangleMesh, format: MeshFormat) -> bytes:  # noqa: A002 - the word of the field
    """The mesh as a file; the same mesh gives the same bytes.

    Args:
        mesh: In the object frame: millimetres, z up.
        format: STL is binary; GLB is in metres, y up, with linear vertex colours; the others are millimetres, z up,
            and all but STL carry the colours.

    Raises:
        EmptyGeometry: there are no triangles to write.
        InvalidInput: the format is not one of `MeshFormat`.
    """
    if format not in _WRITERS:
        raise InvalidInput(f"Meshes are not written as {format!r}; choose one of {', '.join(_WRITERS)}.")
    if not len(mesh.faces):
        raise EmptyGeometry("The mesh has no triangles.")
    return _WRITERS[format](mesh)


def read_mesh(data: bytes, format: str, unit: LengthUnit | None = None) -> TriangleMesh:  # noqa: A002 - as above
    """The mesh in a file, in millimetres; scenes become one mesh with their transforms applied.

    Args:
        data: The whole file; the caller bounds its length.
        format: One of `ReadableFormat`, with or without a leading dot, in any case.
        unit: What the file's numbers mean, where the file's own word (or, for STL, OBJ, PLY and OFF, the custom of
            millimetres) is to be overruled.

    Returns:
        Vertices in mm. GLB and glTF are turned from y up to z up; other formats do not say, and are left as they are.
        Colours where the file has any: of vertices, faces, materials or textures.

    Raises:
        Unreadable: the file is not what it claims, is damaged, or refers to other files.
        GeometryTooLarge: more than `MAX_FACES` triangles, or an archive that unpacks to too much.
        EmptyGeometry: no triangles.
        InvalidInput: a format that is not read.
    """
    kind = format.lower().lstrip(".")
    if kind not in get_args(ReadableFormat):
        raise InvalidInput(f"Meshes are not read from {kind[:20]!r}; use one of {', '.join(get_args(ReadableFormat))}.")
    try:
        # Numbers near the end of their range overflow on the way; what comes of it is looked at below.
        with np.errstate(all="ignore"):
            mesh, unit_mm = read_3mf(data) if kind == "3mf" else (_READERS[kind](data), 1.0)
            return _checked(mesh, _scale(kind, unit, unit_mm))
    except MoldarError:
        raise
    except _STUMBLES as error:
        raise Unreadable(f"The {kind.upper()} file is damaged.") from error


def _scale(kind: str, unit: LengthUnit | None, unit_mm: float) -> float:
    if unit is None:
        return unit_mm
    return _MM[unit] / 1000.0 if kind in ("glb", "gltf") else _MM[unit]  # the glTF reader has already made metres mm


def _checked(mesh: TriangleMesh, scale: float) -> TriangleMesh:
    if not len(mesh.faces):
        raise EmptyGeometry("The file holds no triangles.")
    check_faces(len(mesh.faces))
    vertices = mesh.vertices * scale
    if not np.isfinite(vertices).all():
        raise Unreadable("The file holds coordinates that are not numbers.")
    if np.abs(vertices).max() > 1e9:  # a thousand kilometres; beyond it 32-bit files keep no millimetres
        raise Unreadable("The file holds coordinates beyond any real size.")
    return TriangleMesh(vertices, mesh.faces, mesh.colors)
