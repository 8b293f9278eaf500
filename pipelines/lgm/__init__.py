"""LGM: four views of an object become Gaussians."""

from pipelines.lgm.agreement import agreement
from pipelines.lgm.config import LgmConfig
from pipelines.lgm.loading import config_in, load_lgm
from pipelines.lgm.model import Lgm
from pipelines.lgm.outlines import within_outlines
from pipelines.lgm.own_views import own_views
from pipelines.lgm.views import checked_views, gaussians_of, network_input, splat

__all__ = [
    "Lgm",
    "LgmConfig",
    "agreement",
    "checked_views",
    "config_in",
    "gaussians_of",
    "load_lgm",
    "network_input",
    "own_views",
    "splat",
    "within_outlines",
]
