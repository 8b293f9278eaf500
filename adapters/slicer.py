"""PrusaSlicer as a process: one part in, what it says of the print out. It fulfils `pipelines.pricing.slicing.Slicer`.

The slicer is AGPL and stays a program of its own. It is given files of ours and numbers: no text of a user ever reaches
its command line, and of the profile nothing that would run scripts or write elsewhere.
"""

import errno
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adapters.gcode import read_gcode
from adapters.programs import Bounds, Ended, run_program
from pipelines.errors import Canceled, EmptyGeometry, GeometryTooLarge, InvalidInput, SlicerFailed
from pipelines.geometry import TriangleMesh
from pipelines.meshing.stl import write_stl
from pipelines.pricing.slicing import Sliced, SliceRequest

NAMES: Final = ("prusa-slicer", "PrusaSlicer", "prusa-slicer-console")  # of packages, AppImages and other systems
INSTALL: Final = "apt-get install prusa-slicer"
OLDEST: Final = (2, 3)  # the first whose g-code names features as they are read here
TRIED: Final = ("2.5",)  # sliced with in this project's tests; others of major version 2 write the same comments
GCODE_BYTES: Final = 2**30  # the largest prints of a 300 mm printer are a few hundred MB
VERSION_S: Final = 30.0  # it takes 0.1 s; a cold disk takes longer
FIT_MM: Final = 0.01  # a part as wide as the bed has corners that rounding puts beyond it

_WHAT: Final = ("--export-gcode", "--output", "part.gcode", "part.stl")
# Keys of a profile that run scripts, rewrite or wrap the g-code that is read here, draw pictures into it, or print only
# the skin of a part.
UNWANTED: Final = (
    "post_process", "gcode_substitutions", "binary_gcode", "thumbnails", "thumbnails_format", "spiral_vase",
)  # fmt: skip
_KEY: Final = re.compile(r"\s*([a-z0-9_]+)\s*=\s*(.*?)\s*")
_VERSION: Final = re.compile(r"PrusaSlicer[- ]v?(\d+)\.(\d+)(?:\.(\d+))?")
_NO_ROOM: Final = re.compile(r"no space left|disk full|disk quota", re.IGNORECASE)
_TOO_LONG: Final = re.compile(r"file too large", re.IGNORECASE)
_NO_BED: Final = re.compile(r"fit on the bed|outside of the print volume", re.IGNORECASE)
_NO_MEMORY: Final = re.compile(r"bad_alloc|out of memory|cannot allocate|failed to map", re.IGNORECASE)
_STAMP: Final = re.compile(r"^\[[^]]*\](\s*\[[^]]*\])*\s*")  # of a log line
_SIGXCPU, _SIGXFSZ, _SIGKILL = 24, 25, 9


_Points = NDArray[np.float64]  # [N, 2] mm


@dataclass(frozen=True, slots=True, eq=False)
class _Bed:
    """What the printer of a profile can reach: a convex outline in mm, and a height."""

    outline: _Points
    height_mm: float  # 0: not limited

    @property
    def middle(self) -> tuple[float, float]:
        x, y = (self.outline.min(axis=0) + self.outline.max(axis=0)) / 2
        return float(x), float(y)


class PrusaSlicer:
    """A slicer with a printer's profile. Sound for several threads."""

    def __init__(
        self,
        executable: str,
        profile_text: str,
        timeout_s: float,
        memory_bytes: int,
        gcode_bytes: int = GCODE_BYTES,
    ) -> None:
        self._executable = executable
        self._settings = _settings_of(profile_text)
        self._bed = _bed_of(self._settings)
        x, y = self._bed.middle
        # By --center it is neither turned nor moved about by the slicer's own arranging.
        self._arguments = ["--load", "profile.ini", "--center", f"{x:.4f},{y:.4f}", *_WHAT]
        self._bounds = Bounds(timeout_s, memory_bytes, gcode_bytes)
        self._version: str | None = None

    def version(self) -> str:
        """Name and version, such as "PrusaSlicer 2.5.0".

        Raises:
            SlicerFailed: there is no slicer, or not one whose g-code is read here.
        """
        if self._version is None:
            bounds = replace(self._bounds, wall_s=min(VERSION_S, self._bounds.wall_s))
            with _folder() as folder:
                ended = run_program([self._path(), "--help"], folder, bounds, Event())
            self._version = _version_of(ended, self._executable)
        return self._version

    def slice(self, mesh: TriangleMesh, asked: SliceRequest, stop: Event | None = None) -> Sliced:
        """Slice a closed mesh: object frame, mm, z up, as it stands and in the middle of the bed.

        Args:
            mesh: At least one face.
            asked: What goes before the profile.
            stop: Set it from another thread when nobody waits any more.

        Raises:
            SlicerFailed: the slicer could not be run, or did not slice the mesh.
            GeometryTooLarge: the part is larger than the printer of the profile.
            EmptyGeometry, InvalidInput: there are no faces, or numbers that are none.
            Canceled: `stop` was set.
        """
        placed = _on_bed(mesh, self._bed)
        version = self.version()
        with _folder() as folder:
            return self._sliced(folder, placed, asked, stop or Event(), version)

    def _sliced(self, folder: Path, placed: TriangleMesh, asked: SliceRequest, stop: Event, version: str) -> Sliced:
        (folder / "profile.ini").write_text(self._asked_profile(asked), encoding="utf-8")
        (folder / "part.stl").write_bytes(write_stl(placed))
        until = monotonic() + self._bounds.wall_s
        ended = run_program([self._path(), *self._arguments], folder, self._bounds, stop)
        gcode = folder / "part.gcode"
        _judge(ended, folder, self._bounds, has_gcode=gcode.is_file() and gcode.stat().st_size > 0)
        printed = read_gcode(gcode, _patience(stop, until, self._bounds.wall_s))
        supports = printed.mm3.get("supports", 0.0)
        return Sliced(
            slicer=version,
            part_mm3=sum(printed.mm3.values()) - supports,
            support_mm3=supports,
            time_s=printed.time_s,
            layers=printed.layers,
            features_mm3=tuple(sorted(printed.mm3.items())),
        )

    def _asked_profile(self, asked: SliceRequest) -> str:
        """The profile with what is asked in place of its own. A file, as options are spelt differently by versions."""
        percent = f"{100 * asked.infill:.4g}"
        over = {"fill_density": f"{percent}%", "support_material": str(int(asked.supports))}
        if float(percent) >= 100:  # the patterns of sparse infill are refused at 100 %
            over["fill_pattern"] = "rectilinear"
        if asked.supports:
            over["support_material_auto"] = "1"
        if asked.layer_height_mm is not None:
            over["layer_height"] = f"{asked.layer_height_mm:.4g}"
        if asked.perimeters is not None:
            over["perimeters"] = str(asked.perimeters)
        if (flow := self._flow(asked)) is not None:
            over["filament_max_volumetric_speed"] = f"{flow:.4g}"
        return "".join(f"{key} = {value}\n" for key, value in {**self._settings, **over}.items())

    def _flow(self, asked: SliceRequest) -> float | None:
        """The slower of the material's and the profile's, in mm^3/s; None where the request says nothing."""
        if not asked.max_flow_mm3_s:
            return None
        said = _number(self._settings.get("filament_max_volumetric_speed", "0").split(",")[0])
        return min(asked.max_flow_mm3_s, said) if said > 0 else asked.max_flow_mm3_s

    def _path(self) -> str:
        """The program. Raises SlicerFailed where there is none."""
        names = NAMES if self._executable in NAMES else (self._executable,)
        found = next((path for name in names if (path := shutil.which(name))), None)
        if found is None:
            where = f"at {self._executable}" if "/" in self._executable else "on this machine"
            raise SlicerFailed(f"There is no PrusaSlicer {where}: {INSTALL}, or set MOLDAR_SLICER__EXECUTABLE.")
        return str(Path(found).absolute())


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for one run. Raises SlicerFailed for what the system refuses meanwhile."""
    try:
        with tempfile.TemporaryDirectory(prefix="moldar-slice-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise SlicerFailed("There is no room on the disk for the slicer's work.") from error
        raise SlicerFailed(f"The slicer could not be run: {error.strerror}.") from error


def _settings_of(profile_text: str) -> dict[str, str]:
    """The keys of a profile that the slicer is given. Raises InvalidInput for what is no profile of one printer."""
    lines = (_KEY.fullmatch(line) for line in profile_text.splitlines())
    settings = {found[1]: found[2] for found in lines if found}
    if "bed_shape" not in settings:
        raise InvalidInput("The slicer's profile names no bed_shape: write it with the slicer's Export Config.")
    return {key: value for key, value in settings.items() if key not in UNWANTED}


def _bed_of(settings: dict[str, str]) -> _Bed:
    """What the profile's printer reaches; PrusaSlicer's own default of the height is 200 mm."""
    points = [pair.split("x") for pair in settings["bed_shape"].split(",")]
    corners = np.array([[_number(number) for number in pair] for pair in points if len(pair) == 2]).reshape(-1, 2)
    if len(corners) < 3 or not np.isfinite(corners).all() or _area_mm2(corners) <= 0:
        raise InvalidInput("The slicer's profile has a bed_shape that is no outline.")
    return _Bed(corners, _number(settings.get("max_print_height", "200")))


def _area_mm2(corners: _Points) -> float:
    """By the shoelace formula."""
    x, y = corners.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _on_bed(mesh: TriangleMesh, bed: _Bed) -> TriangleMesh:
    """The mesh in the middle of the bed, resting on it. Raises GeometryTooLarge, EmptyGeometry, InvalidInput."""
    if not len(mesh.faces):
        raise EmptyGeometry("There is nothing to slice.")
    used = mesh.vertices[np.unique(mesh.faces)]
    if not np.isfinite(used).all():
        raise InvalidInput("A vertex is not a finite number.")
    low, high = used.min(axis=0), used.max(axis=0)
    shift = np.array([*bed.middle, 0.0]) - [*(low + high)[:2] / 2, low[2]]
    tall = bed.height_mm > 0 and high[2] - low[2] > bed.height_mm + FIT_MM
    if tall or not _lies_within(used[:, :2] + shift[:2], bed):
        size = " x ".join(f"{side:.0f}" for side in high - low)
        raise GeometryTooLarge(f"A part of {size} mm does not fit the printer of the slicer's profile.")
    return TriangleMesh(mesh.vertices + shift, mesh.faces)


def _lies_within(points: _Points, bed: _Bed) -> bool:
    low, high = bed.outline.min(axis=0), bed.outline.max(axis=0)
    if (points < low - FIT_MM).any() or (points > high + FIT_MM).any():
        return False
    if ((bed.outline == low) | (bed.outline == high)).all():  # a rectangle
        return True
    from scipy.spatial import ConvexHull  # noqa: PLC0415 - 0.3 s, for beds that are round

    edges = ConvexHull(bed.outline).equations  # [E, 3]: outward normal and offset
    return all(bool((points @ edge[:2] + edge[2]).max() <= FIT_MM) for edge in edges)


def _version_of(ended: Ended, executable: str) -> str:
    """Raises SlicerFailed for what is not PrusaSlicer 2."""
    found = _VERSION.search(ended.said)
    if ended.how == "timed_out":
        raise SlicerFailed(f"{executable} did not even say its version in time.")
    if found is None:
        raise SlicerFailed(f"{executable} does not say that it is PrusaSlicer{_quoted(ended.said)}.")
    major, minor, patch = (int(part or 0) for part in found.groups())
    version = f"PrusaSlicer {major}.{minor}.{patch}"
    if major != OLDEST[0] or (major, minor) < OLDEST:
        raise SlicerFailed(f"{version} is a version whose g-code is not known here: versions 2.3 to 2.9 are.")
    return version


def _judge(ended: Ended, folder: Path, bounds: Bounds, *, has_gcode: bool) -> None:
    """Raise what went wrong; return where there is g-code to read."""
    if ended.how == "stopped":
        raise Canceled
    if ended.how == "timed_out" or ended.code == -_SIGXCPU:
        raise SlicerFailed(f"The slicer was not done within {bounds.wall_s:g} s.")
    if ended.code == -_SIGXFSZ or _TOO_LONG.search(ended.said):
        raise SlicerFailed(f"The slicer wrote a file of more than {bounds.file_bytes // 2**20} MiB.")
    if _NO_ROOM.search(ended.said):
        raise SlicerFailed("There is no room on the disk for the slicer's work.")
    if _NO_BED.search(ended.said):
        raise GeometryTooLarge("The part does not fit the printer of the slicer's profile.")
    if ended.code == -_SIGKILL or (ended.code != 0 and _NO_MEMORY.search(ended.said)):
        raise SlicerFailed(f"The slicer ran out of the {bounds.memory_bytes // 2**20} MiB of memory that it may take.")
    words = _quoted(ended.said.replace(str(folder), ""))
    if ended.code < 0 or ended.code >= 128:
        raise SlicerFailed(f"The slicer crashed{words}.")
    if ended.code != 0:
        raise SlicerFailed(f"The slicer did not slice the part{words}.")
    if not has_gcode:
        raise SlicerFailed(f"The slicer ended well and wrote no g-code{words}.")


def _quoted(said: str) -> str:
    """The line that tells most of what the slicer said, behind a colon; nothing where it said nothing."""
    lines = [_STAMP.sub("", line).strip() for line in said.splitlines()]
    told = [line for line in lines if line]
    best = next((line for line in told if line.startswith(("what():", "error:", "Error"))), told[-1] if told else "")
    best = re.sub(r"^(what\(\)|error):\s*", "", best, flags=re.IGNORECASE)
    plain = "".join(c for c in best if c.isprintable())[:200].rstrip(". ")
    return f": {plain}" if plain else ""


def _patience(stop: Event, until: float, wall_s: float) -> Callable[[], None]:
    """What raises when nobody waits for the reading any more."""

    def check() -> None:
        if stop.is_set():
            raise Canceled
        if monotonic() > until:
            raise SlicerFailed(f"The slicer was not done within {wall_s:g} s.")

    return check
