"""A cut-out in the middle of a white square, as LGM's and ImageDream's pictures were in training."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput, NoSubject
from pipelines.images.cutout import Cutout

BORDER: Final = 0.2  # share of the side that stays empty along the subject's longer extent; SPEC A.9


def recentred(cutout: Cutout, size: int | None = None, border: float = BORDER) -> NDArray[np.float32]:
    """The subject on white, centred, its longer extent filling all but `border` of the side.

    White is put behind the subject before it is resized, so that colours hidden under transparency do not bleed.

    Args:
        cutout: Of any size; what its alpha leaves over is the subject.
        size: Side of the square in pixels, None for the longer side of the cut-out.
        border: In [0, 1).

    Returns:
        [size, size, 3] sRGB in [0, 1].

    Raises:
        NoSubject: no pixel is left, or the subject is one pixel thin.
        InvalidInput: a border or size out of range.

    Source:
        SPEC A.9, step 2: the last row and column of the bounding box are left out, sizes are rounded down.
    """
    import cv2  # noqa: PLC0415 - 170 ms that only replicas with pictures pay

    side = max(cutout.rgba.shape[:2]) if size is None else size
    if not 0 <= border < 1 or side < 8:
        raise InvalidInput(f"A picture of {side} pixels with a border of {border} cannot be made.")
    crop = _cropped(cutout)
    target = int((1 - border) * side)
    scale = target / max(crop.shape[:2])
    height, width = (max(int(extent * scale), 1) for extent in crop.shape[:2])
    resized = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
    canvas = np.ones((side, side, 3), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    canvas[top : top + height, left : left + width] = resized.clip(0, 1)
    return canvas


def _cropped(cutout: Cutout) -> NDArray[np.float32]:
    """The subject's bounding box [h, w, 3], on white."""
    ys, xs = np.nonzero(cutout.rgba[:, :, 3])
    if not len(ys):
        raise NoSubject("Nothing is left of the picture once its background is gone.")
    box = slice(ys.min(), ys.max()), slice(xs.min(), xs.max())
    rgba = cutout.rgba[box].astype(np.float32) / 255
    if not rgba.size:
        raise NoSubject("What is left of the picture is only one pixel thin.")
    alpha = rgba[:, :, 3:]
    return np.asarray(rgba[:, :, :3] * alpha + (1 - alpha), np.float32)
