"""3DGS .ply: logit opacity, log scales, colour as the constant band of spherical harmonics."""

import numpy as np

from pipelines.errors import MoldarError, Unreadable
from pipelines.geometry import Gaussians
from pipelines.meshing.ply import read_header, read_tables
from pipelines.splats.encoding import SH_C0, activated, check_count, logit, sigmoid

_MEANS, _NORMALS, _COLOR = ("x", "y", "z"), ("nx", "ny", "nz"), ("f_dc_0", "f_dc_1", "f_dc_2")
_SCALES, _ROTATION = ("scale_0", "scale_1", "scale_2"), ("rot_0", "rot_1", "rot_2", "rot_3")
_LAYOUT = (*_MEANS, *_NORMALS, *_COLOR, "opacity", *_SCALES, *_ROTATION)


def is_splat_ply(data: bytes) -> bool:
    """Whether the bytes begin a PLY whose vertices are Gaussians; False for meshes and for anything damaged."""
    try:
        vertex = read_header(data).element("vertex")
    except MoldarError:
        return False
    return vertex is not None and {"f_dc_0", "scale_0"} <= {prop.name for prop in vertex.properties}


def read_splat_ply(data: bytes) -> Gaussians:
    """Gaussians of a 3DGS file in any encoding and order of properties; bands above the constant are left out."""
    header = read_header(data)
    declared = header.element("vertex")
    if declared is None:
        raise Unreadable("The PLY holds no vertices.")
    if declared.count <= 0:
        check_count(declared.count)
    vertex = next(table for table in read_tables(data) if table.element.name == "vertex")
    check_count(len(vertex.scalars))
    columns = [vertex.column(*names) for names in (_MEANS, ("opacity",), _SCALES, _ROTATION, _COLOR)]
    means, opacity, scales, rotation, color = columns
    if means is None or opacity is None or scales is None or rotation is None or color is None:
        raise Unreadable("The PLY is not one of Gaussian splats: it lacks some of x, opacity, scale_, rot_, f_dc_.")
    # A log scale of 60 is 1e26: refused as beyond any scene instead of overflowing.
    sizes = np.exp(np.minimum(scales, 60.0))
    return activated(means, sigmoid(opacity[:, 0]), sizes, rotation, 0.5 + SH_C0 * color)


def write_splat_ply(gaussians: Gaussians) -> bytes:
    """The layout that 3DGS itself writes at degree 0, binary little-endian, normals zero."""
    rows = np.zeros((len(gaussians), len(_LAYOUT)), "<f4")
    rows[:, 0:3] = gaussians.means
    rows[:, 6:9] = (gaussians.rgb - 0.5) / SH_C0
    rows[:, 9] = logit(gaussians.opacity)
    rows[:, 10:13] = np.log(gaussians.scaling)
    rows[:, 13:17] = gaussians.rotation
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(gaussians)}"]
    lines += [f"property float {name}" for name in _LAYOUT] + ["end_header", ""]
    return "\n".join(lines).encode() + rows.tobytes()
