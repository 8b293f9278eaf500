"""The commands that work on a file, in this process and without Ray."""

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from moldar.cli.disk import extension, file_format, read_file, write_file
from moldar.cli.outcome import INPUT, Failure
from moldar.cli.progress import Bar
from moldar.cli.terminal import Terminal, size_of

if TYPE_CHECKING:
    from moldar.wire import FileQuoteRequest, InspectionRequest
    from pipelines.geometry import Camera, TriangleMesh
    from pipelines.meshing import Repair
    from pipelines.printability import Examination


def convert(source: Path, target: Path, request: "InspectionRequest", *, texture: bool, as_json: bool) -> None:
    """Write `source` in the format that the ending of `target` says."""
    from pipelines import workbench  # noqa: PLC0415 - numpy and manifold3d: 0.3 s
    from pipelines.uploads import FileConversion  # noqa: PLC0415 - as above

    began = perf_counter()
    with Terminal() as terminal:
        with Bar(terminal) as bar:
            data = _reading(source, bar)
            form = file_format(target, data, extension(source))
            wanted = FileConversion(extension(source), form, request.size_mm, request.unit, texture)
            made = workbench.convert(data, wanted, bar.say)
            write_file(target, made.data)
        if as_json:
            told = {"written": _written(target, made.data), "size_mm": made.size_mm, "repairs": _told(made.repairs)}
            terminal.print_json(json.dumps({**told, "seconds": _since(began)}))
            return
        say_repairs(terminal, made.repairs)
        measures = f", {_sides(made.size_mm)}" if made.size_mm else ""
        _say(terminal, f"{target} ({size_of(len(made.data))}{measures})")


def inspect(source: Path, request: "InspectionRequest", picture: Path | None, *, as_json: bool) -> None:
    """Show the print report of a file, and paint what it found where a picture is asked for."""
    from deployments import repair_mapping  # noqa: PLC0415 - as above
    from deployments.settings import Settings  # noqa: PLC0415
    from pipelines import workbench  # noqa: PLC0415
    from pipelines.printability import examine  # noqa: PLC0415

    if picture is not None and extension(picture) != "png":
        raise Failure(INPUT, f"The picture of a report is written as .png, not as {picture.name!r}.")
    volume = Settings().build_volume_mm
    process = repair_mapping.PROCESSES[request.process]
    with Terminal() as terminal:
        with Bar(terminal) as bar:
            data = _reading(source, bar)
            bar.say("Looking for what must be mended")
            survey = workbench.survey(data, extension(source), request.size_mm, request.unit)
            bar.say("Inspecting")
            found = examine(survey.mesh, process, volume)
            report = repair_mapping.surveyed(found.report, survey)
            if picture is not None:
                bar.say("Painting what was found")
                _paint(survey.mesh, found, picture)
        if as_json:
            terminal.print_json(report.model_dump_json())
            return
        from moldar.cli.show import show_report  # noqa: PLC0415 - not for --json

        show_report(terminal.out, report)


def quote(source: Path, request: "FileQuoteRequest", *, as_json: bool) -> None:
    """Show the price of printing a file, made a closed solid where it is none."""
    from deployments import repair_mapping  # noqa: PLC0415 - as above
    from moldar.cli.pricing import price  # noqa: PLC0415
    from pipelines.uploads import mended_upload  # noqa: PLC0415

    with Terminal() as terminal:
        with Bar(terminal) as bar:
            data = _reading(source, bar)
            bar.say("Making it a solid")
            solid = mended_upload(data, extension(source), request.size_mm, request.unit)
            bar.say("Slicing it" if request.source == "slicer" else "Inspecting and pricing it")
            repairs = repair_mapping.surface_repairs(solid.repairs)
            told = price(solid.mesh, request).model_copy(update={"repairs": repairs})
        if as_json:
            terminal.print_json(told.model_dump_json())
            return
        from moldar.cli.show import show_quote  # noqa: PLC0415 - not for --json

        say_repairs(terminal, solid.repairs)
        show_quote(terminal.out, told)


def render(source: Path, target: Path, camera: "Camera", size: int, frames: int | None, *, as_json: bool) -> None:
    """Draw a mesh or splats from one side, or as a film from all sides."""
    from pipelines.file_pictures import FilePicture, PictureFormat, draw_file  # noqa: PLC0415 - as above
    from pipelines.pictures import TURN_FRAMES  # noqa: PLC0415

    began, ending = perf_counter(), extension(target)
    if ending not in {"png", "webp"}:
        raise Failure(INPUT, f"Pictures are written as .png and films as .webp, not as {target.name!r}.")
    if ending == "png" and frames is not None:
        raise Failure(INPUT, f"A .png is one picture: --frames is for a .webp, not for {target.name!r}.")
    count = 1 if ending == "png" else TURN_FRAMES if frames is None else frames
    with Terminal() as terminal:
        with Bar(terminal) as bar:
            data = _reading(source, bar)
            bar.say("Drawing")
            form: PictureFormat = "png" if ending == "png" else "webp"
            drawn = draw_file(data, FilePicture(extension(source), camera, form, size, frames))
            write_file(target, drawn)
        if as_json:
            told = {"written": _written(target, drawn), "size": size, "frames": count, "seconds": _since(began)}
            terminal.print_json(json.dumps(told))
            return
        pictures = f", {count} pictures" if count > 1 else ""
        _say(terminal, f"{target} ({size_of(len(drawn))}, {size} × {size}{pictures})")


def _paint(mesh: "TriangleMesh", found: "Examination", picture: Path) -> None:
    from pipelines.pictures import encode_png, report_picture  # noqa: PLC0415 - numba, for pictures only

    write_file(picture, encode_png(report_picture(mesh, found)))


def say_repairs(terminal: Terminal, done: "Sequence[Repair]") -> None:
    """What was done to a file that nobody asked to have mended, on stderr: it is no part of the result."""
    for repair in done:
        terminal.err.print(f"Mended: {repair.message}", markup=False, highlight=False, soft_wrap=True)


def _reading(source: Path, bar: Bar) -> bytes:
    bar.say(f"Reading {source.name}")
    return read_file(source)


def _written(target: Path, data: bytes) -> dict[str, object]:
    return {"path": str(target), "bytes": len(data)}


def _told(done: "Sequence[Repair]") -> list[dict[str, object]]:
    return [{"code": one.code, "message": one.message, "count": one.count, "share": one.share} for one in done]


def _sides(size_mm: tuple[float, float, float]) -> str:
    return " × ".join(f"{side:.1f}" for side in size_mm) + " mm"


def _since(began: float) -> float:
    return round(perf_counter() - began, 3)


def _say(terminal: Terminal, line: str) -> None:
    terminal.out.print(line, markup=False, soft_wrap=True)
