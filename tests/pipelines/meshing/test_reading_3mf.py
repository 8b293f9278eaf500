"""3MF as slicers, CAD and scanners write it, and as nobody should."""

import io
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import trimesh

from pipelines.errors import EmptyGeometry, GeometryTooLarge, TooLarge, Unreadable
from pipelines.meshing import read_mesh
from tests.support import wild
from tests.support.solids import volume

needs_prusa_slicer = pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="prusa-slicer is not installed")
PART = f'<object id="1" type="model">{wild.mesh_xml()}</object>'
PLACED = '<item objectid="1"/>'
Members = Mapping[str, str | bytes]
NONE: Members = {}


def package(resources: str, build: str = PLACED, members: Members = NONE, more: str = "") -> bytes:
    return wild.package({"3D/3dmodel.model": wild.model_xml(resources, build, more=more), **members})


def colors_of(
    resources: str, triangle: tuple[str, ...], own: str = "", members: Members = NONE
) -> list[list[list[int]]]:
    mesh = f'<object id="9" type="model" {own}>{wild.mesh_xml(triangle=triangle)}</object>'
    back = read_mesh(package(resources + mesh, '<item objectid="9"/>', members), "3mf")
    assert back.colors is not None
    return back.colors[back.faces].tolist()


@pytest.mark.parametrize(
    ("unit", "mm"),
    [("micron", 0.001), ("millimeter", 1), ("centimeter", 10), ("inch", 25.4), ("foot", 304.8), ("meter", 1000)],
)
def test_every_unit_is_known(unit: str, mm: float) -> None:
    data = wild.package({"3D/3dmodel.model": wild.model_xml(PART, PLACED, unit=unit)})
    assert read_mesh(data, "3mf").size == pytest.approx(np.array([6, 4, 2]) * mm)


def test_a_model_without_a_unit_is_in_millimetres_and_another_unit_is_refused() -> None:
    data = wild.package({"3D/3dmodel.model": wild.model_xml(PART, PLACED).replace('unit="millimeter"', "")})
    assert read_mesh(data, "3mf").size.tolist() == [6, 4, 2]
    with pytest.raises(Unreadable, match="'furlong'"):
        read_mesh(wild.package({"3D/3dmodel.model": wild.model_xml(PART, PLACED, unit="furlong")}), "3mf")


def test_transforms_are_nested_from_the_inside_out() -> None:
    turned = '<component objectid="1" transform="0 1 0 -1 0 0 0 0 1 10 0 0"/>'
    inner = f'<object id="2"><components>{turned}</components></object>'
    mesh = read_mesh(package(PART + inner, '<item objectid="2" transform="2 0 0 0 1 0 0 0 1 0 0 7"/>'), "3mf")
    # Rows: (6, 0, 0) -> turned (0, 6, 0) -> moved (10, 6, 0) -> twice along x, up 7: (20, 6, 7)
    assert mesh.vertices[1].tolist() == [20, 6, 7]
    assert volume(mesh) == pytest.approx(16)


def test_a_project_has_its_parts_in_files_of_their_own_and_boxes_that_are_no_plastic() -> None:
    mesh = read_mesh(wild.project_3mf(), "3mf")
    assert mesh.size.tolist() == [6, 4, 2]  # not the box of nine times the size, and not the copy beside the plate
    assert mesh.vertices.min(axis=0).tolist() == [100, 100, 5]


def test_the_model_is_the_one_that_the_package_names() -> None:
    other = wild.model_xml(PART.replace('x="6.0"', 'x="12.0"'), PLACED)
    members: Members = {"3D/3dmodel.model": wild.model_xml(PART, PLACED), "3D/plate.model": other}
    assert read_mesh(wild.package(members), "3mf").size[0] == 6
    named = {"_rels/.rels": wild.relations("/3D/plate.model"), **members}
    assert read_mesh(wild.package(named), "3mf").size[0] == 12
    lost = {"_rels/.rels": wild.relations("/3D/none.model"), **members}
    assert read_mesh(wild.package(lost), "3mf").size[0] == 6


@pytest.mark.parametrize(
    ("kind", "solid"),
    [("ModelPart", True), ("ParameterModifier", False), ("SupportEnforcer", False), ("SupportBlocker", False)],
)
def test_volumes_of_prusaslicer_that_are_settings_are_left_out(kind: str, solid: bool) -> None:
    two = wild.mesh_xml().replace("</vertices>", '<vertex x="0" y="0" z="50"/></vertices>')
    two = two.replace("</triangles>", '<triangle v1="1" v2="2" v3="4"/></triangles>')
    notes = (
        '<?xml version="1.0"?><config><object id="1"><volume firstid="0" lastid="3"><metadata type="volume" '
        'key="volume_type" value="ModelPart"/></volume><volume firstid="4" lastid="4"><metadata type="volume" '
        f'key="name" value="box"/><metadata type="volume" key="volume_type" value="{kind}"/></volume></object></config>'
    )
    resources = f'<object id="1" type="model">{two}</object>'
    mesh = read_mesh(package(resources, members={"Metadata/Slic3r_PE_model.config": notes}), "3mf")
    assert len(mesh.faces) == (5 if solid else 4)


def test_a_volume_that_cuts_others_is_refused_with_what_to_do() -> None:
    notes = '<config><object id="1"><part id="1" subtype="negative_part"/></object></config>'
    with pytest.raises(Unreadable, match="export it as STL"):
        read_mesh(package(PART, members={"Metadata/model_settings.config": notes}), "3mf")


def test_supports_of_the_designer_are_left_out() -> None:
    two = PART + PART.replace('id="1" type="model"', 'id="2" type="solidsupport"')
    build = '<item objectid="1"/><item objectid="2" transform="1 0 0 0 1 0 0 0 1 30 0 0"/>'
    assert len(read_mesh(package(two, build), "3mf").faces) == 4


def test_colours_of_groups_and_materials_at_corners_and_by_default() -> None:
    groups = (
        '<m:colorgroup id="1"><m:color color="#FF0000"/><m:color color="#00FF0080"/></m:colorgroup>'
        '<basematerials id="2"><base name="x" displaycolor="#0a14c8"/><base name="none"/></basematerials>'
    )
    rows = ('pid="1" p1="0" p2="1" p3="0"', 'pid="2" p1="0"', 'p1="1"', "")
    assert colors_of(groups, rows, 'pid="1" pindex="1"') == [
        [[255, 0, 0], [0, 255, 0], [255, 0, 0]],
        [[10, 20, 200]] * 3,
        [[0, 255, 0]] * 3,
        [[0, 255, 0]] * 3,
    ]


def test_colours_of_pictures_mixtures_and_layers() -> None:
    mesh = read_mesh(wild.painted_3mf(), "3mf")
    assert mesh.colors is not None
    # (0.2, 0.9) is top left, (0.9, 0.1) bottom right; a quarter of red with three of blue; layers show their first.
    assert mesh.colors[mesh.faces].tolist() == [
        [[0, 255, 0]] * 3,
        [[255, 0, 0], [250, 240, 10], [250, 240, 10]],
        [[64, 0, 191]] * 3,
        [[255, 0, 0]] * 3,
    ]


def test_a_mesh_without_colours_has_none_even_beside_a_palette() -> None:
    group = '<m:colorgroup id="5"><m:color color="#FF0000"/></m:colorgroup>'
    assert read_mesh(package(group + PART), "3mf").colors is None


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (package(PART, '<item objectid="8"/>'), "object 8"),
        (package(PART, '<item objectid="1" p:path="/3D/gone.model"/>'), "gone.model"),
        (package(PART, more='xmlns:b="http://x/beams" requiredextensions="b"'), "http://x/beams"),
        (package(PART.replace('v1="0"', 'v1="4"', 1)), "vertex that does not exist"),
        (package(PART.replace('v1="0"', 'v1="-1"', 1)), "vertex that does not exist"),
        (package(PART.replace('x="6.0"', 'x="six"')), "damaged"),
        (package(PART.replace('x="6.0"', 'x="1e400"')), "not numbers"),
        (package(PART.replace("</mesh>", "</mash>")), "well-formed"),
        (package(PART, PLACED.replace('"1"', '"1" transform="1 0 0"')), "damaged"),
        (wild.package({"3D/3dmodel.model": wild.model_xml(PART, PLACED)}, zipfile.ZIP_LZMA), "standard forbids"),
        (wild.package({"3D/3dmodel.model": wild.model_xml(PART, PLACED)}, zipfile.ZIP_BZIP2), "standard forbids"),
        (wild.package({"readme.txt": "no model"}), "no model"),
        (package('<object id="1"><components><component objectid="1"/></components></object>'), "deeply"),
    ],
)
def test_what_cannot_be_is_refused_by_name(data: bytes, sentence: str) -> None:
    with pytest.raises((Unreadable, GeometryTooLarge), match=sentence):
        read_mesh(data, "3mf")


def test_a_tag_without_end_is_refused_before_it_is_read_again_and_again() -> None:
    noise = np.random.default_rng(1).integers(97, 122, 12_000_000, np.uint8).tobytes().decode()
    data = wild.package({"3D/3dmodel.model": f'<model a="{noise}"/>'}, zipfile.ZIP_STORED)
    with pytest.raises(Unreadable, match="tag of more than"):
        read_mesh(data, "3mf")


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        ('<object id="1"/>' * 100_001, "objects"),
        ('<m:multiproperties id="1" pids="2"/>' * 100_001, "objects"),
        ('<m:colorgroup id="1">' + '<m:color color="#123456"/>' * 30 + "</m:colorgroup>" + "<unknown/>" * 40, None),
        (
            f'<m:compositematerials id="1" matid="2"><m:composite values="{"0 " * 2_000_001}"/></m:compositematerials>',
            "colours",
        ),
    ],
)
def test_what_takes_more_memory_than_space_is_counted(resources: str, sentence: str | None) -> None:
    data = wild.package({"3D/3dmodel.model": wild.model_xml(resources + PART, PLACED)}, zipfile.ZIP_STORED)
    if sentence is None:
        assert len(read_mesh(data, "3mf").faces) == 4
        return
    with pytest.raises((GeometryTooLarge, Unreadable), match=sentence):
        read_mesh(data, "3mf")


@pytest.mark.parametrize("members", [1, 40])
def test_bombs_are_refused_whether_in_one_file_or_in_many(members: int) -> None:
    spaces = " " * 20_000_000 if members == 1 else " " * 990_000
    parts = {f"3D/p{k}.model": wild.model_xml(PART) + spaces for k in range(members)}
    build = "".join(f'<item objectid="1" p:path="/3D/p{k}.model"/>' for k in range(members))
    with pytest.raises(GeometryTooLarge, match="unpacks to"):
        read_mesh(wild.package({"3D/3dmodel.model": wild.model_xml("", build), **parts}), "3mf")


def test_a_picture_that_is_none_is_refused() -> None:
    groups = '<m:texture2d id="3" path="/t.png"/><m:texture2dgroup id="4" texid="3"><m:tex2coord u="0" v="0"/>'
    groups += "</m:texture2dgroup>"
    with pytest.raises((Unreadable, TooLarge), match="texture"):
        colors_of(groups, ('pid="4" p1="0"', "", "", ""), members={"t.png": b"\x89PNG\r\n\x1a\nno more"})
    with pytest.raises(Unreadable, match=r"t\.png"):
        colors_of(groups, ('pid="4" p1="0"', "", "", ""))


def test_nothing_on_the_plate_is_empty() -> None:
    for build in ("", '<item objectid="1" printable="0"/>'):
        with pytest.raises(EmptyGeometry):
            read_mesh(package(PART, build), "3mf")


def test_trimesh_and_we_read_the_same_of_what_trimesh_writes() -> None:
    scene = trimesh.Scene()
    for k, size in enumerate(((4, 6, 10), (1, 2, 3))):
        move = trimesh.transformations.euler_matrix(0.4, 0.2 * k, 1)
        move[:3, 3] = (20 * k, 5, 1)
        scene.add_geometry(trimesh.creation.box(size), transform=move)
    data = scene.export(file_type="3mf")
    mesh, theirs = read_mesh(data, "3mf"), trimesh.load(io.BytesIO(data), file_type="3mf")
    assert volume(mesh) == pytest.approx(246)
    assert np.stack([mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)]) == pytest.approx(theirs.bounds, abs=1e-5)


@needs_prusa_slicer
def test_a_project_that_prusaslicer_writes_is_read(tmp_path: Path) -> None:
    (tmp_path / "in.stl").write_bytes(wild.binary_stl())
    command = ["prusa-slicer", "--export-3mf", "--rotate", "90", "--output", "out.3mf", "in.stl"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60, capture_output=True)
    mesh = read_mesh((tmp_path / "out.3mf").read_bytes(), "3mf")
    assert volume(mesh) == pytest.approx(8)
    assert mesh.size == pytest.approx([4, 6, 2], abs=1e-4)
