"""What slicers write beside the model in their project files: which bodies are no part of the object.

A project of PrusaSlicer, Bambu Studio or Orca holds, as plain meshes, the boxes inside which other settings hold, and
the ones that forbid or force support. Printed as solid they would be wrong. Source: the volume types that PrusaSlicer
(`src/libslic3r/Format/3mf.cpp`) and Bambu Studio (`bbs_3mf.cpp`) write.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import GeometryTooLarge, Unreadable
from pipelines.meshing.threemf_model import Attributes, feed_xml

PRUSA_FILE: Final = "Metadata/Slic3r_PE_model.config"
BAMBU_FILE: Final = "Metadata/model_settings.config"
_SOLID: Final = {"", "ModelPart", "normal_part"}
_MAX_VOLUMES: Final = 100_000
_CUT: Final = {"NegativeVolume", "negative_part"}


@dataclass(slots=True)
class _Volume:
    object_id: str
    first: int  # faces from .. to, of PrusaSlicer
    last: int
    part_id: str  # of Bambu Studio: the component
    kind: str = ""


@dataclass(slots=True)
class SlicerNotes:
    """Bodies that are settings, not plastic."""

    volumes: list[_Volume] = field(default_factory=list)

    def is_solid(self, object_id: str, component_id: str) -> bool:
        """Whether a component of an object is printed."""
        return all(
            volume.kind in _SOLID
            for volume in self.volumes
            if volume.part_id == component_id and volume.object_id == object_id
        )

    def solid_faces(self, object_id: str, count: int) -> NDArray[np.bool_]:
        """Which of the faces of an object are printed, [count]."""
        solid = np.ones(count, np.bool_)
        for volume in self.volumes:
            if volume.object_id == object_id and volume.kind not in _SOLID and not volume.part_id:
                solid[max(volume.first, 0) : max(volume.last + 1, 0)] = False
        return solid


def read_notes(pieces: Iterator[bytes]) -> SlicerNotes:
    """The notes of one slicer.

    Raises:
        Unreadable: it is damaged, or cuts one body out of another, which only the slicer itself can do.
    """
    reader = _NotesReader()
    feed_xml(pieces, reader.start)
    for volume in reader.notes.volumes:
        if volume.kind in _CUT:
            raise Unreadable("The 3MF cuts bodies out of others when it is sliced: export it as STL, which does it.")
    return reader.notes


class _NotesReader:
    def __init__(self) -> None:
        self.notes = SlicerNotes()
        self._object = ""

    def start(self, name: str, attributes: Attributes) -> None:
        match name:
            case "object":
                self._object = attributes.get("id", "")
            case "volume" | "part" if len(self.notes.volumes) >= _MAX_VOLUMES:
                raise GeometryTooLarge(f"The 3MF has more than {_MAX_VOLUMES:,} volumes.")
            case "volume":
                first, last = int(attributes.get("firstid", 0)), int(attributes.get("lastid", -1))
                self.notes.volumes.append(_Volume(self._object, first, last, ""))
            case "part":
                part_id, kind = attributes.get("id", ""), attributes.get("subtype", "")
                self.notes.volumes.append(_Volume(self._object, 0, -1, part_id, kind))
            case "metadata" if self.notes.volumes:
                _note(self.notes.volumes[-1], attributes)


def _note(volume: _Volume, attributes: Attributes) -> None:
    key, value = attributes.get("key"), attributes.get("value", "")
    if attributes.get("type") == "volume" and not volume.part_id:
        if key == "volume_type":
            volume.kind = value
        elif key == "modifier" and value == "1" and not volume.kind:  # files from before there were types
            volume.kind = "ParameterModifier"
