"""How well Gaussians explain the views that they were made from."""

import numpy as np

from pipelines.geometry import FreeCamera, Gaussians, Views
from pipelines.splats import render

_BEST_DB = 100.0  # of views that agree to the last bit


def agreement(gaussians: Gaussians, views: Views) -> float:
    """Peak signal-to-noise ratio in dB of the Gaussians, rendered into the cameras of `views`, against them.

    Views that contradict each other cannot all be met by one set of Gaussians, so the best of several samples is the
    one whose own views agree best: higher is better. Blank white counts like any pixel, as in LGM's own evaluation.
    """
    size = views.images.shape[1]
    errors = []
    for image, c2w in zip(views.images, views.c2w, strict=True):
        drawn, _ = render(gaussians, FreeCamera(c2w, views.fovy_deg), size)
        errors.append(float(np.mean((drawn - image) ** 2)))
    mean = float(np.mean(errors))
    return float(min(-10 * np.log10(mean), _BEST_DB)) if mean > 0 else _BEST_DB
