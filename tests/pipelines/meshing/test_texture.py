"""Textured GLB, read back by trimesh: an independent reader of pictures and their coordinates."""

import manifold3d
import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.errors import GeometryTooLarge, NotSolid
from pipelines.geometry import TriangleMesh
from pipelines.meshing import Textured, export_textured, read_mesh, solidified, textured
from pipelines.meshing.atlas import simplified
from pipelines.meshing.color import surface_colors
from tests.golden.splat_cases import color, splats
from tests.support.solids import as_mesh, brick, is_closed, volume
from tests.support.textures import read_back, sampled


@pytest.fixture(scope="module")
def mug() -> tuple[TriangleMesh, Textured]:
    made = solidified(splats("mug", "ideal", 16_384), 160)
    return made.mesh, textured(made.mesh, made.colors)


def test_the_picture_shows_at_each_place_the_colour_of_that_place(mug: tuple[TriangleMesh, Textured]) -> None:
    points, shown = sampled(read_back(export_textured(mug[1])))
    assert np.abs(shown - 255 * color(points)).mean() < 2.0
    vertices = surface_colors(mug[0])(points).astype(np.float64)
    assert np.abs(shown - vertices).mean() < 2.0
    assert np.abs(shown - vertices).max() < 64  # nowhere a stripe of another island along a cut


def test_a_simplified_solid_is_the_same_solid(mug: tuple[TriangleMesh, Textured]) -> None:
    full, few = mug[0], mug[1].atlas.mesh
    assert len(few.faces) <= 10_000 < len(full.faces)
    assert is_closed(few)
    assert volume(few) == pytest.approx(volume(full), rel=0.005)
    assert few.size == pytest.approx(full.size, rel=0.01)


def test_no_colour_is_multiplied_with_the_picture(mug: tuple[TriangleMesh, Textured]) -> None:
    data = export_textured(mug[1])
    document = data[20 : 20 + int.from_bytes(data[12:16], "little")]
    assert b"COLOR_0" not in document
    assert b"baseColorFactor" not in document
    assert read_back(data).visual.material.baseColorFactor is None


def test_one_colour_is_one_colour_everywhere() -> None:
    shape = textured(brick((188, 99, 7)), size_px=64)
    assert (shape.picture == [188, 99, 7]).all()  # sRGB as it is: pictures of colours are not linear
    _, shown = sampled(read_back(export_textured(shape)))
    assert shown == pytest.approx(np.tile([188.0, 99, 7], (len(shown), 1)))


def test_sides_of_different_colours_do_not_bleed_over_their_edges() -> None:
    def side(points: NDArray[np.float64]) -> NDArray[np.uint8]:
        axis = np.abs((points - [3, 5, 8]) / [2, 3, 5]).argmax(axis=1)  # the brick's centre and half extents
        return np.asarray(np.eye(3)[axis] * 255, np.uint8)

    points, shown = sampled(read_back(export_textured(textured(brick(), side, 256))))
    inner = np.sort(np.abs((points - [3, 5, 8]) / [2, 3, 5]), axis=1)[:, 1] < 0.9
    assert shown[inner] == pytest.approx(side(points[inner]), abs=1e-6)


def test_the_uploads_reader_finds_the_colours_again(mug: tuple[TriangleMesh, Textured]) -> None:
    back = read_mesh(export_textured(mug[1]), "glb")
    assert back.colors is not None
    assert np.abs(back.colors - 255 * color(back.vertices)).mean() < 4.0  # of the nearest texel


def test_the_same_solid_gives_the_same_bytes() -> None:
    first, again = (export_textured(textured(brick((1, 2, 3)), size_px=128)) for _ in range(2))
    assert first == again


def test_the_colour_between_corners_is_their_mixture() -> None:
    mesh = TriangleMesh(
        np.array([[0.0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 4]]),
        np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
        np.array([[0, 0, 0], [200, 0, 0], [0, 100, 0], [0, 0, 40]], np.uint8),
    )
    points = np.array([[1.0, 1, 0], [2, 0, 0], [4, 0, 0], [0, 1, 2], [-1, 2, 0]])
    expected = [[50, 25, 0], [100, 0, 0], [200, 0, 0], [0, 25, 20], [0, 50, 0]]  # the last one is beside the edge
    assert np.abs(surface_colors(mesh)(points).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_a_texture_does_not_depend_on_the_unit(scale: float) -> None:
    small = brick((9, 8, 7))
    shape = textured(TriangleMesh(small.vertices * scale, small.faces, small.colors), size_px=64)
    assert np.ptp(shape.atlas.uv, axis=0).min() > 0.5
    assert (shape.picture == [9, 8, 7]).all()


def test_what_is_open_gets_no_texture() -> None:
    box = brick()
    with pytest.raises(NotSolid, match="closed"):
        textured(TriangleMesh(box.vertices, box.faces[:-1]))


def test_what_is_too_intricate_is_said_to_be() -> None:
    ball = manifold3d.Manifold.sphere(1, 8)
    dust = manifold3d.Manifold.compose([ball.translate([3.0 * k, 0, 0]) for k in range(30)])
    assert len(simplified(as_mesh(dust), 400).faces) <= 400
    with pytest.raises(GeometryTooLarge, match="intricate"):
        simplified(as_mesh(dust), 100)  # a ball to three triangles
