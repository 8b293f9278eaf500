"""The colours of 3MF faces: of groups, materials, pictures and mixtures. Source: 3MF materials 1.2."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import Unreadable
from pipelines.geometry import TriangleMesh
from pipelines.meshing.color import PLAIN, with_corner_colors
from pipelines.meshing.texels import PixelBudget, Wrap, decode_texture, nearest_texels
from pipelines.meshing.threemf_model import ColorResource, ModelPart, ObjectPart

_TILES: Final[dict[str, Wrap]] = {"wrap": "repeat", "mirror": "mirror", "clamp": "clamp", "none": "clamp"}


class Members(Protocol):
    """Where pictures are read from."""

    def read(self, path: str) -> bytes:
        """The bytes of a member of the package."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Palettes:
    """Colours [P, 3] of the entries of each resource of one model part, worked out when they are asked for."""

    part: ModelPart
    members: Members
    pixels: PixelBudget
    found: dict[int, NDArray[np.uint8] | None]

    def of(self, group: int) -> NDArray[np.uint8] | None:
        """The colours of a resource, or None where it has none: unknown, or of what colours say nothing."""
        if group not in self.found:
            self.found[group] = None  # a mixture of itself has no colour
            resource = self.part.resources.get(group)
            self.found[group] = self._colors(resource) if resource is not None else None
        return self.found[group]

    def _colors(self, resource: ColorResource) -> NDArray[np.uint8] | None:
        match resource.kind:
            case "colorgroup" | "basematerials":
                return np.array([_rgb(text) for text in resource.colors], np.uint8).reshape(-1, 3)
            case "texture2dgroup":
                return self._pictured(resource)
            case "compositematerials":
                return self._mixed(resource)
            case _:
                return self._layered(resource)

    def _pictured(self, group: ColorResource) -> NDArray[np.uint8] | None:
        picture = self.part.pictures.get(group.sources[0]) if group.sources else None
        if picture is None:
            raise Unreadable("The 3MF is damaged: its texture coordinates belong to no texture.")
        texels = decode_texture(self.members.read(picture.path), self.pixels)
        uv = np.array(group.coordinates).reshape(-1, 2)
        uv[:, 1] = 1.0 - uv[:, 1]  # 3MF counts from the bottom
        u, v = (_TILES.get(tile, "repeat") for tile in picture.tiles)
        return nearest_texels(texels, uv, (u, v))

    def _mixed(self, group: ColorResource) -> NDArray[np.uint8] | None:
        base = self.of(group.sources[0]) if group.sources else None
        picks = group.picks[0] if group.picks else []
        if base is None or not picks:
            return None
        colors = base[_checked(np.array(picks, np.int64), len(base))]
        shares = np.array(group.shares, np.float64).reshape(-1, len(picks))
        total = shares.sum(axis=1, keepdims=True)
        mixed = (shares / np.where(total > 0, total, 1.0)) @ colors
        return np.clip(np.rint(np.nan_to_num(mixed)), 0, 255).astype(np.uint8)

    def _layered(self, group: ColorResource) -> NDArray[np.uint8] | None:
        """Of several properties at once, the first that has colours."""
        for layer, source in enumerate(group.sources):
            palette = self.of(source)
            if palette is not None:
                picks = [row[layer] if layer < len(row) else 0 for row in group.picks]  # the last may be left out
                return np.asarray(palette[_checked(np.array(picks, np.int64), len(palette))])
        return None


def painted(of: ObjectPart, palettes: Palettes) -> TriangleMesh:
    """The object's mesh with the colours of its faces, or without where none has any."""
    vertices, faces = of.vertices, of.faces
    shading = of.shaded
    corners = np.full((len(faces), 3, 3), PLAIN, np.uint8)
    default = palettes.of(of.group) if of.group is not None else None
    if default is not None:
        corners[:] = default[_checked(np.array([of.pick]), len(default))[0]]
    colored = default is not None
    for group in np.unique(shading.group).tolist():
        palette = palettes.of(group)
        if palette is not None:
            here = shading.group == group
            corners[shading.face[here]] = palette[_checked(shading.pick[here], len(palette))]
            colored = True
    return with_corner_colors(vertices, faces, corners) if colored else TriangleMesh(vertices, faces)


def _checked(picks: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    if len(picks) and not (picks.min() >= 0 and picks.max() < count):
        raise Unreadable("The 3MF is damaged: a triangle names a colour that does not exist.")
    return picks


def _rgb(text: str) -> tuple[int, ...]:
    if not text:
        return PLAIN
    try:
        parts = bytes.fromhex(text.removeprefix("#"))
    except ValueError:
        parts = b""
    if len(parts) not in (3, 4) or text[0] != "#":
        raise Unreadable(f"The 3MF holds a colour that cannot be read: {text[:20]!r}.")
    return tuple(parts[:3])
