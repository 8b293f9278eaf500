"""Pictures: decoded safely, their subject cut out and put in the middle."""

from pipelines.images.cutout import Cutout, Method, cut_out
from pipelines.images.decode import MAX_PIXELS, Picture, decode
from pipelines.images.recentre import BORDER, recentred
from pipelines.pictures.png import encode_png

__all__ = [
    "BORDER", "MAX_PIXELS", "Cutout", "Method", "Picture", "cut_out", "decode", "encode_png", "recentred",
]  # fmt: skip
