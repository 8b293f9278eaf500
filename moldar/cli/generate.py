"""`moldar generate`: a request to a service, its own or another's, and the result in a folder."""

import base64
import json
import mimetypes
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from moldar._files import safe_name
from moldar.cli.outcome import INPUT, Failure, exit_code_of
from moldar.cli.progress import Bar
from moldar.cli.terminal import Terminal
from moldar.client import Client
from moldar.errors import BadAnswer, MoldarClientError
from moldar.wire import Event, Generation, GenerationRequest

_STAGES: Final = {
    "analysis": "Reading the prompt",
    "generation": "Making the shape",
    "conversion": "Closing it and writing files",
    "printability": "Inspecting it for printing",
    "quote": "Pricing it",
}
# What the contract promises beside the files that the service lists.
_DOCUMENTS: Final = ("job.json", "printability.json", "quote.json")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the service is, and where the result goes."""

    url: str | None  # None: a service of our own
    api_key: str | None
    directory: Path
    json: bool


def generate(request: GenerationRequest, target: Target) -> None:
    """Make one object and show it."""
    if target.url is not None:
        _check_url(target)
    else:
        from moldar.cli.pricing import check_wanted  # noqa: PLC0415 - another service has its own price book

        check_wanted(request)
    with Terminal() as terminal, Bar(terminal, measured=True) as bar, _service(terminal, target.url, bar) as url:
        with Client(url, target.api_key) as client:
            bar.say("Asking")
            accepted = client.submit(request)
            # Its numpy takes 0.2 s to load, and now the service is at work anyway.
            from moldar.cli.show import show_generation  # noqa: PLC0415

            made = _made(client, accepted.id, bar)
            _forget_previous(target.directory)
            client.download(made, target.directory)
        _write_documents(made, target.directory)
        bar.end()  # what follows is for stdout; a service of our own stops after it, unseen
        if target.json:
            terminal.print_json(json.dumps({**json.loads(made.model_dump_json()), "directory": str(target.directory)}))
        else:
            show_generation(terminal.out, made, str(target.directory))


def data_uri(path: Path) -> str:
    """A picture as requests carry it. Its bytes decide what it is; the ending is a hint."""
    kind, _ = mimetypes.guess_type(path.name)
    media_type = kind if kind and kind.startswith("image/") else "image/x-unknown"
    data = path.read_bytes()
    if not data:
        raise Failure(INPUT, f"The picture {path.name} is empty.")
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def camera_poses(path: Path) -> object:
    """The JSON list in a file, by itself or under "cameras". Its entries are judged by the request."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Failure(INPUT, f"The file of cameras {path.name} is not JSON.") from error
    poses = held.get("cameras") if isinstance(held, dict) else held
    if not isinstance(poses, list):
        raise Failure(INPUT, f'The file of cameras {path.name} holds no list, by itself or under "cameras".')
    return poses


def slug(words: str) -> str:
    """A folder's name of ASCII letters, digits and dashes that reminds of `words`."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or "object"


def _check_url(target: Target) -> None:
    try:
        Client(target.url or "", target.api_key).close()
    except ValueError as error:
        sentence = str(error)
        raise Failure(INPUT, f"{sentence[:1].upper()}{sentence[1:]}.") from error


def _made(client: Client, generation_id: str, bar: Bar) -> Generation:
    try:
        made = client.wait(generation_id, on_event=partial(_tell, bar))
    except KeyboardInterrupt:
        # Nobody waits for it any more; the record would take it up again at the next start.
        with suppress(MoldarClientError):
            client.cancel(generation_id)
        raise
    if made.error is not None:
        raise Failure(exit_code_of(made.error.code), made.error.message)
    return made


def _write_documents(made: Generation, directory: Path) -> None:
    """job.json and what the service did not list as files of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    listed = {entry.name for entry in made.files}
    documents = {"job.json": made, "printability.json": made.printability, "quote.json": made.quote}
    for name, document in documents.items():
        if name not in listed and document is not None:
            (directory / name).write_text(document.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _forget_previous(directory: Path) -> None:
    """Remove the files that an earlier result left here, so that no part of it passes for the new one."""
    try:
        earlier = Generation.model_validate_json((directory / "job.json").read_bytes())
        names = {safe_name(entry.name) for entry in earlier.files} | set(_DOCUMENTS)
    except (OSError, ValueError, BadAnswer):
        return  # no result of ours is here
    for name in names:
        (directory / name).unlink(missing_ok=True)


def _tell(bar: Bar, event: Event) -> None:
    """Show what an event says."""
    share = event.data.get("progress")
    if isinstance(share, int | float):
        bar.reach(float(share))
    stage = event.data.get("stage")
    if event.kind == "stage" and isinstance(stage, str):
        bar.say(_STAGES.get(stage, stage))


@contextmanager
def _service(terminal: Terminal, url: str | None, bar: Bar) -> Iterator[str]:
    """`url`, or a service of our own for as long as the block lasts."""
    if url is not None:
        yield url
        return
    bar.say("Starting the service")
    from deployments.settings import Settings  # noqa: PLC0415 - not needed against a running service
    from serve_app import local_service  # noqa: PLC0415 - as above

    settings = Settings()
    with terminal.silencing_others(settings.data_dir / "service.log"), local_service(settings) as own:
        yield own
