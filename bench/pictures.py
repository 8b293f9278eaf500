"""Pictures of meshes at 512 x 512, 2 x 2 samples per pixel, beside Embree's first hits shaded flat.

    python -m bench.pictures

The peer casts one ray per sample and gives each face one grey: no shadows, no sky, no smooth normals. Medians, warm.
"""

import os
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipelines.geometry import Gaussians, TriangleMesh
from pipelines.meshing.color import srgb_from_linear
from pipelines.meshing.normals import face_normals, unit
from pipelines.pictures import encode_png, natural_view, render_mesh, thumbnail, turntable
from pipelines.pictures.body_kernels import stood
from pipelines.pictures.first_seen import first_seen
from pipelines.pictures.framing import Viewpoint, framed
from pipelines.pictures.threads import Crew
from pipelines.pictures.tracing import Scene
from tests.golden.slicer_truth import as_mesh
from tests.golden.splat_cases import splats

SIZE, RUNS, GOAL_MS = 512, 15, 40


def main() -> None:
    """Print medians in milliseconds."""
    print(f"{SIZE} x {SIZE}, {len(os.sched_getaffinity(0))} cores; goal {GOAL_MS} ms for 100k faces on 2")
    print("faces        faces seen   studio picture   Embree, flat shaded")
    meshes = {count: _blob(count) for count in (10_000, 100_000, 1_000_000)}
    for mesh in meshes.values():
        _row(mesh)
    mesh = meshes[100_000]
    picture = render_mesh(mesh, natural_view(mesh), SIZE)
    print(f"100k faces: thumbnail of 256 {_median_ms(partial(thumbnail, mesh)):.0f} ms, ", end="")
    print(f"PNG of {SIZE} {_median_ms(partial(encode_png, picture)):.0f} ms")
    _film("100k faces", mesh)
    _film("65,536 splats", splats("mug", "ideal", 65_536))


def _row(mesh: TriangleMesh) -> None:
    studio = _median_ms(partial(render_mesh, mesh, natural_view(mesh), SIZE))
    vertices = stood(mesh.vertices)[0]
    view, faces = framed(vertices, natural_view(mesh)), mesh.faces.astype(np.int32)
    with Crew() as crew:
        seen = _median_ms(partial(first_seen, vertices, faces, view, SIZE, crew))
    peer = _median_ms(partial(_flat_shaded, TriangleMesh(vertices.astype(np.float64), mesh.faces), view))
    print(f"{len(mesh.faces):>9,}   {seen:7.1f} ms   {studio:11.1f} ms   {peer:14.1f} ms")


def _film(name: str, shape: TriangleMesh | Gaussians) -> None:
    began = time.perf_counter()
    film = turntable(shape)
    print(f"a turn of 36 frames, {name}: {time.perf_counter() - began:.1f} s, {len(film) / 1000:.0f} kB")


def _flat_shaded(mesh: TriangleMesh, view: Viewpoint) -> NDArray[np.uint8]:
    """One ray per sample, one grey per face, averaged over each pixel's samples."""
    fine = 2 * SIZE
    steps = ((np.arange(fine, dtype=np.float32) + 0.5) * (2.0 / fine) - 1.0) * np.float32(view.half_width)
    x, y = np.meshgrid(steps, -steps)
    right, up, forward = view.axes.astype(np.float32)
    rays = (forward + x[..., None] * right + y[..., None] * up).reshape(-1, 3)
    hit, face, _ = Scene(mesh).first_hits(view.eye.astype(np.float32), rays)
    grey = (0.2 + 0.8 * np.abs(unit(face_normals(mesh)) @ -view.axes[2])).astype(np.float32)
    light = np.ones(fine * fine, np.float32)
    light[hit] = grey[face]
    mean = light.reshape(SIZE, 2, SIZE, 2).mean(axis=(1, 3))
    return srgb_from_linear(np.repeat(mean[..., None], 3, axis=2))


def _blob(faces: int) -> TriangleMesh:
    """The blob of the slicer's shapes, painted."""
    rings = round((faces / 4) ** 0.5)
    mesh = as_mesh("blob", R=40, a=0.25, m=3, b=0.12, nu=2 * rings, nv=rings)
    colors = 127.5 + 127.5 * np.sin(mesh.vertices / 12 + [0, 2, 4])
    return TriangleMesh(mesh.vertices, mesh.faces, colors.astype(np.uint8))


def _median_ms(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


if __name__ == "__main__":
    main()
