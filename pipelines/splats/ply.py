"""3DGS .ply: logit opacity, log scales, colour as the constant band of spherical harmonics."""

from typing import Final

import numpy as np

from pipelines.errors import EmptyGeometry, MoldarError, Unreadable
from pipelines.geometry import Gaussians
from pipelines.meshing.ply_header import Element, read_header
from pipelines.meshing.ply_tables import read_tables
from pipelines.splats.compressed_ply import is_compressed, read_compressed_ply
from pipelines.splats.encoding import SH_C0, activated, check_count, log_of_scaling, logit, sigmoid

_MEANS, _COLOR = ("x", "y", "z"), ("f_dc_0", "f_dc_1", "f_dc_2")
_SCALES, _ROTATION = ("scale_0", "scale_1", "scale_2"), ("rot_0", "rot_1", "rot_2", "rot_3")
_LAYOUT: Final = (*_MEANS, *_COLOR, "opacity", *_SCALES, *_ROTATION)  # LGM, core/gs.py save_ply: no normals, no f_rest
_LEAST_OPACITY: Final = np.float32(0.005)  # likewise: fainter ones are left out, as one byte of alpha cannot show them


def is_splat_ply(data: bytes) -> bool:
    """Whether the bytes begin a PLY whose vertices are Gaussians; False for meshes and for anything damaged."""
    try:
        vertex = read_header(data).element("vertex")
    except MoldarError:
        return False
    if vertex is None:
        return False
    return is_compressed(vertex) or {"f_dc_0", "scale_0"} <= {prop.name for prop in vertex.properties}


def read_splat_ply(data: bytes) -> Gaussians:
    """Gaussians of a 3DGS file in any encoding and order of properties; bands above the constant are left out.

    The compressed form of SuperSplat is read too.
    """
    header = read_header(data)
    declared = header.element("vertex")
    if declared is None:
        raise Unreadable("The PLY holds no vertices.")
    if is_compressed(declared):
        return read_compressed_ply(data, header)
    _check_properties(declared)
    if declared.count <= 0:
        check_count(declared.count)
    rows = next(table for table in read_tables(data) if table.element.name == "vertex").scalars
    check_count(len(rows))
    values = np.stack([rows[name].astype(np.float64) for name in _LAYOUT], axis=1)
    # A log scale of 60 is 1e26: refused as beyond any scene instead of overflowing.
    sizes = np.exp(np.minimum(values[:, 7:10], 60.0))
    return activated(values[:, :3], sigmoid(values[:, 6]), sizes, values[:, 10:14], 0.5 + SH_C0 * values[:, 3:6])


def _check_properties(vertex: Element) -> None:
    numbers = {prop.name for prop in vertex.properties if prop.length_dtype is None}
    lists = {prop.name for prop in vertex.properties} - numbers
    if wrong := [name for name in _LAYOUT if name in lists]:
        raise Unreadable(f"The PLY is not one of Gaussian splats: {', '.join(wrong)} should be numbers, not lists.")
    if lacking := [name for name in _LAYOUT if name not in numbers]:
        raise Unreadable(f"The PLY is not one of Gaussian splats: its vertices lack {', '.join(lacking)}.")


def write_splat_ply(gaussians: Gaussians) -> bytes:
    """The layout that LGM writes, binary little-endian, byte for byte."""
    keep = np.flatnonzero(gaussians.opacity >= _LEAST_OPACITY)
    if not len(keep):
        raise EmptyGeometry(f"Every splat is fainter than {_LEAST_OPACITY:g} and would be left out of a .ply.")
    rows = np.empty((len(keep), len(_LAYOUT)), "<f4")
    rows[:, 0:3] = gaussians.means[keep]
    rows[:, 3:6] = (gaussians.rgb[keep] - np.float32(0.5)) / np.float32(SH_C0)
    rows[:, 6] = logit(gaussians.opacity[keep])
    rows[:, 7:10] = log_of_scaling(gaussians.scaling[keep])
    rows[:, 10:14] = gaussians.rotation[keep]
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(keep)}"]
    lines += [f"property float {name}" for name in _LAYOUT] + ["end_header", ""]
    return "\n".join(lines).encode() + rows.tobytes()
