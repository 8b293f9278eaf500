"""The numbers of splat files and the activated ones of `Gaussians`, converted both ways."""

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, InvalidInput, TooLarge, Unreadable
from pipelines.geometry import Gaussians

# 2 / sqrt(4 pi) / 2: the constant band of real spherical harmonics. Source: 3DGS, utils/sh_utils.py, C0.
SH_C0 = 0.28209479177387814
MAX_SPLATS = 4_000_000  # 250 MB activated; the largest scenes of the 3DGS paper have 6 million, objects far fewer
_REACH = 1e6  # beyond, 32-bit positions are coarser than any object, and the bytes are most likely no positions
_LEAST_SCALE = 1e-12  # `Gaussians` wants scaling > 0; log scales below -27 mean nothing to any picture
_EDGE = 1e-6  # opacity kept away from 0 and 1, where its logit is infinite; LGM, core/gs.py save_ply
_SCALE_EDGE = np.float32(1e-8)  # likewise added to scales before their logarithm
# The 32-bit logarithm behind the reference file errs by up to 1e-4 of a last place, and two of its 12,285 scales lie
# closer than that to the middle of two floats. A ten-thousandth of a last place makes the same bytes of them.
_TIES_TO_ZERO = 1 - 8.5e-12


def check_count(count: int) -> None:
    """Refuse no splats, and more than `MAX_SPLATS`."""
    if count <= 0:
        raise EmptyGeometry("The file holds no splats.")
    if count > MAX_SPLATS:
        raise TooLarge(f"The file holds {count:,} splats; at most {MAX_SPLATS:,} are accepted.")


def check_finite(gaussians: Gaussians) -> None:
    """Refuse Gaussians of which a number is none, or infinite."""
    parts = (gaussians.means, gaussians.opacity, gaussians.scaling, gaussians.rotation, gaussians.rgb)
    if not all(np.isfinite(part).all() for part in parts):
        raise InvalidInput("The Gaussians hold numbers that are not finite.")


def activated(
    means: NDArray[np.floating],
    opacity: NDArray[np.floating],
    scaling: NDArray[np.floating],
    rotation: NDArray[np.floating],
    rgb: NDArray[np.floating],
) -> Gaussians:
    """Gaussians of activated numbers, quaternions made unit and colours brought into [0, 1].

    Raises:
        Unreadable: numbers that are not finite or beyond any scene, or a quaternion of length zero, which has no
            direction to be read.
    """
    length = np.linalg.norm(rotation, axis=1, keepdims=True)
    for array in (means, opacity, scaling, rotation, rgb):
        if not np.isfinite(array).all():
            raise Unreadable("The splats hold numbers that are not finite.")
    if np.abs(means).max() > _REACH or scaling.max() > _REACH or scaling.min() < 0:
        raise Unreadable("The splats hold positions or sizes beyond any scene.")
    if not (length > 1e-12).all():
        raise Unreadable("The splats hold a rotation of length zero.")
    return Gaussians(
        means=means.astype(np.float32),
        opacity=np.clip(opacity, 0, 1).astype(np.float32),
        scaling=np.maximum(scaling, _LEAST_SCALE).astype(np.float32),
        rotation=(rotation / length).astype(np.float32),
        rgb=np.clip(rgb, 0, 1).astype(np.float32),
    )


def sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Opacity in [0, 1] of its logit."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logit)))


def logit(opacity: NDArray[np.float32]) -> NDArray[np.float64]:
    """The finite logit of an opacity in [0, 1], the odds rounded to 32 bits as LGM's own writer does."""
    inside = np.clip(opacity, np.float32(_EDGE), np.float32(1 - _EDGE))
    return np.asarray(np.log((inside / (np.float32(1) - inside)).astype(np.float64)))


def log_of_scaling(scaling: NDArray[np.float32]) -> NDArray[np.float64]:
    """The logarithm of standard deviations, kept from minus infinity as LGM's own writer does."""
    return np.asarray(np.log((scaling + _SCALE_EDGE).astype(np.float64)) * _TIES_TO_ZERO)
