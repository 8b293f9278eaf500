"""glTF 2.0: metres and y up in the file, millimetres and z up in memory.

Only what the file itself carries is read: a buffer or picture that lives elsewhere is refused, never fetched.
"""

import base64
import binascii
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import concatenate, linear_from_srgb, srgb_from_linear, vertex_colors
from pipelines.meshing.limits import check_faces
from pipelines.meshing.normals import corner_normals

_MM = 1000.0
_Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # object (z up) -> glTF (y up)
_FLOAT, _USHORT, _UINT = 5126, 5123, 5125
_KINDS = {5120: "i1", 5121: "u1", 5122: "i2", 5123: "u2", 5125: "u4", 5126: "f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
# Extensions that change where geometry is found; without them in hand the file cannot be read.
_CANNOT_READ = {"KHR_draco_mesh_compression", "EXT_meshopt_compression", "EXT_mesh_gpu_instancing"}
_MAX_TEXTURE_PIXELS = 8192 * 8192


def write_glb(mesh: TriangleMesh) -> bytes:
    """Binary glTF in metres, y up, with smooth normals broken at creases and linear vertex colours."""
    shading = corner_normals(mesh)
    positions = (mesh.vertices[shading.vertex] @ _Y_UP.T / _MM).astype("<f4")
    normals = (shading.normals @ _Y_UP.T).astype("<f4")
    normals[~normals.any(axis=1)] = (0, 1, 0)  # of degenerate faces alone; the standard wants unit length
    # 16 bits: linear bytes would leave sRGB darks with visible steps. Four channels keep rows aligned to 4 bytes.
    rgba = np.full((len(positions), 4), 65535, "<u2")
    rgba[:, :3] = np.rint(linear_from_srgb(vertex_colors(mesh)[shading.vertex]) * 65535)
    indices = shading.group.astype("<u4")
    chunks = [positions.tobytes(), normals.tobytes(), rgba.tobytes(), indices.tobytes()]
    starts = np.cumsum([0] + [len(chunk) for chunk in chunks]).tolist()
    views = [
        {"buffer": 0, "byteOffset": start, "byteLength": len(chunk), "target": 34963 if k == 3 else 34962}
        for k, (start, chunk) in enumerate(zip(starts, chunks, strict=False))
    ]
    count = len(positions)
    low, high = positions.min(axis=0).tolist(), positions.max(axis=0).tolist()
    accessors = [
        {"bufferView": 0, "componentType": _FLOAT, "count": count, "type": "VEC3", "min": low, "max": high},
        {"bufferView": 1, "componentType": _FLOAT, "count": count, "type": "VEC3"},
        {"bufferView": 2, "componentType": _USHORT, "normalized": True, "count": count, "type": "VEC4"},
        {"bufferView": 3, "componentType": _UINT, "count": indices.size, "type": "SCALAR"},
    ]
    primitive = {"attributes": {"POSITION": 0, "NORMAL": 1, "COLOR_0": 2}, "indices": 3, "material": 0}
    surface = {"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.7}}
    document = {
        "asset": {"version": "2.0", "generator": "Moldar"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
        "materials": [surface],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": starts[-1]}],
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    body = b"".join(chunks)  # every chunk is a multiple of 4 bytes
    total = 12 + 8 + len(text) + 8 + len(body)
    header = struct.pack("<4sII", b"glTF", 2, total)
    return header + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(body), b"BIN\0") + body


def read_gltf(data: bytes) -> TriangleMesh:
    """All triangles of the default scene, nodes' transforms applied.

    Colours are vertex colour x material colour x the texture looked up at each vertex, where there are any.
    """
    document, binary = _open(data)
    unreadable = _CANNOT_READ & set(document.get("extensionsRequired", []))
    if unreadable:
        raise Unreadable(f"The glTF needs {', '.join(sorted(unreadable))}, which is not read here.")
    reader = _Reader(document, binary)
    parts: list[TriangleMesh] = []
    total = 0
    for node, to_world in reader.nodes():
        if "mesh" not in node:
            continue
        for primitive in document["meshes"][node["mesh"]]["primitives"]:
            total += reader.triangle_bound(primitive)
            check_faces(total)
            part = reader.primitive(primitive, to_world)
            if part is not None:
                parts.append(part)
    if not parts:
        raise EmptyGeometry("The glTF holds no triangles.")
    mesh = concatenate(parts)
    return TriangleMesh(mesh.vertices @ _Y_UP * _MM, mesh.faces, mesh.colors)


def _open(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON document and the binary chunk of a .glb, or the document of a .gltf."""
    if data[:4] != b"glTF":
        return _parse_json(data), b""
    if len(data) < 20:
        raise Unreadable("The GLB ends within its header.")
    length, kind = struct.unpack_from("<I4s", data, 12)
    if kind != b"JSON" or 20 + length > len(data):
        raise Unreadable("The GLB does not hold the document that it declares.")
    binary, at = b"", 20 + length
    if at + 8 <= len(data):
        size, kind = struct.unpack_from("<I4s", data, at)
        if kind != b"BIN\0" or at + 8 + size > len(data):
            raise Unreadable("The GLB does not hold the buffer that it declares.")
        binary = data[at + 8 : at + 8 + size]
    return _parse_json(data[20 : 20 + length]), binary


def _parse_json(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The file is not a glTF: its document is not JSON.") from error
    if not isinstance(document, dict) or "asset" not in document:
        raise Unreadable("The file is not a glTF: it has no asset header.")
    return document


@dataclass(frozen=True, slots=True, eq=False)
class _Reader:
    document: dict[str, Any]
    binary: bytes

    def nodes(self) -> Iterator[tuple[dict[str, Any], NDArray[np.float64]]]:
        """Each node of the scene once, with its node-to-world matrix [4, 4]."""
        nodes = self.document.get("nodes", [])
        scenes = self.document.get("scenes") or [{"nodes": list(range(len(nodes)))}]
        pending = [(index, np.eye(4)) for index in scenes[self.document.get("scene", 0)].get("nodes", [])]
        seen: set[int] = set()
        while pending:
            index, parent = pending.pop()
            if index in seen:
                raise Unreadable("The glTF's nodes are not a tree.")
            seen.add(index)
            to_world = parent @ _local_transform(nodes[index])
            yield nodes[index], to_world
            pending += [(child, to_world) for child in nodes[index].get("children", [])]

    def triangle_bound(self, primitive: dict[str, Any]) -> int:
        """More triangles than the primitive can hold, from its header alone."""
        index = primitive.get("indices", primitive["attributes"].get("POSITION"))
        if index is None:
            return 0
        count = int(self.document["accessors"][index]["count"])
        return count // 3 if primitive.get("mode", 4) == 4 else count

    def primitive(self, primitive: dict[str, Any], to_world: NDArray[np.float64]) -> TriangleMesh | None:
        attributes = primitive["attributes"]
        if "POSITION" not in attributes or primitive.get("mode", 4) not in (4, 5, 6):
            return None  # points and lines print nothing
        positions = self.accessor(attributes["POSITION"])
        if "indices" in primitive:
            order = self.accessor(primitive["indices"]).ravel().astype(np.int64)
        else:
            order = np.arange(len(positions))
        if len(order) < 3 or order.max() >= len(positions):
            raise Unreadable("The glTF is damaged: a face names a vertex that does not exist.")
        faces = _triangles(order, primitive.get("mode", 4))
        if np.linalg.det(to_world[:3, :3]) < 0:  # a mirror turns every face inside out
            faces = faces[:, ::-1]
        vertices = positions @ to_world[:3, :3].T + to_world[:3, 3]
        return TriangleMesh(vertices, np.ascontiguousarray(faces), self.colors(primitive, len(positions)))

    def colors(self, primitive: dict[str, Any], count: int) -> NDArray[np.uint8] | None:
        """Base colour at each vertex as sRGB, or None where the file names none."""
        attributes = primitive["attributes"]
        linear: NDArray[np.float64] | None = None
        if "COLOR_0" in attributes:
            linear = self.accessor(attributes["COLOR_0"])[:, :3]
        if "material" in primitive:
            surface = self.document["materials"][primitive["material"]].get("pbrMetallicRoughness", {})
            factor = np.array(surface.get("baseColorFactor", [1.0, 1.0, 1.0])[:3], np.float64)
            if "baseColorFactor" in surface:
                linear = factor if linear is None else linear * factor
            texture = surface.get("baseColorTexture")
            coordinates = attributes.get(f"TEXCOORD_{texture.get('texCoord', 0)}") if texture else None
            if texture and coordinates is not None:
                looked_up = self.texture(texture["index"], self.accessor(coordinates))
                linear = looked_up if linear is None else linear * looked_up
        return None if linear is None else srgb_from_linear(np.broadcast_to(linear, (count, 3)))

    def texture(self, index: int, uv: NDArray[np.float64]) -> NDArray[np.float64]:
        """Linear colours [N, 3] of the nearest texels; the picture repeats outside [0, 1]."""
        from io import BytesIO  # noqa: PLC0415 - pictures in meshes are rare, and Pillow takes 50 ms to load

        from PIL import Image  # noqa: PLC0415 - as above

        texture = self.document["textures"][index]
        source = texture.get("source", texture.get("extensions", {}).get("EXT_texture_webp", {}).get("source"))
        image = self.document["images"][source]
        raw = self.view(image["bufferView"]) if "bufferView" in image else _data_uri(image.get("uri", ""))
        with Image.open(BytesIO(raw), formats=("PNG", "JPEG", "WEBP")) as picture:
            if picture.width * picture.height > _MAX_TEXTURE_PIXELS:
                raise Unreadable(f"The glTF's texture of {picture.width} x {picture.height} pixels is too large.")
            texels = np.asarray(picture.convert("RGB"))
        height, width = texels.shape[:2]
        x = np.floor((uv[:, 0] % 1.0) * width).astype(np.int64).clip(0, width - 1)
        y = np.floor((uv[:, 1] % 1.0) * height).astype(np.int64).clip(0, height - 1)
        return linear_from_srgb(texels[y, x])

    def accessor(self, index: int) -> NDArray[np.float64]:
        """Numbers [count, width] of an accessor, normalised where it says so."""
        spec = self.document["accessors"][index]
        if "sparse" in spec or "bufferView" not in spec:
            raise Unreadable("The glTF uses sparse accessors, which are not read here.")
        kind, width, count = np.dtype("<" + _KINDS[spec["componentType"]]), _WIDTHS[spec["type"]], int(spec["count"])
        view = self.document["bufferViews"][spec["bufferView"]]
        stride = int(view.get("byteStride", kind.itemsize * width))
        raw, start = self.view(spec["bufferView"]), int(spec.get("byteOffset", 0))
        if count < 1 or start < 0 or stride < kind.itemsize * width:
            raise Unreadable("The glTF is damaged: an accessor has an impossible layout.")
        if start + stride * (count - 1) + kind.itemsize * width > len(raw):
            raise Unreadable(f"The glTF declares {count:,} values where its buffer holds fewer.")
        rows = np.ndarray((count, width), kind, raw, start, (stride, kind.itemsize)).astype(np.float64)
        return rows / np.iinfo(kind).max if spec.get("normalized") and kind.kind != "f" else rows

    def view(self, index: int) -> bytes:
        spec = self.document["bufferViews"][index]
        buffer = self.document["buffers"][spec["buffer"]]
        raw = _data_uri(buffer["uri"]) if "uri" in buffer else self.binary
        start, length = int(spec.get("byteOffset", 0)), int(spec["byteLength"])
        if start < 0 or length < 0 or start + length > len(raw):
            raise Unreadable("The glTF is damaged: a buffer view reaches past its buffer.")
        return raw[start : start + length]


def _data_uri(uri: str) -> bytes:
    head, comma, body = uri.partition(",")
    if not (uri.startswith("data:") and comma and head.endswith(";base64")):
        raise Unreadable("The glTF refers to another file; only files that carry everything inside are read.")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise Unreadable("The glTF carries a buffer that is not base64.") from error


def _local_transform(node: dict[str, Any]) -> NDArray[np.float64]:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T  # stored column by column
    x, y, z, w = np.array(node.get("rotation", [0, 0, 0, 1]), np.float64)
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    local = np.eye(4)
    local[:3, :3] = rotation * np.array(node.get("scale", [1, 1, 1]), np.float64)
    local[:3, 3] = node.get("translation", [0, 0, 0])
    return local


def _triangles(order: NDArray[np.int64], mode: int) -> NDArray[np.int64]:
    if mode == 4:
        return order[: len(order) // 3 * 3].reshape(-1, 3)
    if mode == 6:  # fan
        return np.stack([np.full(len(order) - 2, order[0]), order[1:-1], order[2:]], axis=1)
    strip = np.stack([order[:-2], order[1:-1], order[2:]], axis=1)
    strip[1::2] = strip[1::2, [1, 0, 2]]
    return strip
