"""Repairs that cut, fill or turn: a flat base, no hollows, another way up."""

from typing import Final

import manifold3d
import numpy as np

from pipelines.errors import InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.printability.findings import Turn
from pipelines.printability.process import FDM, Process
from pipelines.printability.repairs.solids import Repaired, mesh_of, solid_of
from pipelines.printability.score import CONTACT_MM2_PER_MM
from pipelines.printability.standing import footing
from pipelines.printability.surface import centre_of_mass, surface_of

MOST_CUT: Final = 0.1  # of the height: more is another object
CUTS: Final = 100  # heights that are tried, lowest first


def flatten_base(mesh: TriangleMesh, process: Process = FDM, contact_mm2: float | None = None) -> Repaired:
    """The part without a sliver at its bottom, so that it stands on a flat.

    Args:
        mesh: A solid in the object frame, mm, z up.
        process: Whose first layer and tipping limit count.
        contact_mm2: Flat asked for, > 0; by default what its height asks for.

    Returns:
        The thinnest sliver whose cut leaves the contact and stands as steep as the process asks; the new base lies
        where the lowest point was.

    Raises:
        InvalidInput: It stands well already, or a tenth of its height would not be enough.
        EmptyGeometry: There is no surface.
        NotSolid: It is no solid.
        GeometryTooLarge: More than 5 million faces, or more than 10 m across.
    """
    if contact_mm2 is not None and not (np.isfinite(contact_mm2) and contact_mm2 > 0):
        raise InvalidInput(f"The contact asked for must be positive, got {contact_mm2} mm^2.")
    solid = solid_of(mesh)
    low, high = solid.bounding_box()[2], solid.bounding_box()[5]
    wanted = CONTACT_MM2_PER_MM * (high - low) if contact_mm2 is None else contact_mm2
    if _stands(mesh, wanted, process):
        raise InvalidInput("The part stands on a wide enough flat already: there is nothing to cut.")
    for depth in np.arange(1, CUTS + 1) / CUTS * MOST_CUT * (high - low):
        if solid.slice(low + depth).area() < wanted:
            continue
        cut = solid.trim_by_plane((0.0, 0.0, 1.0), float(low + depth)).translate((0.0, 0.0, -float(depth)))
        made = mesh_of(cut, mesh)
        if _stands(made, wanted, process):
            area = cut.slice(float(low) + 1e-6).area()
            return Repaired(
                made, "flatten_base", (f"Cut {depth:.2f} mm off the bottom: {area:.0f} mm^2 now lie on the bed.",)
            )
    raise InvalidInput(f"No flat of {wanted:.0f} mm^2 to stand on lies within a tenth of the height.")


def _stands(mesh: TriangleMesh, wanted_mm2: float, process: Process) -> bool:
    surface = surface_of(mesh)
    foot = footing(surface, centre_of_mass(surface), process.first_layer_mm)
    return foot.contact_mm2 >= wanted_mm2 and foot.tipping_deg >= process.least_tipping_deg


def fill_voids(mesh: TriangleMesh) -> Repaired:
    """The part with its closed hollows filled.

    Args:
        mesh: A solid in the object frame.

    Raises:
        InvalidInput: There are no closed hollows.
        EmptyGeometry: There is no surface.
        NotSolid: It is no solid.
        GeometryTooLarge: More than 5 million faces, or more than 10 m across.
    """
    solid = solid_of(mesh)
    parts = solid.decompose()
    bodies = [part for part in parts if part.volume() > 0]
    if len(bodies) == len(parts):
        raise InvalidInput("The part has no closed hollows to fill.")
    filled = manifold3d.Manifold.batch_boolean(bodies, manifold3d.OpType.Add)
    added = filled.volume() - solid.volume()
    count = len(parts) - len(bodies)
    text = f"Filled {count} closed hollow{'s' * (count > 1)} of {added:.0f} mm^3 in all."
    return Repaired(mesh_of(filled, mesh), "fill_voids", (text,))


def turn(mesh: TriangleMesh, way: Turn) -> Repaired:
    """The part laid another way, resting on z = 0 and centred above the origin.

    Args:
        mesh: Any mesh in the object frame; it need not be closed.
        way: One of the report's turns.

    Raises:
        InvalidInput: The rotation is none.
        EmptyGeometry: There is no surface.
        GeometryTooLarge: More than 5 million faces, or more than 10 m across.
    """
    rotation = np.array(way.rotation, np.float64)
    if rotation.shape != (3, 3) or not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-6):
        raise InvalidInput("The turn's rotation is not orthonormal.")
    if np.linalg.det(rotation) < 0:
        raise InvalidInput("The turn's rotation would mirror the part.")
    surface_of(mesh)
    vertices = mesh.vertices @ rotation.T
    low, high = vertices[mesh.faces.ravel()].min(axis=0), vertices[mesh.faces.ravel()].max(axis=0)
    shift = np.array([-(low[0] + high[0]) / 2, -(low[1] + high[1]) / 2, -low[2]])
    return Repaired(TriangleMesh(vertices + shift, mesh.faces, mesh.colors), "turn", (f"Laid it with {way.up} up.",))
