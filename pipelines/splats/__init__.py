"""Gaussian splats: files and pictures."""

from pipelines.pictures.film import check_film, encode_film
from pipelines.splats.encoding import MAX_SPLATS
from pipelines.splats.files import SplatFormat, read_splats, write_splats
from pipelines.splats.ply import is_splat_ply
from pipelines.splats.raster import render, render_many
from pipelines.splats.rasterizers import Rasterizer, RasterizerState, rasterizers
from pipelines.splats.scene import Rendering
from pipelines.splats.video import FILM_FRAMES, orbit_video, preview_png

__all__ = [
    "FILM_FRAMES", "MAX_SPLATS", "Rasterizer", "RasterizerState", "Rendering", "SplatFormat", "check_film",
    "encode_film", "is_splat_ply", "orbit_video", "preview_png", "rasterizers", "read_splats", "render", "render_many",
    "write_splats",
]  # fmt: skip
