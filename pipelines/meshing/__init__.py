"""Meshes: read, closed, placed, written; and Gaussians made solid."""

from pipelines.meshing.files import LengthUnit, MeshFormat, ReadableFormat, export_mesh, read_mesh
from pipelines.meshing.gltf import write_textured_glb as export_textured
from pipelines.meshing.limits import MAX_FACES
from pipelines.meshing.placement import Placed, place
from pipelines.meshing.repair import Repair, RepairCode
from pipelines.meshing.solid import Solid, make_solid
from pipelines.meshing.solidify import Solidified, solidified, solidify
from pipelines.meshing.texture import Textured, textured

__all__ = [
    "MAX_FACES",
    "LengthUnit",
    "MeshFormat",
    "Placed",
    "ReadableFormat",
    "Repair",
    "RepairCode",
    "Solid",
    "Solidified",
    "Textured",
    "export_mesh",
    "export_textured",
    "make_solid",
    "place",
    "read_mesh",
    "solidified",
    "solidify",
    "textured",
]
