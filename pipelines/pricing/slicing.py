"""What a real slicer is asked and what it says: values only, the process that runs it is an adapter."""

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, Protocol

from pipelines.errors import InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.pricing.materials import Material

if TYPE_CHECKING:  # estimates are fitted to what is said here
    from pipelines.pricing.estimate import EstimateSource

Feature = Literal["walls", "gaps", "solid", "sparse", "bridges", "supports", "other"]
"""What a line of plastic is for, coarsely enough that slicers agree on it."""


@dataclass(frozen=True, slots=True)
class SliceRequest:
    """One run of a slicer. None leaves a setting to the printer's profile."""

    infill: float = 0.2  # filled share of the inside, [0, 1]
    supports: bool = False  # where the slicer finds them needed
    layer_height_mm: float | None = None
    perimeters: int | None = None
    max_flow_mm3_s: float | None = None  # what the material can be melted at; the profile's own limit still holds


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


SlicerUse = Literal["never", "asked", "always"]
"""When a slicer is asked for a quote: `asked`, only where the request wants it."""


def speaker(wanted: "EstimateSource | None", use: SlicerUse, material: Material) -> "EstimateSource":
    """Whose word on mass and time a quote takes.

    Args:
        wanted: What the request asks for; None leaves it to the shop.
        use: What the shop has decided.
        material: What the part is printed in; nothing but filament is sliced.

    Raises:
        InvalidInput: The slicer is wanted, and this shop asks none, or none for this material.
    """
    melts = material.process.name == "fdm"
    if wanted == "slicer" and use == "never":
        raise InvalidInput("This shop asks no slicer: leave out the source, or ask for geometry.")
    if wanted == "slicer" and not melts:
        raise InvalidInput(f"{material.title} is not extruded, so no slicer speaks of it: ask for source geometry.")
    return "slicer" if melts and (wanted or ("slicer" if use == "always" else "geometry")) == "slicer" else "geometry"


def is_sampled(quote_id: str, share: float) -> bool:
    """Whether a quote is among the `share` of all that are sliced too: by its id, so always the same ones."""
    return int.from_bytes(sha256(quote_id.encode()).digest()[:8]) < share * 2**64


def slice_request(infill: float, material: Material, *, supports: bool) -> SliceRequest:
    """What a slicer is asked for one part of a quote: the profile's own layers and walls, this filling and flow."""
    return SliceRequest(infill=infill, supports=supports, max_flow_mm3_s=material.max_flow_mm3_s)
