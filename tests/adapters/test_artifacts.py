"""Artifacts: whole or not at all, on disk and in an object store."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.artifacts import Artifacts
from pipelines.errors import StorageFailed


@pytest.fixture(params=["disk", "memory"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    return Artifacts(str(tmp_path / "a") if request.param == "disk" else f"memory://{tmp_path.name}")


async def test_bytes_come_back_whole_and_in_slices(artifacts: Artifacts) -> None:
    await artifacts.put("jobs/a/x.bin", b"0123456789")
    assert await artifacts.get("jobs/a/x.bin") == b"0123456789"
    assert await artifacts.slice("jobs/a/x.bin", 2, 5) == b"234"


async def test_a_prefix_is_erased_and_its_neighbour_is_not(artifacts: Artifacts) -> None:
    await artifacts.put("jobs/a/x", b"1")
    await artifacts.put("jobs/ab/x", b"2")
    await artifacts.delete_prefix("jobs/a")
    await artifacts.delete_prefix("jobs/a")
    with pytest.raises(StorageFailed):
        await artifacts.get("jobs/a/x")
    assert await artifacts.get("jobs/ab/x") == b"2"


@pytest.mark.parametrize("key", ["", "/etc/passwd", "jobs/../../x"])
async def test_a_key_cannot_leave_the_root(artifacts: Artifacts, key: str) -> None:
    with pytest.raises(ValueError, match="not an artifact key"):
        await artifacts.put(key, b"x")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_full_disk_is_one_clear_error_and_leaves_no_half_file(small_disk: Path) -> None:
    artifacts = Artifacts(str(small_disk / "a"))
    with pytest.raises(StorageFailed, match="No space left"):
        await artifacts.put("jobs/a/big", os.urandom(3 * 2**20))
    assert files_below(small_disk) == []
    await artifacts.put("jobs/a/small", b"fits")
    assert await artifacts.get("jobs/a/small") == b"fits"
