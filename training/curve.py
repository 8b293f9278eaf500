"""`python -m training.curve CURVE.csv CURVE.svg`: draw a run's losses over its minutes."""

import csv
import math
import sys
from pathlib import Path
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 220  # of each of the two plots
LEFT: Final = 60
FOOT: Final = 40
PLOTS: Final = (("total", "total loss"), ("position", "mean distance of centres from the true surface, model units"))
COLORS: Final = {"train": "#b0b7c3", "check": "#c2513d"}


def drawn(rows: list[dict[str, str]]) -> str:
    """An SVG of the rows of `curve.csv`: losses of the batches and, by the averaged weights, of unseen objects."""
    end = max(float(row["minutes"]) for row in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {len(PLOTS) * (HEIGHT + FOOT) + 10}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for index, (column, title) in enumerate(PLOTS):
        parts += _plot(rows, column, title, top=20 + index * (HEIGHT + FOOT), end=end)
    return "\n".join([*parts, "</svg>", ""])


def _plot(rows: list[dict[str, str]], column: str, title: str, top: int, end: float) -> list[str]:
    """One plot, logarithmic upwards."""
    low, high = (math.log(pick(float(row[column]) for row in rows)) for pick in (min, max))
    floor, wide = top + HEIGHT - FOOT, WIDTH - LEFT - 20

    def at(minutes: float, value: float) -> tuple[float, float]:
        share = (math.log(value) - low) / max(high - low, 1e-9)
        return LEFT + minutes / end * wide, floor - share * (floor - top - 10)

    parts = [f'<text x="{LEFT}" y="{top}">{title}</text>']
    for step in range(5):
        value, minutes = math.exp(low + (high - low) * step / 4), end * step / 4
        (x, _), (_, y) = at(minutes, math.exp(low)), at(0, value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 20}" stroke="#eee"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
        parts.append(f'<text x="{x:.1f}" y="{floor + 16}" text-anchor="middle">{minutes:.0f} min</text>')
    for kind, color in COLORS.items():
        points = (at(float(row["minutes"]), float(row[column])) for row in rows if row["set"] == kind)
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.5"/>')
    names = {"train": "batches", "check": "unseen objects, averaged weights"}
    for row, (kind, name) in enumerate(names.items()):
        parts.append(f'<text x="{WIDTH - 220}" y="{top + 14 * row + 20}" fill="{COLORS[kind]}">{name}</text>')
    return parts


def main() -> None:
    """Read the CSV, write the SVG."""
    source, target = (Path(argument) for argument in sys.argv[1:3])
    with source.open(newline="") as file:
        target.write_text(drawn(list(csv.DictReader(file))))


if __name__ == "__main__":
    main()
