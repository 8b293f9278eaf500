"""Where cameras stand and what their pixels see: our signs, and OpenCV's axes made of OpenGL's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cameras import c2w_of, checked_c2w, orbit, orbit_c2w, plucker, rays, world_to_opencv
from pipelines.errors import InvalidInput
from pipelines.geometry import Camera, FreeCamera

ANGLES = {"elevation_deg": st.floats(-90, 90), "azimuth_deg": st.floats(-720, 720), "radius": st.floats(0.1, 50)}


def test_azimuth_90_at_elevation_30_stands_right_and_above() -> None:
    pose = orbit_c2w(30, 90, 2.0)
    np.testing.assert_allclose(pose[:3, 3], [np.sqrt(3), 1.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(pose[:3, 2], pose[:3, 3] / 2, atol=1e-6)  # its back is turned to where it came from
    np.testing.assert_allclose(pose[:3, 0], [0, 0, -1], atol=1e-6)  # its right is the object's back


@given(**ANGLES)
@settings(max_examples=50, deadline=None)
def test_every_orbit_pose_is_a_pose_that_looks_at_the_origin(
    elevation_deg: float, azimuth_deg: float, radius: float
) -> None:
    pose = orbit_c2w(elevation_deg, azimuth_deg, radius)
    np.testing.assert_array_equal(checked_c2w(pose[None])[0], pose)
    rotation, translation = world_to_opencv(pose)
    np.testing.assert_allclose(translation, [0, 0, radius], atol=1e-4 * radius)  # the origin lies straight ahead
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)
    assert rotation[1, 1] <= 1e-6, "in OpenCV's axes y points down"


def test_the_four_pixels_about_the_middle_see_past_the_origin_symmetrically() -> None:
    middle = rays(orbit([10.0], [40.0]), 49.1, 4)[0, 1:3, 1:3].reshape(4, 3).sum(axis=0)
    towards = -orbit_c2w(10, 40)[:3, 3]
    np.testing.assert_allclose(middle / np.linalg.norm(middle), towards / np.linalg.norm(towards), atol=1e-6)


def test_the_edge_of_the_picture_is_half_the_field_of_view_away() -> None:
    size = 2000
    directions = rays(orbit([0.0], [0.0]), 60.0, size)[0]
    top = directions[0, size // 2]
    assert np.rad2deg(np.arctan2(top[1], -top[2])) == pytest.approx(30.0, abs=0.05)
    left = directions[size // 2, 0]
    assert left[0] < 0 < top[1]


@given(**ANGLES)
@settings(max_examples=25, deadline=None)
def test_a_moment_is_the_same_for_every_point_of_its_ray(
    elevation_deg: float, azimuth_deg: float, radius: float
) -> None:
    pose = orbit_c2w(elevation_deg, azimuth_deg, radius)
    field = np.moveaxis(plucker(pose[None], 49.1, 3)[0], 0, -1).reshape(9, 6).astype(np.float64)
    moments, directions = field[:, :3], field[:, 3:]
    points = pose[:3, 3] + 2.5 * directions
    np.testing.assert_allclose(np.cross(points, directions), moments, atol=1e-5 * max(radius, 1))


def test_free_and_orbit_cameras_are_one_thing() -> None:
    pose = orbit_c2w(-12, 200, 1.8)
    np.testing.assert_array_equal(c2w_of(Camera(-12, 200, 1.8)), pose)
    np.testing.assert_array_equal(c2w_of(FreeCamera(pose)), pose)


def test_a_single_matrix_is_no_list_of_poses() -> None:
    with pytest.raises(InvalidInput, match="4x4"):
        checked_c2w(np.eye(4))
