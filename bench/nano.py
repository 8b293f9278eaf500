"""lgm-nano on objects it never saw, beside the best any network could do and beside carving by outlines alone.

Twice: the network alone, and held within the outlines of its views, as it is served.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipelines.cameras import FOVY_DEG, STANDARD_AZIMUTHS_DEG, orbit
from pipelines.geometry import FreeCamera
from pipelines.lgm import Lgm, load_lgm, splat
from pipelines.pictures.photograph import Studio
from pipelines.splats import render
from training.data import ELEVATIONS_DEG, views_of
from training.evaluate import Outcome, Trial, answered, bound, carved, trial
from training.solids import HELD_OUT, KINDS

ROOT: Final = Path(__file__).parent.parent
WEIGHTS: Final = ROOT / "pretrained" / "lgm-nano.safetensors"
SHEET: Final = ROOT / "docs" / "pictures" / "nano-worst.png"
GOAL_KINDS: Final = ("vase", "primitive", "union", "figure")
OBJECTS: Final = 100
QUICK_OBJECTS: Final = 12
OTHER_POSES_OBJECTS: Final = 16
TILE: Final = 104
WORST: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One object and its four answers."""

    kind: str
    given: Trial
    alone: Outcome
    nano: Outcome  # within the outlines
    best: Outcome
    hull: Outcome


def main() -> None:
    """Score, print per kind, draw the worst."""
    quick = "--quick" in sys.argv
    torch.set_num_threads(2)
    model = load_lgm(WEIGHTS)
    numbers = sum(weight.numel() for weight in model.parameters())
    print(f"{WEIGHTS.name}: {numbers / 1e6:.2f} M parameters, {WEIGHTS.stat().st_size / 1e6:.1f} MB")
    print(f"views -> Gaussians: {_seconds(model, trial('vase', 0)):.3f} s (median of 9, 2 threads)")
    scored = _all(model, QUICK_OBJECTS if quick else OBJECTS)
    _table(scored)
    if not quick:
        _other_poses(model)
        _sheet(sorted(scored, key=lambda one: one.nano.iou)[:WORST])
        print(f"the {WORST} worst by IoU: {SHEET.relative_to(ROOT)}")


def _all(model: Lgm, count: int) -> list[Scored]:
    kinds = [KINDS[i % len(KINDS)] for i in range(count)]
    scored = []
    for number, kind in enumerate(kinds):
        given = trial(kind, number // len(KINDS))
        scored.append(Scored(kind, given, *answered(model, given), bound(given), carved(given)))
    return scored


def _seconds(model: Lgm, given: Trial) -> float:
    views, took = views_of(given.record), []
    for _ in range(10):
        began = time.perf_counter()
        splat(model, [views])
        took.append(time.perf_counter() - began)
    return statistics.median(took[1:])


def _table(scored: Sequence[Scored]) -> None:
    titles = ("network alone", "within outlines", "true maps (bound)", "visual hull")
    print(f"\n{'':16s}" + " | ".join(f"{title:^30s}" for title in titles))
    columns = f"{'PSNR':>6s}{'IoU':>8s}{'median':>8s}{'>=.85':>8s}"
    print(f"{'kind':12s}{'n':>4s}" + " | ".join([columns] * 4))
    groups: list[tuple[str, Callable[[Scored], bool]]] = [
        *((kind, lambda one, kind=kind: one.kind == kind) for kind in KINDS),
        ("goal kinds", lambda one: one.kind in GOAL_KINDS),
        ("all learned", lambda one: one.kind != HELD_OUT),
    ]
    for name, chosen in groups:
        rows = [one for one in scored if chosen(one)]
        if rows:
            mark = " *" if name == HELD_OUT else ""
            answers = ([one.alone for one in rows], [one.nano for one in rows], [one.best for one in rows])
            cells = [_cells(outcomes) for outcomes in (*answers, [one.hull for one in rows])]
            print(f"{name + mark:12s}{len(rows):4d}" + " | ".join(cells))
    print(f"* never shown in training. goal kinds: {', '.join(GOAL_KINDS)}; goals on a CPU: median IoU .70, 17 dB")
    for title, answer in (("the network alone", "alone"), ("lgm-nano within the outlines", "nano")):
        solid = np.mean([getattr(one, answer).iou > one.hull.iou for one in scored])
        sharp = np.mean([getattr(one, answer).psnr_db > one.hull.psnr_db for one in scored])
        print(f"{title} beats the visual hull in IoU on {solid:.0%}, in PSNR on {sharp:.0%} of the objects")


def _cells(outcomes: Sequence[Outcome]) -> str:
    ious = np.array([outcome.iou for outcome in outcomes])
    psnr = np.mean([outcome.psnr_db for outcome in outcomes])
    return f"{psnr:6.2f}{ious.mean():8.3f}{np.median(ious):8.3f}{(ious >= 0.85).mean():8.0%}"


def _other_poses(model: Lgm) -> None:
    """What callers get who bring views from other places than the standard ones."""
    random = np.random.default_rng(0)
    count = OTHER_POSES_OBJECTS

    def standard(_: int) -> NDArray[np.float32]:
        return orbit(ELEVATIONS_DEG)

    def unsteady(_: int) -> NDArray[np.float32]:
        azimuths = np.array(STANDARD_AZIMUTHS_DEG) + random.normal(0, 5, 4)
        return orbit((np.array(ELEVATIONS_DEG) + random.normal(0, 4, 4)).tolist(), azimuths.tolist())

    for name, poses in (
        ("standard", standard),
        ("unsteady by 4 and 5 degrees", unsteady),
        ("all four at elevation 0", lambda _: orbit([0.0] * 4)),
    ):
        given = [trial(GOAL_KINDS[i % len(GOAL_KINDS)], 1000 + i, poses=poses(i)) for i in range(count)]
        pairs = [answered(model, one) for one in given]
        print(f"poses {name:28s} n={count}  " + " | ".join(_cells(of) for of in zip(*pairs, strict=True)))


def _sheet(worst: Sequence[Scored]) -> None:
    """One row each: the four views, the truth from elsewhere, nano's splats, nano's solid, the hull's solid."""
    head = 18
    sheet = Image.new("RGB", (8 * TILE, head + WORST * (TILE + head)), "white")
    pen = ImageDraw.Draw(sheet)
    for column, title in enumerate(("view 1", "view 2", "view 3", "view 4", "truth", "lgm-nano", "its solid", "hull")):
        pen.text((column * TILE + 6, 3), title, fill="black")
    for row, one in enumerate(worst):
        top = head + row * (TILE + head)
        for column, picture in enumerate(_tiles(one)):
            tile = Image.fromarray(np.rint(255 * picture).astype(np.uint8)).resize((TILE, TILE))
            sheet.paste(tile, (column * TILE, top))
        line = f"{one.kind}: IoU {one.nano.iou:.2f}, {one.nano.psnr_db:.1f} dB; "
        line += f"bound {one.best.iou:.2f}; hull {one.hull.iou:.2f}"
        pen.text((6, top + TILE + 2), line, fill="black")
    SHEET.parent.mkdir(exist_ok=True)
    sheet.quantize(256).save(SHEET, optimize=True)


def _tiles(one: Scored) -> list[NDArray[np.float32]]:
    side = one.given.unseen.c2w[3]  # 45 degrees above, between the second view and the third
    blank = np.ones((128, 128, 3), np.float32)

    def solid(outcome: Outcome) -> NDArray[np.float32]:
        return blank if outcome.solid is None else Studio(outcome.solid).photograph(side[None], FOVY_DEG, 128).images[0]

    drawn = render(one.nano.gaussians, FreeCamera(side), 128)[0]
    views = list(views_of(one.given.record).images)
    return [*views, one.given.unseen.images[3], drawn, solid(one.nano), solid(one.hull)]


if __name__ == "__main__":
    main()
