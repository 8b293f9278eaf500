"""Draws the pictures of README.md with the project's own pipelines: `make pictures`."""

from pathlib import Path
from typing import Final

from PIL import Image

from pipelines.parametric import build, design
from pipelines.pictures import natural_view, render_mesh
from pipelines.prompt import analyse

HERE: Final = Path(__file__).parent / "pictures"
TILE: Final = 300
SHEET: Final = (
    "a vase 120 mm tall in terracotta",
    "a mug 9 cm tall, dark green",
    "a box 60x40x30 mm with a lid, sky blue",
    "an orange gear with 24 teeth, module 2 mm, bore 8 mm",
    "um parafuso M8x40",
    "um chaveiro vermelho escrito 'ANA'",
    "a plant pot 12 cm wide with drainage, mustard yellow",
    "a purple 20 mm die",
)


def main() -> None:
    """Write the sheet: two rows of four prompts."""
    sheet = Image.new("RGB", (4 * TILE, 2 * TILE))
    for number, prompt in enumerate(SHEET):
        mesh = build(design(analyse(prompt))).mesh
        tile = Image.fromarray(render_mesh(mesh, natural_view(mesh), TILE))
        sheet.paste(tile, (number % 4 * TILE, number // 4 * TILE))
    HERE.mkdir(exist_ok=True)
    sheet.save(HERE / "sheet.png", optimize=True)


if __name__ == "__main__":
    main()
