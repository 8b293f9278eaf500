"""MVDream and ImageDream: a sentence or a picture becomes four views."""

from pipelines.multiview.cameras import camera_rows
from pipelines.multiview.config import MultiViewUNetConfig
from pipelines.multiview.loading import load_multiview
from pipelines.multiview.model import GUIDANCE_SCALES, Kind, MultiView, Outcome
from pipelines.multiview.request import NEGATIVE_PROMPT, ViewRequest
from pipelines.multiview.solvers import MOST_STEPS, SOLVERS, SolverName
from pipelines.multiview.unet import MultiViewUNet

__all__ = [
    "GUIDANCE_SCALES", "MOST_STEPS", "NEGATIVE_PROMPT", "SOLVERS", "Kind", "MultiView", "MultiViewUNet",
    "MultiViewUNetConfig", "Outcome", "SolverName", "ViewRequest", "camera_rows", "load_multiview",
]  # fmt: skip
