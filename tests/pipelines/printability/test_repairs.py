"""Repairs give solids that are better in what they were asked for, and refuse in one error what they cannot do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import manifold3d
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import EmptyGeometry, InvalidInput, MoldarError, NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.printability import RESIN, FindingCode, PrintReport, Turn, inspect
from pipelines.printability.repairs import fill_voids, flatten_base, hollow, split_to_fit, thicken, turn
from tests.golden.slicer_truth import as_mesh as generated
from tests.pipelines.printability.shapes import as_mesh, block, cylinder, joined, without_faces

few = settings(max_examples=8, deadline=None)


def codes(report: PrintReport) -> set[FindingCode]:
    return {one.code for one in report.findings}


def is_solid(mesh: TriangleMesh) -> bool:
    solid = manifold3d.Manifold(manifold3d.Mesh64(mesh.vertices.copy(), mesh.faces.astype(np.uint64)))
    return solid.status() == manifold3d.Error.NoError and solid.volume() > 0


def cup(wall: float) -> TriangleMesh:
    return as_mesh(cylinder(20, 40) - cylinder(20 - wall, 40).translate((0, 0, 3)))


@settings(max_examples=4, deadline=None)
@given(wall=st.floats(0.3, 0.9), wanted=st.floats(1.0, 1.6))
def test_the_wall_of_a_cup_grows_to_what_was_asked_and_by_half_on_each_side(wall: float, wanted: float) -> None:
    repaired = thicken(cup(wall), wanted)
    report = inspect(repaired.mesh)
    assert is_solid(repaired.mesh)
    assert report.min_wall_mm == pytest.approx(wanted, abs=0.04)
    assert report.size_mm[:2] == pytest.approx((40 + wanted - wall,) * 2, abs=0.05)
    assert report.size_mm[2] == pytest.approx(40, abs=0.01)
    ring = np.pi * 2 * (20 - wall / 2) * 37 * wanted
    assert report.volume_mm3 == pytest.approx(np.pi * 400 * 3 + ring, rel=0.02)


def test_corners_of_a_thin_box_stay_square() -> None:
    box = as_mesh(block((60, 60, 20)) - block((59.2, 59.2, 20), (0, 0, 3)))
    repaired = thicken(box, 1.2)
    assert inspect(repaired.mesh).size_mm == pytest.approx((60.8, 60.8, 20), abs=0.05)
    assert {"wall.thin", "surface.crosses_itself"}.isdisjoint(codes(inspect(repaired.mesh)))
    assert "0.40 to 1.2" in repaired.changes[0]


def test_walls_that_would_run_into_each_other_are_refused() -> None:
    comb = block((40, 40, 3))
    for k in range(-5, 6):
        comb += block((0.4, 30, 15), (0.9 * k, 0, 3))
    with pytest.raises(InvalidInput, match="run into each other"):
        thicken(as_mesh(comb), 1.2)


def test_a_sphere_gets_a_flat_of_the_size_that_a_cap_has() -> None:
    sphere = as_mesh(manifold3d.Manifold.sphere(20, 128))
    repaired = flatten_base(sphere, contact_mm2=100.0)
    report = inspect(repaired.mesh)
    # A disc of 100 mm^2 lies h below the top of a cap with pi (2 r h - h^2) = 100; cuts are tried 0.04 mm apart.
    depth = 20 - np.sqrt(400 - 100 / np.pi)
    assert 40 - report.size_mm[2] == pytest.approx(depth, abs=0.05)
    assert repaired.mesh.vertices[:, 2].min() == pytest.approx(-20, abs=1e-6)
    assert {"standing.contact", "standing.tips"}.isdisjoint(codes(report))
    assert {"standing.contact", "standing.tips"} <= codes(inspect(sphere))


@few
@given(size=st.tuples(*[st.floats(25, 80)] * 3), wall=st.floats(1.5, 4))
def test_a_hollow_block_keeps_its_walls_and_drains(size: tuple[float, float, float], wall: float) -> None:
    repaired = hollow(as_mesh(block(size)), wall, 3.0)
    report = inspect(repaired.mesh, RESIN)
    assert is_solid(repaired.mesh)
    assert report.min_wall_mm is not None
    voxel = max(wall / 4, max(size) / 160)
    assert wall - 0.01 <= report.min_wall_mm <= wall + 1.5 * voxel
    assert "void.enclosed" not in codes(report)
    inner = [side - 2 * wall for side in size]
    assert report.volume_mm3 >= np.prod(size) - np.prod(inner)
    assert report.volume_mm3 <= np.prod(size) - 0.9 * np.prod([side - 3 * voxel for side in inner])
    assert report.size_mm == pytest.approx(size, abs=1e-3)


def test_each_cavity_of_a_dumbbell_has_its_own_drains() -> None:
    ball = manifold3d.Manifold.sphere(15, 48)
    repaired = hollow(as_mesh(ball + cylinder(2.5, 60, 24) + ball.translate((0, 0, 60))))
    assert "4 holes" in repaired.changes[1]
    assert "2 cavities" in repaired.changes[1]
    assert "void.enclosed" not in codes(inspect(repaired.mesh))


@pytest.mark.parametrize("size", [(500, 20, 20), (300, 300, 20), (20, 20, 700), (230, 210, 255)])
def test_parts_of_a_split_fit_and_make_up_the_whole(size: tuple[float, float, float]) -> None:
    room = (220.0, 220.0, 250.0)
    split = split_to_fit(as_mesh(block(size)), room)
    reports = [inspect(part, build_volume_mm=room) for part in split.parts]
    assert all(report.fits_build_volume for report in reports)
    assert all(is_solid(part) for part in split.parts)
    hole = np.pi * (2 + 0.15) ** 2 * (12 + 0.3)
    total = sum(report.volume_mm3 for report in reports)
    assert total == pytest.approx(np.prod(size) - split.dowels * hole, rel=1e-4)
    assert split.dowels == 2 * (len(split.parts) - 1) if len(split.parts) < 4 else split.dowels >= 8
    assert split.dowel is not None
    low = np.min([part.vertices.min(axis=0) for part in split.parts], axis=0)
    high = np.max([part.vertices.max(axis=0) for part in split.parts], axis=0)
    assert high - low == pytest.approx(size)  # each part is where it was


def test_a_blob_is_split_where_it_is_and_dowels_do_not_break_out() -> None:
    split = split_to_fit(generated("blob", R=200, a=0.25, m=3, b=0.12, nu=96, nv=48))
    assert len(split.parts) == 12
    for part in split.parts:
        walls = inspect(part).min_wall_mm
        assert walls is not None
        assert walls > 1.1


def test_hollows_are_filled() -> None:
    repaired = fill_voids(as_mesh(block((20, 20, 20)) - block((10, 10, 10), at=(0, 0, 5))))
    assert inspect(repaired.mesh).volume_mm3 == pytest.approx(8000)
    assert inspect(repaired.mesh).findings == ()


def test_a_turn_moves_the_part_and_nothing_else() -> None:
    mesh = as_mesh(block((10, 20, 30), (5, 6, 7)))
    colored = TriangleMesh(mesh.vertices, mesh.faces, np.full((len(mesh.vertices), 3), 90, np.uint8))
    on_side = Turn("+x", ((0, 0, -1), (0, 1, 0), (1, 0, 0)), 0.0, 0.0, 10.0, 0.0, True)
    laid = turn(colored, on_side).mesh
    assert laid.vertices.min(axis=0) == pytest.approx((-15, -10, 0))
    assert laid.vertices.max(axis=0) == pytest.approx((15, 10, 10))
    assert laid.colors is not None
    with pytest.raises(InvalidInput):
        turn(mesh, replace(on_side, rotation=((1, 0, 0), (0, 1, 0), (0, 0, -1))))


def test_colours_outlive_a_repair() -> None:
    mesh = as_mesh(manifold3d.Manifold.sphere(20, 48))
    red = np.where(mesh.vertices[:, 2:] > 0, np.array([200, 0, 0]), np.array([0, 0, 200])).astype(np.uint8)
    colors = flatten_base(TriangleMesh(mesh.vertices, mesh.faces, red)).mesh.colors
    assert colors is not None
    assert {tuple(color) for color in colors.tolist()} == {(200, 0, 0), (0, 0, 200)}


CUBE = as_mesh(block((20, 20, 20)))
REPAIRS: tuple[Callable[[TriangleMesh], Any], ...] = (
    lambda mesh: thicken(mesh, 1.2),
    flatten_base,
    hollow,
    split_to_fit,
    fill_voids,
)


@pytest.mark.parametrize("repair", REPAIRS)
@pytest.mark.parametrize(
    ("mesh", "error"),
    [
        (TriangleMesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64)), EmptyGeometry),
        (TriangleMesh(np.zeros((3, 3)), np.array([[0, 1, 2]])), EmptyGeometry),
        (without_faces(CUBE, 1), NotSolid),
        (TriangleMesh(CUBE.vertices, CUBE.faces[:, ::-1]), NotSolid),
        (TriangleMesh(CUBE.vertices * 1e-4, CUBE.faces), NotSolid),
        (TriangleMesh(CUBE.vertices * np.nan, CUBE.faces), InvalidInput),
    ],
)
def test_what_is_no_solid_is_not_repaired(
    repair: Callable[[TriangleMesh], Any], mesh: TriangleMesh, error: type[MoldarError]
) -> None:
    with np.errstate(all="ignore"), pytest.raises(error):
        repair(mesh)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: thicken(CUBE, 1.2),
        lambda: thicken(CUBE, 0.0),
        lambda: thicken(CUBE, float("nan")),
        lambda: flatten_base(CUBE),
        lambda: flatten_base(CUBE, contact_mm2=-1.0),
        lambda: flatten_base(CUBE, contact_mm2=500.0),
        lambda: hollow(CUBE, 0.1),
        lambda: hollow(CUBE, 2.0, 90.0),
        lambda: hollow(cup(1.5)),
        lambda: hollow(as_mesh(block((1000, 1000, 1000))), 2.0),
        lambda: split_to_fit(CUBE),
        lambda: split_to_fit(CUBE, (0.0, 10.0, 10.0)),
        lambda: split_to_fit(as_mesh(block((9000, 9000, 9000)))),
        lambda: fill_voids(CUBE),
    ],
)
def test_what_makes_no_sense_to_repair_is_refused(ask: Callable[[], Any]) -> None:
    with pytest.raises(InvalidInput):
        ask()


def test_bodies_are_repaired_together() -> None:
    both = joined(cup(0.6), TriangleMesh(cup(0.6).vertices + np.array([60.0, 0.0, 0.0]), cup(0.6).faces))
    report = inspect(thicken(both, 1.2).mesh)
    assert report.bodies == 2
    assert "wall.thin" not in codes(report)
