"""The commands and their options. What they do is in the modules beside this one, imported when a command runs."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from moldar.cli.outcome import INPUT, INTERRUPTED, UNAVAILABLE, Failure, run

app = typer.Typer(
    help="A sentence or a picture becomes a printable object and a price.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
weights_app = typer.Typer(help="Weights of the model backends.", rich_markup_mode=None)
keys_app = typer.Typer(help="API keys of the service.", rich_markup_mode=None)
app.add_typer(weights_app, name="weights")
app.add_typer(keys_app, name="keys")

# Typer carries its own copy of click in newer versions and uses click itself in older ones: this is either's base.
_UsageError: Final[type[Any]] = typer.BadParameter.__mro__[1]

In = Annotated[Path, typer.Argument(metavar="IN", exists=True, dir_okay=False, help="The file to read.")]
Mesh = Annotated[Path, typer.Argument(metavar="MESH", exists=True, dir_okay=False, help="A mesh or splats.")]
SizeMm = Annotated[float | None, typer.Option("--size-mm", help="Longest side of the printed object.")]
Material = Annotated[str | None, typer.Option(help="pla, petg, abs, asa, tpu, nylon or resin.")]
Quantity = Annotated[int | None, typer.Option(help="Pieces to quote.")]
Infill = Annotated[float | None, typer.Option(help="Filled share of the interior, 0 to 1.")]
Currency = Annotated[str | None, typer.Option(help="USD, EUR or BRL.")]
WeightsName = Annotated[str | None, typer.Argument(metavar="NAME", help="One of them; all without it.")]
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
    seed: Annotated[int | None, typer.Option(help="The same request and seed give the same object.")] = None,
    best_of: Annotated[int | None, typer.Option(help="Seeds to try; the one whose views agree best is kept.")] = None,
    steps: Annotated[int | None, typer.Option(help="Sampling steps, where a model samples.")] = None,
    negative_prompt: Annotated[str | None, typer.Option(help="What it should not be, where a model samples.")] = None,
    elevation_deg: Annotated[float | None, typer.Option(help="How far above the object the pictures are.")] = None,
    formats: Annotated[str | None, typer.Option(help="Of stl, glb, 3mf, obj, ply; with commas.")] = None,
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
        "seed": seed,
        "formats": [part.strip() for part in formats.split(",")] if formats is not None else None,
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
) -> None:
    """Convert a mesh or splats. Splats stay splats in .ply, .splat and .spz, and become a solid in the others."""
    from moldar.cli import files  # noqa: PLC0415 - `--help` is quick
    from moldar.wire import InspectionRequest  # noqa: PLC0415

    checked = InspectionRequest.model_validate(_given({"size_mm": size_mm}))
    files.convert(source, target, checked.size_mm)


@app.command()
def inspect(
    source: Mesh,
    size_mm: SizeMm = None,
    process: Annotated[str | None, typer.Option(help="fdm or resin.")] = None,
    json: Json = False,
) -> None:
    """Report how well a mesh prints."""
    from moldar.cli import files  # noqa: PLC0415 - `--help` is quick
    from moldar.wire import InspectionRequest  # noqa: PLC0415

    request = InspectionRequest.model_validate(_given({"size_mm": size_mm, "process": process}))
    files.inspect(source, request, as_json=json)


@app.command()
def quote(
    source: Mesh,
    size_mm: SizeMm = None,
    material: Material = None,
    quantity: Quantity = None,
    infill: Infill = None,
    currency: Currency = None,
    json: Json = False,
) -> None:
    """Price the printing of a mesh."""
    from moldar.cli import files  # noqa: PLC0415 - `--help` is quick
    from moldar.wire import FileQuoteRequest  # noqa: PLC0415

    asked = {
        "size_mm": size_mm,
        "material": material,
        "quantity": quantity,
        "infill": infill,
        "currency": currency,
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
    frames: Annotated[int | None, typer.Option(help="Pictures in a .webp; 180.")] = None,
) -> None:
    """Draw a mesh or splats."""
    from moldar.cli import files  # noqa: PLC0415 - `--help` is quick

    files.render(source, target, size, elevation_deg, azimuth_deg, frames)


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
    profile: Annotated[Path, typer.Argument(metavar="PROFILE.ini", help="A slicer's exported profile.")],
) -> None:
    """Fit the print-time and material model to a slicer's profile."""
    raise Failure(
        UNAVAILABLE,
        f"This version cannot fit its print-time model to {profile.name!r}: it has no adapter that runs a slicer.",
    )


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


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Option(help="Whose key it is.")],
    plan: Annotated[str, typer.Option(help="free, pro or studio.")] = "free",
) -> None:
    """Make a key."""
    raise _no_keys(f"a {plan} key for {name!r} cannot be made")


@keys_app.command("list")
def list_keys() -> None:
    """Show the keys."""
    raise _no_keys("there are none to list")


@keys_app.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Make a key invalid."""
    raise _no_keys(f"there is no key {key_id!r} to revoke")


@keys_app.command("credit")
def credit_key(
    key_id: Annotated[str, typer.Argument(metavar="ID")],
    amount: Annotated[float, typer.Argument(metavar="AMOUNT", help="Credits to add.")],
) -> None:
    """Add credit to a key."""
    raise _no_keys(f"{amount:g} credits cannot be given to {key_id!r}")


def _no_keys(what: str) -> Failure:
    return Failure(UNAVAILABLE, f"This version of the service has no accounts and asks nobody for a key, so {what}.")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Only what was said: the defaults are the wire models'."""
    return {name: value for name, value in options.items() if value is not None}
