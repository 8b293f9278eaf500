"""Everything a report rests on, measured once."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.geometry import TriangleMesh
from pipelines.meshing.crossing import Crossings, find_crossings
from pipelines.printability.findings import Turn
from pipelines.printability.layers import LayerFaults, walk_layers
from pipelines.printability.orientation import Part, better_turns
from pipelines.printability.overhang import overhang_area, support_volume
from pipelines.printability.process import BuildVolume, Process
from pipelines.printability.rays import Caster
from pipelines.printability.standing import Footing, fits, footing
from pipelines.printability.surface import Surface, Topology, centre_of_mass, signed_volume, topology_of
from pipelines.printability.walls import Walls, measure_walls
from pipelines.printability.warping import Warping, warping

LEAST_OVERHANG_MM2: Final = 1.0  # slivers smaller than a few lines are printed without support


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """Figures of one mesh for one process and printer."""

    process: Process
    build_volume_mm: BuildVolume
    surface: Surface
    caster: Caster
    topology: Topology
    volume_mm3: float  # signed
    area_mm2: float
    size_mm: tuple[float, float, float]
    walls: Walls
    wall_mm: float | None  # the least of them, and no more than a speck of a part measures
    crossings: Crossings  # pairs of faces
    crossed_share: float  # of the surface, inside other material; 0 where there is no inside to stand in
    layers: LayerFaults | None  # None where there is no solid to cut
    warping: Warping | None  # likewise
    overhang_mm2: float
    support_mm3: float
    fits: bool
    footing: Footing
    turns: tuple[Turn, ...]


def measure(surface: Surface, process: Process, build_volume_mm: BuildVolume) -> Measures:
    """All figures of a surface that rests on z = 0."""
    x, y, z = (float(side) for side in np.ptp(surface.corners.reshape(-1, 3), axis=0))
    caster, topology, volume = Caster(surface), topology_of(surface), signed_volume(surface)
    walls, centre = measure_walls(surface, caster), centre_of_mass(surface)
    solid = topology.solid if volume > 0 else None
    layers = walk_layers(solid, process) if solid is not None else None
    overhang_mm2 = overhang_area(surface, process.slope_limit_deg)
    part = Part(surface, caster, centre, abs(volume))
    return Measures(
        process=process,
        build_volume_mm=build_volume_mm,
        surface=surface,
        caster=caster,
        topology=topology,
        volume_mm3=volume,
        area_mm2=float(surface.areas.sum()),
        size_mm=(x, y, z),
        walls=walls,
        wall_mm=_least_wall_mm(walls, float(np.linalg.norm([x, y, z])), process),
        crossings=find_crossings(TriangleMesh(surface.vertices, surface.faces)),
        crossed_share=walls.crossed_share if topology.watertight and volume > 0 else 0.0,
        layers=layers,
        warping=warping(solid.slice(min(process.first_layer_mm, z) / 2), z, process.shrinkage) if solid else None,
        overhang_mm2=overhang_mm2,
        support_mm3=_support_mm3(surface, caster, layers, process) if overhang_mm2 >= LEAST_OVERHANG_MM2 else 0.0,
        fits=fits(np.array([x, y, z]), build_volume_mm),
        footing=footing(surface, centre, process.first_layer_mm),
        turns=better_turns(part, process, build_volume_mm),
    )


def has_volume(m: Measures) -> bool:
    """Whether the surface is more than folded flat."""
    x, y, z = m.size_mm
    return abs(m.volume_mm3) > 1e-9 * max(x, y, z) ** 3


def _least_wall_mm(walls: Walls, diagonal_mm: float, process: Process) -> float | None:
    """Rays start a micrometre below the surface: in a part of that size they find nothing, or the other side."""
    return diagonal_mm if diagonal_mm < process.least_wall_mm else walls.least_mm


def _support_mm3(surface: Surface, caster: Caster, layers: LayerFaults | None, process: Process) -> float:
    if layers is None:
        return support_volume(surface, caster)
    carried = [bridge for bridge in layers.bridges if bridge.span_mm <= process.longest_bridge_mm]
    return support_volume(surface, caster, carried, layers.pitch_mm)
