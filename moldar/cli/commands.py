"""The commands and their options. What they do is in the modules beside this one, imported when a command runs."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from moldar.cli.keys import keys_app
from moldar.cli.outcome import INPUT, INTERRUPTED, Failure, run

app = typer.Typer(
    help="A sentence or a picture becomes a printable object and a price.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
weights_app = typer.Typer(help="Weights of the model backends.", rich_markup_mode=None)
app.add_typer(weights_app, name="weights")
app.add_typer(keys_app, name="keys")

# Typer carries its own copy of click in newer versions and uses click itself in older ones: this is either's base.
_UsageError: Final[type[Any]] = typer.BadParameter.__mro__[1]

In = Annotated[Path, typer.Argument(metavar="IN", exists=True, dir_okay=False, help="The file to read.")]
Mesh = Annotated[Path, typer.Argument(metavar="MESH", exists=True, dir_okay=False, help="A mesh or splats.")]
SizeMm = Annotated[float | None, typer.Option("--size-mm", help="Longest side of the printed object.")]
Unit = Annotated[str | None, typer.Option(help="Of the file's numbers: mm, cm, inch or m.")]
Process = Annotated[str | None, typer.Option(help="fdm or resin.")]
Material = Annotated[str | None, typer.Option(help="One of the price book: pla, petg, abs, asa, tpu, nylon, resin.")]
Quantity = Annotated[int | None, typer.Option(help="Pieces to quote.")]
Infill = Annotated[float | None, typer.Option(help="Filled share of the interior, 0 to 1.")]
Currency = Annotated[str | None, typer.Option(help="One of the price book, such as USD, EUR or BRL.")]
ShipTo = Annotated[str | None, typer.Option(metavar="ZONE", help="Where it goes, such as pickup or domestic.")]
Budget = Annotated[
    str | None, typer.Option(metavar="AMOUNT", help="Find the largest size under this price, such as 25.00.")
]
WeightsName = Annotated[str | None, typer.Argument(metavar="NAME", help="One of them; all without it.")]
Said = Annotated[str | None, typer.Option("--source", help="Who says mass and time: geometry or slicer.")]
Texture = Annotated[bool, typer.Option("--texture", help="Colours of the .glb in a picture, on fewer triangles.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def main() -> None:
    """Entry point of `moldar`."""
    sys.exit(run(lambda: dispatch(sys.argv[1:])))


def dispatch(arguments: list[str]) -> None:
    """Run one command; what goes wrong is raised."""
    try:
        ended = app(arguments, prog_name="moldar", standalone_mode=False)
    except typer.Abort:  # what click makes of Ctrl-C
        raise KeyboardInterrupt from None
    except _UsageError as error:
        command = error.ctx.command_path if error.ctx else "moldar"
        raise Failure(INPUT, f"{error.format_message().rstrip('.')}; try '{command} --help'.") from None
    if ended == INTERRUPTED:  # what typer's own copy of click makes of it
        raise KeyboardInterrupt


@app.command()
def generate(  # noqa: PLR0913, PLR0917 - the options of the contract
    prompt: Annotated[str | None, typer.Argument(help="The object in words, English or Portuguese.")] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="A picture; four are views of one object, all around it."),
    ] = None,
    cameras: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FILE.json", help="Where the four views were taken from, as a list."
        ),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="auto, local, parametric, relief, replicate or huggingface.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model of the method, such as lgm.")] = None,
    size_mm: SizeMm = None,
    material: Material = None,
    quantity: Quantity = None,
    infill: Infill = None,
    currency: Currency = None,
    ship_to: ShipTo = None,
    said_by: Said = None,
    seed: Annotated[int | None, typer.Option(help="The same request and seed give the same object.")] = None,
    best_of: Annotated[int | None, typer.Option(help="Seeds to try; the one whose views agree best is kept.")] = None,
    steps: Annotated[int | None, typer.Option(help="Sampling steps, where a model samples.")] = None,
    negative_prompt: Annotated[str | None, typer.Option(help="What it should not be, where a model samples.")] = None,
    elevation_deg: Annotated[float | None, typer.Option(help="How far above the object the pictures are.")] = None,
    formats: Annotated[str | None, typer.Option(help="Of stl, glb, 3mf, obj, ply; with commas.")] = None,
    texture: Texture = False,
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder of the result; out/<words>.")] = None,
    url: Annotated[str | None, typer.Option(help="A running service; without it one is started for this.")] = None,
    api_key: Annotated[str | None, typer.Option(help="Key of that service.")] = None,
    json: Json = False,
) -> None:
    """Make an object of a sentence, of pictures or of both."""
    from moldar.cli.generate import Target, camera_poses, data_uri, slug  # noqa: PLC0415 - `--help` is quick
    from moldar.cli.generate import generate as make  # noqa: PLC0415
    from moldar.wire import GenerationRequest  # noqa: PLC0415

    asked = {
        "prompt": prompt,
        "images": [data_uri(path) for path in image] if image else None,
        "cameras": camera_poses(cameras) if cameras else None,
        "method": method,
        "model": model,
        "negative_prompt": negative_prompt,
        "steps": steps,
        "best_of": best_of,
        "elevation_deg": elevation_deg,
        "size_mm": size_mm,
        "material": material,
        "quantity": quantity,
        "infill": infill,
        "currency": currency,
        "ship_to": ship_to,
        "source": said_by,
        "seed": seed,
        "formats": [part.strip() for part in formats.split(",")] if formats is not None else None,
        "texture": texture or None,
    }
    request = GenerationRequest.model_validate(_given(asked))
    folder = out or Path("out") / slug(prompt or (image[0].stem if image else ""))
    make(request, Target(url, api_key, folder, json))


@app.command()
def convert(
    source: In,
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write: .stl .obj .ply .glb .3mf .splat .spz")
    ],
    size_mm: SizeMm = None,
    unit: Unit = None,
    texture: Texture = False,
    json: Json = False,
) -> None:
    """Convert a mesh or splats. Splats stay splats in .ply, .splat and .spz, and become a solid in the others."""
    from moldar.cli import files  # noqa: PLC0415 - `--help` is quick
    from moldar.wire import InspectionRequest  # noqa: PLC0415

    checked = InspectionRequest.model_validate(_given({"size_mm": size_mm, "unit": unit}))
    files.convert(source, target, checked, texture=texture, as_json=json)


@app.command()
def inspect(
    source: Mesh,
    size_mm: SizeMm = None,
    unit: Unit = None,
    process: Process = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Paint what was found on a picture of it.")
    ] = None,
    json: Json = False,
) -> None:
    """Report how well a mesh prints."""
    from moldar.cli import files  # noqa: PLC0415 - `--help` is quick
    from moldar.wire import InspectionRequest  # noqa: PLC0415

    request = InspectionRequest.model_validate(_given({"size_mm": size_mm, "unit": unit, "process": process}))
    files.inspect(source, request, picture, as_json=json)


@app.command()
def quote(  # noqa: PLR0913, PLR0917 - the options of the contract
    source: Mesh,
    size_mm: SizeMm = None,
    unit: Unit = None,
    material: Material = None,
    quantity: Quantity = None,
    infill: Infill = None,
    currency: Currency = None,
    ship_to: ShipTo = None,
    budget: Budget = None,
    said_by: Said = None,
    json: Json = False,
) -> None:
    """Price the printing of a mesh."""
    from moldar.cli import files  # noqa: PLC0415 - `--help` is quick
    from moldar.wire import FileQuoteRequest  # noqa: PLC0415

    asked = {
        "size_mm": size_mm,
        "unit": unit,
        "material": material,
        "quantity": quantity,
        "infill": infill,
        "currency": currency,
        "ship_to": ship_to,
        "budget_minor": _minor(budget, currency),
        "source": said_by,
    }
    files.quote(source, FileQuoteRequest.model_validate(_given(asked)), as_json=json)


@app.command()
def render(
    source: Annotated[
        Path, typer.Argument(metavar="SPLAT_OR_MESH", exists=True, dir_okay=False, help="The file to draw.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write: a picture as .png, a turn around it as .webp.")
    ],
    size: Annotated[int, typer.Option(help="Pixels per side.")] = 512,
    elevation_deg: Annotated[float, typer.Option(help="How far above the object the camera is.")] = 0.0,
    azimuth_deg: Annotated[float, typer.Option(help="How far around it; 0 sees the front.")] = 0.0,
    frames: Annotated[int | None, typer.Option(help="Pictures in a .webp; 36.")] = None,
    json: Json = False,
) -> None:
    """Draw a mesh or splats."""
    from moldar.cli import files  # noqa: PLC0415 - `--help` is quick
    from pipelines.geometry import Camera  # noqa: PLC0415 - numpy

    files.render(source, target, Camera(elevation_deg, azimuth_deg), size, frames, as_json=json)


@app.command()
def repair(  # noqa: PLR0913, PLR0917 - one option for each repair
    source: Mesh,
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write: .stl .obj .ply .glb .3mf; parts go beside it.")
    ],
    thicken: Annotated[
        str | None, typer.Option(metavar="MM|auto", help="Grow thinner walls to this; auto: what is sound.")
    ] = None,
    flatten_base: Annotated[bool, typer.Option("--flatten-base", help="Cut the bottom so that it stands.")] = False,
    hollow: Annotated[
        float | None, typer.Option(metavar="MM", help="Take the inside out; leave walls of this.")
    ] = None,
    drain: Annotated[float | None, typer.Option(metavar="MM", help="Diameter of a hollow part's holes; 4.")] = None,
    fill_voids: Annotated[bool, typer.Option("--fill-voids", help="Fill closed hollows.")] = False,
    turn: Annotated[
        str | None, typer.Option(metavar="best|N", help="Lay it another way: the best, or the report's first to third.")
    ] = None,
    split: Annotated[
        bool, typer.Option("--split", help="Cut it into parts that fit the printer, with dowels.")
    ] = False,
    offered: Annotated[bool, typer.Option("--all", help="Everything that the report offers.")] = False,
    process: Process = None,
    size_mm: SizeMm = None,
    unit: Unit = None,
    json: Json = False,
) -> None:
    """Make a mesh a closed solid, repair it for printing and report before and after."""
    from moldar.cli import repair as repairs  # noqa: PLC0415 - `--help` is quick
    from moldar.cli.disk import mesh_format  # noqa: PLC0415
    from moldar.wire import FileRepairRequest  # noqa: PLC0415

    if drain is not None and hollow is None:
        raise Failure(INPUT, "--drain is the diameter of a hollow part's holes: it goes with --hollow.")
    wanted: list[dict[str, Any] | None] = [
        {"kind": "thicken", "wall_mm": _number("--thicken", thicken, "auto")} if thicken is not None else None,
        {"kind": "flatten_base"} if flatten_base else None,
        {"kind": "hollow", "wall_mm": hollow, "drain_mm": drain} if hollow is not None else None,
        {"kind": "fill_voids"} if fill_voids else None,
        {"kind": "turn", "choice": _number("--turn", turn, "best")} if turn is not None else None,
        {"kind": "split_to_fit"} if split else None,
    ]
    asked = {
        "repairs": [step for step in wanted if step is not None],
        "offered": offered,
        "process": process,
        "size_mm": size_mm,
        "unit": unit,
        "format": mesh_format(target),
    }
    repairs.repair(source, target, FileRepairRequest.model_validate(_given(asked)), as_json=json)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 8000,
) -> None:
    """Run the page and the API until Ctrl-C."""
    from serve_app import serve_forever  # noqa: PLC0415 - Ray is loaded here

    typer.echo(f"Starting Moldar on http://{host}:{port} (Ctrl-C stops it)", err=True)
    serve_forever(host, port)


@app.command()
def calibrate(
    profile: Annotated[
        Path, typer.Argument(metavar="PROFILE.ini", exists=True, dir_okay=False, help="A slicer's exported profile.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, metavar="FILE.toml", help="Where to write; calibrations/ in the data folder."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Every second shape, once: quicker, and wider bands.")] = False,
    json: Json = False,
) -> None:
    """Fit the print-time and material model to a slicer's profile."""
    from moldar.cli.calibrate import calibrate as fit  # noqa: PLC0415 - `--help` is quick

    fit(profile, out, quick=quick, as_json=json)


@app.command()
def doctor(json: Json = False) -> None:
    """Say what works on this machine and what is missing."""
    from moldar.cli.doctor import doctor as check  # noqa: PLC0415 - `--help` is quick

    check(as_json=json)


@weights_app.command("list")
def list_weights(json: Json = False) -> None:
    """Show the weights that Moldar knows, their licences, and whether they are here."""
    from moldar.cli import weights  # noqa: PLC0415 - `--help` is quick

    weights.show(as_json=json)


@weights_app.command("verify")
def verify_weights(name: WeightsName = None, json: Json = False) -> None:
    """Read every byte of the weights that are here and hold it against the manifest."""
    from moldar.cli import weights  # noqa: PLC0415 - `--help` is quick

    weights.check(name, as_json=json)


@weights_app.command("fetch")
def fetch_weights(
    name: WeightsName = None,
    local: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Take them from a folder; nothing else is asked.")
    ] = None,
    mirror: Annotated[str | None, typer.Option(metavar="URL", help="Another hub; HF_TOKEN goes to it.")] = None,
    revision: Annotated[str | None, typer.Option(help="A branch, tag or commit instead of the manifest's.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Only from the hub's cache on this machine.")] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Take a file whose hash is not the one that others report.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring weights; what an interrupted run has fetched is kept."""
    from moldar.cli import weights  # noqa: PLC0415 - `--help` is quick

    weights.fetch(weights.Wish(name, local, mirror, revision, offline, trust), as_json=json)


def _minor(budget: str | None, currency: str | None) -> int | None:
    if budget is None:
        return None
    from moldar.cli.pricing import minor_units  # noqa: PLC0415 - `--help` is quick

    return minor_units(budget, currency)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Only what was said: the defaults are the wire models'."""
    return {name: value for name, value in options.items() if value is not None}


def _number(option: str, text: str, word: str) -> float | None:
    """The number in an option, None where it is the word that leaves it open."""
    if text == word:
        return None
    try:
        return float(text)
    except ValueError:
        raise Failure(INPUT, f"{option} takes a number or {word!r}, not {text[:40]!r}.") from None
