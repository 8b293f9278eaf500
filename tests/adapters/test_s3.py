"""Artifacts on a real S3 interface: moto's server, over HTTP."""

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from adapters.artifacts import Artifacts
from pipelines.errors import StorageFailed

pytestmark = pytest.mark.filterwarnings("default")  # botocore and werkzeug warn about themselves


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


async def test_artifacts_live_in_a_bucket_by_one_setting(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What an operator sets for an S3 that is not Amazon's.
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": s3,
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem().mkdir("moldar-test")
    artifacts = Artifacts("s3://moldar-test/prefix")
    await artifacts.put("jobs/a/x.bin", b"0123456789")
    assert await artifacts.get("jobs/a/x.bin") == b"0123456789"
    assert await artifacts.slice("jobs/a/x.bin", 2, 5) == b"234"
    await artifacts.delete_prefix("jobs/a")
    with pytest.raises(StorageFailed):
        await artifacts.get("jobs/a/x.bin")
