"""Findings painted where they are."""

import manifold3d
import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.errors import InvalidInput
from pipelines.geometry import Camera, TriangleMesh
from pipelines.pictures import SEVERITY_COLORS, report_picture
from pipelines.printability import examine
from tests.support.solids import as_mesh, brick


def near(picture: NDArray[np.uint8], color: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Pixels of about the hue of a colour, however they are lit."""
    light = picture.astype(float) / np.maximum(picture.max(axis=-1, keepdims=True), 1)
    return np.asarray(np.abs(light - np.array(color) / max(color)).max(axis=-1) < 0.2)


def table() -> TriangleMesh:
    """A plate on one leg: its underside hangs."""
    plate = manifold3d.Manifold.cube([60, 60, 6], True).translate([0, 0, 40])
    return as_mesh(plate + manifold3d.Manifold.cube([12, 12, 40]).translate([-6, -6, 0]))


def test_the_side_that_hangs_is_marked_and_looked_at() -> None:
    found = examine(table())
    hanging = next(finding for finding in found.report.findings if finding.code == "overhang.supports")
    color = SEVERITY_COLORS[hanging.severity]
    assert near(report_picture(table(), found, size=128), color).mean() > 0.1
    above = report_picture(table(), found, Camera(elevation_deg=60, azimuth_deg=20, fovy_deg=26), 128)
    assert near(above, color).mean() < 0.01


def test_a_thin_wall_is_red_and_a_sound_part_is_grey() -> None:
    thin = as_mesh(manifold3d.Manifold.cube([40, 0.2, 30]))
    assert near(report_picture(thin, examine(thin), size=96), SEVERITY_COLORS["error"]).mean() > 0.2
    sound = as_mesh(manifold3d.Manifold.cube([20, 20, 10]), (220, 20, 20))
    picture = report_picture(sound, examine(sound), size=96).astype(int)
    assert (picture.max(axis=-1) - picture.min(axis=-1)).max() < 30  # the object's own red is not drawn


def test_a_report_of_another_mesh_is_refused() -> None:
    with pytest.raises(InvalidInput):
        report_picture(table(), examine(brick()))
