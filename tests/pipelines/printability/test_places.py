"""Where the report says that a fault is, and what it says to do."""

from typing import Any, get_args

import numpy as np
import pytest
from pydantic import TypeAdapter

from pipelines.geometry import TriangleMesh
from pipelines.printability import RESIN, FindingCode, PrintReport, RepairName, examine, inspect
from tests.pipelines.printability.shapes import as_mesh, block, cylinder, joined, without_faces


def middles(mesh: TriangleMesh, faces: Any) -> np.ndarray:
    return mesh.vertices[mesh.faces[faces]].mean(axis=1)


def test_two_thin_fins_are_two_places_each_with_both_its_sides() -> None:
    solid = block((40, 30, 10))
    for x in (-10, 10):
        solid += block((0.6, 20, 15), (x, 0, 10))
    mesh = as_mesh(solid)
    thin = next(one for one in inspect(mesh).findings if one.code == "wall.thin")
    assert sorted(round(place.at_mm[0]) for place in thin.places) == [-10, 10]
    for place in thin.places:
        faces = np.concatenate([np.arange(first, end) for first, end in place.faces])
        assert len(faces) == place.face_count
        at = middles(mesh, faces)
        assert (at[:, 2] > 10).all()
        assert np.ptp(at[:, 0]) == pytest.approx(0.6, abs=1e-6)


def test_every_face_of_a_fault_is_marked_and_no_other() -> None:
    solid = block((10, 10, 30)) + block((40, 10, 5), (15, 0, 30))
    mesh = as_mesh(solid.refine_to_length(1.0))
    found = examine(mesh)
    faces = found.faces_of("overhang.supports")
    at = middles(mesh, np.arange(len(mesh.faces)))
    corners = mesh.vertices[mesh.faces]
    under = (np.ptp(corners[..., 2], axis=1) < 1e-9) & (np.abs(at[:, 2] - 30) < 1e-9)
    assert set(faces) == set(np.flatnonzero(under))
    assert not len(found.faces_of("wall.thin"))
    assert found.marks.shape == (len(mesh.faces),)


def test_a_place_of_many_runs_keeps_the_longest_and_says_so() -> None:
    sheet = as_mesh((block((60, 60, 20)) - block((59, 59, 20), (0, 0, 3))).refine_to_length(1.5))
    shuffled = np.random.default_rng(0).permutation(len(sheet.faces))
    mesh = TriangleMesh(sheet.vertices, sheet.faces[shuffled])
    thin = next(one for one in inspect(mesh).findings if one.code == "wall.thin")
    assert not thin.places[0].complete
    kept = sum(end - first for first, end in thin.places[0].faces)
    assert 0 < kept < thin.places[0].face_count
    assert len(TypeAdapter(PrintReport).dump_json(inspect(mesh))) < 20_000
    assert len(examine(mesh).faces_of("wall.thin")) >= thin.places[0].face_count


def test_a_hole_is_where_its_edges_are() -> None:
    mesh = without_faces(as_mesh(block((20, 20, 20)).refine_to_length(4)), 1)
    gone = as_mesh(block((20, 20, 20)).refine_to_length(4))
    torn = next(one for one in inspect(mesh).findings if one.code == "surface.open")
    assert torn.places[0].face_count == 3
    assert torn.places[0].at_mm == pytest.approx(tuple(middles(gone, [0])[0]), abs=2.0)


def test_bodies_that_overlap_are_told_from_bodies_that_touch() -> None:
    one = as_mesh(block((20, 20, 20)))
    into, onto = as_mesh(block((10, 10, 20), (0, 0, 15))), as_mesh(block((10, 10, 20), (0, 0, 20)))
    crossed = next(f for f in inspect(joined(one, into)).findings if f.code == "surface.crosses_itself")
    assert crossed.severity == "warning"
    assert crossed.measured is not None
    assert crossed.measured > 0.02
    assert "surface.crosses_itself" not in {f.code for f in inspect(joined(one, onto)).findings}
    assert inspect(joined(one, into)).score < 10


def test_hollows_and_hanging_bodies_are_where_they_are() -> None:
    hollow = as_mesh(block((40, 40, 40)) - block((10, 10, 10), at=(5, 6, 15)))
    void = next(one for one in inspect(hollow, RESIN).findings if one.code == "void.enclosed")
    assert void.places[0].at_mm == pytest.approx((5, 6, 20), abs=1e-6)
    assert (void.repair, void.severity) == ("fill_voids", "warning")
    hanging = joined(as_mesh(block((10, 10, 10))), as_mesh(block((10, 10, 10), at=(30, 0, 5))))
    body = next(one for one in inspect(hanging).findings if one.code == "bodies.floating")
    assert body.places[0].at_mm == pytest.approx((30, 0, 10), abs=1e-6)
    assert body.places[0].faces == ((12, 24),)


def test_every_finding_worse_than_a_remark_says_what_to_do() -> None:
    bad = [
        as_mesh(block((300, 10, 10))),
        as_mesh(cylinder(3, 90)),
        as_mesh(block((60, 60, 20)) - block((59, 59, 20), (0, 0, 3))),
        without_faces(as_mesh(block((20, 20, 20))), 2),
        as_mesh(block((200, 200, 2))),
        as_mesh(block((10, 10, 40)) + block((60, 10, 5), (25, 0, 40))),
    ]
    seen: set[FindingCode] = set()
    for mesh in bad:
        for one in inspect(mesh).findings:
            seen.add(one.code)
            assert one.remedy.endswith(".")
            assert one.repair is None or one.repair in get_args(RepairName)
    assert len(seen) >= 6


def test_rows_stored_before_findings_had_places_are_still_read() -> None:
    adapter = TypeAdapter(PrintReport)
    row = adapter.dump_python(inspect(as_mesh(block((300, 10, 10)))), mode="json")
    row.pop("turns")
    for one in row["findings"]:
        for name in ("remedy", "repair", "places"):
            one.pop(name)
    assert adapter.validate_python(row).findings[0].places == ()
