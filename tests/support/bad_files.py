"""Files that somebody may hand in and that are not what they should be, each with what becomes of it."""

import gzip
import io
import json
import struct
import zipfile
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import trimesh

EMPTY, OPEN, LARGE = "geometry.empty", "geometry.not_solid", "geometry.too_large"
UNREADABLE, INVALID, BULKY = "input.unreadable", "input.invalid", "input.too_large"
FINE: Final = ""
_ROWS: Final = ("x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2",
                "rot_0", "rot_1", "rot_2", "rot_3")  # fmt: skip


@dataclass(frozen=True)
class BadFile:
    """A file, and how making a solid of it ends: well, or with one of these codes."""

    what: str
    name: str
    data: bytes
    ends: tuple[str, ...]

    def __str__(self) -> str:
        return self.what.replace(" ", "_")


def splats(count: int, **columns: Any) -> bytes:
    """A 3DGS file of opaque round splats spread over a ball, with some columns replaced."""
    rng = np.random.default_rng(0)
    table = np.zeros((count, 14), "<f4")
    table[:, :3] = rng.normal(size=(count, 3)) * 0.2
    table[:, 6], table[:, 7:10], table[:, 10] = 4.0, -4.0, 1.0
    for name, value in columns.items():
        table[:, [k for k, row in enumerate(_ROWS) if row.startswith(name)]] = value
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {count}\n"
    return (head + "".join(f"property float {row}\n" for row in _ROWS) + "end_header\n").encode() + table.tobytes()


def stl(vertices: Any, faces: Any) -> bytes:
    """A binary STL of any triangles, sound or not."""
    corners = np.asarray(vertices, "<f4")[np.asarray(faces, int)].reshape(-1, 9)
    rows = b"".join(b"\0" * 12 + row.tobytes() + b"\0\0" for row in corners)
    return b"\0" * 80 + struct.pack("<I", len(corners)) + rows


def box(*size: float) -> trimesh.Trimesh:
    return trimesh.creation.box(size)


def of(mesh: trimesh.Trimesh) -> bytes:
    return stl(mesh.vertices, mesh.faces)


def glb(document: dict[str, Any], binary: bytes = b"") -> bytes:
    """A GLB of this JSON."""
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if binary:
        chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def archive(model: bytes) -> bytes:
    """A 3MF with this model."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("_rels/.rels", b'<Relationships><Relationship Id="r" Target="/3D/3dmodel.model" Type="http://'
                        b'schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>')  # fmt: skip
        packed.writestr("3D/3dmodel.model", model)
    return out.getvalue()


def _external() -> bytes:
    accessor = {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"}
    return glb(
        {
            "asset": {"version": "2.0"},
            "buffers": [{"uri": "file:///etc/passwd", "byteLength": 36}],
            "bufferViews": [{"buffer": 0, "byteLength": 36}],
            "accessors": [accessor],
            "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
            "nodes": [{"mesh": 0}],
            "scenes": [{"nodes": [0]}],
            "scene": 0,
        }
    )


def _splat_files() -> list[BadFile]:
    line = np.zeros((300, 3))
    line[:, 0] = np.linspace(-0.5, 0.5, 300)
    plane = np.random.default_rng(1).uniform(-0.5, 0.5, (400, 3)) * [1, 1, 0]
    return [
        BadFile("no splats", "a.ply", splats(0), (UNREADABLE, EMPTY)),
        BadFile("one splat", "a.ply", splats(1), (EMPTY, OPEN, UNREADABLE)),
        BadFile("two splats", "a.ply", splats(2), (EMPTY, OPEN, UNREADABLE)),
        BadFile("splats that nobody sees", "a.ply", splats(300, opacity=-100.0), (EMPTY,)),
        BadFile("splats nowhere", "a.ply", splats(300, x=np.nan), (UNREADABLE,)),
        BadFile("splats at infinity", "a.ply", splats(300, z=np.inf), (UNREADABLE,)),
        BadFile("splats larger than the world", "a.ply", splats(300, scale=80.0), (EMPTY, OPEN, UNREADABLE)),
        BadFile("splats of no size", "a.ply", splats(300, scale=-np.inf), (FINE, EMPTY, OPEN, UNREADABLE)),
        BadFile("splats of size NaN", "a.ply", splats(300, scale=np.nan), (UNREADABLE,)),
        BadFile("splats that look nowhere", "a.ply", splats(300, rot=0.0), (FINE, EMPTY, OPEN, UNREADABLE)),
        BadFile("splats in a plane", "a.ply", splats(400, x=plane[:, :1], y=plane[:, 1:2], z=0.0), (FINE, EMPTY, OPEN)),
        BadFile("splats in a line", "a.ply", splats(300, x=line[:, :1], y=0.0, z=0.0), (FINE, EMPTY, OPEN)),
        BadFile("one splat many times", "a.ply", splats(500, x=0.1, y=0.1, z=0.1), (EMPTY, OPEN)),
        BadFile("more splats than there are bytes", "a.ply", splats(3).replace(b"vertex 3", b"vertex 9999999"),
                (UNREADABLE, BULKY)),
        BadFile("half a splat", "a.splat", b"\0" * 33, (UNREADABLE,)),
        BadFile("no splat at all", "a.splat", b"", (UNREADABLE, EMPTY)),
        BadFile("an spz that is none", "a.spz", b"NGSP nothing", (UNREADABLE,)),
        BadFile("an spz that never ends", "a.spz", gzip.compress(b"NGSP\x02\0\0\0" + b"\xff" * 4 + bytes(9_000_000)),
                (UNREADABLE, BULKY, EMPTY)),
    ]  # fmt: skip


def _meshes() -> list[BadFile]:
    lidless = box(20, 30, 40)
    lidless.update_faces(np.arange(len(lidless.faces)) > 1)
    inverted = box(20, 30, 40)
    inverted.invert()
    two = trimesh.util.concatenate([box(20, 20, 20), box(20, 20, 20).apply_translation((9, 8, 7))])
    nan = np.array(box(9, 9, 9).vertices)
    nan[3] = np.nan
    sheet = [[0, 0, 0], [50, 0, 0], [50, 50, 0], [0, 50, 0]], [[0, 1, 2], [0, 2, 3]]
    return [
        BadFile("a needle", "a.stl", of(box(1, 1, 1000)), (FINE, LARGE)),
        BadFile("an open box", "a.stl", of(lidless), (FINE,)),
        BadFile("a box inside out", "a.stl", of(inverted), (FINE,)),
        BadFile("boxes in each other", "a.stl", of(two), (FINE,)),
        BadFile("no triangles", "a.stl", stl(np.zeros((0, 3)), np.zeros((0, 3))), (EMPTY, UNREADABLE)),
        BadFile("triangles without area", "a.stl", stl([[0, 0, 0], [1, 1, 1], [2, 2, 2]], [[0, 1, 2]] * 9), (EMPTY,)),
        BadFile("a sheet", "a.stl", stl(*sheet), (OPEN,)),
        BadFile("a sheet with two sides", "a.stl", stl(sheet[0], [*sheet[1], [2, 1, 0], [3, 2, 0]]), (OPEN, EMPTY)),
        BadFile("one triangle", "a.stl", stl(sheet[0], sheet[1][:1]), (OPEN,)),
        BadFile("a corner that is no number", "a.stl", stl(nan, box(9, 9, 9).faces), (UNREADABLE, OPEN, INVALID)),
        BadFile("a corner at infinity", "a.stl", stl(np.nan_to_num(nan, nan=np.inf), box(9, 9, 9).faces),
                (UNREADABLE, OPEN, INVALID)),
        BadFile("a box of light years", "a.stl", of(box(1e30, 1e30, 1e30)), (LARGE, UNREADABLE, OPEN, INVALID)),
        BadFile("a box of atoms", "a.obj", b"v 0 0 0\nv 1e-30 0 0\nv 0 1e-30 0\nf 1 2 3\n", (EMPTY, OPEN, INVALID)),
    ]  # fmt: skip


def _damaged() -> list[BadFile]:
    cube = of(box(20, 20, 20))
    entities = b'<!DOCTYPE model [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><model>&b;</model>'
    return [
        BadFile("an external file", "a.glb", _external(), (UNREADABLE,)),
        BadFile("half a glb", "a.glb", glb({"asset": {"version": "2.0"}})[:20], (UNREADABLE,)),
        BadFile("a glb of nothing", "a.glb", glb({"asset": {"version": "2.0"}}), (EMPTY, UNREADABLE)),
        BadFile("a zip bomb", "a.3mf", archive(b" " * 300_000_000), (LARGE, BULKY, UNREADABLE)),
        BadFile("entities that grow", "a.3mf", archive(entities), (UNREADABLE,)),
        BadFile("a 3mf that is no archive", "a.3mf", b"PK nothing", (UNREADABLE,)),
        BadFile("a 3mf without a model", "a.3mf", archive(b"<model/>"), (EMPTY, UNREADABLE)),
        BadFile("half an stl", "a.stl", cube[:200], (UNREADABLE,)),
        BadFile("an stl that promises more", "a.stl", cube[:80] + struct.pack("<I", 2**32 - 1) + cube[84:],
                (UNREADABLE, LARGE)),
        BadFile("an empty file", "a.stl", b"", (UNREADABLE, EMPTY)),
        BadFile("text for a ply", "a.ply", b"this is no polygon file", (UNREADABLE,)),
        BadFile("a picture for a mesh", "a.stl", b"\x89PNG\r\n\x1a\n" + bytes(200), (UNREADABLE, EMPTY)),
        BadFile("an stl for a glb", "a.glb", cube, (UNREADABLE,)),
        BadFile("an stl for a 3mf", "a.3mf", cube, (UNREADABLE,)),
        BadFile("an stl for splats", "a.splat", cube, (UNREADABLE, EMPTY, OPEN)),
        BadFile("a program", "a.exe", b"MZ" + bytes(99), (UNREADABLE,)),
        BadFile("no ending", "model", cube, (UNREADABLE,)),
        BadFile("faces of corners that are not there", "a.obj", b"v 0 0 0\nv 1 0 0\nf 1 2 9\n", (UNREADABLE, EMPTY)),
        BadFile("words for numbers", "a.obj", b"v zero 0 0\nf 1 1 1\n", (UNREADABLE, EMPTY)),
        BadFile("noise", "a.obj", np.random.default_rng(2).bytes(4000), (UNREADABLE, EMPTY)),
    ]  # fmt: skip


BAD_FILES: Final = (*_splat_files(), *_meshes(), *_damaged())
