"""Gaussians drawn by gsplat on CUDA. Apache-2.0; an optional part, imported when it is used.

Source: gsplat 1.5.3, `rasterization`, as stated in section A.8 of the models' specification. It is drawn without
gsplat's own background, so that what the fourth channel of "RGB+D" would be blended with does not matter.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from pipelines.cameras import world_to_opencv
from pipelines.geometry import Gaussians
from pipelines.splats.scene import Rendering, Shot

_NEAR: Final = 0.2  # what 3DGS has written into its kernel, and gsplat takes as arguments
_DILATION: Final = 0.3


class GsplatScene:
    """Gaussians on the device."""

    def __init__(self, gaussians: Gaussians) -> None:
        import torch  # noqa: PLC0415 - takes a second, and belongs to the GPU's replicas

        self._torch = torch
        parts = (gaussians.means, gaussians.rotation, gaussians.scaling, gaussians.opacity, gaussians.rgb)
        self._splats = tuple(torch.from_numpy(np.ascontiguousarray(part, np.float32)).cuda() for part in parts)

    def draw(self, shot: Shot) -> Rendering:
        """One picture."""
        from gsplat import rasterization  # noqa: PLC0415 - an optional part, absent on most machines

        torch, size = self._torch, shot.size
        turn, shift = world_to_opencv(shot.c2w)
        w2c = np.eye(4)
        w2c[:3, :3], w2c[:3, 3] = turn, shift
        focal = size / (2 * np.tan(np.deg2rad(shot.fovy_deg) / 2))
        intrinsics = [[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1]]
        means, quats, scales, opacities, colors = self._splats
        with torch.inference_mode():
            drawn, alphas, _ = rasterization(
                means=means, quats=quats, scales=scales, opacities=opacities, colors=colors,
                viewmats=torch.tensor(w2c[None], dtype=torch.float32, device="cuda"),  # [1, 4, 4]
                Ks=torch.tensor([intrinsics], dtype=torch.float32, device="cuda"),  # [1, 3, 3]
                width=size, height=size, near_plane=_NEAR, eps2d=_DILATION, sh_degree=None, render_mode="RGB+D",
            )  # fmt: skip
            alpha = alphas[0, :, :, :1].clamp(0, 1)
            paper = torch.tensor(shot.background, dtype=torch.float32, device="cuda")
            image = (drawn[0, :, :, :3] + (1 - alpha) * paper).clamp(0, 1)
            return Rendering(image.cpu().numpy(), alpha[..., 0].cpu().numpy(), drawn[0, :, :, 3].cpu().numpy())

    def draw_all(self, shots: Iterable[Shot]) -> Iterator[Rendering]:
        """Pictures in turn."""
        return map(self.draw, shots)
