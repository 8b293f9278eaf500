"""Polygons of any number of corners, as files hold them, into triangles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import Unreadable
from pipelines.meshing.limits import check_faces


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """Rows of different lengths, stored end to end."""

    counts: NDArray[np.int64]  # [P] corners of each polygon
    corners: NDArray[np.int64]  # [sum(counts)] vertex indices

    def triangles(self, vertex_count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Fans [F, 3] and, for each triangle, the polygon it came from [F].

        Raises:
            Unreadable: a corner names a vertex that does not exist.
            GeometryTooLarge: more triangles than are accepted.
        """
        if len(self.corners) and not (self.corners.min() >= 0 and self.corners.max() < vertex_count):
            raise Unreadable("The file is damaged: a face names a vertex that does not exist.")
        fans = np.maximum(self.counts - 2, 0)
        check_faces(int(fans.sum()))
        polygon = np.repeat(np.arange(len(fans)), fans)
        first = (np.cumsum(self.counts) - self.counts)[polygon]
        step = np.arange(len(polygon)) - (np.cumsum(fans) - fans)[polygon]
        at = np.stack([first, first + step + 1, first + step + 2], axis=1)
        return self.corners[at].reshape(-1, 3), polygon
