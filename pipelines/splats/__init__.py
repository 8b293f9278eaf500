"""Gaussian splats: files and pictures."""

from pipelines.splats.encoding import MAX_SPLATS
from pipelines.splats.files import SplatFormat, read_splats, write_splats
from pipelines.splats.ply import is_splat_ply
from pipelines.splats.raster import render, render_many
from pipelines.splats.rasterizers import Rasterizer, RasterizerState, rasterizers
from pipelines.splats.scene import Rendering

__all__ = [
    "MAX_SPLATS", "Rasterizer", "RasterizerState", "Rendering", "SplatFormat", "is_splat_ply", "rasterizers",
    "read_splats", "render", "render_many", "write_splats",
]  # fmt: skip
