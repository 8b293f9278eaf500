"""The camera vectors that MVDream and ImageDream were trained on."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.cameras import STANDARD_AZIMUTHS_DEG, orbit

_RADIUS: Final = 1.0  # SPEC B.5; LGM's own cameras stand at 1.5


def camera_rows(elevation_deg: float, frames: int = 4) -> NDArray[np.float32]:
    """Rows [frames, 16]: the poses at azimuth 0, 90, 180 and 270 in Blender's axes, then zeros for a picture's frame.

    Positive elevation is above, as everywhere here. LGM's copy of the model means the opposite by its own argument
    and would be given `-elevation_deg` for the same row; the standalone one agrees with us. Source: SPEC B.5.
    """
    poses = orbit([elevation_deg] * 4, STANDARD_AZIMUTHS_DEG, _RADIUS)
    blender = poses[:, [0, 2, 1, 3]] * np.array([1, -1, 1, 1], np.float32)[:, None]  # x, -z, y
    rows = np.zeros((frames, 16), np.float32)
    rows[:4] = blender.reshape(4, 16)
    return rows
