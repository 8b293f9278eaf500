"""`moldar repair`: a file made a closed solid, with repairs for printing, measured before and after."""

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from moldar.cli.disk import extension, read_file, write_file
from moldar.cli.progress import Bar
from moldar.cli.terminal import Terminal
from moldar.wire import FileRepairRequest, RepairedFile


def repair(source: Path, target: Path, request: FileRepairRequest, *, as_json: bool) -> None:
    """Repair `source` and write what came of it to `target`, or beside it where it was cut into parts."""
    from deployments import repair_mapping  # noqa: PLC0415 - numpy and manifold3d: 0.3 s
    from deployments.settings import Settings  # noqa: PLC0415 - as above
    from pipelines.workbench import repair_file  # noqa: PLC0415 - as above

    began, volume = perf_counter(), Settings().build_volume_mm
    with Terminal() as terminal:
        with Bar(terminal) as bar:
            bar.say(f"Reading {source.name}")
            order = repair_mapping.repair_order(extension(source), request)
            made = repair_mapping.repaired_file(repair_file(read_file(source), order, volume, bar.say), request.format)
            written = paths(target, made)
            for path, file in zip(written, made.files, strict=True):
                write_file(path, file.data)
        if as_json:
            terminal.print_json(_told(made, written, round(perf_counter() - began, 3)))
            return
        from moldar.cli.show_repairs import show_repairs  # noqa: PLC0415 - not for --json

        show_repairs(terminal.out, made, [str(path) for path in written])


def paths(target: Path, made: RepairedFile) -> list[Path]:
    """Where each part goes: to the target itself, or to vase-1.stl, vase-2.stl and vase-dowel.stl."""
    if len(made.parts) == 1:
        return [target]
    return [target.with_name(f"{target.stem}-{part.name.removeprefix('part-')}{target.suffix}") for part in made.parts]


def _told(made: RepairedFile, written: Sequence[Path], seconds: float) -> str:
    told = json.loads(made.model_dump_json(exclude={"files"}))
    files = [
        {"path": str(path), "bytes": file.bytes, "sha256": file.sha256, "part": part.name, "pieces": part.pieces}
        for path, file, part in zip(written, made.files, made.parts, strict=True)
    ]
    return json.dumps({"written": files, **told, "seconds": seconds})
