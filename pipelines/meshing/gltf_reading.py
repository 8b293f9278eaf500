"""Meshes of glTF 2.0: metres and y up in the file, millimetres and z up in memory."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.budget import Budget
from pipelines.meshing.color import concatenate, linear_from_srgb, srgb_from_linear
from pipelines.meshing.gltf_document import Document, inline, open_gltf
from pipelines.meshing.gltf_scene import Placement, placements
from pipelines.meshing.texels import PixelBudget, Wrap, decode_texture, nearest_texels

_MM = 1000.0
_Z_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # rows of a file, y up, times this: z up
_WRAPS: Final[dict[int, Wrap]] = {10497: "repeat", 33648: "mirror", 33071: "clamp"}


def read_gltf(data: bytes) -> TriangleMesh:
    """All triangles of the default scene, nodes, instances and joints applied, morph targets at rest.

    Colours are vertex colour x material colour x the texture looked up at each vertex, where there are any. Pictures
    that only a graphics card reads (KTX2) are passed over.
    """
    document = open_gltf(data)
    reader, budget = _Reader(document), Budget()
    parts: list[TriangleMesh] = []
    for placement in placements(document, budget):
        for primitive in placement.mesh["primitives"]:
            part = reader.primitive(primitive, placement, budget)
            if part is not None:
                parts.append(part)
    if not parts:
        raise EmptyGeometry("The glTF holds no triangles.")
    mesh = concatenate(parts)
    return TriangleMesh(mesh.vertices @ _Z_UP * _MM, mesh.faces, mesh.colors)


@dataclass(frozen=True, slots=True, eq=False)
class _Reader:
    document: Document
    pixels: PixelBudget = field(default_factory=PixelBudget)
    textures: dict[int, NDArray[np.uint8] | None] = field(default_factory=dict)  # decoded so far, by image

    def primitive(self, primitive: dict[str, Any], placement: Placement, budget: Budget) -> TriangleMesh | None:
        attributes, mode = primitive["attributes"], primitive.get("mode", 4)
        if "POSITION" not in attributes or mode not in (4, 5, 6):
            return None  # points and lines print nothing
        if "KHR_draco_mesh_compression" in primitive.get("extensions", {}):
            raise Unreadable("The glTF is compressed with Draco: export it without compression.")
        positions = self.document.column(attributes["POSITION"])
        if positions.width != 3:
            raise Unreadable("The glTF is damaged: its positions do not have three coordinates.")
        order = self.document.column(primitive["indices"]) if "indices" in primitive else positions
        budget.spend(order.count // 3 if mode == 4 else order.count)
        faces = _triangles(order.indices() if "indices" in primitive else np.arange(positions.count), mode)
        if not len(faces):
            return None
        if faces.max() >= positions.count:
            raise Unreadable("The glTF is damaged: a face names a vertex that does not exist.")
        rows, faces = _used(faces, positions.count)
        vertices, mirrored = self.placed(positions.numbers(rows), attributes, rows, placement)
        if mirrored:  # a mirror turns every face inside out
            faces = faces[:, ::-1]
        return TriangleMesh(vertices, np.ascontiguousarray(faces), self.colors(primitive, rows))

    def placed(
        self, points: NDArray[np.float64], attributes: dict[str, Any], rows: NDArray[np.int64], placement: Placement
    ) -> tuple[NDArray[np.float64], bool]:
        """The points [N, 3] in the world, and whether they came there through a mirror."""
        joints = placement.joints
        if joints is None or not {"JOINTS_0", "WEIGHTS_0"} <= attributes.keys():
            matrix = placement.to_world
            return points @ matrix[:3, :3].T + matrix[:3, 3], bool(np.linalg.det(matrix[:3, :3]) < 0)
        which = self.document.column(attributes["JOINTS_0"]).take(self._rows(attributes["JOINTS_0"], rows))
        weight = self.document.column(attributes["WEIGHTS_0"]).numbers(self._rows(attributes["WEIGHTS_0"], rows))
        if which.dtype.kind != "u" or which.max() >= len(joints) or which.shape != weight.shape:
            raise Unreadable("The glTF is damaged: a vertex names a joint that does not exist.")
        total = weight.sum(axis=1, keepdims=True)
        weight = weight / np.where(total > 0, total, 1.0)
        moved = np.zeros_like(points)
        for k in range(which.shape[1]):
            matrix = joints[which[:, k]]
            moved += weight[:, k, None] * (np.einsum("nij,nj->ni", matrix[:, :3, :3], points) + matrix[:, :3, 3])
        return moved, bool(np.linalg.det(joints[which[0, 0]][:3, :3]) < 0)

    def _rows(self, index: Any, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same rows, once it is sure that the accessor has them."""
        if rows.max() >= self.document.column(index).count:
            raise Unreadable("The glTF is damaged: a vertex lacks one of its attributes.")
        return rows

    def numbers(self, index: Any, rows: NDArray[np.int64], *, fraction: bool = False) -> NDArray[np.float64]:
        return self.document.column(index).numbers(self._rows(index, rows), fraction=fraction)

    def colors(self, primitive: dict[str, Any], rows: NDArray[np.int64]) -> NDArray[np.uint8] | None:
        """Base colour at each vertex as sRGB, or None where the file names none."""
        attributes = primitive["attributes"]
        linear: NDArray[np.float64] | None = None
        if "COLOR_0" in attributes:
            linear = self.numbers(attributes["COLOR_0"], rows, fraction=True)[:, :3]
        if "material" in primitive:
            factor, texture = _surface(self.document.named("materials", primitive["material"]))
            if factor is not None:
                linear = factor if linear is None else linear * factor
            looked_up = self.texture(texture, attributes, rows) if texture else None
            if looked_up is not None:
                linear = looked_up if linear is None else linear * looked_up
        if linear is None:
            return None
        return srgb_from_linear(np.broadcast_to(np.nan_to_num(linear), (len(rows), 3)))

    def texture(
        self, spec: dict[str, Any], attributes: dict[str, Any], rows: NDArray[np.int64]
    ) -> NDArray[np.float64] | None:
        """Linear colours [N, 3] of the nearest texels, or None where there is no picture or no place on it."""
        move = spec.get("extensions", {}).get("KHR_texture_transform", {})
        coordinates = attributes.get(f"TEXCOORD_{move.get('texCoord', spec.get('texCoord', 0))}")
        texture = self.document.named("textures", spec["index"])
        texels = self._texels(texture)
        if coordinates is None or texels is None:
            return None
        sampler = self.document.named("samplers", texture["sampler"]) if "sampler" in texture else {}
        wrap = _WRAPS[sampler.get("wrapS", 10497)], _WRAPS[sampler.get("wrapT", 10497)]
        uv = _moved(self.numbers(coordinates, rows, fraction=True)[:, :2], move)
        return linear_from_srgb(nearest_texels(texels, uv, wrap))

    def _texels(self, texture: dict[str, Any]) -> NDArray[np.uint8] | None:
        webp = texture.get("extensions", {}).get("EXT_texture_webp", {})
        source = webp.get("source", texture.get("source"))
        if source is None:
            return None
        if source not in self.textures:
            image = self.document.named("images", source)
            raw = self.document.view(image["bufferView"]) if "bufferView" in image else inline(image.get("uri", ""))
            known = image.get("mimeType") not in ("image/ktx2", "image/vnd-ms.dds", "image/avif")
            self.textures[source] = decode_texture(raw, self.pixels) if known else None
        return self.textures[source]


def _surface(material: dict[str, Any]) -> tuple[NDArray[np.float64] | None, dict[str, Any] | None]:
    """The linear colour [3] and the texture of a material, of either way to describe one."""
    old = material.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness")
    surface = material.get("pbrMetallicRoughness", {})
    color, picture = ("baseColorFactor", "baseColorTexture")
    if old is not None and color not in surface and picture not in surface:
        surface, color, picture = old, "diffuseFactor", "diffuseTexture"
    factor = np.array(surface[color], np.float64)[:3] if color in surface else None
    if factor is not None and factor.shape != (3,):
        raise Unreadable("The glTF is damaged: a material's colour has fewer than three parts.")
    return factor, surface.get(picture)


def _moved(uv: NDArray[np.float64], move: dict[str, Any]) -> NDArray[np.float64]:
    """KHR_texture_transform: scaled, turned, shifted."""
    angle = float(move.get("rotation", 0.0))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    scale = np.array(move.get("scale", [1.0, 1.0]), np.float64)
    return np.asarray((uv * scale) @ turn.T + np.array(move.get("offset", [0.0, 0.0]), np.float64))


def _used(faces: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The vertices that the faces name, and the faces in their numbers: many parts may share one large table."""
    if count <= faces.size:
        return np.arange(count), faces
    rows, local = np.unique(faces, return_inverse=True)
    return rows, local.reshape(-1, 3).astype(np.int64)


def _triangles(order: NDArray[np.int64], mode: int) -> NDArray[np.int64]:
    if mode == 4:
        return order[: len(order) // 3 * 3].reshape(-1, 3)
    if len(order) < 3:
        return np.zeros((0, 3), np.int64)
    if mode == 6:  # fan
        return np.stack([np.full(len(order) - 2, order[0]), order[1:-1], order[2:]], axis=1)
    strip = np.stack([order[:-2], order[1:-1], order[2:]], axis=1)
    strip[1::2] = strip[1::2, [1, 0, 2]]
    a, b, c = strip.T
    return np.asarray(strip[(a != b) & (b != c) & (c != a)])  # strips are sewn together by faces without area
