"""glTF of every shape that its standard allows. Files are y up in metres: (x, y, z) becomes (x, -z, y) times 1000."""

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from pipelines.errors import GeometryTooLarge, TooLarge, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing import read_mesh
from tests.support import wild
from tests.support.solids import is_closed, volume

TETRA_MM3 = 8e9


def in_file(mesh: TriangleMesh) -> NDArray[np.float64]:
    """The vertices as the file would say them."""
    x, y, z = mesh.vertices.T / 1000
    return np.stack([x, z, -y], axis=1)


def read(made: wild.Gltf) -> TriangleMesh:
    """The same mesh of both forms of the file."""
    mesh = read_mesh(made.glb(), "glb")
    other = read_mesh(made.gltf(), "gltf")
    assert (mesh.vertices == other.vertices).all()
    assert (mesh.faces == other.faces).all()
    return mesh


def placed(**node: Any) -> TriangleMesh:
    made = wild.Gltf()
    made.tetrahedron()
    made.json["nodes"] = [{"mesh": 0, **node}]
    return read(made)


def test_a_matrix_and_a_mirror_are_applied_and_faces_stay_outside() -> None:
    mesh = placed(matrix=[-2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 30, 0, 0, 1])  # column by column
    assert volume(mesh) == pytest.approx(2 * TETRA_MM3)
    assert in_file(mesh)[:, 0] == pytest.approx([30, 18, 30, 30])
    assert volume(placed(scale=[1, -1, 1])) == pytest.approx(TETRA_MM3)
    assert volume(placed(scale=[-1, -1, 1])) == pytest.approx(TETRA_MM3)


def test_a_child_is_scaled_before_its_parent_turns_it() -> None:
    made = wild.Gltf()
    made.tetrahedron()
    half = 0.5**0.5
    made.json["nodes"] = [
        {"children": [1], "rotation": [0, 0, half, half], "translation": [0, 0, 100]},
        {"mesh": 0, "scale": [1, 1, 10], "translation": [1, 2, 3]},
    ]
    # (6, 0, 0) -> scaled (6, 0, 0) -> moved (7, 2, 3) -> turned about z by 90 degrees (-2, 7, 3) -> moved (-2, 7, 103)
    assert in_file(read(made))[1] == pytest.approx([-2, 7, 103])
    assert in_file(read(made))[3] == pytest.approx([-2, 1, 123])  # (0, 0, 2) -> (0, 0, 20) -> (1, 2, 23) -> (-2, 1, 23)


def test_only_the_default_scene_is_read() -> None:
    made = wild.Gltf()
    made.tetrahedron()
    made.json |= {"scenes": [{"nodes": [0, 1]}, {"nodes": [1]}], "scene": 1}
    made.json["nodes"] = [{"mesh": 0}, {"mesh": 0, "translation": [50, 0, 0]}]
    assert in_file(read(made))[:, 0].min() == pytest.approx(50)


def test_without_scenes_each_tree_of_nodes_is_read_once() -> None:
    made = wild.Gltf()
    made.tetrahedron()
    del made.json["scenes"], made.json["scene"]
    made.json["nodes"] = [{"mesh": 0, "translation": [5, 0, 0]}, {"children": [0], "translation": [50, 0, 0]}]
    assert in_file(read(made))[:, 0].min() == pytest.approx(55)
    assert len(read(made).faces) == 4


def test_several_buffers_strides_and_offsets_are_followed() -> None:
    made = wild.Gltf()
    rows = np.zeros(4, [("skip", "<f4"), ("position", "<f4", 3), ("color", "u1", 4)])
    rows["position"], rows["color"][:, :3], rows["color"][:, 3] = wild.POINTS, wild.COLORS, 255
    faces = np.ravel(wild.FACES).astype("<u4").tobytes()

    def uri(data: bytes) -> dict[str, Any]:
        return {"byteLength": len(data), "uri": "data:;base64," + base64.b64encode(data).decode()}

    made.json |= {
        "buffers": [uri(b"\0" * 8 + rows.tobytes()), uri(faces)],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 8, "byteLength": rows.nbytes, "byteStride": rows.itemsize},
            {"buffer": 1, "byteLength": len(faces)},
        ],
        "accessors": [
            {"bufferView": 0, "byteOffset": 4, "componentType": 5126, "count": 4, "type": "VEC3"},
            {"bufferView": 0, "byteOffset": 16, "componentType": 5121, "count": 4, "type": "VEC4", "normalized": True},
            {"bufferView": 1, "componentType": 5125, "count": 12, "type": "SCALAR"},
        ],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "COLOR_0": 1}, "indices": 2}]}],
    }
    mesh = read_mesh(json.dumps(made.json).encode(), "gltf")
    assert is_closed(mesh)
    assert volume(mesh) == pytest.approx(TETRA_MM3)
    assert mesh.colors is not None
    assert mesh.colors[1].tolist() == [0, 255, 0]


def test_percent_encoded_buffers_are_read() -> None:
    made = wild.Gltf()
    made.tetrahedron()
    document = json.loads(made.gltf())
    document["buffers"][0]["uri"] = "data:application/octet-stream," + "".join(f"%{byte:02x}" for byte in made.body)
    assert volume(read_mesh(json.dumps(document).encode(), "gltf")) == pytest.approx(TETRA_MM3)


@pytest.mark.parametrize("on_zeros", [False, True])
def test_sparse_rows_replace_others(on_zeros: bool) -> None:
    made = wild.Gltf()
    values = made.view(np.array([wild.POINTS[1], wild.POINTS[3]], "<f4").tobytes())
    sparse = {
        "count": 2,
        "indices": {"bufferView": made.view(np.array([1, 3], "<u2").tobytes()), "componentType": 5123},
        "values": {"bufferView": values},
    }
    base = [(0, 0, 0), (9, 9, 9), (0, 0, 0) if on_zeros else wild.POINTS[2], (9, 9, 9)]
    positions = made.accessor(base, "f4", sparse=sparse)
    if on_zeros:
        del made.json["accessors"][positions]["bufferView"]
    made.tetrahedron(POSITION=positions)
    assert in_file(read(made)).tolist()[1] == list(wild.POINTS[1])
    assert in_file(read(made)).tolist()[3] == list(wild.POINTS[3])
    assert volume(read(made)) == pytest.approx(0 if on_zeros else TETRA_MM3)


def test_quantised_positions_are_parts_of_their_range() -> None:
    made = wild.Gltf()
    made.tetrahedron(POSITION=made.accessor(np.array(wild.POINTS) * 5000, "i2", normalized=True))
    made.json["nodes"] = [{"mesh": 0, "scale": [6.5534, 6.5534, 6.5534]}]
    made.json["extensionsRequired"] = ["KHR_mesh_quantization"]
    assert in_file(read(made)) == pytest.approx(np.array(wild.POINTS), abs=1e-3)  # 30000 / 32767 * 6.5534 = 6
    plain = wild.Gltf()
    plain.tetrahedron(POSITION=plain.accessor(np.array(wild.POINTS) * 20, "u1"))
    assert in_file(read(plain)).tolist() == (np.array(wild.POINTS) * 20).tolist()


def test_instances_repeat_a_mesh() -> None:
    made = wild.Gltf()
    made.tetrahedron()
    attributes = {
        "TRANSLATION": made.accessor([(0, 0, 0), (100, 0, 0), (0, 50, 0)], "f4"),
        "SCALE": made.accessor([(1, 1, 1), (2, 2, 2), (1, 1, -3)], "f4"),
    }
    made.json["nodes"][0]["extensions"] = {"EXT_mesh_gpu_instancing": {"attributes": attributes}}
    made.json["extensionsRequired"] = ["EXT_mesh_gpu_instancing"]
    mesh = read(made)
    assert volume(mesh) == pytest.approx((1 + 8 + 3) * TETRA_MM3)
    assert in_file(mesh).max(axis=0) == pytest.approx([112, 54, 4])


def test_a_skin_stands_where_its_joints_are() -> None:
    made = wild.Gltf()
    joints = made.accessor([(0, 1, 0, 0)] * 4, "u1", "VEC4")
    weights = made.accessor([(1, 0, 0, 0), (0.5, 0.5, 0, 0), (0, 1, 0, 0), (0, 1, 0, 0)], "f4", "VEC4")
    made.tetrahedron(JOINTS_0=joints, WEIGHTS_0=weights)
    bound = np.eye(4)
    bound[3, :3] = (0, -10, 0)  # a column-major translation: rest is 10 below the joint
    inverse = made.accessor([np.eye(4).ravel(), bound.ravel()], "f4", "MAT4")
    made.json["skins"] = [{"joints": [1, 2], "inverseBindMatrices": inverse}]
    made.json["nodes"] = [
        {"mesh": 0, "skin": 0, "translation": [1000, 0, 0]},  # counts for nothing
        {"children": [2], "scale": [2, 2, 2]},
        {"translation": [0, 10, 0]},
    ]
    made.json["scenes"] = [{"nodes": [0, 1]}]
    # Joint 1: twice. Joint 2: up 10 and twice, from 10 below: twice, too. So every vertex is where twice puts it.
    assert in_file(read(made)) == pytest.approx(2 * np.array(wild.POINTS))
    made.json["nodes"][2]["translation"] = [0, 11, 0]
    shift = np.array([(0, 0, 0), (0, 1, 0), (0, 2, 0), (0, 2, 0)])  # by half and whole weight of 2 x 1
    assert in_file(read(made)) == pytest.approx(2 * np.array(wild.POINTS) + shift)


def test_strips_and_fans_are_unrolled_without_their_seams() -> None:
    made = wild.Gltf()
    positions = made.accessor(wild.POINTS, "f4")
    made.json["meshes"][0]["primitives"] = [
        {
            "attributes": {"POSITION": positions},
            "mode": 5,
            "indices": made.accessor([0, 2, 1, 3, 3, 0], "u1", "SCALAR"),
        },
        {"attributes": {"POSITION": positions}, "mode": 6},
        {"attributes": {"POSITION": positions}, "mode": 1},  # lines print nothing
    ]
    faces = [[tuple(point) for point in face] for face in np.rint(in_file(read(made)))[read(made).faces].tolist()]
    wanted = [(0, 2, 1), (1, 2, 3), (0, 1, 2), (0, 2, 3)]
    assert faces == [[wild.POINTS[corner] for corner in face] for face in wanted]


def test_parts_that_share_a_table_take_only_their_own_vertices() -> None:
    made = wild.Gltf()
    points = made.accessor([*[(9.0, 9.0, 9.0)] * 40, *wild.POINTS], "f4")
    indices = made.accessor(np.ravel(wild.FACES) + 40, "u1", "SCALAR")
    made.json["meshes"][0]["primitives"] = [{"attributes": {"POSITION": points}, "indices": indices}] * 3
    mesh = read(made)
    assert len(mesh.vertices) == 12
    assert volume(mesh) == pytest.approx(3 * TETRA_MM3)


@pytest.mark.parametrize(
    ("kind", "most", "normalized"), [("u1", 255, True), ("u2", 65535, True), ("f4", 1, False), ("u1", 255, False)]
)
@pytest.mark.parametrize("width", [3, 4])
def test_vertex_colours_are_linear_in_every_type(kind: str, most: int, normalized: bool, width: int) -> None:
    made = wild.Gltf()
    # 0.2140 linear is sRGB 127.6, 0.5029 is 188, 0.0331 is 50.8 (IEC 61966-2-1).
    shares = np.array([[1, 0, 0, 1], [0.2140, 0.5029, 0.0331, 1], [0, 0, 1, 1], [1, 1, 1, 1]])[:, :width]
    values = shares if kind == "f4" else np.rint(shares * most)
    made.tetrahedron(COLOR_0=made.accessor(values, kind, f"VEC{width}", normalized=normalized))
    colors = read(made).colors
    assert colors is not None
    assert colors.tolist()[0] == [255, 0, 0]
    assert np.abs(colors[1].astype(int) - [128, 188, 51]).max() <= (1 if kind != "u1" else 2)


PICTURE = [[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (250, 240, 10)]]


def textured(uv: list[tuple[float, float]], sampler: dict[str, int], **texture: Any) -> list[list[int]]:
    made = wild.Gltf()
    made.tetrahedron(TEXCOORD_0=made.accessor(uv, "f4", "VEC2"))["material"] = 0
    picture = made.view(wild.png(PICTURE))
    made.json |= {
        "images": [{"bufferView": picture, "mimeType": "image/png"}],
        "samplers": [sampler],
        "textures": [{"source": 0, "sampler": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, **texture}}}],
    }
    colors = read(made).colors
    assert colors is not None
    return colors.tolist()


def test_a_texture_is_looked_up_from_the_top_left() -> None:
    assert textured([(0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)], {}) == [list(c) for row in PICTURE for c in row]


@pytest.mark.parametrize(
    ("wrap", "wanted"),
    [(10497, [(0, 255, 0), (255, 0, 0)]), (33071, [(255, 0, 0), (0, 255, 0)]), (33648, [(255, 0, 0), (0, 255, 0)])],
)
def test_a_texture_goes_on_beyond_its_edge_as_its_sampler_says(wrap: int, wanted: list[tuple[int, int, int]]) -> None:
    found = textured([(-0.1, 0.1), (1.1, 0.1), (2.1, 0.1), (0.1, 0.1)], {"wrapS": wrap, "wrapT": 33071})
    assert found[:2] == [list(color) for color in wanted]
    assert found[2] == [0, 255, 0] if wrap == 33071 else found[2] == [255, 0, 0]


def test_a_texture_is_moved_by_its_transform() -> None:
    # A quarter turn counter-clockwise, v pointing down: (u, v) -> (v, -u), then moved by (0, 1).
    quarter = {"KHR_texture_transform": {"rotation": np.pi / 2, "offset": [0, 1], "scale": [1, 1]}}
    found = textured([(0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)], {}, extensions=quarter)
    assert found == [[0, 0, 255], [255, 0, 0], [250, 240, 10], [0, 255, 0]]


def test_a_factor_multiplies_in_linear_light_and_old_materials_are_known() -> None:
    made = wild.Gltf()
    made.tetrahedron()["material"] = 0
    made.json["materials"] = [
        {"extensions": {"KHR_materials_pbrSpecularGlossiness": {"diffuseFactor": [0.5029, 0, 1, 1]}}}
    ]
    colors = read(made).colors
    assert colors is not None
    assert colors.tolist() == [[188, 0, 255]] * 4


@pytest.mark.parametrize("mime", ["image/ktx2", "image/png"])
def test_pictures_for_graphics_cards_are_passed_over_and_others_must_be_sound(mime: str) -> None:
    made = wild.Gltf()
    made.tetrahedron(TEXCOORD_0=made.accessor([(0, 0)] * 4, "f4", "VEC2"))["material"] = 0
    made.json |= {
        "images": [{"bufferView": made.view(b"\xabKTX 20\xbb"), "mimeType": mime}],
        "textures": [{"source": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
    }
    if mime == "image/ktx2":
        assert read(made).colors is None
    else:
        with pytest.raises(Unreadable, match="texture"):
            read(made)


def test_a_picture_bomb_is_refused_before_it_is_decoded() -> None:
    made = wild.Gltf()
    made.tetrahedron(TEXCOORD_0=made.accessor([(0, 0)] * 4, "f4", "VEC2"))["material"] = 0
    small = bytearray(wild.png(PICTURE))
    small[16:24] = (60_000).to_bytes(4, "big") * 2  # 3.6 thousand million pixels, says the header
    made.json |= {
        "images": [{"bufferView": made.view(bytes(small))}],
        "textures": [{"source": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
    }
    with pytest.raises((TooLarge, Unreadable)):
        read(made)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"extensionsRequired": ["KHR_draco_mesh_compression"]}, "Draco.*without compression"),
        ({"extensionsRequired": ["EXT_meshopt_compression"]}, "meshopt.*without compression"),
        ({"extensionsRequired": ["ACME_fur", "KHR_materials_unlit"]}, "needs ACME_fur,"),
        ({"asset": {"version": "1.0"}}, "version '1.0'"),
        ({"scene": -1}, "does not hold"),
        ({"scene": 0.0}, "does not hold"),
        ({"nodes": [{"mesh": -1}]}, "does not hold"),
        ({"buffers": [{"uri": "http://127.0.0.1:1/a.bin", "byteLength": 99}]}, "another file.*use .glb"),
        ({"buffers": [{"uri": "/etc/passwd", "byteLength": 99}]}, "another file"),
        ({"nodes": [{"mesh": 0, "children": [1]}, {"children": [0]}]}, "not a tree"),
    ],
)
def test_what_is_not_read_is_refused_by_name(change: dict[str, Any], sentence: str) -> None:
    made = wild.Gltf()
    made.tetrahedron()
    document = json.loads(made.gltf()) | change
    with pytest.raises(Unreadable, match=sentence):
        read_mesh(json.dumps(document).encode(), "gltf")


def test_compression_that_is_called_optional_is_refused_where_it_is_used() -> None:
    made = wild.Gltf()
    made.tetrahedron()["extensions"] = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}}
    with pytest.raises(Unreadable, match="Draco"):
        read(made)


@pytest.mark.parametrize(
    "change",
    [
        {"componentType": 5126},  # faces numbered by floats
        {"count": 10**30},
        {"count": 13},
        {"byteOffset": -4},
        {"type": "VEC3"},
        {"bufferView": 99},
    ],
)
def test_an_accessor_that_lies_is_refused(change: dict[str, Any]) -> None:
    made = wild.Gltf()
    primitive = made.tetrahedron()
    made.json["accessors"][primitive["indices"]] |= change
    with pytest.raises((Unreadable, GeometryTooLarge)):
        read(made)


def test_a_document_of_millions_of_values_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(TooLarge, match="4,000,000"):
        read_mesh(b'{"asset":{"version":"2.0"},"extras":[' + b"[]," * 2_000_001 + b"[]]}", "gltf")


def test_a_small_file_that_places_much_is_refused() -> None:
    made = wild.Gltf()
    made.tetrahedron()
    made.json["nodes"] = [{"mesh": 0}] * 20_001
    made.json["scenes"] = [{"nodes": list(range(20_001))}]
    with pytest.raises(GeometryTooLarge, match="places"):
        read_mesh(made.glb(), "glb")
    zeros = wild.Gltf()  # a thousand million vertices in no bytes
    zeros.json["accessors"] = [{"componentType": 5126, "count": 10**9, "type": "VEC3"}]
    zeros.json["meshes"] = [{"primitives": [{"attributes": {"POSITION": 0}}]}]
    with pytest.raises(GeometryTooLarge, match="333,333,333"):
        read_mesh(zeros.glb(), "glb")


def test_trimesh_and_we_read_the_same_of_what_trimesh_writes() -> None:
    scene = trimesh.Scene()
    rng = np.random.default_rng(3)
    for k in range(4):
        part = trimesh.creation.cylinder(1 + k, 3, sections=9)
        part.visual.vertex_colors = rng.integers(0, 256, (len(part.vertices), 4), np.uint8)
        scene.add_geometry(part, transform=trimesh.transformations.random_rotation_matrix(rng.random(3)))
        turn = trimesh.transformations.euler_matrix(0.3 * k, 0.5, 1)
        turn[:3, 3] = (10 * k, 1, 2)
        scene.graph.update(list(scene.geometry)[-1], matrix=turn)
    data = scene.export(file_type="glb")
    theirs = trimesh.load(io.BytesIO(data), file_type="glb")
    mesh = read_mesh(data, "glb")
    assert volume(mesh) == pytest.approx(theirs.volume * 1e9, rel=1e-5)
    points = in_file(mesh)
    assert np.sort([points.min(axis=0), points.max(axis=0)], axis=0) == pytest.approx(theirs.bounds, abs=1e-5)
