import io
import json
import struct
import zipfile
from typing import get_args

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.meshing import MeshFormat, export_mesh, make_solid, read_mesh
from tests.support.solids import brick, is_closed, painted_brick, volume

FORMATS = get_args(MeshFormat)


def corners_of(mesh: TriangleMesh) -> set[tuple[float, ...]]:
    return {tuple(vertex) for vertex in np.round(mesh.vertices, 4)}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_brick_survives_every_format(kind: MeshFormat) -> None:
    back = read_mesh(export_mesh(painted_brick(), kind), kind)
    assert corners_of(back) == corners_of(brick())
    assert volume(back) == pytest.approx(240.0, rel=1e-5)
    assert is_closed(make_solid(back).mesh)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_mesh_gives_the_same_bytes(kind: MeshFormat) -> None:
    assert export_mesh(painted_brick(), kind) == export_mesh(painted_brick(), kind)


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "stl"])
def test_colours_come_back_with_their_vertices(kind: MeshFormat) -> None:
    painted = painted_brick()
    back = read_mesh(export_mesh(painted, kind), kind)
    assert painted.colors is not None
    assert back.colors is not None
    wanted = {tuple(v): tuple(c) for v, c in zip(painted.vertices.round(3), painted.colors.tolist(), strict=True)}
    for vertex, color in zip(back.vertices.round(3), back.colors.tolist(), strict=True):
        assert tuple(color) == wanted[tuple(vertex)]


@pytest.mark.parametrize("kind", FORMATS)
def test_another_reader_finds_the_same_box(kind: MeshFormat) -> None:
    scene = trimesh.load(io.BytesIO(export_mesh(brick((9, 99, 199)), kind)), file_type=kind)
    bounds = scene.bounds * 1000 if kind == "glb" else scene.bounds
    low, high = ([1, 3, -8], [5, 13, -2]) if kind == "glb" else ([1, 2, 3], [5, 8, 13])
    assert np.allclose(bounds, [low, high], atol=1e-4)


def glb_document(data: bytes) -> tuple[dict[str, object], bytes]:
    length = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def test_glb_colours_are_linear() -> None:
    # sRGB 188 is 0.5029 linear, 99 is 0.1248, 255 is 1: worked out by IEC 61966-2-1.
    document, body = glb_document(export_mesh(brick((188, 99, 255)), "glb"))
    views = document["bufferViews"]
    assert isinstance(views, list)
    first = np.frombuffer(body, "<u2", 3, views[2]["byteOffset"]) / 65535
    assert first == pytest.approx([0.5029, 0.1248, 1.0], abs=1e-4)


@pytest.mark.parametrize("kind", ["ply", "obj"])
def test_another_reader_finds_srgb_on_the_vertices_of_ply_and_obj(kind: MeshFormat) -> None:
    back = trimesh.load(io.BytesIO(export_mesh(painted_brick(), kind)), file_type=kind, process=False)
    painted = painted_brick()
    assert painted.colors is not None
    wanted = {tuple(v): tuple(c) for v, c in zip(painted.vertices.round(3), painted.colors.tolist(), strict=True)}
    for vertex, color in zip(back.vertices.round(3), back.visual.vertex_colors[:, :3].tolist(), strict=True):
        assert tuple(color) == wanted[tuple(vertex)]  # bytes as they are: no viewer of these formats thinks of light


def test_another_reader_finds_linear_light_on_the_vertices_of_glb() -> None:
    (back,) = trimesh.load(io.BytesIO(export_mesh(brick((188, 99, 255)), "glb")), file_type="glb").geometry.values()
    stored = np.asarray(back.visual.vertex_attributes["color"], np.float64)[:, :3]
    assert stored / 65535 == pytest.approx(np.tile([0.5029, 0.1248, 1.0], (len(stored), 1)), abs=1e-4)


def test_lib3mf_finds_srgb_on_the_corners_of_3mf() -> None:
    import lib3mf

    model = lib3mf.get_wrapper().CreateModel()
    model.QueryReader("3mf").ReadFromBuffer(export_mesh(brick((188, 99, 7)), "3mf"))
    meshes = model.GetMeshObjects()
    meshes.MoveNext()
    found = meshes.GetCurrentMeshObject().GetTriangleProperties(0)
    group = model.GetColorGroupByID(found.ResourceID)
    shades = [group.GetColor(one) for one in found.PropertyIDs]
    assert {(shade.Red, shade.Green, shade.Blue) for shade in shades} == {(188, 99, 7)}


def test_a_bricks_glb_has_flat_sides_and_a_ball_is_smooth() -> None:
    document, body = glb_document(export_mesh(brick(), "glb"))
    views = document["bufferViews"]
    assert isinstance(views, list)
    normals = np.frombuffer(body, "<f4", views[1]["byteLength"] // 4, views[1]["byteOffset"]).reshape(-1, 3)
    assert len(normals) == 24  # four corners on each of six sides
    assert (np.sort(np.abs(normals), axis=1) == [0, 0, 1]).all()
    ball = trimesh.creation.icosphere(3)
    mesh = TriangleMesh(np.array(ball.vertices), np.array(ball.faces, np.int64))
    document, body = glb_document(export_mesh(mesh, "glb"))
    views = document["bufferViews"]
    assert isinstance(views, list)
    positions = np.frombuffer(body, "<f4", views[0]["byteLength"] // 4).reshape(-1, 3)
    normals = np.frombuffer(body, "<f4", len(positions) * 3, views[1]["byteOffset"]).reshape(-1, 3)
    assert len(positions) == len(ball.vertices)
    assert np.allclose(normals, positions * 1000, atol=0.02)


def test_a_3mf_says_millimetre_and_carries_no_clock() -> None:
    archive = zipfile.ZipFile(io.BytesIO(export_mesh(painted_brick(), "3mf")))
    assert b'unit="millimeter"' in archive.read("3D/3dmodel.model")
    assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_lib3mf_reads_our_3mf_without_a_warning() -> None:
    import lib3mf

    wrapper = lib3mf.get_wrapper()
    model = wrapper.CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromBuffer(export_mesh(painted_brick(), "3mf"))
    assert reader.GetWarningCount() == 0
    meshes = model.GetMeshObjects()
    assert meshes.MoveNext()
    mesh = meshes.GetCurrentMeshObject()
    assert (mesh.GetVertexCount(), mesh.GetTriangleCount()) == (8, 12)
    assert mesh.IsManifoldAndOriented()


def test_nothing_is_not_written() -> None:
    with pytest.raises(EmptyGeometry):
        export_mesh(TriangleMesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64)), "stl")


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(InvalidInput, match="step"):
        export_mesh(brick(), "step")  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-500, 500, width=32)] * 3), min_size=3, max_size=12), st.sampled_from(FORMATS))
def test_any_triangles_keep_their_corners(points: list[tuple[float, float, float]], kind: MeshFormat) -> None:
    vertices = np.array(points)
    faces = np.array([[k, k + 1, k + 2] for k in range(len(points) - 2)], np.int64)
    back = read_mesh(export_mesh(TriangleMesh(vertices, faces), kind), kind)
    assert np.allclose(back.vertices[back.faces], vertices[faces], atol=2e-3)
