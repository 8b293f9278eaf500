"""glTF 2.0, written: metres and y up in the file, millimetres and z up in memory."""

import json
import struct

import numpy as np

from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import linear_from_srgb, vertex_colors
from pipelines.meshing.normals import corner_normals

_MM = 1000.0
_Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # object (z up) -> glTF (y up)
_FLOAT, _USHORT, _UINT = 5126, 5123, 5125


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
