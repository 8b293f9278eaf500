"""The compiled loops made ready, so that whoever asks first need not wait for them.

Each is compiled when it is first called and kept on disk beside its source; from then on a process loads it in a
fraction of a second. `python -m pipelines.warming` does all of it once, for an installation or an image.
"""

from concurrent.futures import ProcessPoolExecutor

import numpy as np

from pipelines.geometry import Camera, Gaussians, TriangleMesh

_CORNERS = np.array([[x, y, z] for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])
_SIDES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4],
     [1, 5, 7], [1, 7, 3]]
)  # fmt: skip


def warm_reports() -> None:
    """The loops of print reports."""
    from pipelines.printability import inspect  # noqa: PLC0415 - each replica warms its own

    inspect(_cube(20.0))


def warm_pictures() -> None:
    """The loops of pictures of meshes."""
    from pipelines.pictures import warm_up  # noqa: PLC0415 - as above

    warm_up()


def warm_solids() -> None:
    """The loops that make solids of splats and of torn meshes, and that draw splats."""
    from pipelines.meshing import make_solid, solidify  # noqa: PLC0415 - as above
    from pipelines.splats import render  # noqa: PLC0415 - as above

    gaussians = _ball(4_000)
    solidify(gaussians, 32)
    render(gaussians, Camera(), 32)
    cube, half = _cube(20.0), np.array([10.0, 7.0, 5.0])
    crossing = np.concatenate([cube.vertices, cube.vertices + half])
    make_solid(TriangleMesh(crossing, np.concatenate([cube.faces, cube.faces + len(cube.vertices)])))


def main() -> None:
    """Everything, compiled by two processes side by side: a minute of one core where nothing is on disk yet."""
    with ProcessPoolExecutor(2) as pool:
        done = [pool.submit(warm) for warm in (warm_pictures, warm_solids, warm_reports)]
        for one in done:
            one.result()


def _cube(size_mm: float) -> TriangleMesh:
    return TriangleMesh(_CORNERS * size_mm, _SIDES)


def _ball(count: int) -> Gaussians:
    """Flat splats over the unit ball, evenly along a spiral."""
    height = 1 - 2 * (np.arange(count) + 0.5) / count
    around = np.pi * (1 + 5**0.5) * np.arange(count)
    level = np.sqrt(1 - height**2)
    points = np.stack([level * np.cos(around), level * np.sin(around), height], axis=1)
    return Gaussians(
        (0.5 * points).astype(np.float32),
        np.full(count, 0.9, np.float32),
        np.full((count, 3), 0.01, np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        np.full((count, 3), 0.5, np.float32),
    )


if __name__ == "__main__":
    main()
