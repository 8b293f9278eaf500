"""The commands that work on a file, in this process and without Ray."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast
from uuid import uuid4

from pydantic import BaseModel

from moldar.cli.outcome import INPUT, Failure
from moldar.cli.terminal import Terminal, size_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from moldar.wire import FileQuoteRequest, InspectionRequest
    from pipelines.geometry import Camera, Gaussians, TriangleMesh
    from pipelines.meshing import MeshFormat
    from pipelines.uploads import SplatTarget

M = TypeVar("M", bound=BaseModel)

_WRITTEN: Final = ("stl", "obj", "ply", "glb", "3mf", "splat", "spz")
_BYTES_MAX: Final = 2**30  # the largest scans in circulation are a few hundred MB


def convert(source: Path, target: Path, size_mm: float | None) -> None:
    """Write `source` in the format that the ending of `target` says."""
    from pipelines.uploads import FileConversion, convert_file  # noqa: PLC0415 - numpy and manifold3d: 0.3 s

    data = _read(source)
    wanted = FileConversion(_extension(source), _format(target, data, _extension(source)), size_mm)
    result = convert_file(data, wanted)
    _write(target, result)
    _say(f"{target} ({size_of(len(result))})")


def inspect(source: Path, request: "InspectionRequest", *, as_json: bool) -> None:
    """Show the print report of a file."""
    from deployments import mapping  # noqa: PLC0415 - as above
    from deployments.settings import Settings  # noqa: PLC0415
    from moldar.cli.show import show_report  # noqa: PLC0415 - as above
    from pipelines.printability import FDM, RESIN  # noqa: PLC0415
    from pipelines.printability import inspect as inspect_mesh  # noqa: PLC0415
    from pipelines.uploads import read_upload  # noqa: PLC0415

    mesh = read_upload(_read(source), _extension(source), request.size_mm)
    process = RESIN if request.process == "resin" else FDM
    report = mapping.report(inspect_mesh(mesh, process, Settings().build_volume_mm))
    _show(report, show_report, as_json=as_json)


def quote(source: Path, request: "FileQuoteRequest", *, as_json: bool) -> None:
    """Show the price of printing a file."""
    from deployments import mapping  # noqa: PLC0415 - as above
    from deployments.settings import Settings  # noqa: PLC0415
    from moldar.cli.show import show_quote  # noqa: PLC0415 - as above
    from pipelines.pricing import default_price_book, material_named  # noqa: PLC0415
    from pipelines.pricing import quote as price  # noqa: PLC0415
    from pipelines.printability import inspect as inspect_mesh  # noqa: PLC0415
    from pipelines.uploads import read_upload  # noqa: PLC0415

    mesh = read_upload(_read(source), _extension(source), request.size_mm)
    report = inspect_mesh(mesh, material_named(request.material).process, Settings().build_volume_mm)
    issued_at, quote_id = datetime.now(UTC), f"quo_{uuid4().hex}"
    priced = price(mesh, report, mapping.file_quote(request), default_price_book(), issued_at, quote_id)
    _show(mapping.quote(priced), show_quote, as_json=as_json)


def render(source: Path, target: Path, size: int, elevation_deg: float, azimuth_deg: float, frames: int | None) -> None:
    """Draw a mesh or splats from one side, or as a film from all sides."""
    from pipelines.geometry import Camera  # noqa: PLC0415 - as above
    from pipelines.uploads import read_any  # noqa: PLC0415

    ending = _extension(target)
    if ending not in {"png", "webp"}:
        raise Failure(INPUT, f"Pictures are written as .png and films as .webp, not as {target.name!r}.")
    if ending == "png" and frames is not None:
        raise Failure(INPUT, f"A .png is one picture: --frames is for a .webp, not for {target.name!r}.")
    shape = read_any(_read(source), _extension(source))
    camera = Camera(elevation_deg, azimuth_deg)
    _write(target, _picture(shape, camera, size) if ending == "png" else _film(shape, camera, size, frames))
    _say(f"{target} ({size} × {size})")


def _picture(shape: "Gaussians | TriangleMesh", camera: "Camera", size: int) -> bytes:
    from pipelines.geometry import Gaussians  # noqa: PLC0415 - as above
    from pipelines.pictures import encode_png  # noqa: PLC0415
    from pipelines.splats import preview_png  # noqa: PLC0415

    if isinstance(shape, Gaussians):
        return preview_png(_in_view(shape), camera, size)
    return encode_png(_mesh_picture(shape, camera, size))


def _film(shape: "Gaussians | TriangleMesh", camera: "Camera", size: int, frames: int | None) -> bytes:
    """A turn that begins at the camera."""
    from pipelines.geometry import Gaussians  # noqa: PLC0415 - as above
    from pipelines.splats import FILM_FRAMES, check_film, encode_film, orbit_video  # noqa: PLC0415

    count = FILM_FRAMES if frames is None else frames
    if isinstance(shape, Gaussians):
        return orbit_video(_in_view(shape), count, size, camera.elevation_deg, azimuth_deg=camera.azimuth_deg)
    check_film(count, size)
    turns = (replace(camera, azimuth_deg=camera.azimuth_deg + 360 * k / count) for k in range(count))
    return encode_film(_mesh_picture(shape, turn, size) for turn in turns)


def _mesh_picture(mesh: "TriangleMesh", camera: "Camera", size: int) -> "NDArray[np.uint8]":
    from pipelines.pictures import THREE_QUARTER, render_mesh  # noqa: PLC0415 - as above

    seen = replace(THREE_QUARTER, elevation_deg=camera.elevation_deg, azimuth_deg=camera.azimuth_deg)
    return render_mesh(mesh, seen, size)


def _in_view(gaussians: "Gaussians") -> "Gaussians":
    """The Gaussians as they are if they lie in the model frame's cube; a scan of another scale is brought into it."""
    import numpy as np  # noqa: PLC0415 - as above

    from pipelines.errors import EmptyGeometry  # noqa: PLC0415

    if not len(gaussians):
        raise EmptyGeometry("There are no splats to draw.")
    if np.abs(gaussians.means).max() <= 1.0:
        return gaussians
    # Percentiles: every scan has strays far out.
    low, high = np.percentile(gaussians.means, [1, 99], axis=0)
    scale = np.float32(1.0 / max(float((high - low).max()), 1e-9))
    means = (gaussians.means - (low + high).astype(np.float32) / 2) * scale
    return replace(gaussians, means=means.astype(np.float32), scaling=gaussians.scaling * scale)


def _say(line: str) -> None:
    with Terminal() as terminal:
        terminal.out.print(line, markup=False, soft_wrap=True)


def _show(result: M, show: Callable[["Console", M], None], *, as_json: bool) -> None:
    with Terminal() as terminal:
        if as_json:
            terminal.print_json(result.model_dump_json())
        else:
            show(terminal.out, result)


def _read(source: Path) -> bytes:
    if not source.is_file():
        raise Failure(INPUT, f"{source.name!r} is not a file.")
    if source.stat().st_size > _BYTES_MAX:
        raise Failure(INPUT, f"{source.name!r} is larger than {_BYTES_MAX // 2**20} MiB.")
    return source.read_bytes()


def _write(target: Path, data: bytes) -> None:
    """Write all of it or nothing, also where source and target are one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".moldar-{uuid4().hex}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _extension(path: Path) -> str:
    return path.suffix.lower().lstrip(".")


def _format(target: Path, data: bytes, source_extension: str) -> "MeshFormat | SplatTarget":
    """What the ending of the target means. Splats stay splats in a .ply; every other mesh format makes them solid."""
    from pipelines.splats import is_splat_ply  # noqa: PLC0415 - as above

    ending = _extension(target)
    if ending not in _WRITTEN:
        known = ", ".join(f".{name}" for name in _WRITTEN)
        raise Failure(INPUT, f"Files are written as {known}, not as {target.name!r}.")
    is_splats = source_extension in {"splat", "spz"} or (source_extension == "ply" and is_splat_ply(data))
    return cast("MeshFormat | SplatTarget", "splats.ply" if ending == "ply" and is_splats else ending)
