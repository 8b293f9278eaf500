"""MVDream's frames, whose background is any plain colour, as LGM wants its views."""

from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import NoSubject
from pipelines.images import Picture, cut_out, recentred


def cleaned(images: NDArray[np.float32], rembg_weights: Path | None = None) -> NDArray[np.float32]:
    """Each picture's subject, centred on white.

    Args:
        images: [V, S, S, 3] sRGB in [0, 1].
        rembg_weights: See `cut_out`.

    Returns:
        [V, S, S, 3].

    Raises:
        NoSubject: a picture shows nothing; the sentence says which.

    Source:
        SPEC A.10; upstream finds the subject by its red channel, this by its alpha.
    """
    with ThreadPoolExecutor(len(images)) as threads:  # the work is OpenCV's, which lets other threads run
        views = threads.map(_clean, range(len(images)), images, repeat(rembg_weights))
        return np.stack(list(views))


def _clean(index: int, image: NDArray[np.float32], rembg_weights: Path | None) -> NDArray[np.float32]:
    pixels = np.rint(image * 255).astype(np.uint8)
    opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    try:
        return recentred(cut_out(Picture(np.concatenate([pixels, opaque], axis=2)), rembg_weights), len(image))
    except NoSubject as error:
        raise NoSubject(f"View {index + 1} of the object shows nothing; another seed may. {error}") from error
