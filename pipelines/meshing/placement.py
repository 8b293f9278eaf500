"""From the model frame to the object frame: the one place where units and axes change."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, InvalidInput
from pipelines.geometry import TriangleMesh

# Proper rotation by +90 degrees about x: y up becomes z up, and the front, which looks along +z, looks along -y.
_Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A mesh in the object frame and the matrix that brought it there."""

    mesh: TriangleMesh
    transform: NDArray[np.float64]  # [4, 4], column vectors: object = transform @ model


def place(mesh: TriangleMesh, size_mm: float | None, up: Literal["y", "z"]) -> Placed:
    """Turn the mesh z up, scale it so that its longest side is `size_mm`, centre it, and rest it on z = 0.

    Args:
        mesh: Any frame.
        size_mm: Longest side of the bounding box in mm, > 0; None keeps the scale.
        up: The mesh's own up axis: "y" in the model frame, "z" in the object frame.

    Raises:
        EmptyGeometry: the mesh has no extent.
        InvalidInput: `size_mm` is not a positive number.
    """
    if size_mm is not None and not (np.isfinite(size_mm) and size_mm > 0):
        raise InvalidInput(f"The size must be a positive number of millimetres, not {size_mm}.")
    longest = float(mesh.size.max())
    if not longest > 0:
        raise EmptyGeometry("The mesh has no extent.")
    transform = np.eye(4)
    transform[:3, :3] = (_Z_UP if up == "y" else np.eye(3)) * (1.0 if size_mm is None else size_mm / longest)
    turned = mesh.vertices @ transform[:3, :3].T
    low, high = turned.min(axis=0), turned.max(axis=0)
    transform[:3, 3] = [-(low[0] + high[0]) / 2, -(low[1] + high[1]) / 2, -low[2]]
    return Placed(TriangleMesh(turned + transform[:3, 3], mesh.faces, mesh.colors), transform)
