"""Pictures: decoded safely, and their subject cut out."""

from pipelines.images.cutout import Cutout, Method, cut_out
from pipelines.images.decode import MAX_PIXELS, Picture, decode
from pipelines.pictures.png import encode_png

__all__ = ["MAX_PIXELS", "Cutout", "Method", "Picture", "cut_out", "decode", "encode_png"]
