"""Many rows at once: packed for binary COPY into a staging table, then inserted from it.

COPY into a table under row security is refused, so every table written in bulk has a temporary twin in
each session, emptied at commit; a few rows go as one parameter instead. Rows are tuples in the order of the
columns given; a packer is generated once per set of columns, since packing row by row through the driver
costs twice as much.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Generic, TypeVar
from weakref import WeakSet

import orjson
import psycopg
from django.db import models
from psycopg.types.numeric import DecimalBinaryDumper

from perennia.domain.errors import AlreadyExists
from perennia.domain.ids import Id
from perennia.store import tables
from perennia.store.arrays import micros
from perennia.store.tables.columns import Exact, LocalTime

T = TypeVar("T")

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = struct.pack("!i", -1)
_EPOCH_DAY = date(2000, 1, 1).toordinal()

STAGED: tuple[type[models.Model], ...] = (
    tables.Customer,
    tables.Party,
    tables.Payer,
    tables.PaymentMethod,
    tables.Subscription,
    tables.Item,
    tables.ItemVersion,
    tables.SubscriptionDiscount,
    tables.Document,
    tables.Line,
    tables.BilledSpan,
    tables.Receivable,
    tables.Allocation,
    tables.BalanceEntry,
    tables.Attempt,
    tables.Payment,
    tables.Posting,
    tables.Movement,
    tables.Outbox,
    tables.History,
    tables.Feed,
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a column is packed: `pack_as` for struct where the size is fixed, `size` in bytes, `make` the value."""

    pack_as: str
    size: int
    make: str


_KINDS: "dict[type[models.Field[Any, Any]], _Kind]" = {
    models.UUIDField: _Kind("16s", 16, "{}"),
    models.BigIntegerField: _Kind("q", 8, "{}"),
    models.IntegerField: _Kind("i", 4, "{}"),
    models.SmallIntegerField: _Kind("h", 2, "{}"),
    models.BooleanField: _Kind("?", 1, "{}"),
    models.DateTimeField: _Kind("q", 8, "micros({})"),
    LocalTime: _Kind("q", 8, "micros({}.replace(tzinfo=UTC))"),
    models.DateField: _Kind("i", 4, "days({})"),
    Exact: _Kind("", 0, "numeric({})"),
    models.BinaryField: _Kind("", 0, "{}"),
    models.JSONField: _Kind("", 0, "jsonb({})"),
    models.CharField: _Kind("", 0, "{}.encode()"),
    models.TextField: _Kind("", 0, "{}.encode()"),
}


_micros = lru_cache(maxsize=65536)(micros)


def _days(day: date) -> int:
    return day.toordinal() - _EPOCH_DAY


_numeric_dumper = DecimalBinaryDumper(Decimal)


@lru_cache(maxsize=65536)
def _numeric(value: Decimal | int) -> bytes:
    return bytes(_numeric_dumper.dump(Decimal(value)) or b"")


def _jsonb(value: Any) -> bytes:
    return b"\x01" + orjson.dumps(value)


Packer = Callable[[Iterable[Sequence[Any]]], bytes]


@cache
def packer(model: type[models.Model], columns: tuple[str, ...]) -> Packer:
    """A function from rows, tuples in the order of `columns`, to their bytes between header and trailer of a binary COPY."""
    fields = [_field(model, column) for column in columns]
    scope: dict[str, Any] = {
        "micros": _micros, "UTC": UTC, "days": _days, "numeric": _numeric, "jsonb": _jsonb, "NULL": _NULL,
        "length": struct.Struct("!i").pack,
    }  # fmt: skip
    parts: list[str] = []
    run: list[tuple[str, str]] = [("h", str(len(columns)))]
    for number, field in enumerate(fields):
        kind, name = _kind(field), f"c{number}"
        if kind.pack_as and not field.null:
            run.append((f"i{kind.pack_as}", f"{kind.size}, {kind.make.format(name)}"))
            continue
        _close_run(run, parts, scope)
        parts += _loose(kind, name, field.null, scope)
    _close_run(run, parts, scope)
    names = "".join(f"c{number}, " for number in range(len(columns)))
    source = "\n".join(
        [
            "def pack(rows):",
            "    out = []",
            "    add = out.extend",
            f"    for {names}in rows:",
            f"        add(({', '.join(parts)},))",
            "    return b''.join(out)",
        ]
    )
    exec(source, scope)  # noqa: S102  made from our own column lists only
    made: Packer = scope["pack"]
    return made


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    found = model._meta.get_field(name)
    assert isinstance(found, models.Field)
    return found


def _kind(field: "models.Field[Any, Any]") -> _Kind:
    return next(_KINDS[cls] for cls in type(field).__mro__ if cls in _KINDS)


def _close_run(run: list[tuple[str, str]], parts: list[str], scope: dict[str, Any]) -> None:
    """The fixed-size columns gathered so far become one struct call."""
    if run:
        name = f"s{len(scope)}"
        scope[name] = struct.Struct("!" + "".join(formats for formats, _ in run)).pack
        parts.append(f"{name}({', '.join(values for _, values in run)})")
        run.clear()


def _loose(kind: _Kind, name: str, null: bool, scope: dict[str, Any]) -> list[str]:
    """The parts of a column that may be null or has no fixed size."""
    value = kind.make.format(name)
    if kind.pack_as:
        struct_name = f"one_{kind.pack_as}"
        scope[struct_name] = struct.Struct(f"!i{kind.pack_as}").pack
        return [f"NULL if {name} is None else {struct_name}({kind.size}, {value})"]
    length = f"length(len(b := {value}))"
    return [f"NULL if {name} is None else {length} + b"] if null else [length, "b"]


# Columns that the insert itself fills; their keys rise in the order of the rows.
_FILLED_BY_INSERT = {
    tables.Movement: ("id", "recorded_at"),
    tables.History: ("id", "recorded_at"),
    tables.Outbox: ("position", "recorded_at"),
}
_PLACE = "place"
_TOLD = frozenset({"payments_reference", "subscriptions_one_per_product"})
"""Unique keys that a person gives, and is told of."""
_AT_ONCE = 10_000
_staged: WeakSet[psycopg.Connection[Any]] = WeakSet()
"""Whose stages may have rows of the transaction they are in."""
FEW = 64
"""Up to so many rows go as one parameter: emptying the stages would cost each commit some milliseconds. A rehearsal,
which never commits, sends all of them so.
"""


@dataclass(frozen=True, slots=True)
class Offered:
    """Rows that a statement may select from: `source` stands in its FROM, `values` among its parameters.

    `in_order` is the ORDER BY that gives them as they were sent, for tables whose keys the insert fills: a stage alone
    gives them as they lie, and a short row may be laid where a long one before it did not fit.
    """

    source: str
    values: dict[str, Any]
    in_order: str = ""


class Rows(Generic[T]):
    """Rows that are made one by one when they are sent, so that a large payer's are never all there at once."""

    __slots__ = ("_make", "_of")

    def __init__(self, make: Callable[[T], Sequence[Any]], of: Sequence[T]) -> None:
        self._make, self._of = make, of

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return map(self._make, self._of)


def offer(
    cursor: psycopg.Cursor[Any],
    model: type[models.Model],
    columns: tuple[str, ...],
    rows: Sequence[Sequence[Any]] | Rows[Any],
) -> Offered:
    """Bring rows to the server: a few as one parameter, many by COPY into the table's staging twin.

    Raises ValueError, struct.error or, later, psycopg.DataError for a value that its column cannot hold.
    """
    if len(rows) <= FEW or getattr(cursor.connection, "perennia_rehearses", False):
        records = [dict(zip(columns, row, strict=True)) for row in rows]
        try:
            values = {"rows": orjson.dumps(records, default=_json_value).decode()}
        except orjson.JSONEncodeError as error:  # a TypeError; what a value provokes is a ValueError, as in a packer
            raise ValueError(f"{model._meta.db_table}: {error}") from error
        return Offered(f"json_populate_recordset(NULL::{model._meta.db_table}, %(rows)s)", values)
    _staged.add(cursor.connection)
    with cursor.copy(f"COPY {_stage(model)} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)".encode()) as copy:
        pack, left = packer(model, columns), iter(rows)
        copy.write(_HEADER)
        while some := list(islice(left, _AT_ONCE)):
            copy.write(pack(some))
        copy.write(_TRAILER)
    return Offered(_stage(model), {}, f"ORDER BY {_PLACE}" if model in _FILLED_BY_INSERT else "")


def insert(
    cursor: psycopg.Cursor[Any],
    model: type[models.Model],
    columns: tuple[str, ...],
    rows: Sequence[Sequence[Any]] | Rows[Any],
    *,
    recorded_at: bool = False,
) -> None:
    """Insert rows; keys that the insert fills rise in their order. `recorded_at` is filled with the machine's time.

    Between two calls for the same table in one transaction stands `empty_stages`: else it is emptied at commit only.
    """
    if len(rows) == 0:
        return
    offered = offer(cursor, model, columns, rows)
    table, names = model._meta.db_table, ", ".join(columns)
    into, values = (f"{names}, recorded_at", f"{names}, now()") if recorded_at else (names, names)
    with conflicts_told():
        cursor.execute(
            f"INSERT INTO {table} ({into}) SELECT {values} FROM {offered.source} {offered.in_order}".encode(),
            offered.values,
        )


@contextmanager
def conflicts_told() -> Iterator[None]:
    """A key that a person gave twice is AlreadyExists; any other violation is a fault of ours and stays what it is."""
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        name = str(error.diag.constraint_name)
        if name.endswith("_external_id"):
            raise AlreadyExists(kind=str(error.diag.table_name), key="external_id") from error
        if name in _TOLD:
            raise AlreadyExists(kind=str(error.diag.table_name), key=name) from error
        raise


def create_stages(connection: psycopg.Connection[Any]) -> None:
    """The temporary twins of all tables written in bulk, once per session, outside a transaction."""
    statements = [
        f"""CREATE TEMP TABLE {_stage(model)} (LIKE {model._meta.db_table} INCLUDING DEFAULTS)
        ON COMMIT DELETE ROWS"""
        for model in STAGED
    ]
    for model, columns in _FILLED_BY_INSERT.items():
        changes = [f"DROP COLUMN {column}" for column in columns]
        changes.append(f"ADD COLUMN {_PLACE} bigint GENERATED ALWAYS AS IDENTITY")
        statements.append(f"ALTER TABLE {_stage(model)} {', '.join(changes)}")
    psycopg.Cursor(connection).execute("; ".join(statements).encode())


def begin(connection: psycopg.Connection[Any]) -> None:
    """A transaction begins: its stages are empty, whatever became of the one before."""
    _staged.discard(connection)


def empty_stages(cursor: psycopg.Cursor[Any]) -> None:
    """Empty them before the commit does, for a transaction that writes the same tables several times.

    It takes as long as ten acts, which mostly send their few rows past the stages. Whose stages had rows once may have
    them again: where a part of the transaction is taken back, so is the emptying in it.
    """
    if cursor.connection in _staged:
        cursor.execute(f"TRUNCATE {', '.join(_stage(model) for model in STAGED)}".encode())


def _stage(model: type[models.Model]) -> str:
    return f"stage_{model._meta.db_table}"


def _json_value(value: Any) -> str:
    """What JSON has no word for: keys, hashes, exact numbers."""
    if isinstance(value, Id):
        return value.hex()
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)
