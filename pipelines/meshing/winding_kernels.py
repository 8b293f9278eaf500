"""The compiled loops that tell inside from outside; see `point_kernels` for how they are compiled and run."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

_FAR = 2.0  # radii: beyond it a cluster of faces is seen as one dipole (Barill et al. 2018, beta)


@njit(cache=True, nogil=True)
def _left_of(vertices, a, b, u, v, x, y):  # type: ignore[no-untyped-def]
    """Whether (x, y) is left of the edge a b seen along the third axis: of its two faces exactly one says so."""
    low, high = min(a, b), max(a, b)
    across = (vertices[high, u] - vertices[low, u]) * (y - vertices[low, v]) - (
        vertices[high, v] - vertices[low, v]
    ) * (x - vertices[low, u])
    return (across >= 0.0) == (a == low)


@njit(cache=True, nogil=True)
def _hits(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917 - compiled code takes arrays
    vertices, faces, axis, nodes, starts, cursor, heights, signs, filling
):
    """One pass over the faces: count the lines that each is hit by, or write where."""
    u, v = (axis + 1) % 3, (axis + 2) % 3
    for f in range(len(faces)):
        a, b, c = faces[f]
        normal = (vertices[b, u] - vertices[a, u]) * (vertices[c, v] - vertices[a, v]) - (
            vertices[b, v] - vertices[a, v]
        ) * (vertices[c, u] - vertices[a, u])
        if normal == 0.0:
            continue
        low_u = max(math.ceil(min(vertices[a, u], vertices[b, u], vertices[c, u])), 0)
        high_u = min(math.floor(max(vertices[a, u], vertices[b, u], vertices[c, u])), nodes[u] - 1)
        low_v = max(math.ceil(min(vertices[a, v], vertices[b, v], vertices[c, v])), 0)
        high_v = min(math.floor(max(vertices[a, v], vertices[b, v], vertices[c, v])), nodes[v] - 1)
        for i in range(low_u, high_u + 1):
            for j in range(low_v, high_v + 1):
                side = _left_of(vertices, a, b, u, v, i, j)
                if side != (normal > 0.0):
                    continue
                if _left_of(vertices, b, c, u, v, i, j) != side or _left_of(vertices, c, a, u, v, i, j) != side:
                    continue
                line = i * nodes[v] + j
                if not filling:
                    starts[line + 1] += 1
                    continue
                w_b = (i - vertices[a, u]) * (vertices[c, v] - vertices[a, v]) - (j - vertices[a, v]) * (
                    vertices[c, u] - vertices[a, u]
                )
                w_c = (vertices[b, u] - vertices[a, u]) * (j - vertices[a, v]) - (vertices[b, v] - vertices[a, v]) * (
                    i - vertices[a, u]
                )
                rise_b, rise_c = vertices[b, axis] - vertices[a, axis], vertices[c, axis] - vertices[a, axis]
                heights[cursor[line]] = vertices[a, axis] + (w_b * rise_b + w_c * rise_c) / normal
                signs[cursor[line]] = -1 if normal > 0.0 else 1
                cursor[line] += 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def lines_through(
    vertices: NDArray[np.float64], faces: NDArray[np.int64], axis: int, nodes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int8]]:
    """Where the lines of a grid along an axis meet faces.

    Args:
        vertices: [V, 3] in units of the grid, whose nodes have whole coordinates.
        faces: [F, 3].
        axis: Of the lines; u and v are the next two axes, in turn.
        nodes: Along each axis, [3].

    Returns:
        Where the hits of each line start, [nodes u * nodes v + 1]; their coordinates, ascending in each line; and
        1 where the line enters by the face's back, going up, and -1 where it leaves. Every line through a closed
        surface enters as often as it leaves.
    """
    u, v = (axis + 1) % 3, (axis + 2) % 3
    starts = np.zeros(nodes[u] * nodes[v] + 1, np.int64)
    heights, signs = np.empty(0), np.empty(0, np.int8)
    _hits(vertices, faces, axis, nodes, starts, starts, heights, signs, False)
    for line in range(len(starts) - 1):
        starts[line + 1] += starts[line]
    heights, signs = np.empty(starts[-1]), np.empty(starts[-1], np.int8)
    _hits(vertices, faces, axis, nodes, starts, starts[:-1].copy(), heights, signs, True)
    for line in range(len(starts) - 1):
        first, last = starts[line], starts[line + 1]
        for k in range(first + 1, last):  # few to a line: insertion
            height, sign, at = heights[k], signs[k], k
            while at > first and heights[at - 1] > height:
                heights[at], signs[at] = heights[at - 1], signs[at - 1]
                at -= 1
            heights[at], signs[at] = height, sign
    return starts, heights, signs


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def lengths_inside(
    starts: NDArray[np.int64], heights: NDArray[np.float64], signs: NDArray[np.int8]
) -> tuple[float, float]:
    """Of all lines together: the length where the winding number is not 0, and how much it differs from 0 and 1."""
    inside, misfit = 0.0, 0.0
    for line in range(len(starts) - 1):
        winding = 0
        for k in range(starts[line], starts[line + 1] - 1):
            winding += signs[k]
            length = heights[k + 1] - heights[k]
            inside += length if winding != 0 else 0.0
            misfit += length * abs(winding - (1 if winding != 0 else 0))
    return inside, misfit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def windings_on_grid(
    starts: NDArray[np.int64], heights: NDArray[np.float64], signs: NDArray[np.int8], grid: NDArray[np.float32]
) -> None:
    """Fill the grid with the size of the winding numbers that lines along its last axis find, for closed surfaces."""
    rows = grid.shape[1]
    for line in range(len(starts) - 1):
        i, j = line // rows, line % rows
        winding, k = 0, starts[line]
        for node in range(grid.shape[2]):
            while k < starts[line + 1] and heights[k] <= node:
                winding += signs[k]
                k += 1
            grid[i, j, node] = abs(winding)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def snap_to_hits(
    vertices: NDArray[np.float32],
    grid: NDArray[np.float32],
    axis: int,
    starts: NDArray[np.int64],
    heights: NDArray[np.float64],
    on_surface: NDArray[np.bool_],
) -> None:
    """Move the corners of a level set that lie on lines along an axis to where these meet faces.

    A corner lies between two nodes of the grid, one inside: of several hits between them it takes the outermost.
    """
    u, v = (axis + 1) % 3, (axis + 2) % 3
    for c in range(len(vertices)):
        at = vertices[c]
        if at[u] != np.floor(at[u]) or at[v] != np.floor(at[v]) or at[axis] == np.floor(at[axis]):
            continue
        line = int(at[u]) * grid.shape[v] + int(at[v])
        low = int(at[axis])
        node = (int(at[0]), int(at[1]), int(at[2]))
        is_first = grid[node] <= 0.5  # the lower node is outside
        for k in range(starts[line], starts[line + 1]):
            if heights[k] > low + 1:
                break
            if heights[k] >= low:
                # Off the nodes, so that no two corners coincide.
                vertices[c, axis] = min(max(heights[k], low + 0.005), low + 0.995)
                on_surface[c] = True
                if is_first:
                    break


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def dipoles(
    corners: NDArray[np.float64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of every node: middle weighted by area [N, 3], sum of area normals [N, 3], and room for the radius [N]."""
    leaves = len(starts) - 1
    middle, flow = np.zeros((2 * leaves - 1, 3)), np.zeros((2 * leaves - 1, 3))
    weight, radius = np.zeros(2 * leaves - 1), np.zeros(2 * leaves - 1)
    for leaf in range(leaves):
        node = leaves - 1 + leaf
        for f in range(starts[leaf], starts[leaf + 1]):
            normal = np.cross(corners[f, 1] - corners[f, 0], corners[f, 2] - corners[f, 0]) / 2.0
            area = np.sqrt((normal**2).sum())
            flow[node] += normal
            weight[node] += area
            middle[node] += area * (corners[f, 0] + corners[f, 1] + corners[f, 2]) / 3.0
    for node in range(leaves - 2, -1, -1):
        for child in (2 * node + 1, 2 * node + 2):
            flow[node] += flow[child]
            weight[node] += weight[child]
            middle[node] += middle[child]
    for node in range(len(weight)):
        if weight[node] > 0.0:
            middle[node] /= weight[node]
    return middle, flow, radius


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def reaches(middle: NDArray[np.float64], boxes: NDArray[np.float64], radius: NDArray[np.float64]) -> None:
    """Fill in how far each node's box reaches from its middle."""
    for node in range(len(radius)):
        squared = 0.0
        for axis in range(3):
            reach = max(boxes[node, 1, axis] - middle[node, axis], middle[node, axis] - boxes[node, 0, axis])
            squared += reach * reach
        radius[node] = np.sqrt(squared)


@njit(cache=True, nogil=True)
def _solid_angle(triangle, x, y, z):  # type: ignore[no-untyped-def]
    """Source: van Oosterom and Strackee, "The Solid Angle of a Plane Triangle" (1983)."""
    ax, ay, az = triangle[0, 0] - x, triangle[0, 1] - y, triangle[0, 2] - z
    bx, by, bz = triangle[1, 0] - x, triangle[1, 1] - y, triangle[1, 2] - z
    cx, cy, cz = triangle[2, 0] - x, triangle[2, 1] - y, triangle[2, 2] - z
    a = np.sqrt(ax * ax + ay * ay + az * az)
    b = np.sqrt(bx * bx + by * by + bz * bz)
    c = np.sqrt(cx * cx + cy * cy + cz * cz)
    triple = ax * (by * cz - bz * cy) - ay * (bx * cz - bz * cx) + az * (bx * cy - by * cx)
    ab, bc, ca = ax * bx + ay * by + az * bz, bx * cx + by * cy + bz * cz, cx * ax + cy * ay + cz * az
    return 2.0 * np.arctan2(triple, a * b * c + ab * c + bc * a + ca * b)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def windings_at(  # noqa: PLR0913, PLR0917 - compiled code takes arrays, and its scalars stay in registers
    corners: NDArray[np.float64],
    starts: NDArray[np.int64],
    middle: NDArray[np.float64],
    flow: NDArray[np.float64],
    radius: NDArray[np.float64],
    points: NDArray[np.float64],
    first: int,
    last: int,
    found: NDArray[np.float32],
) -> None:
    """Generalised winding numbers at points [first, last), filled into `found` [N].

    Source: Barill et al., "Fast Winding Numbers for Soups and Clouds" (2018), with the first term of the expansion.
    """
    leaves = len(starts) - 1
    stack = np.empty(128, np.int64)
    for p in range(first, last):
        x, y, z = points[p]
        total = 0.0
        stack[0], top = 0, 1
        while top:
            top -= 1
            node = stack[top]
            dx, dy, dz = middle[node, 0] - x, middle[node, 1] - y, middle[node, 2] - z
            squared = dx * dx + dy * dy + dz * dz
            reach = _FAR * radius[node]
            if squared > reach * reach:
                through = flow[node, 0] * dx + flow[node, 1] * dy + flow[node, 2] * dz
                total += through / (squared * np.sqrt(squared))
            elif node < leaves - 1:
                stack[top], stack[top + 1], top = 2 * node + 1, 2 * node + 2, top + 2
            else:
                leaf = node - leaves + 1
                for f in range(starts[leaf], starts[leaf + 1]):
                    total += _solid_angle(corners[f], x, y, z)
        found[p] = total / (4.0 * math.pi)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def windings_above(
    corners: NDArray[np.float64],
    groups: NDArray[np.int64],
    starts: NDArray[np.int64],
    boxes: NDArray[np.float64],
    points: NDArray[np.float64],
    own: NDArray[np.int64],
) -> NDArray[np.int64]:
    """How often the faces of other groups wind around points, counted along a line upwards. [N]

    Args:
        corners: [F, 3, 3] in the order of the hierarchy.
        groups: [F] of closed surfaces.
        starts: Of the leaves.
        boxes: Of the nodes.
        points: [N, 3], in general position.
        own: [N] the group of each, whose faces are passed over.
    """
    leaves = len(starts) - 1
    stack, found = np.empty(128, np.int64), np.zeros(len(points), np.int64)
    for p in range(len(points)):
        x, y, z = points[p]
        stack[0], top = 0, 1
        while top:
            top -= 1
            node = stack[top]
            box = boxes[node]
            if box[1, 2] < z or box[0, 0] > x or box[1, 0] < x or box[0, 1] > y or box[1, 1] < y:
                continue
            if node < leaves - 1:
                stack[top], stack[top + 1], top = 2 * node + 1, 2 * node + 2, top + 2
                continue
            for f in range(starts[node - leaves + 1], starts[node - leaves + 2]):
                if groups[f] != own[p]:
                    found[p] += _passes_above(corners[f], x, y, z)
    return found


@njit(cache=True, nogil=True)
def _passes_above(face, x, y, z):  # type: ignore[no-untyped-def]
    """1 where a line up from the point leaves by the face, -1 where it enters, 0 where it misses."""
    ax, ay, bx, by, cx, cy = (
        face[0, 0] - x, face[0, 1] - y, face[1, 0] - x, face[1, 1] - y, face[2, 0] - x, face[2, 1] - y,
    )  # fmt: skip
    of_c, of_a, of_b = ax * by - ay * bx, bx * cy - by * cx, cx * ay - cy * ax
    total = of_a + of_b + of_c
    if total == 0.0 or (of_a > 0) != (of_b > 0) or (of_b > 0) != (of_c > 0):
        return 0
    if (of_a * face[0, 2] + of_b * face[1, 2] + of_c * face[2, 2]) / total <= z:
        return 0
    return 1 if total > 0.0 else -1
