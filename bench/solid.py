"""Splats made solid: time, memory, error and topology, beside DreamGaussian's density field and Open3D's Poisson.

`--sweep` runs all 500 random cases instead of 50.
"""

import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import manifold3d
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes
from torch import Tensor

from pipelines.errors import MoldarError
from pipelines.geometry import Gaussians, TriangleMesh
from pipelines.meshing import export_mesh, export_textured, place, solidified, solidify, textured
from pipelines.meshing.atlas import texels
from pipelines.meshing.orientation import rotation_matrices
from pipelines.meshing.poisson import reconstruct
from pipelines.meshing.pruning import surface_splats
from pipelines.meshing.sampling import surface_points
from pipelines.meshing.solidify import surface_layer
from pipelines.meshing.topology import areas
from tests.golden.splat_cases import GENUS, Mode, SolidName, color, solid, splats, viewpoints

COUNT: Final = 65_536
NAMES: Final[tuple[SolidName, ...]] = ("torus", "mug", "blob", "thincup")
MODES: Final[tuple[Mode, ...]] = ("ideal", "noisy", "round", "junk")
GOAL_256_S, GOAL_128_S, GOAL_PEAK_MIB = 1.5, 0.4, 1024
GOAL_COLOR: Final = 2.0  # of 255
PROBES: Final = 10_000  # points from which distances are taken, each way
TARGETS: Final = 150_000  # points that find the triangle nearest to a probe
CASES, CASES_QUICK = 500, 50
# DreamGaussian, gs_renderer.py extract_fields: 16^3 blocks of 8^3 points, each against all splats around it.
BLOCKS, BLOCK_POINTS, BATCH = 16, 8, 1024
REACH: Final = 1.5  # blocks
NARROW: Final = 0.5  # blocks; a good four standard deviations here: for the field alone, not for its time
EVERY: Final = (
    17  # of the blocks is timed: no divisor of 16, so that they are taken from everywhere, which stands for all
)


@dataclass(frozen=True, slots=True)
class Error:
    """How far a solid is from the truth."""

    distance_percent: float  # mean of both directions, of the truth's diagonal
    volume_percent: float
    color_levels: float  # mean, of 255


def main() -> None:
    """Print the table, the peak of memory, the peer and the random cases."""
    print(
        f"{COUNT:,} splats, {len(os.sched_getaffinity(0))} cores; goals 256^3 {GOAL_256_S} s, 128^3 {GOAL_128_S} s on 2"
    )
    solidify(splats("blob", "ideal", 4_000), 64)  # compiled loops are read from disk
    for name in NAMES:
        for mode in MODES:
            _row(name, mode)
    _views_row()
    for resolution in (256, None):
        peak = _peak_mib(resolution)
        print(f"peak memory at {resolution or 'its own'}: {peak:.0f} MiB in a process of its own; goal {GOAL_PEAK_MIB}")
    _draft_row()
    _texture_row()
    _peer()
    _open3d_peer()
    _sweep(CASES if "--sweep" in sys.argv else CASES_QUICK)


def _row(name: SolidName, mode: Mode) -> None:
    gaussians = splats(name, mode, COUNT)
    for resolution in (128, 256, None):
        took = _median_s(partial(solidify, gaussians, resolution))
        made = solidified(gaussians, resolution)
        chosen = f"{made.resolution}" + ("" if resolution else " fit")
        print(f"{name:8s}{mode:6s}{chosen:>8s} {took:5.2f} s  {_account(name, made.mesh)}")


def _views_row() -> None:
    gaussians = splats("blob", "views", COUNT)
    for what, known in (("without cameras", None), ("with cameras", viewpoints())):
        result = solidified(gaussians, 256, known)
        print(f"blob from four sides, {what}: {_account('blob', result.mesh)}; {'; '.join(result.notes)}")


def _account(name: SolidName, mesh: TriangleMesh) -> str:
    error, found = error_of(name, mesh), _manifold(mesh)
    shape = f"genus {found.genus()} of {GENUS[name]}, bodies {len(found.decompose())}, {found.status().name}"
    return (
        f"distance {error.distance_percent:.3f} %  volume {error.volume_percent:+6.2f} %  "
        f"colour {error.color_levels:.2f}/255  {len(mesh.faces):6d} faces, {shape}"
    )


def error_of(name: SolidName, mesh: TriangleMesh) -> Error:
    """Point-to-surface distance both ways, volume and colour against the truth."""
    assert mesh.colors is not None
    shades = np.abs(mesh.colors - 255 * color(mesh.vertices)).mean()
    volume = _manifold(mesh).volume() / solid(name).volume() - 1
    return Error(_error(mesh, _truth(name)), 100 * volume, float(shades))


def _error(mesh: TriangleMesh, truth: TriangleMesh) -> float:
    """Mean distance between two surfaces, both ways, % of the truth's diagonal."""
    there = _distance(surface_points(mesh, PROBES).positions, truth).mean()
    back = _distance(surface_points(truth, PROBES).positions, mesh).mean()
    return float(50 * (there + back) / np.linalg.norm(truth.size))


def _distance(points: NDArray[np.float64], mesh: TriangleMesh) -> NDArray[np.float64]:
    """Distance [N] to the triangles below the six nearest of many points of the surface: the nearest, nearly always."""
    size = areas(mesh)
    face = np.searchsorted(np.cumsum(size), (np.arange(TARGETS) + 0.5) * size.sum() / TARGETS).clip(0, len(size) - 1)
    _, near = cKDTree(surface_points(mesh, TARGETS).positions).query(points, k=6, workers=2)
    return np.min([_to_triangle(points, mesh.vertices[mesh.faces[face[near[:, k]]]]) for k in range(6)], axis=0)


def _to_triangle(points: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from each point [N, 3] to its triangle [N, 3, 3]."""
    edges = np.roll(corners, -1, axis=1) - corners
    normal = np.cross(edges[:, 0], edges[:, 1])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
    ahead = points[:, None] - corners
    is_inside = (np.einsum("nki,ni->nk", np.cross(edges, ahead), normal) >= 0).all(axis=1)
    share = np.einsum("nki,nki->nk", ahead, edges) / np.maximum(np.einsum("nki,nki->nk", edges, edges), 1e-300)
    to_edges = np.linalg.norm(ahead - share.clip(0, 1)[..., None] * edges, axis=2).min(axis=1)
    return np.where(is_inside, np.abs(np.einsum("ni,ni->n", ahead[:, 0], normal)), to_edges)


def _truth(name: SolidName) -> TriangleMesh:
    mesh = solid(name).to_mesh()
    return TriangleMesh(np.array(mesh.vert_properties, np.float64)[:, :3], np.array(mesh.tri_verts, np.int64))


def _manifold(mesh: TriangleMesh) -> Any:
    return manifold3d.Manifold(manifold3d.Mesh(np.array(mesh.vertices, np.float32), np.array(mesh.faces, np.uint32)))


def _median_s(work: Callable[[], object], runs: int = 5) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _draft_row() -> None:
    """What a job shows first: the coarse solid, placed and written."""
    gaussians = splats("mug", "noisy", COUNT)

    def draft() -> bytes:
        return export_mesh(place(solidify(gaussians, 128), 100.0, up="y").mesh, "glb")

    print(f"draft of mug noisy as GLB: {_median_s(draft):.2f} s, {len(draft()):,} bytes; goal {GOAL_128_S} s")


def _texture_row() -> None:
    """A texture: its time, and how far the picture is from the truth where it lies on the solid."""
    made = solidified(splats("mug", "noisy", COUNT), None)
    took = _median_s(lambda: export_textured(textured(made.mesh, made.colors)), 3)
    shape = textured(made.mesh, made.colors)
    shown = texels(shape.atlas, len(shape.picture))
    error = np.abs(shape.picture[shown.row, shown.column] - 255 * color(shown.points)).mean()
    few = _error(shape.atlas.mesh, _truth("mug"))
    print(
        f"texture of mug noisy: {took:.2f} s, {len(shape.atlas.mesh.faces)} of {len(made.mesh.faces)} faces, "
        f"distance {few:.3f} %, colour {error:.2f}/255; goal {GOAL_COLOR}"
    )


def _peak_mib(resolution: int | None) -> float:
    """Of a process that makes one solid whose bounding box is nearly a cube, where the grid is largest."""
    code = f"""
import resource
from dataclasses import replace
from pipelines.meshing import solidify
from tests.golden.splat_cases import splats
blob = splats("blob", "{"noisy" if resolution else "ideal"}", {COUNT})
solidify(replace(blob, means=(blob.means * [1.2, 1.6, 1]).astype("float32")), {resolution})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def _peer() -> None:
    """The dense field at 128^3: its time from a share of its blocks, its solid from the same field drawn cheaply."""
    gaussians = splats("blob", "noisy", COUNT)
    ours_s = _median_s(partial(solidify, gaussians, 128))
    field = _DenseField(gaussians)
    began = time.perf_counter()
    for block in range(0, BLOCKS**3, EVERY):
        field.density(block, REACH)
    theirs_s = (time.perf_counter() - began) * EVERY
    theirs, ours = _iou("blob", field.mesh()), _iou("blob", solidify(gaussians, 128))
    print(
        f"blob noisy at 128^3: dense field {theirs_s:.0f} s (from 1 in {EVERY} blocks), IoU {theirs:.2f}; "
        f"here {ours_s:.2f} s, IoU {ours:.3f}: {theirs_s / ours_s:.0f} times faster"
    )


def _open3d_peer() -> None:
    """Screened Poisson on an octree of depth 8, which is 256 voxels, from the same oriented points."""
    try:
        import open3d
    except (ImportError, OSError) as reason:
        print(f"Open3D left out ({reason}): pip install open3d, 948 MB, and Debian's libusb-1.0-0")
        return
    cases: tuple[tuple[SolidName, Mode], ...] = (("blob", "noisy"), ("mug", "noisy"), ("mug", "ideal"))
    for name, mode in cases:
        points = surface_layer(surface_splats(splats(name, mode, COUNT))).points
        cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points.positions))
        cloud.normals = open3d.utility.Vector3dVector(points.normals)
        poisson = partial(open3d.geometry.TriangleMesh.create_from_point_cloud_poisson, cloud, depth=8, n_threads=2)
        theirs_s, ours_s = _median_s(poisson, 3), _median_s(partial(reconstruct, points, 256, 1.5), 3)
        drawn, _ = poisson()
        theirs = TriangleMesh(np.asarray(drawn.vertices), np.asarray(drawn.triangles, np.int64))
        surface = reconstruct(points, 256, 1.5)
        ours = TriangleMesh(surface.vertices, surface.faces)
        for who, took, mesh in (("Open3D", theirs_s, theirs), ("here", ours_s, ours)):
            closed = "watertight" if _is_watertight(mesh) else "NOT watertight"
            error = _error(mesh, _truth(name))
            print(f"{name} {mode}, {who}: {took:.2f} s, distance {error:.3f} %, {_pieces(mesh)} pieces, {closed}")


def _pieces(mesh: TriangleMesh) -> int:
    """How many parts of the surface hang together."""
    start, end = mesh.faces.ravel(), np.roll(mesh.faces, -1, axis=1).ravel()
    count = len(mesh.vertices)
    found, label = connected_components(coo_array((np.ones(len(start)), (start, end)), shape=(count, count)))
    return len(np.unique(label[start])) if found else 0


class _DenseField:
    """Sum of opacity times exp over all splats near a block of points, block by block. Plain torch."""

    def __init__(self, gaussians: Gaussians) -> None:
        kept = gaussians.opacity > 0.005
        means = gaussians.means[kept].astype(np.float64)
        low, high = means.min(axis=0), means.max(axis=0)
        self._middle, self._scale = (low + high) / 2, 1.8 / float((high - low).max())
        spread = rotation_matrices(gaussians.rotation[kept]) * (self._scale * gaussians.scaling[kept, None])
        self._means = torch.tensor((means - self._middle) * self._scale, dtype=torch.float32)
        self._inverse = torch.tensor(np.linalg.inv(spread @ np.swapaxes(spread, 1, 2)), dtype=torch.float32)
        self._opacity = torch.tensor(gaussians.opacity[kept])
        self._axis = torch.linspace(-1, 1, BLOCKS * BLOCK_POINTS)

    def density(self, block: int, reach: float) -> Tensor:
        """Of one block, [8, 8, 8], by splats whose centre is within `reach` blocks of it."""
        at = [block // BLOCKS**2, block // BLOCKS % BLOCKS, block % BLOCKS]
        steps = [self._axis[BLOCK_POINTS * i : BLOCK_POINTS * (i + 1)] for i in at]
        points = torch.cartesian_prod(*steps)  # [512, 3]
        margin = reach * 2 / BLOCKS
        low, high = points.amin(0) - margin, points.amax(0) + margin
        near = torch.nonzero(((self._means > low) & (self._means < high)).all(1))[:, 0]
        total = torch.zeros(len(points))
        for some in near.split(BATCH):
            away = points[:, None] - self._means[some]  # [512, B, 3]
            power = torch.einsum("pbi,bij,pbj->pb", away, self._inverse[some], away)
            total += (self._opacity[some] * torch.exp(-0.5 * power)).sum(1)
        return total.reshape(BLOCK_POINTS, BLOCK_POINTS, BLOCK_POINTS)

    def mesh(self) -> TriangleMesh:
        """The level set at 1, as DreamGaussian takes it."""
        blocks = torch.stack([self.density(block, NARROW) for block in range(BLOCKS**3)])
        side = BLOCKS * BLOCK_POINTS
        # [16, 16, 16, 8, 8, 8] -> [16, 8, 16, 8, 16, 8]
        whole = (
            blocks.reshape(BLOCKS, BLOCKS, BLOCKS, *blocks.shape[1:])
            .permute(0, 3, 1, 4, 2, 5)
            .reshape(side, side, side)
        )
        padded = np.pad(whole.numpy(), 1)
        vertices, faces, _, _ = marching_cubes(padded, 1.0, allow_degenerate=False)
        placed = ((vertices - 1) * 2 / (side - 1) - 1) / self._scale + self._middle
        return TriangleMesh(placed, np.ascontiguousarray(faces[:, ::-1], np.int64))


def _iou(name: SolidName, mesh: TriangleMesh) -> float:
    found, truth = _manifold(mesh), solid(name)
    shared = (found ^ truth).volume()
    return float(shared / (found.volume() + truth.volume() - shared))


def _sweep(cases: int) -> None:
    """Shapes, modes, rotations, shares and scales by chance: how many are sound, how many refused."""
    sound = refused = 0
    for seed in range(cases):
        gaussians = random_case(seed)
        try:
            mesh = solidify(gaussians, int(np.random.default_rng(seed).integers(64, 129)))
        except MoldarError as error:
            print(f"  case {seed}: {error}")
            refused += 1
            continue
        found = _manifold(mesh)
        sound += found.status() == manifold3d.Error.NoError and found.volume() > 0 and _is_watertight(mesh)
    print(f"random cases: {sound} of {cases} without error and watertight, {refused} refused")


def random_case(seed: int) -> Gaussians:
    """One of the known solids, some share of its splats, turned and scaled."""
    rng = np.random.default_rng(seed)
    full = splats(str(rng.choice(NAMES)), str(rng.choice(MODES)), 30_000, seed)  # type: ignore[arg-type]
    some = rng.permutation(len(full))[: int(rng.uniform(0.05, 1) * len(full))]
    scale = 10 ** rng.uniform(-3, 3)
    w, x, y, z = rng.normal(size=4)
    turn = np.array([w, x, y, z]) / math.hypot(w, x, y, z)
    matrix = rotation_matrices(turn[None])[0]
    return Gaussians(
        (scale * full.means[some] @ matrix.T).astype(np.float32),
        full.opacity[some],
        (scale * full.scaling[some]).astype(np.float32),
        _product(turn, full.rotation[some].astype(np.float64)).astype(np.float32),
        full.rgb[some],
    )


def _product(one: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quaternion products [N, 4] of one rotation after each of the others, wxyz."""
    w, v = others[:, :1], others[:, 1:]
    real = one[0] * w - v @ one[1:, None]
    return np.concatenate([real, one[0] * v + w * one[1:] + np.cross(one[1:], v)], axis=1)


def _is_watertight(mesh: TriangleMesh) -> bool:
    """Whether each directed edge is met by exactly one in the other direction."""
    start, end = mesh.faces.ravel(), np.roll(mesh.faces, -1, axis=1).ravel()
    one, other = np.sort(start * len(mesh.vertices) + end), np.sort(end * len(mesh.vertices) + start)
    return bool(np.array_equal(one, other) and (np.diff(one) > 0).all())


if __name__ == "__main__":
    main()
