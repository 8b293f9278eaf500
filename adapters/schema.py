"""The tables. Documents are JSON text written by the value objects' own adapters; times are seconds since the epoch."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

# Raised with every change that an older or newer build could not read; `Database.open` refuses a mismatch.
SCHEMA_VERSION: Final = 1

metadata: Final = MetaData()

# SQLite only autoincrements INTEGER keys; PostgreSQL wants room to grow.
_Id = BigInteger().with_variant(Integer, "sqlite")

schema_info: Final = Table("schema_info", metadata, Column("version", Integer, nullable=False))

jobs: Final = Table(
    "jobs",
    metadata,
    Column("sequence", _Id, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("caller", String(64), nullable=False),
    Column("batch_id", String(40)),
    Column("status", String(16), nullable=False),
    Column("backend", String(32), nullable=False),
    Column("stage", String(16)),
    Column("request", Text, nullable=False),
    Column("analysis", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("claims", Integer, nullable=False, default=0),
    Column("lease_owner", String(64)),
    Column("lease_token", Integer, nullable=False, default=0),
    Column("lease_expires_at", Float, nullable=False, default=0.0),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("erased_at", Float),
    Column("failure", Text),
    Index("jobs_claimable", "status", "sequence"),
    Index("jobs_of_caller", "caller", "sequence"),
    Index("jobs_of_batch", "batch_id"),
    sqlite_autoincrement=True,
)

checkpoints: Final = Table(
    "checkpoints",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), primary_key=True),
    Column("stage", String(16), primary_key=True),
    Column("token", Integer, nullable=False),
    Column("files", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("finished_at", Float, nullable=False),
    Column("seconds", Float, nullable=False),
)

# One row per try of a stage, written before the work begins: what was done twice can be counted, and a paid call
# (a later backend) finds its row here after a crash.
attempts: Final = Table(
    "attempts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("job_id", ForeignKey("jobs.id"), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("backend", String(32), nullable=False),
    Column("token", Integer, nullable=False),
    Column("began_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("outcome", String(16)),
    Index("attempts_of_job", "job_id"),
    UniqueConstraint("job_id", "stage", "token"),
)

events: Final = Table(
    "events",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("job_id", String(40), nullable=False),
    Column("caller", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", Float, nullable=False),
    Column("data", Text, nullable=False),
    Index("events_of_job", "job_id"),
    sqlite_autoincrement=True,
)

idempotency: Final = Table(
    "idempotency",
    metadata,
    Column("caller", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("job_id", String(40), nullable=False),
    Column("created_at", Float, nullable=False),
)

# No foreign key: a build that does not know this table yet can still erase a job.
repairs: Final = Table(
    "repairs",
    metadata,
    Column("job_id", String(40), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("files", Text, nullable=False),
    Column("document", Text, nullable=False),
)

quotes: Final = Table(
    "quotes",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("job_id", ForeignKey("jobs.id"), nullable=False),
    Column("quote", Text, nullable=False),
    Column("report", Text, nullable=False),
    Index("quotes_of_job", "job_id"),
)
