"""Miniature weights, written once."""

from pathlib import Path

import pytest

from pipelines.shaping import ModelFiles, OwnFiles, find
from tests.support.hub import write_hub
from tests.support.lgm import write_lgm


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    """Every kind of model, in miniature."""
    folder = tmp_path_factory.mktemp("weights")
    write_lgm(folder / "lgm.safetensors")
    write_hub(folder / "mvdream", "mvdream")
    write_hub(folder / "imagedream", "imagedream")
    own = OwnFiles(folder / "lgm.safetensors", folder / "mvdream", folder / "imagedream")
    return find(Path("nowhere"), own)
