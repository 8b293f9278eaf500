"""Stores for the contract tests: SQLite always, a real PostgreSQL where its server is installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.database import Database

_BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A throw-away PostgreSQL on a socket of its own."""
    if _BIN is None or not (_BIN / "initdb").exists():
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    # The server refuses to run as root; Debian's package makes a user for it.
    as_user: list[str | Path] = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="moldar-pg-"))
    folder.chmod(0o777)
    data = folder / "data"
    subprocess.run(
        [*as_user, _BIN / "initdb", "-D", data, "-A", "trust", "-U", "moldar"], check=True, capture_output=True
    )
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    control: list[str | Path] = [*as_user, _BIN / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], check=True, capture_output=True)
    try:
        yield f"postgresql+psycopg://moldar@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty store of each kind."""
    if request.param == "sqlite":
        store = Database(f"sqlite:///{tmp_path / 'jobs.db'}")
    else:
        store = Database(_fresh(request.getfixturevalue("postgres_url")))
    yield store
    store.close()


def _fresh(url: str) -> str:
    import uuid

    from sqlalchemy import create_engine, text

    name = f"t{uuid.uuid4().hex}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.replace("/postgres?", f"/{name}?")
