"""The words of a print report: what was found, how bad it is, where it is and what to do."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "error"]
Verdict = Literal["ok", "warning", "error"]
Orientation = Literal["as_modelled"]

RepairName = Literal["thicken", "flatten_base", "hollow", "split_to_fit", "fill_voids", "turn"]
"""What `pipelines.printability.repairs` offers; `turn` is to apply one of the report's turns."""

FindingCode = Literal[
    "surface.open",
    "surface.not_manifold",
    "surface.inside_out",
    "surface.no_volume",
    "surface.crosses_itself",
    "wall.thin",
    "feature.small",
    "size.exceeds_build_volume",
    "overhang.supports",
    "overhang.bridge",
    "overhang.island",
    "standing.tips",
    "standing.contact",
    "warping.corners",
    "bodies.several",
    "bodies.floating",
    "void.enclosed",
    "void.cup",
    "orientation.better",
]


@dataclass(frozen=True, slots=True)
class Place:
    """One spot of the mesh that a finding is about.

    The faces are runs of face indices, first and past the last. A spot whose faces are strewn over more runs than a
    report should carry keeps the longest of them and says so; `examine` has every face.
    """

    at_mm: tuple[float, float, float]  # middle of its faces, with the lowest vertex of the mesh at z = 0
    face_count: int
    faces: tuple[tuple[int, int], ...]
    complete: bool = True  # whether `faces` names all of them


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth saying, with the figure it rests on and the limit it was held against."""

    code: FindingCode
    severity: Severity
    message: str
    measured: float | None = None
    limit: float | None = None
    remedy: str = ""  # what to do, one sentence
    repair: RepairName | None = None  # the repair that does it, where one is offered
    places: tuple[Place, ...] = ()  # the largest spots first


@dataclass(frozen=True, slots=True)
class Turn:
    """A way to lay the part, and what it would take there."""

    up: str  # axis or direction of the part, as modelled, that would point up
    rotation: tuple[tuple[float, float, float], ...]  # 3 x 3, row by row: turned = rotation @ vertex
    support_mm3: float
    contact_mm2: float
    height_mm: float
    tipping_deg: float
    fits: bool


@dataclass(frozen=True, slots=True)
class PrintReport:
    """How well a mesh prints, standing as modelled."""

    score: float  # 0..10
    verdict: Verdict
    watertight: bool
    manifold: bool
    bodies: int
    volume_mm3: float
    area_mm2: float
    size_mm: tuple[float, float, float]
    min_wall_mm: float | None  # None where the surface has no inside, as an open sheet
    overhang_area_mm2: float
    support_volume_mm3: float  # extruded, not the room it takes
    fits_build_volume: bool
    stable: bool
    orientation: Orientation  # the one that all figures are for
    findings: tuple[Finding, ...] = ()
    turns: tuple[Turn, ...] = ()  # ways to lay it that print better than as modelled, the best first
