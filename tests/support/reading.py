"""The law that every parser is held to, whatever it is fed."""

from collections.abc import Callable

import numpy as np

from pipelines.errors import MoldarError
from pipelines.geometry import Gaussians, TriangleMesh
from pipelines.images.decode import decode
from pipelines.meshing import MAX_FACES, read_mesh
from pipelines.pricing import read_price_book
from pipelines.pricing.calibration import read_calibration
from pipelines.pricing.profile import read_profile
from pipelines.splats import MAX_SPLATS, read_splats
from tests.support.seeds import SPLATS


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


# What an operator or a customer hands in that is no shape; they check themselves what they read.
_OTHERS: dict[str, Callable[[bytes], object]] = {
    "book.toml": read_price_book,
    "profile.ini": lambda data: read_profile(_text(data)),
    "calibration.toml": lambda data: read_calibration(_text(data)),
    "picture": decode,
}


def read_lawfully(kind: str, data: bytes) -> str:
    """Read the file as `kind`; "read", or the code of the one error it was refused with.

    Raises:
        AssertionError: what was read is not sound, or an error speaks in more than a sentence.
        Exception: whatever else the parser let through.
    """
    try:
        if kind in SPLATS:
            _check_gaussians(read_splats(data, SPLATS[kind]))  # type: ignore[arg-type]
        elif kind in _OTHERS:
            _OTHERS[kind](data)
        else:
            _check_mesh(read_mesh(data, kind))
    except MoldarError as error:
        text = str(error)
        assert 10 < len(text) < 400, text
        assert "\n" not in text, text
        return error.code
    return "read"


def _check_mesh(mesh: TriangleMesh) -> None:
    assert mesh.vertices.dtype == np.float64
    assert mesh.faces.dtype == np.int64
    assert np.isfinite(mesh.vertices).all()
    assert 0 < len(mesh.faces) <= MAX_FACES
    assert mesh.faces.min() >= 0
    assert mesh.faces.max() < len(mesh.vertices)
    assert mesh.colors is None or mesh.colors.dtype == np.uint8


def _check_gaussians(gaussians: Gaussians) -> None:
    assert 0 < len(gaussians) <= MAX_SPLATS
    parts = (gaussians.means, gaussians.opacity, gaussians.scaling, gaussians.rotation, gaussians.rgb)
    for part in parts:
        assert part.dtype == np.float32
        assert np.isfinite(part).all()
    assert (gaussians.scaling > 0).all()
    for share in (gaussians.opacity, gaussians.rgb):
        assert share.min() >= 0
        assert share.max() <= 1
    assert np.abs(np.linalg.norm(gaussians.rotation, axis=1) - 1).max() < 1e-4
