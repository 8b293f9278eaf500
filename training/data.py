"""Objects as lgm-nano sees them and what it should answer, cast by rays and kept on disk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.cameras import FOVY_DEG, STANDARD_AZIMUTHS_DEG, orbit
from pipelines.geometry import TriangleMesh, Views
from pipelines.pictures.photograph import Paint, Studio
from training.paints import random_paint
from training.solids import TRAINED, make_solid

ELEVATIONS_DEG: Final = (30.0, -30.0, 30.0, -30.0)
"""Above and below in turn: at elevation 0 even the true maps leave a third of the volume to guess."""
INPUT_SIZE: Final = 128
MAP_SIZE: Final = 64
_STANDARD_SHARE: Final = 0.82
_LEVEL_SHARE: Final = 0.06  # all four from one elevation, as callers who know only such pictures bring them

_FIELDS: Final = (
    ("images", "u1", (4, INPUT_SIZE, INPUT_SIZE, 3)),
    ("c2w", "f4", (4, 4, 4)),
    ("seen", "?", (4, MAP_SIZE, MAP_SIZE)),
    ("points", "f2", (4, MAP_SIZE, MAP_SIZE, 3)),
    ("normals", "i1", (4, MAP_SIZE, MAP_SIZE, 3)),
    ("rgb", "u1", (4, MAP_SIZE, MAP_SIZE, 3)),
)
RECORD: Final = np.dtype([(name, kind, shape) for name, kind, shape in _FIELDS])
"""One object: pictures; at the centre of each pixel of the maps whether it sees the surface, where, its normal (x 127)
and its colour as lit."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A solid with its paint."""

    kind: str
    mesh: TriangleMesh
    paint: Paint


def make_subject(kind: str, seed: Sequence[int]) -> Subject:
    """The object of a seed: the same on every machine."""
    random = np.random.default_rng(list(seed))
    return Subject(kind, make_solid(kind, random), random_paint(random))


def standard_poses() -> NDArray[np.float32]:
    """The four poses [4, 4, 4] that lgm-nano is best at."""
    return orbit(ELEVATIONS_DEG, STANDARD_AZIMUTHS_DEG)


def random_poses(random: np.random.Generator) -> NDArray[np.float32]:
    """Mostly the standard poses; some held by an unsteady hand, a few all from one height."""
    elevations = np.array(ELEVATIONS_DEG)
    azimuths = np.array(STANDARD_AZIMUTHS_DEG)
    draw = random.random()
    if draw < _STANDARD_SHARE:
        return orbit(elevations.tolist(), azimuths.tolist())
    if draw < _STANDARD_SHARE + _LEVEL_SHARE:
        elevations = np.full(4, random.uniform(-5, 30))
    return orbit((elevations + random.normal(0, 4, 4)).tolist(), (azimuths + random.normal(0, 5, 4)).tolist())


def record_of(subject: Subject, c2w: NDArray[np.float32]) -> NDArray[np.void]:
    """The pictures of an object from four poses and the answer to them, as one `RECORD`."""
    studio = Studio(subject.mesh, subject.paint)
    record = np.zeros((), RECORD)
    record["images"] = np.rint(255 * studio.photograph(c2w, FOVY_DEG, INPUT_SIZE).images)
    record["c2w"] = c2w
    maps = studio.sightings(c2w, FOVY_DEG, MAP_SIZE)
    rows = {name: record[name].reshape(4 * MAP_SIZE * MAP_SIZE, -1) for name in ("seen", "points", "normals", "rgb")}
    rows["seen"][maps.pixel] = True
    rows["points"][maps.pixel] = maps.points
    rows["normals"][maps.pixel] = np.rint(127 * maps.normals)
    rows["rgb"][maps.pixel] = maps.rgb
    return record


def views_of(record: NDArray[np.void]) -> Views:
    """The pictures of a record."""
    return Views(record["images"].astype(np.float32) / np.float32(255), record["c2w"], FOVY_DEG)


def training_records(seed: int, first: int = 0) -> Iterator[NDArray[np.void]]:
    """The objects to learn from, without end, each from its own seed."""
    kinds, shares = list(TRAINED), list(TRAINED.values())
    index = first
    while True:
        random = np.random.default_rng([seed, index, 1])
        kind = str(random.choice(kinds, p=shares))
        yield record_of(make_subject(kind, (seed, index)), random_poses(random))
        index += 1


class Pool:
    """Records in one file, written by one process while others read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __len__(self) -> int:
        return self._path.stat().st_size // RECORD.itemsize if self._path.exists() else 0

    def fill(self, seed: int, count: int) -> None:
        """Add records until there are `count`; what is there stays."""
        have = len(self)
        with self._path.open("ab") as file:
            file.truncate(have * RECORD.itemsize)  # the last may have been cut short
            for _, record in zip(range(have, count), training_records(seed, have), strict=False):
                file.write(record.tobytes())
                file.flush()

    def batch(self, index: NDArray[np.int64]) -> NDArray[np.void]:
        """Records [B] by their places."""
        rows = np.memmap(self._path, RECORD, mode="r", shape=(len(self),))
        return np.array(rows[index])
