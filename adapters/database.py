"""The job store on SQLAlchemy: SQLite (WAL) on one node, PostgreSQL by URL.

Statements are synchronous and run on a few threads of their own: SQLite has no other kind, and one writer at a time is
all that it allows. Every write is one transaction; a fenced write checks its token in the same statement.
"""

import asyncio
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from pydantic import TypeAdapter
from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    Row,
    and_,
    create_engine,
    delete,
    event,
    func,
    insert,
    make_url,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from adapters import schema as t
from jobs.checkpoints import QUOTE, REPORT
from jobs.lifecycle import PROGRESS, Move, Stage, Status, after, sources
from jobs.model import (
    Checkpoint,
    Failure,
    FileRecord,
    Held,
    Job,
    JobEvent,
    JobId,
    JobRequest,
    Lease,
    Load,
    NewJob,
    Note,
    StoredQuote,
    StoredRepair,
)
from jobs.ports import LeaseLost
from pipelines.errors import IdempotencyConflict, JobNotFound, StorageFailed
from pipelines.prompt.types import PromptAnalysis
from pipelines.routing import Plan

Result = TypeVar("Result")

BUSY_TIMEOUT_MS: Final = 10_000  # how long a writer waits for another before SQLite says it is locked
IDEMPOTENCY_TTL_S: Final = 24 * 3600.0
_REQUEST: Final = TypeAdapter(JobRequest)
_ANALYSIS: Final = TypeAdapter(PromptAnalysis)
_PLAN: Final = TypeAdapter(Plan)
_FILES: Final = TypeAdapter(tuple[FileRecord, ...])
_FAILURE: Final = TypeAdapter(Failure)
# PostgreSQL hands out event ids before commit, so that a reader of `id > last` could step over a slow transaction.
# Writers of events therefore take turns under this advisory lock. (SQLite has one writer anyway.)
_EVENT_LOCK: Final = 0x6D6F6C64


class Database:
    """The record of jobs. Fulfils `jobs.ports.JobStore`."""

    def __init__(self, url: str, *, threads: int = 4) -> None:
        self._engine = _engine(make_url(url))
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")
        with _translated():
            _prepare(self._engine)

    async def accept(self, jobs: Sequence[NewJob]) -> list[Job]:
        return await self._write(lambda db: [_accept(db, job) for job in jobs])

    async def get(self, job_id: str) -> Job:
        return await self._read(lambda db: _one(db, job_id))

    async def page(self, caller: str, before: int | None, limit: int) -> list[Job]:
        query = select(t.jobs).where(t.jobs.c.caller == caller, t.jobs.c.erased_at.is_(None))
        if before is not None:
            query = query.where(t.jobs.c.sequence < before)
        query = query.order_by(t.jobs.c.sequence.desc()).limit(limit)
        return await self._read(lambda db: _jobs(db, db.execute(query).all()))

    async def batch(self, caller: str, batch_id: str) -> list[Job]:
        query = (
            select(t.jobs)
            .where(t.jobs.c.batch_id == batch_id, t.jobs.c.caller == caller, t.jobs.c.erased_at.is_(None))
            .order_by(t.jobs.c.sequence)
        )
        found = await self._read(lambda db: _jobs(db, db.execute(query).all()))
        if not found:
            raise JobNotFound(batch_id)
        return found

    async def waiting(self, sequence: int | None = None) -> int:
        query = select(func.count()).select_from(t.jobs).where(t.jobs.c.status == Status.QUEUED)
        if sequence is not None:
            query = query.where(t.jobs.c.sequence < sequence)
        return await self._read(lambda db: int(db.execute(query).scalar_one()))

    async def load(self) -> Load:
        columns = (t.jobs.c.backend, t.jobs.c.status, func.count())
        alive = t.jobs.c.status.in_((Status.QUEUED, Status.RUNNING))
        query = select(*columns).where(alive).group_by(t.jobs.c.backend, t.jobs.c.status)
        rows = await self._read(lambda db: db.execute(query).all())
        counts = {
            status: tuple((b, n) for b, s, n in rows if s == status) for status in (Status.QUEUED, Status.RUNNING)
        }
        return Load(queued=counts[Status.QUEUED], running=counts[Status.RUNNING])

    async def recent_seconds(self) -> float | None:
        query = (
            select(t.jobs.c.finished_at - t.jobs.c.started_at)
            .where(t.jobs.c.status == Status.SUCCEEDED)
            .order_by(t.jobs.c.sequence.desc())
            .limit(20)
        )
        seconds = await self._read(lambda db: sorted(db.execute(query).scalars()))
        return seconds[len(seconds) // 2] if seconds else None

    async def claim(self, owner: str, now: float, lease_s: float) -> Job | None:
        return await self._write(lambda db: _claim(db, owner, now, now + lease_s))

    async def renew(self, owner: str, held: Collection[JobId], now: float, lease_s: float) -> list[Held]:
        return await self._write(lambda db: _renew(db, owner, held, now + lease_s)) if held else []

    async def release(self, job_id: JobId, token: int) -> None:
        await self._write(lambda db: _fenced(db, job_id, token, Move.RELEASE, lease_expires_at=0.0, lease_owner=None))

    async def begin(self, job_id: JobId, token: int, stage: Stage, now: float) -> None:
        await self._write(lambda db: _begin(db, job_id, token, stage, now))

    async def note(self, job_id: JobId, token: int, note: Note, now: float) -> None:
        await self._write(lambda db: _note(db, job_id, token, note, now))

    async def finish_stage(self, job_id: JobId, token: int, done: Checkpoint, then: Stage | None) -> None:
        await self._write(lambda db: _finish_stage(db, job_id, token, done, then))

    async def succeed(self, job_id: JobId, token: int, now: float) -> None:
        await self._write(lambda db: _end(db, job_id, token, Move.SUCCEED, now))

    async def fail(self, job_id: JobId, token: int, failure: Failure, now: float) -> None:
        await self._write(lambda db: _end(db, job_id, token, Move.FAIL, now, failure))

    async def cancel(self, job_id: JobId, token: int, now: float) -> None:
        await self._write(lambda db: _end(db, job_id, token, Move.CANCEL, now))

    async def request_cancel(self, job_id: str, now: float) -> Job:
        return await self._write(lambda db: _request_cancel(db, job_id, now))

    async def erase(self, job_id: str, now: float) -> None:
        def work(db: Connection) -> None:
            _request_cancel(db, job_id, now)
            db.execute(update(t.jobs).where(t.jobs.c.id == job_id).values(erased_at=now))

        await self._write(work)

    async def erasable(self, now: float) -> list[JobId]:
        unheld = or_(t.jobs.c.status.not_in(sources(Move.RELEASE)), t.jobs.c.lease_expires_at < now)
        query = select(t.jobs.c.id).where(t.jobs.c.erased_at.is_not(None), unheld)
        return await self._read(lambda db: [JobId(job_id) for job_id in db.execute(query).scalars()])

    async def purge(self, job_id: JobId) -> None:
        def work(db: Connection) -> None:
            # The idempotency key goes too: a caller may ask again for what was erased.
            for table in (t.checkpoints, t.attempts, t.events, t.quotes, t.repairs, t.idempotency):
                db.execute(delete(table).where(table.c.job_id == job_id))
            db.execute(delete(t.jobs).where(t.jobs.c.id == job_id))

        await self._write(work)

    async def events_after(self, last: int, limit: int) -> list[JobEvent]:
        query = select(t.events).where(t.events.c.id > last).order_by(t.events.c.id).limit(limit)
        return await self._read(lambda db: [_event(row) for row in db.execute(query)])

    async def events_of(self, job_id: str, last: int, limit: int) -> list[JobEvent]:
        """One job's log from `last` on, in order."""
        query = select(t.events).where(t.events.c.job_id == job_id, t.events.c.id > last)
        query = query.order_by(t.events.c.id).limit(limit)
        return await self._read(lambda db: [_event(row) for row in db.execute(query)])

    async def last_event(self) -> int:
        return await self._read(lambda db: int(db.execute(select(func.max(t.events.c.id))).scalar() or 0))

    async def keep_quote(self, stored: StoredQuote) -> None:
        await self._write(lambda db: _keep_quote(db, stored))

    async def keep_repair(self, job_id: str, made: Callable[[int], StoredRepair]) -> None:
        await self._write(lambda db: _keep_repair(db, job_id, made))

    async def repairs(self, job_id: str) -> list[StoredRepair]:
        query = select(t.repairs).where(t.repairs.c.job_id == job_id).order_by(t.repairs.c.number)

        def work(db: Connection) -> list[StoredRepair]:
            _one(db, job_id)
            return [StoredRepair(_FILES.validate_json(row.files), row.document) for row in db.execute(query)]

        return await self._read(work)

    def close(self) -> None:
        """Let the threads and connections go."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    async def _read(self, work: Callable[[Connection], Result]) -> Result:
        return await self._on_a_thread(work, "DEFERRED")

    async def _write(self, work: Callable[[Connection], Result]) -> Result:
        return await self._on_a_thread(work, "IMMEDIATE")

    async def _on_a_thread(self, work: Callable[[Connection], Result], mode: str) -> Result:
        def transaction() -> Result:
            with _translated(), self._engine.connect().execution_options(begin_mode=mode) as db, db.begin():
                return work(db)

        loop = asyncio.get_running_loop()
        # Shielded: a cancelled caller must not leave a transaction half-watched; it commits or rolls back whole.
        return await asyncio.shield(loop.run_in_executor(self._threads, transaction))


@contextmanager
def _translated() -> Iterator[None]:
    """The one place where the database's own errors become ours."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise StorageFailed(f"The job database could not do its work: {cause}".splitlines()[0]) from error


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def on_connect(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None  # the driver must not begin transactions by itself
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(db: Connection) -> None:
        # A deferred transaction that turns into a writer fails at once when another writes; an immediate one waits.
        db.exec_driver_sql(f"BEGIN {db.get_execution_options().get('begin_mode', 'IMMEDIATE')}")

    return engine


def _prepare(engine: Engine) -> None:
    with engine.begin() as db:
        if engine.dialect.name == "postgresql":
            db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _EVENT_LOCK})
        t.metadata.create_all(db)
        found = db.execute(select(t.schema_info.c.version)).scalar()
        if found is None:
            db.execute(insert(t.schema_info).values(version=t.SCHEMA_VERSION))
        elif found != t.SCHEMA_VERSION:
            raise StorageFailed(
                f"The job database has schema {found}, this build reads schema {t.SCHEMA_VERSION}: "
                "run the build that wrote it, or point MOLDAR_DATABASE_URL at another one."
            )


def _accept(db: Connection, new: NewJob) -> Job:
    if new.idempotency_key is not None:
        earlier = _earlier(db, new)
        if earlier is not None:
            return earlier
    row = {
        "id": new.id,
        "caller": new.caller,
        "batch_id": new.batch_id,
        "status": Status.QUEUED,
        "backend": new.plan.chosen,
        "stage": Stage.GENERATION,
        "request": _REQUEST.dump_json(new.request).decode(),
        "analysis": _ANALYSIS.dump_json(new.analysis).decode(),
        "plan": _PLAN.dump_json(new.plan).decode(),
        "created_at": new.created_at,
    }
    result = db.execute(insert(t.jobs).values(row))
    _append(db, new.id, new.caller, "queued", new.created_at, {"status": Status.QUEUED})
    sequence = int(cast("CursorResult[Any]", result).inserted_primary_key[0])  # type: ignore[index]  # typed as optional; one row was inserted
    return Job(
        new.id,
        sequence,
        new.caller,
        Status.QUEUED,
        Stage.GENERATION,
        new.request,
        new.analysis,
        new.plan,
        new.created_at,
        batch_id=new.batch_id,
    )


def _earlier(db: Connection, new: NewJob) -> Job | None:
    known = and_(t.idempotency.c.caller == new.caller, t.idempotency.c.key == new.idempotency_key)
    db.execute(delete(t.idempotency).where(known, t.idempotency.c.created_at < new.created_at - IDEMPOTENCY_TTL_S))
    values = {
        "caller": new.caller,
        "key": new.idempotency_key,
        "fingerprint": new.fingerprint,
        "job_id": new.id,
        "created_at": new.created_at,
    }
    try:
        with db.begin_nested():
            db.execute(insert(t.idempotency).values(values))
    except IntegrityError:
        row = db.execute(select(t.idempotency).where(known)).one()
        if row.fingerprint != new.fingerprint:
            raise IdempotencyConflict(new.idempotency_key or "") from None
        return _one(db, row.job_id)
    return None


def _claim(db: Connection, owner: str, now: float, expires_at: float) -> Job | None:
    unheld = and_(t.jobs.c.status == Status.RUNNING, t.jobs.c.lease_expires_at < now)
    query = (
        select(t.jobs)
        .where(or_(t.jobs.c.status == Status.QUEUED, unheld), t.jobs.c.erased_at.is_(None))
        .order_by(t.jobs.c.sequence)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = db.execute(query).one_or_none()
    if row is None:
        return None
    db.execute(
        update(t.jobs)
        .where(t.jobs.c.id == row.id)
        .values(
            status=after(Status(row.status), Move.CLAIM),
            started_at=func.coalesce(t.jobs.c.started_at, now),
            claims=row.claims + 1,
            lease_owner=owner,
            lease_token=row.lease_token + 1,
            lease_expires_at=expires_at,
        )
    )
    _close_attempts(db, row.id, now, "abandoned")
    kind = "started" if row.status == Status.QUEUED else "resumed"
    _append(db, row.id, row.caller, kind, now, {"status": Status.RUNNING, "claims": row.claims + 1})
    return _one(db, row.id)


def _renew(db: Connection, owner: str, held: Collection[JobId], expires_at: float) -> list[Held]:
    mine = and_(t.jobs.c.id.in_(held), t.jobs.c.lease_owner == owner, t.jobs.c.status == Status.RUNNING)
    db.execute(update(t.jobs).where(mine).values(lease_expires_at=expires_at))
    rows = db.execute(select(t.jobs.c.id, t.jobs.c.cancel_requested, t.jobs.c.erased_at).where(mine))
    return [Held(JobId(row.id), bool(row.cancel_requested) or row.erased_at is not None) for row in rows]


def _fenced(db: Connection, job_id: str, token: int, move: Move, **values: object) -> Row[Any, Any]:
    """Write `values` if the job is still run under `token`, else raise `LeaseLost`."""
    held = and_(t.jobs.c.id == job_id, t.jobs.c.lease_token == token, t.jobs.c.status.in_(sources(move)))
    result = db.execute(update(t.jobs).where(held).values(**values))
    if cast("CursorResult[Any]", result).rowcount != 1:
        raise LeaseLost(job_id, token)
    return db.execute(select(t.jobs.c.caller, t.jobs.c.plan).where(t.jobs.c.id == job_id)).one()


def _begin(db: Connection, job_id: JobId, token: int, stage: Stage, now: float) -> None:
    row = _fenced(db, job_id, token, Move.RELEASE, stage=stage)
    _open_attempt(db, job_id, token, stage, row.plan, now)
    _append(db, job_id, row.caller, "stage", now, {"stage": stage, "progress": _before(stage)})


def _note(db: Connection, job_id: JobId, token: int, note: Note, now: float) -> None:
    row = _fenced(db, job_id, token, Move.RELEASE, stage=note.stage)
    said = {"stage": note.stage, "progress": note.progress, "attempt": note.attempt, "reason": note.reason}
    _append(db, job_id, row.caller, note.kind, now, {name: value for name, value in said.items() if value is not None})


def _finish_stage(db: Connection, job_id: JobId, token: int, done: Checkpoint, then: Stage | None) -> None:
    row = _fenced(db, job_id, token, Move.RELEASE, stage=then or done.stage)
    values = {
        "job_id": job_id,
        "stage": done.stage,
        "token": token,
        "files": _FILES.dump_json(done.files).decode(),
        "document": done.document,
        "finished_at": done.finished_at,
        "seconds": done.seconds,
    }
    db.execute(insert(t.checkpoints).values(values))
    _close_attempts(db, job_id, done.finished_at, "succeeded")
    files = [record.name for record in done.files if record.public]
    data = {"stage": done.stage, "progress": PROGRESS[done.stage], "seconds": round(done.seconds, 4), "files": files}
    _append(db, job_id, row.caller, "stage_done", done.finished_at, data)
    if then is not None:
        _open_attempt(db, job_id, token, then, row.plan, done.finished_at)
        data = {"stage": then, "progress": _before(then)}
        _append(db, job_id, row.caller, "stage", done.finished_at, data)


def _end(db: Connection, job_id: JobId, token: int, move: Move, now: float, failure: Failure | None = None) -> None:
    status = after(Status.RUNNING, move)
    document = _FAILURE.dump_json(failure).decode() if failure else None
    row = _fenced(db, job_id, token, move, status=status, finished_at=now, failure=document, lease_owner=None)
    _close_attempts(db, job_id, now, status)
    data: dict[str, object] = {"status": status}
    if failure:
        data["error"] = json.loads(document or "null")
    _append(db, job_id, row.caller, status, now, data)


def _request_cancel(db: Connection, job_id: str, now: float) -> Job:
    job = _one(db, job_id, lock=True)
    if job.is_terminal:
        return job
    values: dict[str, object] = {"cancel_requested": True}
    if job.status is Status.QUEUED:
        values |= {"status": after(job.status, Move.CANCEL), "finished_at": now}
        _append(db, job.id, job.caller, "canceled", now, {"status": Status.CANCELED})
    db.execute(update(t.jobs).where(t.jobs.c.id == job_id).values(**values))
    return _one(db, job_id)


def _open_attempt(db: Connection, job_id: JobId, token: int, stage: Stage, plan: str, now: float) -> None:
    backend = _PLAN.validate_json(plan).chosen
    values = {"job_id": job_id, "stage": stage, "backend": backend, "token": token, "began_at": now}
    db.execute(insert(t.attempts).values(values))


def _close_attempts(db: Connection, job_id: str, now: float, outcome: str) -> None:
    still_open = and_(t.attempts.c.job_id == job_id, t.attempts.c.ended_at.is_(None))
    db.execute(update(t.attempts).where(still_open).values(ended_at=now, outcome=outcome))


def _append(db: Connection, job_id: str, caller: str, kind: str, at: float, data: dict[str, object]) -> None:
    if db.dialect.name == "postgresql":
        db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _EVENT_LOCK})
    values = {"job_id": job_id, "caller": caller, "kind": str(kind), "at": at, "data": json.dumps(data)}
    db.execute(insert(t.events).values(values))


def _before(stage: Stage) -> float:
    order = list(Stage)
    return PROGRESS[order[order.index(stage) - 1]]


def _one(db: Connection, job_id: str, *, lock: bool = False) -> Job:
    query = select(t.jobs).where(t.jobs.c.id == job_id, t.jobs.c.erased_at.is_(None))
    row = db.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise JobNotFound(job_id)
    return _jobs(db, [row])[0]


def _jobs(db: Connection, rows: Sequence[Row[Any]]) -> list[Job]:
    ids = [row.id for row in rows]
    query = select(t.checkpoints).where(t.checkpoints.c.job_id.in_(ids)).order_by(t.checkpoints.c.finished_at)
    done: dict[str, list[Checkpoint]] = {}
    for row in db.execute(query) if ids else ():
        files = _FILES.validate_json(row.files)
        checkpoint = Checkpoint(Stage(row.stage), row.token, files, row.document, row.finished_at, row.seconds)
        done.setdefault(row.job_id, []).append(checkpoint)
    told = _told(db, [row.id for row in rows if row.status == Status.RUNNING])
    later = _later_files(db, [row.id for row in rows if row.status != Status.QUEUED])
    return [_job(row, tuple(done.get(row.id, ())), told.get(row.id), later.get(row.id, ())) for row in rows]


def _later_files(db: Connection, begun: Sequence[str]) -> dict[str, tuple[FileRecord, ...]]:
    """The files that repairs added to jobs."""
    if not begun:
        return {}
    query = select(t.repairs.c.job_id, t.repairs.c.files).where(t.repairs.c.job_id.in_(begun))
    files: dict[str, tuple[FileRecord, ...]] = {}
    for row in db.execute(query.order_by(t.repairs.c.job_id, t.repairs.c.number)):
        files[row.job_id] = (*files.get(row.job_id, ()), *_FILES.validate_json(row.files))
    return files


def _keep_repair(db: Connection, job_id: str, made: Callable[[int], StoredRepair]) -> None:
    _one(db, job_id, lock=True)  # the lock keeps numbers apart, and the job from being erased before its new row is in
    newest = db.execute(select(func.max(t.repairs.c.number)).where(t.repairs.c.job_id == job_id)).scalar()
    number = (newest or 0) + 1
    stored = made(number)
    files = _FILES.dump_json(stored.files).decode()
    db.execute(insert(t.repairs).values(job_id=job_id, number=number, files=files, document=stored.document))
    for quote in stored.quotes:
        _keep_quote(db, quote)


def _keep_quote(db: Connection, stored: StoredQuote) -> None:
    values = {
        "id": stored.quote.quote_id,
        "job_id": stored.job_id,
        "quote": QUOTE.dump_json(stored.quote).decode(),
        "report": REPORT.dump_json(stored.report).decode(),
    }
    db.execute(insert(t.quotes).values(values))


def _told(db: Connection, running: Sequence[str]) -> dict[str, float]:
    """What each running job last told of its progress."""
    if not running:
        return {}
    newest = (
        select(func.max(t.events.c.id))
        .where(t.events.c.job_id.in_(running), t.events.c.kind == "progress")
        .group_by(t.events.c.job_id)
    )
    rows = db.execute(select(t.events.c.job_id, t.events.c.data).where(t.events.c.id.in_(newest)))
    return {row.job_id: float(json.loads(row.data)["progress"]) for row in rows}


def _job(row: Row[Any], done: tuple[Checkpoint, ...], told: float | None, later: tuple[FileRecord, ...]) -> Job:
    return Job(
        id=JobId(row.id),
        sequence=row.sequence,
        caller=row.caller,
        status=Status(row.status),
        stage=Stage(row.stage) if row.stage else None,
        request=_REQUEST.validate_json(row.request),
        analysis=_ANALYSIS.validate_json(row.analysis),
        plan=_PLAN.validate_json(row.plan),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        claims=row.claims,
        lease=Lease(row.lease_owner, row.lease_token, row.lease_expires_at) if row.lease_owner else None,
        cancel_requested=bool(row.cancel_requested),
        batch_id=row.batch_id,
        failure=_FAILURE.validate_json(row.failure) if row.failure else None,
        checkpoints=done,
        progress=told,
        later_files=later,
    )


def _event(row: Row[Any]) -> JobEvent:
    return JobEvent(row.id, JobId(row.job_id), row.caller, row.kind, row.at, row.data)
