"""How much a file may make of itself: a small file can place one object a million times."""

from dataclasses import dataclass

from pipelines.errors import GeometryTooLarge
from pipelines.meshing.limits import MAX_FACES, check_faces

_MAX_PLACEMENTS = 20_000  # of objects in a scene; each costs about 50 microseconds


@dataclass(slots=True)
class Budget:
    """Triangles and placements that one file has left."""

    faces: int = MAX_FACES
    placements: int = _MAX_PLACEMENTS

    def place(self) -> None:
        """Count one more object, or refuse it with GeometryTooLarge."""
        self.placements -= 1
        if self.placements < 0:
            raise GeometryTooLarge(f"The file places more than {_MAX_PLACEMENTS:,} objects.")

    def spend(self, faces: int) -> None:
        """Count triangles before memory is taken for them, or refuse them with GeometryTooLarge."""
        self.faces -= faces
        if self.faces < 0:
            check_faces(MAX_FACES - self.faces)
