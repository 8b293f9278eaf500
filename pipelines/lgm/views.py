"""From pictures with cameras to the network's input, and from its rows to Gaussians."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, normalize

from pipelines.errors import BackendFailed, InvalidInput, NoSubject
from pipelines.geometry import Gaussians, Views
from pipelines.lgm.model import Lgm

# ImageNet's, which LGM was trained behind; SPEC A.4.
_MEAN: Final = (0.485, 0.456, 0.406)
_STD: Final = (0.229, 0.224, 0.225)
_CPU: Final = torch.device("cpu")
_BLANK: Final = 4 / 255  # a pixel that differs from white by less is background
_LEAST_COVERAGE: Final = 5e-4  # share of a view's pixels: 33 of 256 x 256; less is dust or a mask one pixel wide


def splat(model: Lgm, objects: Sequence[Views]) -> list[Gaussians]:
    """The Gaussians of every object, in one pass over the batch.

    Args:
        model: Weights loaded, on the device that is to compute.
        objects: Views of each, as many as the model takes, any square size; the cameras in the model frame.

    Returns:
        One `Gaussians` of V * S * S rows per object, on the CPU.

    Raises:
        InvalidInput: too few or too many views, pixels that are not numbers in [0, 1].
        NoSubject: a view shows nothing but white.
        BackendFailed: the network gave numbers that are not finite.
    """
    if not objects:
        return []
    size, device = model.config.input_size, model.conv.weight.device
    checked = [checked_views(views, model.config.num_input_views) for views in objects]
    with torch.inference_mode():
        out = model(torch.stack([network_input(views, size, device) for views in checked])).cpu()
    return [gaussians_of(row) for row in out]


def checked_views(views: Views, count: int) -> Views:
    """`views`, once they are known to show something. Raises InvalidInput, NoSubject."""
    if len(views) != count:
        raise InvalidInput(f"This model takes {count} views of an object; {len(views)} were given.")
    if not np.isfinite(views.images).all():
        raise InvalidInput("A view holds pixels that are not numbers.")
    if views.images.min() < 0 or views.images.max() > 1:
        raise InvalidInput("A view holds colours outside [0, 1].")
    shown = (views.images.min(axis=3) < 1 - _BLANK).mean(axis=(1, 2))
    for index in np.flatnonzero(shown < _LEAST_COVERAGE):
        raise NoSubject(f"View {index + 1} shows nothing on its white background.")
    return views


def network_input(views: Views, size: int, device: torch.device = _CPU) -> Tensor:
    """[V, 9, size, size] on `device`: normalised RGB, then Pluecker coordinates of the pixels' rays.

    Source: SPEC A.4.
    """
    images = torch.from_numpy(np.ascontiguousarray(views.images)).to(device).permute(0, 3, 1, 2)
    if images.shape[-1] != size:
        images = interpolate(images, (size, size), mode="bilinear", align_corners=False)
    mean, std = (torch.tensor(of, device=device).view(3, 1, 1) for of in (_MEAN, _STD))
    return torch.cat([(images - mean) / std, _plucker(views, size, device)], dim=1)


def _plucker(views: Views, size: int, device: torch.device) -> Tensor:
    """`cameras.plucker` on the network's device, where it costs nothing; on one core it takes 30 ms at 256 px."""
    focal = 0.5 * size / np.tan(np.deg2rad(views.fovy_deg) / 2)
    steps = (torch.arange(size, dtype=torch.float64, device=device) + 0.5 - size / 2) / focal
    up, right = torch.meshgrid(-steps, steps, indexing="ij")
    local = normalize(torch.stack([right, up, -torch.ones_like(up)]), dim=0).flatten(1)  # [3, S * S]
    poses = torch.from_numpy(views.c2w.astype(np.float64)).to(device)
    directions = (poses[:, :3, :3] @ local).float()  # [V, 3, S * S]
    origins = poses[:, :3, 3:].float().expand_as(directions)
    both = torch.cat([torch.linalg.cross(origins, directions, dim=1), directions], dim=1)
    return both.reshape(len(views), 6, size, size)


def gaussians_of(rows: Tensor) -> Gaussians:
    """Activated rows [N, 14] as `Gaussians`. Raises BackendFailed where they are not finite."""
    values = rows.float().numpy()
    if not np.isfinite(values).all():
        raise BackendFailed("The network gave numbers that are not finite: its weights or its precision are at fault.")
    means, opacity, scaling, rotation, rgb = np.split(values, [3, 4, 7, 11], axis=1)
    return Gaussians(means, opacity[:, 0], np.maximum(scaling, np.finfo(np.float32).tiny), rotation, rgb)
