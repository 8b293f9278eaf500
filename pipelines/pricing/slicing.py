"""What a real slicer is asked and what it says: values only, the process that runs it is an adapter."""

from dataclasses import dataclass
from typing import Literal, Protocol

from pipelines.geometry import TriangleMesh

Feature = Literal["walls", "gaps", "solid", "sparse", "bridges", "supports", "other"]
"""What a line of plastic is for, coarsely enough that slicers agree on it."""


@dataclass(frozen=True, slots=True)
class SliceRequest:
    """One run of a slicer. None leaves a setting to the printer's profile."""

    infill: float = 0.2  # filled share of the inside, [0, 1]
    supports: bool = False  # where the slicer finds them needed
    layer_height_mm: float | None = None
    perimeters: int | None = None


@dataclass(frozen=True, slots=True)
class Sliced:
    """What a slicer says of one print of one part."""

    slicer: str  # name and version, such as "PrusaSlicer 2.5.0"
    part_mm3: float  # extruded into the part, without supports, skirt and brim
    support_mm3: float
    time_s: float
    layers: int
    features_mm3: tuple[tuple[Feature, float], ...]  # extruded volume of each feature that occurs

    @property
    def extruded_mm3(self) -> float:
        """Part and supports."""
        return self.part_mm3 + self.support_mm3


class Slicer(Protocol):
    """A slicer with a printer's profile."""

    def slice(self, mesh: TriangleMesh, asked: SliceRequest) -> Sliced:
        """Slice a closed mesh: object frame, mm, z up, as it stands.

        Raises:
            SlicerFailed: it could not be run, or did not slice the mesh.
            GeometryTooLarge: the part is larger than the printer of the profile.
        """
        ...
