"""The scene of glTF 2.0: where each mesh stands, instances and joints included."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import Unreadable
from pipelines.meshing.budget import Budget
from pipelines.meshing.gltf_document import Document, at

_INSTANCING = "EXT_mesh_gpu_instancing"


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """A mesh in the scene."""

    mesh: dict[str, Any]
    to_world: NDArray[np.float64]  # [4, 4]
    joints: NDArray[np.float64] | None  # [J, 4, 4] from the mesh at rest to the world, which then says all


def placements(document: Document, budget: Budget) -> Iterator[Placement]:
    """Every mesh of the default scene, in the pose at rest.

    Raises:
        Unreadable: the nodes are not a tree, or name what is not there.
        GeometryTooLarge: more placements than are accepted.
    """
    to_world = _worlds(document)
    for index, matrix in to_world.items():
        node = document.named("nodes", index)
        if "mesh" not in node:
            continue
        mesh = document.named("meshes", node["mesh"])
        joints = _joints(document, node, to_world)
        for instance in _instances(document, node, budget):
            budget.place()
            yield Placement(mesh, matrix @ instance, joints)


def _worlds(document: Document) -> dict[int, NDArray[np.float64]]:
    """Node-to-world matrices [4, 4] of the scene's nodes, parents before children."""
    nodes = document.json.get("nodes", [])
    scenes = document.json.get("scenes") or [{"nodes": _roots(nodes)}]
    pending = [(index, np.eye(4)) for index in at(scenes, document.json.get("scene", 0)).get("nodes", [])]
    found: dict[int, NDArray[np.float64]] = {}
    while pending:
        index, parent = pending.pop()
        node = at(nodes, index)
        if index in found:
            raise Unreadable("The glTF's nodes are not a tree.")
        found[index] = parent @ _local(node)
        pending += [(child, found[index]) for child in node.get("children", [])]
    return found


def _roots(nodes: list[dict[str, Any]]) -> list[int]:
    children = {child for node in nodes for child in node.get("children", [])}
    return [index for index in range(len(nodes)) if index not in children]


def _local(node: dict[str, Any]) -> NDArray[np.float64]:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T  # stored column by column
    one = [np.array([node.get(name, rest)], np.float64) for name, rest in _REST]
    return np.asarray(_affine(*one)[0])


_REST = (("translation", [0, 0, 0]), ("rotation", [0, 0, 0, 1]), ("scale", [1, 1, 1]))


def _affine(
    translation: NDArray[np.float64], rotation: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Matrices [N, 4, 4] of translations [N, 3], quaternions xyzw [N, 4] and scales [N, 3]."""
    length = np.linalg.norm(rotation, axis=1, keepdims=True)
    x, y, z, w = (rotation / np.where(length > 0, length, 1.0)).T  # quantised ones are not quite unit
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrices = np.tile(np.eye(4), (len(translation), 1, 1))
    matrices[:, :3, :3] = np.moveaxis(turn, 2, 0) * scale[:, None, :]
    matrices[:, :3, 3] = translation
    return matrices


def _instances(document: Document, node: dict[str, Any], budget: Budget) -> NDArray[np.float64]:
    """Matrices [N, 4, 4] that repeat the node's mesh; one that does nothing where it is not repeated."""
    extension = node.get("extensions", {}).get(_INSTANCING)
    if extension is None:
        return np.eye(4)[None]
    columns = {name: document.column(index) for name, index in extension["attributes"].items()}
    counts = {column.count for column in columns.values()}
    if len(counts) != 1:
        raise Unreadable("The glTF is damaged: the attributes of its instances differ in number.")
    count = counts.pop()
    if count > budget.placements:
        budget.placements = 0
        budget.place()
    rows, parts = np.arange(count), []
    for name, rest in _REST:
        column = columns.get(name.upper())
        parts.append(column.numbers(rows) if column else np.tile(np.array(rest, np.float64), (count, 1)))
    return _affine(*parts)


def _joints(
    document: Document, node: dict[str, Any], to_world: dict[int, NDArray[np.float64]]
) -> NDArray[np.float64] | None:
    """A skinned mesh stands where its joints are, wherever its own node is (glTF 2.0, 3.7.3.3)."""
    if "skin" not in node:
        return None
    skin = document.named("skins", node["skin"])
    names = skin["joints"]
    if not names or not all(name in to_world for name in names):
        return None
    worlds = np.array([to_world[name] for name in names])
    if "inverseBindMatrices" not in skin:
        return worlds
    inverse = document.column(skin["inverseBindMatrices"])
    if inverse.count < len(names) or inverse.width != 16:
        raise Unreadable("The glTF is damaged: a skin has fewer matrices than joints.")
    return np.asarray(worlds @ inverse.numbers(np.arange(len(names))).reshape(-1, 4, 4).transpose(0, 2, 1))
