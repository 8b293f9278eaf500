"""What was done to make a solid of a surface, as values."""

from dataclasses import dataclass
from typing import Literal

RepairCode = Literal[
    "scaled_units",
    "welded",
    "seams",
    "doubled_faces",
    "dropped_faces",
    "turned_faces",
    "filled_holes",
    "inside_out",
    "united_bodies",
    "self_crossing",
    "dropped_debris",
    "redrawn",
]
"""`dropped_faces`: fins and walls inside the solid, which bound nothing. `self_crossing`: a body that overlaps itself.
`redrawn`: the whole surface was drawn anew, which rounds edges within a voxel. `scaled_units`: the unit was guessed."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was done to the surface."""

    code: RepairCode
    message: str  # what was done, in words that may stand alone
    count: int = 0  # of vertices, faces, holes or bodies, as the message has it
    share: float = 0.0  # of the surface that was invented or left out, 0..1


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 hole`, `2,000 holes`."""
    return f"1 {one}" if count == 1 else f"{count:,} {many or one + 's'}"
