"""What a report says of good and broken meshes, and how it scores them."""

import json

import manifold3d
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pipelines.errors import EmptyGeometry, GeometryTooLarge, InvalidInput, MoldarError
from pipelines.geometry import TriangleMesh
from pipelines.printability import FDM, RESIN, PrintReport, inspect
from tests.pipelines.printability.shapes import as_mesh, block, cylinder, joined, soup, without_faces

few = settings(max_examples=25, deadline=None)


def codes(report: PrintReport) -> set[str]:
    return {finding.code for finding in report.findings}


def plate(thick: float) -> TriangleMesh:
    return as_mesh(block((60, 60, 20)) - block((60 - 2 * thick, 60 - 2 * thick, 20), at=(0, 0, 3)))


def test_an_open_box_is_reported_not_refused() -> None:
    report = inspect(without_faces(as_mesh(block((20, 20, 20))), 2))
    assert (report.watertight, report.manifold, report.verdict) == (False, False, "error")
    assert "surface.open" in codes(report)
    assert report.score <= 4
    assert report.bodies == 1


def test_two_cubes_that_share_an_edge_close_but_are_not_manifold() -> None:
    cube = as_mesh(manifold3d.Manifold.cube((10, 10, 10)))
    touching = TriangleMesh(cube.vertices + np.array([10.0, 10.0, 0.0]), cube.faces)
    both = joined(cube, touching)
    _, index = np.unique(both.vertices, axis=0, return_inverse=True)
    welded = TriangleMesh(np.unique(both.vertices, axis=0), index.reshape(-1)[both.faces])
    report = inspect(welded)
    assert (report.watertight, report.manifold, report.verdict) == (True, False, "error")
    assert "surface.not_manifold" in codes(report)


def test_faces_inside_out_are_an_error() -> None:
    mesh = as_mesh(block((20, 20, 20)))
    report = inspect(TriangleMesh(mesh.vertices, mesh.faces[:, ::-1]))
    assert report.verdict == "error"
    assert "surface.inside_out" in codes(report)
    assert report.volume_mm3 == pytest.approx(8000)


def test_a_part_inside_out_is_not_taken_for_a_hollow() -> None:
    mesh = as_mesh(block((20, 20, 20)))
    found = codes(inspect(TriangleMesh(mesh.vertices, mesh.faces[:, ::-1])))
    assert "surface.inside_out" in found
    assert "void.enclosed" not in found


@pytest.mark.parametrize("side", [1e-4, 1e-3, 0.01, 0.1])
def test_a_speck_is_too_thin_to_print(side: float) -> None:
    report = inspect(as_mesh(block((side, side, side))))
    assert report.verdict == "error"
    assert report.min_wall_mm is not None
    assert report.min_wall_mm <= side * np.sqrt(3) + 1e-9


def test_a_sheet_with_two_sides_has_no_volume() -> None:
    corners = np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0]], float)
    report = inspect(TriangleMesh(corners, np.array([[0, 1, 2], [0, 2, 1]])))
    assert report.verdict == "error"
    assert "surface.no_volume" in codes(report)


def test_a_lone_triangle_has_no_wall() -> None:
    corners = np.array([[0, 0, 0], [10, 0, 5], [0, 10, 5]], float)
    report = inspect(TriangleMesh(corners, np.array([[0, 1, 2]])))
    assert report.min_wall_mm is None
    assert not report.watertight


def test_triangles_without_shared_corners_are_welded() -> None:
    mesh = as_mesh(cylinder(15, 30) - cylinder(13, 30).translate((0, 0, 2)))
    assert inspect(soup(mesh)) == inspect(mesh)


def test_bodies_are_counted_and_hollows_are_not_bodies() -> None:
    apart = joined(as_mesh(block((10, 10, 10))), as_mesh(block((10, 10, 10), at=(30, 0, 0))))
    assert inspect(apart).bodies == 2
    assert codes(inspect(apart)) == {"bodies.several"}
    hanging = joined(as_mesh(block((10, 10, 10))), as_mesh(block((10, 10, 10), at=(30, 0, 5))))
    assert {"bodies.several", "bodies.floating"} <= codes(inspect(hanging))
    assert inspect(hanging).verdict == "warning"
    hollow = as_mesh(block((20, 20, 20)) - block((10, 10, 10), at=(0, 0, 5)))
    assert inspect(hollow).bodies == 1
    assert "void.enclosed" in codes(inspect(hollow))


@pytest.mark.parametrize(
    ("wall", "severity"), [(0.5, "error"), (0.79, "warning"), (1.0, "warning"), (1.2, None), (2.0, None)]
)
def test_thin_walls_are_held_against_the_nozzle(wall: float, severity: str | None) -> None:
    thin = [finding for finding in inspect(plate(wall), FDM).findings if finding.code == "wall.thin"]
    assert [finding.severity for finding in thin] == ([severity] if severity else [])


def test_resin_prints_thinner_walls() -> None:
    assert inspect(plate(0.6), FDM).verdict == "error"
    assert inspect(plate(0.6), RESIN).verdict == "warning"


def test_a_part_that_does_not_fit_is_an_error() -> None:
    report = inspect(as_mesh(block((300, 10, 10))))
    assert report.verdict == "error"
    assert "size.exceeds_build_volume" in codes(report)
    assert report.score <= 4


def test_a_table_is_better_printed_on_its_top() -> None:
    table = block((80, 80, 4), at=(0, 0, 40))
    for x, y in ((-35, -35), (-35, 35), (35, -35), (35, 35)):
        table += block((8, 8, 40), at=(x, y, 0))
    report = inspect(as_mesh(table))
    found = next(finding for finding in report.findings if finding.code == "orientation.better")
    assert "-z up" in found.message
    assert found.measured is not None
    assert found.limit == 0.0
    assert report.orientation == "as_modelled"
    assert "orientation.better" not in codes(inspect(as_mesh(table.rotate((180, 0, 0)))))


def test_a_thread_is_not_a_thin_wall() -> None:
    # Flanks stand 30 degrees off the end faces: the lip where a thread runs out is sharp, but no wall.
    ridge = manifold3d.CrossSection([[(4.0, 0.0), (6.0, -1.155), (6.0, 1.155)]])
    solid = cylinder(6, 8) - ridge.revolve(96).translate((0, 0, 7.4))
    assert "wall.thin" not in codes(inspect(as_mesh(solid)))


@pytest.mark.parametrize("turn", [0, 17, 30, 45])
def test_a_chamfer_at_the_slope_limit_needs_no_support(turn: float) -> None:
    foot = manifold3d.CrossSection.square((20, 20), True).extrude(5, 0, 0, (1.5, 1.5)).rotate((0, 0, turn))
    report = inspect(as_mesh(foot))
    assert (report.overhang_area_mm2, report.support_volume_mm3, report.findings) == (0.0, 0.0, ())


@few
@given(thin=st.floats(0.2, 3), more=st.floats(0.01, 2))
def test_a_thicker_wall_never_scores_lower(thin: float, more: float) -> None:
    assert inspect(plate(thin)).score <= inspect(plate(thin + more)).score + 1e-9


def test_of_two_walls_that_do_not_print_the_thinner_scores_lower() -> None:
    assert inspect(plate(0.2)).score < inspect(plate(0.7)).score < 4 < inspect(plate(0.9)).score


@few
@given(height=st.floats(20, 150), more=st.floats(1, 80))
def test_a_taller_pole_never_scores_higher(height: float, more: float) -> None:
    low, high = (inspect(as_mesh(block((12, 12, h)))) for h in (height, height + more))
    assert high.score <= low.score + 1e-9


@few
@given(reach=st.floats(5, 80), more=st.floats(1, 40))
def test_a_longer_ledge_never_scores_higher(reach: float, more: float) -> None:
    def ledge(length: float) -> PrintReport:
        return inspect(as_mesh(block((60, 60, 40)) + block((60, 60 + length, 5), at=(0, length / 2, 35))))

    assert ledge(reach + more).score <= ledge(reach).score + 1e-9


@few
@given(
    size=st.tuples(*[st.floats(0.01, 400)] * 3),
    turn=st.tuples(*[st.floats(-180, 180)] * 3),
    drop=st.integers(0, 11),
)
def test_any_box_broken_or_not_gets_a_finite_report_that_survives_json(
    size: tuple[float, float, float], turn: tuple[float, float, float], drop: int
) -> None:
    report = inspect(without_faces(as_mesh(manifold3d.Manifold.cube(size).rotate(turn)), drop))
    adapter = TypeAdapter(PrintReport)
    text = adapter.dump_json(report)
    assert adapter.validate_json(text) == report
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} in a report"))
    assert 0 <= report.score <= 10
    assert report.watertight == (drop == 0)
    assert type(report.score) is float
    assert type(report.volume_mm3) is float
    assert all(type(side) is float for side in report.size_mm)


CUBE = as_mesh(manifold3d.Manifold.cube((10, 10, 10)))


@pytest.mark.parametrize(
    ("mesh", "error"),
    [
        (TriangleMesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64)), EmptyGeometry),
        (TriangleMesh(CUBE.vertices, np.zeros((0, 3), np.int64)), EmptyGeometry),
        (TriangleMesh(np.zeros((3, 3)), np.array([[0, 1, 2]])), EmptyGeometry),
        (TriangleMesh(CUBE.vertices * np.nan, CUBE.faces), InvalidInput),
        (TriangleMesh(np.where(CUBE.vertices > 5, np.inf, CUBE.vertices), CUBE.faces), InvalidInput),
        (TriangleMesh(CUBE.vertices, CUBE.faces + 5), InvalidInput),
        (TriangleMesh(CUBE.vertices, CUBE.faces - 1), InvalidInput),
        (TriangleMesh(CUBE.vertices * 1e200, CUBE.faces), GeometryTooLarge),
    ],
)
def test_what_is_no_surface_is_one_error_of_the_tree(mesh: TriangleMesh, error: type[MoldarError]) -> None:
    with np.errstate(all="ignore"), pytest.raises(error):
        inspect(mesh)


@pytest.mark.parametrize("room", [(0, 10, 10), (10, -1, 10), (10, 10, float("nan")), (10, float("inf"), 10)])
def test_a_build_volume_without_room_is_refused(room: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidInput):
        inspect(CUBE, build_volume_mm=room)
