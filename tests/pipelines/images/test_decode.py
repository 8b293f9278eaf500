import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pipelines.errors import MoldarError, TooLarge, Unreadable
from pipelines.images import MAX_PIXELS, Picture, decode, encode_png


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_that_claims(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes(3000))), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def two_tone() -> Image.Image:
    """4 wide, 2 high: red on the left half, blue on the right."""
    pixels = np.zeros((2, 4, 3), np.uint8)
    pixels[:, :2], pixels[:, 2:] = (250, 10, 10), (10, 10, 250)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP", "AVIF", "JPEG"])
def test_every_accepted_format_is_decoded(kind: str) -> None:
    image = two_tone().resize((64, 32), Image.Resampling.NEAREST)
    rgba = decode(saved(image, kind)).rgba
    assert rgba.shape == (32, 64, 4)
    assert (rgba[..., 3] == 255).all()
    assert np.abs(rgba[16, 8, :3].astype(int) - (250, 10, 10)).max() < 16
    assert np.abs(rgba[16, 56, :3].astype(int) - (10, 10, 250)).max() < 16


def test_a_photograph_on_its_side_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show
    rgba = decode(saved(two_tone(), "PNG", exif=exif)).rgba
    assert rgba.shape == (4, 2, 4)
    assert rgba[0, 0, 0] == 250
    assert rgba[3, 0, 2] == 250


def test_a_wide_gamut_is_converted_to_srgb() -> None:
    # LAB has a profile in every build of LittleCMS; an sRGB profile must change nothing, and a broken one neither.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = decode(saved(two_tone(), "PNG")).rgba
    assert np.abs(decode(saved(two_tone(), "PNG", icc_profile=srgb)).rgba.astype(int) - plain).max() <= 1
    assert (decode(saved(two_tone(), "PNG", icc_profile=b"no profile")).rgba == plain).all()


def test_alpha_survives_in_rgba_and_palette() -> None:
    rgba = np.zeros((3, 3, 4), np.uint8)
    rgba[1, 1] = (1, 2, 3, 128)
    assert (decode(encode_png(rgba)).rgba[1, 1] == (1, 2, 3, 128)).all()
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.putpixel((1, 0), 1)
    assert decode(saved(palette, "PNG", transparency=0)).rgba[0].tolist() == [[255, 0, 0, 0], [0, 255, 0, 255]]


def test_sixteen_bit_greys_are_scaled_and_not_clipped() -> None:
    grey = Image.fromarray(np.array([[0, 32896, 65535]], np.uint16))
    assert decode(saved(grey, "PNG")).rgba[0, :, 0].tolist() == [0, 128, 255]


def test_only_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (4, 4), color) for color in ((200, 0, 0), (0, 200, 0))]
    assert decode(saved(frames[0], "GIF", save_all=True, append_images=frames[1:])).rgba[0, 0, 0] == 200


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (12_000, 9_000), (6_400, 6_300), (2, MAX_PIXELS)])
def test_too_many_pixels_are_refused_by_the_header(width: int, height: int) -> None:
    with pytest.raises(TooLarge):
        decode(png_that_claims(width, height))


def test_a_truncated_jpeg_is_unreadable() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8))
    data = saved(noise, "JPEG")
    for share in (0.05, 0.5, 0.95):
        with pytest.raises(Unreadable):
            decode(data[: int(share * len(data))])


def test_svg_is_refused_by_name() -> None:
    drawing = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    with pytest.raises(Unreadable, match="SVG"):
        decode(drawing)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0", b"BM", png_that_claims(0, 5)]
)
def test_what_is_no_picture_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(data)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "BMP", "GIF"]), st.data())
def test_a_file_with_flipped_bytes_is_decoded_or_refused(kind: str, data: st.DataObject) -> None:
    content = bytearray(saved(two_tone().resize((16, 8)), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        picture = decode(bytes(content))
    except MoldarError:
        return
    assert picture.rgba.shape[2] == 4


def test_a_picture_checks_its_shape() -> None:
    with pytest.raises(ValueError, match="rgba"):
        Picture(np.zeros((4, 4, 3), np.uint8))
