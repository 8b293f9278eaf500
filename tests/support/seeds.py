"""Sound files of every kind that is read, by several writers: what damage is done to."""

from pathlib import Path

from pipelines.meshing import export_mesh
from pipelines.splats import write_splats
from tests.support import wild
from tests.support.solids import painted_brick, random_gaussians

_ROOT = Path(__file__).parents[2]
SPLATS = {"splats.ply": "ply", "splat": "splat", "spz": "spz"}  # as files are called, and as they are read


def seeds() -> dict[str, list[bytes]]:
    """Sound files by the name of their parser."""
    ours = painted_brick()
    gaussians = random_gaussians(3)
    rows, faces = wild.COLORED_ROWS, wild.FACES
    mixed = [*faces[:2], (0, 3, 2, 1)]
    return {
        "stl": [
            export_mesh(ours, "stl"),
            wild.ascii_stl().encode(),
            wild.binary_stl((0x801F, 0, 0xFFFF, 0)),
            wild.binary_stl((31, 0x8000, 0, 0), b"solid COLOR=\x0a\x14\x1e\xff"),
            wild.ascii_stl(number="{:.3f}", end="\r\n").replace(".", ",").encode(),
        ],
        "obj": [
            export_mesh(ours, "obj"),
            wild.obj(["f 1/1/1 3/2/1 2/3/1", "f 1//1 2//1 4//1", "f -4 -1 -2", "f 2 3 4 \\", "1"], "\r\n").encode(),
            wild.obj(colors=True).encode(),
        ],
        "off": [
            b"OFF\n4 4 0\n0 0 0\n6 0 0\n0 4 0\n0 0 2\n3 0 2 1\n3 0 1 3\n3 0 3 2 0.1 0.2 0.3\n3 1 2 3\n",
            b"COFF 4 1 0\n0 0 0 9 9 9 255\n6 0 0 9 9 9 255\n6 4 0 9 9 9 255\n0 4 0 9 9 9 255\n4 0 1 2 3\n",
        ],
        "ply": [
            export_mesh(ours, "ply"),
            wild.ply("ascii", wild.XYZ_RGB, rows, mixed),
            wild.ply("binary_big_endian", wild.XYZ_RGB, rows, mixed, ("ushort", "uint")),
            wild.ply("binary_little_endian", wild.XYZ, wild.POINTS, [(0, 1, 2, 3, -1, 3, 2, 1)], element="tristrips"),
        ],
        "glb": [export_mesh(ours, "glb"), wild.textured_glb()],
        "gltf": [wild.rich_gltf()],
        "3mf": [export_mesh(ours, "3mf"), wild.project_3mf(), wild.painted_3mf()],
        "splats.ply": [write_splats(gaussians, "ply"), wild.splat_ply(3), wild.small_compressed_ply()],
        "splat": [write_splats(gaussians, "splat")],
        "spz": [write_splats(gaussians, "spz"), *(wild.spz(version) for version in (1, 2, 3))],
        "book.toml": [_shipped("pricing/price_book.toml")],
        "profile.ini": [_shipped("pricing/profiles/generic_i3.ini")],
        "calibration.toml": [_shipped("pricing/profiles/generic_i3.toml")],
        "picture": [wild.picture(kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF")],
    }


def _shipped(path: str) -> bytes:
    return (_ROOT / "pipelines" / path).read_bytes()
