"""What the measures mean: findings, each with its place and what to do about it."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from pipelines.printability import marking
from pipelines.printability.findings import Finding, RepairName, Severity
from pipelines.printability.measures import Measures, has_volume
from pipelines.printability.places import Links, Mask
from pipelines.printability.score import CONTACT_MM2_PER_MM, CUP_MM2, WARPING_MM
from pipelines.printability.walls import thin_faces

WALL_TOLERANCE_MM: Final = 0.02  # facets make a round wall of 1.2 mm measure 1.199
SMALL_SUPPORT: Final = 0.02  # supports below this share of the volume are a remark, not a warning
LEAST_CROSSING: Final = 0.002  # of the surface inside the part; below it single rays have met an edge
BETTER_TURN_SHARE: Final = 0.5  # another way up is named when it takes at most this share of the support
BETTER_TURN_MM3: Final = 500.0  # and saves at least this much


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """A finding without its places, and the faces that it is about."""

    finding: Finding
    mask: Mask | None = None  # [F]; None where it is about the whole part
    links: Links = field(default_factory=lambda: np.zeros((0, 2), np.int64))


def faults_of(m: Measures) -> list[Fault]:
    """Everything worth saying, in the order in which a person should mend it."""
    return [
        *_surface(m),
        *_bodies(m),
        *_voids(m),
        *_walls(m),
        *_features(m),
        *_fit(m),
        *_supports(m),
        *_layers(m),
        *_standing(m),
        *_warping(m),
        *_turns(m),
    ]


def _surface(m: Measures) -> list[Fault]:
    found: list[Fault] = []
    if not m.topology.watertight:
        text = "The surface has holes: it does not enclose a solid."
        remedy = "Close the holes; an upload is closed on the way in where little has to be invented."
        found.append(Fault(Finding("surface.open", "error", text, remedy=remedy), marking.beside_bad_edges(m.surface)))
    elif not has_volume(m):
        text = "The surface encloses no volume."
        remedy = "Give the sheet a thickness."
        found.append(Fault(Finding("surface.no_volume", "error", text, abs(m.volume_mm3), 0.0, remedy)))
    elif m.volume_mm3 < 0:
        text = "The faces are wound inside out."
        remedy = "Flip all faces."
        found.append(Fault(Finding("surface.inside_out", "error", text, remedy=remedy)))
    elif not m.topology.manifold:
        text = "More than two faces meet at an edge."
        remedy = "Part the bodies that share an edge, or let them overlap and unite them."
        mask = marking.beside_bad_edges(m.surface)
        found.append(Fault(Finding("surface.not_manifold", "error", text, remedy=remedy), mask))
    return found + _crossing(m)


def _crossing(m: Measures) -> list[Fault]:
    """Faces that run through each other; where bodies only touch with an edge, rays say whether they overlap there."""
    stands_inside = m.crossed_share >= LEAST_CROSSING
    if not m.crossings.count and not (m.crossings.touching and stands_inside):
        return []
    mask = m.crossings.crossed.copy()
    if stands_inside:
        mask[m.walls.crossed] = True
    text = "Bodies overlap, or the surface runs through itself"
    text += f": {m.crossed_share:.1%} of the surface stands inside the part." if stands_inside else "."
    if m.crossings.count:
        pairs = "1 pair of faces crosses" if m.crossings.count == 1 else f"{m.crossings.count:,} pairs of faces cross"
        text = f"{pairs}: b{text[1:]}"
    remedy = "Unite the overlapping bodies; what is counted twice distorts volume and walls."
    finding = Finding("surface.crosses_itself", "warning", text, float(m.crossings.count), 0.0, remedy)
    return [Fault(finding, mask)]


def _bodies(m: Measures) -> list[Fault]:
    found: list[Fault] = []
    count, floating = m.topology.bodies, m.topology.floating
    if count > 1:
        text = f"The model is {count} separate bodies."
        remedy = "Join them if they are to be one piece."
        found.append(Fault(Finding("bodies.several", "info", text, float(count), 1.0, remedy)))
    if floating:
        text = f"{floating} of the bodies do not reach the bed."
        remedy = "Set them on the bed, join them to what stands there, or leave them out."
        finding = Finding("bodies.floating", "warning", text, float(floating), 0.0, remedy)
        found.append(Fault(finding, marking.of_floating_bodies(m.surface)))
    return found


def _voids(m: Measures) -> list[Fault]:
    found: list[Fault] = []
    resin = m.process.name == "resin"
    if m.topology.voids and m.volume_mm3 > 0:
        text = "Closed hollows inside" + (" would trap liquid resin." if resin else " cannot be seen or cleaned.")
        severity: Severity = "warning" if resin else "info"
        remedy = "Fill them, or drill two holes into each."
        finding = Finding("void.enclosed", severity, text, float(m.topology.voids), 0.0, remedy, "fill_voids")
        found.append(Fault(finding, marking.of_voids(m.surface)))
    cup = m.layers.cup if m.layers else None
    if m.layers and cup and m.layers.cup_mm2 > CUP_MM2:
        text = (
            f"A hollow of {m.layers.cup_mm3:.0f} mm^3 is sealed by the film over {m.layers.cup_mm2:.0f} mm^2 while it "
            "prints, and is pulled at like a suction cup."
        )
        remedy = "Drill a vent through its side close to the plate, or tilt it."
        mask = marking.beside_pieces(m.surface, m.caster, [cup], outward=True)
        found.append(Fault(Finding("void.cup", "warning", text, m.layers.cup_mm2, CUP_MM2, remedy), mask))
    return found


def _walls(m: Measures) -> list[Fault]:
    wall, process = m.wall_mm, m.process
    if wall is None or wall >= process.sound_wall_mm - WALL_TOLERANCE_MM:
        return []
    severity: Severity = "warning"
    limit = process.sound_wall_mm
    text = f"Walls of {wall:.2f} mm print but break easily; {limit:g} mm is sound."
    if wall < process.least_wall_mm - WALL_TOLERANCE_MM:
        severity, limit = "error", process.least_wall_mm
        text = f"Walls of {wall:.2f} mm are too thin to print; {limit:g} mm is the least."
    remedy = (
        f"Thicken them to {process.sound_wall_mm:g} mm, or print the part {process.sound_wall_mm / wall:.1f} x larger."
    )
    mask, links = thin_faces(m.surface, m.caster, m.walls, limit - WALL_TOLERANCE_MM)
    finding = Finding("wall.thin", severity, text, wall, limit, remedy, "thicken")
    return [Fault(finding, mask, links)]


def _features(m: Measures) -> list[Fault]:
    if m.layers is None or m.layers.narrowest_mm is None:
        return []
    narrowest, least = m.layers.narrowest_mm, m.process.least_feature_mm
    text = f"Features down to {narrowest:.2f} mm across are narrower than one line of {least:g} mm and will be missing."
    remedy = "Thicken them, print the part larger, or use a finer nozzle or resin."
    mask = marking.beside_pieces(m.surface, m.caster, m.layers.small, outward=False)
    return [Fault(Finding("feature.small", "warning", text, narrowest, least, remedy, "thicken"), mask)]


def _fit(m: Measures) -> list[Fault]:
    if m.fits:
        return []
    part, room = (" x ".join(f"{side:.0f}" for side in sides) for sides in (m.size_mm, m.build_volume_mm))
    text = f"The part is {part} mm; the printer takes {room} mm."
    fitting = next((turn for turn in m.turns if turn.fits), None)
    remedy = f"Lay it with {fitting.up} up." if fitting else "Print it smaller, or split it into parts that fit."
    measured, limit = max(m.size_mm), max(m.build_volume_mm)
    repair: RepairName = "turn" if fitting else "split_to_fit"
    return [Fault(Finding("size.exceeds_build_volume", "error", text, measured, limit, remedy, repair))]


def _supports(m: Measures) -> list[Fault]:
    if m.support_mm3 <= 0:
        return []
    small = m.support_mm3 < SMALL_SUPPORT * abs(m.volume_mm3)
    text = f"{m.overhang_mm2:.0f} mm^2 of undersides are flatter than {m.process.slope_limit_deg:g} degrees."
    remedy = (
        f"Print with supports, about {m.support_mm3 / 1000:.1f} cm^3 of material, or give the undersides a chamfer."
    )
    finding = Finding("overhang.supports", "info" if small else "warning", text, m.overhang_mm2, 0.0, remedy)
    return [Fault(finding, marking.overhanging(m.surface, m.process.slope_limit_deg))]


def _layers(m: Measures) -> list[Fault]:
    found: list[Fault] = []
    if m.layers is None:
        return found
    if m.layers.islands:
        count = len(m.layers.islands)
        first = f"the first at {m.layers.islands[0].z_mm:.1f} mm"
        text = f"{count} part{'s' * (count > 1)} of the layers begin in the air, {first}."
        remedy = "Put a support below each, or turn the part so that they grow out of it."
        mask = marking.undersides(m.surface, m.caster, m.layers.islands, m.layers.pitch_mm)
        found.append(Fault(Finding("overhang.island", "warning", text, float(count), 0.0, remedy), mask))
    if m.layers.bridges:
        span, limit = max(bridge.span_mm for bridge in m.layers.bridges), m.process.longest_bridge_mm
        long = span > limit
        text = f"Lines are drawn through the air over {span:.1f} mm" + (" and will sag." if long else ".")
        remedy = "Support the bridge, or arch it." if long else "Print bridges slowly and cooled; no support is needed."
        mask = marking.undersides(m.surface, m.caster, m.layers.bridges, m.layers.pitch_mm)
        finding = Finding("overhang.bridge", "warning" if long else "info", text, span, limit, remedy)
        found.append(Fault(finding, mask))
    return found


def _standing(m: Measures) -> list[Fault]:
    found: list[Fault] = []
    foot = marking.foot(m.surface, m.process.first_layer_mm)
    tipping, limit = m.footing.tipping_deg, m.process.least_tipping_deg
    if tipping < limit:
        text = f"It tips over at {max(tipping, 0.0):.0f} degrees; supports or a brim must hold it."
        remedy = f"Lay it with {m.turns[0].up} up, or widen its foot." if m.turns else "Widen its foot, or add a brim."
        repair: RepairName = "turn" if m.turns else "flatten_base"
        found.append(Fault(Finding("standing.tips", "warning", text, tipping, limit, remedy, repair), foot))
    contact, wanted = m.footing.contact_mm2, CONTACT_MM2_PER_MM * m.size_mm[2]
    if contact < wanted:
        text = f"Only {contact:.0f} mm^2 touch the bed; a brim is wise."
        remedy = f"Cut its underside flat until {wanted:.0f} mm^2 touch the bed, or add a brim."
        found.append(Fault(Finding("standing.contact", "warning", text, contact, wanted, remedy, "flatten_base"), foot))
    return found


def _warping(m: Measures) -> list[Fault]:
    if m.warping is None or m.warping.lift_mm <= WARPING_MM:
        return []
    text = f"The bottom is {m.warping.length_mm:.0f} mm across: its ends pull upwards while the part cools."
    remedy = "Add a brim, round the corners of the bottom, or split the part; keep draughts away."
    finding = Finding("warping.corners", "warning", text, m.warping.lift_mm, WARPING_MM, remedy)
    return [Fault(finding, marking.foot(m.surface, m.process.first_layer_mm))]


def _turns(m: Measures) -> list[Fault]:
    best = min(m.turns, key=lambda turn: turn.support_mm3, default=None)
    if best is None or best.support_mm3 > BETTER_TURN_SHARE * m.support_mm3:
        return []
    if m.support_mm3 - best.support_mm3 < BETTER_TURN_MM3:
        return []
    text = f"Printed with {best.up} up it would take {best.support_mm3:.0f} mm^3 of support."
    remedy = f"Turn it so that {best.up} points up."
    return [Fault(Finding("orientation.better", "info", text, m.support_mm3, best.support_mm3, remedy, "turn"))]
