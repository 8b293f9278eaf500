"""A solid's colours as a picture around it: for viewers, which want few triangles and much colour."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import TriangleMesh
from pipelines.meshing.atlas import Atlas, simplified, texels, unwrapped
from pipelines.meshing.color import ColorOf, surface_colors

PICTURE_PX: Final = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Textured:
    """A simplified solid whose colours are a picture."""

    atlas: Atlas
    picture: NDArray[np.uint8]  # [S, S, 3] sRGB


def textured(mesh: TriangleMesh, color_of: ColorOf | None = None, size_px: int = PICTURE_PX) -> Textured:
    """The solid with at most 10,000 triangles, its colours in a picture.

    Args:
        mesh: A closed manifold in any frame.
        color_of: The colours at points in the mesh's frame, where more is known than the vertices' colours.
        size_px: Of each side of the picture.

    Raises:
        NotSolid: the mesh is not a closed manifold.
        GeometryTooLarge: too intricate for a texture.
    """
    atlas = unwrapped(simplified(mesh), size_px)
    seen = texels(atlas, size_px)
    picture = np.zeros((size_px, size_px, 3), np.uint8)
    is_seen = np.zeros((size_px, size_px), bool)
    is_seen[seen.row, seen.column] = True
    picture[seen.row, seen.column] = (color_of or surface_colors(mesh))(seen.points)
    return Textured(atlas, _spread(picture, is_seen))


def _spread(picture: NDArray[np.uint8], is_seen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with every other texel like the nearest one that is seen: smaller copies of it mix them."""
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415 - scipy is loaded by those that make solids

    row, column = distance_transform_edt(~is_seen, return_distances=False, return_indices=True)
    return np.asarray(picture[row, column])
