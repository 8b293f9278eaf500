"""Which face each sample of a picture sees: loads numba."""

import numpy as np
from numpy.typing import NDArray

from pipelines.pictures import raster_kernels
from pipelines.pictures.framing import Viewpoint
from pipelines.pictures.threads import Crew


def first_seen(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], view: Viewpoint, size: int, crew: Crew
) -> NDArray[np.int64]:
    """What the samples of a picture see first, from both sides of all faces.

    Args:
        vertices: All before the eye and within the picture, [V, 3].
        faces: At most 2^24, [F, 3].
        view: The camera.
        size: Pixels per side; each has four samples, in rows of their own, `raster_kernels.ASIDE` from its left.
        crew: Whose threads draw.

    Returns:
        [4 * size, size], row by row from the top left: of each sample its inverse depth and its face in one number;
        `seen_faces` takes the face out. 0 where a sample sees none.
    """
    screen, inverse_depth = np.empty((len(vertices), 2), np.int32), np.empty(len(vertices), np.float32)
    raster_kernels.project(vertices, view.eye, view.axes, view.half_width, size, screen, inverse_depth)
    starts, lists = raster_kernels.by_band(screen, faces, raster_kernels.PER_PIXEL * size)
    seen = np.zeros((raster_kernels.PER_PIXEL * size, size), np.int64)
    most = float(inverse_depth.max())

    def draw(band: int) -> None:
        chosen, first = lists[starts[band] : starts[band + 1]], band * raster_kernels.BAND
        last = min(first + raster_kernels.BAND, len(seen))
        raster_kernels.draw_first(screen, inverse_depth, faces, chosen, most, first, last, seen)

    crew.each(draw, range(len(starts) - 1))
    return seen


def seen_faces(seen: NDArray[np.int64]) -> NDArray[np.int64]:
    """The face that each sample sees, -1 where it sees none."""
    return np.where(seen > 0, seen & raster_kernels.FACE, -1)
