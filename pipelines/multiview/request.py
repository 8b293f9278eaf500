"""What one object is asked to be."""

from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput

NEGATIVE_PROMPT: Final = (
    "ugly, blurry, pixelated obscure, unnatural colors, poor lighting, dull, unclear, cropped, lowres, low quality, "
    "artifacts, duplicate"
)
"""What LGM's demonstration asks its views not to be. Source: SPEC A.10."""

_MOST_GUIDANCE: Final = 100.0  # far beyond what still makes pictures
_LEAST_PIXELS: Final = 8
_MOST_CHARACTERS: Final = 100_000  # the tokenizer reads all of them to keep 77 tokens


@dataclass(frozen=True, slots=True, eq=False)
class ViewRequest:
    """One object, for either model.

    `guidance_scale` None is the model's own: 7.5 for MVDream, 5 for ImageDream. At 1 the negative prompt is not looked
    at, which halves the work. Positive elevation means that the cameras are above.
    """

    prompt: str = ""
    negative_prompt: str = NEGATIVE_PROMPT
    image: NDArray[np.float32] | None = None  # [S, S, 3] sRGB in [0, 1], a subject centred on white: see `recentred`
    seed: int = 0
    guidance_scale: float | None = None
    elevation_deg: float = 0.0

    def checked(self, *, pictured: bool) -> None:
        """Raises InvalidInput for what no model can follow, or the one at hand (`pictured` is ImageDream) cannot."""
        for name, text in (("prompt", self.prompt), ("negative_prompt", self.negative_prompt)):
            _check_text(name, text)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise InvalidInput(f"seed must be a whole number from 0 to 2^63 - 1, not {self.seed!r}.")
        if self.guidance_scale is not None:
            _check_range("guidance_scale", self.guidance_scale, 0, _MOST_GUIDANCE)
        _check_range("elevation_deg", self.elevation_deg, -90, 90)
        if pictured:
            _check_image(self.image)
        elif self.image is not None:
            raise InvalidInput("MVDream makes views of a sentence; a picture needs ImageDream.")
        elif not self.prompt.strip():
            raise InvalidInput("MVDream needs a prompt.")


def _check_text(name: str, text: str) -> None:
    if not isinstance(text, str) or len(text) > _MOST_CHARACTERS:
        raise InvalidInput(f"{name} must be a text of at most {_MOST_CHARACTERS:,} characters.")
    try:
        text.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair, which JSON can carry
        raise InvalidInput(f"{name} holds characters that are no Unicode text.") from error


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise InvalidInput(f"{name} must be a number, not {value!r}.")
    if not least <= value <= most:
        raise InvalidInput(f"{name} must be from {least:g} to {most:g}, not {value:g}.")


def _check_image(image: NDArray[np.float32] | None) -> None:
    if image is None:
        raise InvalidInput("ImageDream makes views of a picture; none was given.")
    if image.ndim != 3 or image.shape[0] != image.shape[1] or image.shape[2] != 3 or len(image) < _LEAST_PIXELS:
        raise InvalidInput(f"The picture must be [S, S, 3] with S of {_LEAST_PIXELS} or more, not {list(image.shape)}.")
    if not np.isfinite(image).all() or image.min() < 0 or image.max() > 1:
        raise InvalidInput("The picture holds values that are not from 0 to 1.")
