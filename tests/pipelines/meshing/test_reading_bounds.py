"""What reading costs: linear in the file, whatever its form. `python -m bench fuzz` says it of 2 million faces."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipelines.geometry import TriangleMesh
from pipelines.meshing import MeshFormat, export_mesh
from tests.support import wild

SIDE = 300  # 180,000 faces
PROGRAM = """
import resource, sys, time
from pathlib import Path
from pipelines.meshing import read_mesh
data, kind = Path(sys.argv[1]).read_bytes(), sys.argv[2]
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
mesh = read_mesh(data, kind)
print(len(mesh.faces), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.process_time() - began)
"""


def sheet(kind: str) -> bytes:
    """A coloured bumpy torus of 2 x SIDE x SIDE triangles, all of whose vertices are shared."""
    u, v = (index.ravel() for index in np.indices((SIDE, SIDE)))
    a, b = 2 * np.pi * u / SIDE, 2 * np.pi * v / SIDE
    r = 20 + np.sin(7 * a) * np.cos(5 * b)
    vertices = np.stack([(40 + r * np.cos(b)) * np.cos(a), (40 + r * np.cos(b)) * np.sin(a), r * np.sin(b)], axis=1)
    right, up = (u + 1) % SIDE, (v + 1) % SIDE
    one, two, three, four = u * SIDE + v, right * SIDE + v, right * SIDE + up, u * SIDE + up
    faces = np.concatenate([np.stack([one, two, three], 1), np.stack([one, three, four], 1)])
    colors = np.rint(127 + 127 * np.stack([np.sin(a), np.cos(b), np.sin(a + b)], 1)).astype(np.uint8)
    mesh = TriangleMesh(vertices, faces, colors)
    if kind == "ascii stl":
        corners = vertices[faces].reshape(-1, 9)
        row = "facet normal 0 0 0\nouter loop\n" + "vertex %.6e %.6e %.6e\n" * 3 + "endloop\nendfacet\n"
        return ("solid s\n" + row * len(faces) % tuple(corners.ravel().tolist()) + "endsolid s\n").encode()
    if kind == "ascii ply":
        return wild.ply("ascii", wild.XYZ_RGB, np.hstack([vertices, colors]).tolist(), faces.tolist())
    if kind == "mixed ply":
        quads = np.stack([one, two, three, four], 1).tolist()
        mixed = [row if k % 2 else row[:3] for k, row in enumerate(quads)] + faces[: len(faces) // 4].tolist()
        return wild.ply("binary_little_endian", wild.XYZ, vertices.tolist(), mixed)
    return export_mesh(mesh, _format(kind))


def _format(kind: str) -> MeshFormat:
    return kind.rsplit(maxsplit=1)[-1]  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["stl", "ascii stl", "obj", "ascii ply", "mixed ply", "glb", "3mf"])
def test_reading_takes_a_few_hundred_bytes_and_microseconds_a_face(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(sheet(kind))
    command = [sys.executable, "-c", PROGRAM, str(path), _format(kind)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    faces, peak_kb, seconds = (float(word) for word in done.stdout.split())
    assert faces >= 1.5 * SIDE**2
    # 4 GiB hold 2 million faces of 2 kB; here are 0.3, and 60 MB for the words of a piece of text.
    assert peak_kb * 1024 < 60e6 + 600 * faces
    assert seconds < 40e-6 * faces
