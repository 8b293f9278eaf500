"""Value objects shared by the geometric pipelines. Shapes are checked on construction."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Frame = Literal["object", "model"]
"""`object`: millimetres, z up, as it will be printed. `model`: unitless, y up, inside [-1, 1]^3."""


def _check(name: str, array: NDArray[np.generic], *tail: int) -> None:
    if array.ndim != 1 + len(tail) or array.shape[1:] != tail:
        raise ValueError(f"{name} must be [N{''.join(f', {n}' for n in tail)}], got {list(array.shape)}")


@dataclass(frozen=True, slots=True, eq=False)
class TriangleMesh:
    """Triangles wound counter-clockwise seen from outside. The frame is the holder's: see `Frame`."""

    vertices: NDArray[np.float64]  # [V, 3]
    faces: NDArray[np.int64]  # [F, 3] indices into vertices
    colors: NDArray[np.uint8] | None = None  # [V, 3] sRGB

    def __post_init__(self) -> None:
        _check("vertices", self.vertices, 3)
        _check("faces", self.faces, 3)
        if self.colors is not None:
            _check("colors", self.colors, 3)
            if len(self.colors) != len(self.vertices):
                raise ValueError(f"{len(self.colors)} colors for {len(self.vertices)} vertices")

    @property
    def size(self) -> NDArray[np.float64]:
        """Extents of the bounding box, [3], in the units of the vertices."""
        return np.ptp(self.vertices, axis=0) if len(self.vertices) else np.zeros(3)


@dataclass(frozen=True, slots=True, eq=False)
class Gaussians:
    """Activated 3D Gaussians: never logits, never log scales.

    3DGS files say scale and quats; LGM packs position, opacity, scale, rotation, rgb. Both are converted at the door.
    """

    means: NDArray[np.float32]  # [N, 3]
    opacity: NDArray[np.float32]  # [N] in [0, 1]
    scaling: NDArray[np.float32]  # [N, 3] standard deviations, > 0
    rotation: NDArray[np.float32]  # [N, 4] unit quaternions, wxyz
    rgb: NDArray[np.float32]  # [N, 3] sRGB in [0, 1]

    def __post_init__(self) -> None:
        _check("means", self.means, 3)
        _check("opacity", self.opacity)
        _check("scaling", self.scaling, 3)
        _check("rotation", self.rotation, 4)
        _check("rgb", self.rgb, 3)
        lengths = {len(a) for a in (self.means, self.opacity, self.scaling, self.rotation, self.rgb)}
        if len(lengths) != 1:
            raise ValueError(f"Gaussians of different lengths: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.means)


@dataclass(frozen=True, slots=True)
class Camera:
    """An orbit camera that looks at the origin: where it stands and how wide it sees.

    Azimuth 0 looks at the front; positive elevation means the camera is above. `radius` is in the scene's units.
    """

    elevation_deg: float = 0.0
    azimuth_deg: float = 0.0
    radius: float = 1.5
    fovy_deg: float = 49.1


@dataclass(frozen=True, slots=True, eq=False)
class FreeCamera:
    """A camera that stands anywhere. OpenGL axes: x right, y up, z backward."""

    c2w: NDArray[np.float32]  # [4, 4] camera to world
    fovy_deg: float = 49.1

    def __post_init__(self) -> None:
        _check("c2w", self.c2w, 4)


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Pictures of one object on white, each with its camera. OpenGL axes: x right, y up, z backward."""

    images: NDArray[np.float32]  # [V, H, W, 3] sRGB in [0, 1], H = W
    c2w: NDArray[np.float32]  # [V, 4, 4] camera to world, model frame
    fovy_deg: float = 49.1

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.shape[3] != 3 or self.images.shape[1] != self.images.shape[2]:
            raise ValueError(f"images must be [V, S, S, 3], got {list(self.images.shape)}")
        _check("c2w", self.c2w, 4, 4)
        if len(self.c2w) != len(self.images):
            raise ValueError(f"{len(self.c2w)} cameras for {len(self.images)} images")

    def __len__(self) -> int:
        return len(self.images)
