import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.errors import NoSubject
from pipelines.images import Picture, cut_out

N = 400


def subject() -> NDArray[np.float32]:
    """Coverage of a ring with a bar and a foot: a hole, a thin part and corners."""
    mask = np.zeros((4 * N, 4 * N), np.uint8)
    cv2.circle(mask, (700, 650), 350, 255, -1)
    cv2.circle(mask, (720, 620), 110, 0, -1)
    cv2.rectangle(mask, (1000, 640), (1300, 690), 255, -1)
    cv2.fillPoly(mask, [np.array([[500, 950], [700, 1350], [900, 950]])], 255)
    return np.asarray(cv2.resize(mask, (N, N), interpolation=cv2.INTER_AREA) / 255.0, np.float32)


def picture_on(background: NDArray[np.floating]) -> Picture:
    y, x = np.mgrid[:N, :N] / N
    paint = np.stack([210 - 80 * y, 50 + 90 * x, np.full_like(x, 60)], axis=-1)
    share = subject()[..., None]
    noise = np.random.default_rng(0).normal(0, 2, (N, N, 3))
    rgb = np.clip(paint * share + background * (1 - share) + noise, 0, 255).astype(np.uint8)
    return Picture(np.dstack([rgb, np.full((N, N), 255, np.uint8)]))


def background(kind: str) -> NDArray[np.float64]:
    y, x = np.mgrid[:N, :N] / N
    plain = np.full((N, N, 3), 248.0)
    if kind == "gradient":
        return np.stack([235 - 70 * y, 230 - 50 * x, 225 - 20 * y], axis=-1)
    if kind == "texture":
        rng = np.random.default_rng(1)
        stripes = 120 + 80 * np.sin(x * 90) * np.sin(y * 60)
        return np.clip(stripes[..., None] * (0.6, 0.9, 1.2) + rng.normal(0, 15, (N, N, 3)), 0, 255)
    if kind == "shadow":
        fallen = np.roll(cv2.GaussianBlur(subject(), (0, 0), 10), (24, 32), (0, 1))
        return plain * (1 - 0.4 * fallen[..., None])
    return plain


def overlap(found: NDArray[np.uint8]) -> float:
    seen, true = found[..., 3] > 127, subject() > 0.5
    return float((seen & true).sum() / (seen | true).sum())


@pytest.mark.parametrize(("kind", "least"), [("white", 0.97), ("gradient", 0.96), ("texture", 0.96), ("shadow", 0.88)])
def test_the_subject_is_found(kind: str, least: float) -> None:
    cutout = cut_out(picture_on(background(kind)))
    assert cutout.method == "grabcut"
    assert overlap(cutout.rgba) > least
    assert cutout.coverage == pytest.approx(float(subject().mean()), rel=0.12)
    assert cutout.confidence > 0.8


def test_the_same_picture_gives_the_same_cutout() -> None:
    picture = picture_on(background("texture"))
    assert (cut_out(picture).rgba == cut_out(picture).rgba).all()


def test_real_alpha_is_taken_as_it_is() -> None:
    rgba = np.dstack([np.full((N, N, 3), 90, np.uint8), (255 * subject()).astype(np.uint8)])
    cutout = cut_out(Picture(rgba))
    assert (cutout.rgba == rgba).all()
    assert (cutout.method, cutout.confidence) == ("alpha", 1.0)


def test_a_subject_unlike_its_surroundings_is_surer_than_one_like_them() -> None:
    rng = np.random.default_rng(2)
    alike = np.clip(rng.normal((190, 110, 60), 30, (N, N, 3)), 0, 255)
    assert cut_out(picture_on(alike)).confidence < cut_out(picture_on(background("texture"))).confidence - 0.1


@pytest.mark.parametrize("alpha", [0, 255])
def test_a_blank_picture_has_no_subject(alpha: int) -> None:
    blank = np.full((60, 80, 4), 255, np.uint8)
    blank[..., 3] = alpha
    with pytest.raises(NoSubject):
        cut_out(Picture(blank))


def test_a_plain_gradient_has_no_subject() -> None:
    rgb = background("gradient").astype(np.uint8)
    with pytest.raises(NoSubject):
        cut_out(Picture(np.dstack([rgb, np.full((N, N), 255, np.uint8)])))


def test_a_speck_of_alpha_is_no_subject() -> None:
    rgba = np.zeros((100, 100, 4), np.uint8)
    rgba[5, 5] = 255
    with pytest.raises(NoSubject):
        cut_out(Picture(rgba))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (3, 2), (900, 4)])
def test_tiny_and_slender_pictures_end_in_a_cutout_or_no_subject(shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    try:
        cutout = cut_out(Picture(np.dstack([rgb, np.full(shape, 255, np.uint8)])))
    except NoSubject:
        return
    assert cutout.rgba.shape == (*shape, 4)
