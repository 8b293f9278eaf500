from pathlib import Path

import pytest

from pipelines.multiview import MultiView, load_multiview
from tests.support.hub import write_hub


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds `mvdream` and `imagedream` in miniature; not to be written to."""
    folder = tmp_path_factory.mktemp("hub")
    write_hub(folder / "mvdream", "mvdream")
    write_hub(folder / "imagedream", "imagedream")
    return folder


@pytest.fixture(scope="session")
def mvdream(hub: Path) -> MultiView:
    return load_multiview(hub / "mvdream")


@pytest.fixture(scope="session")
def imagedream(hub: Path) -> MultiView:
    return load_multiview(hub / "imagedream")
