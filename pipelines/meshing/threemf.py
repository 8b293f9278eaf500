"""3MF: XML in a zip, with its unit and with colours. Source: 3MF core 1.3 and materials 1.2 specifications."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, GeometryTooLarge, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import PLAIN, concatenate, with_corner_colors
from pipelines.meshing.limits import MAX_FACES, check_faces

_CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
_MATERIAL = "http://schemas.microsoft.com/3dmanufacturing/material/2015/02"
_PRODUCTION = "http://schemas.microsoft.com/3dmanufacturing/production/2015/06"
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Target="/3D/3dmodel.model" Id="rel0" '
    'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip format's zero: the same mesh gives the same bytes
MM_PER: Final = {"micron": 0.001, "millimeter": 1.0, "centimeter": 10.0, "inch": 25.4, "foot": 304.8, "meter": 1000.0}
# 2 million faces are about 170 MB of XML; real files compress 5 to 12 times, bombs 1000 times.
_MAX_XML_BYTES = 256 * 1024 * 1024
_MAX_RATIO = 100
_MAX_MEMBERS = 4096
_MAX_DEPTH = 16
_PLACEMENT = 100  # faces that one placement of an object counts as, since placing costs time too


def write_3mf(mesh: TriangleMesh) -> bytes:
    """3MF in millimetres; vertex colours become one colour group."""
    if mesh.colors is None:
        group, pointers = "", ""
        rows = mesh.faces
    else:
        packed = mesh.colors.astype(np.int64) @ np.array([65536, 256, 1])
        palette, index = np.unique(packed, return_inverse=True)
        group = '<m:colorgroup id="1">' + '<m:color color="#%06X"/>' * len(palette) % tuple(palette.tolist())
        group += "</m:colorgroup>"
        pointers = ' pid="1" p1="%d" p2="%d" p3="%d"'
        rows = np.hstack([mesh.faces, index[mesh.faces]])
    vertex = '<vertex x="%.7g" y="%.7g" z="%.7g"/>' * len(mesh.vertices) % tuple(mesh.vertices.ravel().tolist())
    triangle = f'<triangle v1="%d" v2="%d" v3="%d"{pointers}/>' * len(rows) % tuple(rows.ravel().tolist())
    default = ' pid="1" pindex="0"' if group else ""
    model = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<model unit="millimeter" xml:lang="en-US" xmlns="{_CORE}" '
        f'xmlns:m="{_MATERIAL}"><metadata name="Application">Moldar</metadata><resources>{group}'
        f'<object id="2" type="model"{default}><mesh><vertices>{vertex}</vertices><triangles>{triangle}</triangles>'
        f'</mesh></object></resources><build><item objectid="2"/></build></model>'
    )
    members = (("[Content_Types].xml", _TYPES), ("_rels/.rels", _RELATIONS), ("3D/3dmodel.model", model))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in members:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Level 1: 2.5 times faster than 6 and 10 % larger on a figurine.
            archive.writestr(entry, text, compresslevel=1)
    return out.getvalue()


def read_3mf(data: bytes) -> tuple[TriangleMesh, float]:
    """Every item of the build plate, transforms applied, in the file's own unit; and that unit in mm."""
    package = _Package.open(data)
    root = package.root(package.main)
    unit = root.get("unit", "millimeter")
    if unit not in MM_PER:
        raise Unreadable(f"The 3MF names an unknown unit: {unit[:20]!r}.")
    budget = _Budget(MAX_FACES)
    parts = []
    for item in root.iter(f"{{{_CORE}}}item"):
        path = item.get(f"{{{_PRODUCTION}}}path", package.main)
        parts += list(package.meshes(path, item.get("objectid"), _transform(item), budget))
    if not parts:
        raise EmptyGeometry("The 3MF has nothing on its build plate.")
    return concatenate(parts), MM_PER[unit]


@dataclass(slots=True)
class _Budget:
    """Faces that may still be read: one object placed many times must not fill the memory."""

    left: int

    def spend(self, faces: int) -> None:
        self.left -= faces
        if self.left < 0:
            check_faces(MAX_FACES - self.left)


@dataclass(frozen=True, slots=True, eq=False)
class _Package:
    archive: zipfile.ZipFile
    main: str
    roots: dict[str, Any]  # parsed members by path
    parts: dict[tuple[str, str | None], TriangleMesh]  # meshes read, by path and object

    @staticmethod
    def open(data: bytes) -> "_Package":
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
        except zipfile.BadZipFile as error:
            raise Unreadable("The file is not a 3MF: it is not a zip archive.") from error
        members = archive.infolist()
        if len(members) > _MAX_MEMBERS:
            raise GeometryTooLarge(f"The 3MF holds {len(members):,} files; at most {_MAX_MEMBERS:,} are accepted.")
        models = [m.filename for m in members if m.filename.lower().endswith(".model")]
        main = next((name for name in models if name.lower() == "3d/3dmodel.model"), models[0] if models else None)
        if main is None:
            raise Unreadable("The file is not a 3MF: the archive holds no model.")
        return _Package(archive, main, {}, {})

    def root(self, path: str) -> Any:
        """The parsed member, read only after its declared size was found bearable."""
        name = path.lstrip("/")
        if name not in self.roots:
            self.roots[name] = _parse_xml(self._read(name))
        return self.roots[name]

    def _read(self, name: str) -> bytes:
        try:
            info = self.archive.getinfo(name)
        except KeyError as error:
            raise Unreadable(f"The 3MF refers to {name[:60]!r}, which it does not hold.") from error
        if info.flag_bits & 1:
            raise Unreadable("The 3MF is encrypted.")
        suspicious = info.file_size > 1_000_000 and info.file_size > _MAX_RATIO * max(info.compress_size, 1)
        if info.file_size > _MAX_XML_BYTES or suspicious:
            raise GeometryTooLarge(f"The 3MF unpacks to {info.file_size:,} bytes, more than is accepted.")
        with self.archive.open(info) as member:
            text = member.read(info.file_size + 1)  # a lying size ends here, not in memory
        if len(text) > info.file_size:
            raise Unreadable("The 3MF's archive lies about its sizes.")
        return text

    def meshes(
        self, path: str, object_id: str | None, to_plate: NDArray[np.float64], budget: _Budget, depth: int = 0
    ) -> Iterator[TriangleMesh]:
        """The object's own mesh, or those of its components, placed on the plate."""
        budget.spend(_PLACEMENT)
        if depth > _MAX_DEPTH:
            raise Unreadable("The 3MF nests its components too deeply.")
        root = self.root(path)
        node = next((n for n in root.iter(f"{{{_CORE}}}object") if n.get("id") == object_id), None)
        if node is None:
            raise Unreadable(f"The 3MF places object {object_id}, which it does not hold.")
        mesh = node.find(f"{{{_CORE}}}mesh")
        if mesh is not None:
            part = self.parts.get((path, object_id)) or _mesh(root, node, mesh)
            self.parts[path, object_id] = part
            budget.spend(len(part.faces))
            if len(part.faces):
                yield _placed(part, to_plate)
        for component in node.iter(f"{{{_CORE}}}component"):
            inner = component.get(f"{{{_PRODUCTION}}}path", path)
            placed = _transform(component) @ to_plate
            yield from self.meshes(inner, component.get("objectid"), placed, budget, depth + 1)


def _parse_xml(text: bytes) -> Any:
    from lxml import etree  # type: ignore[import-untyped]  # noqa: PLC0415 - only 3MF files need it

    # 3MF forbids document types, and entities are what bombs and file disclosure are made of.
    if b"<!DOCTYPE" in text[:4096].upper() or b"<!ENTITY" in text[:65536].upper():
        raise Unreadable("The 3MF declares a document type, which its standard forbids.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("The 3MF's model is not well-formed XML.") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("The 3MF declares a document type, which its standard forbids.")
    return root


def _transform(node: Any) -> NDArray[np.float64]:
    """Row-vector affine matrix [4, 3] padded to [4, 4], as the file multiplies."""
    matrix = np.eye(4)
    words = node.get("transform", "").split()
    if words:
        matrix[:, :3] = np.array(words, "S").astype(np.float64).reshape(4, 3)
    return matrix


def _placed(mesh: TriangleMesh, matrix: NDArray[np.float64]) -> TriangleMesh:
    faces = mesh.faces if np.linalg.det(matrix[:3, :3]) >= 0 else np.ascontiguousarray(mesh.faces[:, ::-1])
    return TriangleMesh(mesh.vertices @ matrix[:3, :3] + matrix[3, :3], faces, mesh.colors)


def _mesh(root: Any, node: Any, mesh: Any) -> TriangleMesh:
    rows = [(v.get("x"), v.get("y"), v.get("z")) for v in mesh.iter(f"{{{_CORE}}}vertex")]
    vertices = np.array(rows, "S").astype(np.float64).reshape(-1, 3)
    triangles = list(mesh.iter(f"{{{_CORE}}}triangle"))
    check_faces(len(triangles))
    corners = [(t.get("v1"), t.get("v2"), t.get("v3")) for t in triangles]
    faces = np.array(corners, "S").astype(np.int64).reshape(-1, 3)
    if len(faces) and not (faces.min() >= 0 and faces.max() < len(vertices)):
        raise Unreadable("The 3MF is damaged: a triangle names a vertex that does not exist.")
    palettes = _palettes(root)
    if not palettes:
        return TriangleMesh(vertices, faces)
    colors = _corner_colors(triangles, palettes, (node.get("pid"), node.get("pindex", "0")))
    return with_corner_colors(vertices, faces, colors)


def _palettes(root: Any) -> dict[str, list[tuple[int, int, int]]]:
    """Colours of each colour group and base-material group, by resource id."""
    found = {}
    for kind, entry, attribute in (
        (f"{{{_MATERIAL}}}colorgroup", f"{{{_MATERIAL}}}color", "color"),
        (f"{{{_CORE}}}basematerials", f"{{{_CORE}}}base", "displaycolor"),
    ):
        for group in root.iter(kind):
            found[group.get("id")] = [_rgb(color.get(attribute, "")) for color in group.iter(entry)]
    return found


def _rgb(text: str) -> tuple[int, int, int]:
    if len(text) not in (7, 9) or text[0] != "#":
        raise Unreadable(f"The 3MF holds a colour that cannot be read: {text[:20]!r}.")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _corner_colors(
    triangles: list[Any], palettes: dict[str, list[tuple[int, int, int]]], default: tuple[str | None, str]
) -> NDArray[np.uint8]:
    rows = []
    for triangle in triangles:
        group, first = triangle.get("pid", default[0]), triangle.get("p1", default[1])
        palette = palettes.get(group)
        if palette is None:  # textures and mixtures are not read
            rows.append((PLAIN, PLAIN, PLAIN))
            continue
        picks = [int(first), int(triangle.get("p2", first)), int(triangle.get("p3", first))]
        if not all(0 <= pick < len(palette) for pick in picks):
            raise Unreadable("The 3MF is damaged: a triangle names a colour that does not exist.")
        rows.append((palette[picks[0]], palette[picks[1]], palette[picks[2]]))
    return np.array(rows, np.uint8).reshape(-1, 3, 3)
