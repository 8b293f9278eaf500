"""Meshes: read, closed, placed, written; and Gaussians made solid."""

from pipelines.meshing.files import LengthUnit, MeshFormat, ReadableFormat, export_mesh, read_mesh
from pipelines.meshing.limits import MAX_FACES
from pipelines.meshing.placement import Placed, place

__all__ = [
    "MAX_FACES",
    "LengthUnit",
    "MeshFormat",
    "Placed",
    "ReadableFormat",
    "export_mesh",
    "place",
    "read_mesh",
]
