"""Pictures on surfaces: the colour at each vertex."""

import io
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import TooLarge, Unreadable

Wrap = Literal["repeat", "mirror", "clamp"]
_MAX_PIXELS: Final = 8192 * 8192  # the largest texture that renderers promise to take; 200 MB as RGB
_MAX_PIXELS_IN_ALL: Final = 4 * _MAX_PIXELS


@dataclass(slots=True)
class PixelBudget:
    """Pixels that the textures of one file have left."""

    left: int = _MAX_PIXELS_IN_ALL

    def spend(self, pixels: int) -> None:
        """Count a picture before it is decoded, or refuse it with TooLarge."""
        self.left -= pixels
        if pixels > _MAX_PIXELS or self.left < 0:
            raise TooLarge(f"The file's textures are too large: one of {pixels:,} pixels is one too many.")


def decode_texture(raw: bytes | memoryview, budget: PixelBudget) -> NDArray[np.uint8]:
    """The picture's colours [H, W, 3], sRGB, first row on top.

    Raises:
        Unreadable: not a PNG, JPEG or WebP, or a damaged one.
        TooLarge: more pixels than are accepted, found before any is decoded.
    """
    from PIL import Image  # noqa: PLC0415 - pictures in meshes are rare, and Pillow takes 50 ms to load

    try:
        with Image.open(io.BytesIO(raw), formats=("PNG", "JPEG", "WEBP")) as picture:
            budget.spend(picture.width * picture.height)
            return np.asarray(picture.convert("RGB"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge("The file's textures have too many pixels.") from error
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, ArithmeticError, LookupError) as error:
        raise Unreadable("A texture of the file is damaged, or not a PNG, JPEG or WebP.") from error


def nearest_texels(
    texels: NDArray[np.uint8], uv: NDArray[np.float64], wrap: tuple[Wrap, Wrap] = ("repeat", "repeat")
) -> NDArray[np.uint8]:
    """Colours [N, 3] of the texels that the coordinates lie in.

    Args:
        texels: [H, W, 3].
        uv: [N, 2] from the left and from the top, 1 being the whole picture; what is no number reads as 0.
        wrap: What lies beyond the picture, along u and v.
    """
    at = [
        np.minimum((_inside(column, way) * size).astype(np.int64), size - 1)
        for column, way, size in zip(np.nan_to_num(uv, posinf=0, neginf=0).T, wrap, texels.shape[1::-1], strict=True)
    ]
    return np.asarray(texels[at[1], at[0]])


def _inside(values: NDArray[np.float64], wrap: Wrap) -> NDArray[np.float64]:
    """Brought into [0, 1]."""
    if wrap == "clamp":
        return np.clip(values, 0.0, 1.0)
    if wrap == "mirror":
        return np.asarray(1.0 - np.abs(values % 2.0 - 1.0))
    return values % 1.0
