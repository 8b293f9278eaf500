"""Pictures that a caller took or rendered, made into the views that LGM takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.cameras import FOVY_DEG, RADIUS, STANDARD_AZIMUTHS_DEG, checked_c2w, orbit
from pipelines.errors import InvalidInput, NoSubject
from pipelines.geometry import Views
from pipelines.images import Picture, cut_out

_PAPER: Final = 250  # a border nowhere darker is white paper already, JPEG's noise allowed for
_LEAST_PX: Final = 8  # narrower pictures show no object
_LEAST_RADIUS, _MOST_FOVY_DEG = 1e-3, 120.0


def own_views(
    pictures: Sequence[Picture],
    c2w: NDArray[np.floating] | None = None,
    *,
    fovy_deg: float = FOVY_DEG,
    elevation_deg: float = 0.0,
    size: int = 256,
    rembg_weights: Path | None = None,
) -> Views:
    """Views of one object from square pictures; what is no part of it becomes white.

    Transparency is taken as it is, a white border as paper; from any other picture the subject is cut out. Nothing is
    moved or enlarged: that would belie the cameras.

    Args:
        pictures: One per camera, square, sizes may differ.
        c2w: Poses [V, 4, 4], OpenGL axes, y up, the object about the origin. They are scaled to LGM's distance of
            1.5 together, so any unit will do. None: four cameras at azimuth 0, 90, 180 and 270.
        fovy_deg: Vertical field of view of all cameras, in (0, 120].
        elevation_deg: Of the four standard cameras; positive is above.
        size: Pixels of the result's sides.
        rembg_weights: See `cut_out`.

    Raises:
        InvalidInput: another number of poses than of pictures, four pictures missing, a picture that is not square,
            poses that are none.
        NoSubject: a picture shows nothing.
    """
    poses = _poses(len(pictures), c2w, elevation_deg)
    if not 0 < fovy_deg <= _MOST_FOVY_DEG:
        raise InvalidInput(f"The field of view must be in (0, {_MOST_FOVY_DEG:g}] degrees, not {fovy_deg:g}.")
    images = [_on_white(picture, index, size, rembg_weights) for index, picture in enumerate(pictures)]
    return Views(np.stack(images), poses, fovy_deg)


def _poses(count: int, c2w: NDArray[np.floating] | None, elevation_deg: float) -> NDArray[np.float32]:
    if c2w is None:
        if count != len(STANDARD_AZIMUTHS_DEG):
            raise InvalidInput(f"Own views need four pictures, or a camera for each; {count} came without cameras.")
        return orbit([elevation_deg] * count)
    poses = checked_c2w(c2w)
    if len(poses) != count:
        raise InvalidInput(f"{len(poses)} cameras were given for {count} pictures.")
    distance = float(np.median(np.linalg.norm(poses[:, :3, 3], axis=1)))
    if distance < _LEAST_RADIUS:
        raise InvalidInput("The cameras stand in the object: their positions are at the origin.")
    poses[:, :3, 3] *= RADIUS / distance
    return poses


def _on_white(picture: Picture, index: int, size: int, rembg_weights: Path | None) -> NDArray[np.float32]:
    height, width = picture.rgba.shape[:2]
    if height != width or height < _LEAST_PX:
        raise InvalidInput(f"View {index + 1} has {width} x {height} pixels; views are square, {_LEAST_PX} at least.")
    try:
        rgba = picture.rgba if _is_on_paper(picture) else cut_out(picture, rembg_weights).rgba
    except NoSubject as error:
        raise NoSubject(f"View {index + 1}: {error}") from error
    from PIL import Image  # noqa: PLC0415 - as in `images.decode`

    # Pillow weighs colours by alpha when it resizes, so the colour of transparent pixels does not bleed in.
    small = Image.fromarray(rgba, "RGBA").resize((size, size), Image.Resampling.BILINEAR)
    shown = np.asarray(small, np.float32) / 255
    alpha = shown[:, :, 3:]
    return np.asarray(shown[:, :, :3] * alpha + 1 - alpha, np.float32)


def _is_on_paper(picture: Picture) -> bool:
    rgba = picture.rgba
    border = np.concatenate([rgba[0], rgba[-1], rgba[:, 0], rgba[:, -1]])
    return bool((border >= _PAPER).all())
