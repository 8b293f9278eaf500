"""From faces at fault to the few spots of a mesh that a report names."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.printability.findings import Place
from pipelines.printability.surface import Surface

Mask = NDArray[np.bool_]  # [F]
Links = NDArray[np.int64]  # [L, 2] faces that belong together although they share no corner

MOST_PLACES: Final = 8  # of one finding; a page that lists more is not read
MOST_RUNS: Final = 64  # of one place: about a kilobyte of JSON
MOST_GROUPED: Final = 300_000  # faces; beyond, grouping costs more than the rest of the report

_NO_LINKS: Final = np.zeros((0, 2), np.int64)


def places_of(surface: Surface, mask: Mask, links: Links = _NO_LINKS) -> tuple[Place, ...]:
    """The connected spots of the marked faces, the largest in area first.

    Args:
        surface: Whose faces they are.
        mask: Faces at fault, [F].
        links: Pairs of faces that are one spot without touching, as the two sides of a wall. [L, 2]

    Returns:
        At most `MOST_PLACES`; none where no face is marked.
    """
    marked = np.flatnonzero(mask)
    if not len(marked):
        return ()
    group = _groups(surface, marked, links)
    areas = np.bincount(group, weights=surface.areas[marked])
    largest = np.argsort(-areas, kind="stable")[:MOST_PLACES]
    return tuple(_place(surface, marked[group == one]) for one in largest)


def _place(surface: Surface, faces: NDArray[np.int64]) -> Place:
    weights = np.maximum(surface.areas[faces], 1e-12)
    middles = surface.vertices[surface.faces[faces]].mean(axis=1)  # [P, 3]
    x, y, z = (float(v) for v in np.round((middles * weights[:, None]).sum(axis=0) / weights.sum(), 3))
    breaks = np.flatnonzero(np.diff(faces) != 1) + 1
    runs = [(int(run[0]), int(run[-1]) + 1) for run in np.split(faces, breaks)]
    kept = sorted(sorted(runs, key=lambda run: run[0] - run[1])[:MOST_RUNS])
    return Place((x, y, z), len(faces), tuple(kept), len(kept) == len(runs))


def _groups(surface: Surface, marked: NDArray[np.int64], links: Links) -> NDArray[np.int64]:
    """Number of the connected spot of each marked face. Corners at the same place count as one."""
    # scipy.sparse costs 0.1 s to import and is needed for parts with faults only.
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    if len(marked) > MOST_GROUPED:
        return np.zeros(len(marked), np.int64)
    corners = surface.faces[marked].ravel()
    used, where = np.unique(corners, return_inverse=True)
    _, same = np.unique(surface.vertices[used], axis=0, return_inverse=True)
    nodes = same.reshape(-1)[where.reshape(-1)] + len(marked)  # faces come first, then their corners
    row = np.full(len(surface.faces), -1, np.int64)
    row[marked] = np.arange(len(marked))
    joined = row[links]
    joined = joined[(joined >= 0).all(axis=1)]
    one = np.concatenate([np.repeat(np.arange(len(marked)), 3), joined[:, 0]])
    two = np.concatenate([nodes, joined[:, 1]])
    size = int(two.max()) + 1
    graph = coo_array((np.ones(len(one), np.int32), (one, two)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][: len(marked)]
    return np.asarray(np.unique(labels, return_inverse=True)[1].reshape(-1), np.int64)
