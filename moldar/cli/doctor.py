"""`moldar doctor`: what works on this machine and what is missing, each with the command that mends it.

Every row is tried, not looked up: a library that is installed may still fail to load or to compute.
"""

import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moldar.cli import doctor_shop
from moldar.cli.outcome import FAILED, Failure
from moldar.cli.terminal import Terminal

if TYPE_CHECKING:
    from pipelines.weight_files import WeightsState

_INSTALL: Final = "make setup"
_DISK_FREE_BYTES: Final = 2 * 2**30  # a day of results; Ray refuses to work on a disk that is 95 % full
_SHM_FREE_BYTES: Final = 512 * 2**20  # Ray's object store falls back to slow files below what it is given


@dataclass(frozen=True, slots=True)
class Row:
    """One check. What is not required only widens what the service can do."""

    check: str
    ok: bool
    required: bool
    detail: str
    remedy: str  # a command or setting; empty where nothing is to be mended


def doctor(*, as_json: bool) -> None:
    """Check everything and show it; fail when something required is broken."""
    rows = examine()
    with Terminal() as terminal:
        if as_json:
            terminal.print_json(json.dumps({"ok": _is_sound(rows), "checks": [asdict(row) for row in rows]}))
        else:
            _show(terminal, rows)
    if not _is_sound(rows):
        broken = ", ".join(row.check for row in rows if row.required and not row.ok)
        raise Failure(FAILED, f"Something required does not work: {broken}.")


def examine() -> tuple[Row, ...]:
    """Every check, the required ones first."""
    settings = _tried("settings", _settings, "unset the variable, or see docs/settings.md")
    files = doctor_shop.FILES if settings.ok else ()  # else nobody knows which they are
    needed = [
        _tried("python", lambda: sys.version.split()[0], ""),
        settings,
        *(_tried(name, trial, _INSTALL) for name, trial in _LIBRARIES.items()),
        *(_tried(name, trial, remedy) for name, trial, remedy in files),
        _tried("data folder", _data_folder, "set MOLDAR_DATA_DIR to a folder that can be written"),
        _tried("disk space", _disk, "free some space, or set MOLDAR_DATA_DIR to another disk"),
    ]
    wished = [
        _tried("port 8000", _port, "moldar serve --port 8001", required=False),
        _tried("shared memory", _shm, "docker run --shm-size=2g, or mount a larger /dev/shm", required=False),
        _tried("torch", _torch, _INSTALL, required=False),
        _tried("cuda", _cuda, "a machine with an NVIDIA GPU and a CUDA build of torch", required=False),
        _tried("attention", _attention, _INSTALL, required=False),
        *_rasterizers(),
        _tried("diffusers", _diffusers, "pip install 'moldar[multiview]'", required=False),
        _tried("transformers", _transformers, "pip install 'moldar[multiview]'", required=False),
        *_weights(),
        _tried("rembg", _rembg, "pip install 'moldar[rembg]' && rembg d u2net", required=False),
        _tried("slicer", doctor_shop.slicer, "apt-get install prusa-slicer", required=False),
        *(_program(*row) for row in _PROGRAMS),
        *(_secret(*row) for row in _SECRETS),
    ]
    return (*needed, *wished)


# What each is for is said where it is missing.
_PROGRAMS: Final = (
    ("openscad", "renders model.scad in the tests", "apt-get install openscad"),
    ("chromium", "drives the page in the tests", "apt-get install chromium"),
    ("prometheus", "collects the metrics for the dashboards", "apt-get install prometheus"),
)
_SECRETS: Final = (
    ("REPLICATE_API_TOKEN", "the replicate backend"),
    ("HF_TOKEN", "the huggingface backend"),
    ("SLANT3D_API_KEY", "vendor quotes of Slant 3D"),
)


def _tried(check: str, trial: Callable[[], str], remedy: str, *, required: bool = True) -> Row:
    try:
        return Row(check, True, required, trial(), "")
    except Exception as error:  # noqa: BLE001 - a broken library may raise anything, and the other rows still count
        lines = str(error).strip().splitlines()
        return Row(check, False, required, lines[0] if lines else type(error).__name__, remedy)


def _settings() -> str:
    from deployments.settings import Settings  # noqa: PLC0415 - what is checked is whether it can be made

    try:
        Settings()
    except ValueError as error:
        raise RuntimeError(" ".join(str(error).splitlines()[1:]) or str(error)) from error
    return "valid"


def _ray() -> str:
    importlib.import_module("ray.serve")
    return version("ray")


def _numba() -> str:
    numba: Any = importlib.import_module("numba")
    if numba.njit(lambda x: x + 1)(1) != 2:
        raise RuntimeError("compiles, and computes wrongly")
    return version("numba")


def _manifold() -> str:
    manifold: Any = importlib.import_module("manifold3d")
    if abs(manifold.Manifold.cube([2, 3, 4]).volume() - 24) > 1e-6:
        raise RuntimeError("a 2 x 3 x 4 box does not have the volume 24")
    return version("manifold3d")


def _embree() -> str:
    mesh_module: Any = importlib.import_module("trimesh.ray.ray_pyembree")
    box: Any = importlib.import_module("trimesh").creation.box()
    hits = mesh_module.RayMeshIntersector(box).intersects_any([[0, 0, 5], [5, 5, 5]], [[0, 0, -1], [0, 0, -1]])
    if list(hits) != [True, False]:
        raise RuntimeError("a ray through a box misses it")
    return version("embreex")


def _opencv() -> str:
    cv2: Any = importlib.import_module("cv2")
    return str(cv2.__version__)


_LIBRARIES: Final = {
    "ray": _ray,
    "numba": _numba,
    "manifold3d": _manifold,
    "embreex": _embree,
    "opencv": _opencv,
}


def _data_dir() -> Path:
    from deployments.settings import Settings  # noqa: PLC0415 - a misspelt variable must not stop the other rows

    try:
        return Settings().data_dir.resolve()
    except ValueError:
        return Path(os.environ.get("MOLDAR_DATA_DIR", ".moldar")).resolve()


def _data_folder() -> str:
    folder = _data_dir()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise RuntimeError(f"{existing} cannot be written")
    return str(folder)


def _disk() -> str:
    folder = _data_dir()
    usage = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists()))
    if usage.free < _DISK_FREE_BYTES:
        raise RuntimeError(f"{usage.free / 2**30:.1f} GiB free, {_DISK_FREE_BYTES // 2**30} wanted")
    return f"{usage.free / 2**30:.0f} GiB free"


def _shm() -> str:
    free = shutil.disk_usage("/dev/shm").free  # noqa: S108 - the mount that Ray's object store lives on
    if free < _SHM_FREE_BYTES:
        raise RuntimeError(f"{free / 2**20:.0f} MiB free, {_SHM_FREE_BYTES // 2**20} wanted")
    return f"{free / 2**20:.0f} MiB free"


def _port() -> str:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 8000))
    return "free"


def _torch() -> str:
    torch: Any = importlib.import_module("torch")
    if torch.ones(2, 3).matmul(torch.full((3, 1), 2.0)).tolist() != [[6.0], [6.0]]:
        raise RuntimeError("loads, and multiplies wrongly")
    return f"{torch.__version__}, {torch.get_num_threads()} threads"


def _cuda() -> str:
    torch: Any = importlib.import_module("torch")
    if torch.cuda.is_available():
        parts = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
        return ", ".join(f"{part.name} with {part.total_memory / 2**30:.0f} GiB" for part in parts)
    program = shutil.which("nvidia-smi")
    if program is None:
        raise RuntimeError("no NVIDIA driver")
    asked = [program, "--query-gpu=name", "--format=csv,noheader"]
    done = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=20)  # noqa: S603 - a fixed command
    build = f"made for CUDA {torch.version.cuda}" if torch.version.cuda else "the build for CPUs"
    raise RuntimeError(f"{done.stdout.strip()} is here, but torch is {build} and cannot use it")


def _attention() -> str:
    attention: Any = importlib.import_module("pipelines.attention")
    kernel = attention.resolved("auto")
    if kernel == "xformers":
        return f"xformers {version('xformers')}"
    return (
        "sdpa of torch" if find_spec("xformers") is None else "sdpa of torch; xformers is here, and runs on CUDA only"
    )


def _rasterizers() -> tuple[Row, ...]:
    try:
        from pipelines.splats import rasterizers  # noqa: PLC0415 - what is checked is whether it can be imported

        known = rasterizers()
    except Exception as error:  # noqa: BLE001 - as in _tried
        return (Row("rasterizers", False, False, str(error).splitlines()[0], _INSTALL),)
    return tuple(
        Row(
            f"rasterizer {one.name}",
            one.available,
            False,
            one.licence.replace("_", "-") if one.available else one.reason,
            "" if one.available else _RASTERIZER_REMEDIES.get(one.name, _INSTALL),
        )
        for one in known
    )


_RASTERIZER_REMEDIES: Final = {
    "gsplat": "pip install 'moldar[gpu]', on a machine with CUDA",
    "diff-gaussian-rasterization": "none needed: cpu and gsplat draw the same",
}


def _diffusers() -> str:
    return _present("diffusers", "MVDream and ImageDream need it")


def _transformers() -> str:
    return _present("transformers", "MVDream and ImageDream need it")


def _present(name: str, purpose: str) -> str:
    # Found, not imported: that takes seconds, and what of it is needed is imported when the weights are loaded.
    if find_spec(name) is None:
        raise RuntimeError(f"not installed; {purpose}")
    return version(name)


def _rembg() -> str:
    found = _present("rembg", "doubtful cut-outs would be its network's")
    home = Path(os.environ.get("U2NET_HOME", Path.home() / ".u2net"))
    weights = sorted(path.stem for path in home.glob("*.onnx"))
    if not weights:
        raise RuntimeError(f"{found} without weights in {home}")
    return f"{found}, weights {', '.join(weights)}"


def _weights() -> tuple[Row, ...]:
    """One row per entry of the manifest, told by size and listing: reading them all takes a while."""
    from moldar.cli import weights  # noqa: PLC0415 - a broken manifest must not stop the other rows

    try:
        found = weights.states(thorough=False)
    except Exception as error:  # noqa: BLE001 - as in _tried
        return (
            Row("weights", False, False, str(error).splitlines()[0], "install Moldar anew, or see docs/settings.md"),
        )
    return tuple(
        Row(
            f"weights {entry.name}",
            state.is_whole,
            False,
            f"{entry.what}; {entry.terms if state.is_whole else _lack(state)}",
            "" if state.is_whole else entry.remedy,
        )
        for entry, state in found
    )


def _lack(state: "WeightsState") -> str:
    return "not here" if state.state == "missing" else state.detail


def _program(name: str, purpose: str, remedy: str) -> Row:
    path = shutil.which(name)
    return Row(name, path is not None, False, path or f"not installed; {purpose}", "" if path else remedy)


def _secret(name: str, purpose: str) -> Row:
    # Its presence, never its value.
    is_set = bool(os.environ.get(name) or os.environ.get(f"MOLDAR_{name}"))
    return Row(
        name,
        is_set,
        False,
        "set" if is_set else f"not set; {purpose} of a later version needs it",
        "" if is_set else f"export {name}=...",
    )


def _is_sound(rows: tuple[Row, ...]) -> bool:
    return all(row.ok for row in rows if row.required)


def _show(terminal: Terminal, rows: tuple[Row, ...]) -> None:
    from rich.table import Table  # noqa: PLC0415 - not for --json
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for row in rows:
        mark = Text("✓", "green") if row.ok else Text("✗", "red") if row.required else Text("–", "yellow")
        table.add_row(mark, row.check, Text(row.detail), Text(row.remedy, "dim"))
    terminal.out.print(table)
