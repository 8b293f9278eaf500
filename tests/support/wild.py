"""Files as other programs write them, built by other means than the project's own writers."""

import base64
import gzip
import io
import json
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
MATERIAL = "http://schemas.microsoft.com/3dmanufacturing/material/2015/02"
PRODUCTION = "http://schemas.microsoft.com/3dmanufacturing/production/2015/06"
MODEL_RELATION = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"

# A tetrahedron with legs of 6, 4 and 2: volume 8, no two coordinates alike, wound outwards.
POINTS = [(0.0, 0.0, 0.0), (6.0, 0.0, 0.0), (0.0, 4.0, 0.0), (0.0, 0.0, 2.0)]
FACES = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
COLORS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (250, 240, 10)]


def ascii_stl(name: str = "part", number: str = "{:.6e}", end: str = "\n", endsolid: bool = True) -> str:
    """The tetrahedron as text."""
    lines = [f"solid {name}"]
    for face in FACES:
        lines += ["  facet normal 0 0 0", "    outer loop"]
        lines += ["      vertex " + " ".join(number.format(value) for value in POINTS[corner]) for corner in face]
        lines += ["    endloop", "  endfacet"]
    return end.join([*lines, f"endsolid {name}", ""] if endsolid else lines)


def binary_stl(attributes: Sequence[int] = (0, 0, 0, 0), header: bytes = b"", count: int | None = None) -> bytes:
    """The tetrahedron in binary, with what stands in the spare field of each face."""
    data = header.ljust(80, b" ") + struct.pack("<I", len(FACES) if count is None else count)
    for face, attribute in zip(FACES, attributes, strict=True):
        data += struct.pack("<3f", 0, 0, 0) + b"".join(struct.pack("<3f", *POINTS[corner]) for corner in face)
        data += struct.pack("<H", attribute)
    return data


def obj(
    faces: Sequence[str] = ("f 1 3 2", "f 1 2 4", "f 1 4 3", "f 2 3 4"), end: str = "\n", colors: bool = False
) -> str:
    """The tetrahedron as OBJ, its faces as given."""
    rows = [f"v {x} {y} {z}" for x, y, z in POINTS]
    if colors:
        rows = [f"{row} {r / 255} {g / 255} {b / 255}" for row, (r, g, b) in zip(rows, COLORS, strict=True)]
    return end.join(["# by hand", "mtllib part.mtl", "o part", *rows, "g side", "usemtl red", "s off", *faces, ""])


def ply(
    encoding: str,
    vertex: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[float]],
    faces: Sequence[Sequence[int]],
    lists: tuple[str, str] = ("uchar", "int"),
    name: str = "vertex_indices",
    element: str = "face",
    newline: str = "\n",
) -> bytes:
    """A PLY of any types, packed number by number."""
    head = ["ply", f"format {encoding} 1.0", "comment end_header is not here", f"element vertex {len(rows)}"]
    head += [f"property {kind} {label}" for kind, label in vertex]
    head += [f"element {element} {len(faces)}", f"property list {lists[0]} {lists[1]} {name}", "end_header", ""]
    if encoding == "ascii":
        lines = [" ".join(f"{value:.9g}" for value in row) for row in rows]
        lines += [" ".join(map(str, (len(face), *face))) for face in faces]
        return (newline.join(head) + newline.join([*lines, ""])).encode()
    order = "<" if encoding.endswith("little_endian") else ">"
    body = b"".join(
        struct.pack(order + _CODES[kind], value if kind in ("float", "double") else int(value))
        for row in rows
        for (kind, _), value in zip(vertex, row, strict=True)
    )
    body += b"".join(
        struct.pack(f"{order}{_CODES[lists[0]]}", len(face))
        + struct.pack(f"{order}{len(face)}{_CODES[lists[1]]}", *face)
        for face in faces
    )
    return newline.join(head).encode() + body


_CODES = {
    "char": "b", "uchar": "B", "short": "h", "ushort": "H", "int": "i", "uint": "I", "float": "f", "double": "d",
}  # fmt: skip
XYZ = (("float", "x"), ("float", "y"), ("float", "z"))
XYZ_RGB = (*XYZ, ("uchar", "red"), ("uchar", "green"), ("uchar", "blue"))
COLORED_ROWS = [(*point, *color) for point, color in zip(POINTS, COLORS, strict=True)]


class Gltf:
    """A glTF put together table by table."""

    def __init__(self) -> None:
        self.body = b""
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
            "meshes": [{"primitives": []}], "accessors": [], "bufferViews": [], "buffers": [],
        }  # fmt: skip

    def view(self, data: bytes, **more: Any) -> int:
        """A buffer view of these bytes, at a multiple of four."""
        self.body += b"\0" * (-len(self.body) % 4)
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.body), "byteLength": len(data)} | more)
        self.body += data
        return len(self.json["bufferViews"]) - 1

    def accessor(self, values: Any, kind: str, width: str = "VEC3", **more: Any) -> int:
        """An accessor of these numbers."""
        array = np.array(values, "<" + kind)
        row = {"bufferView": self.view(array.tobytes()), "componentType": _GL[kind], "count": len(array), "type": width}
        self.json["accessors"].append(row | more)
        return len(self.json["accessors"]) - 1

    def tetrahedron(self, **attributes: int) -> dict[str, Any]:
        """A primitive of the tetrahedron, added to the first mesh."""
        positions = attributes.pop("POSITION", None)
        primitive: dict[str, Any] = {
            "attributes": {"POSITION": self.accessor(POINTS, "f4") if positions is None else positions} | attributes,
            "indices": self.accessor(np.ravel(FACES), "u1", "SCALAR"),
        }
        self.json["meshes"][0]["primitives"].append(primitive)
        return primitive

    def glb(self) -> bytes:
        """The file in binary."""
        self.json["buffers"] = [{"byteLength": len(self.body)}]
        text = json.dumps(self.json).encode()
        text += b" " * (-len(text) % 4)
        body = self.body + b"\0" * (-len(self.body) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(body), b"BIN\0") + body
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks

    def gltf(self) -> bytes:
        """The file as text, its buffer inside."""
        uri = "data:application/octet-stream;base64," + base64.b64encode(self.body).decode()
        self.json["buffers"] = [{"byteLength": len(self.body), "uri": uri}]
        return json.dumps(self.json).encode()


_GL = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}


def png(rows: Sequence[Sequence[tuple[int, int, int]]], kind: str = "PNG") -> bytes:
    """A picture of these pixels."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.array(rows, np.uint8)).save(out, kind)
    return out.getvalue()


def picture(kind: str) -> bytes:
    """Twelve pixels in a row and as many columns, each a colour of its own."""
    return png([[(20 * k, 255 - 20 * j, 10 * (k + j)) for k in range(12)] for j in range(12)], kind)


def textured_glb() -> bytes:
    """Two primitives, one with a texture of 2 x 2 pixels and one with a colour per vertex; a mirrored child node."""
    made = Gltf()
    uv = made.accessor([(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)], "f4", "VEC2")
    made.tetrahedron(TEXCOORD_0=uv)["material"] = 0
    made.tetrahedron(COLOR_0=made.accessor([(*c, 255) for c in COLORS], "u1", "VEC4", normalized=True))
    picture = made.view(png([[COLORS[0], COLORS[1]], [COLORS[2], COLORS[3]]]))
    made.json |= {
        "images": [{"bufferView": picture, "mimeType": "image/png"}], "samplers": [{"wrapS": 33071, "wrapT": 33648}],
        "textures": [{"source": 0, "sampler": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        "nodes": [{"children": [1, 2]}, {"mesh": 0}, {"mesh": 0, "scale": [-1, 1, 1], "translation": [20, 0, 0]}],
    }  # fmt: skip
    return made.glb()


def rich_gltf() -> bytes:
    """Sparse positions, instances, a skin, a strip without indices, quantised positions and a moved texture."""
    made = Gltf()
    sparse = {
        "count": 2,
        "indices": {"bufferView": made.view(bytes([1, 3])), "componentType": 5121},
        "values": {"bufferView": made.view(np.array([POINTS[1], POINTS[3]], "<f4").tobytes())},
    }
    base = [POINTS[0], (0, 0, 0), POINTS[2], (0, 0, 0)]
    made.tetrahedron(POSITION=made.accessor(base, "f4", sparse=sparse))
    strip = {"attributes": {"POSITION": made.accessor(POINTS, "f4")}, "mode": 5}
    quantised = made.accessor(np.array(POINTS) * 5000, "i2", normalized=True)
    skin = {
        "JOINTS_0": made.accessor([(0, 1, 0, 0)] * 4, "u1", "VEC4"),
        "WEIGHTS_0": made.accessor([(1, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 1, 0, 0)], "f4", "VEC4"),
    }
    indices = made.accessor(np.ravel(FACES), "u2", "SCALAR")
    made.json["meshes"] += [
        {"primitives": [strip]},
        {"primitives": [{"attributes": {"POSITION": quantised}, "indices": indices}]},
        {"primitives": [{"attributes": {"POSITION": 0} | skin, "indices": indices}]},
    ]
    several = {"TRANSLATION": made.accessor([(0, 0, 9), (0, 0, 19)], "f4")}
    made.json |= {
        "nodes": [
            {"children": [1, 2, 3, 4, 5]}, {"mesh": 0, "rotation": [0, 0, 1, 0]},
            {"mesh": 1, "matrix": [1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 5, 6, 7, 1]},
            {"mesh": 2, "extensions": {"EXT_mesh_gpu_instancing": {"attributes": several}}},
            {"mesh": 3, "skin": 0}, {"children": [6], "translation": [0, 3, 0]}, {"scale": [2, 2, 2]},
        ],
        "skins": [{"joints": [5, 6], "inverseBindMatrices": made.accessor([np.eye(4).ravel()] * 2, "f4", "MAT4")}],
        "extensionsRequired": ["KHR_mesh_quantization", "EXT_mesh_gpu_instancing"],
    }  # fmt: skip
    return made.gltf()


def mesh_xml(more: str = "", triangle: Sequence[str] = ("", "", "", "")) -> str:
    """The tetrahedron as 3MF mesh, with further attributes on its triangles."""
    vertices = "".join(f'<vertex x="{x}" y="{y}" z="{z}"/>' for x, y, z in POINTS)
    triangles = "".join(
        f'<triangle v1="{a}" v2="{b}" v3="{c}" {own} {more}/>' for (a, b, c), own in zip(FACES, triangle, strict=True)
    )
    return f"<mesh><vertices>{vertices}</vertices><triangles>{triangles}</triangles></mesh>"


def model_xml(resources: str, build: str = "", unit: str = "millimeter", more: str = "") -> str:
    """A model part."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><model unit="{unit}" xmlns="{CORE}" xmlns:m="{MATERIAL}" '
        f'xmlns:p="{PRODUCTION}" {more}><resources>{resources}</resources><build>{build}</build></model>'
    )


def package(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, method)
    return out.getvalue()


def relations(target: str) -> str:
    """The package's word of which model is the one."""
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    row = f'<Relationship Target="{target}" Id="r" Type="{MODEL_RELATION}"/>'
    return f'<Relationships xmlns="{space}">{row}</Relationships>'


def project_3mf() -> bytes:
    """A project as Bambu Studio and Orca write it: parts in files of their own, one of them no plastic."""
    part = model_xml(
        f'<object id="1" type="model">{mesh_xml()}</object><object id="2" type="model">{mesh_xml()}</object>'
    )
    components = (
        '<component p:path="/3D/Objects/part_1.model" objectid="1" transform="1 0 0 0 1 0 0 0 1 0 0 5"/>'
        '<component p:path="/3D/Objects/part_1.model" objectid="2" transform="9 0 0 0 9 0 0 0 9 0 0 0"/>'
    )
    main = model_xml(
        f'<object id="7" type="model"><components>{components}</components></object>',
        '<item objectid="7" transform="1 0 0 0 1 0 0 0 1 100 100 0" printable="1"/><item objectid="7" printable="0"/>',
        more='requiredextensions="p"',
    )
    parts = '<part id="1" subtype="normal_part"/><part id="2" subtype="modifier_part"/>'
    notes = f'<config><object id="7">{parts}</object></config>'
    return package(
        {
            "_rels/.rels": relations("/3D/3dmodel.model"),
            "3D/3dmodel.model": main,
            "3D/Objects/part_1.model": part,
            "Metadata/model_settings.config": notes,
        }
    )


def painted_3mf() -> bytes:
    """Every kind of colour: groups, materials, a picture, mixtures, layers and the object's own."""
    resources = (
        '<basematerials id="1"><base name="a" displaycolor="#FF0000"/><base name="b" displaycolor="#0000FFFF"/>'
        '</basematerials><m:colorgroup id="2"><m:color color="#00ff00"/></m:colorgroup>'
        '<m:texture2d id="3" path="/3D/Texture/t.png" contenttype="image/png" tilestyleu="mirror" tilestylev="clamp"/>'
        '<m:texture2dgroup id="4" texid="3"><m:tex2coord u="0.2" v="0.9"/><m:tex2coord u="0.9" v="0.1"/>'
        '</m:texture2dgroup><m:compositematerials id="5" matid="1" matindices="0 1"><m:composite values="0.25 0.75"/>'
        '</m:compositematerials><m:multiproperties id="6" pids="5 2"><m:multi pindices="0 0"/></m:multiproperties>'
    )
    rows = ('pid="2" p1="0"', 'pid="4" p1="0" p2="1" p3="1"', 'pid="6" p1="0"', "")
    body = f'{resources}<object id="9" type="model" pid="1" pindex="0">{mesh_xml(triangle=rows)}</object>'
    picture = png([[COLORS[0], COLORS[1]], [COLORS[2], COLORS[3]]])
    return package({"3D/3dmodel.model": model_xml(body, '<item objectid="9"/>'), "3D/Texture/t.png": picture})


def splat_ply(degree: int = 0, count: int = 3, more: Sequence[str] = ()) -> bytes:
    """A 3DGS file of a training run, with normals and bands."""
    names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]
    names += [f"f_rest_{k}" for k in range(3 * ((degree + 1) ** 2 - 1))]
    names += ["opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3", *more]
    rows = np.random.default_rng(degree).normal(0, 0.5, (count, len(names))).astype("<f4")
    head = [
        "ply",
        "format binary_little_endian 1.0",
        f"element vertex {count}",
        *(f"property float {n}" for n in names),
    ]
    return "\n".join([*head, "end_header", ""]).encode() + rows.tobytes()


def compressed_ply(
    means: NDArray[np.float64],
    log_scales: NDArray[np.float64],
    rotations: NDArray[np.float64],
    rgba: NDArray[np.float64],
) -> bytes:
    """SuperSplat's form of up to 256 splats in one chunk, packed bit by bit."""
    bounds = [means.min(0), means.max(0), log_scales.min(0), log_scales.max(0), rgba[:, :3].min(0), rgba[:, :3].max(0)]
    chunk = [f"{end}_{what}{axis}" for what in ("", "scale_") for end in ("min", "max") for axis in "xyz"]
    chunk += [f"{end}_{band}" for end in ("min", "max") for band in "rgb"]
    packed = b""
    for mean, scale, turn, color in zip(means, log_scales, rotations, rgba, strict=True):
        shares = [_share(color[k], bounds[4][k], bounds[5][k]) for k in range(3)]
        words = [
            _bits([_share(mean[k], bounds[0][k], bounds[1][k]) for k in range(3)], (11, 10, 11)),
            _turn(turn),
            _bits([_share(scale[k], bounds[2][k], bounds[3][k]) for k in range(3)], (11, 10, 11)),
            _bits([*shares, color[3]], (8, 8, 8, 8)),
        ]
        packed += struct.pack("<4I", *words)
    head = ["ply", "format binary_little_endian 1.0", "element chunk 1", *(f"property float {n}" for n in chunk)]
    head += [f"element vertex {len(means)}"]
    head += [f"property uint packed_{name}" for name in ("position", "rotation", "scale", "color")]
    return "\n".join([*head, "end_header", ""]).encode() + np.array(bounds, "<f4").tobytes() + packed


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.0


def _bits(shares: Sequence[float], widths: Sequence[int]) -> int:
    word = 0
    for share, width in zip(shares, widths, strict=True):
        word = word << width | round(share * ((1 << width) - 1))
    return word


def _turn(wxyz: NDArray[np.float64]) -> int:
    largest = int(np.argmax(np.abs(wxyz)))
    wxyz = wxyz * np.sign(wxyz[largest])
    word = largest
    for k in range(4):
        if k != largest:
            word = word << 10 | round((wxyz[k] / 2**0.5 + 0.5) * 1023)
    return word


def spz(version: int = 2, degree: int = 1, count: int = 2) -> bytes:
    """An .spz of any bytes."""
    widths = ({1: 6}.get(version, 9), 1, 3, 3, {3: 4}.get(version, 3), (0, 9, 24, 45)[degree])
    head = struct.pack("<IIIBBBB", 0x5053474E, version, count, degree, 12, 0, 0)
    rng = np.random.default_rng(version)
    return gzip.compress(head + rng.integers(20, 120, count * sum(widths), np.uint8).tobytes(), mtime=0)


def small_compressed_ply() -> bytes:
    """Five packed splats in general position."""
    rng = np.random.default_rng(5)
    turns = rng.normal(size=(5, 4))
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    return compressed_ply(rng.normal(size=(5, 3)), rng.uniform(-6, -2, (5, 3)), turns, rng.uniform(0, 1, (5, 4)))
