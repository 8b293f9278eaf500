"""Gaussians drawn by diff-gaussian-rasterization on CUDA, where its user has installed it.

Its licence (Inria and MPII) allows research and evaluation only: Moldar neither ships nor asks for it.
Source: section A.8 of the models' specification for its matrices.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.cameras import world_to_opencv
from pipelines.geometry import Gaussians
from pipelines.splats.scene import Rendering, Shot

if TYPE_CHECKING:
    from torch import Tensor

_NEAR: Final = 0.5  # of the projection matrix alone: nothing is cut off at them
_FAR: Final = 2.5


class DiffGaussianScene:
    """Gaussians on the device."""

    def __init__(self, gaussians: Gaussians) -> None:
        import torch  # noqa: PLC0415 - takes a second, and belongs to the GPU's replicas

        self._torch = torch
        parts = (gaussians.means, gaussians.opacity[:, None], gaussians.scaling, gaussians.rotation, gaussians.rgb)
        self._splats = tuple(torch.from_numpy(np.ascontiguousarray(part, np.float32)).cuda() for part in parts)

    def draw(self, shot: Shot) -> Rendering:
        """One picture.

        The package's forks return different things beside the picture, so alpha and depth are drawn as colours.
        """
        torch = self._torch
        means, rgb = self._splats[0], self._splats[4]
        turn, shift = world_to_opencv(shot.c2w)
        forward, offset = torch.tensor(turn[2], dtype=torch.float32, device="cuda"), float(shift[2])
        depths = means @ forward + offset  # [N]
        with torch.inference_mode():
            light = self._drawn(shot, rgb)
            measures = self._drawn(shot, torch.stack([torch.ones_like(depths), depths, depths], dim=1))
            alpha = measures[:, :, :1].clamp(0, 1)
            paper = torch.tensor(shot.background, dtype=torch.float32, device="cuda")
            image = (light + (1 - alpha) * paper).clamp(0, 1)
            return Rendering(image.cpu().numpy(), alpha[..., 0].cpu().numpy(), measures[:, :, 1].cpu().numpy())

    def draw_all(self, shots: Iterable[Shot]) -> Iterator[Rendering]:
        """Pictures in turn."""
        return map(self.draw, shots)

    def _drawn(self, shot: Shot, colors: "Tensor") -> "Tensor":
        """[S, S, 3] of any three numbers per Gaussian, on black."""
        import diff_gaussian_rasterization as package  # noqa: PLC0415 - an optional part, absent on most machines

        means, opacity, scaling, rotation, _ = self._splats
        rasterizer: Any = package.GaussianRasterizer(raster_settings=self._settings(shot, package))
        drawn = rasterizer(
            means3D=means, means2D=self._torch.zeros_like(means), colors_precomp=colors,
            opacities=opacity, scales=scaling, rotations=rotation,
        )  # fmt: skip
        picture: Tensor = drawn[0]  # [3, S, S]
        return picture.permute(1, 2, 0)

    def _settings(self, shot: Shot, package: Any) -> Any:
        turn, shift = world_to_opencv(shot.c2w)
        tangent = float(np.tan(np.deg2rad(shot.fovy_deg) / 2))
        view = np.eye(4)  # its kernels multiply rows: every matrix is transposed
        view[:3, :3], view[3, :3] = turn.T, shift
        projection = np.zeros((4, 4))
        projection[0, 0] = projection[1, 1] = 1 / tangent
        projection[2, 2] = (_FAR + _NEAR) / (_FAR - _NEAR)
        projection[3, 2] = -_FAR * _NEAR / (_FAR - _NEAR)
        projection[2, 3] = 1

        def on_device(array: NDArray[np.floating]) -> "Tensor":
            tensor: Tensor = self._torch.tensor(array, dtype=self._torch.float32, device="cuda")
            return tensor

        values = {
            "image_height": shot.size, "image_width": shot.size, "tanfovx": tangent, "tanfovy": tangent,
            "bg": on_device(np.zeros(3)), "scale_modifier": 1.0,
            "viewmatrix": on_device(view),
            "projmatrix": on_device(view @ projection),
            "sh_degree": 0, "campos": on_device(shot.c2w[:3, 3]), "prefiltered": False,
            "debug": False, "antialiasing": False,
        }  # fmt: skip
        # Newer versions have a field that older ones do not know.
        known = package.GaussianRasterizationSettings._fields
        return package.GaussianRasterizationSettings(**{name: values[name] for name in known if name in values})
