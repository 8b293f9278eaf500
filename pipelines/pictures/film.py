"""Films: pictures shown one after the other without end, as animated WebP."""

import io
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput

_FILM_MS: Final = 6000
_FRAMES_MAX: Final = 720
_SIZE_MAX: Final = 1024  # a film is encoded whole: 180 frames of this size are 570 MB
_QUALITY: Final = 85  # of WebP: 44 dB against the frames, 7 kB for each of 512 px
_WHOLE: Final = (
    1  # every frame stands alone: parts kept from the frame before leave blocks in soft shadows, and save nothing
)
_EFFORT: Final = 2  # of WebP, 0..6: the next step takes twice the time and saves a twentieth of the bytes


def check_film(frames: int, size: int) -> None:
    """Refuse a film of too few or too many frames, or too large."""
    if not 2 <= frames <= _FRAMES_MAX:
        raise InvalidInput(f"A film has 2 to {_FRAMES_MAX} frames, not {frames}.")
    if not 1 <= size <= _SIZE_MAX:
        raise InvalidInput(f"A film's size must be in [1, {_SIZE_MAX}], not {size}.")


def encode_film(pictures: Iterable[NDArray[np.uint8]]) -> bytes:
    """An endless animated WebP of sRGB pictures [H, W, 3] shown evenly over six seconds.

    Raises:
        InvalidInput: no pictures.
    """
    from PIL import Image  # noqa: PLC0415 - loaded by those replicas that draw

    frames = [Image.fromarray(picture) for picture in pictures]
    if not frames:
        raise InvalidInput("A film needs pictures.")
    out = io.BytesIO()
    frames[0].save(
        out, "WEBP", save_all=True, append_images=frames[1:], duration=_durations_ms(len(frames)), loop=0,
        quality=_QUALITY, method=_EFFORT, kmax=_WHOLE,
    )  # fmt: skip
    return out.getvalue()


def encode_webp(picture: NDArray[np.uint8]) -> bytes:
    """One sRGB picture [H, W, 3] as WebP, about a tenth of what PNG takes."""
    from PIL import Image  # noqa: PLC0415 - as above

    out = io.BytesIO()
    Image.fromarray(picture).save(out, "WEBP", quality=_QUALITY, method=_EFFORT)
    return out.getvalue()


def _durations_ms(frames: int) -> Sequence[int]:
    """Whole milliseconds that add up to the film's length."""
    ends = [_FILM_MS * k // frames for k in range(frames + 1)]
    return [last - first for first, last in pairwise(ends)]
