"""The print report: what was measured, what is wrong, and a score.

The score starts at 10 and loses points as below. Each loss grows with what was measured and never shrinks, so a worse
part never scores higher. Where a finding is an error, what is left of the ten is scaled onto 0..4.

| loss | from | to | grows with |
| --- | --- | --- | --- |
| surface | 0 | 6 | open 6; closed but not manifold, inside out or without volume 4 |
| wall | 0 | 4 | 1 between sound and least wall; 3 more down to nothing |
| fit | 0 | 5 | 5 where the part does not fit |
| supports | 0 | 2 | support volume over volume, 2 at half |
| overhang | 0 | 1.5 | overhanging share of the surface, 1.5 at a quarter |
| standing | 0 | 1.5 | tipping angle below the limit, 1.5 at 0 |
| contact | 0 | 0.5 | bed contact below the limit, 0.5 at none |
| bodies | 0 | 1.5 | 0.5 for each body that hangs in the air |
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from pipelines.errors import InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.printability.overhang import overhang_area, support_volume
from pipelines.printability.process import BUILD_VOLUME_MM, FDM, BuildVolume, Process
from pipelines.printability.rays import Caster, least_wall_mm
from pipelines.printability.standing import Footing, Turn, best_turn, fits, footing
from pipelines.printability.surface import Surface, Topology, centre_of_mass, signed_volume, surface_of, topology_of

Severity = Literal["info", "warning", "error"]
Verdict = Literal["ok", "warning", "error"]
Orientation = Literal["as_modelled"]

FindingCode = Literal[
    "surface.open",
    "surface.not_manifold",
    "surface.inside_out",
    "surface.no_volume",
    "wall.thin",
    "size.exceeds_build_volume",
    "overhang.supports",
    "standing.tips",
    "standing.contact",
    "bodies.several",
    "bodies.floating",
    "void.enclosed",
    "orientation.better",
]

BEST_WITH_ERROR: Final = 4.0
CONTACT_MM2_PER_MM: Final = 0.5  # bed contact asked for each mm of height; below it a brim is wise. Our own choice.
WALL_TOLERANCE_MM: Final = 0.02  # facets make a round wall of 1.2 mm measure 1.199
LEAST_OVERHANG_MM2: Final = 1.0  # slivers smaller than a few lines are printed without support
SMALL_SUPPORT: Final = 0.02  # supports below this share of the volume are a remark, not a warning
BETTER_TURN_SHARE: Final = 0.5  # another way up is named when it takes at most this share of the support
BETTER_TURN_MM3: Final = 500.0  # and saves at least this much


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth saying, with the figure it rests on and the limit it was held against."""

    code: FindingCode
    severity: Severity
    message: str
    measured: float | None = None
    limit: float | None = None


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


@dataclass(frozen=True, slots=True, eq=False)
class _Measures:
    process: Process
    topology: Topology
    volume_mm3: float  # signed
    area_mm2: float
    size_mm: tuple[float, float, float]
    wall_mm: float | None
    overhang_mm2: float
    support_mm3: float
    fits: bool
    footing: Footing
    best_turn: Turn


def inspect(mesh: TriangleMesh, process: Process = FDM, build_volume_mm: BuildVolume = BUILD_VOLUME_MM) -> PrintReport:
    """How well a mesh prints as it stands. Broken surfaces are reported, not refused.

    Args:
        mesh: Object frame: mm, z up; the height above z = 0 does not matter.
        process: Whose limits apply.
        build_volume_mm: x, y, z of the printer, each > 0.

    Returns:
        Measures, findings, verdict and score. All figures are finite.

    Raises:
        EmptyGeometry: There is no surface.
        InvalidInput: A vertex is not finite, a face points nowhere, or the build volume is not positive.
        GeometryTooLarge: More than 5 million faces, or more than 10 m across.
    """
    if not all(np.isfinite(side) and side > 0 for side in build_volume_mm):
        raise InvalidInput(f"A build volume has three positive sides, got {build_volume_mm}.")
    measures = _measure(surface_of(mesh), process, build_volume_mm)
    findings = tuple(_findings(measures, build_volume_mm))
    severities = {finding.severity for finding in findings}
    verdict: Verdict = "error" if "error" in severities else "warning" if "warning" in severities else "ok"
    return PrintReport(
        score=_score(measures, verdict),
        verdict=verdict,
        watertight=measures.topology.watertight,
        manifold=measures.topology.manifold,
        bodies=measures.topology.bodies,
        volume_mm3=abs(measures.volume_mm3),
        area_mm2=measures.area_mm2,
        size_mm=measures.size_mm,
        min_wall_mm=measures.wall_mm,
        overhang_area_mm2=measures.overhang_mm2,
        support_volume_mm3=measures.support_mm3,
        fits_build_volume=measures.fits,
        stable=measures.footing.tipping_deg >= process.least_tipping_deg,
        orientation="as_modelled",
        findings=findings,
    )


def _measure(surface: Surface, process: Process, build_volume_mm: BuildVolume) -> _Measures:
    x, y, z = (float(side) for side in np.ptp(surface.corners.reshape(-1, 3), axis=0))
    caster = Caster(surface)
    overhang_mm2 = overhang_area(surface, process.slope_limit_deg)
    return _Measures(
        process=process,
        topology=topology_of(surface),
        volume_mm3=signed_volume(surface),
        area_mm2=float(surface.areas.sum()),
        size_mm=(x, y, z),
        wall_mm=least_wall_mm(surface, caster),
        overhang_mm2=overhang_mm2,
        support_mm3=support_volume(surface, caster) if overhang_mm2 >= LEAST_OVERHANG_MM2 else 0.0,
        fits=fits(np.array([x, y, z]), build_volume_mm),
        footing=footing(surface, centre_of_mass(surface), process.first_layer_mm),
        best_turn=best_turn(surface, np.array([x, y, z]), build_volume_mm),
    )


def _findings(m: _Measures, build_volume_mm: BuildVolume) -> list[Finding]:
    return [
        *_surface_findings(m),
        *_wall_findings(m),
        *_fit_findings(m, build_volume_mm),
        *_support_findings(m),
        *_standing_findings(m),
    ]


def _has_volume(m: _Measures) -> bool:
    x, y, z = m.size_mm
    return abs(m.volume_mm3) > 1e-9 * max(x, y, z) ** 3


def _surface_findings(m: _Measures) -> list[Finding]:
    found: list[Finding] = []
    if not m.topology.watertight:
        found.append(Finding("surface.open", "error", "The surface has holes: it does not enclose a solid."))
    elif not _has_volume(m):
        found.append(Finding("surface.no_volume", "error", "The surface encloses no volume.", abs(m.volume_mm3), 0.0))
    elif m.volume_mm3 < 0:
        found.append(Finding("surface.inside_out", "error", "The faces are wound inside out."))
    elif not m.topology.manifold:
        found.append(Finding("surface.not_manifold", "error", "More than two faces meet at an edge."))
    if m.topology.bodies > 1:
        text = f"The model is {m.topology.bodies} separate bodies."
        found.append(Finding("bodies.several", "info", text, float(m.topology.bodies), 1.0))
    if m.topology.floating:
        text = f"{m.topology.floating} of the bodies do not reach the bed."
        found.append(Finding("bodies.floating", "warning", text, float(m.topology.floating), 0.0))
    if m.topology.voids:
        resin = m.process.name == "resin"
        text = "Closed hollows inside" + (" would trap liquid resin." if resin else " cannot be seen or cleaned.")
        severity: Severity = "warning" if resin else "info"
        found.append(Finding("void.enclosed", severity, text, float(m.topology.voids), 0.0))
    return found


def _wall_findings(m: _Measures) -> list[Finding]:
    wall, process = m.wall_mm, m.process
    if wall is None or wall >= process.sound_wall_mm - WALL_TOLERANCE_MM:
        return []
    if wall < process.least_wall_mm - WALL_TOLERANCE_MM:
        text = f"Walls of {wall:.2f} mm are too thin to print; {process.least_wall_mm:g} mm is the least."
        return [Finding("wall.thin", "error", text, wall, process.least_wall_mm)]
    text = f"Walls of {wall:.2f} mm print but break easily; {process.sound_wall_mm:g} mm is sound."
    return [Finding("wall.thin", "warning", text, wall, process.sound_wall_mm)]


def _fit_findings(m: _Measures, build_volume_mm: BuildVolume) -> list[Finding]:
    if m.fits:
        return []
    part, room = (" x ".join(f"{side:.0f}" for side in sides) for sides in (m.size_mm, build_volume_mm))
    text = f"The part is {part} mm; the printer takes {room} mm."
    return [Finding("size.exceeds_build_volume", "error", text, max(m.size_mm), max(build_volume_mm))]


def _support_findings(m: _Measures) -> list[Finding]:
    found: list[Finding] = []
    if m.support_mm3 > 0:
        small = m.support_mm3 < SMALL_SUPPORT * abs(m.volume_mm3)
        text = f"{m.overhang_mm2:.0f} mm^2 of undersides are flatter than {m.process.slope_limit_deg:g} degrees."
        severity: Severity = "info" if small else "warning"
        found.append(Finding("overhang.supports", severity, text, m.overhang_mm2, 0.0))
    best = m.best_turn
    saved = m.support_mm3 - best.support_mm3
    if best.support_mm3 <= BETTER_TURN_SHARE * m.support_mm3 and saved >= BETTER_TURN_MM3:
        text = f"Printed with {best.up} up it would take {best.support_mm3:.0f} mm^3 of support."
        found.append(Finding("orientation.better", "info", text, m.support_mm3, best.support_mm3))
    return found


def _standing_findings(m: _Measures) -> list[Finding]:
    found: list[Finding] = []
    tipping, limit = m.footing.tipping_deg, m.process.least_tipping_deg
    if tipping < limit:
        text = f"It tips over at {max(tipping, 0.0):.0f} degrees; supports or a brim must hold it."
        found.append(Finding("standing.tips", "warning", text, tipping, limit))
    contact, wanted = m.footing.contact_mm2, CONTACT_MM2_PER_MM * m.size_mm[2]
    if contact < wanted:
        text = f"Only {contact:.0f} mm^2 touch the bed; a brim is wise."
        found.append(Finding("standing.contact", "warning", text, contact, wanted))
    return found


def _score(m: _Measures, verdict: Verdict) -> float:
    volume = max(abs(m.volume_mm3), 1e-9)
    sound = m.topology.manifold and m.volume_mm3 > 0 and _has_volume(m)
    wanted = CONTACT_MM2_PER_MM * max(m.size_mm[2], 1e-9)
    losses = (
        6.0 if not m.topology.watertight else 0.0 if sound else 4.0,
        _wall_loss(m),
        0.0 if m.fits else 5.0,
        2.0 * min(1.0, m.support_mm3 / volume / 0.5),
        1.5 * min(1.0, m.overhang_mm2 / m.area_mm2 / 0.25),
        1.5 * (1.0 - min(1.0, max(0.0, m.footing.tipping_deg) / m.process.least_tipping_deg)),
        0.5 * (1.0 - min(1.0, m.footing.contact_mm2 / wanted)),
        min(1.5, 0.5 * m.topology.floating),
    )
    score = max(0.0, 10.0 - sum(losses))
    return round(score * BEST_WITH_ERROR / 10.0 if verdict == "error" else score, 1)


def _wall_loss(m: _Measures) -> float:
    if m.wall_mm is None:
        return 0.0
    least, sound = m.process.least_wall_mm, m.process.sound_wall_mm
    brittle = min(1.0, max(0.0, (sound - m.wall_mm) / (sound - least)))
    return brittle + 3.0 * max(0.0, (least - m.wall_mm) / least)
