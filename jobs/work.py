"""The computing stages as functions of a job: pipelines in their order, nothing of queues or stores."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from jobs.model import Converted, FilePayload, Generated, Job, Provenance
from pipelines.errors import GeometryTooLarge
from pipelines.images import cut_out, decode
from pipelines.meshing import (
    Placed,
    export_mesh,
    export_textured,
    make_solid,
    place,
    solidified,
    solidify,
    textured,
)
from pipelines.meshing.color import ColorOf, moved_colors
from pipelines.parametric import build, design
from pipelines.pictures import encode_png, natural_view, render_mesh
from pipelines.pictures.film import encode_webp
from pipelines.relief import ReliefOptions, build_relief, resolved_mode
from pipelines.relief.asked import mode_asked

DEFAULT_SIZE_MM: Final = 100.0  # longest side of what has no size of its own: most desktop printers take it twice over
DRAFT_RESOLUTION: Final = 128  # half of the time, for something to look at meanwhile
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "stl": "model/stl",
    "obj": "model/obj",
    "ply": "application/x-ply",
    "glb": "model/gltf-binary",
    "3mf": "model/3mf",
}


def parametric(job: Job) -> Generated:
    """The exact solid that a prompt describes, and its OpenSCAD source.

    Raises:
        NoBackend: no family fits.
        ContradictoryPrompt, InvalidInput: the dimensions cannot be met together.
    """
    made = build(design(job.analysis, job.request.size_mm))
    parameters = tuple((name, f"{value:g}") for name, value in made.design.parameters)
    provenance = Provenance(
        backend="parametric",
        model=made.design.family,
        weights_sha256=None,
        seed=job.request.seed,
        licence="commercial",
        parameters=parameters,
        notes=made.design.notes,
    )
    source = FilePayload("model.scad", "application/x-openscad", made.scad.encode())
    return Generated(provenance, mesh=made.mesh, files=(source,))


def relief(job: Job, picture: bytes, rembg_weights: Path | None = None) -> Generated:
    """A solid from one picture.

    Raises:
        NoSubject, Unreadable, TooLarge: there is nothing to make a solid of.
    """
    cutout = cut_out(decode(picture), rembg_weights)
    size_mm = job.request.size_mm or job.analysis.dimension("size", "width", "length", "height") or DEFAULT_SIZE_MM
    asked = ReliefOptions(mode_asked(job.analysis), size_mm, job.analysis.dimension("thickness"))
    options = replace(asked, mode=resolved_mode(cutout, asked.mode))
    mesh = build_relief(cutout, options)
    provenance = Provenance(
        backend="relief",
        model=f"relief-{options.mode}",
        weights_sha256=None,
        seed=job.request.seed,
        licence="commercial",
        parameters=(("size_mm", f"{size_mm:g}"), ("cutout", cutout.method), ("confidence", f"{cutout.confidence:.2f}")),
    )
    return Generated(provenance, mesh=mesh)


def convert(job: Job, shape: Generated) -> Converted:
    """The closed, sized, placed solid with a picture of it and the files that were asked for.

    Raises:
        EmptyGeometry, NotSolid, GeometryTooLarge: no solid can be made of the shape.
    """
    if shape.gaussians is not None:
        made = solidified(shape.gaussians, None)
        placed = place(made.mesh, _splat_size_mm(job, shape), up="y")
        return _converted(job, placed, made.notes, moved_colors(made.colors, placed.transform))
    assert shape.mesh is not None, "a generated shape is a mesh or Gaussians"
    solid = make_solid(shape.mesh)
    placed = place(solid.mesh, job.request.size_mm, up="z")
    return _converted(job, placed, tuple(repair.message for repair in solid.repairs))


def draft(job: Job, shape: Generated) -> FilePayload:
    """A coarse solid of a shape's Gaussians, sized and placed as the final one will be.

    Raises:
        EmptyGeometry, NotSolid: no solid can be made of them.
    """
    assert shape.gaussians is not None, "only splats are drafted: other shapes are exact from the start"
    mesh = solidify(shape.gaussians, DRAFT_RESOLUTION)
    placed = place(mesh, _splat_size_mm(job, shape), up="y")
    return FilePayload("draft.glb", MEDIA_TYPES["glb"], export_mesh(placed.mesh, "glb"))


def _splat_size_mm(job: Job, shape: Generated) -> float:
    return job.request.size_mm or shape.size_mm or DEFAULT_SIZE_MM


def _converted(job: Job, placed: Placed, repairs: tuple[str, ...], color_of: ColorOf | None = None) -> Converted:
    """The solid with its files; where a texture would be too intricate, colours stay on vertices, and this is said."""
    mesh, painted = placed.mesh, None
    if job.request.texture and "glb" in job.request.formats:
        try:
            painted = export_textured(textured(mesh, color_of))
        except GeometryTooLarge:
            repairs += ("kept the colours on vertices: the shape is too intricate for a texture",)
    picture = render_mesh(mesh, natural_view(mesh))
    preview = FilePayload("preview.png", "image/png", encode_png(picture))
    # Half the picture rather than a picture of half the size: 2 ms, and the same look.
    halved = picture.reshape(len(picture) // 2, 2, -1, 2, 3).mean(axis=(1, 3))
    thumbnail = FilePayload("thumbnail.webp", "image/webp", encode_webp(np.rint(halved).astype(np.uint8)))
    files = (
        FilePayload(
            f"model.{form}", MEDIA_TYPES[form], painted if painted and form == "glb" else export_mesh(mesh, form)
        )
        for form in job.request.formats
    )
    return Converted(mesh, tuple(np.ravel(placed.transform).tolist()), repairs, (preview, thumbnail, *files))
