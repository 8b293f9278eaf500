"""The print report: what was measured, what is wrong, and a score.

The score starts at 10 and loses points as below. Each loss grows with what was measured and never shrinks, so a worse
part never scores higher. Where a finding is an error, what is left of the ten is scaled onto 0..4.

| loss | from | to | grows with |
| --- | --- | --- | --- |
| surface | 0 | 6 | open 6; closed but not manifold, inside out or without volume 4 |
| crossing | 0 | 1 | share of the surface that stands inside the part, 1 at a twentieth |
| wall | 0 | 4 | 1 between sound and least wall; 3 more down to nothing |
| feature | 0 | 1 | narrowest feature below a line's width, 1 at nothing |
| fit | 0 | 5 | 5 where the part does not fit |
| supports | 0 | 2 | support volume over volume, 2 at half |
| overhang | 0 | 1.5 | overhanging share of the surface, 1.5 at a quarter |
| islands | 0 | 1 | 0.25 for each layer part that begins in the air |
| standing | 0 | 1.5 | tipping angle below the limit, 1.5 at 0 |
| contact | 0 | 0.5 | bed contact below the limit, 0.5 at none |
| warping | 0 | 1 | lift of the bottom's corners, from the limit to three times it |
| cups | 0 | 1 | sealed area of a layer in resin, from the limit to ten times it |
| bodies | 0 | 1.5 | 0.5 for each body that hangs in the air |
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.printability import score
from pipelines.printability.findings import Finding, FindingCode, PrintReport, Verdict
from pipelines.printability.judgement import Fault, faults_of
from pipelines.printability.measures import Measures, has_volume, measure
from pipelines.printability.places import places_of
from pipelines.printability.process import BUILD_VOLUME_MM, FDM, BuildVolume, Process
from pipelines.printability.surface import surface_of

BEST_WITH_ERROR: Final = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """A report, and the faces of every finding."""

    report: PrintReport
    codes: tuple[FindingCode, ...]  # of the findings that have a place
    marks: NDArray[np.uint32]  # [F] bit k is set where a face is at fault by codes[k]

    def faces_of(self, code: FindingCode) -> NDArray[np.int64]:
        """Indices of the faces at fault, in order; none for a code that was not found or has no place."""
        if code not in self.codes:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.marks >> np.uint32(self.codes.index(code)) & np.uint32(1))


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
    return examine(mesh, process, build_volume_mm).report


def examine(mesh: TriangleMesh, process: Process = FDM, build_volume_mm: BuildVolume = BUILD_VOLUME_MM) -> Examination:
    """The report of `inspect` with every face that a finding is about, so that a page can colour them.

    Args:
        mesh: As for `inspect`.
        process: As for `inspect`.
        build_volume_mm: As for `inspect`.

    Returns:
        Marks are for the faces of `mesh`, in its order.

    Raises:
        EmptyGeometry: As for `inspect`.
        InvalidInput: As for `inspect`.
        GeometryTooLarge: As for `inspect`.
    """
    if not all(np.isfinite(side) and side > 0 for side in build_volume_mm):
        raise InvalidInput(f"A build volume has three positive sides, got {build_volume_mm}.")
    measures = measure(surface_of(mesh), process, build_volume_mm)
    faults = faults_of(measures)
    findings = tuple(_finding(measures, fault) for fault in faults)
    severities = {finding.severity for finding in findings}
    verdict: Verdict = "error" if "error" in severities else "warning" if "warning" in severities else "ok"
    placed = [fault for fault in faults if fault.mask is not None and fault.mask.any()]
    marks = np.zeros(len(mesh.faces), np.uint32)
    for bit, fault in enumerate(placed):
        marks[fault.mask] |= np.uint32(1 << bit)
    report = _report(measures, findings, verdict)
    return Examination(report, tuple(fault.finding.code for fault in placed), marks)


def _finding(m: Measures, fault: Fault) -> Finding:
    one = fault.finding
    if fault.mask is None:
        return one
    places = places_of(m.surface, fault.mask, fault.links)
    return Finding(one.code, one.severity, one.message, one.measured, one.limit, one.remedy, one.repair, places)


def _report(m: Measures, findings: tuple[Finding, ...], verdict: Verdict) -> PrintReport:
    return PrintReport(
        score=_score(m, verdict),
        verdict=verdict,
        watertight=m.topology.watertight,
        manifold=m.topology.manifold,
        bodies=m.topology.bodies,
        volume_mm3=abs(m.volume_mm3),
        area_mm2=m.area_mm2,
        size_mm=m.size_mm,
        min_wall_mm=m.wall_mm,
        overhang_area_mm2=m.overhang_mm2,
        support_volume_mm3=m.support_mm3,
        fits_build_volume=m.fits,
        stable=m.footing.tipping_deg >= m.process.least_tipping_deg,
        orientation="as_modelled",
        findings=findings,
        turns=m.turns,
    )


def _score(m: Measures, verdict: Verdict) -> float:
    sound = m.topology.manifold and m.volume_mm3 > 0 and has_volume(m)
    losses = (
        score.surface_loss(watertight=m.topology.watertight, sound=sound),
        score.crossing_loss(m.crossed_share),
        score.wall_loss(m.wall_mm, m.process),
        score.feature_loss(m.layers.narrowest_mm if m.layers else None, m.process),
        score.fit_loss(fits=m.fits),
        score.support_loss(m.support_mm3, abs(m.volume_mm3)),
        score.overhang_loss(m.overhang_mm2 / m.area_mm2),
        score.island_loss(len(m.layers.islands) if m.layers else 0),
        score.standing_loss(m.footing.tipping_deg, m.process),
        score.contact_loss(m.footing.contact_mm2, m.size_mm[2]),
        score.warping_loss(m.warping.lift_mm if m.warping else 0.0),
        score.cup_loss(m.layers.cup_mm2 if m.layers else 0.0),
        score.body_loss(m.topology.floating),
    )
    left = max(0.0, 10.0 - sum(losses))
    return round(left * BEST_WITH_ERROR / 10.0 if verdict == "error" else left, 1)
