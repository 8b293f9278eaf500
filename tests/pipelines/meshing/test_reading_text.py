"""STL, OBJ, OFF and PLY as other programs write them. The tetrahedron of `wild` has volume 8."""

import io
import re

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import EmptyGeometry, GeometryTooLarge, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing import read_mesh
from tests.support import wild
from tests.support.solids import is_closed, volume


def check_tetrahedron(mesh: TriangleMesh) -> None:
    assert len(mesh.vertices) == 4
    assert is_closed(mesh)
    assert volume(mesh) == pytest.approx(8.0)
    assert mesh.size == pytest.approx([6, 4, 2])


def corner_colors(mesh: TriangleMesh) -> list[list[list[int]]]:
    assert mesh.colors is not None
    return mesh.colors[mesh.faces].tolist()


FOUR = [[list(wild.COLORS[corner]) for corner in face] for face in wild.FACES]


@pytest.mark.parametrize(
    "text",
    [
        wild.ascii_stl(),
        wild.ascii_stl(number="{:+.3E}"),
        wild.ascii_stl(number="{:.1f}"),
        re.sub(r"(?<=\d)e", "D", wild.ascii_stl(number="{:.4e}")),
        wild.ascii_stl(number="{:.4f}").replace(".", ","),
        wild.ascii_stl(end="\r\n"),
        wild.ascii_stl(end="\r"),
        wild.ascii_stl(endsolid=False),
        wild.ascii_stl(name="a vertex, 1,5 mm from the facet"),
        wild.ascii_stl(name="").replace("vertex", "VERTEX\t"),
        "\ufeff" + wild.ascii_stl(),
        "\n  " + wild.ascii_stl(),
    ],
)
def test_an_ascii_stl_is_read_however_it_is_written(text: str) -> None:
    check_tetrahedron(read_mesh(text.encode(), "stl"))


def test_several_solids_in_one_stl_are_one_mesh() -> None:
    moved = wild.ascii_stl("second").replace("vertex 0.000000e+00", "vertex 3.000000e+01")
    moved = moved.replace("vertex 6.000000e+00", "vertex 3.600000e+01")
    mesh = read_mesh((wild.ascii_stl("first") + moved).encode(), "stl")
    assert volume(mesh) == pytest.approx(16)
    assert mesh.size == pytest.approx([36, 4, 2])


def test_a_binary_stl_may_begin_as_a_text_would() -> None:
    check_tetrahedron(read_mesh(wild.binary_stl(header=b"solid facet normal outer loop"), "stl"))


def test_a_binary_stl_with_bytes_behind_its_faces_or_no_count_is_read() -> None:
    check_tetrahedron(read_mesh(wild.binary_stl() + b"made by a hand", "stl"))
    check_tetrahedron(read_mesh(wild.binary_stl(count=0), "stl"))
    with pytest.raises(Unreadable, match="declares 5 triangles but holds 4"):
        read_mesh(wild.binary_stl(count=5), "stl")
    with pytest.raises(Unreadable, match=r"4,294,967,295"):
        read_mesh(wild.binary_stl(count=2**32 - 1), "stl")


def test_colours_of_viscam_are_blue_first_and_marked() -> None:
    # 5 bits each: 31 -> 255, 16 -> 132 (131.6). Red lies at bit 10, green at 5, blue at 0.
    mesh = read_mesh(wild.binary_stl((0x8000 | 31 << 10, 0x8000 | 16 << 5, 0x8000 | 31, 0x7FFF)), "stl")
    plain = [200, 200, 205]
    assert corner_colors(mesh) == [[[255, 0, 0]] * 3, [[0, 132, 0]] * 3, [[0, 0, 255]] * 3, [plain] * 3]


def test_colours_of_magics_are_red_first_and_unmarked_over_those_of_the_header() -> None:
    header = b"binary COLOR=\x0a\x14\x1e\xff,MATERIAL="
    mesh = read_mesh(wild.binary_stl((31, 16 << 5, 31 << 10, 0x8000), header), "stl")
    assert corner_colors(mesh) == [[[255, 0, 0]] * 3, [[0, 132, 0]] * 3, [[0, 0, 255]] * 3, [[10, 20, 30]] * 3]


def test_an_stl_without_marks_has_no_colours() -> None:
    assert read_mesh(wild.binary_stl((5, 600, 0x7FFF, 0)), "stl").colors is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "faces",
    [
        ("f 1 3 2", "f 1 2 4", "f 1 4 3", "f 2 3 4"),
        ("f -4 -2 -3", "f -4 -3 -1", "f -4 -1 -2", "f -3 -2 -1"),
        ("f 1/1/1 3/1/1 2/1/1", "f 1//2 2//2 4//2", "f 1/1 4/1 3/1", "\tf  2   3\t4"),
        ("f 1 3 \\", " 2", "f 1 2 4", "g other", "usemtl blue", "f 1 4 3", "l 1 2", "p 1", "f 2 3 4 # the last"),
    ],
)
def test_an_obj_is_read_however_its_faces_are_numbered(faces: tuple[str, ...], end: str) -> None:
    check_tetrahedron(read_mesh(wild.obj(faces, end).encode(), "obj"))


def test_an_obj_has_the_colours_behind_its_coordinates() -> None:
    assert corner_colors(read_mesh(wild.obj(colors=True).encode(), "obj")) == FOUR
    some = wild.obj(colors=True).replace("v 6.0 0.0 0.0 0.0 1.0 0.0", "v 6.0 0.0 0.0")
    assert corner_colors(read_mesh(some.encode(), "obj"))[1][1] == [200, 200, 205]
    weighted = wild.obj().replace(" 0.0\n", " 0.0 1.0\n")  # x y z w
    assert read_mesh(weighted.encode(), "obj").colors is None


def test_an_obj_of_curves_only_is_refused_by_name() -> None:
    with pytest.raises(Unreadable, match="curved"):
        read_mesh(b"v 0 0 0\nv 1 0 0\ncstype bezier\ncurv 0 1 1 2\nsurf 0 1 0 1 1 2\nend\n", "obj")


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_ply_is_read_in_every_encoding_and_line_end(encoding: str, newline: str) -> None:
    mesh = read_mesh(wild.ply(encoding, wild.XYZ_RGB, wild.COLORED_ROWS, wild.FACES, newline=newline), "ply")
    check_tetrahedron(mesh)
    assert corner_colors(mesh) == FOUR


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("lists", [("uchar", "int"), ("ushort", "uint"), ("int", "uchar"), ("uint", "short")])
def test_a_ply_may_have_doubles_further_properties_and_any_lists(encoding: str, lists: tuple[str, str]) -> None:
    names = [("double", "x"), ("float", "nx"), ("double", "y"), ("uchar", "quality"), ("double", "z")]
    rows = [(x, 0.5, y, 7, z) for x, y, z in wild.POINTS]
    faces = [*wild.FACES[:2], (0, 3, 3, 2), wild.FACES[3]]  # of different lengths
    mesh = read_mesh(wild.ply(encoding, names, rows, faces, lists, "vertex_index"), "ply")
    assert volume(mesh) == pytest.approx(8.0)
    assert len(mesh.faces) == 5


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian"])
def test_strips_of_a_ply_are_unrolled(encoding: str) -> None:
    strip = [(0, 2, 1, 3, -1, 1, 2, 3), (0, 3, 2)]  # 021, 123 turned over, then two single ones
    mesh = read_mesh(wild.ply(encoding, wild.XYZ, wild.POINTS, strip, element="tristrips"), "ply")
    assert mesh.faces.tolist() == [[0, 2, 1], [1, 2, 3], [1, 2, 3], [0, 3, 2]]


@pytest.mark.parametrize(
    ("kind", "factor", "most"),
    [("float", 1 / 255, 1.0), ("float", 1.0, 255.0), ("ushort", 257, 65535), ("uchar", 1, 255)],
)
def test_colours_of_a_ply_are_fractions_bytes_or_words(kind: str, factor: float, most: float) -> None:
    names = [*wild.XYZ, *((kind, name) for name in ("red", "green", "blue"))]
    rows = [
        (*point, *(value * factor for value in color)) for point, color in zip(wild.POINTS, wild.COLORS, strict=True)
    ]
    assert max(max(row[3:]) for row in rows) == pytest.approx(most)
    mesh = read_mesh(wild.ply("binary_little_endian", names, rows, wild.FACES), "ply")
    assert corner_colors(mesh) == FOUR


def test_a_plys_other_lists_are_passed_over() -> None:
    head = "ply\nformat binary_little_endian 1.0\nelement vertex 4\n" + "".join(f"property float {a}\n" for a in "xyz")
    head += "element face 2\nproperty uchar flags\nproperty list uchar int vertex_indices\n"
    head += "property list uchar float texcoord\n"
    head += "".join(f"property uchar {name}\n" for name in ("red", "green", "blue")) + "end_header\n"
    body = np.array(wild.POINTS, "<f4").tobytes()
    for corners, color in (((0, 2, 1), (255, 0, 9)), ((0, 1, 3, 2), (0, 7, 255))):
        body += bytes([1, len(corners)]) + np.array(corners, "<i4").tobytes()
        body += bytes([2]) + np.array([0.5, np.nan], "<f4").tobytes() + bytes(color)
    mesh = read_mesh(head.encode() + body, "ply")
    assert corner_colors(mesh) == [[[255, 0, 9]] * 3, [[0, 7, 255]] * 3, [[0, 7, 255]] * 3]


def test_an_off_has_colours_of_its_vertices_or_faces() -> None:
    rows = "0 0 0 {0}\n6 0 0 {1}\n0 4 0 {2}\n0 0 2 {3}\n"
    bytes_ = rows.format(*(f"{r} {g} {b} 255" for r, g, b in wild.COLORS))
    faces = "3 0 2 1{0}\n3 0 1 3{1}\n3 0 3 2{2}\n3 1 2 3{3}\n"
    vertex = read_mesh(("COFF\n4 4 6\n" + bytes_ + faces.format("", "", "", "")).encode(), "off")
    assert corner_colors(vertex) == FOUR
    shares = [" 1.0 0.0 0.0", " 0.0 0.5 0.0 1.0", " 0.0 0.0 1.0", " 0.0 0.0 0.0"]
    face = read_mesh(("OFF 4 4 6\n" + rows.format("", "", "", "") + faces.format(*shares)).encode(), "off")
    assert corner_colors(face) == [[[255, 0, 0]] * 3, [[0, 128, 0]] * 3, [[0, 0, 255]] * 3, [[0, 0, 0]] * 3]
    with pytest.raises(Unreadable, match="binary"):
        read_mesh(b"OFF BINARY\n\0\0\0\4", "off")


def area(mesh: TriangleMesh) -> float:
    """Sum of the triangles' sizes: more than the polygon's own where they overlap."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def polygon_file(points: list[tuple[float, float, float]]) -> bytes:
    rows = "".join(f"v {x!r} {y!r} {z!r}\n" for x, y, z in points)
    return (rows + "f " + " ".join(str(k + 1) for k in range(len(points))) + "\n").encode()


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        ([(0, 0, 5), (4, 0, 5), (4, 4, 5), (3, 1, 5)], 4.0),  # an arrow, its notch last: shoelace by hand
        ([(3, 1, 5), (0, 0, 5), (4, 0, 5), (4, 4, 5)], 4.0),
        (
            [(0, 0, 0), (6, 0, 0), (6, 0, 6), (4, 0, 6), (4, 0, 2), (2, 0, 2), (2, 0, 6), (0, 0, 6)],
            28.0,
        ),  # a U, upright
    ],
)
def test_a_dented_polygon_is_filled_without_overlap(points: list[tuple[float, float, float]], wanted: float) -> None:
    for k in range(len(points)):
        mesh = read_mesh(polygon_file(points[k:] + points[:k]), "obj")
        assert len(mesh.faces) == len(points) - 2
        assert area(mesh) == pytest.approx(wanted)
        assert set(mesh.faces.ravel().tolist()) == set(range(len(points)))


@settings(max_examples=80, deadline=None)
@given(st.integers(4, 30), st.integers(0, 10**6))
def test_any_star_shaped_polygon_is_filled_exactly_whichever_way_it_faces(corners: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.choice(360, corners, replace=False)) * np.pi / 180
    if np.diff(angle, append=angle[0] + 2 * np.pi).max() > 3.0:
        return
    flat = (rng.uniform(1, 10, corners) * [np.cos(angle), np.sin(angle)]).T
    wanted = 0.5 * abs(np.sum(flat[:, 0] * np.roll(flat[:, 1], -1) - flat[:, 1] * np.roll(flat[:, 0], -1)))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    points = np.c_[flat, np.full(corners, 3.0)] @ turn.T
    assert area(read_mesh(polygon_file([tuple(point) for point in points.tolist()]), "obj")) == pytest.approx(wanted)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_what_trimesh_writes_is_read_as_trimesh_means_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ball = trimesh.creation.icosphere(1, radius=float(rng.uniform(1, 50)))
    ball.apply_translation(rng.uniform(-100, 100, 3))
    ball.visual.vertex_colors = rng.integers(0, 256, (len(ball.vertices), 4), np.uint8)
    ascii_ply = trimesh.exchange.ply.export_ply(ball, encoding="ascii")
    files = {"stl": "stl", "stl_ascii": "stl", "obj": "obj", "ply": "ply", "off": "off"}
    written = [(kind, ball.export(file_type=name)) for name, kind in files.items()] + [("ply", ascii_ply)]
    for kind, data in written:
        mesh = read_mesh(data.encode() if isinstance(data, str) else data, kind)
        assert volume(mesh) == pytest.approx(ball.volume, rel=1e-4)
        assert len(mesh.faces) == len(ball.faces)
        if kind in ("ply", "obj"):
            back = trimesh.load(
                io.BytesIO(data.encode() if isinstance(data, str) else data), file_type=kind, process=False
            )
            assert mesh.colors is not None
            assert np.abs(mesh.colors.astype(int) - back.visual.vertex_colors[:, :3]).max() <= 1


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("off", b"OFF\n4 " + b"9" * 400 + b" 0\n"),  # said in 500 digits
        ("obj", b"v 0 0 0\n" * 100 + b"f 1 2 " + b"3" * 5000 + b"\n"),
        ("obj", b"v 0 0 " + b"1" * 5_000_000 + b"\n" + b"v 0 0 1\n" * 100_000 + b"f 1 2 3\n"),  # one long word
        ("ply", b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float #y\nend_header\n0 0\n"),
        ("ply", b"ply\nformat binary_little_endian 1.0\nelement vertex 3\nend_header\n\0\0\0"),
        ("ply", b"ply\nformat ascii 1.0\nelement face 1\nproperty list char int vertex_indices\nend_header\n-1 0\n"),
        ("stl", b"solid s\nfacet\nvertex " + b"1" * 1_000_000 + b"\n"),
        ("stl", b"solid s\nfacet\n" + b"vertex 1 2 3\n" * 4),
        ("stl", b"solid s\nfacet\n" + b"vertex 1.0.0 2 3\n" * 3),
    ],
)
def test_a_lying_text_costs_no_more_than_its_size(kind: str, data: bytes) -> None:
    with pytest.raises((Unreadable, EmptyGeometry)):
        read_mesh(data, kind)


def test_too_many_faces_of_text_are_refused() -> None:
    with pytest.raises(GeometryTooLarge):
        read_mesh(b"v 0 0 0\nf" + b" 1" * 2_000_010 + b"\n", "obj")
