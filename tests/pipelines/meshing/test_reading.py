import base64
import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import EmptyGeometry, GeometryTooLarge, InvalidInput, MoldarError, Unreadable
from pipelines.meshing import export_mesh, read_mesh
from tests.support.solids import brick, painted_brick, volume

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
TETRAHEDRON = (
    '<object id="1" type="model"><mesh><vertices><vertex x="0" y="0" z="0"/><vertex x="6" y="0" z="0"/>'
    '<vertex x="0" y="6" z="0"/><vertex x="0" y="0" z="6"/></vertices><triangles><triangle v1="0" v2="2" v3="1"/>'
    '<triangle v1="0" v2="1" v3="3"/><triangle v1="0" v2="3" v3="2"/><triangle v1="1" v2="2" v3="3"/></triangles>'
    "</mesh></object>"
)


def threemf(model: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("3D/3dmodel.model", model)
    return out.getvalue()


def model(resources: str, build: str, unit: str = "millimeter") -> str:
    return f'<model unit="{unit}" xmlns="{CORE}"><resources>{resources}</resources><build>{build}</build></model>'


def gltf(positions: list[list[float]], **changes: object) -> bytes:
    raw = np.array(positions, "<f4").tobytes()
    document: dict[str, object] = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": len(positions), "type": "VEC3"}],
        "bufferViews": [{"buffer": 0, "byteLength": len(raw)}],
        "buffers": [{"uri": "data:application/octet-stream;base64," + base64.b64encode(raw).decode()}],
    }
    return json.dumps(document | changes).encode()


def ply(header: str, body: bytes) -> bytes:
    return f"ply\nformat {header}\nend_header\n".encode() + body


XYZ = "property float x\nproperty float y\nproperty float z\n"
ASCII_QUAD = ply(
    f"ascii 1.0\nelement vertex 4\n{XYZ}element face 1\nproperty list uchar int vertex_index",
    b"0 0 0\n2 0 0\n2 2 0\n0 2 0\n4 0 1 2 3\n",
)


def test_an_ascii_stl_is_read() -> None:
    text = (
        "solid s\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1.5e1 0 0\nvertex 0 -.5 2\nendloop\nendfacet\n"
    )
    mesh = read_mesh((text + "endsolid s\n").encode(), "stl")
    assert mesh.size.tolist() == [15.0, 0.5, 2.0]
    assert mesh.faces.shape == (1, 3)


def test_polygons_become_fans() -> None:
    mesh = read_mesh(ASCII_QUAD, "ply")
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]]


def test_a_big_endian_ply_with_mixed_polygons_is_read() -> None:
    corners = np.array([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [1, 1, 3]], ">f4").tobytes()
    rows = b"".join(bytes([len(row)]) + np.array(row, ">i4").tobytes() for row in ([0, 3, 2, 1], [0, 1, 4], [1, 2, 4]))
    head = f"binary_big_endian 1.0\nelement vertex 5\n{XYZ}element face 3\nproperty list uchar int vertex_indices"
    assert read_mesh(ply(head, corners + rows), "ply").faces.tolist() == [[0, 3, 2], [0, 2, 1], [0, 1, 4], [1, 2, 4]]


def test_face_colours_of_a_ply_stay_sharp() -> None:
    colors = "property uchar red\nproperty uchar green\nproperty uchar blue"
    head = f"ascii 1.0\nelement vertex 4\n{XYZ}element face 2\nproperty list uchar int vertex_index\n{colors}"
    mesh = read_mesh(ply(head, b"0 0 0\n2 0 0\n2 2 0\n0 2 0\n3 0 1 2 255 0 0\n3 0 2 3 0 0 255\n"), "ply")
    assert mesh.colors is not None
    assert mesh.colors[mesh.faces].tolist() == [[[255, 0, 0]] * 3, [[0, 0, 255]] * 3]


def test_an_obj_counts_back_from_negative_numbers_and_skips_texture_and_normal() -> None:
    mesh = read_mesh(b"v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvn 0 0 1\nf -3/1/1 -2//1 -1/1\nv 0 0 1\nf 1 2 -1\n", "obj")
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 1, 3]]


def test_an_off_is_read() -> None:
    mesh = read_mesh(b"OFF\n# comment\n4 1 0\n0 0 0\n3 0 0\n3 3 0\n0 3 0\n4 0 1 2 3\n", "off")
    assert mesh.faces.shape == (2, 3)


def test_units_are_converted() -> None:
    stl = export_mesh(brick(), "stl")
    assert read_mesh(stl, "STL", "inch").size == pytest.approx([101.6, 152.4, 254.0])
    assert read_mesh(stl, ".stl", "m").size == pytest.approx([4000, 6000, 10000])
    assert read_mesh(export_mesh(brick(), "glb"), "glb", "mm").size == pytest.approx([0.004, 0.006, 0.01], rel=1e-4)


def test_a_3mf_in_inches_with_a_moved_and_mirrored_component_is_read() -> None:
    group = '<object id="2" type="model"><components><component objectid="1" transform="-1 0 0 0 1 0 0 0 1 10 0 0"/>'
    text = model(TETRAHEDRON + group + "</components></object>", '<item objectid="2"/>', unit="inch")
    mesh = read_mesh(threemf(text), "3mf")
    assert mesh.vertices.min(axis=0).tolist() == pytest.approx([4 * 25.4, 0, 0])
    assert volume(mesh) == pytest.approx(36 * 25.4**3)  # positive: the mirror did not turn it inside out


def test_a_gltf_node_is_turned_scaled_and_moved() -> None:
    half = np.sqrt(0.5)
    node = {"mesh": 0, "rotation": [0, 0, half, half], "scale": [2, 1, 1], "translation": [0, 0, 5]}
    mesh = read_mesh(gltf([[1, 0, 0], [0, 1, 0], [0, 0, 1]], nodes=[node]), "gltf")
    # file, y up, metres: (1,0,0) -> scaled (2,0,0) -> turned (0,2,0) -> moved (0,2,5); object: (x, -z, y) in mm
    assert mesh.vertices[0] == pytest.approx([0, -5000, 2000], abs=1e-6)


def test_a_gltf_material_colours_its_faces() -> None:
    material = {"pbrMetallicRoughness": {"baseColorFactor": [1.0, 0.5029, 0.0, 1.0]}}
    meshes = [{"primitives": [{"attributes": {"POSITION": 0}, "material": 0}]}]
    mesh = read_mesh(gltf([[1, 0, 0], [0, 1, 0], [0, 0, 1]], meshes=meshes, materials=[material]), "gltf")
    assert mesh.colors is not None
    assert mesh.colors.tolist() == [[255, 188, 0]] * 3


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("ply", b"just a text file that calls itself a ply\n" * 30),
        ("ply", ply(f"binary_little_endian 1.0\nelement vertex 10000000\n{XYZ}", b"\0" * 900)),
        ("ply", ply(f"ascii 1.0\nelement vertex 10000000\n{XYZ}", b"0 0 0\n" * 100)),
        ("ply", ply(f"ascii 1.0\nelement vertex -4\n{XYZ}", b"")),
        ("ply", ASCII_QUAD.replace(b"2 2 0", b"2 nan 0")),
        ("ply", ASCII_QUAD.replace(b"2 2 0", b"2 inf 0")),
        ("ply", ASCII_QUAD.replace(b"2 2 0", b"2 two 0")),
        ("ply", ASCII_QUAD.replace(b"4 0 1 2 3", b"4 0 1 2 9")),
        ("ply", ASCII_QUAD.replace(b"4 0 1 2 3", b"900000000 0 1 2 3")),
        ("stl", export_mesh(brick(), "stl")[:-30]),
        ("stl", export_mesh(brick(), "stl")[:80] + b"\xff\xff\xff\xff" + b"\0" * 500),
        ("stl", b"solid s\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex x 0 0\nvertex 0 1 0\n"),
        ("stl", b""),
        ("glb", export_mesh(brick(), "glb")[:-400]),
        ("gltf", gltf([[0, 0, 0]] * 3, buffers=[{"uri": "../../etc/passwd", "byteLength": 36}])),
        ("gltf", gltf([[0, 0, 0]] * 3, buffers=[{"uri": "http://127.0.0.1/x.bin", "byteLength": 36}])),
        ("gltf", gltf([[0, 0, 0]] * 3, nodes=[{"mesh": 0, "children": [0]}])),
        ("gltf", b"{" * 100_000),
        ("3mf", b"PK but no zip"),
        ("3mf", threemf("<model")),
        ("3mf", threemf(model("", '<item objectid="7"/>'))),
        ("obj", b"v 0 0\nf 1 1 1\n"),
        ("obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n"),
        ("off", b"OFF\n99999999 99999999 0\n0 0 0\n"),
    ],
)
def test_a_damaged_or_lying_file_is_unreadable(kind: str, data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_mesh(data, kind)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("ply", ply(f"ascii 1.0\nelement vertex 0\n{XYZ}", b"")),
        ("ply", ply(f"ascii 1.0\nelement vertex 1\n{XYZ}", b"0 0 0\n")),
        ("stl", b"\0" * 84),
        ("obj", b"# nothing\n"),
        ("3mf", threemf(model("", ""))),
    ],
)
def test_a_file_without_faces_is_empty(kind: str, data: bytes) -> None:
    with pytest.raises(EmptyGeometry):
        read_mesh(data, kind)


def test_a_zip_bomb_is_refused_before_it_unpacks() -> None:
    with pytest.raises(GeometryTooLarge):
        read_mesh(threemf(" " * 40_000_000), "3mf")


def test_entities_are_refused() -> None:
    laughs = '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + model(TETRAHEDRON, "&b;")
    with pytest.raises(Unreadable):
        read_mesh(threemf(laughs), "3mf")


def test_entities_in_another_encoding_are_refused_too() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("3D/3dmodel.model", (text + model(TETRAHEDRON, "&a;")).encode("utf-16"))
    with pytest.raises(Unreadable):
        read_mesh(out.getvalue(), "3mf")


def test_one_object_placed_a_million_times_is_refused() -> None:
    objects, inner = TETRAHEDRON, 1
    for level in range(2, 10):
        parts = f'<component objectid="{inner}"/>' * 8
        objects += f'<object id="{level}" type="model"><components>{parts}</components></object>'
        inner = level
    with pytest.raises(GeometryTooLarge):
        read_mesh(threemf(model(objects, f'<item objectid="{inner}"/>' * 8)), "3mf")


def test_too_many_faces_are_refused_by_the_header() -> None:
    count = 2_000_001
    with pytest.raises(GeometryTooLarge):
        read_mesh(b"\0" * 80 + np.uint32(count).tobytes() + bytes(50 * count), "stl")


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(InvalidInput, match="step"):
        read_mesh(b"", "step")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["stl", "obj", "ply", "glb", "3mf"]), st.data())
def test_a_file_with_flipped_bytes_is_read_or_refused(kind: str, data: st.DataObject) -> None:
    content = bytearray(export_mesh(painted_brick(), kind))  # type: ignore[arg-type]
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        mesh = read_mesh(bytes(content), kind)
    except MoldarError:
        return
    assert np.isfinite(mesh.vertices).all()
    assert mesh.faces.max() < len(mesh.vertices)
