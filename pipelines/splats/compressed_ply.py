"""The compressed .ply of SuperSplat and PlayCanvas: 16 bytes per splat, in chunks of 256 with bounds of their own.

Source: playcanvas/splat-transform, `src/readers/decompress-ply.ts`.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import Unreadable
from pipelines.geometry import Gaussians
from pipelines.meshing.ply_header import Element, Header
from pipelines.meshing.ply_rows import Table
from pipelines.meshing.ply_tables import read_tables
from pipelines.splats.encoding import activated, check_count

_CHUNK: Final = 256
_PACKED: Final = ("packed_position", "packed_rotation", "packed_scale", "packed_color")


def is_compressed(vertex: Element) -> bool:
    """Whether the vertices are packed."""
    return {prop.name for prop in vertex.properties} >= set(_PACKED)


def read_compressed_ply(data: bytes, header: Header) -> Gaussians:
    """Gaussians of a compressed .ply; bands above the constant are left out.

    Raises:
        Unreadable: damaged, or fewer chunks than the splats need.
    """
    declared = header.element("vertex")
    check_count(declared.count if declared else 0)
    tables = {table.element.name: table for table in read_tables(data)}
    vertex, chunk = tables["vertex"], tables.get("chunk")
    if chunk is None or chunk.element.count * _CHUNK < vertex.element.count:
        raise Unreadable("The compressed PLY has fewer chunks than its splats need.")
    for name in _PACKED:
        if vertex.scalars.dtype[name].kind != "u" and vertex.scalars.dtype[name] != np.float64:
            raise Unreadable(f"The compressed PLY is damaged: {name} is no unsigned number.")
    position, rotation, scale, color = (vertex.scalars[name].astype(np.uint32) for name in _PACKED)
    of = np.arange(vertex.element.count) // _CHUNK
    rgba = _bits(color, (24, 8), (16, 8), (8, 8), (0, 8))
    rgb = rgba[:, :3]
    if chunk.column("min_r") is not None:
        rgb = _within(chunk, of, rgb, *(f"{end}_{band}" for end in ("min", "max") for band in "rgb"))
    means = _within(chunk, of, _bits(position, (21, 11), (11, 10), (0, 11)), *_bounds(""))
    sizes = _within(chunk, of, _bits(scale, (21, 11), (11, 10), (0, 11)), *_bounds("scale_"))
    # A log scale of 60 is 1e26: refused as beyond any scene instead of overflowing.
    return activated(means, rgba[:, 3], np.exp(np.minimum(sizes, 60.0)), _quaternions(rotation), rgb)


def _bounds(what: str) -> tuple[str, ...]:
    return tuple(f"{end}_{what}{axis}" for end in ("min", "max") for axis in "xyz")


def _bits(packed: NDArray[np.uint32], *fields: tuple[int, int]) -> NDArray[np.float64]:
    """Fractions [N, len(fields)] of unsigned numbers, each at a shift and of a width in bits."""
    columns = [(packed >> shift & ((1 << width) - 1)) / ((1 << width) - 1) for shift, width in fields]
    return np.stack(columns, axis=1)


def _within(chunk: Table, of: NDArray[np.int64], share: NDArray[np.float64], *names: str) -> NDArray[np.float64]:
    bounds = chunk.column(*names)
    if bounds is None:
        raise Unreadable(f"The compressed PLY is damaged: its chunks lack {names[0]}.")
    low, high = bounds[of, :3], bounds[of, 3:]
    return low * (1.0 - share) + high * share


def _quaternions(packed: NDArray[np.uint32]) -> NDArray[np.float64]:
    """wxyz: two bits name the largest, three times ten hold the others in order, of [-sqrt(1/2), sqrt(1/2)]."""
    others = (_bits(packed, (20, 10), (10, 10), (0, 10)) - 0.5) * np.sqrt(2.0)
    largest = (packed >> 30).astype(np.int64)
    found = np.zeros((len(packed), 4))
    places = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])[largest]
    np.put_along_axis(found, places, others, axis=1)
    rest = np.sqrt(np.maximum(1.0 - (others**2).sum(axis=1, keepdims=True), 0.0))
    np.put_along_axis(found, largest[:, None], rest, axis=1)
    return found
