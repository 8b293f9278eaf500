"""Pictures as PNG files."""

import io

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """PNG of sRGB [H, W, 3] or straight-alpha [H, W, 4]; the same picture gives the same bytes.

    Raises:
        InvalidInput: another shape or type, or no pixels.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (3, 4) or not picture.size:
        raise InvalidInput(f"A picture is [H, W, 3] or [H, W, 4] bytes, not {list(picture.shape)} {picture.dtype}.")
    from PIL import Image  # noqa: PLC0415 - loaded by those replicas that draw

    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(out, "PNG", compress_level=4)
    return out.getvalue()
