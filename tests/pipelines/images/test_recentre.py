"""Where the subject ends up, and what is behind it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.errors import InvalidInput, NoSubject
from pipelines.images import Cutout, recentred


def cutout(
    height: int, width: int, box: tuple[int, int, int, int], rgb: tuple[int, int, int] = (200, 30, 60)
) -> Cutout:
    """Rows box[0]..box[1] and columns box[2]..box[3], ends included, are opaque `rgb`; hidden under the rest: black."""
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[box[0] : box[1] + 1, box[2] : box[3] + 1] = (*rgb, 255)
    return Cutout(rgba, "alpha", 0.1, 1.0)


def extent(image: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """First and last row and column that are not white."""
    ys, xs = np.nonzero((image < 1).any(axis=2))
    return int(ys.min()), int(ys.max()), int(xs.min()), int(xs.max())


def test_a_small_subject_in_a_corner_fills_four_fifths_of_the_middle() -> None:
    image = recentred(cutout(60, 100, (2, 22, 3, 13)))  # 20 x 10 without its last row and column
    assert image.shape == (100, 100, 3)
    assert image.dtype == np.float32
    assert extent(image) == (10, 89, 30, 69)  # 80 x 40 in the middle of 100
    np.testing.assert_allclose(image[50, 50], np.array([200, 30, 60]) / 255, atol=1e-6)


def test_odd_remainders_are_rounded_down() -> None:
    image = recentred(cutout(31, 31, (0, 10, 0, 7)), border=0.2)  # 10 x 7; target int(24.8) = 24
    assert extent(image) == (3, 26, 7, 22)  # 24 x int(16.8) = 16; tops at 7 // 2 and 15 // 2


def test_a_colour_hidden_under_transparency_does_not_bleed_into_the_edge() -> None:
    image = recentred(cutout(256, 256, (10, 250, 10, 250), rgb=(255, 255, 255)), size=64)
    np.testing.assert_allclose(image, 1.0, atol=1e-6)


def test_half_transparent_pixels_are_mixed_with_white() -> None:
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[4:13, 4:13] = (0, 0, 0, 51)
    image = recentred(Cutout(rgba, "alpha", 0.3, 1.0))
    np.testing.assert_allclose(image[8, 8], 0.8, atol=1e-6)


@given(
    height=st.integers(16, 90), width=st.integers(16, 90), side=st.integers(16, 128), border=st.floats(0, 0.6),
    data=st.data(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_the_subject_is_centred_within_a_pixel_and_as_large_as_asked(
    height: int, width: int, side: int, border: float, data: st.DataObject
) -> None:
    top, left = data.draw(st.integers(0, height - 3)), data.draw(st.integers(0, width - 3))
    bottom, right = data.draw(st.integers(top + 1, height - 1)), data.draw(st.integers(left + 1, width - 1))
    image = recentred(cutout(height, width, (top, bottom, left, right)), side, border)
    first_row, last_row, first_column, last_column = extent(image)
    assert abs(first_row - (side - 1 - last_row)) <= 1
    assert abs(first_column - (side - 1 - last_column)) <= 1
    longer = max(last_row - first_row, last_column - first_column) + 1
    assert int((1 - border) * side) - 1 <= longer <= (1 - border) * side


def test_a_needle_keeps_at_least_one_pixel() -> None:
    image = recentred(cutout(400, 400, (0, 399, 200, 201)), size=64)
    assert extent(image) == (6, 56, 31, 31)


@pytest.mark.parametrize("box", [(5, 5, 5, 5), (5, 9, 5, 5), (5, 5, 5, 9)])
def test_a_subject_one_pixel_thin_is_no_subject(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(NoSubject, match="one pixel thin"):
        recentred(cutout(20, 20, box))


def test_an_empty_mask_is_no_subject() -> None:
    with pytest.raises(NoSubject, match="Nothing is left"):
        recentred(Cutout(np.zeros((20, 20, 4), np.uint8), "alpha", 0.0, 1.0))


@pytest.mark.parametrize(("size", "border"), [(7, 0.2), (64, 1.0), (64, -0.1), (64, float("nan"))])
def test_sizes_and_borders_out_of_range_are_refused(size: int, border: float) -> None:
    with pytest.raises(InvalidInput, match="cannot be made"):
        recentred(cutout(20, 20, (2, 9, 2, 9)), size, border)
