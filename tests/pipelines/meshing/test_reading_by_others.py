"""What is written here, read by the programs that people open it with."""

import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.geometry import TriangleMesh
from pipelines.meshing import MeshFormat, export_mesh, read_mesh
from tests.golden.slicer_truth import as_mesh
from tests.support.solids import painted_brick, volume

FORMATS = get_args(MeshFormat)
needs_prusa_slicer = pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="prusa-slicer is not installed")


def info(data: bytes, kind: str, folder: Path) -> dict[str, str]:
    """What PrusaSlicer says of the file."""
    (folder / f"in.{kind}").write_bytes(data)
    command = ["prusa-slicer", "--info", f"in.{kind}"]
    done = subprocess.run(command, cwd=folder, check=True, timeout=60, capture_output=True, text=True)
    return dict(re.findall(r"^(\w+) = *(.*)$", done.stdout, re.M))


@needs_prusa_slicer
@pytest.mark.parametrize("kind", ["stl", "obj", "3mf"])
def test_prusaslicer_finds_a_manifold_of_the_same_size_and_volume(kind: MeshFormat, tmp_path: Path) -> None:
    mesh = as_mesh("vase", r0=20, a=5, k=1.5, h=60, n=48, m=20)
    colors = np.random.default_rng(1).integers(0, 256, (len(mesh.vertices), 3), np.uint8)
    found = info(export_mesh(TriangleMesh(mesh.vertices, mesh.faces, colors), kind), kind, tmp_path)
    assert found["manifold"] == "yes"
    assert found["number_of_parts"] == "1"
    assert int(found["number_of_facets"]) == len(mesh.faces)
    assert [float(found[f"size_{axis}"]) for axis in "xyz"] == pytest.approx(mesh.size, abs=1e-3)
    assert float(found["volume"]) == pytest.approx(volume(mesh), rel=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(FORMATS), st.floats(0.01, 2000), st.floats(-3000, 3000))
def test_trimesh_finds_the_same_solid_at_every_size(kind: MeshFormat, size: float, away: float) -> None:
    brick = painted_brick()
    mesh = TriangleMesh(brick.vertices * size + np.array([away, 0, 0]), brick.faces, brick.colors)
    factor = 1e9 if kind == "glb" else 1.0
    loaded = trimesh.load(io.BytesIO(export_mesh(mesh, kind)), file_type=kind, force="mesh")
    loaded.merge_vertices(merge_norm=True, merge_tex=True)
    # Positions are 32-bit floats, or six or seven digits of text, so what is far away is coarser.
    grain = 3e-6 * (np.abs(mesh.vertices).max() + 1e-3)
    assert np.sort(loaded.extents) * (factor ** (1 / 3)) == pytest.approx(np.sort(mesh.size), abs=2 * grain)
    if grain < 0.01 * size:
        assert abs(loaded.volume) * factor == pytest.approx(volume(mesh), rel=0.02)


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_written_again_after_reading_is_the_same_file(kind: MeshFormat) -> None:
    once = read_mesh(export_mesh(painted_brick(), kind), kind)
    twice = read_mesh(export_mesh(once, kind), kind)
    assert export_mesh(once, kind) == export_mesh(twice, kind)
    assert (once.faces == twice.faces).all()
