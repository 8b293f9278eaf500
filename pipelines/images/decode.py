"""Picture files into pixels, with nothing believed that a file merely claims."""

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import TooLarge, Unreadable

MAX_PIXELS: Final = 40_000_000  # a 40-megapixel photograph; 160 MB as RGBA
_FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF")  # no EPS, PSD, TIFF: large, exotic decoders


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels in sRGB with straight alpha, upright."""

    rgba: NDArray[np.uint8]  # [H, W, 4]

    def __post_init__(self) -> None:
        if self.rgba.ndim != 3 or self.rgba.shape[2] != 4 or not self.rgba.size:
            raise ValueError(f"rgba must be [H, W, 4], got {list(self.rgba.shape)}")


def decode(data: bytes) -> Picture:
    """The first frame of a PNG, JPEG, WebP, AVIF, BMP or GIF: turned upright, in sRGB, its metadata left behind.

    Raises:
        TooLarge: more than `MAX_PIXELS`, found in the header before any pixel is decoded.
        Unreadable: another kind of file, or a damaged one.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - 50 ms that only replicas with pictures pay

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                raise TooLarge(f"The picture has {width} x {height} pixels; at most {MAX_PIXELS:,} are accepted.")
            opened.load()
            return Picture(_srgb(opened))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(f"The picture has too many pixels; at most {MAX_PIXELS:,} are accepted.") from error
    except UnidentifiedImageError as error:
        raise Unreadable(_unknown(data)) from error
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, ArithmeticError, LookupError) as error:
        # Decoders of damaged files stumble in as many ways; the caller can only mend the file.
        raise Unreadable("The picture is damaged or cut short.") from error


def _unknown(data: bytes) -> str:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head:
        return "SVG is not accepted: send the drawing as PNG."
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        return "HEIC is not accepted: send the photograph as JPEG or PNG."
    return "The file is not a PNG, JPEG, WebP, AVIF, BMP or GIF picture."


def _srgb(opened: Any) -> NDArray[np.uint8]:
    from PIL import ImageOps  # noqa: PLC0415 - as above

    profile = opened.info.get("icc_profile")
    upright = ImageOps.exif_transpose(opened)
    if upright.mode.startswith(("I", "F")):
        return _from_deep(np.asarray(upright))
    alpha = None
    if "A" in upright.getbands() or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        alpha = np.asarray(upright)[:, :, 3]
    rgb = np.asarray(_with_profile(upright, profile))
    opaque = np.full(rgb.shape[:2], 255, np.uint8)
    return np.dstack([rgb, opaque if alpha is None else alpha])


def _with_profile(picture: Any, profile: bytes | None) -> Any:
    """The picture as sRGB; a profile that does not fit its picture is passed over, as browsers do."""
    from PIL import ImageCms  # noqa: PLC0415 - as above

    source = picture if picture.mode in ("RGB", "CMYK", "L") else picture.convert("RGB")
    if profile:
        try:
            space = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(source, space, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None
        if converted is not None:
            return converted
    return source.convert("RGB")


def _from_deep(values: NDArray[Any]) -> NDArray[np.uint8]:
    """16-bit and floating greys; Pillow's own conversion would clip them."""
    grey = np.nan_to_num(values.astype(np.float64))
    full = 65535.0 if grey.max(initial=0.0) > 255 else 255.0 if grey.max(initial=0.0) > 1 else 1.0
    bytes_ = np.clip(np.rint(grey * (255.0 / full)), 0, 255).astype(np.uint8)
    return np.dstack([bytes_, bytes_, bytes_, np.full_like(bytes_, 255)])
