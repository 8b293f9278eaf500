"""Pictures of objects, drawn on the CPU."""

from pipelines.pictures.film import check_film, encode_film
from pipelines.pictures.mesh_picture import THREE_QUARTER, natural_view, render_mesh, warm_up
from pipelines.pictures.photograph import photograph, to_model_frame
from pipelines.pictures.png import encode_png
from pipelines.pictures.report_picture import SEVERITY_COLORS, report_picture
from pipelines.pictures.turntable import TURN_FRAMES, in_view, thumbnail, turntable

__all__ = [
    "SEVERITY_COLORS", "THREE_QUARTER", "TURN_FRAMES", "check_film", "encode_film", "encode_png", "in_view",
    "natural_view", "photograph", "render_mesh", "report_picture", "thumbnail", "to_model_frame", "turntable",
    "warm_up",
]  # fmt: skip
