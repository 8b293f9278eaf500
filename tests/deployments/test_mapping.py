"""Value objects as they cross HTTP: nothing of a print report is lost, and lists stay small."""

import numpy as np

from deployments import mapping
from jobs.checkpoints import REPORT
from jobs.lifecycle import Stage, Status
from jobs.model import Checkpoint, Job
from pipelines.geometry import TriangleMesh
from pipelines.printability import PrintReport, inspect
from tests.support.jobs import new_job


def table() -> PrintReport:
    """Of a plate on one thin leg: it overhangs, and its leg is thinner than a printer's line."""
    from manifold3d import Manifold

    plate = Manifold.cube((60, 60, 4), center=True).translate((0, 0, 42))
    solid = (plate + Manifold.cube((0.3, 20, 41), center=True).translate((0, 0, 20.5))).to_mesh()
    vertices = np.array(solid.vert_properties, np.float64)
    return inspect(TriangleMesh(vertices, np.array(solid.tri_verts, np.int64)))


def made(report: PrintReport) -> Job:
    asked = new_job()
    document = REPORT.dump_json(report).decode()
    done = Checkpoint(Stage.PRINTABILITY, 1, (), document, 2.0, 1.0)
    return Job(
        asked.id, 1, asked.caller, Status.SUCCEEDED, Stage.QUOTE, asked.request, asked.analysis, asked.plan, 1.0,
        checkpoints=(done,),
    )  # fmt: skip


def test_an_uploads_report_says_all_that_was_found() -> None:
    report = table()
    sent = mapping.report(report)
    assert {finding.code for finding in sent.findings} >= {"wall.thin", "overhang.supports"}
    for found, told in zip(report.findings, sent.findings, strict=True):
        assert (told.code, told.remedy, told.repair) == (found.code, found.remedy, found.repair)
        assert [place.faces for place in told.places] == [place.faces for place in found.places]
    assert any(place.face_count and place.faces for finding in sent.findings for place in finding.places)
    assert len(sent.turns) == len(report.turns)


def test_a_generation_names_places_and_leaves_their_faces_to_its_file() -> None:
    report = table()
    sent = mapping.generation(made(report)).printability
    assert sent is not None
    places = [place for finding in sent.findings for place in finding.places]
    assert places
    assert all(place.faces == () and not place.complete for place in places)
    assert [p.face_count for p in places] == [p.face_count for f in report.findings for p in f.places]
