"""One operation, one transaction: on Django's own connection, under the tenant's row security."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection
from django.db import transaction as django_transaction
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.pq import ExecStatus, Format, PipelineStatus
from psycopg.types.array import ListBinaryDumper

from perennia.domain.ids import Id
from perennia.store import bulk
from perennia.store.arrays import (
    EPOCH,
    InstantArray,
    InstantArrayDumper,
    KeyArray,
    KeyArrayDumper,
    NumberArray,
    NumberArrayDumper,
    TextArray,
    TextArrayDumper,
)

_UUID_OID = 2950
_TWICE = 2
_STATEMENTS = 1_000
"""More than there are. A rehearsal asks the same questions again and again, of few rows: each is planned once."""

Cursor = psycopg.Cursor[tuple[Any, ...]]


class _IdLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> Id:
        return Id(data)


class _IdDumper(Dumper):
    format = Format.BINARY
    oid = _UUID_OID

    def dump(self, obj: Id) -> Buffer:
        return bytes(obj)


class _InstantLoader(Loader):
    """Instants come back in one UTC, shared and cached: a run reads few different ones."""

    format = Format.BINARY

    def load(self, data: Buffer) -> datetime:
        return _instant(bytes(data))


@lru_cache(maxsize=65536)
def _instant(data: bytes) -> datetime:
    return EPOCH + timedelta(microseconds=int.from_bytes(data, "big", signed=True))


@contextmanager
def transaction(tenant: Id | None, *, of_few: bool = False) -> Iterator[Cursor]:
    """A transaction that sees and writes the rows of one tenant; of no tenant where that is None.

    Yields a cursor that speaks binary and gives keys as `Id`, instants in UTC. Nested use joins the outer
    transaction, whose tenant it must be. Commits on leaving, rolls back on an exception. With `of_few` it looks up and
    writes few rows, as an act of one person does: a statement that comes again is planned once for all.
    """
    raw = _connection()
    if raw.perennia_within:
        with _of_one(raw, tenant), _savepoint(raw) if raw.perennia_rehearses else django_transaction.atomic():
            yield _cursor(raw)
        return
    with _of_one(raw, tenant), django_transaction.atomic():
        cursor = _cursor(raw)
        if of_few and tenant is not None:
            with _planned_once(raw, cursor, tenant, after=_TWICE):
                yield cursor
        else:
            cursor.execute("SELECT set_config('perennia.tenant', %s, true)", ("" if tenant is None else tenant.hex(),))
            yield cursor


@contextmanager
def reading(tenant: Id) -> Iterator[Cursor]:
    """As `transaction`, for questions alone: within an outer transaction it costs no savepoint."""
    raw = _connection()
    if not raw.perennia_within:
        with transaction(tenant) as cursor:
            yield cursor
        return
    with _of_one(raw, tenant):
        yield _cursor(raw)


@contextmanager
def rehearsal(tenant: Id) -> Iterator[Cursor]:
    """A transaction that is rolled back in the end, whatever happened: nobody ever sees what was written in it.

    Operations called inside join it, each with a savepoint of its own: a refused one leaves nothing behind. The tenant
    should be made in it, with names nobody else can ask for: then it holds no lock that another waits for. Must not be
    nested.
    """
    raw = _connection()
    with _of_one(raw, tenant), django_transaction.atomic(durable=True):
        cursor = _cursor(raw)
        with _planned_once(raw, cursor, tenant, after=0):
            raw.perennia_rehearses = True
            try:
                yield cursor
            finally:
                raw.perennia_rehearses = False
                django_transaction.set_rollback(True)
                _say(raw, b"ROLLBACK")


@contextmanager
def preview(tenant: Id) -> Iterator[Cursor]:
    """As `rehearsal`, of books that are there: what is done inside is rolled back in the end, and nobody sees it.

    Rows that it changes are locked until then; number series are not, and no document gets a number. May be nested:
    then what is done inside is taken back at the end of the block.
    """
    raw = _connection()
    is_nested, before = bool(raw.perennia_within), (raw.perennia_rehearses, raw.perennia_previews)
    with _of_one(raw, tenant), django_transaction.atomic():
        cursor = _cursor(raw)
        with nullcontext() if is_nested else _planned_once(raw, cursor, tenant, after=_TWICE):
            raw.perennia_rehearses = raw.perennia_previews = True
            try:
                yield cursor
            finally:
                raw.perennia_rehearses, raw.perennia_previews = before
                django_transaction.set_rollback(True)
                if not is_nested:
                    _say(raw, b"ROLLBACK")


def is_rehearsal() -> bool:
    """Whether this thread is in a `rehearsal` or a `preview`: nothing will be committed, nobody will see it."""
    return bool(getattr(connection.connection, "perennia_rehearses", False))


def is_preview() -> bool:
    """Whether this thread is in a `preview`: of books that are there, and to be taken back."""
    return bool(getattr(connection.connection, "perennia_previews", False))


@contextmanager
def looking(tenant: Id) -> Iterator[Cursor]:
    """A transaction that only looks up rows of one tenant, all as of one instant; nothing is locked and nobody waits.

    Within an outer transaction it is that one, and sees what that has written.
    """
    raw = _connection()
    if raw.perennia_within:
        with _of_one(raw, tenant):
            yield _cursor(raw)
        return
    with _of_one(raw, tenant), django_transaction.atomic(durable=True):
        cursor = _cursor(raw)
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT set_config('perennia.tenant', %s, true)", (tenant.hex(),))
        yield cursor


@contextmanager
def snapshot(tenant: Id) -> Iterator[Cursor]:
    """A transaction that only reads one tenant's rows, all as of one instant, many at a time.

    Nothing is locked and nobody waits. Must not be nested. Fresh tables have no statistics, and under row security the
    planner takes a tenant for a few rows; what reads whole tables is told not to look rows up one by one.
    """
    raw = _connection()
    with _of_one(raw, tenant), django_transaction.atomic(durable=True):
        cursor = _cursor(raw)
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(
            """SELECT set_config('perennia.tenant', %s, true), set_config('enable_nestloop', 'off', true),
                set_config('jit', 'off', true), set_config('work_mem', '64MB', true)""",
            (tenant.hex(),),
        )
        yield cursor


@contextmanager
def claiming() -> Iterator[Cursor]:
    """A transaction of the claim role: it sees when something is due in which tenant, and nothing else.

    Must not be nested: the role lasts until the outermost transaction ends.
    """
    raw = _connection()
    with django_transaction.atomic(durable=True):
        cursor = _cursor(raw)
        if _has_role(cursor):
            cursor.execute("SET LOCAL ROLE perennia_claim")
        yield cursor


@contextmanager
def sent_ahead(cursor: Cursor) -> Iterator[None]:
    """Statements inside go to the server without waiting for the answer to the one before; errors come at the end.

    No COPY inside; how many rows a statement touched is asked by `affected`.
    """
    if not psycopg.Pipeline.is_supported():
        yield
        return
    with bulk.conflicts_told(), cursor.connection.pipeline():
        yield


def affected(cursor: Cursor) -> int:
    """How many rows the last statement touched, also where it was `sent_ahead`."""
    if cursor.connection.info.pipeline_status is PipelineStatus.ON:
        with cursor.connection.pipeline() as pipeline:
            pipeline.sync()
    return cursor.rowcount


def forget_connection() -> None:
    """Drop this thread's connection; the next transaction opens a new one."""
    connection.close()


def _has_role(cursor: Cursor) -> bool:
    found = cursor.execute(
        "SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = 'perennia_claim'"
    ).fetchone()
    return found is not None and bool(found[0])


@contextmanager
def _savepoint(raw: Any) -> Iterator[None]:
    """What is done inside is undone where it raises."""
    _say(raw, b"SAVEPOINT perennia")
    try:
        yield
    except BaseException:
        _say(raw, b"ROLLBACK TO SAVEPOINT perennia")
        raise
    finally:
        _say(raw, b"RELEASE SAVEPOINT perennia")


@contextmanager
def _planned_once(raw: Any, cursor: Cursor, tenant: Id, *, after: int) -> Iterator[None]:
    """Set the tenant; a statement that was sent so often before is planned, whatever its values, once for the session."""
    cursor.execute(
        "SELECT set_config('perennia.tenant', %s, true), set_config('plan_cache_mode', 'force_generic_plan', true)",
        (tenant.hex(),),
    )
    usual = raw.prepare_threshold, raw.prepared_max
    raw.prepare_threshold, raw.prepared_max = after, _STATEMENTS
    try:
        yield
    finally:
        raw.prepare_threshold, raw.prepared_max = usual


def _say(raw: Any, command: bytes) -> None:
    """A command of a rehearsal past the driver, who would have every statement planned anew after a roll-back."""
    answer = raw.pgconn.exec_(command)
    if answer.status != ExecStatus.COMMAND_OK:
        raise psycopg.OperationalError(answer.error_message.decode(errors="replace") or "the server did not answer")


@contextmanager
def _of_one(raw: Any, tenant: Id | None) -> Iterator[None]:
    """The tenant is set until the outermost transaction ends, so a nested one for another would change it for both."""
    if raw.perennia_within and raw.perennia_within[-1] != tenant:
        raise RuntimeError("a transaction has one tenant; the one around this has another")
    if not raw.perennia_within:
        bulk.begin(raw)
    raw.perennia_within.append(tenant)
    try:
        yield
    finally:
        raw.perennia_within.pop()


def _connection() -> Any:
    connection.ensure_connection()
    raw: Any = connection.connection
    if not getattr(raw, "perennia_ready", False):
        adapt(raw)
        bulk.create_stages(raw)
        raw.perennia_ready, raw.perennia_within = True, []
        raw.perennia_rehearses = raw.perennia_previews = False
    return raw


def adapt(raw: psycopg.Connection[Any]) -> None:
    """Teach a connection the product's values: keys as `Id`, instants in UTC, arrays in binary."""
    raw.adapters.register_loader("uuid", _IdLoader)
    raw.adapters.register_loader("timestamptz", _InstantLoader)
    raw.adapters.register_dumper(Id, _IdDumper)
    raw.adapters.register_dumper(list, ListBinaryDumper)
    raw.adapters.register_dumper(KeyArray, KeyArrayDumper)
    raw.adapters.register_dumper(InstantArray, InstantArrayDumper)
    raw.adapters.register_dumper(TextArray, TextArrayDumper)
    raw.adapters.register_dumper(NumberArray, NumberArrayDumper)


def _cursor(raw: psycopg.Connection[tuple[Any, ...]]) -> Cursor:
    cursor: Cursor = psycopg.Cursor(raw)
    cursor.format = Format.BINARY
    return cursor
