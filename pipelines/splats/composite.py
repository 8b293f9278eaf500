"""The inner loop of the rasteriser, compiled on first use and kept on disk."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_TILE = 16


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def composite(  # noqa: PLR0913, PLR0917 - compiled code takes arrays, not objects
    center: NDArray[np.float32],
    conic: NDArray[np.float32],
    opacity: NDArray[np.float32],
    rgb: NDArray[np.float32],
    order: NDArray[np.int64],
    starts: NDArray[np.int64],
    first_row: int,
    last_row: int,
    background: NDArray[np.float32],
    image: NDArray[np.float32],
    alpha: NDArray[np.float32],
) -> None:
    """Blend the splats of the tile rows [first_row, last_row) front to back into `image` and `alpha`."""
    size = image.shape[0]
    across = (size + _TILE - 1) // _TILE
    for tile in range(first_row * across, last_row * across):
        top, left = tile // across * _TILE, tile % across * _TILE
        for y in range(top, min(top + _TILE, size)):
            for x in range(left, min(left + _TILE, size)):
                clear = np.float32(1.0)
                red = green = blue = np.float32(0.0)
                for at in range(starts[tile], starts[tile + 1]):
                    k = order[at]
                    dx, dy = center[k, 0] - x, center[k, 1] - y
                    power = np.float32(0.5) * (conic[k, 0] * dx * dx + conic[k, 2] * dy * dy) + conic[k, 1] * dx * dy
                    if power < 0.0 or power > 5.55:  # beyond, even an opaque splat is below 1/255
                        continue
                    share = min(np.float32(0.99), opacity[k] * np.exp(-power))
                    if share < np.float32(1.0 / 255.0):
                        continue
                    red += clear * share * rgb[k, 0]
                    green += clear * share * rgb[k, 1]
                    blue += clear * share * rgb[k, 2]
                    clear *= np.float32(1.0) - share
                    if clear < np.float32(1e-4):
                        break
                image[y, x, 0] = red + clear * background[0]
                image[y, x, 1] = green + clear * background[1]
                image[y, x, 2] = blue + clear * background[2]
                alpha[y, x] = np.float32(1.0) - clear
