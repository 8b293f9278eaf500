"""How good an answer is: pictures from where no camera stood, and the solid that is printed of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from manifold3d import Error, Manifold, Mesh64
from numpy.typing import NDArray

from pipelines.cameras import FOVY_DEG, orbit, world_to_opencv
from pipelines.errors import MoldarError, NotSolid
from pipelines.geometry import FreeCamera, Gaussians, TriangleMesh, Views
from pipelines.lgm import Lgm, splat
from pipelines.lgm.outlines import within_outlines
from pipelines.meshing import solidify
from pipelines.pictures.photograph import Studio
from pipelines.splats import render
from training.data import INPUT_SIZE, MAP_SIZE, Subject, make_subject, record_of, standard_poses, views_of
from training.targets import true_gaussians

TEST_SEED: Final = 31_415  # of objects; training draws from other seeds
_UNSEEN_AZIMUTHS_DEG: Final = (22.5, 67.5, 112.5, 157.5, 202.5, 247.5, 292.5, 337.5)
_UNSEEN_ELEVATIONS_DEG: Final = (0.0, 15.0, -15.0, 45.0, 0.0, 15.0, -15.0, 45.0)
_PICTURE: Final = 128
_RESOLUTION: Final = 128  # of solids; a pixel of the maps is three voxels
_HULL_VOXELS: Final = 96  # per side of the cube [-0.64, 0.64]^3
_HULL_HALF: Final = 0.64


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One object and what is known of it."""

    subject: Subject
    record: NDArray[np.void]
    unseen: Views  # the truth from 8 other sides


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One answer to a trial."""

    psnr_db: float  # mean over the 8 unseen views
    iou: float  # of the solid and the true solid; 0 where no solid could be made
    gaussians: Gaussians
    solid: TriangleMesh | None


def unseen_poses() -> NDArray[np.float32]:
    """Eight poses between those of the input, [8, 4, 4]."""
    return orbit(_UNSEEN_ELEVATIONS_DEG, _UNSEEN_AZIMUTHS_DEG)


def trial(kind: str, index: int, seed: int = TEST_SEED, poses: NDArray[np.float32] | None = None) -> Trial:
    """The test object of a kind with this number, seen from `poses` or else the standard ones."""
    subject = make_subject(kind, (seed, index))
    unseen = Studio(subject.mesh, subject.paint).photograph(unseen_poses(), FOVY_DEG, _PICTURE)
    return Trial(subject, record_of(subject, standard_poses() if poses is None else poses), unseen)


def answered(model: Lgm, given: Trial) -> tuple[Outcome, Outcome]:
    """What the network makes of the four pictures: alone, and held within their outlines as it is served."""
    views = views_of(given.record)
    alone = splat(model, [views])[0]
    return judged(alone, given), judged(within_outlines(alone, views), given)


def bound(given: Trial) -> Outcome:
    """What a network would make of them that never errs."""
    return judged(true_gaussians(given.record), given)


def carved(given: Trial) -> Outcome:
    """What the outlines of the four pictures alone tell: their visual hull, painted with the pictures."""
    views = views_of(given.record)
    hull = visual_hull(outlines(given.subject, views.c2w), views.c2w)
    maps = Studio(hull).sightings(views.c2w, FOVY_DEG, MAP_SIZE)
    blocks = given.record["images"].reshape(4, MAP_SIZE, 2, MAP_SIZE, 2, 3)
    record = given.record.copy()
    rows = {name: record[name].reshape(4 * MAP_SIZE * MAP_SIZE, -1) for name in ("seen", "points", "normals", "rgb")}
    rows["seen"][:] = False
    rows["seen"][maps.pixel] = True
    rows["points"][maps.pixel] = maps.points
    rows["normals"][maps.pixel] = np.rint(127 * maps.normals)
    rows["rgb"][:] = blocks.min(axis=(2, 4)).reshape(-1, 3)  # of a pixel on the rim, the part that is the object
    gaussians = true_gaussians(record)
    return Outcome(psnr_db(gaussians, given.unseen), iou(hull, given.subject.mesh), gaussians, hull)


def judged(gaussians: Gaussians, given: Trial) -> Outcome:
    """Gaussians against the truth."""
    try:
        solid = solidify(gaussians, _RESOLUTION)
        shared = iou(solid, given.subject.mesh)
    except MoldarError:
        solid, shared = None, 0.0
    return Outcome(psnr_db(gaussians, given.unseen), shared, gaussians, solid)


def psnr_db(gaussians: Gaussians, truth: Views) -> float:
    """Mean peak signal-to-noise ratio of renders into the cameras of `truth`, dB."""
    size = truth.images.shape[1]
    errors = [
        np.square(render(gaussians, FreeCamera(c2w, truth.fovy_deg), size)[0] - image).mean()
        for image, c2w in zip(truth.images, truth.c2w, strict=True)
    ]
    return float(np.mean(-10 * np.log10(np.maximum(errors, 1e-10))))


def iou(one: TriangleMesh, other: TriangleMesh) -> float:
    """Volume shared over volume covered by two closed meshes: exact, by boolean operations.

    Raises:
        NotSolid: a mesh is not a closed manifold.
    """
    first, second = _manifold(one), _manifold(other)
    shared = (first ^ second).volume()
    return float(shared / (first.volume() + second.volume() - shared))


def outlines(subject: Subject, c2w: NDArray[np.float32]) -> NDArray[np.float32]:
    """Masks [V, 128, 128] of an object: the share of each pixel that it covers, better than any picture tells."""
    fine = 2 * INPUT_SIZE
    covered = np.zeros(len(c2w) * fine * fine, np.float32)
    covered[Studio(subject.mesh).sightings(c2w, FOVY_DEG, fine).pixel] = 1
    return np.asarray(covered.reshape(len(c2w), INPUT_SIZE, 2, INPUT_SIZE, 2).mean(axis=(2, 4)))


def visual_hull(masks: NDArray[np.float32], c2w: NDArray[np.float32]) -> TriangleMesh:
    """The largest solid with these outlines [V, S, S], by carving a grid wherever any of them leaves it out."""
    from skimage.measure import marching_cubes  # noqa: PLC0415 - 200 ms that only evaluation needs

    steps = np.linspace(-_HULL_HALF, _HULL_HALF, _HULL_VOXELS)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    kept = np.ones(len(grid), np.float32)
    for mask, pose in zip(masks, c2w, strict=True):
        np.minimum(kept, _covered(mask, pose, grid), out=kept)
    field = np.pad(kept.reshape((_HULL_VOXELS,) * 3), 1)
    step = steps[1] - steps[0]
    vertices, faces, _, _ = marching_cubes(field, 0.5, spacing=(step,) * 3)
    return TriangleMesh(vertices.astype(np.float64) + (steps[0] - step), faces[:, ::-1].astype(np.int64))


def _covered(mask: NDArray[np.float32], c2w: NDArray[np.float32], points: NDArray[np.float64]) -> NDArray[np.float32]:
    """The mask [S, S] at the pixels where points [N, 3] lie."""
    from scipy.ndimage import map_coordinates  # noqa: PLC0415 - 80 ms that only evaluation needs

    size = len(mask)
    rotation, translation = world_to_opencv(c2w)
    seen = points @ rotation.T + translation
    focal_px = 0.5 * size / np.tan(np.deg2rad(FOVY_DEG) / 2)
    column, row = (focal_px * seen[:, axis] / seen[:, 2] + (size - 1) / 2 for axis in (0, 1))
    return np.asarray(map_coordinates(mask, [row, column], order=1), np.float32)


def _manifold(mesh: TriangleMesh) -> Manifold:
    made = Manifold(Mesh64(np.ascontiguousarray(mesh.vertices), mesh.faces.astype(np.uint64)))
    if made.status() != Error.NoError or made.is_empty():
        raise NotSolid(f"The mesh is not a closed manifold: {made.status().name}.")
    return made
