"""The subject of a picture, without its background."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import NoSubject
from pipelines.images.decode import Picture

Method = Literal["alpha", "grabcut", "rembg"]

_TRANSPARENT = 250  # a picture has real alpha when some of it is below this
_LEAST_COVERAGE = 0.001
_WORKING_SIZE = 512  # pixels of the longer side at which the background is found; GrabCut takes 0.3 to 1 s there
_BORDER = 0.03  # of the longer side: the strip that is taken for background
# Residual of the border around a quadratic surface in Lab: 2 for plain and graded paper, 5 with a shadow, 19 and more
# for a busy scene.
_PLAIN_SIGMA = 6.0
_SHARES = (0.005, 0.97)  # of the picture that a believable first guess covers
_SHADOW = 45.0  # Lab lightness that a cast shadow may take away
_CHROMA = 6.0  # Lab chroma by which a shadow may differ from the paper it falls on
_RECTANGLE_INSET = 0.03
_DOUBTFUL = 0.6  # confidence below which a network, where there is one, is asked instead


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """The subject, its background transparent, in the frame of the picture it came from."""

    rgba: NDArray[np.uint8]  # [H, W, 4] sRGB, straight alpha
    method: Method
    coverage: float  # share of the picture that is left, 0..1
    confidence: float  # 0..1: how far two ways of finding the subject agree; 1 for real alpha


def cut_out(picture: Picture, rembg_weights: Path | None = None) -> Cutout:
    """The subject of the picture.

    Real alpha is taken as it is. Otherwise a smooth background is fitted to the border and refined by GrabCut; where
    the border is too busy for that, GrabCut starts from a rectangle. Where that is doubtful and the rembg extra is
    installed, its network decides.

    Args:
        picture: Any size.
        rembg_weights: The network's ONNX file; None, or one that does not exist, leaves it out. Nothing is fetched.

    Raises:
        NoSubject: nothing is left once the background is gone.
    """
    alpha = picture.rgba[:, :, 3]
    if (alpha < _TRANSPARENT).any() and not (alpha < _TRANSPARENT).all():
        return _cutout(picture, alpha, "alpha", 1.0)
    if (alpha < _TRANSPARENT).all():
        raise NoSubject("The picture is transparent everywhere.")
    found, confidence = _without_background(picture)
    if confidence < _DOUBTFUL and rembg_weights is not None and rembg_weights.is_file() and find_spec("rembg"):
        return _cutout(picture, _by_network(picture, rembg_weights), "rembg", 0.9)
    return _cutout(picture, found, "grabcut", confidence)


def _cutout(picture: Picture, alpha: NDArray[np.uint8], method: Method, confidence: float) -> Cutout:
    coverage = float((alpha > 127).mean())
    if coverage < _LEAST_COVERAGE:
        raise NoSubject("Nothing stands out from the picture's background.")
    return Cutout(np.dstack([picture.rgba[:, :, :3], alpha]), method, coverage, confidence)


def _by_network(picture: Picture, weights: Path) -> NDArray[np.uint8]:
    import rembg  # noqa: PLC0415 - takes seconds to load

    session = rembg.new_session("u2net_custom", model_path=str(weights))
    return np.asarray(rembg.remove(picture.rgba[:, :, :3], session=session, only_mask=True), np.uint8)


def _without_background(picture: Picture) -> tuple[NDArray[np.uint8], float]:
    """Alpha [H, W] of the subject and the confidence in it."""
    import cv2  # noqa: PLC0415 - 170 ms that only replicas with pictures pay

    height, width = picture.rgba.shape[:2]
    scale = min(1.0, _WORKING_SIZE / max(height, width))
    small_size = max(round(width * scale), 8), max(round(height * scale), 8)
    rgb = cv2.resize(picture.rgba[:, :, :3], small_size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    paper, sigma = _paper(lab)
    away = np.linalg.norm(lab - paper, axis=2)
    if away.max() < 4.0:  # just noticeable differences: one plain surface
        raise NoSubject("Nothing stands out from the picture's background.")
    guess = _standing_out(lab, paper, sigma)
    believable = sigma <= _PLAIN_SIGMA and _SHARES[0] < guess.mean() < _SHARES[1]
    subject = _grab(rgb, _seeded(lab, paper, guess, sigma) if believable else _rectangle(guess.shape))
    if not subject.any():
        raise NoSubject("Nothing stands out from the picture's background.")
    confidence = _overlap(subject, guess) if believable else _separation(lab, subject)
    return _enlarged(_without_specks(subject), (width, height)), confidence


def _paper(lab: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """The background at every pixel, as a quadratic surface through the border, and the border's robust scatter."""
    height, width = lab.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    strip = max(2, round(_BORDER * max(height, width)))
    border = np.ones((height, width), bool)
    border[strip:-strip, strip:-strip] = False
    rows, colors = basis[border], lab[border]
    keep = np.ones(len(rows), bool)
    for _ in range(4):  # a subject that touches the border drops out as outlier
        surface, *_ = np.linalg.lstsq(rows[keep], colors[keep], rcond=None)
        residual = np.linalg.norm(colors - rows @ surface, axis=1)
        sigma = float(1.4826 * np.median(residual))
        keep = residual <= max(2.5 * sigma, 1.0)
    return (basis @ surface).astype(np.float32), sigma


def _standing_out(lab: NDArray[np.float32], paper: NDArray[np.float32], sigma: float) -> NDArray[np.bool_]:
    """Pixels unlike the paper and no mere shadow on it; what encloses paper-coloured holes keeps them open."""
    difference = lab - paper
    away = np.linalg.norm(difference, axis=2)
    limit = max(4.0 * sigma, 9.0)
    return np.asarray((away > limit) & ~_shadowed(lab, paper, sigma))


def _shadowed(lab: NDArray[np.float32], paper: NDArray[np.float32], sigma: float) -> NDArray[np.bool_]:
    """Darker than the paper, of its hue, and without edges of its own: soft shadows."""
    import cv2  # noqa: PLC0415 - as above

    difference = lab - paper
    darker = (difference[:, :, 0] < 0) & (difference[:, :, 0] > -_SHADOW)
    same_hue = np.linalg.norm(difference[:, :, 1:], axis=2) < max(2.0 * sigma, _CHROMA)
    lightness = np.ascontiguousarray(lab[:, :, 0])
    slope = np.hypot(cv2.Sobel(lightness, cv2.CV_32F, 1, 0), cv2.Sobel(lightness, cv2.CV_32F, 0, 1)) / 8
    flat = cv2.dilate((slope > 3.0).astype(np.uint8), np.ones((3, 3), np.uint8)) == 0
    soft = darker & same_hue & flat
    # A shadow fades into the paper; a grey subject ends at an edge all around.
    _, labels = cv2.connectedComponents(
        (soft | (np.linalg.norm(difference, axis=2) < max(3 * sigma, 5.0))).astype(np.uint8)
    )
    rim = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return np.asarray(soft & np.isin(labels, rim[rim > 0]))


def _seeded(
    lab: NDArray[np.float32], paper: NDArray[np.float32], guess: NDArray[np.bool_], sigma: float
) -> NDArray[np.uint8]:
    """GrabCut's four labels from the first guess: sure inside and outside, open along the edge and in shadows."""
    import cv2  # noqa: PLC0415 - as above

    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    inside = cv2.erode(guess.astype(np.uint8), kernel) > 0
    outside = cv2.dilate(guess.astype(np.uint8), kernel) == 0
    labels = np.where(guess, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[inside] = cv2.GC_FGD
    labels[outside & ~_shadowed(lab, paper, sigma)] = cv2.GC_BGD
    return labels


def _rectangle(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    import cv2  # noqa: PLC0415 - as above

    inset = max(2, round(_RECTANGLE_INSET * max(shape)))
    labels = np.full(shape, cv2.GC_BGD, np.uint8)
    labels[inset:-inset, inset:-inset] = cv2.GC_PR_FGD
    return labels


def _grab(rgb: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """GrabCut from the labels. Source: Rother et al., "GrabCut" (2004)."""
    import cv2  # noqa: PLC0415 - as above

    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if inside.all() or not inside.any():
        return np.asarray(inside)
    cv2.setRNGSeed(0)  # its colour clusters start at random
    models = np.zeros((2, 1, 65))
    cv2.grabCut(np.ascontiguousarray(rgb[:, :, ::-1]), labels, None, models[0], models[1], 3, cv2.GC_INIT_WITH_MASK)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max(int((one | other).sum()), 1))


def _separation(lab: NDArray[np.float32], subject: NDArray[np.bool_]) -> float:
    """How little the colours of subject and background overlap: 1 - Bhattacharyya coefficient of 8^3 histograms."""
    bins = np.clip((lab + np.array([0, 64, 64])) / np.array([12.5, 16, 16]), 0, 7).astype(np.int64) @ np.array(
        [64, 8, 1]
    )
    inside = np.bincount(bins[subject], minlength=512) / max(int(subject.sum()), 1)
    outside = np.bincount(bins[~subject], minlength=512) / max(int((~subject).sum()), 1)
    return float(1 - np.sqrt(inside * outside).sum())


def _without_specks(subject: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pieces smaller than 1 % of the largest are noise; so are pinholes."""
    import cv2  # noqa: PLC0415 - as above

    for value in (True, False):
        count, labels, stats, _ = cv2.connectedComponentsWithStats((subject == value).astype(np.uint8))
        areas: NDArray[Any] = stats[1:count, cv2.CC_STAT_AREA]
        if not len(areas):
            break
        least = 0.01 * areas.max() if value else 12
        subject = np.where(np.isin(labels, 1 + np.flatnonzero(areas < least)), not value, subject)
    return np.asarray(subject, bool)


def _enlarged(subject: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The mask at full size with an edge one working pixel wide, without the steps of the small one."""
    import cv2  # noqa: PLC0415 - as above

    soft = cv2.GaussianBlur(subject.astype(np.float32), (0, 0), 0.9)
    large = cv2.resize(soft, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip((large - 0.5) * 2.5 + 0.5, 0, 1) * 255, np.uint8)
