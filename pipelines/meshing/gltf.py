"""glTF 2.0, written: metres and y up in the file, millimetres and z up in memory."""

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import linear_from_srgb, vertex_colors
from pipelines.meshing.normals import CornerNormals, corner_normals
from pipelines.meshing.texture import Textured

_MM = 1000.0
_Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # object (z up) -> glTF (y up)
_FLOAT, _USHORT, _UINT = 5126, 5123, 5125
_VERTICES, _INDICES = 34962, 34963
# Smooth in both directions, and no wrapping: islands touch the picture's border.
_SAMPLER = {"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}


@dataclass(slots=True, eq=False)
class _Parts:
    """The binary chunk as it grows, and what says how to read it."""

    chunks: list[bytes] = field(default_factory=list)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def view(self, data: bytes, target: int | None = None) -> int:
        start = sum(map(len, self.chunks))
        self.views.append({"buffer": 0, "byteOffset": start, "byteLength": len(data)})
        if target is not None:
            self.views[-1]["target"] = target
        self.chunks.append(data + b"\0" * (-len(data) % 4))
        return len(self.views) - 1

    def accessor(self, data: NDArray[Any], kind: int, shape: str, target: int = _VERTICES, **more: object) -> int:
        view = self.view(data.tobytes(), target)
        count = data.size if shape == "SCALAR" else len(data)
        self.accessors.append({"bufferView": view, "componentType": kind, "count": count, "type": shape, **more})
        return len(self.accessors) - 1


def write_glb(mesh: TriangleMesh) -> bytes:
    """Binary glTF in metres, y up, with smooth normals broken at creases and linear vertex colours."""
    shading, parts = corner_normals(mesh), _Parts()
    attributes = _shaded(mesh, shading, np.arange(len(shading.vertex)), parts)
    # 16 bits: linear bytes would leave sRGB darks with visible steps. Four channels keep rows aligned to 4 bytes.
    rgba = np.full((len(shading.vertex), 4), 65535, "<u2")
    rgba[:, :3] = np.rint(linear_from_srgb(vertex_colors(mesh)[shading.vertex]) * 65535)
    attributes["COLOR_0"] = parts.accessor(rgba, _USHORT, "VEC4", normalized=True)
    return _packed(parts, attributes, shading.group, {}, {})


def write_textured_glb(shape: Textured) -> bytes:
    """As `write_glb`, with the colours in an sRGB picture and none on the vertices, which would be multiplied by it."""
    from pipelines.pictures.png import encode_png  # noqa: PLC0415 - Pillow, for textures only

    atlas, parts = shape.atlas, _Parts()
    shading = corner_normals(atlas.mesh)
    key = shading.group.ravel() * len(atlas.uv) + atlas.uv_faces.ravel()
    corners, indices = np.unique(key, return_inverse=True)  # split where the shading or the picture is
    attributes = _shaded(atlas.mesh, shading, corners // len(atlas.uv), parts)
    attributes["TEXCOORD_0"] = parts.accessor(atlas.uv[corners % len(atlas.uv)].astype("<f4"), _FLOAT, "VEC2")
    images = [{"bufferView": parts.view(encode_png(shape.picture)), "mimeType": "image/png"}]
    more = {"textures": [{"sampler": 0, "source": 0}], "samplers": [_SAMPLER], "images": images}
    return _packed(parts, attributes, indices, {"baseColorTexture": {"index": 0}}, more)


def _shaded(mesh: TriangleMesh, shading: CornerNormals, groups: NDArray[np.int64], parts: _Parts) -> dict[str, int]:
    """The attributes POSITION and NORMAL of one vertex for each of the shading's groups that are named."""
    positions = (mesh.vertices[shading.vertex[groups]] @ _Y_UP.T / _MM).astype("<f4")
    normals = (shading.normals[groups] @ _Y_UP.T).astype("<f4")
    normals[~normals.any(axis=1)] = (0, 1, 0)  # of degenerate faces alone; the standard wants unit length
    low, high = positions.min(axis=0).tolist(), positions.max(axis=0).tolist()
    return {
        "POSITION": parts.accessor(positions, _FLOAT, "VEC3", min=low, max=high),
        "NORMAL": parts.accessor(normals, _FLOAT, "VEC3"),
    }


def _packed(
    parts: _Parts,
    attributes: dict[str, int],
    indices: NDArray[np.int64],
    color: dict[str, Any],
    more: dict[str, Any],
) -> bytes:
    """The file of one primitive of one mesh; `color` is of its material, `more` of the document."""
    order = parts.accessor(indices.astype("<u4"), _UINT, "SCALAR", _INDICES)
    primitive = {"attributes": attributes, "indices": order, "material": 0}
    document = {
        "asset": {"version": "2.0", "generator": "Moldar"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
        "materials": [{"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.7, **color}}],
        **more,
        "accessors": parts.accessors,
        "bufferViews": parts.views,
        "buffers": [{"byteLength": sum(map(len, parts.chunks))}],
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    body = b"".join(parts.chunks)
    header = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(body))
    return header + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(body), b"BIN\0") + body
