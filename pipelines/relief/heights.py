"""How high each pixel of a relief stands, from 0 to 1."""

import numpy as np
from numpy.typing import NDArray


def inflated(field: NDArray[np.float64]) -> NDArray[np.float64]:
    """The region where `field` [H, W] is positive, blown up like a cushion: 0 on its outline, 1 at its highest point.

    The root of the solution of laplacian u = -1 with u = 0 on the outline: a disc gives half an ellipsoid, and parts
    stand as high as they are wide. The outline counts where it crosses between pixels.

    Source: the boundary term is that of Gibou et al., "A Second-Order-Accurate Symmetric Discretization of the Poisson
    Equation on Irregular Domains" (2002).
    """
    from scipy.sparse import coo_array  # noqa: PLC0415 - loaded by those replicas that make reliefs
    from scipy.sparse.linalg import spsolve  # noqa: PLC0415 - as above

    inside = field > 0
    number = np.full(field.shape, -1)
    number[inside] = np.arange(inside.sum())
    diagonal = np.zeros(int(inside.sum()))
    rows, columns = [], []
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        beyond = np.roll(field, -step, axis=axis)
        neighbour = np.roll(number, -step, axis=axis)[inside]
        here, there = field[inside], beyond[inside]
        outside = there <= 0
        crossing = np.clip(here / np.where(outside, here - there, 1.0), 0.05, 1.0)
        diagonal += np.where(outside, 1.0 / crossing, 1.0)
        rows.append(number[inside][~outside])
        columns.append(neighbour[~outside])
    row, column = np.concatenate(rows), np.concatenate(columns)
    count = len(diagonal)
    matrix = coo_array((np.full(len(row), -1.0), (row, column)), shape=(count, count)).tocsc()
    matrix.setdiag(diagonal)
    swelling = np.zeros(field.shape)
    swelling[inside] = np.sqrt(np.maximum(spsolve(matrix, np.ones(count)), 0.0))
    return np.asarray(swelling / swelling.max())


def luminance(rgb: NDArray[np.floating]) -> NDArray[np.float64]:
    """Lightness of sRGB [H, W, 3] in 0..255, smoothed and stretched so that 2 % lie at 0 and at 1.

    Perceived lightness and not linear light: steps that look equal become equal steps of height.
    """
    from scipy.ndimage import gaussian_filter  # noqa: PLC0415 - as above

    luma = gaussian_filter(rgb @ np.array([0.2126, 0.7152, 0.0722]) / 255.0, 1.0)
    low, high = np.percentile(luma, (2, 98))
    if high - low < 0.02:  # one tone: nothing to stand out
        return np.full(luma.shape, 0.5)
    return np.asarray(np.clip((luma - low) / (high - low), 0, 1))
