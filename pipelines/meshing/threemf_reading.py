"""3MF: XML in a zip, with its unit and with colours. Source: 3MF core 1.3, materials 1.2, production 1.1."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, GeometryTooLarge, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.budget import Budget
from pipelines.meshing.color import concatenate
from pipelines.meshing.texels import PixelBudget
from pipelines.meshing.threemf_colors import Palettes, painted
from pipelines.meshing.threemf_model import ModelPart, feed_xml, parse_model
from pipelines.meshing.threemf_slicers import BAMBU_FILE, PRUSA_FILE, SlicerNotes, read_notes

MM_PER: Final = {"micron": 0.001, "millimeter": 1.0, "centimeter": 10.0, "inch": 25.4, "foot": 304.8, "meter": 1000.0}
# 2 million faces are about 170 MB of XML, 300 MB with colours; real files compress 5 to 12 times, bombs 1000 times.
_MAX_UNPACKED_BYTES: Final = 512 * 1024 * 1024
_MAX_RATIO: Final = 100
_MAX_MEMBERS: Final = 4096
_MAX_DEPTH: Final = 16
_PIECE_BYTES: Final = 1024 * 1024
_MODEL_RELATION: Final = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"
# The only two that the packaging standard of 3MF allows. LZMA and bzip2 unpack a thousand times and more.
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_3mf(data: bytes) -> tuple[TriangleMesh, float]:
    """Every item of the build plate, transforms applied, in the file's own unit; and that unit in mm.

    Raises:
        Unreadable: no zip, no model, damaged, encrypted, with a document type, in need of an extension that is not
            read, or with bodies that a slicer would cut out of others.
        GeometryTooLarge: a bomb, or more triangles than are accepted.
        EmptyGeometry: nothing on the build plate.
    """
    scene = _Scene(_Members.open(data))
    main = scene.main
    root = scene.part(main)
    if root.unit not in MM_PER:
        raise Unreadable(f"The 3MF names an unknown unit: {root.unit[:20]!r}.")
    scene.notes = scene.read_notes()
    parts: list[TriangleMesh] = []
    for item in root.items:
        parts += scene.meshes(item.path or main, item.object_id, item.to_parent)
    if not parts:
        raise EmptyGeometry("The 3MF has nothing on its build plate.")
    return concatenate(parts), MM_PER[root.unit]


@dataclass(slots=True, eq=False)
class _Members:
    """The files of the archive, read only after their declared sizes were found bearable."""

    archive: zipfile.ZipFile
    names: dict[str, str]  # as written, by what they are looked up as: neither case nor a leading slash counts
    packed: int = 0  # bytes read so far, before and after unpacking
    unpacked: int = 0

    @staticmethod
    def open(data: bytes) -> "_Members":
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
        except zipfile.BadZipFile as error:
            raise Unreadable("The file is not a 3MF: it is not a zip archive.") from error
        members = archive.infolist()
        if len(members) > _MAX_MEMBERS:
            raise GeometryTooLarge(f"The 3MF holds {len(members):,} files; at most {_MAX_MEMBERS:,} are accepted.")
        return _Members(archive, {_key(member.filename): member.filename for member in members})

    def __contains__(self, path: str) -> bool:
        return _key(path) in self.names

    def pieces(self, path: str) -> Iterator[bytes]:
        """The member's bytes, a piece at a time."""
        if path not in self:
            raise Unreadable(f"The 3MF refers to {path[:60]!r}, which it does not hold.")
        info = self.archive.getinfo(self.names[_key(path)])
        if info.flag_bits & 1 or info.compress_type not in _METHODS:
            raise Unreadable("The 3MF is encrypted, or packed in a way that its standard forbids.")
        self.packed += info.compress_size
        self.unpacked += info.file_size
        suspicious = self.unpacked > 1_000_000 and self.unpacked > _MAX_RATIO * self.packed
        if self.unpacked > _MAX_UNPACKED_BYTES or suspicious:
            raise GeometryTooLarge(f"The 3MF unpacks to {self.unpacked:,} bytes and more, which is not accepted.")
        with self.archive.open(info) as member:  # which stops at the size declared
            while piece := member.read(_PIECE_BYTES):
                yield piece

    def read(self, path: str) -> bytes:
        """The member's bytes."""
        return b"".join(self.pieces(path))


def _key(path: str) -> str:
    return path.lstrip("/").lower()


@dataclass(slots=True, eq=False)
class _Scene:
    members: _Members
    budget: Budget = field(default_factory=Budget)
    pixels: PixelBudget = field(default_factory=PixelBudget)
    notes: SlicerNotes = field(default_factory=SlicerNotes)
    parsed: dict[str, ModelPart] = field(default_factory=dict)
    palettes: dict[str, Palettes] = field(default_factory=dict)
    meshes_read: dict[tuple[str, str], TriangleMesh] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """The model that the package's relations name, else the usual one, else the first."""
        if "_rels/.rels" in self.members:
            targets: set[str] = set()
            feed_xml(self.members.pieces("_rels/.rels"), lambda _, row: targets.update(self._target(row)))
            if targets:
                return min(targets)
        models = [name for name in self.members.names if name.endswith(".model")]
        if not models:
            raise Unreadable("The file is not a 3MF: the archive holds no model.")
        return next((name for name in models if name == "3d/3dmodel.model"), models[0])

    def _target(self, attributes: dict[str, str]) -> list[str]:
        """The model that a relation names, if it does and the package holds it."""
        path = attributes.get("Target", "")
        return [path] if attributes.get("Type") == _MODEL_RELATION and path in self.members else []

    def part(self, path: str) -> ModelPart:
        key = _key(path)
        if key not in self.parsed:
            self.parsed[key] = parse_model(self.members.pieces(path))
            self.palettes[key] = Palettes(self.parsed[key], self.members, self.pixels, {})
        return self.parsed[key]

    def read_notes(self) -> SlicerNotes:
        found = SlicerNotes()
        for path in (PRUSA_FILE, BAMBU_FILE):
            if path in self.members:
                found.volumes += read_notes(self.members.pieces(path)).volumes
        return found

    def meshes(
        self, path: str, object_id: str, to_plate: NDArray[np.float64], depth: int = 0
    ) -> Iterator[TriangleMesh]:
        """The object's own mesh, or those of its components, placed on the plate."""
        self.budget.place()
        if depth > _MAX_DEPTH:
            raise Unreadable("The 3MF nests its components too deeply.")
        found = self.part(path).objects.get(object_id)
        if found is None:
            raise Unreadable(f"The 3MF places object {object_id[:20]}, which it does not hold.")
        if found.kind == "other" or found.kind.endswith("support"):
            return  # a support of the designer's is not the object
        if found.corners:
            mesh = self._mesh(path, object_id)
            self.budget.spend(len(mesh.faces))
            yield _placed(mesh, to_plate)
        for component in found.components:
            if depth or self.notes.is_solid(object_id, component.object_id):
                placed = component.to_parent @ to_plate
                yield from self.meshes(component.path or path, component.object_id, placed, depth + 1)

    def _mesh(self, path: str, object_id: str) -> TriangleMesh:
        key = _key(path), object_id
        if key not in self.meshes_read:
            part = self.part(path)
            mesh = painted(part.objects[object_id], self.palettes[_key(path)])
            solid = self.notes.solid_faces(object_id, len(mesh.faces))
            self.meshes_read[key] = TriangleMesh(mesh.vertices, mesh.faces[solid], mesh.colors)
        return self.meshes_read[key]


def _placed(mesh: TriangleMesh, matrix: NDArray[np.float64]) -> TriangleMesh:
    faces = mesh.faces if np.linalg.det(matrix[:3, :3]) >= 0 else np.ascontiguousarray(mesh.faces[:, ::-1])
    return TriangleMesh(mesh.vertices @ matrix[:3, :3] + matrix[3, :3], faces, mesh.colors)
