"""One picture into a printable relief."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput, NoSubject
from pipelines.geometry import TriangleMesh
from pipelines.images.cutout import Cutout
from pipelines.meshing.placement import place
from pipelines.relief.cutter import cutter
from pipelines.relief.heights import inflated, luminance
from pipelines.relief.outline import sheet_of, solid_under

ReliefMode = Literal["auto", "inflate", "plate", "cutter"]

_SIZES_MM = (5.0, 1000.0)
_THICKNESSES_MM = (0.4, 200.0)
_RESOLUTIONS = (32, 512)
_PAD = 4  # pixels of nothing around the subject
_FULL_BLEED = 0.85  # coverage from which the picture is a scene and no subject
_DOUBTFUL = 0.35  # confidence below which the outline is not worth tracing
_SMALLEST = 0.002  # of the largest piece: specks that no nozzle prints
_PLUMP = 0.3  # height of the cushion over its width: half a ball has 0.5, a badge 0.1
_CORNER = 0.06  # of the plate's shorter side
_PLATE_RGB = (238, 238, 235)  # under a cut-out subject


@dataclass(frozen=True, slots=True)
class ReliefOptions:
    """What to make of a picture.

    `inflate` blows the silhouette up like a cushion with a flat back; `plate` raises bright parts from a plate;
    `cutter` is a cookie cutter along the outline; `auto` inflates a clear silhouette and puts anything else on a plate.
    """

    mode: ReliefMode = "auto"
    size_mm: float = 80.0  # longest side of the print, 5..1000
    thickness_mm: float | None = None  # whole height; None takes what suits the mode and size
    base_mm: float = 1.2  # height of the outline's edge, or of the plate: six layers of 0.2 mm
    resolution: int = 256  # pixels along the longer side, 32..512

    def __post_init__(self) -> None:
        if self.mode not in ("auto", "inflate", "plate", "cutter"):
            raise InvalidInput(f"A relief is made by auto, inflate, plate or cutter, not {self.mode!r}.")
        if not _SIZES_MM[0] <= self.size_mm <= _SIZES_MM[1]:
            raise InvalidInput(f"The size of a relief must be in {list(_SIZES_MM)} mm, not {self.size_mm}.")
        if self.thickness_mm is not None and not _THICKNESSES_MM[0] <= self.thickness_mm <= _THICKNESSES_MM[1]:
            raise InvalidInput(f"The thickness must be in {list(_THICKNESSES_MM)} mm, not {self.thickness_mm}.")
        if not 0.2 <= self.base_mm <= 50:
            raise InvalidInput(f"The base must be in [0.2, 50] mm, not {self.base_mm}.")
        if not _RESOLUTIONS[0] <= self.resolution <= _RESOLUTIONS[1]:
            raise InvalidInput(f"The resolution must be in {list(_RESOLUTIONS)}, not {self.resolution}.")


def build_relief(cutout: Cutout, options: ReliefOptions) -> TriangleMesh:
    """The relief as a closed manifold in the object frame, lying on its back, the picture's top towards +y.

    Args:
        cutout: Of any size; its transparent parts become air, or bare plate.
        options: See `ReliefOptions`.

    Returns:
        Millimetres, resting on z = 0, centred, the longest horizontal side `size_mm` long; the picture's colours on the
        vertices.

    Raises:
        NoSubject: nothing in the cut-out is opaque.
        InvalidInput: a cutter too small for its own walls.
    """
    mode = resolved_mode(cutout, options.mode)
    if mode == "plate":
        return _plate(cutout, options)
    rgb, field = _subject(cutout, options.resolution)
    if mode == "cutter":
        if options.size_mm < 20:
            raise InvalidInput(f"A cookie cutter of {options.size_mm:g} mm is too small; 20 mm is the least.")
        mean = tuple(np.rint(rgb[field > 0].mean(axis=0)).astype(int).tolist())
        return cutter(field, options.size_mm, max(options.thickness_mm or 14.0, 8.0), (mean[0], mean[1], mean[2]))
    sheet = sheet_of(field)
    span = max(float(np.ptp(sheet.column)), float(np.ptp(sheet.row)))
    pixel_mm = options.size_mm / span
    dome = inflated(field)
    full = options.thickness_mm or options.base_mm + _PLUMP * _widest(field) * pixel_mm
    base = min(options.base_mm, 0.5 * full)
    heights = base + (full - base) * sheet.sample(dome)
    return _placed(solid_under(sheet, heights, pixel_mm, _bytes(sheet.sample(rgb))))


def resolved_mode(cutout: Cutout, mode: ReliefMode) -> Literal["inflate", "plate", "cutter"]:
    """What `auto` stands for with this picture."""
    if mode != "auto":
        return mode
    return "plate" if _is_scene(cutout) else "inflate"


def _is_scene(cutout: Cutout) -> bool:
    return cutout.coverage > _FULL_BLEED or cutout.confidence < _DOUBTFUL


def _placed(mesh: TriangleMesh) -> TriangleMesh:
    return place(mesh, None, "z").mesh


def _bytes(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _subject(cutout: Cutout, resolution: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The cut-out cropped to its subject: colours [H, W, 3] in 0..255, and a field [H, W] positive inside."""
    from scipy.ndimage import gaussian_filter, label  # noqa: PLC0415 - loaded by those replicas that make reliefs

    opaque = cutout.rgba[:, :, 3] > 127
    if not opaque.any():
        raise NoSubject("Nothing in the picture is opaque.")
    rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
    crop = cutout.rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    small = _resized(_fringeless(crop), resolution - 2 * _PAD)
    padded = np.pad(small, ((_PAD, _PAD), (_PAD, _PAD), (0, 0)), mode="edge")
    alpha = np.pad(small[:, :, 3], _PAD)
    alpha[:, :] = gaussian_filter(alpha, 1.0)
    field = alpha / 255.0 - 0.5
    pieces, count = label(field > 0)
    if not count:
        raise NoSubject("The picture's subject is too thin to print.")
    areas = np.bincount(pieces.ravel())[1:]
    for piece in np.flatnonzero(areas < max(_SMALLEST * areas.max(), 4)):
        field[pieces == piece + 1] = -0.01
    field[field == 0] = -1e-6
    return padded[:, :, :3], field


def _resized(rgba: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """The picture with its longer side `longest` pixels, averaged when it shrinks."""
    import cv2  # noqa: PLC0415 - 170 ms that only replicas with pictures pay

    height, width = rgba.shape[:2]
    scale = longest / max(height, width)
    size = max(round(width * scale), 4), max(round(height * scale), 4)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(np.clip(cv2.resize(rgba, size, interpolation=how), 0, 255), np.float64)


def _fringeless(rgba: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Colours of the subject carried outwards over its edge, where the background had mixed in."""
    from scipy.ndimage import binary_dilation, binary_erosion, distance_transform_edt  # noqa: PLC0415 - as above

    sure = rgba[:, :, 3] > 250
    depth = max(2, round(max(rgba.shape) / 200))
    inner = binary_erosion(sure, iterations=depth)
    thin = sure & ~binary_dilation(inner, iterations=2 * depth)  # strokes that are all edge keep what they have
    keep = inner | thin if sure.any() else rgba[:, :, 3] > 127
    _, (row, column) = distance_transform_edt(~keep, return_indices=True)
    out = rgba.astype(np.float64)
    out[:, :, :3] = out[row, column, :3]
    return out


def _widest(field: NDArray[np.float64]) -> float:
    """Diameter in pixels of the largest disc inside."""
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415 - as above

    return 2.0 * float(distance_transform_edt(field > 0).max())


def _plate(cutout: Cutout, options: ReliefOptions) -> TriangleMesh:
    """Lightness raised from a plate with round corners; a cut-out subject stands on the bare plate."""
    scene = _is_scene(cutout)
    rgba = cutout.rgba.astype(np.float64) if scene else _fringeless(cutout.rgba)
    small = _resized(rgba, options.resolution - 2)
    share = np.ones(small.shape[:2]) if scene else small[:, :, 3] / 255.0
    rgb = small[:, :, :3] * share[..., None] + (1 - share[..., None]) * np.array(_PLATE_RGB, np.float64)
    # A subject keeps a third of the height as a step, so that dark ones stand out from the plate too.
    height = luminance(small[:, :, :3]) if scene else share * (1 / 3 + 2 / 3 * luminance(small[:, :, :3]))
    rgb, height = np.pad(rgb, ((1, 1), (1, 1), (0, 0)), mode="edge"), np.pad(height, 1, mode="edge")
    sheet = sheet_of(_rounded_rectangle(height.shape))
    pixel_mm = options.size_mm / max(float(np.ptp(sheet.column)), float(np.ptp(sheet.row)))
    full = options.thickness_mm or options.base_mm + 0.03 * options.size_mm
    base = min(options.base_mm, 0.5 * full)
    heights = base + (full - base) * sheet.sample(height)
    return _placed(solid_under(sheet, heights, pixel_mm, _bytes(sheet.sample(rgb))))


def _rounded_rectangle(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Signed distance in pixels, positive inside, to a rectangle half a pixel within the picture's border."""
    rows, columns = shape[0] - 1, shape[1] - 1
    radius = _CORNER * min(rows, columns)
    y = np.abs(np.arange(rows + 1) - rows / 2)[:, None] - (rows / 2 - 0.5 - radius)
    x = np.abs(np.arange(columns + 1) - columns / 2) - (columns / 2 - 0.5 - radius)
    beyond = np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0)
    distance = radius - beyond
    return np.where(distance == 0, -1e-6, distance)
