"""Gaussian splats: files and pictures."""

from pipelines.splats.encoding import MAX_SPLATS
from pipelines.splats.files import SplatFormat, read_splats, write_splats
from pipelines.splats.ply import is_splat_ply
from pipelines.splats.raster import render

__all__ = ["MAX_SPLATS", "SplatFormat", "is_splat_ply", "read_splats", "render", "write_splats"]
