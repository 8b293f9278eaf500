"""MVDream and ImageDream: a sentence or a picture becomes four views."""

from pipelines.multiview.cameras import camera_rows
from pipelines.multiview.config import MultiViewUNetConfig
from pipelines.multiview.unet import MultiViewUNet

__all__ = ["MultiViewUNet", "MultiViewUNetConfig", "camera_rows"]
