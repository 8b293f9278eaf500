"""What is read at most, checked before memory is taken for it."""

from typing import Final

from pipelines.errors import GeometryTooLarge

# Solids of 2 million faces take about 1 GB in the later stages; slicers become slow well below that.
MAX_FACES: Final = 2_000_000


def check_faces(count: int) -> None:
    """Refuse a mesh of more than `MAX_FACES` triangles."""
    if count > MAX_FACES:
        raise GeometryTooLarge(f"The mesh has {count:,} triangles; at most {MAX_FACES:,} are accepted.")
