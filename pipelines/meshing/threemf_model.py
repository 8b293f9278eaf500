"""One model part of a 3MF package, from XML to arrays, piece by piece: a tree of 2 million faces would take 2 GB."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NoReturn
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import GeometryTooLarge, Unreadable
from pipelines.meshing.limits import MAX_FACES, check_faces

CORE: Final = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
MATERIAL: Final = "http://schemas.microsoft.com/3dmanufacturing/material/2015/02"
PRODUCTION: Final = "http://schemas.microsoft.com/3dmanufacturing/production/2015/06"
_GROUPS: Final = (
    f"{CORE} basematerials",
    *(f"{MATERIAL} {name}" for name in ("colorgroup", "texture2dgroup", "compositematerials", "multiproperties")),
)
_READ: Final = (CORE, MATERIAL, PRODUCTION)
_MAX_VERTICES: Final = 3 * MAX_FACES  # no two faces sharing one
_MAX_ENTRIES: Final = 2_000_000  # colours, texture coordinates and the numbers of mixtures
_MAX_OBJECTS: Final = 100_000  # objects, resources, components and items
_MAX_TAGS: Final = _MAX_VERTICES + MAX_FACES + _MAX_ENTRIES + 1_000_000
_MAX_PREFIXES: Final = 100
# A longer tag or comment is no model's, and old versions of the parser read one again with each piece that comes.
_MAX_TAG_BYTES: Final = 4 * 1024 * 1024
_NONE: Final = -1
_COLOR_LENGTH: Final = 20  # more than any colour has: what is longer is refused by its beginning

Attributes = dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """One object inside another, or on the build plate."""

    object_id: str
    path: str | None  # of the model part that holds it; None for the one that names it
    to_parent: NDArray[np.float64]  # [4, 4], to be multiplied by rows from the left


@dataclass(frozen=True, slots=True, eq=False)
class Shading:
    """Faces that name their colours, and how."""

    face: NDArray[np.int64]  # [K]
    group: NDArray[np.int64]  # [K] resource
    pick: NDArray[np.int64]  # [K, 3] entry of the resource at each corner


@dataclass(slots=True, eq=False)
class ObjectPart:
    """One object: a mesh, or others put together."""

    kind: str
    group: int | None  # colour resource and entry of the faces that name none
    pick: int
    coordinates: "array[float]" = field(default_factory=lambda: array("d"))
    corners: "array[int]" = field(default_factory=lambda: array("q"))
    shading: "array[int]" = field(default_factory=lambda: array("q"))  # rows of face, group, three picks
    components: list[Component] = field(default_factory=list)

    @property
    def vertices(self) -> NDArray[np.float64]:
        """[V, 3] in the unit of the file."""
        return np.array(self.coordinates).reshape(-1, 3)

    @property
    def faces(self) -> NDArray[np.int64]:
        """[F, 3]. Raises Unreadable where one names a vertex that is not there."""
        faces = np.array(self.corners, np.int64).reshape(-1, 3)
        if len(faces) and not (faces.min() >= 0 and faces.max() < len(self.coordinates) // 3):
            raise Unreadable("The 3MF is damaged: a triangle names a vertex that does not exist.")
        return faces

    @property
    def shaded(self) -> Shading:
        """What the faces say of their colours."""
        rows = np.array(self.shading, np.int64).reshape(-1, 5)
        return Shading(rows[:, 0], rows[:, 1], rows[:, 2:])


@dataclass(slots=True, eq=False)
class ColorResource:
    """Anything that faces may take their colours from. Which fields are filled depends on `kind`."""

    kind: str  # colorgroup, basematerials, texture2dgroup, compositematerials, multiproperties
    colors: list[str] = field(default_factory=list)  # as written
    coordinates: "array[float]" = field(default_factory=lambda: array("d"))  # of textures
    picks: list[list[int]] = field(default_factory=list)  # of mixtures: entries of `sources`
    shares: list[list[float]] = field(default_factory=list)  # of mixtures: how much of each
    sources: list[int] = field(default_factory=list)  # resources, or of a texture group its picture


@dataclass(slots=True, eq=False)
class Picture:
    """A texture's file in the package, and how it goes on beyond its edges."""

    path: str
    tiles: tuple[str, str]


@dataclass(slots=True, eq=False)
class ModelPart:
    """What one .model file holds."""

    unit: str = "millimeter"
    objects: dict[str, ObjectPart] = field(default_factory=dict)
    resources: dict[int, ColorResource] = field(default_factory=dict)
    pictures: dict[int, Picture] = field(default_factory=dict)
    items: list[Component] = field(default_factory=list)


def parse_model(pieces: Iterator[bytes]) -> ModelPart:
    """The model part whose bytes come piece by piece.

    Raises:
        Unreadable: not well-formed XML, a document type or entity, or in need of an extension that is not read.
        GeometryTooLarge: more triangles or vertices than are accepted, found while they come.
    """
    reader = _PartReader()
    feed_xml(pieces, reader.start, namespaces=reader.prefixes)
    return reader.part


def feed_xml(
    pieces: Iterator[bytes], start: Callable[[str, Attributes], object], namespaces: dict[str, str] | None = None
) -> None:
    """Call `start` with each tag and its attributes, names being "namespace name".

    Raises:
        Unreadable: not well-formed XML, or a document type: 3MF forbids them, and entities are what bombs and file
            disclosure are made of.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.EntityDeclHandler = _refuse_document_type
    if namespaces is not None:
        parser.StartNamespaceDeclHandler = partial(_note_prefix, namespaces)
    fed = 0
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            fed += len(piece)
            if fed - parser.CurrentByteIndex > _MAX_TAG_BYTES:
                raise Unreadable(f"The 3MF holds a tag of more than {_MAX_TAG_BYTES:,} bytes.")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Unreadable("The 3MF's model is not well-formed XML.") from error


def _note_prefix(known: dict[str, str], prefix: str | None, uri: str | None) -> None:
    if len(known) < _MAX_PREFIXES:
        known.setdefault(prefix or "", uri or "")


def _refuse_document_type(*_: object) -> NoReturn:
    raise Unreadable("The 3MF declares a document type, which its standard forbids.")


class _PartReader:
    """The state while a model part is read: the object and the resource that the next tags belong to."""

    def __init__(self) -> None:
        self.part = ModelPart()
        self.prefixes: dict[str, str] = {}
        self._object = ObjectPart("model", None, 0)
        self._resource = ColorResource("")
        self._faces = self._vertices = self._entries = self._objects = self._tags = 0
        core = {
            "model": self._model, "object": self._new_object, "vertex": self._vertex, "triangle": self._triangle,
            "component": self._component, "item": self._item, "base": self._base,
        }  # fmt: skip
        material = {
            "color": self._color, "texture2d": self._picture, "composite": self._composite,
            "tex2coord": self._coordinate, "multi": self._multi,
        }  # fmt: skip
        self._handlers = {f"{CORE} {name}": handler for name, handler in core.items()}
        self._handlers |= {f"{MATERIAL} {name}": handler for name, handler in material.items()}
        self._handlers |= {name: partial(self._group, name.rpartition(" ")[2]) for name in _GROUPS}

    def start(self, name: str, attributes: Attributes) -> None:
        self._tags += 1
        handler = self._handlers.get(name)
        if handler is not None:
            handler(attributes)
        elif self._tags > _MAX_TAGS:
            raise GeometryTooLarge(f"The 3MF has more than {_MAX_TAGS:,} tags.")

    def _model(self, attributes: Attributes) -> None:
        self.part.unit = attributes.get("unit", "millimeter")
        for prefix in attributes.get("requiredextensions", "").split():
            if (uri := self.prefixes.get(prefix, prefix)) not in _READ:
                raise Unreadable(f"The 3MF needs the extension {uri[:80]}, which is not read: save it without.")

    def _new_object(self, attributes: Attributes) -> None:
        self._count_object()
        group = attributes.get("pid")
        self._object = ObjectPart(
            attributes.get("type", "model"), None if group is None else int(group), int(attributes.get("pindex", 0))
        )
        self.part.objects[attributes["id"]] = self._object

    def _vertex(self, attributes: Attributes) -> None:
        self._vertices += 1
        if self._vertices > _MAX_VERTICES:
            raise GeometryTooLarge(f"The 3MF has more than {_MAX_VERTICES:,} vertices.")
        self._object.coordinates.extend((float(attributes["x"]), float(attributes["y"]), float(attributes["z"])))

    def _triangle(self, attributes: Attributes) -> None:
        self._faces += 1
        if self._faces > MAX_FACES:
            check_faces(self._faces)
        of = self._object
        of.corners.extend((int(attributes["v1"]), int(attributes["v2"]), int(attributes["v3"])))
        first = attributes.get("p1")
        if first is not None:
            group = attributes.get("pid", of.group)
            one = int(first)
            picks = (one, int(attributes.get("p2", one)), int(attributes.get("p3", one)))
            of.shading.extend((len(of.corners) // 3 - 1, _NONE if group is None else int(group), *picks))

    def _component(self, attributes: Attributes) -> None:
        self._count_object()
        self._object.components.append(_placed(attributes))

    def _item(self, attributes: Attributes) -> None:
        self._count_object()
        if attributes.get("printable") != "0":  # a word of slicers: it lies beside the plate
            self.part.items.append(_placed(attributes))

    def _group(self, kind: str, attributes: Attributes) -> None:
        self._count_object()
        self._resource = ColorResource(kind)
        self.part.resources[int(attributes["id"])] = self._resource
        words = attributes.get("texid") or attributes.get("matid") or attributes.get("pids") or ""
        self._resource.sources = [int(word) for word in self._counted(words)]
        if "matindices" in attributes:
            self._resource.picks.append([int(word) for word in self._counted(attributes["matindices"])])

    def _base(self, attributes: Attributes) -> None:
        self._count_entries(1)
        self._resource.colors.append(attributes.get("displaycolor", "")[:_COLOR_LENGTH])

    def _color(self, attributes: Attributes) -> None:
        self._count_entries(1)
        self._resource.colors.append(attributes["color"][:_COLOR_LENGTH])

    def _coordinate(self, attributes: Attributes) -> None:
        self._count_entries(1)
        self._resource.coordinates.extend((float(attributes["u"]), float(attributes["v"])))

    def _composite(self, attributes: Attributes) -> None:
        self._resource.shares.append([float(word) for word in self._counted(attributes["values"])])

    def _multi(self, attributes: Attributes) -> None:
        self._resource.picks.append([int(word) for word in self._counted(attributes["pindices"])])

    def _picture(self, attributes: Attributes) -> None:
        self._count_object()
        tiles = attributes.get("tilestyleu", "wrap"), attributes.get("tilestylev", "wrap")
        self.part.pictures[int(attributes["id"])] = Picture(attributes["path"], tiles)

    def _counted(self, text: str) -> list[str]:
        """The words of an attribute, each of which counts as an entry."""
        words = text.split()
        self._count_entries(1 + len(words))
        return words

    def _count_entries(self, number: int) -> None:
        self._entries += number
        if self._entries > _MAX_ENTRIES:
            raise GeometryTooLarge(f"The 3MF has more than {_MAX_ENTRIES:,} colours.")

    def _count_object(self) -> None:
        self._objects += 1
        if self._objects > _MAX_OBJECTS:
            raise GeometryTooLarge(f"The 3MF has more than {_MAX_OBJECTS:,} objects and resources.")


def _placed(attributes: Attributes) -> Component:
    matrix = np.eye(4)
    words = attributes.get("transform", "").split()
    if words:
        matrix[:, :3] = np.array([float(word) for word in words]).reshape(4, 3)
    return Component(attributes["objectid"], attributes.get(f"{PRODUCTION} path"), matrix)
