"""The rows of PLY files: as they are kept, and how they end."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import Unreadable
from pipelines.meshing.ply_header import Element
from pipelines.meshing.polygons import Polygons

# The lists that are kept; texture coordinates and what else comes as lists is passed over.
KEPT_LISTS: Final = ("vertex_indices", "vertex_index")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The rows of one element."""

    element: Element
    scalars: NDArray[np.void]  # [N] structured, one field per scalar property
    corners: Polygons | None = None  # the list of vertices, of faces and of strips

    def column(self, *names: str) -> NDArray[np.float64] | None:
        """The named properties as [N, len(names)], or None unless all are there."""
        if not set(names) <= {prop.name for prop in self.element.scalars}:
            return None
        return np.stack([self.scalars[name].astype(np.float64) for name in names], axis=1)


def ends_early(element: Element) -> Unreadable:
    """The error of a file that holds fewer rows than it declares."""
    return Unreadable(f"The PLY ends within its rows of {element.name[:40]!r}.")
