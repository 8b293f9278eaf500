"""Words, a picture, four views or a design to Gaussians, with the models that are here.

`files` and `wish` need no torch; `models` and `shape` are imported by name where models are held.
"""

from pipelines.shaping.batching import divided
from pipelines.shaping.files import BIG, NANO, ModelFile, ModelFiles, OwnFiles, find, require
from pipelines.shaping.wish import Agreement, Shaped, Wish

__all__ = [
    "BIG", "NANO", "Agreement", "ModelFile", "ModelFiles", "OwnFiles", "Shaped", "Wish", "divided", "find", "require",
]  # fmt: skip
