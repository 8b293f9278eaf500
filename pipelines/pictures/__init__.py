"""Pictures of objects, drawn on the CPU."""

from pipelines.pictures.mesh_picture import THREE_QUARTER, natural_view, render_mesh
from pipelines.pictures.photograph import photograph, to_model_frame
from pipelines.pictures.png import encode_png

__all__ = ["THREE_QUARTER", "encode_png", "natural_view", "photograph", "render_mesh", "to_model_frame"]
